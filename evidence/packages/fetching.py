"""A package that leaves the house, at whichever door: what belongs with what was asked for, and the row of who fetched it in each trail."""
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from accounts.viewer import Viewer
from evidence.corrections import with_corrections
from evidence.custody import CustodyAction
from evidence.errors import RecordNotFound
from evidence.models import Evidence
from evidence.packages.assembly import gather_package
from evidence.packages.contents import PackageContents, Scope
from evidence.proofs import check_published
from evidence.reading import note_reading
from evidence.selectors import records_for

MEDIA_TYPE = "application/vnd.etsi.asic-e+zip"
MAX_SELECTION = 100
"""Records that are named one by one: in an address, of which gunicorn takes 4,094 bytes, or by the boxes of a table."""


def fetch_package(
    viewer: Viewer, records: Sequence[Evidence], *, scope: Scope, request_id: str, now: datetime
) -> tuple[PackageContents, str]:
    """The package's parts and its file name. Each trail says who took it when this returns, and nothing when it refuses.

    Raises RecordNotFound (of none, or not open any more), RecordNotPublished, AuthoritiesMisconfigured, KeyUnavailable, TrailBusy.
    """
    if not records:
        raise RecordNotFound
    scope, whole = complete(viewer, scope, records, now=now)
    check_published(whole)
    note = partial(note_reading, viewer, whole, CustodyAction.FETCHED, request_id=request_id, now=now)
    return gather_package(whole, scope=scope, now=now, note=note), f"{records[0].record}-{scope}.asice"


def complete(viewer: Viewer, scope: Scope, records: Sequence[Evidence], *, now: datetime) -> tuple[Scope, Sequence[Evidence]]:
    """A record that was deposited by mistake or replaced goes out with the one that says so or stands for it; a case holds both anyhow."""
    if scope == "case":
        return scope, records
    told = with_corrections(records, records_for(viewer, now=now))
    return ("selection" if len(told) > 1 else scope), told
