"""What is wrong with a case file, all of it at once: the JSON pointer and a sentence in the reader's language for each fault.

Pure but for the translation. The loan's own faults come from `cases.reckoning.soundness`, which knows no languages; its reasons get their
words here. What it does not do: ask whether a record number exists, or who somebody is.
Source: GB 11643 (identity numbers).
"""
import re
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.facts import CaseFacts, ConsentFacts, ContactFacts, ContactKind, PartyFacts, PartyKind, PartyRole, SideFacts
from cases.reckoning.soundness import FIRST_DAY, LAST_DAY, MAX_CHARGES, MAX_DRAWDOWNS, MAX_MONTHS, MAX_RECEIPTS, faults
from cases.reckoning.terms import Loan
from tlog.errors import VerificationError
from tlog.record_number import normalise_record_number

Fault = tuple[str, str]

IDENTITY = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)
IDENTITY_WEIGHTS, IDENTITY_CHECKS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"
MOBILE = re.compile(r"(?:\+?86)?(1[3-9][0-9]{9})", re.ASCII)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# The reckoner's reasons as people read them; `tests/cases/test_fact_faults.py` holds them against the reckoner.
WORDS = {
    "a fraction from 0 to 10 with at most 8 places": gettext_lazy("须为 0 至 10 的小数，至多八位小数"),
    "an order names each component once": gettext_lazy("抵充顺序须列明全部六项款项，各一次"),
    "an order names a criterion at most once": gettext_lazy("抵充顺序中每项标准至多一次"),
    f"1 to {MAX_DRAWDOWNS} drawdowns": gettext_lazy("借据须为 1 至 20 笔"),
    "an amount above 0 and below 10^13 with at most two places": gettext_lazy("金额须大于 0，小于十万亿元，至多两位小数"),
    "0, or an amount below 10^13 with at most two places": gettext_lazy("须为 0，或小于十万亿元、至多两位小数的金额"),
    "a day from 1980 to 2099": gettext_lazy("日期须在 1980 年至 2099 年之间"),
    f"1 to {MAX_MONTHS} months": gettext_lazy("期数须为 1 至 360 个月"),
    "1 to 31": gettext_lazy("须为 1 至 31"),
    "a day between the drawdown and its last due date": gettext_lazy("须在放款日之后、最后一期到期日之前"),
    f"at most {MAX_RECEIPTS} receipts": gettext_lazy("收款至多 600 笔"),
    "a receipt comes after the first drawdown": gettext_lazy("收款日不得早于首笔放款日"),
    "names no drawdown that was paid out by then": gettext_lazy("所指定的借据当时尚未放款或不存在"),
    f"at most {MAX_CHARGES} charges": gettext_lazy("费用至多 200 笔"),
    "names no drawdown of this case": gettext_lazy("本案没有这笔借据"),
    "a charge comes after its drawdown": gettext_lazy("费用发生日不得早于其借据的放款日"),
    "1 to 128 characters, no control characters": gettext_lazy("须为 1 至 128 个字符，不含控制字符"),
    "stands twice": gettext_lazy("编号重复"),
}


def fact_faults(facts: CaseFacts) -> list[Fault]:
    """(pointer, sentence) of each fault; empty when the file may be kept."""
    return [*_sides(facts.sides), *loan_faults(facts), *_parties(facts.parties)]


def _sides(sides: tuple[SideFacts, ...]) -> Iterator[Fault]:
    reached = date.min
    for place, side in enumerate(sides):
        base = f"/creditor_sides/{place}"
        if sum((each.share for each in side.creditors), Decimal(0)) != 1:
            yield f"{base}/creditors", _("各债权人份额合计须等于 1")
        if (side.assigned_on is None) != (place == 0):
            yield f"{base}/assigned_on", _("第一方为原债权人，不填债权转让日期；其后各方须填写")
        elif side.assigned_on is not None:
            if side.assigned_on <= reached:
                yield f"{base}/assigned_on", _("债权转让须按日期先后排列")
            reached = side.assigned_on
        if place == 0 and side.notice_record:
            yield f"{base}/notice_record", _("原债权人没有债权转让通知")
        if side.claimant_basis and not side.claimant_name:
            yield f"{base}/claimant_basis", _("填写依据时须写明由谁主张权利")
        yield from _record(f"{base}/notice_record", side.notice_record)


