"""The frame around a signed-in page: at which organisation and as what somebody works, where else he could, and the pages that are his.

Pages are named by their addresses, because the rooms that hold them stand above this one.
"""
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import is_valid_path
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from accounts.permissions import KINDS, ROLES, Act, Kind, kinds_that_may
from accounts.portal.gate import signed_in_person
from accounts.portal.members import word
from accounts.portal.workplace import framed
from accounts.selectors import live_memberships
from accounts.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Place:
    """A page in the navigation, for whoever may do one of `acts` (everybody when there are none) in an organisation of `kinds` (any)."""

    path: str
    label: str | Promise
    acts: frozenset[Act] = frozenset()
    kinds: frozenset[Kind] = frozenset()

    def is_for(self, viewer: Viewer) -> bool:
        return (not self.acts or bool(self.acts & viewer.acts)) and (not self.kinds or viewer.kind in self.kinds)


PLACES = (
    Place("/home", _("首页")),
    Place("/inbox", _("通知中心")),
    Place("/work", _("工作台"), frozenset({Act.DEPOSIT})),
    Place("/cases", _("案件"), frozenset({Act.READ_CASE})),
    Place("/evidence", _("存证记录"), frozenset({Act.READ_CASE})),
    Place("/access", _("委案与授权"), frozenset({Act.DISTRIBUTE, Act.GRANT, Act.APPROVE_LARGE_GRANT})),
    Place("/docket", _("受理"), frozenset({Act.ACCEPT, Act.PREPARE}), kinds_that_may(Act.ACCEPT)),
    Place("/docket", _("授权案件"), frozenset({Act.PREPARE}), frozenset({Kind.LAW_FIRM})),
    Place("/orders", _("调取令"), frozenset({Act.ORDER, Act.PREPARE}), kinds_that_may(Act.ORDER)),
    Place("/quarantines", _("隔离"), frozenset({Act.RELEASE})),
    Place("/dashboard", _("统计"), frozenset({Act.READ_CASE})),
    Place("/organisations", _("机构管理"), frozenset({Act.MANAGE_ORGANISATIONS})),
    Place("/operations", _("运营"), frozenset({Act.MANAGE_ORGANISATIONS, Act.READ_HEALTH})),
    Place("/keys", _("密钥与凭证"), frozenset({Act.MANAGE_KEYS}), frozenset({Kind.OPERATOR})),
    Place("/audit", _("审计日志"), frozenset({Act.READ_AUDIT})),
)


@dataclass(frozen=True, slots=True)
class Link:
    path: str
    label: str | Promise
    current: bool


@dataclass(frozen=True, slots=True)
class Shell:
    """`others` are (ref, name, kind) of the organisations where the person could work instead."""

    organisation: str
    kind: str
    roles: str
    others: tuple[tuple[str, str, str], ...]
    links: tuple[Link, ...]


def shell(request: HttpRequest) -> dict[str, object]:
    """Context processor. Nothing is asked before a template looks: pages of errors do not, when the database may be away."""
    return {"shell": SimpleLazyObject(lambda: shell_of(request))}


def shell_of(request: HttpRequest) -> Shell | None:
    """The frame for this request; None for whoever has none (`framed`)."""
    viewer = framed(request)
    if viewer is None:
        return None
    separator = "、" if word(KINDS[viewer.kind]) == KINDS[viewer.kind].zh else ", "
    roles = separator.join(word(permission.label) for role, permission in ROLES.items() if role in viewer.roles)
    others, links = _others(signed_in_person(request), viewer), _links(viewer, request.path)
    return Shell(viewer.organisation.name, word(KINDS[viewer.kind]), roles, others, links)


def _others(person: Person, viewer: Viewer) -> tuple[tuple[str, str, str], ...]:
    """Of the session's own person: `viewer.person` does not know which organisation's provider limits the session."""
    working = {each.organisation_id: each.organisation for each in live_memberships(person) if each.organisation.working}
    working.pop(viewer.organisation.pk, None)
    return tuple((each.ref, each.name, word(KINDS[Kind(each.kind)])) for each in working.values())


def _links(viewer: Viewer, path: str) -> tuple[Link, ...]:
    places = [place for place in PLACES if place.is_for(viewer) and is_valid_path(place.path)]
    if viewer.may(Act.MANAGE_MEMBERS):
        places.append(Place(f"/organisations/{viewer.organisation.ref}/members", _("成员")))
    # The longest address that the page's own begins with: the members of an organisation are not the list of organisations.
    here = max((place.path for place in places if path == place.path or path.startswith(f"{place.path}/")), key=len, default="")
    return tuple(Link(place.path, place.label, place.path == here) for place in places)
