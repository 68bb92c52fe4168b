"""Renews timestamps before what they rest on weakens: one tree over the lists of many checkpoint folders, one token over its root.

A checkpoint is due when a certificate behind its newest signatures ends within `CUNZHENG_RENEW_BEFORE_DAYS`, or an algorithm behind them
is one of `CUNZHENG_WEAKENING`. The renewing authority is the first configured one whose own certificates last longer than that and use
none of those algorithms; a renewal by one that ends first would have to be renewed at once.

    1. plan       read the folders of due checkpoints, page by page; keep their ids and the hashes of their lists
    2. stamp      one token over the root, outside any transaction, verified
    3. keep       in one transaction read the same folders again and insert the rows, if they still give the stamped root

A crash loses a token at most. Of two runs at once one inserts first; for the other the constraint on a checkpoint's number, or the
root, says so, and it finds nothing due any more. A checkpoint with an open stamp request or archive waits for the next run.

What this does not do: renew stamps on single records or on packages. Source: formats A7; RFC 4998 section 5.2.
"""
import logging
import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import new as new_hash
from hashlib import sha256

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from common.failpoints import reached
from common.jobs import Job, RetryLater
from ledger.checkpoint_folders import PAGE, Folder, Layer, read_folders
from ledger.models import PublishedCheckpoint, Renewal, RenewedCheckpoint, StampRequest, Timestamp
from ledger.pinned import pinned_roots
from ledger.renewal_standing import NOTHING_DUE, Standing, tell_standing
from ledger.revocation import ARCHIVE_REVOCATION, refuse_revoked
from ledger.stamping import authorities, fresh_nonce
from ledger.timestamping import StampedToken, TimestampUnavailable, request_timestamp
from tlog.errors import VerificationError
from tlog.merkle import CompactRange, leaf_hash
from tlog.renewal import format_list
from tlog.timestamp.backing import Backing, backing_of

logger = logging.getLogger(__name__)

UNAVAILABLE = "renewal-unavailable"
# One transaction inserts them all, and deposits wait while SQLite does; what is left over gets the next token.
MOST_AT_ONCE = 100_000
TRIES = 3
_ALGORITHM = re.compile(r"sha(?:256|384|512)|rsa-[0-9]{4}|ecdsa-p(?:256|384|521)")


@dataclass(frozen=True, slots=True)
class Strength:
    """What a token rests on: when the first certificate of its chain ends, and by which algorithms it is made."""

    valid_until: datetime
    algorithms: frozenset[str]


