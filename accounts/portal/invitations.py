"""The page behind an invitation's link. The link is looked at by GET and used up by POST, so that no scanner of mail uses it.

Whoever is new chooses a password and then signs in; whoever holds the login already must be signed in as that person. Neither way signs
anybody in: a link is no session. A link that renews a sign-in asks for a new password from whoever holds it.
"""
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts.errors import PasswordRefused
from accounts.joining import accept_as, accept_as_new_person, accept_back, person_waits
from accounts.models import Person
from accounts.permissions import ROLES, Role
from accounts.portal.members import word
from common.errors import DomainError


@method_decorator([never_cache, sensitive_post_parameters("password", "again")], name="dispatch")
class InvitationView(View):
    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self.page(request, token)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        now = timezone.now()
        renews = person_waits(token, now=now)[0].resets
        if isinstance(request.user, Person) and not renews:
            accept_as(request.user, token, now=now)
            return HttpResponseRedirect(reverse("account"))
        password = request.POST.get("password", "")
        try:
            if password != request.POST.get("again", ""):
                return self.page(request, token, mismatch=True, status=422)
            (accept_back if renews else accept_as_new_person)(token, password=password, now=now)
        except PasswordRefused as error:
            return self.page(request, token, error=error, status=error.status)
        return HttpResponseRedirect(reverse("account_login"))

    def page(
        self, request: HttpRequest, token: str, *, error: DomainError | None = None, mismatch: bool = False, status: int = 200
    ) -> HttpResponse:
        invitation, holder = person_waits(token, now=timezone.now())
        person = request.user if isinstance(request.user, Person) else None
        context = {
            "invitation": invitation, "role": word(ROLES[Role(invitation.role)].label), "error": error, "mismatch": mismatch,
            "known": holder is not None, "is_mine": person is not None and person.login == invitation.login, "token": token,
        }
        response = render(request, "accounts/invitation.html", context, status=status)
        response["X-Robots-Tag"] = "noindex"
        return response
