"""Equal files of one organisation are stored once: after the deposit, by a job, and never by the upload itself.

Whoever uploads sends every byte, has every byte stored under a fresh name, and is answered as if nobody had the file: neither an answer nor
its time tells who else does. Later, an original that has an equal one, by both digests of both claims in the log, comes to lie where that
lies, once that has been read whole and is right:

    the record seals the other's content key under its own key, for its own place; one transaction moves the row, by compare-and-swap,
    and forgets the object that was its own; then the bytes of that go, from both stores

Each record keeps a sealed key of its own, so that its erasure destroys its own way to the bytes and nobody else's; the bytes go with the
last record (`evidence.erasing`). What this does not do: look beyond one organisation, or touch what is in the clear, in quarantine or being
repaired. Trails say nothing of it: a row would tell its readers that somebody else has the file. Source: issue 5 §4; docs/adr/0021.
"""
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from common.failpoints import reached
from common.jobs import RunAgain, renew_lease
from evidence.drafts import content_place
from evidence.errors import ClaimsErased
from evidence.file_faults import BOTH, MISSING, Claim, claim_or_fault, file_fault, original_fault
from evidence.models import Evidence, EvidenceFile
from evidence.quarantine_rows import Quarantine
from evidence.record_keys import content_key_of, record_key
from evidence.repairs import meet_damage
from tlog.errors import VerificationError
from vault.errors import KeyUnavailable
from vault.models import Cipher, StoredObject
from vault.sealing import seal
from vault.storage import erase_object

logger = logging.getLogger(__name__)

SHARE_EQUAL = "evidence.share-equal"
EVERY = timedelta(minutes=1)
AT_ONCE, MAX_BYTES, PAUSE = 50, 64 * 1024**2, timedelta(seconds=5)
"""A run ends with the original that reaches one of them, and the next one waits, so that stamps and notices of the same worker do not."""
SAME: Final = ("sha256", "sm3", "size_bytes")
"""Of two claims: that both digests collide at once nobody can bring about."""


class ShareLost(Exception):
    """An erasure, a repair or another run was first; nothing changed."""


def share_equal(_subject: int) -> None:
    """The job: compare what was not compared yet, the oldest first. Raises RunAgain while there is more."""
    last = seen = read_bytes = 0
    kept = EvidenceFile.objects.filter(stored_object__cipher=Cipher.TINK, stored_object__compared_at=None)
    # What changed is kept for the inquiry, and a repair puts it right; to be put together with an equal one would erase it.
    fresh = kept.exclude(evidence__in=_damaged().values("evidence"))
    while rows := list(fresh.filter(pk__gt=last).select_related("evidence", "stored_object").order_by("pk")[:AT_ONCE]):
        for row in rows:
            if seen >= AT_ONCE or read_bytes >= MAX_BYTES:
                raise RunAgain(timezone.now() + PAUSE)
            renew_lease(SHARE_EQUAL, 0, now=timezone.now())
            last = row.pk
            settled, read = compare(row)
            seen, read_bytes = seen + settled, read_bytes + read


def compare(row: EvidenceFile) -> tuple[bool, int]:
    """Whether the row is settled, alone or shared, and how many bytes were read for it.

    What is not settled is looked at again, and counts for none: a run that it ended would be followed by one that begins with it.
    """
    assert row.stored_object is not None
    equal = EvidenceFile.objects.filter(
        stored_object__organisation=row.stored_object.organisation_id, sha256_hmac=row.sha256_hmac, size_bytes=row.size_bytes,
        stored_object__cipher=Cipher.TINK, stored_object__compared_at__isnull=False)
    others = list(equal.exclude(pk=row.pk).select_related("evidence", "stored_object").order_by("stored_object", "pk")[:AT_ONCE])
    if not others:
        # Of two that are compared at once each may find itself alone, and both stay: content twice is no harm to either.
        StoredObject.objects.filter(pk=row.stored_object.pk, compared_at=None).update(compared_at=timezone.now())
        return True, 0
    keeper = _keeper(others)
    if keeper is None:
        return False, 0
    try:
        settled = share(row, keeper) or _turned_round(row, keeper)
    except (VerificationError, ClaimsErased, KeyUnavailable, ShareLost, OSError) as wrong:
        logger.info("an original was not put together with its equal: %s", type(wrong).__name__)
        return False, 0
    return settled, row.size_bytes if settled else 0


