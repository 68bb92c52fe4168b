"""What the API answers about cases, as msgspec types, and the values as these types say.

The views write plain dicts; a member that is missing here, or too many there, fails `tests/api/test_contract.py`.
"""
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from cases.api import payloads
from cases.facts import CaseFacts, NoteFacts, PartyFacts, SideFacts, SignedAgreement
from cases.importing.lines import RowFault
from cases.imports import Report
from cases.models import Case, CaseImport
from cases.reckoning.rows import rate_text
from cases.reckoning.terms import Drawdown, RateCap
from cases.selectors import CaseFile
from common.bodies import Time
from tlog.times import format_time

LISTED = 500
Ref = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$(?!\n)", description="our opaque id of the case")]
Yuan = Annotated[str, Meta(pattern=r"^[0-9]+\.[0-9]{2}$(?!\n)")]


class CaseSummary(Struct, forbid_unknown_fields=True):
    """`deposits`: how many of its records you may read, of your own cases all there are. `version`: of its file; 0 where there is none.

    `reference`: the lender's own.
    """

    case: Ref
    reference: str
    stage: payloads.Stage
    version: Annotated[int, Meta(ge=0)]
    deposits: Annotated[int, Meta(ge=0)]
    created_at: Time


class CasePage(Struct, forbid_unknown_fields=True):
    """`next_cursor` is null on the last page."""

    cases: tuple[CaseSummary, ...]
    next_cursor: str | None


class KeptContactPoint(Struct, forbid_unknown_fields=True):
    """`value` is null once it was erased."""

    kind: payloads.Contact
    value: str | None
    basis: payloads.Basis
    confirmed: bool
    last_active_at: Time | None


class KeptParty(Struct, forbid_unknown_fields=True):
    """`name` and `identity_number` are null once they were erased, the latter also where it is not known."""

    reference: str
    role: payloads.Role
    kind: Literal["person", "organisation"]
    name: str | None
    identity_number: str | None
    contact_points: tuple[KeptContactPoint, ...]
    consents: tuple[payloads.Consent, ...]


class KeptNote(Struct, forbid_unknown_fields=True):
    """`number`: its place among the notes that you see. `text` is null once it was erased. `by`: an id of ours, never a name.

    `shared`: whether others who may see the case's file see it; else the writer's organisation alone does.
    """

    number: Annotated[int, Meta(ge=1)]
    at: Time
    by: str
    text: str | None
    shared: bool


class KeptCase(CaseSummary, forbid_unknown_fields=True):
    """A case with its file. Values of persons are whole for the lender whose case it is, and masked for everybody else.

    `opened`: `identity` for an order that is limited to kinds of evidence: debtor and creditors, and everything else is empty here whatever
    the file holds. `as_of`: what is dated later is not in here; null for the file as it is now.
    """

    opened: Literal["whole", "identity"]
    as_of: Time | None
    creditor_sides: tuple[payloads.CreditorSide, ...]
    agreement: payloads.Agreement | None
    drawdowns: tuple[payloads.Drawdown, ...]
    payments: tuple[payloads.Payment, ...]
    charges: tuple[payloads.Charge, ...]
    parties: tuple[KeptParty, ...]
    notes: tuple[KeptNote, ...]


class Owed(Struct, forbid_unknown_fields=True):
    """`drawdown` is null in the sum over all. `withheld`: what a rate cap took out of interest, penalty, compound interest and fees."""

    drawdown: str | None
    principal: Yuan
    principal_due: Yuan
    interest: Yuan
    penalty: Yuan
    compound: Yuan
    fees: Yuan
    costs: Yuan
    withheld: Yuan
    total: Yuan
    due_since: date | None


class ReckoningSheet(Struct, forbid_unknown_fields=True):
    """The sheet: what was reckoned with, the conventions, every row with its formula and grounds, and what is owed on `at`."""

    type: str
    at: date
    conventions: tuple[str, ...]
    agreement: dict[str, Any]
    caps: tuple[dict[str, Any], ...]
    drawdowns: tuple[dict[str, Any], ...]
    receipts: tuple[dict[str, Any], ...]
    charges: tuple[dict[str, Any], ...]
    rows: tuple[dict[str, Any], ...]
    outstanding: tuple[Owed, ...]
    total: Owed
    surplus: Yuan


