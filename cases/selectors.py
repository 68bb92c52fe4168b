"""Reads of `cases`, scoped: a viewer sees his organisation's own cases, and others' by a root of access. A foreign case is not found.

Case and party data leave these rows through `case_file_for` alone: whoever has to know who read what stands there and nowhere else.
"""
import re
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import Organisation
from accounts.permissions import Act, Kind
from accounts.viewer import Viewer
from cases.errors import CaseNotFound
from cases.facts import CaseFacts, NoteFacts
from cases.masks import masked_party
from cases.models import Case
from cases.rows import IDENTITY, NAME, PHONE, facts_of, notes_of, with_file
from vault.personal import blind_personal

# PostgreSQL knows no text with a zero byte, and an address may hold one.
REF = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case with its file as one viewer reads it at one moment. `own`: whether it is his organisation's."""

    case: Case
    facts: CaseFacts
    notes: tuple[NoteFacts, ...]
    own: bool

    def masked(self) -> "CaseFile":
        """The same file with personal values as pages show them."""
        facts = self.facts
        parties = tuple(masked_party(party) for party in facts.parties)
        return CaseFile(self.case, CaseFacts(
            facts.sides, facts.agreement, facts.drawdowns, facts.payments, facts.charges, parties), self.notes, self.own)


def cases_for(viewer: Viewer, *, now: datetime) -> QuerySet[Case]:  # noqa: ARG001 - roots of access are for a time
    """All cases that this viewer may read at this moment, the newest first; none without the act `read_case`."""
    if not viewer.may(Act.READ_CASE):
        return Case.objects.none()
    return Case.objects.filter(organisation=viewer.organisation).order_by("-id")


def case_for(viewer: Viewer, ref: str, *, now: datetime) -> Case:
    """The row of one case that is open to this viewer, without its file. Raises CaseNotFound."""
    found = cases_for(viewer, now=now).filter(ref=ref).select_related("organisation").first() if REF.fullmatch(ref) else None
    if found is None:
        raise CaseNotFound
    return found


def case_file_for(viewer: Viewer, ref: str, *, now: datetime) -> CaseFile:
    """One case with its whole file, personal values opened. Raises CaseNotFound."""
    found = with_file(cases_for(viewer, now=now).filter(ref=ref)).first() if REF.fullmatch(ref) else None
    if found is None:
        raise CaseNotFound
    return CaseFile(found, facts_of(found), notes_of(found), own=found.organisation_id == viewer.organisation.pk)


def cases_referenced(viewer: Viewer, reference: str, *, now: datetime) -> QuerySet[Case]:
    """The cases that carry this client reference, letter by letter."""
    return cases_for(viewer, now=now).filter(client_reference=reference)


def cases_of_person(viewer: Viewer, *, now: datetime, name: str = "", identity_number: str = "", phone: str = "") -> QuerySet[Case]:
    """The cases with a party of exactly this name, identity number or phone; what is given must match one and the same party.

    An index value holds for one organisation, so it is asked of each whose cases are open to the viewer.
    """
    open_cases = cases_for(viewer, now=now)
    wanted = Q(pk__in=[])
    for owner in _owners(viewer, open_cases):
        party = Q(parties__case__organisation=owner)
        for field, column, text in (
            (NAME, "parties__name_index", name), (IDENTITY, "parties__identity_index", identity_number),
            (PHONE, "parties__contact_points__value_index", phone),
        ):
            if text:
                party &= Q(**{column: blind_personal(owner.ref, field, text)})
        wanted |= Q(organisation=owner) & party
    return open_cases.filter(pk__in=Case.objects.filter(wanted).values("pk"))


def _owners(viewer: Viewer, open_cases: QuerySet[Case]) -> list[Organisation]:
    if viewer.kind == Kind.LENDER:
        return [viewer.organisation]
    return list(Organisation.objects.filter(pk__in=open_cases.order_by().values("organisation_id").distinct()))
