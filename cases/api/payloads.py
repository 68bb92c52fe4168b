"""JSON bodies of requests about cases, as msgspec types, and the values that they stand for; the OpenAPI document is made from them.

Sums and rates are strings: a float is not money. What a single member cannot show, `cases.fact_faults` judges.
"""
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from django.utils.translation import gettext as _
from msgspec import Meta, Struct

from cases import facts
from cases.errors import CaseInvalid
from cases.models import Case
from cases.reckoning import terms
from common.bodies import Time
from tlog.errors import VerificationError
from tlog.times import parse_time

PLAIN = r"^[^\x00-\x1f\x7f]+$(?!\n)"
Reference = Annotated[str, Meta(pattern=PLAIN, max_length=128)]
Word = Annotated[str, Meta(pattern=PLAIN, max_length=64)]
Line = Annotated[str, Meta(pattern=PLAIN, max_length=200)]
Source = Annotated[str, Meta(pattern=PLAIN, max_length=300)]
NoteBody = Annotated[str, Meta(pattern=r"^(?=\s*\S)[^\x00-\x08\x0b-\x1f\x7f]+$(?!\n)", max_length=2000)]
Sum = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,12})(\.[0-9]{1,2})?$(?!\n)", description="yuan", examples=["12000.50"])]
Rate = Annotated[str, Meta(
    pattern=r"^(0|[1-9][0-9]?)(\.[0-9]{1,8})?$(?!\n)", description="a fraction of one a year: 0.145 is 14.5 %", examples=["0.145"])]
Share = Annotated[str, Meta(pattern=r"^(1|1\.0{1,8}|0\.[0-9]{0,7}[1-9])$(?!\n)", description="a fraction of one", examples=["0.3"])]
Code = Annotated[str, Meta(pattern=r"^[0-9A-Z]{18}$(?!\n)")]
Number = Annotated[str, Meta(pattern=r"^CZ-[0-9A-Z-]{1,30}$(?!\n)", description="a record number", examples=["CZ-20261123-4K7QM-X2R9D-0"])]
Identity = Annotated[str, Meta(pattern=r"^[0-9A-Za-z()-]{4,30}$(?!\n)")]
DayCount = Literal["actual/360", "actual/365", "30/360"]
Repayment = Literal["equal-instalments", "equal-principal", "interest-first", "bullet"]
Component = Literal["costs", "fees", "interest", "penalty", "compound", "principal"]
Criterion = Literal["security", "burden", "due"]
Contact = Literal["mobile", "telephone", "email", "address", "wechat"]
Basis = Literal["contract", "declared", "repaired", "public"]
Role = Literal["debtor", "co_debtor", "guarantor", "spouse", "agent"]
Stage = Literal["open", "entrusted", "demanded", "notary", "arbitration", "litigation", "enforcement", "settled", "closed"]


class Payload(Struct, forbid_unknown_fields=True, frozen=True):
    """Base of all: a member that nobody knows is a mistake, not a wish."""


class Creditor(Payload, frozen=True):
    name: Line
    share: Share
    credit_code: Code | None = None


class CreditorSide(Payload, frozen=True):
    """The original creditors, then one side for each assignment of the debt.

    `claimant_name`: who claims for all of them; null where each claims its own share.
    """

    creditors: Annotated[tuple[Creditor, ...], Meta(min_length=1, max_length=20)]
    assigned_on: date | None = None
    notice_record: Number | None = None
    claimant_name: Line | None = None
    claimant_basis: Line | None = None


class Clauses(Payload, frozen=True):
    """The contract's own clause numbers."""

    rate: Word | None = None
    repayment: Word | None = None
    penalty: Word | None = None
    compound: Word | None = None
    acceleration: Word | None = None
    appropriation: Word | None = None
    charges: Word | None = None


class Agreement(Payload, frozen=True):
    """`within`, `between`: the contract's orders of appropriation; null for those of 民法典 560 and 561."""

    number: Reference
    signed_on: date
    day_count: DayCount
    penalty_uplift: Rate = "0"
    compound: bool = False
    designation: bool = True
    within: Annotated[tuple[Component, ...], Meta(min_length=6, max_length=6)] | None = None
    between: Annotated[tuple[Criterion, ...], Meta(max_length=3)] | None = None
    clauses: Clauses = Clauses()


