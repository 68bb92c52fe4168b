"""谁查看过本案: every reading of a case for the organisation whose case it is, the newest first, with root and purpose.

Names stand here for the viewer's own people alone; of another organisation's the id says that it was one and the same, and no more.
What this does not do: show anything of the case. Source: threats T26.
"""
import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import Membership
from accounts.permissions import ROLES, Act, Role
from accounts.portal.members import word
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from cases.models import AccessEvent, Case
from cases.portal.access_words import ROOTS
from cases.portal.file_page import Word
from cases.roots import Root
from cases.selectors import accesses_of, own_case
from common.problems import NotFound

PAGE = 50
CURSOR = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
WHAT = {
    AccessEvent.CASE: _("案件与当事人信息"), AccessEvent.RECORDS: _("存证记录"), AccessEvent.EXPORT: _("导出的案件列表"),
    AccessEvent.SEARCH: _("按当事人检索到本案"),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One row; `number` counts the case's readings from its first. `name` is "" for a machine and for another organisation's people."""

    number: int
    event: AccessEvent
    name: str
    roles: tuple[str, ...]
    what: Word
    root: Word


@require_GET
@never_cache
@needs_act(Act.READ_CASE, Act.READ_AUDIT)
def case_accesses(request: HttpRequest, viewer: Viewer, /, ref: str) -> HttpResponse:
    """Raises CaseNotFound for a case that is not the viewer's organisation's own, NotFound for a cursor that is none."""
    found = own_case(viewer, ref)
    rows, older = readings_of(viewer, found, request.GET.get("after", ""))
    return render(request, "cases/accesses.html", {
        "case": found, "rows": rows, "cursor": older, "filter": {"after": request.GET.get("after", ""), "query": ""},
        "may_read": viewer.may(Act.READ_CASE), "now": timezone.now(),
    })


def readings_of(viewer: Viewer, case: Case, after: str) -> tuple[list[Reading], int]:
    """One page, and how many readings are older than it, which is the next page's cursor; 0 on the last. Raises NotFound.

    Rows are never taken away, so a count within the case holds whatever is read meanwhile, and tells nothing of other cases.
    """
    if after and not CURSOR.fullmatch(after):
        raise NotFound
    rows = accesses_of(case).order_by("id")
    end = min(int(after), rows.count()) if after else rows.count()
    start = max(0, end - PAGE)
    page = list(rows[start:end])
    names = _own_names(viewer, page)
    return [_reading(number, event, names) for number, event in zip(range(end, start, -1), reversed(page), strict=True)], start


def _reading(number: int, event: AccessEvent, names: dict[str, str]) -> Reading:
    roles = tuple(word(ROLES[Role(role)].label) for role in event.roles.split(",") if role)
    root = _("本机构案件") if event.root == Root.OWN else ROOTS[Root(event.root)]
    return Reading(number, event, names.get(event.actor, ""), roles, WHAT[event.what], root)


def _own_names(viewer: Viewer, page: Sequence[AccessEvent]) -> dict[str, str]:
    """Actor → name of whoever was the viewer's organisation's member when he read; memberships that ended count."""
    actors = {event.actor for event in page if event.organisation_id == viewer.organisation.pk}
    ids = [int(actor.removeprefix("person:")) for actor in actors if actor.startswith("person:")]
    held = Membership.objects.filter(organisation=viewer.organisation, person__in=ids).values_list("person_id", "person__display_name")
    return {f"person:{id_}": name for id_, name in held}
