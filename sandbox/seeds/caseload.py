"""Two hundred fictitious cases as a file that a lender would import, and how far each has come. Pure: the same file at every call.

Nobody in it exists: names say 示例, identity numbers have a region that does not exist (990101) and a right check character, telephone
numbers begin with 154, which no carrier was given.
"""
import csv
import io
from collections.abc import Sequence
from datetime import date, timedelta

from cases.importing.columns import COLUMNS
from cases.models import Case

COUNT = 200
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
REPAYMENTS = ("等额本息", "等额本金", "先息后本", "一次性还本付息")
Stage = Case.Stage
# How many of each fifty are at which stage; the rest stays where an import leaves it.
STAGES: Sequence[tuple[Stage, int]] = (
    (Stage.ENTRUSTED, 20), (Stage.DEMANDED, 8), (Stage.NOTARY, 5), (Stage.ARBITRATION, 4), (Stage.LITIGATION, 3), (Stage.ENFORCEMENT, 2),
    (Stage.SETTLED, 3), (Stage.CLOSED, 1))


def reference(number: int) -> str:
    """The lender's own number of the case, from 1."""
    return f"SL-2026-{number:04}"


REFERENCES = tuple(reference(number) for number in range(1, COUNT + 1))


def stage_of(number: int) -> Stage:
    """Where the case of this number stands."""
    place = (number - 1) % 50
    for stage, count in STAGES:
        if place < count:
            return stage
        place -= count
    return Stage.OPEN


def identity_number(number: int) -> str:
    """SPEC: GB 11643: region, birth, order, check character; the region is not assigned."""
    birth = date(1970, 1, 1) + timedelta(days=number * 53)
    body = f"990101{birth:%Y%m%d}{number % 1000:03}"
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, IDENTITY_WEIGHTS, strict=True)) % 11]


def _row(number: int) -> dict[str, str]:
    signed = date(2024, 9, 1) + timedelta(days=number * 2)
    return {
        "reference": reference(number), "debtor_name": f"{SURNAMES[number % len(SURNAMES)]}示例{number:03}", "debtor_kind": "自然人",
        "identity_number": identity_number(number), "phone": f"1540001{number:04}", "address": f"示例省示例市虚构区甲乙街 {number} 号",
        "agreement_number": f"示例借字第{number:04}号", "signed_on": signed.isoformat(), "day_count": "30/360", "penalty_uplift": "0.5",
        "compound": "否", "rate_clause": "3.1", "penalty_clause": "7.2", "drawdown": f"JJ-{number:04}",
        "principal": f"{4_000 + number * 137 % 46_000}.00", "drawn_on": (signed + timedelta(days=3)).isoformat(),
        "annual_rate": ("0.108", "0.12", "0.144")[number % 3], "months": ("3", "6", "12")[number % 3],
        "repayment": REPAYMENTS[number % len(REPAYMENTS)],
    }


def caseload_csv(references: Sequence[str] = REFERENCES) -> bytes:
    """The file with these cases of ours, in UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [column.name for column in COLUMNS], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(_row(REFERENCES.index(each) + 1) for each in references)
    return text.getvalue().encode()
