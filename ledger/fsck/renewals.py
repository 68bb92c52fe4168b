"""Archived revocation lists, OCSP answers and renewals: every list and answer judged again, every renewal's tree, token and texts derived
again from the rows.

A renewal's text must be the list of what the folder held then. What came later is not in it, and not in any package either.
"""
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from common.jobs import Job
from ledger.checkpoint_folders import PAGE, read_list_tree, renewal_files
from ledger.fsck.checkpoints import SLACK
from ledger.fsck.finding import Finding
from ledger.fsck.stamps import SKEW, Pinned
from ledger.models import ArchivedRevocation, PublishedCheckpoint, Renewal, RenewedCheckpoint, Timestamp
from ledger.pinned import pinned_roots
from ledger.revocation import ARCHIVE_REVOCATION, GIVE_UP
from ledger.revocation_files import CRL, OCSP, condemned_by, judge_file, named_forms
from tlog.digests import sha256
from tlog.errors import VerificationError
from tlog.examination.manifest import parse_sums
from tlog.renewal import ListTree, format_list
from tlog.timestamp import verify_token
from tlog.timestamp.backing import backing_of


def examine_renewals() -> Iterator[Finding]:
    yield from _dangling()
    yield from _missing_archives()
    for archived in ArchivedRevocation.objects.filter(timestamp__in=Timestamp.objects.all()).select_related("timestamp").order_by("id"):
        yield from _archived(archived)
    trees: dict[int, ListTree] = {}
    pinned = Pinned()
    for renewal in Renewal.objects.order_by("id"):
        trees[renewal.pk] = read_list_tree(renewal.pk)
        yield from _renewal(renewal, trees[renewal.pk], pinned)
        yield from _lists(renewal, trees)


def _dangling() -> Iterator[Finding]:
    for pk in ArchivedRevocation.objects.exclude(timestamp__in=Timestamp.objects.all()).values_list("pk", flat=True):
        yield Finding(f"ledger_archivedrevocation {pk}", "its timestamp is missing")
    for pk in RenewedCheckpoint.objects.exclude(renewal__in=Renewal.objects.all()).values_list("pk", flat=True):
        yield Finding(f"ledger_renewedcheckpoint {pk}", "its renewal is missing")
    for pk in RenewedCheckpoint.objects.exclude(checkpoint__in=PublishedCheckpoint.objects.all()).values_list("pk", flat=True):
        yield Finding(f"ledger_renewedcheckpoint {pk}", "its published checkpoint is missing")


def _missing_archives() -> Iterator[Finding]:
    """A job that ended in time has kept all that the chain names, unless the folder was closed before it could."""
    ended = Job.objects.filter(kind=ARCHIVE_REVOCATION, done_at__isnull=False)
    closed = Timestamp.objects.filter(checkpoint__in=RenewedCheckpoint.objects.values("checkpoint")).values("pk")
    kept = defaultdict[int, set[str]](set)
    for id_, form in ArchivedRevocation.objects.values_list("timestamp", "form"):
        kept[id_].add(form)
    for id_, done_at in ended.exclude(subject_id__in=closed).values_list("subject_id", "done_at"):
        if kept[id_] >= {CRL, OCSP}:
            continue
        stamp = Timestamp.objects.filter(pk=id_).first()
        if stamp is None:
            yield Finding(f"ledger_timestamp {id_}", "the row is missing, but the job that archives its revocation lists is there")
        elif done_at is not None and done_at - stamp.received_at < GIVE_UP:
            for form in sorted(_named(stamp) - kept[id_]):
                where = f"ledger_archivedrevocation of timestamp {id_}"
                yield Finding(where, f"the row of the form {form} is missing, and its job is done")


def _named(stamp: Timestamp) -> set[str]:
    try:
        return set(named_forms(backing_of(bytes(stamp.token), roots=pinned_roots(stamp.authority))))
    except (ValueError, VerificationError):
        return set()  # the token itself is a finding of `stamps`


def _archived(row: ArchivedRevocation) -> Iterator[Finding]:
    where, stamp = f"ledger_archivedrevocation {row.pk}", row.timestamp
    job = Job.objects.filter(kind=ARCHIVE_REVOCATION, subject_id=stamp.pk).first()
    if job is None:
        yield Finding(where, "nobody asked for the archive of its timestamp")
    elif not stamp.received_at - SLACK <= row.fetched_at <= (job.done_at or timezone.now()) + SLACK:
        yield Finding(where, "fetched_at is out of order")
    try:
        backing = backing_of(bytes(stamp.token), roots=pinned_roots(stamp.authority))
        judge_file(row.form, bytes(row.data), backing, fetched_at=row.fetched_at)
    except (ValueError, VerificationError) as fault:
        yield Finding(where, f"data: {fault}")
        return
    if verdict := condemned_by(row.form, bytes(row.data), backing):
        yield Finding(where, f"{verdict}: a certificate behind timestamp {stamp.pk} was revoked")


