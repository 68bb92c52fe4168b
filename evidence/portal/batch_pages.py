"""批次: what the organisation's machines handed in, whether it was taken, and what was wrong with what.

For whoever keeps case files or distributes cases: an agent sees what is his, and a batch may name cases of anybody at his agency.
"""
from collections.abc import Mapping
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.permissions import Act
from accounts.portal.workplace import needs_act
from accounts.viewer import Viewer
from common.errors import DomainError
from evidence.batches import FAULTS_KEPT_FOR, batch_of, batches_of, faults_of, records_of, totals_since
from evidence.portal.rows import page_of
from evidence.portal.state_words import STATES, Text

READERS = (Act.KEEP_CASE, Act.DISTRIBUTE)


@require_GET
@never_cache
@needs_act(*READERS)
def batches(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """The list. Raises NotFound for a cursor of nobody's."""
    now, after = timezone.now(), request.GET.get("after", "")
    found, more = page_of(batches_of(viewer), batch_of(viewer, after).pk if after else None)
    rows = [(row, title_of(row.refused_code)) for row in found]
    return render(request, "evidence/batches.html", {
        "rows": rows, "cursor": found[-1].ref if more else "", "after": after, "now": now,
        "totals": totals_since(viewer, now - timedelta(days=1))})


@require_GET
@never_cache
@needs_act(*READERS)
def batch(request: HttpRequest, viewer: Viewer, ref: str) -> HttpResponse:
    """One batch, for as long as its row is there. Raises NotFound."""
    found, now = batch_of(viewer, ref), timezone.now()
    records = [(record, STATES[state]) for record, state in records_of(found)]
    return render(request, "evidence/batch.html", {
        "batch": found, "title": title_of(found.refused_code), "records": records, "faults": faults_of(found), "now": now,
        "states": _counts(records), "forgotten": bool(found.refused_code) and found.at < now - FAULTS_KEPT_FOR})


def title_of(code: str) -> Text:
    """The title of the refusal with this code; the code itself when no version of ours knows it any more, "" for none."""
    waiting: list[type[DomainError]] = [DomainError]
    while waiting:
        known = waiting.pop()
        if known.code == code:
            return known.title
        waiting += known.__subclasses__()
    return code


def _counts(records: list[tuple[str, Text]]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for _, state in records:
        counts[str(state)] = counts.get(str(state), 0) + 1
    return counts
