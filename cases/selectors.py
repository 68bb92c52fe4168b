"""Reads of `cases`, scoped: a viewer sees his organisation's own cases, and others' by a root of access. A foreign case is not found.

Case and party data leave these rows through `case_file_for` alone: whoever has to know who read what stands there and nowhere else.
"""
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from django.db.models import Max, Min, Q, QuerySet

from accounts.models import Organisation
from accounts.permissions import Act, Kind
from accounts.selectors import REF
from accounts.viewer import Viewer
from cases.case_refs import CaseRef
from cases.errors import CaseNotFound, CasesUnknown
from cases.fact_faults import MOBILE
from cases.facts import CaseFacts, NoteFacts, PartyRole
from cases.masks import masked_party
from cases.models import (
    AccessEvent,
    Assignment,
    Case,
    Drawdown,
    Entrustment,
    Grant,
    GrantedCase,
    Matter,
    Note,
    Order,
    OrderedCase,
    SubmittedCase,
)
from cases.roots import (
    Access,
    accepted_now,
    accesses,
    assigned_now,
    foreign_case_ids,
    granted_now,
    live_assignment,
    whole_file_case_ids,
)
from cases.rows import IDENTITY, NAME, PHONE, facts_of, loan_of, notes_of, with_file, with_loan
from cases.sight import Sight, sight_by
from common.problems import NotFound
from vault.personal import blind_personal, normalised

BETWEEN = re.compile(r"[\s,，;；]+")
LOANS_AT_ONCE = 200

Row = TypeVar("Row", Entrustment, Grant, Matter, Order)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case with what one viewer sees of its file at one moment. `own`: whether it is his organisation's. `sight`: how much that is."""

    case: Case
    facts: CaseFacts
    notes: tuple[NoteFacts, ...]
    own: bool
    sight: Sight

    def masked(self) -> "CaseFile":
        """The same file with personal values as pages show them."""
        parties = tuple(masked_party(party) for party in self.facts.parties)
        return replace(self, facts=replace(self.facts, parties=parties))


def cases_for(viewer: Viewer, *, now: datetime) -> QuerySet[Case]:
    """All cases that this viewer may read at this moment, the newest first; none without the act `read_case`."""
    if not viewer.may(Act.READ_CASE):
        return Case.objects.none()
    own = Case.objects.filter(organisation=viewer.organisation)
    foreign = [rows.order_by().values("case_id") for rows in foreign_case_ids(viewer, now)]
    if not foreign:
        return own.order_by("-id")
    # Each root by its own index, and then the cases by their ids: an OR of the roots would read every case that there is.
    return Case.objects.filter(pk__in=own.values("id").union(*foreign)).order_by("-id")


def cases_to_deposit_in(viewer: Viewer, *, now: datetime) -> QuerySet[Case]:
    """The cases in which this viewer may deposit, the newest first: his organisation's own, to an agency those that are assigned to it.

    A case that was granted, accepted or ordered is for reading: a deposit of the reader's would stand under its own organisation.
    """
    if not viewer.may(Act.DEPOSIT):
        return Case.objects.none()
    if viewer.kind == Kind.COLLECTION_AGENCY:
        return Case.objects.filter(pk__in=assigned_now(viewer, now).values("case_id")).order_by("-id")
    return Case.objects.filter(organisation=viewer.organisation).order_by("-id")


def case_to_deposit_in(viewer: Viewer, ref: str, *, now: datetime) -> Case:
    """One of `cases_to_deposit_in`. Raises CaseNotFound."""
    rows = cases_to_deposit_in(viewer, now=now).filter(ref=ref).select_related("organisation")
    found = rows.first() if REF.fullmatch(ref) else None
    if found is None:
        raise CaseNotFound
    return found


def case_for(viewer: Viewer, ref: str, *, now: datetime) -> Case:
    """The row of one case that is open to this viewer, without its file. Raises CaseNotFound."""
    found = cases_for(viewer, now=now).filter(ref=ref).select_related("organisation").first() if REF.fullmatch(ref) else None
    if found is None:
        raise CaseNotFound
    return found


