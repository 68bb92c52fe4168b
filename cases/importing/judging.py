"""From rows to case files: every fault with its row and its column, or the files that the rows make. Pure but for the translation."""
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cases.fact_faults import fact_faults
from cases.facts import (
    CaseFacts,
    ContactBasis,
    ContactFacts,
    ContactKind,
    CreditorFacts,
    PartyFacts,
    PartyKind,
    PartyRole,
    SideFacts,
    SignedAgreement,
)
from cases.importing.columns import COLUMNS, title_of
from cases.importing.lines import Line, RowFault, read_lines
from cases.importing.tables import Table
from cases.reckoning.terms import Agreement, Clauses, Drawdown

_ONE = Decimal(1)
DRAWDOWN = re.compile(r"/drawdowns/([0-9]+)/(\w+)", re.ASCII)
# Where a fault of the file stands in a row, by the end of its pointer.
PLACES = {
    "penalty_uplift": "penalty_uplift", "signed_on": "signed_on", "identity_number": "identity_number", "value": "phone",
    "principal": "principal", "drawn_on": "drawn_on", "annual_rate": "annual_rate", "months": "months", "due_day": "due_day",
    "accelerated_on": "accelerated_on", "reference": "drawdown",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """`rows`: of data. `cases`: (reference, file, row that it begins in), complete only when there is no fault."""

    rows: int
    cases: tuple[tuple[str, CaseFacts, int], ...]
    faults: tuple[RowFault, ...]


def judge(table: Table, *, creditor: str) -> Judged:
    """`creditor`: who is owed where the file does not say. Raises Unreadable when the header is not one of a file of cases."""
    lines, faults = read_lines(table, COLUMNS)
    by_case: dict[str, list[Line]] = {}
    for line in lines:
        by_case.setdefault(line.values["reference"], []).append(line)
    cases = []
    for reference, of_case in by_case.items():
        facts, wrong = _case(of_case, creditor)
        faults += wrong
        cases.append((reference, facts, of_case[0].row))
    return Judged(len(table.rows) - 1, tuple(cases), tuple(sorted(faults)))


def _case(lines: list[Line], creditor: str) -> tuple[CaseFacts, list[RowFault]]:
    facts = _facts(lines, creditor)
    faults = [*_disagreements(lines), *(_placed(lines, pointer, detail) for pointer, detail in fact_faults(facts))]
    return facts, faults


def _disagreements(lines: list[Line]) -> Iterator[RowFault]:
    first = lines[0]
    for line in lines[1:]:
        for column in COLUMNS:
            if not column.of_drawdown and line.values.get(column.name) != first.values.get(column.name):
                yield RowFault(line.row, column.title, _("与同一案件的第 %(row)s 行不一致") % {"row": first.row})


def _placed(lines: list[Line], pointer: str, detail: str) -> RowFault:
    found = DRAWDOWN.match(pointer)
    line = lines[int(found[1])] if found else lines[0]
    name = PLACES.get(pointer.rpartition("/")[2], "")
    return RowFault(line.row, title_of(COLUMNS, name), detail)


def _facts(lines: list[Line], creditor: str) -> CaseFacts:
    of = lines[0].values
    terms = Agreement(
        of["day_count"], of.get("penalty_uplift", Agreement(of["day_count"]).penalty_uplift), of.get("compound", False),
        clauses=Clauses(rate=of.get("rate_clause"), penalty=of.get("penalty_clause")))
    debtor = PartyFacts(
        "debtor", PartyRole.DEBTOR, of.get("debtor_kind", PartyKind.PERSON), of["debtor_name"], of.get("identity_number"),
        tuple(_contacts(of)))
    return CaseFacts(
        (SideFacts((CreditorFacts(of.get("creditor", creditor), _ONE),)),), SignedAgreement(of["agreement_number"], of["signed_on"], terms),
        tuple(_drawdown(line.values) for line in lines), parties=(debtor,))


def _contacts(of: dict[str, Any]) -> Iterable[ContactFacts]:
    for name, kind in (("phone", ContactKind.MOBILE), ("address", ContactKind.ADDRESS)):
        if name in of:
            yield ContactFacts(kind, of[name], ContactBasis.CONTRACT)


def _drawdown(of: dict[str, Any]) -> Drawdown:
    return Drawdown(
        of["drawdown"], of["principal"], of["drawn_on"], of["annual_rate"], of["months"], of["repayment"], of.get("due_day"),
        accelerated_on=of.get("accelerated_on"))
