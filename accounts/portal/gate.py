"""What stands between a session and a page: machines bring no cookies, sessions end, a second factor comes first, sensitive acts ask again.

A session counts as proven once it showed a second factor itself. One that began with a password alone may set a factor up, within ten
minutes, and nothing else; when the person has a factor already, it may show it, and nothing else. One that an organisation's identity
provider vouches for needs the second factor too, except of those who work by workstation only, in networks that the organisation named.

Whoever works by workstation is let in from those networks only, from nowhere while there are none, asked anew at each request, and shows
himself again after a pause. Without the provider he comes in by a passkey that his organisation approved as its workstation's
(`accounts.workstation_factors`); with any other factor he may register one, and nothing else.
"""
import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import urlencode, urlsplit

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.cache import never_cache

from accounts.audit.events import Event
from accounts.audit.recording import note_about
from accounts.errors import OwnFactorMissing, OwnSignInOnly
from accounts.idle import IDLE_LOCK, is_locked, note_page
from accounts.models import Organisation, Person
from accounts.networks import address_of
from accounts.permissions import BY_WORKSTATION, SENSITIVE, Act
from accounts.selectors import live_memberships
from accounts.sign_in import has_second_factor, shown_at, shown_recently
from accounts.vouching import has_lapsed, limit
from accounts.workstation_factors import is_seated
from accounts.workstations import Workstation, workstation_of
from common.problems import FOR_MACHINES, answer_problem, problem_page

SESSION_LASTS_S = 12 * 3600
WITHOUT_FACTOR_LASTS_S = 600
# No pages: what a browser loads beside them, and what machines ask.
BESIDE_PAGES = ("/static/", "/healthz", "/readyz", "/metrics")
# The link that confirms an address asks for its token alone, and gives the session nothing.
ALWAYS = frozenset({"account_logout", "preferences", "sign-in-at", "sign-in-at-go", "sign-in-at-callback", "address-confirmation"})
TO_SET_UP = frozenset({"mfa_index", "mfa_activate_totp", "mfa_add_webauthn"})
TO_SHOW = frozenset({"mfa_reauthenticate", "mfa_reauthenticate_webauthn"})
# Where somebody is who has proven himself, and not by the passkey of his workstation: he registers one, and reads that it waits.
TO_BE_SEATED = frozenset({
    "mfa_index", "mfa_list_webauthn", "mfa_add_webauthn", "mfa_edit_webauthn", "mfa_remove_webauthn", "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes", "account_change_password"})
# What is a person's own, and opens all of his organisations: a provider of one of them must not reach it, or it could set a factor up
# that is good everywhere.
OWN = frozenset({
    "account_change_password", "mfa_index", "mfa_activate_totp", "mfa_deactivate_totp", "mfa_list_webauthn", "mfa_add_webauthn",
    "mfa_edit_webauthn", "mfa_remove_webauthn", "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "usersessions_list",
    "session-end", "invitation", "notification-choices", "address-confirmation-again",
    "number-confirmation",
})

# Attributes by which a view says before which act it asks for the second factor again, and which acts open it at all. Decorators around
# it keep them, and `tests/accounts/test_step_up.py` reads them: what needs a sensitive act and does not ask again fails there.
ASKS_AGAIN, NEEDS_ACTS = "asks_again_before", "needs_acts"

Handler = Callable[[HttpRequest], HttpResponseBase]
P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
View = Callable[Concatenate[HttpRequest, P], R]


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
        limit(request, person)
        name = request.resolver_match.url_name if request.resolver_match else None
        return None if name in ALWAYS else answer_unproven(request, person, name)


def answer_unproven(request: HttpRequest, person: Person, name: str | None) -> HttpResponse | None:
    """Where this session must go before the page of that name, or why it may not see it; None when it may."""
    age_s, seat = session_age_s(request, person), workstation_of(person)
    if age_s > SESSION_LASTS_S or has_lapsed(request):
        return signed_out(request)
    if seat is not None and (why := seat.why_kept_out(address_of(request))) is not None:
        return answer_problem(request, why)
    if has_second_factor(person):
        if name in TO_SHOW:
            return None
        if not is_proven(request, person, seat):
            return to_show(person, page_of(request))
    elif person.only_at is None:
        return answer_without_factor(request, person, name, age_s)
    elif not enters_by_place(person, seat):
        return problem_page(request, OwnFactorMissing())
    if person.only_at is not None and name in OWN:
        return problem_page(request, OwnSignInOnly())
    return answer_unseated(request, person, name, seat) or answer_idle(request, person, name, seat)


def answer_without_factor(request: HttpRequest, person: Person, name: str | None, age_s: float) -> HttpResponse | None:
    """Ten minutes to set one up, and nothing else."""
    if age_s > WITHOUT_FACTOR_LASTS_S:
        return signed_out(request)
    return None if name in TO_SET_UP else HttpResponseRedirect(reverse(page_to_set_up(person)))


def answer_unseated(request: HttpRequest, person: Person, name: str | None, seat: Workstation | None) -> HttpResponse | None:
    """Whoever did not come in by the passkey of his workstation reads on the page of his passkeys what to do."""
    if name in TO_BE_SEATED or is_seated(request, person, seat, now=timezone.now()):
        return None
    return HttpResponseRedirect(reverse("mfa_list_webauthn"))