def case_file_for(viewer: Viewer, ref: str, *, now: datetime) -> CaseFile:
    """One case with as much of its file as the viewer's roots open (`cases.sight`), personal values opened. Raises CaseNotFound."""
    found = with_file(cases_for(viewer, now=now).filter(ref=ref)).first() if REF.fullmatch(ref) else None
    if found is None:
        raise CaseNotFound
    sight = sight_by(roots_of(viewer, [found], now=now)[found.pk])
    notes = notes_of(found, lambda note: _shows(sight, viewer, note))
    return CaseFile(found, sight.of(facts_of(found)), notes, found.organisation_id == viewer.organisation.pk, sight)


def place_of_note(viewer: Viewer, case: Case, note: Note, *, now: datetime) -> int:
    """The number that this note, which the viewer wrote, has among those that he sees."""
    sight = sight_by(roots_of(viewer, [case], now=now)[case.pk])
    return sum(_shows(sight, viewer, each) for each in Note.objects.filter(case=case, sequence__lte=note.sequence))


def _shows(sight: Sight, viewer: Viewer, note: Note) -> bool:
    return sight.shows_note(by_own=note.organisation_ref == viewer.organisation.ref, shared=note.shared, at=note.at)


def cases_referenced(viewer: Viewer, reference: str, *, now: datetime) -> QuerySet[Case]:
    """The cases that carry this client reference, letter by letter."""
    return cases_for(viewer, now=now).filter(client_reference=reference)


def cases_of_person(
    viewer: Viewer, *, now: datetime, name: str = "", identity_number: str = "", phone: str = "",
    owners: Sequence[Organisation] | None = None,
) -> QuerySet[Case]:
    """The cases with a party of exactly this name, identity number or phone; what is given must match one and the same party.

    An index value holds for one organisation, so it is asked of each whose cases are open to the viewer (`owners`, where somebody looked
    already). Where only the identity of the debtor is (`cases.sight`), nobody else is found, and no phone.
    """
    open_cases = cases_for(viewer, now=now)
    wanted = Q(pk__in=[])
    for owner in owners_for(viewer, now=now) if owners is None else owners:
        party = Q(parties__case__organisation=owner)
        for field, column, text in (
            (NAME, "parties__name_index", name), (IDENTITY, "parties__identity_index", identity_number),
            (PHONE, "parties__contact_points__value_index", phone),
        ):
            if text:
                party &= Q(**{f"{column}__in": [blind_personal(owner.ref, field, each) for each in _spellings(field, text)]})
        if viewer.kind == Kind.COURT:
            rows = [each.order_by().values("case_id") for each in whole_file_case_ids(viewer, now)]
            opened = Q(organisation=viewer.organisation) | Q(pk__in=rows[0].union(*rows[1:]))
            party &= opened if phone else opened | Q(parties__role=PartyRole.DEBTOR)
        wanted |= Q(organisation=owner) & party
    return open_cases.filter(pk__in=Case.objects.filter(wanted).values("pk"))


def _spellings(field: str, text: str) -> list[str]:
    """All that this value may have been entered as: a mobile with China's code, with its plus or without, is the one without the code."""
    # An index value cannot be compared in part, and those of before keep their spelling; so each is asked for.
    found = MOBILE.fullmatch(normalised(text)) if field == PHONE else None
    return [text] if found is None else [f"{code}{found[1]}" for code in ("", "86", "+86")]


def owners_for(viewer: Viewer, *, now: datetime) -> list[Organisation]:
    """The organisations of whose cases this viewer may read at least one; a lender reads his own alone."""
    if viewer.kind == Kind.LENDER:
        return [viewer.organisation]
    open_cases = cases_for(viewer, now=now).order_by()
    return list(Organisation.objects.filter(pk__in=open_cases.values("organisation_id").distinct()))


def roots_of(viewer: Viewer, cases: Sequence[Case], *, now: datetime) -> dict[int, list[Access]]:
    """Every root that this viewer has to each of these cases, by the case's id; empty lists without the act `read_case`."""
    if not viewer.may(Act.READ_CASE):
        return {case.pk: [] for case in cases}
    return accesses(viewer, cases, now)


def access_to(viewer: Viewer, case: Case, *, now: datetime) -> Access:
    """The first root, in the order of the list, by which this viewer sees the case. Raises CaseNotFound when there is none."""
    found = roots_of(viewer, [case], now=now)[case.pk]
    if not found:
        raise CaseNotFound
    return found[0]


