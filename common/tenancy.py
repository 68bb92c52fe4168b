"""Whose rows a database session may see: told to PostgreSQL where a viewer was established, for its row-level security to judge by.

The second gate behind the scoped selectors (docs/adr/0019). A session that was told nothing sees nothing: each request begins with nothing
told, and the policies of `evidence` migration 0011 are false for it. On SQLite there is no second gate, and all of this does nothing.
What this does not do: decide who somebody is, or stop who may run any SQL as the web's role: that one can tell what he likes.
"""
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final

from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

from common.failures import DATABASE_FAILURES

ORGANISATION, PERSON, RECORD = "organisation", "person", "record"
NAMES: Final = (ORGANISATION, PERSON, RECORD, "records", "receipt", "cases", "ticket", "failures")
"""Settings `cunzheng.<name>`: the organisation's id; the id of a person who sees only what was distributed to himself; and what an exact
key opens beside: a record's number, ids of records that an open record names, a receipt's id, refs of cases, a ticket's digest in hex;
"counted" where an operator's figures count what our own program failed to draw."""
NOTHING: Final[Mapping[str, str]] = MappingProxyType(dict.fromkeys(NAMES, ""))


def tell_viewer(organisation_id: int, *, only_person: int | None = None) -> None:
    """From now on this session is the organisation's. `only_person`: of assigned cases only those that are his now."""
    _tell({**_told(), ORGANISATION: str(organisation_id), PERSON: "" if only_person is None else str(only_person)})


def open_record(number: str) -> None:
    """Whoever has a record's exact number may see that record, until the request is over."""
    _tell({**_told(), RECORD: number})


def forget() -> None:
    """The session is nobody's. Where the database does not take it, the connection is closed: a new one was told nothing."""
    if _told() == NOTHING:
        return
    try:
        _tell(NOTHING)
    except DATABASE_FAILURES:
        connection.close()


@contextmanager
def on_behalf_of(organisation_id: int) -> Iterator[None]:
    """For what the service does for this organisation, whoever asked for it: its own deposits, for example."""
    with _changed({**NOTHING, ORGANISATION: str(organisation_id)}):
        yield


@contextmanager
def opened(**keys: str) -> Iterator[None]:
    """Beside what the viewer sees, rows whose exact key somebody gave, by name: for the look-up inside and nothing else."""
    with _changed({**_told(), **keys}):
        yield


@contextmanager
def without_number() -> Iterator[None]:
    """For the part of a record's page that the viewer's own right opens: the number, which opened the rest, opens nothing here."""
    with _changed({**_told(), RECORD: NOTHING[RECORD]}):
        yield


def forget_between_requests(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware before all others. At the beginning and not at the end, for an answer may be read from the database while it is sent."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        forget()
        return get_response(request)

    return answer


@contextmanager
def _changed(values: Mapping[str, str]) -> Iterator[None]:
    before = _told()
    _tell(values)
    try:
        yield
    finally:
        if _has_failed():
            # The transaction takes no statement any more, and its rollback puts the settings back to what they were before it.
            _remember(before)
        else:
            _tell(before)


def _has_failed() -> bool:
    raw: Any = connection.connection
    return connection.vendor == "postgresql" and raw is not None and raw.get_transaction_status() == TRANSACTION_STATUS_INERROR


def _told() -> Mapping[str, str]:
    """What this very connection was told; a new one, or one that was opened again, was told nothing."""
    raw, told = getattr(connection, "cunzheng_told", (None, NOTHING))
    return told if raw is not None and raw is connection.connection else NOTHING


def _remember(told: Mapping[str, str]) -> None:
    wrapper: Any = connection
    wrapper.cunzheng_told = (connection.connection, told)


def _tell(values: Mapping[str, str]) -> None:
    """What differs from what was told before, in one statement; nothing when nothing does."""
    if connection.vendor != "postgresql":
        return
    told = _told()
    changed = {name: value for name, value in values.items() if value != told[name]}
    if not changed:
        return
    with connection.cursor() as cursor:
        calls = ", ".join(["set_config(%s, %s, false)"] * len(changed))
        cursor.execute(f"SELECT {calls}", [part for name, value in changed.items() for part in (f"cunzheng.{name}", value)])
    _remember(dict(values))
