"""The columns of a file of cases and of a file of payments: what each is called, whether it must be there, what its cells may be. And the
template of each with one example.

A file of cases has one row for each drawdown; the rows of one case carry one reference, and agree in all that is not the drawdown's. A
file of payments has one row for each payment on a case that is kept already.
"""
import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from cases.facts import PartyKind
from cases.reckoning.terms import DayCount, Repayment
from common.cells import safe_cell

SUM = re.compile(r"(?:0|[1-9][0-9]{0,12})(?:\.[0-9]{1,2})?", re.ASCII)
RATE = re.compile(r"(?:0|[1-9][0-9]?)(?:\.[0-9]{1,8})?", re.ASCII)
COUNT = re.compile(r"[0-9]{1,3}", re.ASCII)
DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?", re.ASCII)
PLAIN = re.compile(r"[^\x00-\x1f\x7f]+")
REPAYMENTS = {
    "等额本息": Repayment.EQUAL_INSTALMENTS, "等额本金": Repayment.EQUAL_PRINCIPAL, "先息后本": Repayment.INTEREST_FIRST,
    "一次性还本付息": Repayment.BULLET, **{each.value: each for each in Repayment},
}
KINDS = {"自然人": PartyKind.PERSON, "组织": PartyKind.ORGANISATION, **{each.value: each for each in PartyKind}}
YES_NO = {"是": True, "否": False, "true": True, "false": False, "1": True, "0": False}


class Wrong(ValueError):
    """What is wrong with a cell, in the reader's language; nothing of the cell is quoted."""


def text_up_to(length: int) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if len(cell) > length or not PLAIN.fullmatch(cell):
            raise Wrong(_("至多 %(length)s 个字符，不含控制字符") % {"length": length})
        return cell

    return read


def day(cell: str) -> date:
    """`2025-03-10`, `2025/3/10`, `2025年3月10日`."""
    found = DAY.fullmatch(cell)
    try:
        if found is not None:
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        pass
    raise Wrong(_("不是日期，请写成 2025-03-10"))


def amount(cell: str) -> Decimal:
    plain = cell.replace(",", "").replace("，", "").removesuffix("元")
    if not SUM.fullmatch(plain):
        raise Wrong(_("不是金额，请写成 12000.50"))
    return Decimal(plain)


def rate(cell: str) -> Decimal:
    """`0.145` or `14.5%`."""
    plain = cell.replace("％", "%")
    per_cent = plain.endswith("%")
    plain = plain.removesuffix("%")
    if not RATE.fullmatch(plain) and not (per_cent and SUM.fullmatch(plain)):
        raise Wrong(_("不是利率，请写成 0.145 或 14.5%"))
    return Decimal(plain) / 100 if per_cent else Decimal(plain)


def count(cell: str) -> int:
    if not COUNT.fullmatch(cell):
        raise Wrong(_("不是整数"))
    return int(cell)


def one_of(words: Mapping[str, object]) -> Callable[[str], object]:
    def read(cell: str) -> object:
        found = words.get(cell.lower())
        if found is None:
            raise Wrong(_("只能是：%(words)s") % {"words": "、".join(words)})
        return found

    return read


@dataclass(frozen=True, slots=True)
class Column:
    """`name` for machines, `title` in Chinese: a header may use either. `of_drawdown`: whether rows of one case may differ in it."""

    name: str
    title: str
    read: Callable[[str], object]
    example: str = ""
    required: bool = False
    of_drawdown: bool = False


COLUMNS = (
    Column("reference", "客户案件编号", text_up_to(128), "LN-2026-0001", required=True),
    Column("debtor_name", "债务人姓名", text_up_to(200), "张三", required=True),
    Column("debtor_kind", "债务人类型", one_of(KINDS), "自然人"),
    Column("identity_number", "证件号码", text_up_to(30), "11010519491231002X"),
    Column("phone", "手机号码", text_up_to(30), "13800138000"),
    Column("address", "联系地址", text_up_to(200), "北京市朝阳区示例路 1 号"),
    Column("creditor", "债权人", text_up_to(200)),
    Column("agreement_number", "合同编号", text_up_to(128), "HT-2025-0001", required=True),
    Column("signed_on", "合同签订日期", day, "2025-03-01", required=True),
    Column("day_count", "计息天数惯例", one_of({each.value: each for each in DayCount}), "30/360", required=True),
    Column("penalty_uplift", "罚息上浮比例", rate, "0.5"),
    Column("compound", "计收复利", one_of(YES_NO), "否"),
    Column("rate_clause", "利率条款号", text_up_to(64), "3.1"),
    Column("penalty_clause", "罚息条款号", text_up_to(64), "7.2"),
    Column("drawdown", "借据编号", text_up_to(128), "JJ-2025-0001", required=True, of_drawdown=True),
    Column("principal", "本金", amount, "12000.00", required=True, of_drawdown=True),
    Column("drawn_on", "放款日", day, "2025-03-10", required=True, of_drawdown=True),
    Column("annual_rate", "年利率", rate, "0.12", required=True, of_drawdown=True),
    Column("months", "期数", count, "3", required=True, of_drawdown=True),
    Column("repayment", "还款方式", one_of(REPAYMENTS), "先息后本", required=True, of_drawdown=True),
    Column("due_day", "每月还款日", count, "", of_drawdown=True),
    Column("accelerated_on", "宣布提前到期日", day, "", of_drawdown=True),
)
# The drawdown's number finds the case where the lender's payments do not carry its reference; it says nothing of what the debtor wished to
# pay, which is `designation` alone.
PAYMENT_COLUMNS = (
    Column("reference", "客户案件编号", text_up_to(128), "LN-2026-0001"),
    Column("drawdown", "借据编号", text_up_to(128), ""),
    Column("payment", "收款编号", text_up_to(128), "SK-2025-0001", required=True),
    Column("received_on", "收款日", day, "2025-04-10", required=True),
    Column("amount", "金额", amount, "120.00", required=True),
    Column("designation", "债务人指定清偿的借据", text_up_to(128), ""),
)


def by_word(columns: Sequence[Column]) -> dict[str, Column]:
    """Each column by the words that a header may use for it."""
    return {word: column for column in columns for word in (column.name, column.title)}


def title_of(columns: Sequence[Column], name: str) -> str:
    """What a report calls the column of this name; "" where there is none."""
    return next((column.title for column in columns if column.name == name), "")


def template_csv(columns: Sequence[Column] = COLUMNS) -> bytes:
    """The header and one example; the byte order mark tells Excel that it is UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.title for column in columns])
    writer.writerow([safe_cell(column.example) for column in columns])
    return "\ufeff".encode() + text.getvalue().encode()
