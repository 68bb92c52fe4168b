"""How django-allauth is to sign people in here: its two adapters.

Nobody signs up, no letter is sent, and a second factor is shown again by a second factor, never by the password alone. Messages to people
come from our own catalogue. Who came in, who was refused, who left and whose session was ended stands in the audit log.
What this does not do: decide who must have a second factor; `portal/gate.py` does.
Source: django-allauth's documentation, "Account → Advanced usage" and "MFA → Adapter".
"""
import base64
import os
import time
from collections.abc import Iterable, Mapping
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from accounts.audit.events import Event
from accounts.audit.recording import note_about
from accounts.audit.source import method_of
from accounts.errors import LoginMalformed
from accounts.joining import canonical_login
from accounts.models import Person
from accounts.selectors import SECOND_FACTORS, person_named

# When the second factor of this session was set up in this session; no sign-in has recorded it.
ENROLLED_AT = "cunzheng_enrolled_at"
NONCE_BYTES = 12


def shown_at(request: HttpRequest, person: Person) -> float | None:
    """When this session last showed a second factor, in seconds since 1970; None when it never did.

    A session that began before somebody set one up has shown none, so it gains nothing from that.
    """
    times = [float(record["at"]) for record in get_authentication_records(request, person) if record.get("method") == "mfa"]
    enrolled = request.session.get(ENROLLED_AT)
    return max(times + ([float(enrolled)] if enrolled else []), default=None)


def proven_at(request: HttpRequest, person: Person) -> float:
    """When this session last proved who sits there, by a second factor or by the organisation's provider; 0 when it never did."""
    by_provider = [float(record["at"]) for record in get_authentication_records(request, person) if record.get("method") == "oidc"]
    return max([shown_at(request, person) or 0.0, *by_provider])


def shown_recently(request: HttpRequest, person: Person) -> bool:
    """Whether the second factor was shown within the last ten minutes."""
    at = shown_at(request, person)
    return at is not None and 0 <= time.time() - at < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def give_new_key(request: HttpRequest) -> None:
    """The session goes on under another key, and the old one ends: whoever had it, or a request that began before, changes nothing here."""
    old = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=old).update(session_key=request.session.session_key)


def has_second_factor(person: Person) -> bool:
    """Recovery codes are none of their own: they stand in for one that was lost."""
    return bool(Authenticator.objects.filter(user_id=person.pk, type__in=SECOND_FACTORS).exists())


class SignInAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("该账号已停用。"),
        "enter_current_password": _("请输入当前密码。"),
        "incorrect_code": _("验证码不正确。"),
        "incorrect_password": _("密码不正确。"),
        "invalid_login": _("登录名或密码不正确。"),
        "rate_limited": _("尝试过于频繁，请稍后再试。"),
        "too_many_login_attempts": _("失败次数过多，请几分钟后再试。"),
        "username_password_mismatch": _("登录名或密码不正确。"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """A path on this site: with no host allowed, not even another name of our own."""
        return bool(url) and str(url).startswith("/") and url_has_allowed_host_and_scheme(str(url), allowed_hosts=None)

    def is_reauthentication_required(self, *, app: str) -> bool:
        """While there is no second factor there is nothing to show; the gate lets such a session live for ten minutes only."""
        request = context.request
        person = request.user
        return has_second_factor(person) and not shown_recently(request, person)

    def login(self, request: HttpRequest, user: Any) -> None:
        with transaction.atomic():
            super().login(request, user)
            note_about(user, Event.SIGNED_IN, at=timezone.now())

    def logout(self, request: HttpRequest) -> None:
        person = request.user
        with transaction.atomic():
            if isinstance(person, Person):
                note_about(person, Event.SIGNED_OUT, at=timezone.now())
            super().logout(request)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """A login that nobody holds is not noted: what strangers type is not ours to keep."""
        try:
            # allauth signs in whoever writes his login in capitals, so whoever guesses in capitals is noted, too.
            person = person_named(canonical_login(str(credentials.get("username", ""))))
        except LoginMalformed:
            return
        if person is not None:
            note_refused(person, "password")

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        note_refused(user, method_of(request, user), detail="deactivated")
        response: HttpResponse = super().respond_user_inactive(request, user)
        return response

    def set_password(self, user: Any, password: str) -> None:
        with transaction.atomic():
            super().set_password(user, password)
            note_about(user, Event.PASSWORD_CHANGED, at=timezone.now())

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, message_context: Mapping[str, Any] | None = None,
        extra_tags: str = "", message: str | None = None,
    ) -> None:
        """Only what went wrong, in our own words; what went well the next page shows."""
        if message is not None:
            super().add_message(request, level, message=message, extra_tags=extra_tags)


class SessionsAdapter(DefaultUserSessionsAdapter):
    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        with transaction.atomic():
            for session in sessions:
                note_about(session.user, Event.SESSION_ENDED, at=timezone.now(), detail=f"session:{session.pk}")
                session.end()


def note_refused(person: Person, method: str, *, detail: str = "") -> None:
    """Somebody said to be this person showed `method`, and did not get in."""
    with transaction.atomic():
        note_about(person, Event.SIGN_IN_REFUSED, at=timezone.now(), method=method, detail=detail)


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": _("不能停用该第二因素。"),
        "cannot_generate_recovery_codes": _("请先设置第二因素，再生成恢复码。"),
        "incorrect_code": _("验证码不正确，或已使用过。"),
        "unverified_email": _("暂不能设置第二因素。"),
    }

    def encrypt(self, text: str) -> str:
        """Sealed under a key derived from the service's secret: a stolen dump of the database holds no usable second factor (T27)."""
        nonce = os.urandom(NONCE_BYTES)
        return base64.b64encode(nonce + _cipher().encrypt(nonce, text.encode(), None)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        sealed = base64.b64decode(encrypted_text)
        return _cipher().decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None).decode()

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # noqa: A002 - allauth names the argument
        return str(_("通行密钥"))


def _cipher() -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"cunzheng second factors").derive(settings.SECRET_KEY.encode()))
