"""The forms by which people keep a case file entry by entry: what they offer, and what was typed, as facts. Judged by `cases.keeping`.

A fault of the file is told beside the field of the form that it came from. What was typed is never part of a refusal: it may be personal.
"""
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.credit_code import canonical_credit_code
from cases.errors import CaseInvalid, FactUnsuitable
from cases.facts import ConsentFacts, ConsentKind, ContactBasis, ContactFacts, ContactKind, CreditorFacts, SideFacts
from cases.portal.words import BASES, CONSENTS, CONTACTS, ROLES
from cases.reckoning.terms import Receipt
from cases.selectors import CaseFile

Word = str | Promise
Choices = list[tuple[str, Word]]
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
SUM = re.compile(r"(0|[1-9][0-9]{0,12})(\.[0-9]{1,2})?", re.ASCII)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
LONGEST_REFERENCE, LONGEST_LINE, LONGEST_NUMBER = 128, 200, 32
SHARE = re.compile(r"(1|1\.0{1,8}|0\.[0-9]{0,7}[1-9])", re.ASCII)
MOST_CREDITORS = 20


def choices_of(file: CaseFile) -> dict[str, Choices]:
    """What the forms of a case that has a file offer to choose from; names masked, as everywhere on its page."""
    facts = file.masked().facts
    named = {party.reference: f"{ROLES[party.role]} · {party.name or _('个人信息已删除')}" for party in facts.parties}
    standing = [
        (f"{position}/{party.reference}", f"{named[party.reference]} · {CONSENTS[each.kind]} · {each.given_on}")
        for party in facts.parties for position, each in enumerate(party.consents, 1) if each.withdrawn_on is None]
    return {
        "party_choices": list(named.items()), "contact_kinds": [(kind.value, word) for kind, word in CONTACTS.items()],
        "contact_bases": [(basis.value, word) for basis, word in BASES.items()],
        "consent_kinds": [(kind.value, word) for kind, word in CONSENTS.items()], "standing_consents": list(standing),
        "drawdown_choices": [("", gettext_lazy("未指定")), *((each.reference, each.reference) for each in facts.drawdowns)],
        "due_choices": [
            (f"{each.accelerated_on or ''}/{each.reference}",
             f"{each.reference} · {each.accelerated_on}" if each.accelerated_on else each.reference) for each in facts.drawdowns],
    }


def payment_of(form: QueryDict) -> Receipt:
    """Raises FactUnsuitable."""
    amount = form.get("amount", "").strip().replace(",", "")
    reference = line_typed(form, "reference", LONGEST_REFERENCE)
    if not SUM.fullmatch(amount):
        raise FactUnsuitable(reason=_("请填写金额，单位为元，至多两位小数"), pointer="/amount")
    designation = line_typed(form, "designation", LONGEST_REFERENCE, empty=True) or None
    return Receipt(reference, day_typed(form, "received_on"), Decimal(amount), designation)


def contact_of(form: QueryDict) -> ContactFacts:
    """Raises FactUnsuitable."""
    kind, basis = among(form, "kind", ContactKind), among(form, "basis", ContactBasis)
    return ContactFacts(ContactKind(kind), line_typed(form, "value", LONGEST_LINE), ContactBasis(basis), "confirmed" in form)


def consent_of(form: QueryDict) -> ConsentFacts:
    """Raises FactUnsuitable."""
    kind = ConsentKind(among(form, "kind", ConsentKind))
    return ConsentFacts(
        kind, day_typed(form, "given_on"), line_typed(form, "document", LONGEST_LINE, empty=True),
        line_typed(form, "record", LONGEST_NUMBER, empty=True).upper())


def chosen_consent(form: QueryDict, file: CaseFile) -> tuple[str, int, ConsentFacts, date]:
    """Party, place, the consent as it stands or stood before this very withdrawal, and the day. Raises FactUnsuitable."""
    position, _slash, reference = form.get("consent", "").partition("/")
    on = day_typed(form, "withdrawn_on")
    for party in file.facts.parties:
        for place, each in enumerate(party.consents, 1):
            if (str(place), party.reference) == (position, reference) and each.withdrawn_on in (None, on):
                return reference, place, ConsentFacts(each.kind, each.given_on, each.document, each.record), on
    raise FactUnsuitable(reason=_("请选择一项尚未撤回的同意"), pointer="/consent")


