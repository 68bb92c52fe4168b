"""Writes of `cases`: open cases by the client's references, lock and move their chain heads."""
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from accounts.models import Organisation
from cases.errors import CaseNotFound
from cases.models import Assignment, Case
from cases.roots import live_assignment


@dataclass(slots=True)
class CaseHead:
    """A chain head held in a transaction: `sequence` deposits so far, `sha256` of the last statement (None for none).

    `owner`: whose case it is, where that is not the depositor's own organisation.
    """

    case_id: int
    ref: str
    sequence: int
    sha256: bytes | None
    locked_at: int
    owner: Organisation | None = None


class HeadMovedError(Exception):
    """Another transaction moved a head that we had read: roll back and try again."""


def lock_case_heads(organisation_id: int, references: Collection[str], *, now: datetime) -> dict[str, CaseHead]:
    """The heads of these client references, missing cases opened; call inside a transaction.

    Existing cases are locked in the order of their ids, then missing ones are inserted in the order of their references, so
    that two batches over the same cases never wait for one another in a ring.
    """
    assert connection.in_atomic_block
    wanted = sorted(set(references))
    heads = _locked_heads(organisation_id, wanted)
    if missing := [text for text in wanted if text not in heads]:
        shared = {"organisation_id": organisation_id, "created_at": now}
        opened = [Case(ref=secrets.token_hex(16), client_reference=text, **shared) for text in missing]
        Case.objects.bulk_create(opened, ignore_conflicts=True)
        heads |= _locked_heads(organisation_id, missing)
    return heads


def lock_assigned_heads(agency: Organisation, refs: Collection[str], *, agent_id: int | None = None, now: datetime) -> dict[str, CaseHead]:
    """The heads of cases that are assigned to this agency at this moment, by our refs; call inside a transaction.

    `agent_id`: only of cases that are this person's now. Locked in the order of their ids, as `lock_case_heads` does. Raises CaseNotFound.
    """
    assert connection.in_atomic_block
    wanted = set(refs)
    held = Assignment.objects.filter(live_assignment(now), entrustment__agency=agency)
    if agent_id is not None:
        held = held.filter(distributions__agent=agent_id, distributions__until=None)
    locked = Case.objects.select_for_update(of=("self",)).filter(ref__in=wanted, pk__in=held.values("case_id"))
    heads = {
        case.ref: CaseHead(case.pk, case.ref, case.sequence, case.head(), case.sequence, case.organisation)
        for case in locked.select_related("organisation").order_by("id")
    }
    if len(heads) != len(wanted):
        raise CaseNotFound
    return heads


def move_case_heads(heads: Collection[CaseHead]) -> None:
    """Write the heads back by compare-and-swap on the sequence they were read with. Raises HeadMovedError."""
    table, row = Case._meta.db_table, "(%s, %s, %s, %s)"
    values = [value for head in heads for value in (head.case_id, head.locked_at, head.sequence, head.sha256)]
    with connection.cursor() as cursor:
        cursor.execute(  # one statement for all, because a batch may touch a thousand cases
            f"UPDATE {table} SET sequence = moved.column3, head_sha256 = moved.column4 "  # noqa: S608
            f"FROM (VALUES {', '.join([row] * len(heads))}) AS moved WHERE {table}.id = moved.column1 AND {table}.sequence = moved.column2",
            values)
        if cursor.rowcount != len(heads):
            raise HeadMovedError(f"{len(heads) - cursor.rowcount} of {len(heads)} heads moved")


def _locked_heads(organisation_id: int, references: list[str]) -> dict[str, CaseHead]:
    # Plain SQL: every deposit asks this, and the ORM took longer to write it than PostgreSQL to answer it (measured).
    lock = " FOR UPDATE" if connection.vendor == "postgresql" else ""
    marks = ", ".join(["%s"] * len(references))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT client_reference, id, ref, sequence, head_sha256 FROM cases_case "  # noqa: S608 - marks only
            f"WHERE organisation_id = %s AND client_reference IN ({marks}) ORDER BY id{lock}", [organisation_id, *references])
        rows = cursor.fetchall()
    return {text: CaseHead(id_, ref, sequence, None if head is None else bytes(head), sequence) for text, id_, ref, sequence, head in rows}
