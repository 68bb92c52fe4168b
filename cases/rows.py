"""A case file between its rows and its values: sealed on the way in, opened on the way out. Called by `filing` and `selectors` alone.

What belongs to a party is sealed for the case, the party and the field, so that a value moved to another row does not open.
"""
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from cases.facts import (
    CaseFacts,
    ConsentFacts,
    ConsentKind,
    ContactBasis,
    ContactFacts,
    ContactKind,
    CreditorFacts,
    NoteFacts,
    PartyFacts,
    PartyKind,
    PartyRole,
    SideFacts,
    SignedAgreement,
)
from cases.models import Agreement, Case, Charge, Consent, ContactPoint, Creditor, CreditorSide, Drawdown, Note, Party, Payment
from cases.reckoning import terms
from vault.personal import blind_personal, open_personal, seal_personal

# Phones of every kind share one index, so that a search need not know how a number was entered.
PHONES = (ContactKind.MOBILE, ContactKind.TELEPHONE)
NAME, IDENTITY, PHONE = "name", "identity", "phone"


def replace_facts(case: Case, facts: CaseFacts) -> None:
    """Write the whole file anew; call inside a transaction that has moved the case's version."""
    for rows in (case.creditor_sides, case.drawdowns, case.payments, case.charges, case.parties):
        rows.all().delete()
    Agreement.objects.filter(case=case).delete()
    write_facts(case.organisation.ref, [(case, facts)])


def write_facts(organisation_ref: str, files: Sequence[tuple[Case, CaseFacts]]) -> None:
    """Write the files of cases that have none, all of one organisation: a fixed number of statements for any number of cases."""
    _write_sides(files)
    _write_loans(files)
    _write_parties(organisation_ref, files)


def _write_sides(files: Sequence[tuple[Case, CaseFacts]]) -> None:
    _write_side_rows([(case, sequence, side) for case, facts in files for sequence, side in enumerate(facts.sides, 1)])


def _write_side_rows(said: Sequence[tuple[Case, int, SideFacts]]) -> None:
    rows = CreditorSide.objects.bulk_create(
        CreditorSide(
            case=case, sequence=sequence, assigned_on=side.assigned_on, notice_record=side.notice_record,
            claimant_name=side.claimant_name, claimant_basis=side.claimant_basis)
        for case, sequence, side in said)
    Creditor.objects.bulk_create(
        Creditor(side=row, position=position, name=each.name, credit_code=each.credit_code, share=each.share)
        for row, (_, _, side) in zip(rows, said, strict=True) for position, each in enumerate(side.creditors, 1))


def _write_loans(files: Sequence[tuple[Case, CaseFacts]]) -> None:
    Agreement.objects.bulk_create(_agreement_row(case, facts.agreement) for case, facts in files if facts.agreement is not None)
    Drawdown.objects.bulk_create(
        Drawdown(
            case=case, reference=each.reference, principal=each.principal, drawn_on=each.drawn_on, annual_rate=each.annual_rate,
            months=each.months, repayment=each.repayment.value, due_day=each.due_day, security=each.security,
            accelerated_on=each.accelerated_on)
        for case, facts in files for each in facts.drawdowns)
    write_payments([(case, facts.payments) for case, facts in files])
    Charge.objects.bulk_create(
        Charge(
            case=case, reference=each.reference, drawdown=each.drawdown, charged_on=each.charged_on, amount=each.amount,
            is_fee=each.is_fee)
        for case, facts in files for each in facts.charges)


def write_payments(received: Sequence[tuple[Case, Sequence[terms.Receipt]]]) -> None:
    """Write these payments beside those that the cases have."""
    Payment.objects.bulk_create(
        Payment(case=case, reference=each.reference, received_on=each.received_on, amount=each.amount, designation=each.designation or "")
        for case, payments in received for each in payments)


def _agreement_row(case: Case, agreement: SignedAgreement) -> Agreement:
    of = agreement.terms
    return Agreement(
        case=case, number=agreement.number, signed_on=agreement.signed_on, day_count=of.day_count.value,
        penalty_uplift=of.penalty_uplift, compound=of.compound, designation=of.designation, within=",".join(of.within or ()),
        between=None if of.between is None else ",".join(of.between),
        clauses={name: value for name in of.clauses.__slots__ if (value := getattr(of.clauses, name)) is not None})


