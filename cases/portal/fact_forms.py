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

from cases.errors import CaseInvalid, FactUnsuitable
from cases.facts import ConsentFacts, ConsentKind, ContactBasis, ContactFacts, ContactKind
from cases.portal.words import BASES, CONSENTS, CONTACTS, ROLES
from cases.reckoning.terms import Receipt
from cases.selectors import CaseFile

Word = str | Promise
Choices = list[tuple[str, Word]]
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
SUM = re.compile(r"(0|[1-9][0-9]{0,12})(\.[0-9]{1,2})?", re.ASCII)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
LONGEST_REFERENCE, LONGEST_LINE, LONGEST_NUMBER = 128, 200, 32


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
    }


def payment_of(form: QueryDict) -> Receipt:
    """Raises FactUnsuitable."""
    amount = form.get("amount", "").strip().replace(",", "")
    reference = _line(form, "reference", LONGEST_REFERENCE)
    if not SUM.fullmatch(amount):
        raise FactUnsuitable(reason=_("请填写金额，单位为元，至多两位小数"), pointer="/amount")
    return Receipt(reference, _day(form, "received_on"), Decimal(amount), _line(form, "designation", LONGEST_REFERENCE, empty=True) or None)


def contact_of(form: QueryDict) -> ContactFacts:
    """Raises FactUnsuitable."""
    kind, basis = _among(form, "kind", ContactKind), _among(form, "basis", ContactBasis)
    return ContactFacts(ContactKind(kind), _line(form, "value", LONGEST_LINE), ContactBasis(basis), "confirmed" in form)


def consent_of(form: QueryDict) -> ConsentFacts:
    """Raises FactUnsuitable."""
    kind = ConsentKind(_among(form, "kind", ConsentKind))
    return ConsentFacts(
        kind, _day(form, "given_on"), _line(form, "document", LONGEST_LINE, empty=True),
        _line(form, "record", LONGEST_NUMBER, empty=True).upper())


def chosen_consent(form: QueryDict, file: CaseFile) -> tuple[str, int, ConsentFacts, date]:
    """Party, place, the consent as it stands or stood before this very withdrawal, and the day. Raises FactUnsuitable."""
    position, _slash, reference = form.get("consent", "").partition("/")
    on = _day(form, "withdrawn_on")
    for party in file.facts.parties:
        for place, each in enumerate(party.consents, 1):
            if (str(place), party.reference) == (position, reference) and each.withdrawn_on in (None, on):
                return reference, place, ConsentFacts(each.kind, each.given_on, each.document, each.record), on
    raise FactUnsuitable(reason=_("请选择一项尚未撤回的同意"), pointer="/consent")


@contextmanager
def beside_fields(*fields: str) -> Iterator[None]:
    """A fault of the file becomes one of the form's field of the same name, or of its first. Raises FactUnsuitable."""
    try:
        yield
    except CaseInvalid as invalid:
        pointer, reason = invalid.faults[0]
        name = pointer.rpartition("/")[2]
        raise FactUnsuitable(reason=reason, pointer=f"/{name if name in fields else fields[0]}") from None


def _among(form: QueryDict, name: str, values: Collection[str]) -> str:
    if (chosen := form.get(name, "")) not in {str(value) for value in values}:
        raise FactUnsuitable(reason=_("请从列表中选择"), pointer=f"/{name}")
    return chosen


def _line(form: QueryDict, name: str, longest: int, *, empty: bool = False) -> str:
    text = form.get(name, "").strip()
    if (not text and not empty) or len(text) > longest or CONTROL.search(text):
        raise FactUnsuitable(reason=_("须填写，不超过 %(limit)s 字，不含控制字符") % {"limit": longest}, pointer=f"/{name}")
    return text


def _day(form: QueryDict, name: str) -> date:
    text = form.get(name, "").strip()
    try:
        if not DAY.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise FactUnsuitable(reason=_("请填写日期，形如 2026-11-23"), pointer=f"/{name}") from None
