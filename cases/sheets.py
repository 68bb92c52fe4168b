"""The kinds of sheet that may be imported: each is held against the rows that are kept, within the viewer's own cases, and written.

How a file is checked, kept and confirmed is the same for all of them and stands in `cases.imports`.
"""
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.viewer import Viewer
from cases.filing import add_payments, open_all
from cases.importing.judging import judge
from cases.importing.lines import RowFault
from cases.importing.payments import PaymentLine, fault_at, judge_payments, payment_lines
from cases.importing.tables import Table
from cases.models import Case, CaseImport
from cases.reckoning.terms import Receipt
from cases.selectors import cases_by_drawdown, cases_by_reference, loans_of, references_with_file


@dataclass(frozen=True, slots=True)
class Finding:
    """`rows`: of data. `cases`: that would be opened, or get payments. `payments`: new ones; `known`: that are recorded already.

    `write`: does it inside a transaction; not to be called when there are faults. Raises CaseChanged, IntegrityError.
    """

    rows: int
    faults: tuple[RowFault, ...]
    cases: int
    payments: int
    known: int
    write: Callable[[datetime], object]


def find_cases(viewer: Viewer, table: Table) -> Finding:
    """Raises Unreadable."""
    judged = judge(table, creditor=viewer.organisation.name)
    taken = references_with_file(viewer, [reference for reference, _, _ in judged.cases])
    filed = [
        RowFault(row, "客户案件编号", _("该编号的案件已有档案；导入只建立新档案"))
        for reference, _facts, row in judged.cases if reference in taken]
    files = [(reference, facts) for reference, facts, _ in judged.cases]
    return Finding(
        judged.rows, tuple(sorted((*judged.faults, *filed))), len(files), 0, 0, lambda now: open_all(viewer, files, now=now))


def find_payments(viewer: Viewer, table: Table) -> Finding:
    """Raises Unreadable."""
    lines, faults = payment_lines(table)
    by_case, unplaced = _by_case(viewer, lines)
    faults += unplaced
    received: list[tuple[Case, tuple[Receipt, ...]]] = []
    known = 0
    for case, loan in loans_of(viewer, by_case):
        judged = judge_payments(by_case[case.pk], loan)
        faults += judged.faults
        known += judged.known
        if judged.new:
            received.append((case, judged.new))
    count = sum(len(payments) for _, payments in received)
    return Finding(
        len(table.rows) - 1, tuple(sorted(faults)), len(received), count, known, lambda now: add_payments(viewer, received, now=now))


def _by_case(viewer: Viewer, lines: list[PaymentLine]) -> tuple[dict[int, list[PaymentLine]], list[RowFault]]:
    """The lines by the ids of their cases, and the faults of those whose case is not the viewer's, or not there, or not clear."""
    of_reference = cases_by_reference(viewer, {line.reference for line in lines if line.reference is not None})
    of_drawdown = cases_by_drawdown(viewer, {line.drawdown for line in lines if line.reference is None and line.drawdown is not None})
    by_case: dict[int, list[PaymentLine]] = {}
    faults = []
    for line in lines:
        if line.reference is not None:
            found = of_reference.get(line.reference, ())
            missing = fault_at(line.row, "reference", _("没有这个案件；不属于您机构的案件显示相同的结果"))
        else:
            found = of_drawdown.get(line.drawdown or "", ())
            missing = fault_at(line.row, "drawdown", _("没有这笔借据；不属于您机构的借据显示相同的结果"))
        if len(found) == 1:
            by_case.setdefault(found[0], []).append(line)
        elif found:
            faults.append(fault_at(line.row, "drawdown", _("不止一个案件有此借据编号；请填写客户案件编号")))
        else:
            faults.append(missing)
    return by_case, faults


SHEETS: dict[CaseImport.Kind, Callable[[Viewer, Table], Finding]] = {
    CaseImport.Kind.CASES: find_cases, CaseImport.Kind.PAYMENTS: find_payments}
