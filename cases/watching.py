"""全程留痕 for reading: who read a case, in which roles, on what root and for what purpose, written before the data goes out.

The caller writes first and answers then; a crash between the two leaves a trace of a reading that did not happen, never the reverse.
Source: threats T26; issue "People and institutions" 2.
"""
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from accounts.viewer import Viewer
from cases.errors import CaseNotFound
from cases.models import AccessEvent, Case
from cases.roots import Access
from cases.selectors import access_to, roots_of

ONE_DAY = timedelta(days=1)


def read_case(viewer: Viewer, case: Case, *, request_id: str, now: datetime) -> Access:
    """Write that the viewer reads the case's and its parties' data, and return the root by which. Raises CaseNotFound."""
    access = access_to(viewer, case, now=now)
    note_accesses(viewer, {case.pk: access}, AccessEvent.CASE, request_id=request_id, now=now)
    return access


def note_told(viewer: Viewer, cases: Sequence[Case], what: str, *, request_id: str, now: datetime) -> None:
    """Write that the viewer is told of these cases, each once and by its first root; nothing about those of his own organisation.

    Raises CaseNotFound when no root covers one of them any more.
    """
    foreign = [case for case in cases if case.organisation_id != viewer.organisation.pk]
    if not foreign:
        return
    roots = roots_of(viewer, foreign, now=now)
    if not all(roots.values()):
        raise CaseNotFound
    note_accesses(viewer, {case_id: found[0] for case_id, found in roots.items()}, what, request_id=request_id, now=now)


def note_listed(viewer: Viewer, cases: Sequence[Case], *, request_id: str, now: datetime) -> None:
    """Write that a machine is told of these cases by a list, as an export's rows say it: of each once a day. Raises CaseNotFound."""
    foreign = [case for case in cases if case.organisation_id != viewer.organisation.pk]
    if not foreign:
        return
    lately = AccessEvent.objects.filter(
        case__in=[case.pk for case in foreign], what=AccessEvent.EXPORT, actor=viewer.actor, organisation=viewer.organisation,
        at__gt=now - ONE_DAY)
    known = set(lately.values_list("case_id", flat=True))
    note_told(viewer, [case for case in foreign if case.pk not in known], AccessEvent.EXPORT, request_id=request_id, now=now)


def note_accesses(viewer: Viewer, by_case: Mapping[int, Access], what: str, *, request_id: str, now: datetime) -> None:
    """One row for each case, by the case's id; one statement for all."""
    roles = ",".join(sorted(role.value for role in viewer.roles))
    AccessEvent.objects.bulk_create(
        AccessEvent(
            case_id=case_id, at=now, what=what, actor=viewer.actor, organisation=viewer.organisation, roles=roles,
            signed_in="key" if viewer.key is not None else "session", root=access.root, purpose=access.purpose, request_id=request_id)
        for case_id, access in sorted(by_case.items()))
