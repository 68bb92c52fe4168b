"""Which debt a receipt pays (民法典 560): pure decisions over candidates, no sums moved.

A candidate is one drawdown's due part, or its part that is not due yet; due parts come first. Among candidates the criteria apply in
turn; those that are equal in all of them are paid pro rata to their amounts. The burden of a debt is its annual rate: the uplift is
the same for all.
What it does not do: order the components of one debt (民法典 561, in `debt`).
Source: 民法典 560.
"""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from cases.reckoning.terms import Criterion

DESIGNATED, ONLY, ALREADY_DUE, PRO_RATA, EARLY = "designated", "only-debt", "already-due", "pro-rata", "not-yet-due"

Key = tuple[Decimal | date, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """`amount`: what could be paid, more than 0; `due_on`: the earliest day on which any of it fell or falls due."""

    drawdown: str
    amount: Decimal
    security: Decimal
    annual_rate: Decimal
    due_on: date


@dataclass(frozen=True, slots=True)
class Turn:
    """Candidates that are paid together, pro rata when there are several; `reason`: what put them before those that follow."""

    candidates: tuple[Candidate, ...]
    reason: str


def turns(candidates: Iterable[Candidate], criteria: Sequence[Criterion]) -> list[Turn]:
    """The candidates in the order in which they are paid."""
    ordered = sorted(candidates, key=lambda each: (_key(each, criteria), each.drawdown))
    groups = [(key, tuple(group)) for key, group in groupby(ordered, key=lambda each: _key(each, criteria))]
    found = []
    for place, (key, group) in enumerate(groups):
        neighbour = groups[place + 1][0] if place + 1 < len(groups) else groups[place - 1][0] if place else key
        found.append(Turn(group, _reason(key, neighbour, criteria, together=len(group) > 1)))
    return found


def _key(candidate: Candidate, criteria: Sequence[Criterion]) -> Key:
    ranks: dict[Criterion, Decimal | date] = {
        Criterion.SECURITY: candidate.security, Criterion.BURDEN: -candidate.annual_rate, Criterion.DUE: candidate.due_on,
    }
    return tuple(ranks[criterion] for criterion in criteria)


def _reason(key: Key, neighbour: Key, criteria: Sequence[Criterion], *, together: bool) -> str:
    """The first criterion that tells the group from its neighbour."""
    if together:
        return PRO_RATA
    return next((criterion.value for criterion, own, other in zip(criteria, key, neighbour, strict=True) if own != other), ONLY)
