"""What a case file says, as plain values: the same whether it came by the API, from a file or from the rows.

The loan is said in the reckoner's own terms (`cases.reckoning.terms`), so that what is kept is what is reckoned with.
What it does not do: judge (`cases.fact_faults`), mask (`cases.masks`).
"""
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from cases.reckoning.terms import Agreement, Charge, Drawdown, Receipt


class PartyRole(StrEnum):
    DEBTOR = "debtor"
    CO_DEBTOR = "co_debtor"
    GUARANTOR = "guarantor"
    SPOUSE = "spouse"
    AGENT = "agent"


class PartyKind(StrEnum):
    PERSON = "person"
    ORGANISATION = "organisation"


class ContactKind(StrEnum):
    MOBILE = "mobile"
    TELEPHONE = "telephone"
    EMAIL = "email"
    ADDRESS = "address"
    WECHAT = "wechat"


class ContactBasis(StrEnum):
    """How the lender came to know it: from the contract, from the party himself, by lawful contact repair, from a public source."""

    CONTRACT = "contract"
    DECLARED = "declared"
    REPAIRED = "repaired"
    PUBLIC = "public"


class ConsentKind(StrEnum):
    PERSONAL_INFORMATION = "personal_information"
    PROVISION = "provision"
    ELECTRONIC_SERVICE = "electronic_service"
    SERVICE_ADDRESS = "service_address"
    RECORDING = "recording"
    ENFORCEMENT = "enforcement"
    ARBITRATION = "arbitration"


@dataclass(frozen=True, slots=True)
class CreditorFacts:
    """`share`: of one; those of a side sum to 1."""

    name: str
    share: Decimal
    credit_code: str = ""


@dataclass(frozen=True, slots=True)
class SideFacts:
    """`assigned_on`: None for the original creditors. `notice_record`: number of the deposited notice; "" where it is not known."""

    creditors: tuple[CreditorFacts, ...]
    assigned_on: date | None = None
    notice_record: str = ""
    claimant_name: str = ""
    claimant_basis: str = ""


@dataclass(frozen=True, slots=True)
class SignedAgreement:
    number: str
    signed_on: date
    terms: Agreement


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """`value` is None once it was erased."""

    kind: ContactKind
    value: str | None
    basis: ContactBasis
    confirmed: bool = False
    last_active_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    """`document` names the paper and the clause, `record` is its number when it was deposited; one of them is there."""

    kind: ConsentKind
    given_on: date
    document: str = ""
    record: str = ""
    withdrawn_on: date | None = None


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """`reference`: the lender's word for the party in this case. `name` is None once it was erased, `identity_number` also when unknown."""

    reference: str
    role: PartyRole
    kind: PartyKind
    name: str | None
    identity_number: str | None = None
    contact_points: tuple[ContactFacts, ...] = ()
    consents: tuple[ConsentFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """One debtor × one creditor side × one or more drawdowns; the last of `sides` is the creditor now."""

    sides: tuple[SideFacts, ...]
    agreement: SignedAgreement | None = None
    drawdowns: tuple[Drawdown, ...] = ()
    payments: tuple[Receipt, ...] = ()
    charges: tuple[Charge, ...] = ()
    parties: tuple[PartyFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class NoteFacts:
    """`number`: its place among the notes that the viewer sees, from 1. `text` is None once it was erased."""

    number: int
    at: datetime
    actor: str
    text: str | None
    shared: bool = False