def answer_idle(request: HttpRequest, person: Person, name: str | None, seat: Workstation | None) -> HttpResponse | None:
    """After a pause the screen of a workstation is anybody's: whoever sits there shows himself, and goes on where he was."""
    if name == IDLE_LOCK:
        return None
    if seat is not None and is_locked(request, person, seat.idle_s):
        return show_again(request, person, seat)
    note_page(request, seat)
    return None


def is_proven(request: HttpRequest, person: Person, seat: Workstation | None) -> bool:
    """Whether this session showed what it has to: a second factor, or its provider's word where that is enough."""
    return shown_at(request, person) is not None or enters_by_place(person, seat)


def enters_by_place(person: Person, seat: Workstation | None) -> bool:
    """Whether the provider's word is enough: for those who work by workstation only, at an organisation that says where."""
    return person.only_at is not None and seat is not None and seat.only and seat.place_is_known


def session_age_s(request: HttpRequest, person: Person) -> float:
    """Seconds since the first proof of this session; a session without a record of any is as old as can be."""
    began = min((float(record["at"]) for record in get_authentication_records(request, person)), default=0.0)
    return time.time() - began


def page_to_set_up(person: Person) -> str:
    """The page that sets a second factor up: a passkey for those who work without phones, otherwise the choice."""
    roles = {each.role_of for each in live_memberships(person)}
    return "mfa_add_webauthn" if roles and roles <= BY_WORKSTATION else "mfa_index"


def with_cache_cleared(response: HttpResponse) -> HttpResponse:
    """The browser forgets what it keeps of our pages, those to go back to among them: what follows a sign-out is another's screen.

    Not `storage`: visits that wait for the network lie there, sealed, and would be lost.
    """
    # SPEC: W3C Clear Site Data, 3.1: a quoted word.
    response["Clear-Site-Data"] = '"cache"'
    return response


def signed_out(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        note_about(signed_in_person(request), Event.SESSION_ENDED, at=timezone.now(), detail="expired")
        logout(request)
    return with_cache_cleared(HttpResponseRedirect(reverse("account_login")))


def to_show(person: Person, back: str) -> HttpResponse:
    """To the page where the second factor is shown, and from there to `back`, a path on this site. Raises OwnFactorMissing."""
    methods = get_adapter().get_reauthentication_methods(person)
    if not methods:
        raise OwnFactorMissing
    return HttpResponseRedirect(f"{methods[0]['url']}?{urlencode({'next': back})}")


def show_again(request: HttpRequest, person: Person, seat: Workstation) -> HttpResponse:
    """As `to_show`, back to this page; for those whom the provider alone let in, it is asked again."""
    back = page_of(request)
    if person.only_at is None or not enters_by_place(person, seat):
        return to_show(person, back)
    ref = Organisation.objects.get(pk=person.only_at).ref
    onward = f"{reverse('sign-in-at-go', args=[ref])}?{urlencode({'next': back})}"
    if request.method in ("GET", "HEAD"):
        return HttpResponseRedirect(onward)
    # A browser follows no form to another site, by our own policy (form-action), however many redirects lie between: a link it is.
    return render(request, "accounts/locked.html", {"onward": onward, "forgotten": True}, status=403)


def page_of(request: HttpRequest) -> str:
    """The page that the person looks at: this one, or the one whose form he sent. The form is forgotten, the page is not."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    try:
        came = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        # `http://[x` is no address, and anybody may send it.
        return reverse("account")
    if came.netloc != request.get_host():
        return reverse("account")
    return came.path + (f"?{came.query}" if came.query else "")


def needs_person(view: View[P, R]) -> View[P, R | HttpResponse]:
    """The page is for signed-in people; others come to the sign-in and then back."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> R | HttpResponse:
        if not isinstance(request.user, Person):
            return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': request.path})}")
        return view(request, *args, **kwargs)

    return never_cache(guarded)


def signed_in_person(request: HttpRequest) -> Person:
    """Whoever is signed in; `needs_person` has seen to it that somebody is."""
    assert isinstance(request.user, Person)
    return request.user


def step_up(act: Act, *, back: str, keep: tuple[str, ...] = ()) -> Callable[[View[P, R]], View[P, R | HttpResponse]]:
    """Before a sensitive act of the permission table: the second factor within the last ten minutes.

    Otherwise whoever acts comes to the page that asks for it, and from there to the route named `back`, with those of
    the arguments that `keep` names. A form that was sent is forgotten: what it said is not kept in a session.
    """
    assert act in SENSITIVE, f"{act} is not marked as sensitive"

    def decorated(view: View[P, R]) -> View[P, R | HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> R | HttpResponse:
            person = signed_in_person(request)
            if not shown_recently(request, person):
                return to_show(person, reverse(back, kwargs={name: kwargs[name] for name in keep}))
            return view(request, *args, **kwargs)

        guarded.__dict__[ASKS_AGAIN] = act
        return guarded

    return decorated
