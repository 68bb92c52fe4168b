"""The reckoning sheet (计算表): what was reckoned with, every row, every ground, and what is owed; as canonical JSON and as CSV.

The JSON is `tlog.canonical`: no floats, amounts and rates are strings, days are ISO dates; its bytes can be deposited. The CSV has the same
rows for people; its cells pass `common.cells`. Both are pure functions of the reckoning, so the same input gives the same bytes.
Words for people are Chinese: the sheet goes to a Chinese court. A page in another language hands its own words for the CSV (`Words`).
What it does not do: names of persons, which no reckoning knows.
Source: RFC 8785 with the limits of `tlog.canonical`; RFC 4180.
"""
import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cases.reckoning.appropriation import ALREADY_DUE, DESIGNATED, EARLY, ONLY, PRO_RATA
from cases.reckoning.reckoner import Outstanding, Reckoning
from cases.reckoning.rows import Ground, Row, RowKind, rate_text
from cases.reckoning.schedule import schedule
from cases.reckoning.terms import STATUTORY_BETWEEN, STATUTORY_WITHIN, Component, Criterion, Drawdown, RateCap
from common.cells import safe_cell
from tlog.canonical import canonical_json

SHEET_TYPE = "cunzheng/reckoning/v1"
CONVENTIONS = (
    "计息期间算头不算尾；截止日当日不计息。",
    "每一行计息金额在该行结束时四舍五入至分，合计不再舍入。",
    "罚息以到期未还本金为基数，利率为年利率×（1＋上浮比例）；复利以到期未还的期内利息为基数，按罚息利率计收，罚息与复利不再计收复利。",
    "法律所称利息在本表中分为期内利息、罚息、复利；法律未单列的约定费用列于利息之前；合同另有约定的从其约定。",
    "债务人负担的轻重以年利率衡量。提前还款后，剩余本金按原方式在剩余各期重新安排。",
    "提前只还利息的，还款计划不变；等额本息提前还本的，当期此前已计的利息计入当期应还款额。",
    "还款日不因节假日顺延。",
)
KINDS = {
    RowKind.DRAWN: "放款", RowKind.CHARGED: "费用发生", RowKind.INTEREST: "期内利息", RowKind.PENALTY: "罚息", RowKind.COMPOUND: "复利",
    RowKind.DUE: "到期", RowKind.ACCELERATED: "宣布提前到期", RowKind.APPROPRIATED: "抵充", RowKind.SURPLUS: "溢缴",
    RowKind.ALLOWED: "综合年化上限额度", RowKind.WITHHELD: "超出上限减除",
}
COMPONENTS = {
    Component.COSTS: "实现债权的费用", Component.FEES: "约定费用", Component.INTEREST: "期内利息", Component.PENALTY: "罚息",
    Component.COMPOUND: "复利", Component.PRINCIPAL: "本金",
}
REASONS = {
    DESIGNATED: "债务人指定", ONLY: "仅此一项债务", ALREADY_DUE: "已到期的债务优先", PRO_RATA: "各项均等，按比例",
    EARLY: "尚未到期，提前清偿", "rate-cap": "超过综合年化上限",
    Criterion.SECURITY.value: "担保较少者优先", Criterion.BURDEN.value: "负担较重者优先", Criterion.DUE.value: "先到期者优先",
}
COLUMNS = ("序号", "事项", "借据", "起日", "止日", "天数", "基数", "年利率", "计算式", "款项", "金额", "凭据", "理由", "依据")
OWED = (
    ("尚欠本金", "principal"), ("其中已到期本金", "principal_due"), ("期内利息", "interest"), ("罚息", "penalty"), ("复利", "compound"),
    ("约定费用", "fees"), ("实现债权的费用", "costs"), ("超出上限减除", "withheld"), ("合计", "total"),
)


WHAT, DRAWDOWN, AMOUNT = 1, 2, 10
"""Places among the columns of those that a sum fills."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a CSV calls things. `owed`: by the member of `Outstanding`; `until`: of a day and one of those; `every`: all drawdowns.

    `ground`: a ground in the reader's words; law and policies are quoted as they are written.
    """

    columns: tuple[str, ...]
    kinds: Mapping[RowKind, str]
    components: Mapping[Component, str]
    reasons: Mapping[str, str]
    owed: tuple[tuple[str, str], ...]
    every: str
    until: Callable[[str, str], str]
    surplus: str
    ground: Callable[[Ground], str]


CHINESE = Words(
    COLUMNS, KINDS, COMPONENTS, REASONS, OWED, "全部", lambda day, name: f"截至{day}{name}", "溢缴", lambda ground: ground.text)


def sheet_json(reckoning: Reckoning) -> bytes:
    """The sheet as canonical JSON."""
    return canonical_json(sheet_value(reckoning))


