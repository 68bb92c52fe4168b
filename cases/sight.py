"""How much of a case's *file* a viewer sees; what of its records, `cases.roots.Access` says. One rule, for pages and the API alike.

- Own, assigned, granted, accepted as a whole, ordered without kinds: the whole file, as it is now. That an agency sees only its own
  deposits (`only_of`) narrows records, not the file: it works on the debt, and cannot without amounts, contacts and consents.
- Accepted as of a moment (`as_of`: the submission of the records of that moment, or the revocation of its grant): the file without what
  is dated later: payments, charges, drawdowns, assignments of the debt, consents and their withdrawals, shared notes. Parties, contact
  points, the agreement's terms and the stage carry no date of their entry and stand as they are now; no sum is reckoned beyond that day.
- Ordered for some kinds of evidence: who the debtor and the creditor are, and the case's reference, without which the order could not be
  used. No contact point, no consent, no other party, no amount, no shared note.
- A note is seen by the organisation that wrote it, whatever else that may see of the file; by others who see the file when it was written
  as shared. That holds for the organisation whose case it is too: what an institution notes for itself is not the lender's to read.

Of several roots the widest counts. Row-level security draws the same lines, but for later dates in columns of earlier rows (docs/adr/0019):
the withdrawal of a consent, an acceleration, the last use of a contact point. Pure: no rows.
"""
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from cases.facts import CaseFacts, ConsentFacts, PartyFacts, PartyRole
from cases.reckoning.terms import Drawdown
from cases.roots import Access
from tlog.times import CHINA


@dataclass(frozen=True, slots=True)
class Sight:
    """`whole`: the file, and not only who is concerned. `as_of`: no later than this moment; None for as it is now.

    `chain`: every record of the case, so that the figures of its chain tell the viewer nothing that he does not see.
    """

    whole: bool
    as_of: datetime | None
    chain: bool

    @property
    def last_day(self) -> date | None:
        """The last day in China of which the file says something."""
        return None if self.as_of is None else self.as_of.astimezone(CHINA).date()

    def shows_note(self, *, by_own: bool, shared: bool, at: datetime) -> bool:
        return by_own or (shared and self.whole and (self.as_of is None or at <= self.as_of))

    def of(self, facts: CaseFacts) -> CaseFacts:
        """What of the file is seen."""
        if not self.whole:
            return _identity(facts)
        return facts if self.last_day is None or self.as_of is None else _until(facts, self.last_day, self.as_of)


def sight_by(roots: Iterable[Access]) -> Sight:
    """The widest that these roots give together."""
    found = list(roots)
    files = [access for access in found if not access.kinds]
    live = any(access.as_of is None for access in files)
    dated = [access.as_of for access in files if access.as_of is not None]
    return Sight(bool(files), None if live or not dated else max(dated), any(access.whole for access in found))


def _identity(facts: CaseFacts) -> CaseFacts:
    sides = tuple(replace(side, notice_record="") for side in facts.sides)
    debtors = (party for party in facts.parties if party.role is PartyRole.DEBTOR)
    return CaseFacts(sides, parties=tuple(replace(party, contact_points=(), consents=()) for party in debtors))


def _until(facts: CaseFacts, day: date, moment: datetime) -> CaseFacts:
    signed = facts.agreement
    return CaseFacts(
        sides=tuple(side for side in facts.sides if side.assigned_on is None or side.assigned_on <= day),
        agreement=signed if signed is None or signed.signed_on <= day else None,
        drawdowns=tuple(_drawdown(each, day) for each in facts.drawdowns if each.drawn_on <= day),
        payments=tuple(each for each in facts.payments if each.received_on <= day),
        charges=tuple(each for each in facts.charges if each.charged_on <= day),
        parties=tuple(_party(each, day, moment) for each in facts.parties))


def _drawdown(drawdown: Drawdown, day: date) -> Drawdown:
    later = drawdown.accelerated_on is not None and drawdown.accelerated_on > day
    return replace(drawdown, accelerated_on=None) if later else drawdown


def _party(party: PartyFacts, day: date, moment: datetime) -> PartyFacts:
    contacts = tuple(
        replace(each, last_active_at=None) if each.last_active_at is not None and each.last_active_at > moment else each
        for each in party.contact_points)
    consents = tuple(_consent(each, day) for each in party.consents if each.given_on <= day)
    return replace(party, contact_points=contacts, consents=consents)


def _consent(consent: ConsentFacts, day: date) -> ConsentFacts:
    later = consent.withdrawn_on is not None and consent.withdrawn_on > day
    return replace(consent, withdrawn_on=None) if later else consent