def _write_parties(organisation_ref: str, files: Sequence[tuple[Case, CaseFacts]]) -> None:
    said = [(case, party) for case, facts in files for party in facts.parties]
    rows = Party.objects.bulk_create(_party_row(case, organisation_ref, party) for case, party in said)
    of_party = [(row, _place(case.ref, party.reference), party) for row, (case, party) in zip(rows, said, strict=True)]
    ContactPoint.objects.bulk_create(
        _contact_row(row, place, organisation_ref, position, each)
        for row, place, party in of_party for position, each in enumerate(party.contact_points, 1))
    Consent.objects.bulk_create(
        _consent_row(row, position, each) for row, _, party in of_party for position, each in enumerate(party.consents, 1))


def _contact_row(party: Party, place: str, organisation_ref: str, position: int, contact: ContactFacts) -> ContactPoint:
    return ContactPoint(
        party=party, position=position, kind=contact.kind.value,
        sealed_value=seal_personal(contact.value or "", f"{place}\ncontact {position}"),
        value_index=blind_personal(organisation_ref, contact_field(contact.kind), contact.value or ""), basis=contact.basis.value,
        confirmed=contact.confirmed, last_active_at=contact.last_active_at)


def _consent_row(party: Party, position: int, consent: ConsentFacts) -> Consent:
    return Consent(
        party=party, position=position, kind=consent.kind.value, document=consent.document, record=consent.record,
        given_on=consent.given_on, withdrawn_on=consent.withdrawn_on)


# One entry more, in a transaction that has moved the case's version: what stands beside it is not written anew, so what was erased of it
# stays erased.


def write_contact(case: Case, reference: str, position: int, contact: ContactFacts) -> None:
    """The contact point at this place of the party that is called so, one more or instead of the one that stands there."""
    party = case.parties.get(reference=reference)
    party.contact_points.filter(position=position).delete()
    _contact_row(party, _place(case.ref, reference), case.organisation.ref, position, contact).save()


def write_consent(case: Case, reference: str, position: int, consent: ConsentFacts) -> None:
    """The consent at this place of the party that is called so, one more or instead of the one that stands there."""
    party = case.parties.get(reference=reference)
    party.consents.filter(position=position).delete()
    _consent_row(party, position, consent).save()


def write_side(case: Case, sequence: int, side: SideFacts) -> None:
    """The creditor side at this place, behind those that are there."""
    _write_side_rows([(case, sequence, side)])


def write_acceleration(case: Case, reference: str, on: date | None) -> None:
    """The day on which the drawdown that is called so was declared due; None for none."""
    case.drawdowns.filter(reference=reference).update(accelerated_on=on)


def _party_row(case: Case, organisation_ref: str, party: PartyFacts) -> Party:
    place, identity = _place(case.ref, party.reference), party.identity_number
    return Party(
        case=case, reference=party.reference, role=party.role.value, kind=party.kind.value,
        sealed_name=seal_personal(party.name or "", f"{place}\nname"), name_index=blind_personal(organisation_ref, NAME, party.name or ""),
        sealed_identity=None if identity is None else seal_personal(identity, f"{place}\nidentity"),
        identity_index=None if identity is None else blind_personal(organisation_ref, IDENTITY, identity))


def _place(case_ref: str, reference: str) -> str:
    return f"{case_ref}\n{reference}"


def contact_field(kind: ContactKind) -> str:
    """The field of the blind index that a contact value is found in."""
    return PHONE if kind in PHONES else kind.value


def with_file(cases: QuerySet[Case]) -> QuerySet[Case]:
    """The cases with every row of their files: a fixed number of queries, however many there are."""
    return cases.select_related("organisation", "agreement").prefetch_related(
        "creditor_sides__creditors", "drawdowns", "payments", "charges", "parties__contact_points", "parties__consents", "notes__text")


