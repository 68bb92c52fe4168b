"""How many of a case's records a viewer may read: the room above knows, and registers itself here.

`cases` may not look into `evidence`. The length of a case's chain is for whoever sees all of it: to others it would say how much the others
deposited. Nothing registered means that of others' cases nothing may be read.
"""
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from accounts.viewer import Viewer
from cases.models import Case

Counter = Callable[[Viewer, Sequence[int], datetime], Mapping[int, int]]
"""(viewer, ids of cases that are open to him, now) → how many of each case's records he may read; a case that is not there has none."""

_COUNTERS: list[Counter] = []


def register_counter(counter: Counter) -> None:
    """Who counts from now on."""
    _COUNTERS[:] = [counter]


def records_seen(viewer: Viewer, cases: Sequence[Case], *, now: datetime) -> dict[int, int]:
    """By the case's id: all there are of one's own cases, of others' those that are open to the viewer."""
    own = {case.pk: case.sequence for case in cases if case.organisation_id == viewer.organisation.pk}
    foreign = [case.pk for case in cases if case.pk not in own]
    counted = _COUNTERS[0](viewer, foreign, now) if foreign and _COUNTERS else {}
    return own | {pk: counted.get(pk, 0) for pk in foreign}