class Drawdown(Payload, frozen=True):
    reference: Reference
    principal: Sum
    drawn_on: date
    annual_rate: Rate
    months: Annotated[int, Meta(ge=1, le=360)]
    repayment: Repayment
    due_day: Annotated[int, Meta(ge=1, le=31)] | None = None
    security: Sum = "0"
    accelerated_on: date | None = None


class Payment(Payload, frozen=True):
    reference: Reference
    received_on: date
    amount: Sum
    designation: Reference | None = None


class Charge(Payload, frozen=True):
    reference: Reference
    drawdown: Reference
    charged_on: date
    amount: Sum
    is_fee: bool = False


class ContactPoint(Payload, frozen=True):
    kind: Contact
    value: Line
    basis: Basis
    confirmed: bool = False
    last_active_at: Time | None = None


class Consent(Payload, frozen=True):
    kind: Literal[
        "personal_information", "provision", "electronic_service", "service_address", "recording", "enforcement", "arbitration"]
    given_on: date
    document: Line | None = None
    record: Number | None = None
    withdrawn_on: date | None = None


class Party(Payload, frozen=True):
    """`reference`: your word for the party in this case, such as `debtor`."""

    reference: Word
    role: Role
    name: Line
    kind: Literal["person", "organisation"] = "person"
    identity_number: Identity | None = None
    contact_points: Annotated[tuple[ContactPoint, ...], Meta(max_length=20)] = ()
    consents: Annotated[tuple[Consent, ...], Meta(max_length=50)] = ()


class CaseFileBody(Payload, frozen=True):
    """A case file as a whole."""

    creditor_sides: Annotated[tuple[CreditorSide, ...], Meta(min_length=1, max_length=20)]
    agreement: Agreement | None = None
    drawdowns: Annotated[tuple[Drawdown, ...], Meta(max_length=20)] = ()
    payments: Annotated[tuple[Payment, ...], Meta(max_length=600)] = ()
    charges: Annotated[tuple[Charge, ...], Meta(max_length=200)] = ()
    parties: Annotated[tuple[Party, ...], Meta(max_length=20)] = ()


class NewCase(CaseFileBody, frozen=True, kw_only=True):
    """`reference`: your own case number, the same that deposits name."""

    reference: Reference


class RevisedCase(CaseFileBody, frozen=True, kw_only=True):
    """`version`: that of the file that you read; 0 for a case that deposits have opened and that has no file yet."""

    version: Annotated[int, Meta(ge=0, le=2**53 - 1)]


class CaseSearch(Payload, frozen=True):
    """Exact, in the body and never in an address. Give `reference` alone, or any of the others, which must all match one party."""

    reference: Reference | None = None
    name: Line | None = None
    identity_number: Identity | None = None
    phone: Word | None = None
    cursor: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")] | None = None


class StageMove(Payload, frozen=True):
    """`seen`: the stage that you saw; the move is refused when it is another by now."""

    stage: Stage
    seen: Stage


class NewNote(Payload, frozen=True):
    """`shared`: also for the other organisations that may see the case's file; else for your own organisation alone."""

    text: NoteBody
    shared: bool = False


class ImportConfirmation(Payload, frozen=True):
    """`sha256`: of the file, as the report of the check has it."""

    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]


class RateCap(Payload, frozen=True):
    """`source`: the document, its number and article; `stated_by`: who says that it applies. In force until the day before the last."""

    annual_rate: Rate
    effective_from: date
    source: Source
    stated_by: Line
    effective_until: date | None = None
    day_count: DayCount = "actual/365"


class RateCaps(Payload, frozen=True):
    caps: Annotated[tuple[RateCap, ...], Meta(max_length=100)]


