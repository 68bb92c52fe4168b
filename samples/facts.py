"""Who and what the sample case is about: people, companies, numbers and moments, each written once.

What it is for: every file of the case takes its facts from here, so that the contract, the ledgers, the letters and the
manifest never contradict one another.

What it does not do: describe anyone who exists. Names say 样例 (sample) or 示例 (example); identity numbers and credit codes
have a region that is not assigned and a check character that is wrong on purpose; bank accounts fail the Luhn check;
telephone numbers begin with 154, a prefix that no carrier has; mail domains end in `.example` (RFC 2606).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A company or an office of the case."""

    name: str
    short_name: str
    credit_code: str
    address: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """The borrower: everything that the contract asks for."""

    name: str
    identity_number: str
    phone: str
    email: str
    address: str
    bank_account: str


LENDER = Organisation(
    name="样例云杉消费金融有限公司",
    short_name="样例云杉",
    credit_code="91990000MA00000012",
    address="样例省样例市示范新区样本路1号",
    phone="15400000100",
    email="service@yunshan-finance.example",
)
AGENCY = Organisation(
    name="样例青禾信用管理有限公司",
    short_name="样例青禾",
    credit_code="91990000MA00000023",
    address="样例省样例市示范新区样本路22号",
    phone="15400000200",
    email="evidence@qinghe-credit.example",
)
LAW_FIRM = Organisation(
    name="样例衡川律师事务所",
    short_name="样例衡川",
    credit_code="31990000MD00000034",
    address="样例省样例市示范新区范本大街300号8层",
    phone="15400000300",
    email="letters@hengchuan-law.example",
)
PLATFORM = Organisation(
    name="样例知源数据服务有限公司",
    short_name="存证（Cunzheng）",
    credit_code="91990000MA00000045",
    address="样例省样例市示范新区样本路44号",
    phone="15400000400",
    email="hello@cunzheng.example",
)
BORROWER = Person(
    name="周示例",
    identity_number="990101199001010010",
    phone="15400000427",
    email="zhou.shili@mail.example",
    address="样例省样例市虚构区甲乙街5号6栋707室",
    bank_account="6299000000000004270",
)

LAWYER_NAME = "沈范例"
LAWYER_LICENCE = "99901202600000000"
ARBITRATION_BODY = "样例仲裁委员会"
BANK = "样例银行样例市示范支行"
LENDER_ACCOUNT = "6299000000000001001"
COURIER = "样例速递有限公司"

CONTRACT_NUMBER = "YSXF-2026-000427"
CASE_REFERENCE = f"QH-{CONTRACT_NUMBER}"
LETTER_NUMBER = "（2026）衡川函字第0427号"
WAYBILL = "YLSD2026072100427"
CALL_ID = "QH20260615143207017"
AGENT_ID = "QH-017"
SIGNED_ON = date(2026, 1, 8)
LETTER_DATE = date(2026, 7, 20)
PAY_BY = date(2026, 8, 5)


def shanghai(text: str) -> datetime:
    """Return the moment that a clock in Shanghai shows as `text`, for example "2026-06-15 14:32:07"."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def utc_text(moment: datetime) -> str:
    """Return an aware `moment` as the API writes times: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def local_text(moment: datetime) -> str:
    """Return an aware `moment` as the exporting systems write it: Shanghai wall time, seconds."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def chinese_date(day: date) -> str:
    """Return `day` as it is written in a letter: 2026年7月20日."""
    return f"{day.year}年{day.month}月{day.day}日"