def is_entrusted(viewer: Viewer, case: Case, *, now: datetime) -> bool:
    """Whether a root by which the viewer sees the case now rests on his processing it for its lender: an assignment, or such a grant."""
    rows = [assigned_now(viewer, now)] if viewer.kind == Kind.COLLECTION_AGENCY else []
    granted = granted_now(viewer, now).filter(grant__basis=Grant.Basis.ENTRUSTED)
    accepted = accepted_now(viewer, now).filter(matter__grant__basis=Grant.Basis.ENTRUSTED)
    return any(found.filter(case_id=case.pk).exists() for found in (*rows, granted, accepted))


def owner_of_assigned(agency: Organisation, ref: str, *, now: datetime) -> Organisation | None:
    """The lender whose case this is, while it is assigned to this agency; None for any other."""
    held = Assignment.objects.filter(live_assignment(now), entrustment__agency=agency, case__ref=ref) if REF.fullmatch(ref) else None
    found = None if held is None else held.select_related("case__organisation").first()
    return None if found is None else found.case.organisation


def own_case(viewer: Viewer, ref: str) -> Case:
    """A case of the viewer's own organisation, whatever may be open to him of others'. Raises CaseNotFound."""
    found = Case.objects.filter(organisation=viewer.organisation, ref=ref).first() if REF.fullmatch(ref) else None
    if found is None:
        raise CaseNotFound
    return found


def own_case_refs(organisation: Organisation, lines: Sequence[str]) -> list[str]:
    """The refs of the cases that people named line by line, each once: by its ref, or by the client's own reference, letter by letter.

    A line may name several, between spaces or commas, where it is no reference as a whole. Raises CasesUnknown, which says which words.
    """
    words = [(line, [word for word in BETWEEN.split(line) if word]) for line in lines]
    # No text in PostgreSQL holds NUL, and the driver takes one for a bug of the program.
    named = {name for line, parts in words for name in (line, *parts) if name and "\0" not in name}
    rows = Case.objects.filter(organisation=organisation).values_list("client_reference", "ref")
    by_reference = dict(rows.filter(client_reference__in=named))
    refs = {ref for _, ref in rows.filter(ref__in=[name.lower() for name in named if REF.fullmatch(name.lower())])}

    def case_of(name: str) -> str | None:
        return name.lower() if name.lower() in refs else by_reference.get(name)

    found: list[str] = []
    unknown: list[tuple[int, str]] = []
    for number, (line, parts) in enumerate(words, 1):
        for name in [line] if case_of(line) else parts:
            ref = case_of(name)
            if ref is None:
                unknown.append((number, name))
            else:
                found.append(ref)
    if unknown:
        raise CasesUnknown(unknown)
    return list(dict.fromkeys(found))


def own_cases(organisation: Organisation, refs: Sequence[str]) -> list[Case]:
    """These cases of this organisation, each once, by their ids. Raises CaseNotFound, pointing at the first that is not there."""
    wanted = {ref: position for position, ref in reversed(list(enumerate(refs)))}
    well_formed = [ref for ref in wanted if REF.fullmatch(ref)]
    found = list(Case.objects.filter(organisation=organisation, ref__in=well_formed).order_by("id"))
    if missing := wanted.keys() - {case.ref for case in found}:
        raise CaseNotFound(pointer=f"/cases/{min(wanted[ref] for ref in missing)}")
    return found


def references_with_file(viewer: Viewer, references: Collection[str]) -> set[str]:
    """Those of these client references under which the viewer's organisation has a case with a file."""
    rows = Case.objects.filter(organisation=viewer.organisation, client_reference__in=references, file_version__gt=0)
    return set(rows.values_list("client_reference", flat=True))


def cases_by_reference(viewer: Viewer, references: Collection[str]) -> dict[str, tuple[int, ...]]:
    """The id of the viewer's organisation's own case under each of these client references; nothing for others."""
    rows = Case.objects.filter(organisation=viewer.organisation, client_reference__in=references).values_list("client_reference", "pk")
    return {reference: (pk,) for reference, pk in rows}


