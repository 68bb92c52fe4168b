"""The pages of one's own sign-in: django-allauth's views, where they must do a little more here. What they change stands in the audit log.

Setting a second factor up proves the session that did it, and ends every other session of that person: whoever had got in with the
password alone is out.
"""
import time
from typing import Any, ClassVar

from allauth.account.views import LogoutView, PasswordChangeView
from allauth.mfa.base.views import ReauthenticateView
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, ListWebAuthnView, ReauthenticateWebAuthnView, RemoveWebAuthnView
from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.models import UserSession
from allauth.usersessions.views import ListUserSessionsView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.audit.events import Event
from accounts.audit.recording import note_about
from accounts.portal.gate import needs_person, signed_in_person, to_show, with_cache_cleared
from accounts.sign_in import ENROLLED_AT, give_new_key, shown_at, shown_recently
from accounts.workstation_factors import is_seated, register_factor, states_of
from accounts.workstations import workstation_of
from common.problems import NotFound


class Noted:
    """What the view's form does, and the row that says so, in one transaction. For one of allauth's views, before it."""

    event: ClassVar[Event]
    detail: ClassVar[str] = ""
    request: HttpRequest

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            response: HttpResponse = super().form_valid(form)  # type: ignore[misc]
            note_about(signed_in_person(self.request), self.event, at=timezone.now(), detail=self.detail)
        return response


class TotpSetUpView(Noted, ActivateTOTPView):
    event, detail = Event.FACTOR_SET_UP, "totp"

    def form_valid(self, form: Any) -> HttpResponse:
        return _enrolled(self.request, super().form_valid(form))


class PasskeySetUpView(Noted, AddWebAuthnView):
    """Of whoever works by workstation alone, the passkey waits for the approval of his organisation."""

    event, detail = Event.FACTOR_SET_UP, "webauthn"

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            response = super().form_valid(form)
            register_factor(signed_in_person(self.request), now=timezone.now())
        return _enrolled(self.request, response)


class PasskeysView(ListWebAuthnView):
    """One's passkeys; to whoever works by workstation alone, which of them let him in, and what to do when none has in this session."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        person, now = signed_in_person(self.request), timezone.now()
        seat = workstation_of(person)
        states = states_of(person, now=now) if seat is not None and seat.only else {}
        context["passkeys"] = [(each, states.get(each.pk)) for each in context["authenticators"]]
        context["by_workstation"] = seat is not None and seat.only
        context["seated"] = is_seated(self.request, person, seat, now=now)
        context["counts"] = any(state for _, state in context["passkeys"])
        return context


list_passkeys = needs_person(PasskeysView.as_view())


class TotpRemovalView(Noted, DeactivateTOTPView):
    event, detail = Event.FACTOR_REMOVED, "totp"


class PasskeyRemovalView(Noted, RemoveWebAuthnView):
    event, detail = Event.FACTOR_REMOVED, "webauthn"


class NewRecoveryCodesView(Noted, GenerateRecoveryCodesView):
    event = Event.CODES_MADE


class ShownAgain(Noted):
    """A factor that was shown again gives the session a new key, and the old one ends: whoever had it does not act with the new right."""

    event = Event.SHOWN_AGAIN

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        give_new_key(self.request)
        return response


class ShowAgainView(ShownAgain, ReauthenticateView):
    """With a code."""


class ShowPasskeyAgainView(ShownAgain, ReauthenticateWebAuthnView):
    """With a passkey."""


def _enrolled(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    person = signed_in_person(request)
    if shown_at(request, person) is None:
        request.session[ENROLLED_AT] = time.time()
    get_adapter().end_sessions(UserSession.objects.filter(user_id=person.pk).exclude(session_key=request.session.session_key))
    return response


class SignOutView(LogoutView):
    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return with_cache_cleared(super().post(*args, **kwargs))


class NewPasswordView(PasswordChangeView):
    """Asks for the second factor as well as the old password; every other session ends with the old password."""

    success_url = reverse_lazy("account")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        person = signed_in_person(request)
        if not shown_recently(request, person):
            return to_show(person, request.path)
        return super().dispatch(request, *args, **kwargs)


change_password = needs_person(NewPasswordView.as_view())


class SessionsView(ListUserSessionsView):
    """One's own sessions; its form ends all others, with the second factor shown again: a screen left open locks nobody out."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        person = signed_in_person(request)
        if not shown_recently(request, person):
            return to_show(person, request.path)
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response


list_sessions = needs_person(SessionsView.as_view())


@require_POST
@needs_person
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """End one of one's own sessions, with the second factor shown again; anybody else's does not exist."""
    person = signed_in_person(request)
    session = UserSession.objects.filter(pk=session_id, user_id=person.pk).first()
    if session is None:
        raise NotFound
    if not shown_recently(request, person):
        return to_show(person, reverse("usersessions_list"))
    get_adapter().end_sessions([session])
    return HttpResponseRedirect(reverse("usersessions_list"))
