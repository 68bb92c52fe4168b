"""Lists of a page by state and by pages: what its address asks for, the rows, and the addresses of what follows.

A page may hold several lists. The members of an address that belong to a list begin with its name, `grants=ended&grants_after=…`, so that
one list is turned over while the others stay where they are. Refs alone stand in an address.
"""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.selectors import REF
from cases.phases import Phase
from common.problems import NotFound

PAGE = 50
CURRENT, ALL = "", "all"
Row = TypeVar("Row", bound=Model)
Word = str | Promise


class InPhase(Protocol):
    """The condition of a phase at a moment (`cases.phases`)."""

    def __call__(self, phase: Phase, now: datetime, /) -> Q: ...


@dataclass(frozen=True, slots=True)
class Choice:
    word: Word
    condition: Q


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """One list as a page shows it. `chosen`: the state that it is narrowed to; `first`, `next`: addresses, "" for nowhere to turn to.

    `kept`: what the address says of this page besides this list's state and cursor, for the form that narrows it.
    """

    name: str
    rows: Sequence[Row]
    states: Sequence[tuple[str, Word]]
    chosen: str
    first: str
    next: str
    kept: Sequence[tuple[str, str]]

    @property
    def narrowed(self) -> bool:
        """Whether rows may be missing because of a choice, or stand on a page before."""
        return bool(self.chosen) or bool(self.first)


def by_phase(condition: InPhase, now: datetime, **more: Choice) -> dict[str, Choice]:
    """What a list can be narrowed to: what has not ended, which stands there unasked, each phase, `more`, and everything."""
    ended = condition(Phase.ENDED, now)
    return {
        CURRENT: Choice(_("未结束的"), condition(Phase.RUNNING, now) | condition(Phase.WAITING, now)),
        Phase.RUNNING.value: Choice(_("进行中"), condition(Phase.RUNNING, now)),
        Phase.WAITING.value: Choice(_("待生效或待办"), condition(Phase.WAITING, now)), **more,
        Phase.ENDED.value: Choice(_("已结束"), ended), ALL: Choice(_("全部"), Q()),
    }


def chosen_state(typed: str, choices: Mapping[str, Choice]) -> str:
    """The state that an address or a form names; what nobody offers is no choice."""
    return typed if typed in choices else CURRENT


def listed(request: HttpRequest, name: str, rows: QuerySet[Row], choices: Mapping[str, Choice], narrow: Q | None = None) -> Listing[Row]:
    """The page that the address asks for of `rows`, which come the newest first. Raises NotFound for a cursor of nobody's."""
    given, cursor = request.GET, f"{name}_after"
    chosen, after = chosen_state(given.get(name, ""), choices), given.get(cursor, "")
    wanted: QuerySet[Any] = rows.filter(choices[chosen].condition & (narrow or Q()))
    if after:
        # The row may have left this state by now; it stands where it stood.
        last = rows.filter(ref=after).values_list("pk", flat=True).first() if REF.fullmatch(after) else None
        if last is None:
            raise NotFound
        wanted = wanted.filter(pk__lt=last)
    found = list(wanted[: PAGE + 1])
    turned = found[PAGE - 1].ref if len(found) > PAGE else ""
    return Listing(
        name, found[:PAGE], [(value, choice.word) for value, choice in choices.items()], chosen,
        _address(given, name, cursor, "") if after else "", _address(given, name, cursor, turned) if turned else "",
        [(other, str(value)) for other, value in given.items() if other not in (name, cursor)])


def here(request: HttpRequest) -> str:
    """What the address asks for, for the forms of the page: after them the lists stand where they stood."""
    return f"?{request.GET.urlencode()}" if request.GET else ""


def _address(given: QueryDict, name: str, cursor: str, turned: str) -> str:
    changed = given.copy()
    changed.pop(cursor, None)
    if turned:
        changed[cursor] = turned
    return f"?{changed.urlencode()}#{name}"
