"""One entry more in a case file, as people keep it: a payment, a contact point, a consent or its withdrawal, an assignment of the debt, a
day on which a drawdown was declared due.

What the API writes whole (`cases.filing.revise_file`) grows here by one row, judged by the same rules; each moves the file's version and
leaves the same trace. An entry that stands there already is not written twice, so a form may be sent twice. Whose case it is, the caller
has found out by `cases.selectors`. LAW: 个人信息保护法（2021年）第十五条: who consented may withdraw; what was done before stays lawful.
"""
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.permissions import Act
from accounts.viewer import Viewer
from cases.consenting import consents_of, tell_lost_consents
from cases.errors import CaseChanged, CaseFileMissing, CaseInvalid, FactUnsuitable
from cases.fact_faults import fact_faults
from cases.facts import CaseFacts, ConsentFacts, ContactFacts, PartyFacts, SideFacts
from cases.filing import moved, trace
from cases.models import Case
from cases.reckoning.terms import Receipt
from cases.rows import facts_of, with_file, write_acceleration, write_consent, write_contact, write_payments, write_side

MOST_CONTACTS, MOST_CONSENTS, MOST_SIDES = 20, 50, 20
TRIES = 3
Change = Callable[[CaseFacts], tuple[CaseFacts, Callable[[Case], None]] | None]
"""Of the file as it is: the file as it will be, and what writes the difference; None when there is none. Raises DomainError."""


def record_payment(viewer: Viewer, case: Case, payment: Receipt, *, now: datetime) -> None:
    """Money that came in. Raises Forbidden, CaseFileMissing, CaseInvalid, CaseChanged."""
    def change(facts: CaseFacts) -> tuple[CaseFacts, Callable[[Case], None]] | None:
        if payment in facts.payments:
            return None
        return replace(facts, payments=(*facts.payments, payment)), lambda row: write_payments([(row, [payment])])

    _keep(viewer, case, change, now)


def add_contact(viewer: Viewer, case: Case, reference: str, contact: ContactFacts, *, now: datetime) -> None:
    """A contact point of the party that is called so; one that stands there already takes the basis and the confirmation that are told now.

    Raises Forbidden, CaseFileMissing, FactUnsuitable, CaseInvalid, CaseChanged.
    """
    def change(facts: CaseFacts) -> tuple[CaseFacts, Callable[[Case], None]] | None:
        party = _party(facts, reference)
        there = {(each.kind, each.value): (place, each) for place, each in enumerate(party.contact_points, 1)}
        place, known = there.get((contact.kind, contact.value), (len(party.contact_points) + 1, None))
        # The form does not ask when somebody was last reached: what is known of it stays.
        told = contact if known is None else replace(known, basis=contact.basis, confirmed=contact.confirmed)
        if told == known:
            return None
        if place > MOST_CONTACTS:
            raise FactUnsuitable(reason=_("一名当事人的联系方式已达上限"), pointer="/value")
        points = (*party.contact_points[: place - 1], told, *party.contact_points[place:])
        return _with(facts, replace(party, contact_points=points)), lambda row: write_contact(row, reference, place, told)

    _keep(viewer, case, change, now)


def add_consent(viewer: Viewer, case: Case, reference: str, consent: ConsentFacts, *, now: datetime) -> None:
    """A consent of the party that is called so; one that was withdrawn may be recorded again, and stands beside what was withdrawn.

    Raises Forbidden, CaseFileMissing, FactUnsuitable, CaseInvalid, CaseChanged.
    """
    def change(facts: CaseFacts) -> tuple[CaseFacts, Callable[[Case], None]] | None:
        party = _party(facts, reference)
        if consent in party.consents:
            return None
        consents = (*party.consents, consent)
        if len(consents) > MOST_CONSENTS:
            raise FactUnsuitable(reason=_("一名当事人的同意已达上限"), pointer="/document")
        return _with(facts, replace(party, consents=consents)), lambda row: write_consent(row, reference, len(consents), consent)

    _keep(viewer, case, change, now)


