"""A person fetches an evidence package: it holds originals, so every record's custody trail says who took it before a byte leaves."""
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts.viewer import Viewer
from evidence.custody import CustodyAction
from evidence.errors import RecordNotFound
from evidence.models import Evidence
from evidence.packages.assembly import gather_package
from evidence.packages.contents import PackageContents, Scope
from evidence.trails import append_event


def fetch_package(viewer: Viewer, records: Sequence[Evidence], *, scope: Scope, now: datetime) -> PackageContents:
    """The parts of a package of these records, which must be open to the viewer; their trails end before this fetch.

    Raises RecordNotFound (of none), RecordNotPublished, AuthoritiesMisconfigured; then no trail says anything.
    """
    if not records:
        raise RecordNotFound
    contents = gather_package(records, scope=scope, now=now)
    with transaction.atomic():
        # In one order for everybody, so that two who fetch the same records never wait for one another in a ring.
        for record in sorted(records, key=lambda each: each.pk):
            append_event(record, CustodyAction.DOWNLOADED, viewer, now=now)
    return contents