def loan_faults(facts: CaseFacts) -> Iterator[Fault]:
    """Those of `fact_faults` that concern agreement, drawdowns, payments and charges."""
    if facts.agreement is None:
        if facts.drawdowns or facts.payments or facts.charges:
            yield "/agreement", _("有借据、收款或费用时须填写合同")
        return
    if not FIRST_DAY <= facts.agreement.signed_on < LAST_DAY:
        yield "/agreement/signed_on", str(WORDS["a day from 1980 to 2099"])
    loan = Loan(facts.agreement.terms, facts.drawdowns, facts.payments, facts.charges)
    for pointer, reason in faults(loan):
        # The reckoner calls money that came in a receipt; here that word is taken by the promise of the log.
        yield pointer.replace("/receipts", "/payments", 1), str(WORDS[reason])


def _parties(parties: tuple[PartyFacts, ...]) -> Iterator[Fault]:
    seen: set[str] = set()
    if sum(party.role is PartyRole.DEBTOR for party in parties) > 1:
        yield "/parties", _("一个案件只有一名债务人；其他共同债务人请填 co_debtor")
    for place, party in enumerate(parties):
        base = f"/parties/{place}"
        if party.reference in seen:
            yield f"{base}/reference", str(WORDS["stands twice"])
        seen.add(party.reference)
        if party.kind is PartyKind.PERSON and not identity_sound(party.identity_number or ""):
            yield f"{base}/identity_number", _("身份证号码的校验位不符，请核对")
        yield from _contacts(base, party.contact_points)
        yield from _consents(base, party.consents)


def _contacts(base: str, contacts: tuple[ContactFacts, ...]) -> Iterator[Fault]:
    shapes = {ContactKind.MOBILE: MOBILE, ContactKind.EMAIL: EMAIL}
    for place, contact in enumerate(contacts):
        shape = shapes.get(contact.kind)
        if shape is not None and not shape.fullmatch((contact.value or "").replace(" ", "").replace("-", "")):
            yield f"{base}/contact_points/{place}/value", _("与所填的联系方式种类不符")
        if contact.last_active_at is not None and not FIRST_DAY <= contact.last_active_at.date() < LAST_DAY:
            yield f"{base}/contact_points/{place}/last_active_at", str(WORDS["a day from 1980 to 2099"])


def _consents(base: str, consents: Iterable[ConsentFacts]) -> Iterator[Fault]:
    for place, consent in enumerate(consents):
        at = f"{base}/consents/{place}"
        if not (consent.document or consent.record):
            yield f"{at}/document", _("须写明载明同意的文件，或其存证编号")
        if consent.withdrawn_on is not None and consent.withdrawn_on < consent.given_on:
            yield f"{at}/withdrawn_on", _("撤回日期不得早于作出日期")
        yield from _record(f"{at}/record", consent.record)


def _record(pointer: str, number: str) -> Iterator[Fault]:
    if number:
        try:
            sound = normalise_record_number(number) == number
        except VerificationError:
            sound = False
        if not sound:
            yield pointer, _("存证编号有误，末位为校验字符")


def identity_sound(number: str) -> bool:
    """False for what has the form of a resident's identity number and a wrong check character; other documents have no rule here.

    >>> identity_sound("11010519491231002X"), identity_sound("110105194912310021"), identity_sound("E12345678")
    (True, False, True)
    """
    text = number.upper()
    if not IDENTITY.fullmatch(text):
        return True
    return IDENTITY_CHECKS[sum(int(digit) * weight for digit, weight in zip(text, IDENTITY_WEIGHTS, strict=False)) % 11] == text[17]
