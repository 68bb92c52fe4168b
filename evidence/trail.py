"""Writes into custody trails: a row at the end of each, for however many records, in a few statements.

Two who write into one trail at once meet on its unique sequence, and the later one takes the next place. What this does not do: decide who
may act; the callers do (`evidence.reading` for whoever reads).
Source: formats A5, `custody.json`; threats T26.
"""
import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from allauth.core import context
from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Subquery

from accounts.audit.source import source
from accounts.models import ApiKey
from accounts.viewer import PERSON, Viewer
from common.bulk import Insert, Value, insert_all
from common.request_ids import request_id_of
from evidence.custody import PUBLIC, SELF, SYSTEM, Circumstances, CustodyAction, CustodyRow, Happening, row_after
from evidence.errors import TrailBusy
from evidence.models import CustodyEvent, Evidence

COLUMNS = (
    "evidence_id", "sequence", "at", "event", "actor", "organisation_ref", "purpose", "previous", "digest", "root",
    "signed_in", "role", "on_behalf_of", "request_id",
)
# In each round of writers that meet one gets its place: enough for all threads of a web process at one record, and some more.
TRIES = 24
PAUSE_S = 0.02
LOOKED_UP_AT_ONCE = 500


def to_the_millisecond(moment: datetime) -> datetime:
    """As a trail's rows write it."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def note_happening(record_id: int, happening: Happening, *, now: datetime) -> None:
    """Write what happened to one record; committed on return, unless the caller has a transaction open. Raises TrailBusy."""
    append_with_retries(lambda: append_rows({record_id: [happening]}, at=to_the_millisecond(now)))


def append_with_retries(write: Callable[[], None]) -> None:
    """Run `write` in a transaction, again when somebody else took the next place of a trail. Raises TrailBusy after many tries."""
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                write()
            return
        except IntegrityError:
            time.sleep(random.uniform(0, PAUSE_S))  # noqa: S311 - spreads retries, guards nothing
    raise TrailBusy(retry_after_s=2)


def append_rows(happenings: Mapping[int, Sequence[Happening]], *, at: datetime) -> None:
    """A row for each of what happened to each record, by the record's id, inside the caller's transaction.

    Raises IntegrityError when another writer was faster, KeyError for a record without a trail: there is none.
    """
    last, rows = _last_rows(list(happenings)), []
    for id_, each in sorted(happenings.items()):
        for happening in each:
            last[id_] = row_after(last[id_], happening, at=at)
            rows.append(column_values(id_, last[id_]))
    insert_all([Insert(CustodyEvent, COLUMNS, rows)])


def column_values(evidence_id: int, row: CustodyRow) -> tuple[Value, ...]:
    """The row as `COLUMNS` has it."""
    how = row.circumstances
    facts = (None,) * 4 if how is None else (how.signed_in, how.role, how.on_behalf_of, how.request_id)
    return (
        evidence_id, row.sequence, row.at, row.event, row.actor, row.organisation, row.purpose, row.previous, row.digest, row.root, *facts)


def row_of(event: CustodyEvent) -> CustodyRow:
    """The table's row as the chain has it; `signed_in` is empty in rows of the first form, and only there."""
    how = None if event.signed_in is None else Circumstances(event.signed_in, event.role, event.on_behalf_of, event.request_id)
    return CustodyRow(
        event.sequence, event.at, event.event, event.actor, event.organisation_ref, event.purpose, event.previous, event.digest, event.root,
        how)


def circumstances_of(
    viewer: Viewer, *, request_id: str | None, on_behalf_of: str | None = None, signed_in: str | None = None
) -> Circumstances:
    """How this viewer acts in the request at hand; `signed_in` where the request itself cannot tell."""
    return Circumstances(signed_in or how_signed_in(viewer.actor), roles_of(viewer), on_behalf_of, request_id)


def roles_of(viewer: Viewer) -> str | None:
    """As trails name them; None of a machine, which has scopes."""
    return "+".join(sorted(role.value for role in viewer.roles)) or None


def how_signed_in(actor: str) -> str:
    """What the session or the credential of the request at hand showed; `session` for a person whose session said nothing."""
    return source().method or ("session" if actor.startswith(PERSON) else "api_key")


def request_at_hand() -> str | None:
    """The id of the request that this thread answers; None outside one."""
    return None if context.request is None else request_id_of(context.request)


def done_by_credential(key: ApiKey | None, action: CustodyAction, *, purpose: str | None = None) -> Happening:
    """What a machine did with this key, or somebody who showed none and needed none: he is not known, and is called so."""
    if key is None:
        return Happening(action, PUBLIC, PUBLIC, Circumstances("none", request_id=request_at_hand()), purpose)
    actor = f"api_key:{key.pk}"
    return Happening(action, actor, key.organisation.ref, Circumstances(how_signed_in(actor), request_id=request_at_hand()), purpose)


def done_by_viewer(viewer: Viewer, action: CustodyAction, *, purpose: str | None = None) -> Happening:
    """What a person or machine did that is no reading by a root of access."""
    how = circumstances_of(viewer, request_id=request_at_hand())
    return Happening(action, viewer.actor, viewer.organisation.ref, how, purpose)


def done_by_system(action: CustodyAction, *, purpose: str | None = None) -> Happening:
    """What the service did itself, in a job."""
    return Happening(action, SYSTEM, SYSTEM, SELF, purpose)


def _last_rows(ids: Sequence[int]) -> dict[int, CustodyRow]:
    """The end of each record's trail; every record has one, for the ingestion begins it."""
    found: dict[int, CustodyRow] = {}
    newest = CustodyEvent.objects.filter(evidence=OuterRef("pk")).order_by("-sequence").values("id")[:1]
    for first in range(0, len(ids), LOOKED_UP_AT_ONCE):
        last = Evidence.objects.filter(pk__in=ids[first:first + LOOKED_UP_AT_ONCE]).values(last=Subquery(newest))
        for row in CustodyEvent.objects.filter(pk__in=last):
            found[row.evidence_id] = row_of(row)
    return found