def cases_by_drawdown(viewer: Viewer, numbers: Collection[str]) -> dict[str, tuple[int, ...]]:
    """The id of the viewer's organisation's own case that has a drawdown of each of these numbers; two of the ids where there are more."""
    rows = Drawdown.objects.filter(case__organisation=viewer.organisation, reference__in=numbers)
    # A lender may number the drawdowns of each of a million cases from 1, so what is not clear is not fetched.
    found = rows.order_by().values_list("reference").annotate(first=Min("case_id"), last=Max("case_id"))
    return {number: (first,) if first == last else (first, last) for number, first, last in found}


def loans_of(viewer: Viewer, ids: Collection[int]) -> Iterator[tuple[Case, CaseFacts]]:
    """The viewer's organisation's own cases of these ids with what their files say of the loan; nothing of a person is opened.

    A few at a time, for each may have 600 payments.
    """
    rows = with_loan(Case.objects.filter(organisation=viewer.organisation, pk__in=ids)).order_by("pk")
    for case in rows.iterator(chunk_size=LOANS_AT_ONCE):
        yield case, loan_of(case)


def entrustments_for(viewer: Viewer) -> QuerySet[Entrustment]:
    """The contracts that the viewer's organisation is a side of, the newest first."""
    rows = Entrustment.objects.select_related("lender", "agency").order_by("-id")
    return rows.filter(lender=viewer.organisation) | rows.filter(agency=viewer.organisation)


def entrustment_seen(viewer: Viewer, ref: str) -> Entrustment:
    """One of `entrustments_for`. Raises NotFound."""
    return _one(entrustments_for(viewer), ref)


def entrustment_given(viewer: Viewer, ref: str) -> Entrustment:
    """A contract that the viewer's organisation gave. Raises NotFound."""
    return _one(Entrustment.objects.filter(lender=viewer.organisation).select_related("lender", "agency"), ref)


def assignments_for(viewer: Viewer) -> QuerySet[Assignment]:
    """Assignments that the viewer's organisation gave or holds, ended ones too, the newest first."""
    rows = Assignment.objects.annotate(case_ref=CaseRef()).select_related("entrustment__agency", "entrustment__lender").order_by("-id")
    if viewer.kind == Kind.LENDER:  # the cases are its own; to an agency a case is closed once it was taken back
        return rows.select_related("case").filter(entrustment__lender=viewer.organisation)
    return rows.filter(entrustment__agency=viewer.organisation)


def assignments_given(viewer: Viewer) -> QuerySet[Assignment]:
    """Those that the viewer's organisation gave and may take back."""
    return Assignment.objects.filter(entrustment__lender=viewer.organisation, withdrawn_at=None)


def assignments_held(viewer: Viewer, *, now: datetime) -> QuerySet[Assignment]:
    """Those that the viewer's agency holds at this moment and may distribute."""
    return Assignment.objects.filter(live_assignment(now), entrustment__agency=viewer.organisation)


def grants_for(viewer: Viewer) -> QuerySet[Grant]:
    """Grants that the viewer's organisation gave or received, ended ones too, the newest first."""
    rows = Grant.objects.select_related("lender", "receiver").order_by("-id")
    return rows.filter(lender=viewer.organisation) | rows.filter(receiver=viewer.organisation)


def grants_to_approve(viewer: Viewer, *, now: datetime) -> QuerySet[Grant]:
    """Grants of the viewer's organisation that a colleague made and that wait for him as the second person; none when he may not."""
    if not viewer.may(Act.APPROVE_LARGE_GRANT):
        return Grant.objects.none()
    waiting = grants_for(viewer).filter(
        lender=viewer.organisation, needs_second=True, approved_at=None, revoked_at=None, ends_at__gt=now)
    return waiting.exclude(granted_by=viewer.actor)


def grant_given(viewer: Viewer, ref: str) -> Grant:
    """A grant of the viewer's own organisation. Raises NotFound."""
    return _one(Grant.objects.filter(lender=viewer.organisation).select_related("lender", "receiver"), ref)


def grants_held(viewer: Viewer) -> QuerySet[Grant]:
    """Grants that the viewer's organisation received, ended ones too, the newest first."""
    return Grant.objects.filter(receiver=viewer.organisation).select_related("lender").order_by("-id")