def with_loan(cases: QuerySet[Case]) -> QuerySet[Case]:
    """The cases with the rows of their loans alone: nothing of a person."""
    return cases.select_related("agreement").prefetch_related("drawdowns", "payments", "charges")


def facts_of(case: Case) -> CaseFacts:
    """The file of a case that came by `with_file`, personal values opened."""
    return replace(
        loan_of(case),
        sides=tuple(_side(row) for row in _sorted(case.creditor_sides.all(), "sequence")),
        parties=tuple(_party(case.ref, row) for row in _sorted(case.parties.all(), "pk")))


def loan_of(case: Case) -> CaseFacts:
    """What the file of a case that came by `with_loan` says of the loan; its other members are empty."""
    agreement: Agreement | None = getattr(case, "agreement", None)
    return CaseFacts(
        sides=(),
        agreement=None if agreement is None else _agreement(agreement),
        drawdowns=tuple(_drawdown(row) for row in _sorted(case.drawdowns.all(), "reference")),
        payments=tuple(
            terms.Receipt(row.reference, row.received_on, row.amount, row.designation or None)
            for row in _sorted(case.payments.all(), "received_on", "reference")),
        charges=tuple(
            terms.Charge(row.reference, row.drawdown, row.charged_on, row.amount, row.is_fee)
            for row in _sorted(case.charges.all(), "charged_on", "reference")))


def notes_of(case: Case, seen: Callable[[Note], bool]) -> tuple[NoteFacts, ...]:
    """The notes of a case that came by `with_file` and are seen, the newest first."""
    rows = [row for row in _sorted(case.notes.all(), "sequence") if seen(row)]
    return tuple(
        NoteFacts(number, row.at, row.actor, _opened(row.text.sealed_text, note_place(case.ref, row.sequence)), row.shared)
        for number, row in reversed(list(enumerate(rows, 1))))


def note_place(case_ref: str, sequence: int) -> str:
    """What a note's text is sealed for."""
    return f"{case_ref}\nnote {sequence}"


def _sorted(rows: Any, *names: str) -> list[Any]:
    return sorted(rows, key=lambda row: tuple(getattr(row, name) for name in names))


def _side(row: CreditorSide) -> SideFacts:
    creditors = tuple(
        CreditorFacts(each.name, each.share.normalize(), each.credit_code) for each in _sorted(row.creditors.all(), "position"))
    return SideFacts(creditors, row.assigned_on, row.notice_record, row.claimant_name, row.claimant_basis)


def _agreement(row: Agreement) -> SignedAgreement:
    within, between = row.within, row.between
    return SignedAgreement(row.number, row.signed_on, terms.Agreement(
        terms.DayCount(row.day_count), row.penalty_uplift, row.compound,
        tuple(terms.Component(each) for each in within.split(",")) if within else None,
        None if between is None else tuple(terms.Criterion(each) for each in between.split(",") if each),
        row.designation, terms.Clauses(**row.clauses)))


def _drawdown(row: Drawdown) -> terms.Drawdown:
    return terms.Drawdown(
        row.reference, row.principal, row.drawn_on, row.annual_rate, row.months, terms.Repayment(row.repayment), row.due_day,
        Decimal(row.security), row.accelerated_on)


def _party(case_ref: str, row: Party) -> PartyFacts:
    of = _place(case_ref, row.reference)
    return PartyFacts(
        row.reference, PartyRole(row.role), PartyKind(row.kind), _opened(row.sealed_name, f"{of}\nname"),
        _opened(row.sealed_identity, f"{of}\nidentity"),
        tuple(
            ContactFacts(
                ContactKind(each.kind), _opened(each.sealed_value, f"{of}\ncontact {each.position}"), ContactBasis(each.basis),
                each.confirmed, each.last_active_at)
            for each in _sorted(row.contact_points.all(), "position")),
        tuple(
            ConsentFacts(ConsentKind(each.kind), each.given_on, each.document, each.record, each.withdrawn_on)
            for each in _sorted(row.consents.all(), "position")))


def _opened(sealed: bytes | memoryview | None, place: str) -> str | None:
    return None if sealed is None else open_personal(bytes(sealed), place)