def _renewal(renewal: Renewal, tree: ListTree, pinned: Pinned) -> Iterator[Finding]:
    where = f"ledger_renewal {renewal.pk}"
    positions = RenewedCheckpoint.objects.filter(renewal=renewal.pk).order_by("position").values_list("position", flat=True)
    if tree.size != renewal.size:
        yield Finding(where, f"it says {renewal.size} checkpoints, and {tree.size} have a row")
    if any(at != position for at, position in enumerate(positions.iterator())):
        yield Finding(f"ledger_renewedcheckpoint of renewal {renewal.pk}", "the positions are not 0 and up without a gap")
    if tree.root() != bytes(renewal.root):
        yield Finding(where, "the root is not that of its lists")
    try:
        verified = verify_token(
            bytes(renewal.token), digest=sha256(bytes(renewal.root)), roots=pinned.roots(renewal.authority), now=renewal.received_at)
    except (ValueError, VerificationError) as fault:
        yield Finding(where, f"token: {fault}")
        return
    if verified.gen_time != renewal.gen_time:
        yield Finding(where, "gen_time is not that of the token")
    if renewal.received_at - verified.gen_time > SKEW + timedelta(seconds=settings.TSA_TIMEOUT_S):
        yield Finding(where, "received_at is long after the token was made")


def _lists(renewal: Renewal, trees: dict[int, ListTree]) -> Iterator[Finding]:
    """Each text of a renewal against the rows that its folder was made of."""
    rows, last = RenewedCheckpoint.objects.filter(renewal=renewal.pk).order_by("pk"), 0
    while page := list(rows.filter(pk__gt=last)[:PAGE]):
        last = page[-1].pk
        held = _held([row.checkpoint_id for row in page], trees)
        for row in page:
            yield from _list(row, renewal, held[row.checkpoint_id])


Held = list[tuple[str, bytes, datetime | int | None]]
"""Name, contents, and since when the file is there: a time, the number of its renewal, or None for the checkpoint itself."""


def _held(ids: Sequence[int], trees: dict[int, ListTree]) -> dict[int, Held]:
    found = defaultdict[int, Held](list)
    for pk, note in PublishedCheckpoint.objects.filter(pk__in=ids).values_list("pk", "note"):
        found[pk].append(("checkpoint", bytes(note), None))
    for stamp in Timestamp.objects.filter(checkpoint__in=ids):
        found[stamp.checkpoint_id].append((f"{stamp.authority}.tst", bytes(stamp.token), stamp.received_at))
    archived = ArchivedRevocation.objects.filter(timestamp__checkpoint__in=ids).select_related("timestamp")
    for row in archived:
        found[row.timestamp.checkpoint_id].append((f"{row.timestamp.authority}.{row.form}", bytes(row.data), row.fetched_at))
    for renewed in RenewedCheckpoint.objects.filter(checkpoint__in=ids, renewal__in=trees.keys()).select_related("renewal"):
        tree = trees[renewed.renewal_id]
        parts = renewal_files(renewed, tree) if renewed.position < tree.size else {}
        found[renewed.checkpoint_id] += [(name, data, renewed.number) for name, data in parts.items()]
    return found


def _list(row: RenewedCheckpoint, renewal: Renewal, held: Held) -> Iterator[Finding]:
    where = f"ledger_renewedcheckpoint {row.pk}"
    try:
        listed = parse_sums(bytes(row.list_text))
    except VerificationError as fault:
        yield Finding(where, f"list_text: {fault}")
        return
    files = {name: data for name, data, _ in held if name in listed}
    if bytes(row.list_text) != format_list(files):
        yield Finding(where, "list_text is not the list of what its folder holds")
    earlier = {since for _, _, since in held if isinstance(since, int) and since < row.number}
    if row.number < 1 or earlier != set(range(1, row.number)):
        yield Finding(where, "the renewals before it are missing")
    for name, _, since in held:
        older = since is None or (since < row.number if isinstance(since, int) else since <= renewal.received_at)
        if older != (name in listed):
            yield Finding(where, f"{name} is {'not ' if older else ''}listed, though it came {'before' if older else 'after'} the renewal")
