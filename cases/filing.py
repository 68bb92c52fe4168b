"""Writes of the case file: open a case, revise its file, move its stage, add a note. Each leaves its trace in `CaseRevision`.

A file is written whole, so that it is judged whole; the version that the writer read is compared, and a file that somebody else has written
since is not overwritten. Whose case it is, the caller has found out by `cases.selectors`.
"""
import secrets
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max

from accounts.viewer import Viewer
from cases.errors import CaseChanged, CaseExists, CaseInvalid
from cases.fact_faults import fact_faults
from cases.facts import CaseFacts
from cases.models import Case, CaseRevision, Note, NoteText
from cases.rows import note_place, replace_facts
from vault.personal import seal_personal

LISTED = 100


def open_case(viewer: Viewer, reference: str, facts: CaseFacts, *, now: datetime) -> Case:
    """A case with its file; one that a deposit has opened gets its first file. Raises CaseInvalid, CaseExists when there is a file."""
    require_sound(facts)
    with transaction.atomic():
        case = open_in_transaction(viewer, reference, facts, change="file", now=now)
    if case is None:
        raise CaseExists
    return case


def open_in_transaction(viewer: Viewer, reference: str, facts: CaseFacts, *, change: str, now: datetime) -> Case | None:
    """`open_case` for facts that were judged, inside the caller's transaction; None when the reference has a file already."""
    organisation = viewer.organisation
    fresh = {"ref": secrets.token_hex(16), "created_at": now}
    case, _ = Case.objects.get_or_create(organisation=organisation, client_reference=reference, defaults=fresh)
    if not _moved(case, 0):
        return None
    replace_facts(case, organisation.ref, facts)
    _trace(case, change, str(case.file_version), viewer, now)
    return case


def revise_file(viewer: Viewer, case: Case, facts: CaseFacts, *, version: int, now: datetime) -> None:
    """Write the file of the viewer's own case anew; `version` is the one that was read. Raises CaseInvalid, CaseChanged."""
    require_sound(facts)
    with transaction.atomic():
        if not _moved(case, version):
            raise CaseChanged
        replace_facts(case, case.organisation.ref, facts)
        _trace(case, "file", str(case.file_version), viewer, now)


def move_stage(viewer: Viewer, case: Case, stage: Case.Stage, *, seen: Case.Stage, now: datetime) -> None:
    """From the stage that the mover saw to another. Raises CaseChanged when it is not the case's stage any more."""
    with transaction.atomic():
        if Case.objects.filter(pk=case.pk, stage=seen).update(stage=stage) != 1:
            raise CaseChanged
        _trace(case, "stage", stage.value, viewer, now)
    case.stage = stage.value


def add_note(viewer: Viewer, case: Case, text: str, *, now: datetime) -> Note:
    """A note that stays as it is. Raises CaseChanged when another was added at the same moment."""
    try:
        with transaction.atomic():
            sequence = (case.notes.aggregate(last=Max("sequence"))["last"] or 0) + 1
            note = Note(case=case, sequence=sequence, at=now, actor=viewer.actor, organisation_ref=viewer.organisation.ref)
            note.save()
            NoteText.objects.create(note=note, sealed_text=seal_personal(text, note_place(case.ref, sequence)))
    except IntegrityError:
        raise CaseChanged from None
    return note


def require_sound(facts: CaseFacts) -> None:
    """Raises CaseInvalid with every fault of the file (the first 100)."""
    if found := fact_faults(facts):
        raise CaseInvalid(faults=found[:LISTED], count=len(found))


def _moved(case: Case, version: int) -> bool:
    """Whether the file's version could be moved on by compare-and-swap; the row is locked until the transaction ends."""
    if Case.objects.filter(pk=case.pk, file_version=version).update(file_version=version + 1) != 1:
        return False
    case.file_version = version + 1
    return True




def _trace(case: Case, change: str, detail: str, viewer: Viewer, now: datetime) -> None:
    # The row of the case is locked by the update before, so the next number is ours.
    sequence = (case.revisions.aggregate(last=Max("sequence"))["last"] or 0) + 1
    CaseRevision(case=case, sequence=sequence, at=now, change=change, detail=detail, actor=viewer.actor).save()
