"""The reckoning of a case file on a day: its loan in the reckoner's terms, under its lender's caps.

What it does not do: reckon (`cases.reckoning`), deposit the sheet (`evidence.reckonings`), read a file that nobody opened.
"""
import re
from datetime import date

from django.utils.translation import gettext as _

from cases.caps import WORDS, caps_of
from cases.errors import DayMalformed, ReckoningImpossible
from cases.facts import CaseFacts
from cases.reckoning.reckoner import Reckoning, reckon
from cases.reckoning.soundness import FIRST_DAY, LAST_DAY, cap_fault
from cases.reckoning.terms import Loan
from cases.selectors import CaseFile

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def reckoning_of(file: CaseFile, on: date) -> Reckoning:
    """What is owed on `on`, the day itself not counted. Raises ReckoningImpossible, also beyond what the viewer sees of the file."""
    if not file.sight.whole:
        raise ReckoningImpossible(reason=_("本案只向您开放债务人与债权人的身份，不含合同、借据与收款。"))
    if file.sight.last_day is not None and on > file.sight.last_day:
        raise ReckoningImpossible(reason=_("本案档案只向您开放至 %(day)s，此后的收款与费用您看不到，不能算到更晚的日期。") % {
            "day": file.sight.last_day.isoformat()})
    loan, caps = loan_of(file.facts), caps_of(file.case.organisation)
    if wrong := cap_fault(caps, min(each.drawn_on for each in loan.drawdowns), on):
        raise ReckoningImpossible(reason=str(WORDS[wrong]))
    return reckon(loan, on, caps)


def day_offered(file: CaseFile, today: date) -> date:
    """The day to which is reckoned when nobody named one: today, or the last day of which the viewer sees the file."""
    return today if file.sight.last_day is None else min(today, file.sight.last_day)


def loan_of(facts: CaseFacts) -> Loan:
    """The loan of a file. Raises ReckoningImpossible when it holds no agreement or no drawdown."""
    if facts.agreement is None or not facts.drawdowns:
        raise ReckoningImpossible(reason=_("案件档案中还没有合同和借据。"))
    return Loan(facts.agreement.terms, facts.drawdowns, facts.payments, facts.charges)


def day_of(text: str) -> date:
    """A day as addresses and forms write it. Raises DayMalformed."""
    try:
        day = date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not FIRST_DAY <= day < LAST_DAY:
        raise DayMalformed
    return day