def side_of(form: QueryDict) -> SideFacts:
    """To whom the debt was assigned. Raises FactUnsuitable."""
    lines = [line.strip() for line in form.get("creditors", "").splitlines() if line.strip()]
    if not 0 < len(lines) <= MOST_CREDITORS:
        raise FactUnsuitable(reason=_("请填写受让人，每行一名，至多 %(limit)s 名") % {"limit": MOST_CREDITORS}, pointer="/creditors")
    creditors = tuple(_creditor(line, alone=len(lines) == 1) for line in lines)
    return SideFacts(
        creditors, day_typed(form, "assigned_on"), line_typed(form, "notice_record", LONGEST_NUMBER, empty=True).upper(),
        line_typed(form, "claimant_name", LONGEST_LINE, empty=True), line_typed(form, "claimant_basis", LONGEST_LINE, empty=True))


def _creditor(line: str, *, alone: bool) -> CreditorFacts:
    """One line, 名称；份额；统一社会信用代码: whoever is alone has all, and the code may be missing. Raises FactUnsuitable."""
    name, share, code, *more = [*(part.strip() for part in re.split("[;；]", line)), "", ""]
    if not name or len(name) > LONGEST_LINE or CONTROL.search(name) or any(more):
        raise FactUnsuitable(reason=_("每行写明名称、份额和统一社会信用代码，以分号隔开"), pointer="/creditors")
    if not SHARE.fullmatch(share or ("1" if alone else "")):
        raise FactUnsuitable(reason=_("份额为 0 至 1 的小数，例如 0.3，合计为 1"), pointer="/creditors")
    try:
        return CreditorFacts(name, Decimal(share or 1), canonical_credit_code(code) if code else "")
    except ValueError:
        raise FactUnsuitable(reason=_("统一社会信用代码的形式或校验位不符，请核对"), pointer="/creditors") from None


def acceleration_of(form: QueryDict) -> tuple[str, date | None, date | None]:
    """The drawdown, the day that stood there, and the day on which it was declared due; None for none. Raises FactUnsuitable."""
    before, slash, reference = form.get("drawdown", "").partition("/")
    if not slash or (before and not DAY.fullmatch(before)):
        raise FactUnsuitable(reason=_("请从列表中选择"), pointer="/drawdown")
    try:
        seen = date.fromisoformat(before) if before else None
    except ValueError:
        raise FactUnsuitable(reason=_("请从列表中选择"), pointer="/drawdown") from None
    return reference, seen, day_typed(form, "accelerated_on") if form.get("accelerated_on", "").strip() else None


@contextmanager
def beside_fields(*fields: str) -> Iterator[None]:
    """A fault of the file becomes one of the form's field of the same name, or of its first. Raises FactUnsuitable."""
    try:
        yield
    except CaseInvalid as invalid:
        pointer, reason = invalid.faults[0]
        name = pointer.rpartition("/")[2]
        raise FactUnsuitable(reason=reason, pointer=f"/{name if name in fields else fields[0]}") from None


def among(form: QueryDict, name: str, values: Collection[str]) -> str:
    """What was chosen from a list. Raises FactUnsuitable."""
    if (chosen := form.get(name, "")) not in {str(value) for value in values}:
        raise FactUnsuitable(reason=_("请从列表中选择"), pointer=f"/{name}")
    return chosen


def line_typed(form: QueryDict, name: str, longest: int, *, empty: bool = False) -> str:
    """One line without control characters; "" where `empty` allows it. Raises FactUnsuitable."""
    text = form.get(name, "").strip()
    if (not text and not empty) or len(text) > longest or CONTROL.search(text):
        told = _("不超过 %(limit)s 字，不含控制字符") if empty else _("须填写，不超过 %(limit)s 字，不含控制字符")
        raise FactUnsuitable(reason=told % {"limit": longest}, pointer=f"/{name}")
    return text


def day_typed(form: QueryDict, name: str) -> date:
    """A day as a date field sends it. Raises FactUnsuitable."""
    text = form.get(name, "").strip()
    try:
        if not DAY.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise FactUnsuitable(reason=_("请填写日期，形如 2026-11-23"), pointer=f"/{name}") from None