def _turned_round(row: EvidenceFile, keeper: EvidenceFile) -> bool:
    """Where the other's bytes are gone, and these are right, it comes to lie here; whether it does.

    So a database that was restored from before they were put together finds its originals again, whichever of them was let go.
    """
    assert row.stored_object is not None
    if file_fault(keeper) != MISSING or not share(keeper, row):
        return False
    StoredObject.objects.filter(pk=row.stored_object.pk).update(compared_at=timezone.now())
    return True


def _keeper(others: Sequence[EvidenceFile]) -> EvidenceFile | None:
    """The first of these that nothing speaks against; None while each is damaged or being repaired."""
    damaged = set(_damaged().filter(evidence__in=[each.evidence_id for each in others]).values_list("evidence", flat=True))
    sound = (each for each in others if each.evidence_id not in damaged and each.evidence.wrapped_key is not None)
    return next((each for each in sound if each.stored_object is not None and each.stored_object.mending_since is None), None)


def share(row: EvidenceFile, keeper: EvidenceFile) -> bool:
    """Let `row` be one with `keeper`, whose original is read whole first; False where that is not right now, or not equal.

    Raises ClaimsErased, KeyUnavailable, VerificationError, ShareLost, OSError; nothing changed then, but for the last.
    """
    own, kept, claim, theirs = row.stored_object, keeper.stored_object, _claim(row), _claim(keeper)
    assert own is not None
    assert kept is not None
    if [claim[name] for name in SAME] != [theirs[name] for name in SAME] or own.organisation_id != kept.organisation_id:
        return False
    if (fault := original_fault(keeper, claim, by=BOTH)) is not None:
        meet_damage(keeper, fault)  # what the scrub would do in its round; repaired, it is compared again
        return False
    key = record_key(row.evidence)
    if key is None:
        return False
    sealed = seal(content_key_of(keeper), key, content_place(row.evidence.record, row.position))
    reached("evidence.equal-verified")
    with transaction.atomic():
        _lock(row, own, kept)
        _must(EvidenceFile.objects.filter(pk=row.pk, stored_object=own, content_key=bytes(row.content_key or b"")).update(
            stored_object=kept, content_key=sealed))
        _must(StoredObject.objects.filter(pk=own.pk).delete()[0])
        StoredObject.objects.filter(pk=kept.pk).update(stored_at=None)
        reached("evidence.shared-before-commit")
    reached("evidence.shared")
    erase_object(own.name)
    return True


def _lock(row: EvidenceFile, own: StoredObject, kept: StoredObject) -> None:
    """In the order in which an erasure locks: the record, then objects by their ids. Raises ShareLost for what is not as it was."""
    record = Evidence.objects.select_for_update().filter(pk=row.evidence_id, wrapped_key__isnull=False, sealed_claims__isnull=False)
    objects = StoredObject.objects.select_for_update().filter(pk__in=[own.pk, kept.pk], mending_since=None).order_by("pk")
    if record.first() is None or {each.pk: each.name for each in objects} != {own.pk: own.name, kept.pk: kept.name}:
        raise ShareLost
    if EvidenceFile.objects.filter(stored_object=own).exclude(pk=row.pk).exists():
        raise ShareLost
    # A scrub may have found one of them changed since they were read.
    if _damaged().filter(Q(evidence=row.evidence_id) | Q(evidence__files__stored_object=kept)).exists():
        raise ShareLost


def _damaged() -> QuerySet[Quarantine]:
    return Quarantine.objects.filter(ended_at=None, cause=Quarantine.Cause.FIXITY)


def _claim(row: EvidenceFile) -> Claim:
    claim = claim_or_fault(row)
    if isinstance(claim, str):
        raise VerificationError(claim)
    return claim


def _must(changed: int) -> None:
    if changed != 1:
        raise ShareLost