UNJUDGED = Strength(datetime.max.replace(tzinfo=UTC), frozenset())


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of every newest signature; `after` is the id of the renewal before which everything is due, None for no such wish."""

    until: datetime
    weakening: frozenset[str]
    after: int | None = None

    def met_by(self, strength: Strength) -> bool:
        return strength.valid_until >= self.until and not strength.algorithms & self.weakening


class NothingOutlives(Exception):
    """No configured authority has certificates and algorithms that last longer than what is to be renewed."""


def demand_of(now: datetime, *, everything: bool = False) -> Demand:
    """What the settings ask at `now`; with `everything` each stamped checkpoint is due once more. Raises ImproperlyConfigured."""
    if unknown := [word for word in settings.WEAKENING if not _ALGORITHM.fullmatch(word)]:
        raise ImproperlyConfigured(f"CUNZHENG_WEAKENING: {unknown[0]!r} is no word such as sha256, rsa-2048 or ecdsa-p256.")
    last = Renewal.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    until = now + timedelta(days=settings.RENEW_BEFORE_DAYS)
    return Demand(until, frozenset(settings.WEAKENING), last if everything else None)


def renew_due_timestamps(*, everything: bool = False, clock: Callable[[], datetime] = timezone.now) -> int:
    """Renew every due checkpoint; returns how many were. Raises RetryLater when no authority answers or others keep changing the rows.

    What could not be renewed is told (`renewal_standing`), whatever the reason.
    """
    demand, left = demand_of(clock(), everything=everything), True
    try:
        count, left = _renew(demand, clock)
    finally:
        tell_standing(_standing(demand_of(clock())) if left else NOTHING_DUE, now=clock())
    return count


def _renew(demand: Demand, clock: Callable[[], datetime]) -> tuple[int, bool]:
    """How many checkpoints were renewed, and whether some are left that no authority outlives. Raises RetryLater."""
    count = failed = 0
    while failed < TRIES:
        ids, root, stamped_at = plan_renewal(demand)
        if not ids:
            return count, False
        try:
            stamped = _stamp(root, demand, stamped_at, clock)
        except NothingOutlives:
            logger.error("%s checkpoints are due for renewal, and no authority of CUNZHENG_TSAS lasts beyond %s", len(ids), demand.until)
            return count, True
        reached("ledger.renewal-stamped")
        if keep_renewal(ids, root, stamped, now=clock()):
            count += len(ids)
        else:
            failed += 1
    raise RetryLater(f"{UNAVAILABLE}: the rows changed")


def _standing(demand: Demand) -> Standing:
    strengths = Strengths()
    # One token that lasts protects what stands beside it, so a checkpoint ends with the last of them.
    ends = [max(strengths.of(layer).valid_until for layer in folder.layer) for folder in _due_folders(demand)]
    return Standing(len(ends), min(ends, default=None))


def plan_renewal(demand: Demand) -> tuple[Sequence[int], bytes, datetime | None]:
    """Ids of the due checkpoints in the order of their sizes, the root over their lists, and when the newest of them was stamped."""
    ids, tree, newest = array("q"), CompactRange(), None
    for folder in _due_folders(demand):
        ids.append(folder.checkpoint)
        tree.append(leaf_hash(format_list(folder.files)))
        newest = max(newest or folder.stamped_at, folder.stamped_at)
        if len(ids) == MOST_AT_ONCE:
            break
    return ids, tree.root(), newest


def keep_renewal(ids: Sequence[int], root: bytes, stamped: StampedToken, *, now: datetime) -> bool:
    """Insert the renewal of these checkpoints; False when their folders are not what was stamped any more, or somebody was faster."""
    tree = CompactRange()
    try:
        with transaction.atomic():
            renewal = Renewal.objects.create(
                authority=stamped.authority_id, size=len(ids), root=root, token=stamped.token, gen_time=stamped.gen_time, received_at=now)
            for at in range(0, len(ids), PAGE):
                rows = [_row(renewal, at + n, folder) for n, folder in enumerate(read_folders(ids[at:at + PAGE]))]
                tree.extend(leaf_hash(bytes(row.list_text)) for row in rows)
                RenewedCheckpoint.objects.bulk_create(rows)
            if tree.root() != root:
                transaction.set_rollback(True)
                return False
            reached("ledger.renewal-inserted")
    except IntegrityError:
        return False
    logger.info("%s checkpoints renewed by %s", len(ids), stamped.authority_id)
    return True


def _row(renewal: Renewal, position: int, folder: Folder) -> RenewedCheckpoint:
    return RenewedCheckpoint(
        renewal=renewal, position=position, checkpoint_id=folder.checkpoint, number=folder.renewals + 1,
        list_text=format_list(folder.files))


def _stamp(root: bytes, demand: Demand, stamped_at: datetime | None, clock: Callable[[], datetime]) -> StampedToken:
    """A token over the root from the first authority that lasts. Raises NothingOutlives; RetryLater when one did not answer."""
    unavailable = None
    for authority in authorities():
        now = clock()
        try:
            # SPEC: formats A7: the imprint is SHA-256 of the 32 root bytes. What is renewed may be years old, and the token is of now.
            stamped = request_timestamp(
                authority, sha256(root).digest(), nonce=fresh_nonce(), now=now, not_before=max(now, stamped_at or now),
                timeout_s=settings.TSA_TIMEOUT_S, skew_s=settings.TIME_SKEW_S)
            refuse_revoked(authority, stamped)
        except TimestampUnavailable as away:
            logger.warning("renewal by %s: %s", authority.id, away)
            unavailable = away
            continue
        if stamped_at is not None and stamped.gen_time < stamped_at:
            unavailable = TimestampUnavailable("token-refused", "its clock is behind what it is to renew")
        elif demand.met_by(_strength(backing_of(stamped.token, roots=authority.roots))):
            return stamped
    if unavailable is None:
        raise NothingOutlives
    raise RetryLater(f"{UNAVAILABLE}: {unavailable.code}") from unavailable


def _due_folders(demand: Demand) -> Iterator[Folder]:
    strengths = Strengths()
    candidates = _candidates(demand, strengths)
    last = 0
    while page := list(candidates.filter(size__gt=last).order_by("size").values_list("pk", "size")[:PAGE]):
        last = page[-1][1]
        for folder in read_folders([pk for pk, _ in page]):
            if demand.after is not None or not all(demand.met_by(strengths.of(layer)) for layer in folder.layer):
                yield folder


def _candidates(demand: Demand, strengths: "Strengths") -> "QuerySet[PublishedCheckpoint]":
    """Stamped checkpoints to which nothing is added any more, without those that a renewal protects long enough."""
    unfinished = Job.objects.filter(kind=ARCHIVE_REVOCATION, done_at=None).values("subject_id")
    stamps = Timestamp.objects.filter(checkpoint=OuterRef("pk"))
    found = PublishedCheckpoint.objects.filter(Exists(stamps)).exclude(Exists(stamps.filter(pk__in=unfinished)))
    found = found.exclude(Exists(StampRequest.objects.filter(checkpoint=OuterRef("pk"), outcome="")))
    enough = RenewedCheckpoint.objects.filter(checkpoint=OuterRef("pk"), renewal__in=_good_renewals(demand, strengths))
    return found.exclude(Exists(enough))


def _good_renewals(demand: Demand, strengths: "Strengths") -> list[int]:
    renewals = Renewal.objects.order_by("pk")
    if demand.after is not None:
        return list(renewals.filter(pk__gt=demand.after).values_list("pk", flat=True))
    rows = renewals.values_list("pk", "authority", "token")
    return [pk for pk, authority, token in rows.iterator() if demand.met_by(strengths.of(Layer(authority, bytes(token))))]


class Strengths:
    """What tokens rest on, read once for each signer: an authority's tokens differ in little else, and there are a hundred thousand."""

    def __init__(self) -> None:
        self._known: dict[str, list[tuple[bytes, Strength]]] = {}
        self._told: set[str] = set()

    def of(self, layer: Layer) -> Strength:
        """A token that cannot be judged, its roots being gone for example, is `fsck`'s to name: no renewal mends it, and it stops none."""
        known = self._known.setdefault(layer.authority, [])
        # The signed attributes hold the digest of the signer's certificate (RFC 5035): whoever's digest is in the token signed it.
        for mark, strength in known:
            if mark in layer.token:
                return strength
        try:
            backing = backing_of(layer.token, roots=pinned_roots(layer.authority))
        except (ValueError, VerificationError) as fault:
            if layer.authority not in self._told:
                logger.error("a token of %s cannot be judged, run fsck: %s", layer.authority, fault)
            self._told.add(layer.authority)
            return UNJUDGED
        marks = (new_hash(name, backing.path[0].der, usedforsecurity=False).digest() for name in ("sha256", "sha1", "sha384", "sha512"))
        known.extend((mark, _strength(backing)) for mark in marks if mark in layer.token)
        return _strength(backing)


def _strength(backing: Backing) -> Strength:
    return Strength(backing.valid_until, backing.algorithms)
