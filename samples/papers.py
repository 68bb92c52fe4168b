"""The two PDFs of the case: the loan contract and the law firm's demand letter, typeset with typst.

What it is for: papers that look like the real ones, with Chinese fonts embedded as subsets and the same bytes on each run.
A template takes its data as one JSON input; no text is pasted into it.

What it does not do: run without the `typst` package and Noto CJK fonts (Debian package `fonts-noto-cjk`), which nothing in
the service needs; `samples.tool_made` then keeps the committed files. Seals and signatures are not drawn: nobody signed.
"""

import importlib
import importlib.util
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from samples import facts, loan
from samples.facts import chinese_date

TEMPLATES = Path(__file__).parent / "templates"
FONTS = Path("/usr/share/fonts/opentype/noto")
FACES = ("NotoSansCJK-Bold.ttc", "NotoSerifCJK-Bold.ttc", "NotoSerifCJK-Regular.ttc", "NotoSansCJK-Regular.ttc")


def money(amount: Decimal) -> str:
    """Return `amount` as papers print it: 12,000.00."""
    return f"{amount:,.2f}"


def organisation(body: facts.Organisation) -> dict[str, str]:
    """Return what a template may print of an organisation."""
    return {"name": body.name, "credit_code": body.credit_code, "address": body.address, "phone": body.phone, "email": body.email}


def shared_data(day: date) -> dict[str, Any]:
    """Return what both papers print; `day` becomes the document's date."""
    borrower = facts.BORROWER
    return {
        "date": {"year": day.year, "month": day.month, "day": day.day},
        "lender": organisation(facts.LENDER),
        "borrower": {"name": borrower.name, "identity_number": borrower.identity_number, "address": borrower.address,
                     "phone": borrower.phone, "email": borrower.email, "bank_account": borrower.bank_account},
        "contract_number": facts.CONTRACT_NUMBER,
        "signed_on": chinese_date(facts.SIGNED_ON),
        "starts_on": chinese_date(loan.DISBURSED_AT.date()),
        "principal": money(loan.PRINCIPAL),
        "annual_rate": str(loan.ANNUAL_RATE_PERCENT),
        "penalty_daily_rate": f"{loan.PENALTY_DAILY_RATE * 100:.3f}",
        "term_months": str(loan.TERM_MONTHS),
        "bank": facts.BANK,
        "lender_account": facts.LENDER_ACCOUNT,
        "arbitration_body": facts.ARBITRATION_BODY,
    }


def contract_data() -> dict[str, Any]:
    """Return everything that the loan contract prints."""
    left, rows = loan.PRINCIPAL, []
    for row in loan.SCHEDULE:
        left -= row.principal
        rows.append({"number": str(row.number), "due": row.due.isoformat(), "principal": money(row.principal),
                     "interest": money(row.interest), "total": money(row.total), "left": money(left)})
    interest = sum((row.interest for row in loan.SCHEDULE), Decimal(0))
    return shared_data(facts.SIGNED_ON) | {
        "principal_words": "壹万贰仟元整",
        "monthly_rate": f"{loan.MONTHLY_RATE * 100:.2f}",
        "penalty_rate": str(loan.PENALTY_RATE_PERCENT),
        "ends_on": chinese_date(loan.SCHEDULE[-1].due),
        "platform": organisation(facts.PLATFORM),
        "signatures": [
            {"role": "乙方", "name": facts.BORROWER.name, "at": "2026-01-08 10:12:45", "serial": "00A1 0000 0000 0427"},
            {"role": "甲方", "name": facts.LENDER.name, "at": "2026-01-08 10:13:02", "serial": "00A1 0000 0000 0100"},
        ],
        "schedule": rows,
        "interest_sum": money(interest),
        "total_sum": money(loan.PRINCIPAL + interest),
    }


def demand_data() -> dict[str, Any]:
    """Return everything that the demand letter prints."""
    arrears = loan.arrears_on(facts.LETTER_DATE)
    sums = loan.total_of(arrears)
    not_due = sum((row.principal for row in loan.SCHEDULE if row.due > facts.LETTER_DATE), Decimal(0))
    part = next(debit for debit in loan.DEBITS if Decimal(0) < debit.received < debit.asked)
    return shared_data(facts.LETTER_DATE) | {
        "law_firm": organisation(facts.LAW_FIRM),
        "lawyer_name": facts.LAWYER_NAME,
        "lawyer_licence": facts.LAWYER_LICENCE,
        "letter_number": facts.LETTER_NUMBER,
        "letter_date": chinese_date(facts.LETTER_DATE),
        "pay_by": chinese_date(facts.PAY_BY),
        "account_tail": facts.BORROWER.bank_account[-4:],
        "part_paid": money(part.received),
        "part_paid_on": chinese_date(part.at.date()),
        "not_due": money(not_due),
        "arrears": [{"number": str(row.instalment), "due": row.due.isoformat(), "principal": money(row.principal),
                     "interest": money(row.interest), "days": str(row.days), "penalty": money(row.penalty), "total": money(row.total)}
                    for row in arrears],
        "sums": {"principal": money(sums.principal), "interest": money(sums.interest), "penalty": money(sums.penalty),
                 "total": money(sums.total)},
    }


def typst_identity() -> dict[str, str] | None:
    """Return the version of typst and the digest of each font here; None when one of them is missing."""
    faces = [FONTS / face for face in FACES]
    if importlib.util.find_spec("typst") is None or not all(face.exists() for face in faces):
        return None
    return {"typst": version("typst")} | {face.name: sha256(face.read_bytes()).hexdigest() for face in faces}


def paper_inputs(template: str, data: dict[str, Any]) -> bytes:
    """Return all that decides how a paper looks, as bytes: the templates and the data."""
    parts = [(TEMPLATES / name).read_bytes() for name in ("paper.typ", template)]
    return b"\0".join([*parts, json.dumps(data, ensure_ascii=False, sort_keys=True).encode()])


def typeset(template: str, data: dict[str, Any]) -> bytes:
    """Return the PDF of `template` with `data`; its date is the date of the paper, so each run gives the same bytes."""
    typst = importlib.import_module("typst")
    day = data["date"]
    pdf: bytes = typst.compile(
        str(TEMPLATES / template), root=str(TEMPLATES), font_paths=[str(FONTS)], ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)}, timestamp=datetime(day["year"], day["month"], day["day"], tzinfo=UTC),
    )
    return pdf
