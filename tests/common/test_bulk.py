"""Bulk inserts give the rows that Django's own insert would have given, on both engines."""
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Organisation
from common.bulk import insert_rows, reserve_ids
from ledger.models import LogQueue

NOW = datetime(2026, 11, 23, 8, 0, 0, 123456, tzinfo=UTC)
HOSTILE = "tab\there\nnewline\r\\backslash \\N \\. 存证 'quote' \"x\" \x7f 𠀀"
COLUMNS = ("id", "ref", "name", "kind", "status", "contact_email", "contact_phone", "licence_number", "practice_area", "created_at")
KIND = ("lender", "active", "", "", "", "")


def test_hostile_text_bytes_and_times_arrive_unchanged(database: str) -> None:
    with transaction.atomic():
        [one, two] = reserve_ids(Organisation, 2)
        insert_rows(Organisation, COLUMNS, [
            (one, "a", HOSTILE, *KIND, NOW), (two, "b", "\\N", *KIND, NOW.astimezone(timezone(timedelta(hours=8)))),
        ])
        insert_rows(LogQueue, ("id", "entry", "leaf_hash", "queued_at"), [(7, bytes(range(256)), b"\\x00\n\t", NOW)])
    assert [(row.ref, row.name, row.created_at) for row in Organisation.objects.order_by("id")] == [("a", HOSTILE, NOW), ("b", "\\N", NOW)]
    row = LogQueue.objects.get(pk=7)
    assert (bytes(row.entry), bytes(row.leaf_hash), row.queued_at) == (bytes(range(256)), b"\\x00\n\t", NOW)


def test_reserved_ids_are_never_given_twice_even_after_rows_are_deleted(database: str) -> None:
    seen: list[int] = []
    for _ in range(3):
        with transaction.atomic():
            ids = reserve_ids(LogQueue, 3)
            insert_rows(LogQueue, ("id", "entry", "leaf_hash", "queued_at"), [(id_, b"", b"", NOW) for id_ in ids])
        LogQueue.objects.all().delete()
        seen += ids
    assert seen == sorted(set(seen))


def test_rows_inserted_by_django_afterwards_do_not_collide(database: str) -> None:
    with transaction.atomic():
        [first] = reserve_ids(Organisation, 1)
        insert_rows(Organisation, COLUMNS, [(first, "a", "n", *KIND, NOW)])
    assert Organisation.objects.create(ref="b", name="n", kind="lender", status="active", created_at=NOW).pk > first


def test_a_refused_row_refuses_them_all(database: str) -> None:
    rows = [(number, ref, "n", *KIND, NOW) for number, ref in enumerate("aba", 1)]
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(Organisation, COLUMNS, rows)
    assert Organisation.objects.count() == 0
