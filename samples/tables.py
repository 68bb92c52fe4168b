"""The CSV exports of the case: disbursement, repayment ledger, overdue statement and SMS.

What it is for: tables as the lender's and the agency's systems export them for a spreadsheet: UTF-8 with a byte order mark,
CRLF, Chinese headings (RFC 4180). Amounts are decimal text.

What it does not do: compute; the figures come from `samples.loan`, the messages from `samples.conversations`.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from samples import facts, loan
from samples.conversations import SMS
from samples.loan import money

DISBURSEMENT = ("合同编号", "放款流水号", "放款时间", "收款人", "收款账号", "收款银行", "币种", "放款金额", "状态")
LEDGER = ("序号", "合同编号", "扣款时间", "期数", "应还日", "应扣金额", "实收金额", "冲抵罚息", "冲抵利息", "冲抵本金",
          "剩余本金", "银行返回")
OVERDUE = ("合同编号", "期数", "应还日", "逾期本金", "逾期利息", "逾期天数", "罚息日利率", "罚息", "小计")
MESSAGES = ("短信编号", "方向", "签名", "号码", "提交时间", "送达时间", "状态", "模板编号", "内容")


def export(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a table as a spreadsheet opens it: byte order mark, CRLF."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(heading)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def disbursement() -> bytes:
    """Return the one payment to the borrower."""
    borrower = facts.BORROWER
    row = (facts.CONTRACT_NUMBER, loan.BANK_REFERENCE, facts.local_text(loan.DISBURSED_AT), borrower.name, borrower.bank_account,
           facts.BANK, "CNY", money(loan.PRINCIPAL), "成功")
    return export(DISBURSEMENT, [row])


def repayment_ledger() -> bytes:
    """Return every debit in the order of time, refused ones included, with the principal left after each."""
    rows = []
    for number, item in enumerate(loan.SETTLEMENTS, start=1):
        debit = item.debit
        due = loan.SCHEDULE[debit.instalment - 1].due
        amounts = (debit.asked, debit.received, item.penalty, item.interest, item.principal, item.principal_left)
        rows.append((str(number), facts.CONTRACT_NUMBER, facts.local_text(debit.at), str(debit.instalment), due.isoformat(),
                     *map(money, amounts), debit.bank_answer))
    return export(LEDGER, rows)


def overdue_statement() -> bytes:
    """Return what is overdue on the day of the demand letter, with a line of sums at the end."""
    arrears = loan.arrears_on(facts.LETTER_DATE)
    rows = [(facts.CONTRACT_NUMBER, str(item.instalment), item.due.isoformat(), money(item.principal), money(item.interest),
             str(item.days), str(loan.PENALTY_DAILY_RATE), money(item.penalty), money(item.total)) for item in arrears]
    sums = loan.total_of(arrears)
    rows.append(("合计", "", "", money(sums.principal), money(sums.interest), "", "", money(sums.penalty), money(sums.total)))
    return export(OVERDUE, rows)


def sms_export() -> bytes:
    """Return the short messages of the loan, both directions."""
    rows = []
    for number, sms in enumerate(SMS, start=1):
        day = facts.local_text(sms.sent)[:10].replace("-", "")
        rows.append((f"SMS{day}{number:04d}", sms.direction, facts.LENDER.short_name, facts.BORROWER.phone, facts.local_text(sms.sent),
                     facts.local_text(sms.arrived), sms.status, sms.template, sms.text))
    return export(MESSAGES, rows)