# Made here, in one thread: msgspec learns a type at its first use, and two first requests at once would crash the process.
NEW_CASE: "msgspec.json.Decoder[NewCase]" = msgspec.json.Decoder(NewCase)
REVISED_CASE: "msgspec.json.Decoder[RevisedCase]" = msgspec.json.Decoder(RevisedCase)
CASE_SEARCH: "msgspec.json.Decoder[CaseSearch]" = msgspec.json.Decoder(CaseSearch)
STAGE_MOVE: "msgspec.json.Decoder[StageMove]" = msgspec.json.Decoder(StageMove)
NEW_NOTE: "msgspec.json.Decoder[NewNote]" = msgspec.json.Decoder(NewNote)
IMPORT_CONFIRMATION: "msgspec.json.Decoder[ImportConfirmation]" = msgspec.json.Decoder(ImportConfirmation)
RATE_CAPS: "msgspec.json.Decoder[RateCaps]" = msgspec.json.Decoder(RateCaps)
TYPES: tuple[Any, ...] = (NewCase, RevisedCase, CaseSearch, StageMove, NewNote, ImportConfirmation, RateCaps)


def case_facts(body: CaseFileBody) -> facts.CaseFacts:
    """The file that a body says, not judged yet. Raises CaseInvalid for a time that no calendar has."""
    return facts.CaseFacts(
        sides=tuple(_side(each) for each in body.creditor_sides),
        agreement=None if body.agreement is None else _agreement(body.agreement),
        drawdowns=tuple(_drawdown(each) for each in body.drawdowns),
        payments=tuple(terms.Receipt(each.reference, each.received_on, Decimal(each.amount), each.designation) for each in body.payments),
        charges=tuple(
            terms.Charge(each.reference, each.drawdown, each.charged_on, Decimal(each.amount), each.is_fee) for each in body.charges),
        parties=tuple(_party(f"/parties/{place}", each) for place, each in enumerate(body.parties)))


def _side(body: CreditorSide) -> facts.SideFacts:
    creditors = tuple(facts.CreditorFacts(each.name, Decimal(each.share), each.credit_code or "") for each in body.creditors)
    return facts.SideFacts(creditors, body.assigned_on, body.notice_record or "", body.claimant_name or "", body.claimant_basis or "")


def _agreement(body: Agreement) -> facts.SignedAgreement:
    return facts.SignedAgreement(body.number, body.signed_on, terms.Agreement(
        terms.DayCount(body.day_count), Decimal(body.penalty_uplift), body.compound,
        None if body.within is None else tuple(terms.Component(each) for each in body.within),
        None if body.between is None else tuple(terms.Criterion(each) for each in body.between),
        body.designation, terms.Clauses(**msgspec.structs.asdict(body.clauses))))


def _drawdown(body: Drawdown) -> terms.Drawdown:
    return terms.Drawdown(
        body.reference, Decimal(body.principal), body.drawn_on, Decimal(body.annual_rate), body.months, terms.Repayment(body.repayment),
        body.due_day, Decimal(body.security), body.accelerated_on)


def _party(pointer: str, body: Party) -> facts.PartyFacts:
    contacts = tuple(
        facts.ContactFacts(
            facts.ContactKind(each.kind), each.value, facts.ContactBasis(each.basis), each.confirmed,
            _moment(f"{pointer}/contact_points/{place}/last_active_at", each.last_active_at))
        for place, each in enumerate(body.contact_points))
    consents = tuple(
        facts.ConsentFacts(facts.ConsentKind(each.kind), each.given_on, each.document or "", each.record or "", each.withdrawn_on)
        for each in body.consents)
    return facts.PartyFacts(
        body.reference, facts.PartyRole(body.role), facts.PartyKind(body.kind), body.name, body.identity_number, contacts, consents)


def _moment(pointer: str, text: str | None) -> datetime | None:
    try:
        return None if text is None else parse_time(text)
    except VerificationError:
        raise CaseInvalid(faults=[(pointer, _("没有这个日期或时间"))], count=1) from None


def rate_caps(body: RateCaps) -> tuple[terms.RateCap, ...]:
    return tuple(
        terms.RateCap(
            Decimal(each.annual_rate), each.effective_from, each.source, each.stated_by, each.effective_until,
            terms.DayCount(each.day_count))
        for each in body.caps)


def stage_of(text: Stage) -> Case.Stage:
    return Case.Stage(text)
