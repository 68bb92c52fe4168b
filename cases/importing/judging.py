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
from cases.importing.columns import BY_WORD, COLUMNS, Column, Wrong
from cases.importing.tables import Row, Table, Unreadable
from cases.reckoning.terms import Agreement, Clauses, Drawdown

_ONE = Decimal(1)
DRAWDOWN = re.compile(r"/drawdowns/([0-9]+)/(\w+)", re.ASCII)
# Where a fault of the file stands in a row, by the end of its pointer.
PLACES = {
    "penalty_uplift": "penalty_uplift", "signed_on": "signed_on", "identity_number": "identity_number", "value": "phone",
    "principal": "principal", "drawn_on": "drawn_on", "annual_rate": "annual_rate", "months": "months", "due_day": "due_day",
    "accelerated_on": "accelerated_on", "reference": "drawdown",
}


@dataclass(frozen=True, slots=True, order=True)
class RowFault:
    """`row` as the spreadsheet numbers it; `column` is a title of `columns`, "" where it is the row as a whole."""

    row: int
    column: str
    detail: str


@dataclass(frozen=True, slots=True)
class Judged:
    """`rows`: of data. `cases`: (reference, file, row that it begins in), complete only when there is no fault."""

    rows: int
    cases: tuple[tuple[str, CaseFacts, int], ...]
    faults: tuple[RowFault, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    row: int
    values: dict[str, Any]


def judge(table: Table, *, creditor: str) -> Judged:
    """`creditor`: who is owed where the file does not say. Raises Unreadable when the header is not one of a file of cases."""
    columns = _header(table)
    faults: list[RowFault] = []
    by_case: dict[str, list[_Line]] = {}
    for number, row in table.rows[1:]:
        line, wrong = _line(number, row, columns)
        faults += wrong
        if not wrong:
            by_case.setdefault(line.values["reference"], []).append(line)
    cases = []
    for reference, lines in by_case.items():
        facts, wrong = _case(lines, creditor)
        faults += wrong
        cases.append((reference, facts, lines[0].row))
    return Judged(len(table.rows) - 1, tuple(cases), tuple(sorted(faults)))


def _header(table: Table) -> list[Column | None]:
    if len(table.rows) < 2:
        raise Unreadable(_("文件中没有数据行；第一行为列名，其后每行一笔借据。"))
    titles = table.rows[0][1]
    columns = [BY_WORD.get(title) for title in titles]
    named = [column.name for column in columns if column is not None]
    if unknown := sum(bool(title) and column is None for title, column in zip(titles, columns, strict=True)):
        raise Unreadable(_("有 %(count)s 个列名无法识别；请使用模板中的列名。") % {"count": unknown})
    if len(set(named)) != len(named):
        raise Unreadable(_("列名重复。"))
    if missing := [column.title for column in COLUMNS if column.required and column.name not in named]:
        raise Unreadable(_("缺少必填列：%(columns)s") % {"columns": "、".join(missing)})
    return columns


def _line(number: int, row: Row, columns: list[Column | None]) -> tuple[_Line, list[RowFault]]:
    values: dict[str, Any] = {}
    faults = []
    cells = dict(zip([column.name if column else "" for column in columns], (*row, *[""] * (len(columns) - len(row))), strict=False))
    if any(row[len(columns):]) or any(cell for column, cell in zip(columns, row, strict=False) if column is None):
        faults.append(RowFault(number, "", _("有内容在没有列名的列中")))
    for column in (column for column in columns if column is not None):
        if not (cell := cells[column.name]):
            if column.required:
                faults.append(RowFault(number, column.title, _("必填")))
            continue
        try:
            values[column.name] = column.read(cell)
        except Wrong as wrong:
            faults.append(RowFault(number, column.title, str(wrong)))
    return _Line(number, values), faults


def _case(lines: list[_Line], creditor: str) -> tuple[CaseFacts, list[RowFault]]:
    facts = _facts(lines, creditor)
    faults = [*_disagreements(lines), *(_placed(lines, pointer, detail) for pointer, detail in fact_faults(facts))]
    return facts, faults


def _disagreements(lines: list[_Line]) -> Iterator[RowFault]:
    first = lines[0]
    for line in lines[1:]:
        for column in COLUMNS:
            if not column.of_drawdown and line.values.get(column.name) != first.values.get(column.name):
                yield RowFault(line.row, column.title, _("与同一案件的第 %(row)s 行不一致") % {"row": first.row})


def _placed(lines: list[_Line], pointer: str, detail: str) -> RowFault:
    found = DRAWDOWN.match(pointer)
    line = lines[int(found[1])] if found else lines[0]
    name = PLACES.get(pointer.rpartition("/")[2], "")
    return RowFault(line.row, BY_WORD[name].title if name else "", detail)


def _facts(lines: list[_Line], creditor: str) -> CaseFacts:
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
