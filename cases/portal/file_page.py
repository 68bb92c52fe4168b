"""What the parts of a case page show of its file: personal values masked, words in the reader's language, what is owed today.

`file_page` is the context object `file` of `templates/cases/parts/*.html`; whoever shows a case includes those that it wants.
"""
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.functional import Promise

from cases.errors import ReckoningImpossible
from cases.facts import ConsentFacts, NoteFacts, PartyFacts, SideFacts, SignedAgreement
from cases.models import Case
from cases.portal.terms import TermsView, terms_view
from cases.portal.words import BASES, COMPONENTS, CONSENTS, CONTACTS, KINDS, REPAYMENTS, ROLES, STAGES
from cases.reckoning.reckoner import Outstanding
from cases.reckoning.terms import Charge, Component, Drawdown, Receipt
from cases.reckonings import day_offered, reckoning_of
from cases.selectors import CaseFile

Word = str | Promise


@dataclass(frozen=True, slots=True)
class ContactView:
    kind: Word
    value: str | None
    basis: Word
    confirmed: bool
    last_active_at: datetime | None


@dataclass(frozen=True, slots=True)
class PartyView:
    """Masked; `name` is None once it was erased."""

    role: Word
    kind: Word
    name: str | None
    identity_number: str | None
    contacts: tuple[ContactView, ...]
    consents: tuple[tuple[Word, ConsentFacts], ...]


@dataclass(frozen=True, slots=True)
class FilePage:
    """`owed`: what is owed on `today`, None where `why_not` says why it cannot be reckoned. `agreement` is None without a file.

    `last_day`: of what the viewer sees of the file, None for as it is now; `today` is no later. `identity_only`: who is concerned, no more.
    """

    ref: str
    reference: str
    stage: Word
    version: int
    sides: tuple[SideFacts, ...]
    agreement: SignedAgreement | None
    drawdowns: tuple[tuple[Drawdown, Word], ...]
    payments: tuple[Receipt, ...]
    charges: tuple[tuple[Charge, Word], ...]
    terms: TermsView | None
    parties: tuple[PartyView, ...]
    notes: tuple[NoteFacts, ...]
    today: date
    owed: Outstanding | None
    why_not: str
    last_day: date | None
    identity_only: bool


def file_page(file: CaseFile, *, today: date) -> FilePage:
    """The file as its viewer's page shows it. `today`: the day to which is reckoned."""
    shown, today = file.masked(), day_offered(file, today)
    facts, owed, why_not = shown.facts, None, ""
    try:
        owed = reckoning_of(file, today).total
    except ReckoningImpossible as refusal:
        why_not = refusal.sentence()
    return FilePage(
        ref=file.case.ref, reference=file.case.client_reference, stage=STAGES[Case.Stage(file.case.stage)],
        version=file.case.file_version, sides=facts.sides, agreement=facts.agreement,
        drawdowns=tuple((each, REPAYMENTS[each.repayment]) for each in facts.drawdowns), payments=facts.payments,
        charges=tuple((each, COMPONENTS[Component.FEES if each.is_fee else Component.COSTS]) for each in facts.charges),
        terms=None if facts.agreement is None else terms_view(facts.agreement.terms),
        parties=tuple(_party(party) for party in facts.parties), notes=shown.notes, today=today, owed=owed, why_not=why_not,
        last_day=file.sight.last_day, identity_only=not file.sight.whole)


def _party(party: PartyFacts) -> PartyView:
    contacts = tuple(
        ContactView(CONTACTS[each.kind], each.value, BASES[each.basis], each.confirmed, each.last_active_at)
        for each in party.contact_points)
    return PartyView(
        ROLES[party.role], KINDS[party.kind], party.name, party.identity_number, contacts,
        tuple((CONSENTS[each.kind], each) for each in party.consents))
