"""The pages of one's own sign-in: django-allauth's views, where they must do a little more here.

Setting a second factor up proves the session that did it, and ends every other session of that person: whoever had got in with the
password alone is out.
"""
import time
from typing import Any

from allauth.account.views import PasswordChangeView
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView
from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.views.decorators.http import require_POST

from accounts.portal.gate import needs_person, signed_in_person, to_show
from accounts.sign_in import ENROLLED_AT, shown_at, shown_recently
from common.problems import NotFound


class TotpSetUpView(ActivateTOTPView):
    def form_valid(self, form: Any) -> HttpResponse:
        return _enrolled(self.request, super().form_valid(form))


class PasskeySetUpView(AddWebAuthnView):
    def form_valid(self, form: Any) -> HttpResponse:
        return _enrolled(self.request, super().form_valid(form))


def _enrolled(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    person = signed_in_person(request)
    if shown_at(request, person) is None:
        request.session[ENROLLED_AT] = time.time()
    for session in UserSession.objects.filter(user_id=person.pk).exclude(session_key=request.session.session_key):
        session.end()
    return response


class NewPasswordView(PasswordChangeView):
    """Asks for the second factor as well as the old password; every other session ends with the old password."""

    success_url = reverse_lazy("account")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        person = signed_in_person(request)
        if not shown_recently(request, person):
            return to_show(person, request.path)
        return super().dispatch(request, *args, **kwargs)


change_password = needs_person(NewPasswordView.as_view())


@require_POST
@needs_person
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """End one of one's own sessions; anybody else's does not exist."""
    session = UserSession.objects.filter(pk=session_id, user_id=signed_in_person(request).pk).first()
    if session is None:
        raise NotFound
    session.end()
    return HttpResponseRedirect(reverse("usersessions_list"))
