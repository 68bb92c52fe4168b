"""At which of his organisations a signed-in person works now: the one that he chose in this session, else the first that works.

The choice lies in the session and never in the address, so a link that is passed on shows the reader what the reader may see.
"""
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_POST

from accounts.models import Membership, Person
from accounts.permissions import ROLES, Act
from accounts.portal.gate import NEEDS_ACTS, View, is_proven, needs_person, signed_in_person
from accounts.selectors import live_memberships
from accounts.viewer import Viewer
from accounts.workstations import workstation_of
from common.errors import DomainError, OrganisationNotWorking
from common.problems import Forbidden, NotFound
from common.tenancy import tell_viewer

CHOSEN = "cunzheng_workplace"

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
Page = Callable[Concatenate[HttpRequest, Viewer, P], R]


def viewer_of(request: HttpRequest) -> Viewer:
    """The signed-in person at the chosen organisation. Raises Forbidden (no role anywhere), OrganisationNotWorking (none of his works)."""
    person = signed_in_person(request)
    held = list(live_memberships(person))
    if not held:
        raise Forbidden
    working = [each for each in held if each.organisation.working]
    if not working:
        raise OrganisationNotWorking
    return told(viewer_at(_chosen(working, request.session.get(CHOSEN)), working))


def framed(request: HttpRequest) -> Viewer | None:
    """For whom a page has a frame: whoever has proven himself to the gate and works somewhere; None for everybody else.

    By the gate's own rule. The frame tells the name of an organisation, which is not for somebody who only knows a password.
    """
    person = request.user
    if not isinstance(person, Person):
        return None
    # Asked for where it counts only: without a provider's word no place stands in for a second factor.
    seat = workstation_of(person) if person.only_at is not None else None
    if not is_proven(request, person, seat):
        return None
    try:
        return viewer_of(request)
    except DomainError:
        return None


def told(viewer: Viewer) -> Viewer:
    """The same viewer, of whom the database session now knows: whoever may not distribute sees what was distributed to himself."""
    alone = viewer.person is not None and not viewer.may(Act.DISTRIBUTE)
    tell_viewer(viewer.organisation.pk, only_person=viewer.person.pk if viewer.person is not None and alone else None)
    return viewer


def viewer_at(place: Membership, held: list[Membership]) -> Viewer:
    """The person of this membership with all his roles at its organisation."""
    here = [each for each in held if each.organisation_id == place.organisation_id]
    roles = frozenset(each.role_of for each in here)
    return Viewer(place.organisation, frozenset().union(*(ROLES[role].acts for role in roles)), roles, place.person)


def _chosen(working: list[Membership], ref: object) -> Membership:
    return next((each for each in working if each.organisation.ref == ref), working[0])


def needs_act(*acts: Act) -> Callable[[Page[P, R]], View[P, R | HttpResponse]]:
    """The page is for people whose role may do one of these acts; the view gets the viewer as its second argument.

    Raises Forbidden, OrganisationOnTrial.
    """

    def decorated(view: Page[P, R]) -> View[P, R | HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> R | HttpResponse:
            viewer = viewer_of(request)
            viewer.must(*acts)
            return view(request, viewer, *args, **kwargs)

        guarded.__dict__[NEEDS_ACTS] = frozenset(acts)
        return needs_person(guarded)

    return decorated


@require_POST
@needs_person
def choose_workplace(request: HttpRequest) -> HttpResponse:
    """Work at another of one's organisations from now on. Raises NotFound for one where the person holds no role."""
    ref = request.POST.get("organisation", "")
    if not any(each.organisation.ref == ref for each in live_memberships(signed_in_person(request))):
        raise NotFound
    request.session[CHOSEN] = ref
    return HttpResponseRedirect("/home")
