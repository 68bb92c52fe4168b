"""What stands between a session and a page: machines bring no cookies, sessions end, a second factor comes first, sensitive acts ask again.

A session counts as proven once it showed a second factor itself. One that began with a password alone may set a factor up, within ten
minutes, and nothing else; when the person has a factor already, it may show it, and nothing else.
"""
import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.cache import never_cache

from accounts.models import Person
from accounts.permissions import BY_WORKSTATION, SENSITIVE, Act
from accounts.selectors import live_memberships
from accounts.sign_in import has_second_factor, shown_at, shown_recently
from common.problems import FOR_MACHINES

SESSION_LASTS_S = 12 * 3600
WITHOUT_FACTOR_LASTS_S = 600
# How often a session's end is written anew; each page would be a write otherwise.
PROLONG_EVERY_S = 60
SEEN_AT = "cunzheng_seen_at"
# No pages: what a browser loads beside them, and what machines ask.
BESIDE_PAGES = ("/static/", "/healthz", "/readyz", "/metrics")
ALWAYS = frozenset({"account_logout", "preferences"})
TO_SET_UP = frozenset({"mfa_index", "mfa_activate_totp", "mfa_add_webauthn"})
TO_SHOW = frozenset({"mfa_reauthenticate", "mfa_reauthenticate_webauthn"})

Handler = Callable[[HttpRequest], HttpResponseBase]
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def machines_bring_no_cookies(get_response: Handler) -> Handler:
    """Middleware before the sessions: on the API and the log there is no session whatever cookie comes, so none gives a right there."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(FOR_MACHINES):
            request.COOKIES.clear()
        return get_response(request)

    return answer


class SignInGate:
    """Middleware behind the sessions. Whoever is not signed in passes: pages that need somebody ask for him themselves."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES and not request.path.startswith(BESIDE_PAGES):
            # Keys, codes and names stand on these pages; a shared workstation must not show them after the sign-out.
            add_never_cache_headers(response)
        return response

    def process_view(self, request: HttpRequest, _view: object, _args: object, _kwargs: object) -> HttpResponse | None:
        # Without the cookie nothing is asked: to look at the session would make every answer vary by cookies, tiles of the log too.
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or request.path.startswith(BESIDE_PAGES):
            return None
        person = request.user
        if not isinstance(person, Person):
            return None
        name = request.resolver_match.url_name if request.resolver_match else None
        return None if name in ALWAYS else answer_unproven(request, person, name)


def answer_unproven(request: HttpRequest, person: Person, name: str | None) -> HttpResponse | None:
    """Where this session must go before the page of that name; None when it may see it."""
    age_s, now = session_age_s(request, person), time.time()
    if age_s > SESSION_LASTS_S:
        return signed_out(request)
    if has_second_factor(person):
        if shown_at(request, person) is None:
            return None if name in TO_SHOW else to_show(person, request.path)
    elif age_s > WITHOUT_FACTOR_LASTS_S:
        return signed_out(request)
    else:
        return None if name in TO_SET_UP else HttpResponseRedirect(reverse(page_to_set_up(person)))
    if now - float(request.session.get(SEEN_AT, 0)) >= PROLONG_EVERY_S:
        request.session[SEEN_AT] = now
    return None


def session_age_s(request: HttpRequest, person: Person) -> float:
    """Seconds since the first proof of this session; a session without a record of any is as old as can be."""
    began = min((float(record["at"]) for record in get_authentication_records(request, person)), default=0.0)
    return time.time() - began


def page_to_set_up(person: Person) -> str:
    """The page that sets a second factor up: a passkey for those who work without phones, otherwise the choice."""
    roles = {each.role_of for each in live_memberships(person)}
    return "mfa_add_webauthn" if roles and roles <= BY_WORKSTATION else "mfa_index"


def signed_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponseRedirect(reverse("account_login"))


def to_show(person: Person, back: str) -> HttpResponse:
    """To the page where the second factor is shown, and from there to `back`, a path on this site."""
    methods = get_adapter().get_reauthentication_methods(person)
    return HttpResponseRedirect(f"{methods[0]['url']}?{urlencode({'next': back})}")


def needs_person(view: View[P]) -> View[P]:
    """The page is for signed-in people; others come to the sign-in and then back."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not isinstance(request.user, Person):
            return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': request.path})}")
        return view(request, *args, **kwargs)

    return never_cache(guarded)


def signed_in_person(request: HttpRequest) -> Person:
    """Whoever is signed in; `needs_person` has seen to it that somebody is."""
    assert isinstance(request.user, Person)
    return request.user


def step_up(act: Act, *, back: str, keep: tuple[str, ...] = ()) -> Callable[[View[P]], View[P]]:
    """Before a sensitive act of the permission table: the second factor within the last ten minutes.

    Otherwise whoever acts comes to the page that asks for it, and from there to the route named `back`, with those of
    the arguments that `keep` names. A form that was sent is forgotten: what it said is not kept in a session.
    """
    assert act in SENSITIVE, f"{act} is not marked as sensitive"

    def decorated(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            person = signed_in_person(request)
            if not shown_recently(request, person):
                return to_show(person, reverse(back, kwargs={name: kwargs[name] for name in keep}))
            return view(request, *args, **kwargs)

        return guarded

    return decorated
