"""How somebody asks to be let in: an application, the secret link to it, more papers, a withdrawal.

Anybody may apply, and no answer tells whether an organisation, a login or a credit code is known already: that is for those who check.
What this does not do: keep the papers (`evidence.papers`), or let anybody in (`checking.py`).
"""
import hashlib
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import F

from accounts.credit_code import canonical_credit_code
from accounts.errors import ApplicationClosed, ApplicationIncomplete, ApplicationNotFound, ContactMalformed, CreditCodeMalformed
from accounts.joining import LONGEST_NAME, LONGEST_NUMBER, canonical_login
from accounts.models import Application
from accounts.permissions import Kind
from accounts.services import EMAIL, PHONE

# LAW: 律师法（2017年修正）第十八条、公证法（2017年修正）第十条: a firm and an office exist by their licence.
LICENSED_KINDS = frozenset({Kind.LAW_FIRM, Kind.NOTARY_OFFICE})
LONGEST_TITLE, LONGEST_PURPOSE = 200, 500
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
REFERENCE = re.compile(r"[0-9a-f]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Applicant:
    """What an application says. `licence_number` is a law firm's or a notary office's, `practice_area` a notary office's."""

    kind: Kind
    name: str
    credit_code: str
    contact_email: str
    contact_phone: str
    purpose: str
    administrator_name: str
    administrator_login: str
    licence_number: str = ""
    practice_area: str = ""


def canonical_applicant(typed: Applicant) -> Applicant:
    """The one spelling of what was typed. Raises CreditCodeMalformed, ContactMalformed, LoginMalformed, ApplicationIncomplete."""
    try:
        code = canonical_credit_code(typed.credit_code)
    except ValueError:
        raise CreditCodeMalformed from None
    email, phone = typed.contact_email.strip(), typed.contact_phone.strip()
    if not EMAIL.fullmatch(email) or not PHONE.fullmatch(phone):
        raise ContactMalformed
    licensed, notary = typed.kind in LICENSED_KINDS, typed.kind == Kind.NOTARY_OFFICE
    return replace(
        typed, credit_code=code, contact_email=email, contact_phone=phone, administrator_login=canonical_login(typed.administrator_login),
        name=_line(typed.name, LONGEST_TITLE), purpose=_line(typed.purpose, LONGEST_PURPOSE),
        administrator_name=_line(typed.administrator_name, LONGEST_NAME),
        licence_number=_line(typed.licence_number, LONGEST_NUMBER) if licensed else "",
        practice_area=_line(typed.practice_area, LONGEST_TITLE) if notary else "")


def _line(typed: str, longest: int) -> str:
    line = " ".join(typed.split())
    if not line or len(line) > longest or not line.isprintable():
        raise ApplicationIncomplete
    return line


def submit_application(applicant: Applicant, *, now: datetime) -> tuple[Application, str]:
    """An open application and the token of the applicant's link, which is returned once and never stored; in the caller's transaction.

    256 random bits, so a plain SHA-256 hides them. Raises what `canonical_applicant` and a kind that cannot apply raise.
    """
    if applicant.kind == Kind.OPERATOR:
        raise ApplicationIncomplete
    said, token = canonical_applicant(applicant), secrets.token_urlsafe(32)
    made = Application.objects.create(
        reference=secrets.token_hex(6), token_sha256=hashlib.sha256(token.encode()).digest(), kind=said.kind, name=said.name,
        credit_code=said.credit_code, contact_email=said.contact_email, contact_phone=said.contact_phone, purpose=said.purpose,
        administrator_name=said.administrator_name, administrator_login=said.administrator_login, licence_number=said.licence_number,
        practice_area=said.practice_area, state=Application.State.OPEN, created_at=now)
    return made, token


def application_with(token: str) -> Application:
    """The application whose link has this token. Raises ApplicationNotFound.

    It is found by its digest, so no time tells how much of it was right.
    """
    digest = hashlib.sha256(token.encode()).digest()
    found = Application.objects.filter(token_sha256=digest).first() if TOKEN.fullmatch(token) else None
    if found is None:
        raise ApplicationNotFound
    return found


def application_at(reference: str) -> Application:
    """The application under this reference, for those who check. Raises ApplicationNotFound."""
    rows = Application.objects.select_related("organisation", "first_checker", "second_checker")
    found = rows.filter(reference=reference).first() if REFERENCE.fullmatch(reference) else None
    if found is None:
        raise ApplicationNotFound
    return found


def begin_round(application: Application) -> int:
    """The round that more papers begin, in the caller's transaction: who checked the papers before has not checked these.

    Raises ApplicationClosed.
    """
    moved = Application.objects.filter(pk=application.pk, state=Application.State.OPEN, round=application.round).update(
        round=F("round") + 1, first_checker=None)
    if moved != 1:
        raise ApplicationClosed
    return application.round + 1


def withdraw_application(application: Application) -> None:
    """The applicant thinks better of it. Raises ApplicationClosed."""
    if Application.objects.filter(pk=application.pk, state=Application.State.OPEN).update(
            state=Application.State.WITHDRAWN, first_checker=None) != 1:
        raise ApplicationClosed
