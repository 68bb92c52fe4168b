"""What people type into the forms of access: lists of case ids, days in China. Judged by the services; here only read."""
import re
from datetime import datetime, timedelta

from django.http import QueryDict

from accounts.models import Organisation
from cases.conditions import MOST_CASES, MOST_WORDS
from cases.errors import CasesMissing, PeriodUnsuitable
from cases.reckoning.soundness import FIRST_DAY, LAST_DAY
from cases.selectors import BETWEEN, own_case_refs
from tlog.times import CHINA


def refs_of(form: QueryDict, name: str = "cases") -> list[str]:
    """The ids that stand in a text field, one a line or between commas, and those of ticked boxes of the same name."""
    return [word.lower() for text in form.getlist(name) for word in BETWEEN.split(text) if word]


def own_cases_of(organisation: Organisation, form: QueryDict) -> list[str]:
    """The refs of the organisation's own cases that stand in the field `cases`, one a line, by our id or by the client's own reference.

    Raises CasesMissing for more lines than a batch may have, CasesUnknown.
    """
    lines = [line.strip() for text in form.getlist("cases") for line in text.splitlines()]
    if sum(map(bool, lines)) > MOST_CASES or sum(len(BETWEEN.split(line)) for line in lines) > MOST_WORDS:
        raise CasesMissing(limit=MOST_CASES, pointer="/cases")
    return own_case_refs(organisation, lines)


def day(form: QueryDict, name: str, *, end: bool = False, now: datetime | None = None) -> datetime:
    """The beginning of the day in China that a date field names, or of the day after it (`end`); `now` for an empty one when given.

    Raises PeriodUnsuitable, also for a day outside 1980 to 2099: a calendar ends, and no period of ours comes near its ends.
    """
    text = form.get(name, "").strip()
    if not text and now is not None:
        return now
    try:
        begins = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=CHINA)
    except ValueError:
        raise PeriodUnsuitable(pointer=f"/{name}") from None
    if not FIRST_DAY <= begins.date() < LAST_DAY:
        raise PeriodUnsuitable(pointer=f"/{name}")
    return begins + timedelta(days=1) if end else begins


def number(form: QueryDict, name: str) -> int:
    """The number that was typed; -1, which every rule refuses, for anything else."""
    text = form.get(name, "").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text, re.ASCII) else -1