class ImportFault(Struct, forbid_unknown_fields=True):
    """`row`: as the spreadsheet numbers it. `column`: its Chinese title; "" where the row as a whole is at fault."""

    row: Annotated[int, Meta(ge=1)]
    column: str
    detail: str


class ImportReport(Struct, forbid_unknown_fields=True):
    """`import` is null, and nothing was kept, when there are faults; `faults` counts them all, `errors` holds the first 500."""

    import_: Ref | None = msgspec.field(name="import")
    format: Literal["csv", "xlsx"]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
    rows: Annotated[int, Meta(ge=0)]
    cases: Annotated[int, Meta(ge=0)]
    faults: Annotated[int, Meta(ge=0)]
    errors: tuple[ImportFault, ...]
    kept_until: Time | None


class PaymentReport(ImportReport):
    """As of a file of cases. `payments`: new ones, on `cases` of your cases; `known`: that are recorded already, word for word.

    `import` is null also when all are known: there is nothing to import then.
    """

    payments: Annotated[int, Meta(ge=0)]
    known: Annotated[int, Meta(ge=0)]


class ImportedCases(Struct, forbid_unknown_fields=True):
    """How many cases this file has opened, and when."""

    import_: Ref = msgspec.field(name="import")
    cases: Annotated[int, Meta(ge=1)]
    imported_at: Time


class ImportedPayments(Struct, forbid_unknown_fields=True):
    """How many payments this file has added to how many cases, and when; none when another file has brought all of them meanwhile."""

    import_: Ref = msgspec.field(name="import")
    cases: Annotated[int, Meta(ge=0)]
    payments: Annotated[int, Meta(ge=0)]
    imported_at: Time


class ImportStatus(Struct, forbid_unknown_fields=True):
    """Where an import stands; counts are 0 until it is `imported`. Of a `refused` one `refused_for` says why, `faults` counts what is wrong
    with which row, and `errors` holds the first 500 in the language of Accept-Language, for thirty days.
    """

    import_: Ref = msgspec.field(name="import")
    kind: Literal["cases", "payments"]
    state: Literal["checked", "waiting", "judging", "writing", "imported", "refused", "expired"]
    rows: Annotated[int, Meta(ge=0)]
    cases: Annotated[int, Meta(ge=0)]
    payments: Annotated[int, Meta(ge=0)]
    checked_at: Time
    confirmed_at: Time | None
    imported_at: Time | None
    refused_at: Time | None
    refused_for: Literal["", "rows", "right"]
    faults: Annotated[int, Meta(ge=0)]
    errors: tuple[ImportFault, ...]


TYPES: tuple[Any, ...] = (
    ImportReport, ImportStatus, ImportedCases, PaymentReport, ImportedPayments, CasePage, CaseSummary, KeptCase, KeptNote, ReckoningSheet)


def case_summary(case: Case, deposits: int) -> dict[str, object]:
    """`deposits`: how many of its records the viewer may read."""
    return {
        "case": case.ref, "reference": case.client_reference, "stage": case.stage, "version": case.file_version,
        "deposits": deposits, "created_at": format_time(case.created_at),
    }


def case_answer(file: CaseFile, deposits: int) -> dict[str, object]:
    """What is seen of the file; masked for others than the lender whose case it is."""
    shown, sight = file if file.own else file.masked(), file.sight
    return {
        **case_summary(file.case, deposits), "opened": "whole" if sight.whole else "identity",
        "as_of": None if sight.as_of is None else format_time(sight.as_of), **_facts(shown.facts),
        "notes": [note_answer(note) for note in shown.notes]}


def note_answer(note: NoteFacts) -> dict[str, object]:
    return {"number": note.number, "at": format_time(note.at), "by": note.actor, "text": note.text, "shared": note.shared}


def report_answer(report: Report) -> dict[str, object]:
    return {
        "import": report.ref, "format": report.format, "sha256": report.sha256, "rows": report.rows, "cases": report.cases,
        "faults": len(report.faults),
        "errors": [{"row": each.row, "column": each.column, "detail": each.detail} for each in report.faults[:LISTED]],
        "kept_until": None if report.kept_until is None else format_time(report.kept_until),
    }


