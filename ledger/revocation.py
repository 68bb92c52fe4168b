"""Archives what an authority's issuers said of its certificates when its token was taken: revocation lists, as job rows.

Years later nobody publishes the lists of an authority that is gone; a package carries what was kept, as `<tsa>.crl` beside the token.
Lists are fetched from the addresses in the certificates that chain to the authority's pinned root, and nowhere else; each must be signed
in that chain and as recent as the token. One that says "revoked" is kept like any other: it makes every later verification fail, and
no further token of that certificate is accepted (`refuse_revoked`). Nothing here holds up a stamp: what cannot be fetched is tried again
for a week and then left out. The archive of a checkpoint is closed by its first renewal, which lists what is there.

The certificates themselves are inside the tokens, or pinned. OCSP answers are kept when they were put in the table; nobody asks for one.
Source: formats A5, A7; RFC 5280 sections 4.2.1.13 and 6.3.
"""
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from common.bounded_http import Limits, NoAnswer, get_any
from common.jobs import RetryLater, enqueue_job
from ledger.models import ArchivedRevocation, RenewedCheckpoint, Timestamp
from ledger.pinned import pinned_roots
from ledger.timestamping import TOKEN_REFUSED, Authority, StampedToken, TimestampUnavailable
from tlog.errors import VerificationError
from tlog.timestamp import Reason, TimestampRefused
from tlog.timestamp.backing import Backing, backing_of, names_revocation
from tlog.timestamp.list_file import format_lists, parse_lists
from tlog.timestamp.revocation import judge_revocation

logger = logging.getLogger(__name__)

ARCHIVE_REVOCATION = "ledger.archive-revocation"
UNAVAILABLE = "revocation-unavailable"
CRL, OCSP = "crl", "ocsp"
GIVE_UP = timedelta(days=7)
MAX_LIST_BYTES = 1024 * 1024
CONDEMNED = (Reason.REVOKED, Reason.KEY_COMPROMISE)
# An address that failed is left alone for a while: hundreds of tokens wait for the same list, and the worker has other jobs.
REST_S = 60.0
RESTING: dict[str, float] = {}


def request_archive(stamp: Timestamp, *, now: datetime) -> None:
    """Queue the archive of a new timestamp, in its transaction, when its certificates say where to ask."""
    if names_revocation(bytes(stamp.token)):
        enqueue_job(ARCHIVE_REVOCATION, stamp.pk, now=now)


def archive_revocation(timestamp_id: int, *, clock: Callable[[], datetime] = timezone.now) -> None:
    """Keep the lists of one timestamp's chain, unless they are kept. Raises RetryLater while one cannot be had."""
    stamp = Timestamp.objects.get(pk=timestamp_id)
    try:
        backing = backing_of(bytes(stamp.token), roots=pinned_roots(stamp.authority))
    except (ValueError, VerificationError) as unpinned:
        logger.warning("archive of timestamp %s: %s", stamp.pk, unpinned)
        raise RetryLater(f"{UNAVAILABLE}: roots") from unpinned
    if not backing.lists or archive_of(stamp.pk).get(CRL):
        return
    if clock() - stamp.received_at > GIVE_UP:
        logger.warning("archive of timestamp %s: no revocation list within %s days; it stays without", stamp.pk, GIVE_UP.days)
        return
    lists = [_fetch(addresses, backing) for addresses in backing.lists]
    _keep(stamp, CRL, format_lists(lists), now=clock())


def archive_of(timestamp_id: int) -> dict[str, bytes]:
    """What is archived with one timestamp, by its form."""
    rows = ArchivedRevocation.objects.filter(timestamp=timestamp_id).values_list("form", "data")
    return {form: bytes(data) for form, data in rows}


def refuse_revoked(authority: Authority, stamped: StampedToken) -> None:
    """Refuse a token whose certificate the newest archived list of its authority calls revoked. Raises TimestampUnavailable."""
    newest = ArchivedRevocation.objects.filter(timestamp__authority=authority.id, form=CRL).order_by("-id")
    data = newest.values_list("data", flat=True).first()
    if data is None:
        return
    backing = backing_of(stamped.token, roots=authority.roots)
    if verdict := condemned_by(bytes(data), backing):
        raise TimestampUnavailable(TOKEN_REFUSED, f"{verdict}: says the archived revocation list")


def judge_lists(data: bytes, backing: Backing) -> None:
    """Judge the archived file of lists for a chain. Raises VerificationError; that a certificate is revoked raises nothing."""
    lists = parse_lists(data)
    if data != format_lists(lists):
        raise VerificationError("the file of lists is not spelled as it was kept")
    if len(lists) != len(backing.lists):
        raise VerificationError(f"{len(lists)} lists where the chain names {len(backing.lists)}")
    for encoded in lists:
        if (verdict := _verdict(encoded, backing)) not in (None, *CONDEMNED):
            raise VerificationError(f"{verdict}: a list is not of this chain and time")


def condemned_by(data: bytes, backing: Backing) -> Reason | None:
    """Why an archived file of lists refuses every token of this chain and time; None when it does not. Raises VerificationError."""
    return next((verdict for encoded in parse_lists(data) if (verdict := _verdict(encoded, backing)) in CONDEMNED), None)


def _fetch(addresses: Sequence[str], backing: Backing) -> bytes:
    """The list at the first of its addresses that gives a usable one (DER). Raises RetryLater."""
    trouble = "resting"
    for address in addresses:
        if time.monotonic() < RESTING.get(address, float("-inf")):
            continue
        try:
            return _fetch_from(address, backing)
        except (NoAnswer, VerificationError) as fault:
            trouble = fault.trouble if isinstance(fault, NoAnswer) else "unusable"
            RESTING[address] = time.monotonic() + REST_S
            logger.warning("revocation list %s is not asked for again for %.0f s: %s", address, REST_S, fault)
    raise RetryLater(f"{UNAVAILABLE}: {trouble}")


def _fetch_from(address: str, backing: Backing) -> bytes:
    answer = get_any(address, limits=Limits(settings.TSA_TIMEOUT_S, MAX_LIST_BYTES))
    if answer.status != HTTPStatus.OK:
        raise VerificationError(f"status {answer.status}")
    lists = parse_lists(answer.body)
    verdict = _verdict(lists[0], backing)
    if verdict in CONDEMNED:
        # Kept all the same: to drop the one list that says so would be to hide it.
        logger.error("a certificate of %s is revoked, says %s", backing.path[0].title(), address)
    elif verdict is not None or len(lists) != 1:
        raise VerificationError(f"no usable list: {verdict or 'several lists'}")
    return lists[0]


def _verdict(encoded: bytes, backing: Backing) -> Reason | None:
    try:
        judge_revocation(backing.path, [encoded], backing.gen_time)
    except TimestampRefused as refused:
        return refused.reason
    return None


def _keep(stamp: Timestamp, form: str, data: bytes, *, now: datetime) -> None:
    with transaction.atomic():
        # SPEC: formats A7: a renewal lists every .crl and .ocsp of its folder. One that came later would make the list false.
        if RenewedCheckpoint.objects.filter(checkpoint=stamp.checkpoint_id).exists():
            return
        # Of two workers that fetched for one timestamp, because a lease ran out, the first one's row stays.
        row = ArchivedRevocation(timestamp=stamp, form=form, data=data, fetched_at=now)
        ArchivedRevocation.objects.bulk_create([row], ignore_conflicts=True)
