"""From rows to payments: which case a row speaks of, and what it adds to the loan of that case. Pure but for the translation.

A payment that is recorded already, word for word, is no fault and adds nothing, so that a lender may send the whole ledger each time; one
that differs from what is recorded under its number is a fault. New payments are judged with the whole loan, by the rules of a case file.
"""
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from cases.fact_faults import WORDS, loan_faults
from cases.facts import CaseFacts
from cases.importing.columns import PAYMENT_COLUMNS, title_of
from cases.importing.lines import Line, RowFault, read_lines
from cases.importing.tables import Table
from cases.reckoning.terms import Receipt

PAYMENT = re.compile(r"/payments/([0-9]+)/(\w+)", re.ASCII)
# Where a fault of a payment stands in a row, by the end of its pointer.
PLACES = {"reference": "payment", "received_on": "received_on", "amount": "amount", "designation": "designation"}


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """The case by the lender's reference for it, or by the number of a drawdown, or by both, which must agree; one of them is there."""

    row: int
    reference: str | None
    drawdown: str | None
    payment: Receipt


@dataclass(frozen=True, slots=True)
class JudgedPayments:
    """`new`: what the rows add, worth something only when there is no fault. `known`: how many rows are recorded already."""

    new: tuple[Receipt, ...]
    known: int
    faults: tuple[RowFault, ...]


def payment_lines(table: Table) -> tuple[list[PaymentLine], list[RowFault]]:
    """The rows that name a case, and the faults of the others. Raises Unreadable when the header is not one of a file of payments."""
    lines, faults = read_lines(table, PAYMENT_COLUMNS)
    named = [line for line in lines if {"reference", "drawdown"} & set(line.values)]
    faults += [fault_at(line.row, "reference", _("客户案件编号与借据编号至少填写一项")) for line in lines if line not in named]
    return [_payment_line(line) for line in named], faults


def fault_at(row: int, name: str, detail: str) -> RowFault:
    """In the column of this name; "" for the row as a whole."""
    return RowFault(row, title_of(PAYMENT_COLUMNS, name), detail)


def judge_payments(lines: Sequence[PaymentLine], loan: CaseFacts) -> JudgedPayments:
    """The rows of one case against what its file says of the loan."""
    kept = {each.reference: each for each in loan.payments}
    fresh = [line for line in lines if line.payment.reference not in kept]
    again = [line for line in lines if line.payment.reference in kept]
    faults = [*_foreign_drawdowns(lines, loan)]
    faults += [
        fault_at(line.row, "payment", _("该收款编号已登记，内容与此不同；更正请修改案件档案"))
        for line in again if kept[line.payment.reference] != line.payment]
    new = tuple(line.payment for line in fresh)
    if fresh:
        whole = replace(loan, payments=(*loan.payments, *new))
        faults += [_placed(fresh, len(loan.payments), pointer, detail) for pointer, detail in loan_faults(whole)]
    return JudgedPayments(new, len(again), tuple(faults))


def _payment_line(line: Line) -> PaymentLine:
    of = line.values
    payment = Receipt(of["payment"], of["received_on"], of["amount"], of.get("designation"))
    return PaymentLine(line.row, of.get("reference"), of.get("drawdown"), payment)


def _foreign_drawdowns(lines: Sequence[PaymentLine], loan: CaseFacts) -> Iterator[RowFault]:
    own = {each.reference for each in loan.drawdowns}
    for line in lines:
        if line.drawdown is not None and line.drawdown not in own:
            yield fault_at(line.row, "drawdown", str(WORDS["names no drawdown of this case"]))


def _placed(fresh: Sequence[PaymentLine], kept: int, pointer: str, detail: str) -> RowFault:
    """What is wrong with the loan as a whole stands at the first row that adds to it."""
    found = PAYMENT.fullmatch(pointer)
    if found is None or int(found[1]) < kept:
        return fault_at(fresh[0].row, "", detail)
    return fault_at(fresh[int(found[1]) - kept].row, PLACES[found[2]], detail)