def withdraw_consent(viewer: Viewer, case: Case, reference: str, position: int, on: date, *, seen: ConsentFacts, now: datetime) -> None:
    """The consent at this place, from 1, of the party that is called so ends on this day. `seen`: as it was before.

    The lender is told of grants that rest on it: they end by their date or by a revocation (`cases.consenting`).
    Raises Forbidden, CaseFileMissing, FactUnsuitable, CaseInvalid, CaseChanged (another stands there, or it was withdrawn on another day).
    """
    def change(facts: CaseFacts) -> tuple[CaseFacts, Callable[[Case], None]] | None:
        party = _party(facts, reference)
        there, ended = dict(enumerate(party.consents, 1)).get(position), replace(seen, withdrawn_on=on)
        if there == ended:
            return None
        if there != seen or seen.withdrawn_on is not None:
            raise CaseChanged
        consents = (*party.consents[: position - 1], ended, *party.consents[position:])
        after = _with(facts, replace(party, consents=consents))

        def write(row: Case) -> None:
            write_consent(row, reference, position, ended)
            tell_lost_consents(row, consents_of(facts), consents_of(after), now=now)

        return after, write

    _keep(viewer, case, change, now)


def add_side(viewer: Viewer, case: Case, side: SideFacts, *, now: datetime) -> None:
    """The debt was assigned to these creditors (债权转让), who are the creditor from then on.

    LAW: 民法典 545, 546. Raises Forbidden, CaseFileMissing, FactUnsuitable, CaseInvalid, CaseChanged.
    """
    def change(facts: CaseFacts) -> tuple[CaseFacts, Callable[[Case], None]] | None:
        if side == facts.sides[-1]:
            return None
        sides = (*facts.sides, side)
        if len(sides) > MOST_SIDES:
            raise FactUnsuitable(reason=_("债权转让已达上限"), pointer="/assigned_on")
        return replace(facts, sides=sides), lambda row: write_side(row, len(sides), side)

    _keep(viewer, case, change, now)


def accelerate(viewer: Viewer, case: Case, reference: str, on: date | None, *, seen: date | None, now: datetime) -> None:
    """The lender declared all of this drawdown due on that day; None: it did not. `seen`: the day that stood there before.

    Raises Forbidden, CaseFileMissing, FactUnsuitable, CaseInvalid, CaseChanged (another day stands there by now).
    """
    def change(facts: CaseFacts) -> tuple[CaseFacts, Callable[[Case], None]] | None:
        there = {each.reference: each for each in facts.drawdowns}.get(reference)
        if there is None:
            raise FactUnsuitable(reason=_("请从列表中选择"), pointer="/drawdown")
        if there.accelerated_on == on:
            return None
        if there.accelerated_on != seen:
            raise CaseChanged
        due = replace(there, accelerated_on=on)
        drawdowns = tuple(due if each is there else each for each in facts.drawdowns)
        return replace(facts, drawdowns=drawdowns), lambda row: write_acceleration(row, reference, on)

    _keep(viewer, case, change, now)


def _keep(viewer: Viewer, case: Case, change: Change, now: datetime) -> None:
    viewer.must(Act.KEEP_CASE)
    for _try in range(TRIES):
        row = with_file(Case.objects.filter(pk=case.pk, organisation=viewer.organisation)).get()
        if row.file_version == 0:
            raise CaseFileMissing
        before = facts_of(row)
        changed = change(before)
        if changed is None:
            return
        after, write = changed
        # A file that was sound by older rules, or of which something was erased, may grow: what is judged is what is new.
        known = fact_faults(before)
        if found := [fault for fault in fact_faults(after) if fault not in known]:
            raise CaseInvalid(faults=found, count=len(found))
        with transaction.atomic():
            if moved(row, row.file_version):
                write(row)
                trace([(row, str(row.file_version))], "file", viewer, now)
                return
    raise CaseChanged


def _party(facts: CaseFacts, reference: str) -> PartyFacts:
    for party in facts.parties:
        if party.reference == reference:
            return party
    raise FactUnsuitable(reason=_("请从列表中选择当事人"), pointer="/party")


def _with(facts: CaseFacts, party: PartyFacts) -> CaseFacts:
    return replace(facts, parties=tuple(party if each.reference == party.reference else each for each in facts.parties))
