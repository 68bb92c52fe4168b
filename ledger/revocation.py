"""Archives what an authority's issuers said of its certificates when its token was taken: revocation lists and OCSP answers, as job rows.

Years later nobody publishes the lists of an authority that is gone, or answers for it; a package carries what was kept, as `<tsa>.crl` and
`<tsa>.ocsp` beside the token. Both are kept where its certificates name both, and either where they name one: lists for every certificate
of the chain, an answer about the signer (`revocation_sources`). What says "revoked" is kept like any other: it makes every later
verification fail, and no further token of that certificate is accepted (`refuse_revoked`). Nothing here holds up a stamp: what cannot be
fetched is tried again for a week and then left out. The archive of a checkpoint is closed by its first renewal, which lists what is there.

The certificates themselves are inside the tokens, or pinned.
Source: formats A5, A7; RFC 5280 sections 4.2.1.13 and 6.3, RFC 6960.
"""
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from common.jobs import RetryLater, enqueue_job
from ledger.models import ArchivedRevocation, RenewedCheckpoint, Timestamp
from ledger.pinned import pinned_roots
from ledger.revocation_files import CONDEMNED, CRL, OCSP, named_forms, speakers, words
from ledger.revocation_sources import UNAVAILABLE, fetch_file
from ledger.timestamping import TOKEN_REFUSED, Authority, StampedToken, TimestampUnavailable
from tlog.errors import VerificationError
from tlog.timestamp import Reason
from tlog.timestamp.backing import Backing, backing_of, names_revocation

logger = logging.getLogger(__name__)

ARCHIVE_REVOCATION = "ledger.archive-revocation"
GIVE_UP = timedelta(days=7)
PAGE = 10
# (database, authority, form, certificate) → the row up to which nothing that concerns this certificate was archived: it is not read again.
SILENT: dict[tuple[str, str, str, bytes], int] = {}


def request_archive(stamp: Timestamp, *, now: datetime) -> None:
    """Queue the archive of a new timestamp, in its transaction, when its certificates say where to ask."""
    if names_revocation(bytes(stamp.token)):
        enqueue_job(ARCHIVE_REVOCATION, stamp.pk, now=now)


def archive_revocation(timestamp_id: int, *, clock: Callable[[], datetime] = timezone.now) -> None:
    """Keep what the issuers of one timestamp's chain say, unless it is kept. Raises RetryLater while a part of it cannot be had."""
    stamp = Timestamp.objects.get(pk=timestamp_id)
    try:
        backing = backing_of(bytes(stamp.token), roots=pinned_roots(stamp.authority))
    except (ValueError, VerificationError) as unpinned:
        logger.warning("archive of timestamp %s: %s", stamp.pk, unpinned)
        raise RetryLater(f"{UNAVAILABLE}: roots") from unpinned
    kept = archive_of(stamp.pk)
    wanted = [form for form in named_forms(backing) if form not in kept]
    if wanted and clock() - stamp.received_at > GIVE_UP:
        logger.warning("archive of timestamp %s: no %s within %s days; it stays without", stamp.pk, " and ".join(wanted), GIVE_UP.days)
        return
    away = None
    for form in wanted:
        # One source that is away does not cost what the other says.
        try:
            _keep(stamp, form, fetch_file(form, backing, now=clock()), now=clock())
        except RetryLater as later:
            away = later
    if away is not None:
        raise away


def archive_of(timestamp_id: int) -> dict[str, bytes]:
    """What is archived with one timestamp, by its form."""
    rows = ArchivedRevocation.objects.filter(timestamp=timestamp_id).values_list("form", "data")
    return {form: bytes(data) for form, data in rows}


def refuse_revoked(authority: Authority, stamped: StampedToken) -> None:
    """Refuse a token of whose chain the archive says that a certificate was revoked. Raises TimestampUnavailable.

    The newest list of each authority in the chain is asked, and the newest answer about the signer, with whichever token of this authority
    it was archived: one that takes turns with several chains hides nothing.
    """
    backing = backing_of(stamped.token, roots=authority.roots)
    for form in (CRL, OCSP):
        if verdict := _condemned_by_newest(form, authority.id, backing):
            raise TimestampUnavailable(TOKEN_REFUSED, f"{verdict}: says the archived {form}")


def _condemned_by_newest(form: str, authority_id: str, backing: Backing) -> Reason | None:
    """Read the archive backwards until everyone was heard whose words count for this chain."""
    newest = ArchivedRevocation.objects.order_by("-id").values_list("pk", flat=True).first()
    if newest is None:
        return None
    database = str(connection.settings_dict["NAME"])
    silent = {name: (database, authority_id, form, der) for name, der in speakers(form, backing).items()}
    rows = ArchivedRevocation.objects.filter(timestamp__authority=authority_id, form=form).order_by("-id").values_list("pk", "data")
    rows = rows.filter(pk__gt=min(SILENT.get(key, 0) for key in silent.values()))
    page = list(rows[:PAGE])
    while page and silent:
        for _, data in page:
            for name, verdict in words(form, bytes(data), backing):
                if name in silent and verdict in CONDEMNED:
                    return verdict
                silent.pop(name, None)
        page = list(rows.filter(pk__lt=page[-1][0])[:PAGE])
    # Of the last numbers one may be committed late, by another worker.
    SILENT.update(dict.fromkeys(silent.values(), newest - PAGE))
    return None


def _keep(stamp: Timestamp, form: str, data: bytes, *, now: datetime) -> None:
    with transaction.atomic():
        # SPEC: formats A7: a renewal lists every .crl and .ocsp of its folder. One that came later would make the list false.
        if RenewedCheckpoint.objects.filter(checkpoint=stamp.checkpoint_id).exists():
            return
        # Of two workers that fetched for one timestamp, because a lease ran out, the first one's row stays.
        row = ArchivedRevocation(timestamp=stamp, form=form, data=data, fetched_at=now)
        ArchivedRevocation.objects.bulk_create([row], ignore_conflicts=True)