def sheet_value(reckoning: Reckoning) -> dict[str, object]:
    """The sheet as plain values: what `sheet_json` writes."""
    loan, terms = reckoning.loan, reckoning.loan.agreement
    return {
        "type": SHEET_TYPE, "at": _day(reckoning.at), "conventions": list(CONVENTIONS),
        "agreement": {
            "day_count": terms.day_count.value, "penalty_uplift": rate_text(terms.penalty_uplift), "compound": terms.compound,
            "designation": terms.designation,
            "within": _order(terms.within, STATUTORY_WITHIN), "between": _order(terms.between, STATUTORY_BETWEEN),
            "clauses": {name: getattr(terms.clauses, name) for name in terms.clauses.__slots__},
        },
        "caps": [_cap(cap) for cap in reckoning.caps],
        "drawdowns": [_drawdown(reckoning, each) for each in sorted(loan.drawdowns, key=lambda each: each.reference)],
        "receipts": [
            {"reference": each.reference, "received_on": _day(each.received_on), "amount": _sum(each.amount),
             "designation": each.designation}
            for each in sorted(loan.receipts, key=lambda each: (each.received_on, each.reference))],
        "charges": [
            {"reference": each.reference, "drawdown": each.drawdown, "charged_on": _day(each.charged_on), "amount": _sum(each.amount),
             "is_fee": each.is_fee}
            for each in sorted(loan.charges, key=lambda each: (each.charged_on, each.reference))],
        "rows": [{"number": number, **_row(row)} for number, row in enumerate(reckoning.rows, 1)],
        "outstanding": [_owed(each) for each in reckoning.outstanding], "total": _owed(reckoning.total), "surplus": _sum(reckoning.surplus),
    }


def sheet_csv(reckoning: Reckoning, words: Words = CHINESE) -> bytes:
    """The sheet's rows and sums for a spreadsheet; the byte order mark tells Excel that it is UTF-8."""
    text, on = io.StringIO(newline=""), _day(reckoning.at)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(words.columns)
    for number, row in enumerate(reckoning.rows, 1):
        writer.writerow([safe_cell(cell) for cell in _cells(number, row, words)])
    sums = [
        (words.until(on, name), owed.drawdown or words.every, getattr(owed, member))
        for owed in (*reckoning.outstanding, reckoning.total) for name, member in words.owed]
    if reckoning.surplus:
        sums.append((words.until(on, words.surplus), words.every, reckoning.surplus))
    for what, drawdown, amount in sums:
        cells = {WHAT: what, DRAWDOWN: drawdown, AMOUNT: _sum(amount)}
        writer.writerow([safe_cell(cells.get(place, "")) for place in range(len(words.columns))])
    return "\ufeff".encode() + text.getvalue().encode()


def _row(row: Row) -> dict[str, object]:
    return {
        "kind": row.kind.value, "drawdown": row.drawdown or None, "since": _maybe_day(row.since), "until": _day(row.until),
        "days": row.days, "base": _maybe_sum(row.base), "rate": _maybe_rate(row.rate), "year_days": row.year_days,
        "formula": row.formula, "amount": _sum(row.amount),
        "component": row.component.value if row.component else None, "reference": row.reference, "reason": row.reason,
        "grounds": [_ground(each) for each in row.grounds],
    }


def _ground(ground: Ground) -> dict[str, object]:
    cited = ground.citation
    law = {"instrument": cited.instrument, "version": cited.version, "article": cited.article, "paragraph": cited.paragraph,
           "item": cited.item} if cited else None
    return {"kind": ground.kind, "text": ground.text, "law": law}


def _cells(number: int, row: Row, words: Words) -> Iterable[str]:
    component = words.components[row.component] if row.component else ""
    return (
        str(number), words.kinds[row.kind], row.drawdown, _day(row.since) if row.since else "", _day(row.until),
        "" if row.days is None else str(row.days), _maybe_sum(row.base) or "", _maybe_rate(row.rate) or "", row.formula or "", component,
        _sum(row.amount), row.reference or "", words.reasons[row.reason] if row.reason else "",
        "；".join(words.ground(each) for each in row.grounds))


def _drawdown(reckoning: Reckoning, drawdown: Drawdown) -> dict[str, object]:
    planned = schedule(drawdown, reckoning.loan.agreement.day_count)
    return {
        "reference": drawdown.reference, "principal": _sum(drawdown.principal), "drawn_on": _day(drawdown.drawn_on),
        "annual_rate": rate_text(drawdown.annual_rate), "months": drawdown.months, "repayment": drawdown.repayment.value,
        "due_day": drawdown.due_day, "security": _sum(drawdown.security), "accelerated_on": _maybe_day(drawdown.accelerated_on),
        "schedule": [
            {"number": each.number, "since": _day(each.since), "due_on": _day(each.due_on), "days": each.days,
             "principal": _sum(each.principal), "interest": _sum(each.interest), "balance": _sum(each.balance)}
            for each in planned],
    }


def _cap(cap: RateCap) -> dict[str, object]:
    return {
        "annual_rate": rate_text(cap.annual_rate), "effective_from": _day(cap.effective_from),
        "effective_until": _maybe_day(cap.effective_until),
        "day_count": cap.day_count.value, "source": cap.source, "stated_by": cap.stated_by,
    }


def _owed(owed: Outstanding) -> dict[str, object]:
    sums = {member: _sum(getattr(owed, member)) for _, member in OWED}
    return {"drawdown": owed.drawdown, **sums, "due_since": _maybe_day(owed.due_since)}


def _order(agreed: Iterable[Component | Criterion] | None, statutory: Iterable[Component | Criterion]) -> dict[str, object]:
    return {"agreed": agreed is not None, "order": [each.value for each in (statutory if agreed is None else agreed)]}


def _sum(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _maybe_sum(amount: Decimal | None) -> str | None:
    return None if amount is None else _sum(amount)


def _maybe_rate(rate: Decimal | None) -> str | None:
    return None if rate is None else rate_text(rate)


def _day(day: date) -> str:
    return day.isoformat()


def _maybe_day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
