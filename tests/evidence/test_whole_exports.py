"""What leaves as a file is whole, however many reads it takes: cases, records and the log, by the database's own cursors."""
import csv
import io
from typing import Any

import pytest

from accounts.audit import reading
from accounts.audit.reading import entries_of, oldest_first
from accounts.models import AuditEntry
from cases.models import Case
from evidence.models import Evidence
from evidence.portal import exports
from tests.accounts.people import signed_in
from tests.cases.cast import Cast

# Three reads, the last of which is not full, and a list that ends where a read ends.
AT_ONCE, ROWS = 10, (25, 30)
ENTRIES_AT_ONCE = 3


def column(answer: Any, name: str) -> list[str]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return [row[name] for row in csv.DictReader(io.StringIO(text, newline=""))]


def test_exports_hold_every_row_beyond_one_read(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "CHUNK", AT_ONCE)
    monkeypatch.setattr(reading, "AT_ONCE", ENTRIES_AT_ONCE)
    cast = Cast()
    own, made = cast.officer.organisation, 0
    for rows in ROWS:
        cast.deposit(cast.officer, "LN-0", count=rows - made - 1)
        Case.objects.bulk_create(
            Case(organisation=own, ref=f"{number:032x}", client_reference=f"LN-{number}", created_at=cast.now)
            for number in range(made + 1, rows))
        cast.deposit(cast.officer, "LN-0")
        made = rows
        browser = signed_in(cast.people["officer"])
        cases, records = browser.post("/cases/export"), browser.post("/evidence/export")
        assert sorted(column(cases, "案件编号")) == sorted(Case.objects.values_list("ref", flat=True))
        assert sorted(column(records, "存证编号")) == sorted(Evidence.objects.values_list("record", flat=True))
    entries = AuditEntry.objects.filter(organisation=own)
    last = max(entries.values_list("number", flat=True))
    assert last > 2 * ENTRIES_AT_ONCE
    read = list(oldest_first(entries_of(own, since=None, until=None), up_to=last))
    assert [entry.number for part in read for entry in part] == list(range(1, last + 1))
    assert [len(part) for part in read[:-1]] == [ENTRIES_AT_ONCE] * (len(read) - 1)