def payment_report_answer(report: Report) -> dict[str, object]:
    return {**report_answer(report), "payments": report.payments, "known": report.known}


def imported_answer(done: CaseImport) -> dict[str, object]:
    assert done.imported_at is not None
    return {"import": done.ref, "cases": done.cases, "imported_at": format_time(done.imported_at)}


def imported_payments_answer(done: CaseImport) -> dict[str, object]:
    return {**imported_answer(done), "payments": done.payments}


def status_answer(found: CaseImport, faults: Sequence[RowFault]) -> dict[str, object]:
    times = {name: getattr(found, name) for name in ("checked_at", "confirmed_at", "imported_at", "refused_at")}
    return {
        "import": found.ref, "kind": found.kind, "state": found.state.value, "rows": found.rows, "cases": found.cases,
        "payments": found.payments, **{name: None if at is None else format_time(at) for name, at in times.items()},
        "refused_for": found.refused_for, "faults": found.faults,
        "errors": [{"row": each.row, "column": each.column, "detail": each.detail} for each in faults]}


def caps_answer(caps: tuple[RateCap, ...]) -> dict[str, object]:
    return {"caps": [
        {"annual_rate": rate_text(cap.annual_rate), "effective_from": _day(cap.effective_from), "source": cap.source,
         "stated_by": cap.stated_by, "effective_until": _day(cap.effective_until), "day_count": cap.day_count.value}
        for cap in caps]}


def _facts(facts: CaseFacts) -> dict[str, object]:
    return {
        "creditor_sides": [_side(side) for side in facts.sides],
        "agreement": None if facts.agreement is None else _agreement(facts.agreement),
        "drawdowns": [_drawdown(each) for each in facts.drawdowns],
        "payments": [
            {"reference": each.reference, "received_on": _day(each.received_on), "amount": _sum(each.amount),
             "designation": each.designation}
            for each in facts.payments],
        "charges": [
            {"reference": each.reference, "drawdown": each.drawdown, "charged_on": _day(each.charged_on), "amount": _sum(each.amount),
             "is_fee": each.is_fee}
            for each in facts.charges],
        "parties": [_party(party) for party in facts.parties],
    }


def _side(side: SideFacts) -> dict[str, object]:
    return {
        "creditors": [
            {"name": each.name, "share": rate_text(each.share), "credit_code": each.credit_code or None} for each in side.creditors],
        "assigned_on": _day(side.assigned_on), "notice_record": side.notice_record or None,
        "claimant_name": side.claimant_name or None, "claimant_basis": side.claimant_basis or None,
    }


def _agreement(agreement: SignedAgreement) -> dict[str, object]:
    of = agreement.terms
    return {
        "number": agreement.number, "signed_on": _day(agreement.signed_on), "day_count": of.day_count.value,
        "penalty_uplift": rate_text(of.penalty_uplift), "compound": of.compound, "designation": of.designation,
        "within": None if of.within is None else [each.value for each in of.within],
        "between": None if of.between is None else [each.value for each in of.between],
        "clauses": {name: getattr(of.clauses, name) for name in of.clauses.__slots__},
    }


def _drawdown(drawdown: Drawdown) -> dict[str, object]:
    return {
        "reference": drawdown.reference, "principal": _sum(drawdown.principal), "drawn_on": _day(drawdown.drawn_on),
        "annual_rate": rate_text(drawdown.annual_rate), "months": drawdown.months, "repayment": drawdown.repayment.value,
        "due_day": drawdown.due_day, "security": _sum(drawdown.security), "accelerated_on": _day(drawdown.accelerated_on),
    }


def _party(party: PartyFacts) -> dict[str, object]:
    return {
        "reference": party.reference, "role": party.role.value, "kind": party.kind.value, "name": party.name,
        "identity_number": party.identity_number,
        "contact_points": [
            {"kind": each.kind.value, "value": each.value, "basis": each.basis.value, "confirmed": each.confirmed,
             "last_active_at": None if each.last_active_at is None else format_time(each.last_active_at)}
            for each in party.contact_points],
        "consents": [
            {"kind": each.kind.value, "given_on": _day(each.given_on), "document": each.document or None, "record": each.record or None,
             "withdrawn_on": _day(each.withdrawn_on)}
            for each in party.consents],
    }


def _sum(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
