"""Writes of the case file: open a case, revise its file, add payments, move its stage, add a note. Each leaves its trace in `CaseRevision`.

A file is written whole, so that it is judged whole, and payments are judged with the whole that they are added to; the version that the
writer read is compared, and a file that somebody else has written since is not overwritten. Whose case it is, the caller has found out by
`cases.selectors`.
"""
import re
import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.db.models import Max

from accounts.viewer import Viewer
from cases.consenting import consents_of, tell_lost_consents
from cases.errors import CaseChanged, CaseExists, CaseInvalid, NoteUnsuitable
from cases.fact_faults import fact_faults
from cases.facts import CaseFacts
from cases.models import Case, CaseRevision, Consent, Note, NoteText
from cases.reckoning.terms import Receipt
from cases.rows import note_place, replace_facts, write_facts, write_payments
from vault.personal import seal_personal

LISTED = 100
LONGEST_NOTE = 2000
NO_NOTE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def open_case(viewer: Viewer, reference: str, facts: CaseFacts, *, now: datetime) -> Case:
    """A case with its file; one that a deposit has opened gets its first file. Raises CaseInvalid, CaseExists when there is a file."""
    require_sound(facts)
    try:
        with transaction.atomic():
            [case] = open_all(viewer, [(reference, facts)], now=now, change="file")
    except (CaseChanged, IntegrityError):
        raise CaseExists from None
    return case


def open_all(viewer: Viewer, files: Sequence[tuple[str, CaseFacts]], *, now: datetime, change: str = "import") -> list[Case]:
    """Cases with files that were judged, under references that differ, in the order given; call inside a transaction.

    Raises CaseChanged when one has a file already, IntegrityError when one is opened at the same moment.
    """
    assert connection.in_atomic_block
    organisation, references = viewer.organisation, [reference for reference, _ in files]
    known = {case.client_reference: case for case in Case.objects.filter(organisation=organisation, client_reference__in=references)}
    fresh = Case.objects.bulk_create(
        Case(organisation=organisation, ref=secrets.token_hex(16), client_reference=reference, created_at=now)
        for reference in references if reference not in known)
    known |= {case.client_reference: case for case in fresh}
    cases = [known[reference] for reference in references]
    if Case.objects.filter(pk__in=[case.pk for case in cases], file_version=0).update(file_version=1) != len(cases):
        raise CaseChanged
    write_facts(organisation.ref, [(case, facts) for case, (_, facts) in zip(cases, files, strict=True)])
    trace([(case, "1") for case in cases], change, viewer, now)
    return cases


def revise_file(viewer: Viewer, case: Case, facts: CaseFacts, *, version: int, now: datetime) -> None:
    """Write the file of the viewer's own case anew; `version` is the one that was read. The lender is told of grants whose consent is gone.

    Raises CaseInvalid, CaseChanged.
    """
    require_sound(facts)
    with transaction.atomic():
        if not moved(case, version):
            raise CaseChanged
        before = list(Consent.objects.filter(party__case=case))
        replace_facts(case, facts)
        tell_lost_consents(case, before, consents_of(facts), now=now)
        trace([(case, str(case.file_version))], "file", viewer, now)


def add_payments(viewer: Viewer, received: Sequence[tuple[Case, Sequence[Receipt]]], *, now: datetime) -> None:
    """Payments that were judged with the files of their cases, as each was read; call inside a transaction.

    A fixed number of statements for any number of cases, but for one more for each version that some of them have. Raises CaseChanged.
    """
    assert connection.in_atomic_block
    cases = [case for case, _ in received]
    # In the order in which deposits lock them, so that the two never wait for one another in a ring.
    list(Case.objects.select_for_update().filter(pk__in=[case.pk for case in cases]).order_by("pk").values_list("pk"))
    for version in {case.file_version for case in cases}:
        read = [case.pk for case in cases if case.file_version == version]
        if Case.objects.filter(pk__in=read, file_version=version).update(file_version=version + 1) != len(read):
            raise CaseChanged
    write_payments(received)
    trace([(case, str(case.file_version + 1)) for case in cases], "import", viewer, now)


def move_stage(viewer: Viewer, case: Case, stage: Case.Stage, *, seen: Case.Stage, now: datetime) -> None:
    """From the stage that the mover saw to another. Raises CaseChanged when it is not the case's stage any more."""
    with transaction.atomic():
        if Case.objects.filter(pk=case.pk, stage=seen).update(stage=stage) != 1:
            raise CaseChanged
        trace([(case, stage.value)], "stage", viewer, now)
    case.stage = stage.value


def note_of(typed: str) -> str:
    """The text of a note as a form sends it: line ends made one character, no space around. Raises NoteUnsuitable."""
    text = typed.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text or len(text) > LONGEST_NOTE or NO_NOTE.search(text):
        raise NoteUnsuitable(limit=LONGEST_NOTE, pointer="/text")
    return text


def add_note(viewer: Viewer, case: Case, text: str, *, shared: bool = False, now: datetime) -> Note:
    """A note that stays as it is. `shared`: for whoever else sees the case's file, and not for the writer's organisation alone.

    Raises CaseChanged when another was added at the same moment.
    """
    try:
        with transaction.atomic():
            sequence = _last_note(case) + 1
            note = Note(
                case=case, sequence=sequence, at=now, actor=viewer.actor, organisation_ref=viewer.organisation.ref, shared=shared)
            note.save()
            NoteText.objects.create(note=note, sealed_text=seal_personal(text, note_place(case.ref, sequence)))
    except IntegrityError:
        raise CaseChanged from None
    return note


def _last_note(case: Case) -> int:
    last: int | None = case.notes.aggregate(last=Max("sequence"))["last"]
    if connection.vendor == "postgresql":
        # Row-level security hides notes of others, whose numbers are taken all the same; of those a function tells the last alone.
        with connection.cursor() as cursor:
            cursor.execute("SELECT cunzheng_last_note(%s)", [case.pk])
            last = max(last or 0, cursor.fetchone()[0] or 0)
    return last or 0


def require_sound(facts: CaseFacts) -> None:
    """Raises CaseInvalid with every fault of the file (the first 100)."""
    if found := fact_faults(facts):
        raise CaseInvalid(faults=found[:LISTED], count=len(found))


def moved(case: Case, version: int) -> bool:
    """Whether the file's version could be moved on by compare-and-swap; the row is locked until the transaction ends."""
    if Case.objects.filter(pk=case.pk, file_version=version).update(file_version=version + 1) != 1:
        return False
    case.file_version = version + 1
    return True


def trace(changed: Sequence[tuple[Case, str]], change: str, viewer: Viewer, now: datetime) -> None:
    """That these cases, whose rows are locked, were changed, and by whom. `changed`: each case with what became of it."""
    # The rows of the cases are locked by the update before, so the next numbers are ours.
    before = dict(CaseRevision.objects.filter(case__in=[case for case, _ in changed]).values_list("case").annotate(last=Max("sequence")))
    CaseRevision.objects.bulk_create([
        CaseRevision(case=case, sequence=before.get(case.pk, 0) + 1, at=now, change=change, detail=detail, actor=viewer.actor)
        for case, detail in changed])