def grant_held(viewer: Viewer, ref: str) -> Grant:
    """One of `grants_held`. Raises NotFound."""
    return _one(grants_held(viewer), ref)


def matters_for(viewer: Viewer) -> QuerySet[Matter]:
    """Matters that the viewer's organisation submitted, or that were submitted to it, the newest first."""
    rows = Matter.objects.select_related("institution", "grant__lender").order_by("-id")
    return rows.filter(grant__lender=viewer.organisation) | rows.filter(institution=viewer.organisation)


def matters_given(viewer: Viewer) -> QuerySet[Matter]:
    """What the viewer's lender submitted, with what became of it, the newest first."""
    return Matter.objects.filter(grant__lender=viewer.organisation).select_related("institution", "grant__lender").order_by("-id")


def matter_given(viewer: Viewer, ref: str) -> Matter:
    """One of `matters_given`. Raises NotFound."""
    return _one(matters_given(viewer), ref)


def matter_held(viewer: Viewer, ref: str) -> Matter:
    """A matter on the docket of the viewer's institution. Raises NotFound."""
    return _one(Matter.objects.filter(institution=viewer.organisation).select_related("institution", "grant__lender"), ref)


def orders_for(viewer: Viewer) -> QuerySet[Order]:
    """The orders of the viewer's court, the newest first."""
    return Order.objects.filter(court=viewer.organisation).select_related("court").order_by("-id")


def order_of(viewer: Viewer, ref: str) -> Order:
    """An order of the viewer's court. Raises NotFound."""
    return _one(orders_for(viewer), ref)


def orders_seen(viewer: Viewer) -> QuerySet[Order]:
    """The orders of the viewer's court; to a lender, those that were opened and name cases of its own. The newest first."""
    own = Q(court=viewer.organisation)
    named = OrderedCase.objects.filter(case__organisation=viewer.organisation).values("order_id")
    rows = Order.objects.filter(own | Q(opened_at__isnull=False, pk__in=named))
    return rows.select_related("court").prefetch_related("kinds").order_by("-id")


def order_seen(viewer: Viewer, ref: str) -> Order:
    """One of `orders_seen`. Raises NotFound."""
    return _one(orders_seen(viewer), ref)


def cases_of_matter(matter: Matter) -> QuerySet[SubmittedCase]:
    """The rows of the cases of a matter that the viewer may see, with their refs, in their order."""
    return SubmittedCase.objects.filter(matter=matter).annotate(case_ref=CaseRef()).order_by("case_id")


def cases_of_grant(grant: Grant) -> QuerySet[GrantedCase]:
    """The rows of the cases of a grant that the viewer may see, with their refs, in their order."""
    return GrantedCase.objects.filter(grant=grant).annotate(case_ref=CaseRef()).order_by("case_id")


def open_references(viewer: Viewer, case_ids: Iterable[int], *, now: datetime) -> dict[int, str]:
    """Of these cases, those that are open to the viewer at this moment: the client's reference by the case's id."""
    return dict(cases_for(viewer, now=now).filter(pk__in=list(case_ids)).values_list("pk", "client_reference"))


def rows_of_order(viewer: Viewer, order: Order) -> QuerySet[OrderedCase]:
    """The rows of the cases that the order names, with their refs; for others than the court, those of their own once it was opened."""
    named = OrderedCase.objects.filter(order=order).annotate(case_ref=CaseRef()).order_by("case_id")
    opened = named.filter(case__organisation=viewer.organisation, order__opened_at__isnull=False)
    return named if order.court_id == viewer.organisation.pk else opened


def cases_of_order(viewer: Viewer, order: Order) -> list[str]:
    """The refs of the cases that the order names; for others than the court, those of their own among them."""
    return [str(vars(row)["case_ref"]) for row in rows_of_order(viewer, order)]


def accesses_of(case: Case) -> QuerySet[AccessEvent]:
    """Who read the case and when, the newest first; for the organisation whose case it is."""
    return AccessEvent.objects.filter(case=case).select_related("organisation").order_by("-id")


def _one(rows: QuerySet[Row], ref: str) -> Row:
    found = rows.filter(ref=ref).first() if REF.fullmatch(ref) else None
    if found is None:
        raise NotFound
    return found
