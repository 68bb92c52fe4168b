"""`exceptions.csv`: nothing is ever missing without its row, and there is no row for something that is here.

    record,item,reason
    CZ-20261123-4K7QM-X2R9D-0,files/2,withheld                    a claim that is not disclosed
    CZ-20261123-4K7QM-X2R9D-0,evidence/1/call.wav,depositor-keeps an original that is not in the package
    ,log/1/tsa2.tst,tsa-unavailable                               a member of the package as a whole

What it is for: a verifier has to tell what was left out openly from what was taken away. An excused member is "not checked"
and leaves the report incomplete; only a member that this version of the service does not make is not required.

What it does not do: decide about claims and originals, which are judged with their record.

Source: formats of this project, A5 and A6; RFC 4180.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from tlog import checks
from tlog.errors import VerificationError
from tlog.examination import container
from tlog.examination.container import Layout
from tlog.examination.findings import Findings
from tlog.record_number import verify_record_number

REASONS = ("withheld", "erased", "depositor-keeps", "quarantined", "tsa-unavailable", "not-yet")
NOT_YET = ("certificate.pdf", "catalogue.pdf", "verify.html")
"""Members that this version of the service does not make; for any other one the reason `not-yet` leaves the report incomplete."""
MAX_ROWS = 100_000
"""Rows at most; as many as there may be members."""
_TOKEN = re.compile(rf"log/([1-9][0-9]{{0,8}})/{container.TSA}\.tst")

_SUBJECTS: Mapping[str, str] = {
    container.STAMP: checks.TIMESTAMPS,
    "certificate.pdf": checks.CERTIFICATE_BINDING,
    "catalogue.csv": checks.CATALOGUE,
    "verify.html": checks.OFFLINE_PAGE,
    "trust/policy.txt": checks.TRUST,
    "trust/receipt.vkey": checks.TRUST,
    container.CASE_HEAD: checks.CASE_COMPLETE,
    "statement.json": checks.STATEMENT,
    "entry.txt": checks.ENTRY,
    "proof.tlog-proof": checks.INCLUSION,
    "custody.json": checks.CUSTODY_CHAIN,
    "checkpoint.txt": checks.CHECKPOINT_SIGNATURE,
    "checkpoint": checks.CHECKPOINT_SIGNATURE,
}


@dataclass(frozen=True, slots=True)
class Exemption:
    """One row: `record` is empty for what belongs to the package as a whole, `reason` is one of `REASONS`."""

    record: str
    item: str
    reason: str


class Exemptions:
    """The rows of exceptions.csv, by record ("" for the package as a whole) and item."""

    def __init__(self, rows: Mapping[tuple[str, str], Exemption]) -> None:
        self._by_record: dict[str, dict[str, Exemption]] = {}
        for (record, item), row in rows.items():
            self._by_record.setdefault(record, {})[item] = row

    def __iter__(self) -> Iterator[Exemption]:
        return (row for rows in self._by_record.values() for row in rows.values())

    def __len__(self) -> int:
        return sum(map(len, self._by_record.values()))

    def find(self, record: str, item: str) -> Exemption | None:
        """Return the row for an item, None when there is none."""
        return self._by_record.get(record, {}).get(item)

    def withheld_claims(self, record: str) -> frozenset[str]:
        """Return the names of a record's claims that are not disclosed."""
        return frozenset(filter(_is_claim, self._by_record.get(record, {})))

    def absent_originals(self, record: str) -> list[Exemption]:
        """Return the rows of a record's originals that are not here, sorted by path."""
        return [row for item, row in sorted(self._by_record.get(record, {}).items()) if item.startswith("evidence/")]

    def unstamped_folders(self) -> frozenset[int]:
        """Return the numbers of the log folders whose missing token has a row."""
        return frozenset(int(match[1]) for match in map(_TOKEN.fullmatch, self._by_record.get("", {})) if match)


def parse_exceptions(data: bytes) -> Exemptions:
    """Return the rows of `exceptions.csv`.

    Raises:
        VerificationError: not a CSV table of these columns, an unknown reason, a record number that is none, an item twice,
            or more than `MAX_ROWS` rows.
    """
    table: dict[tuple[str, str], Exemption] = {}
    for record, item, reason in parse_csv(data, ("record", "item", "reason")):
        if reason not in REASONS:
            raise VerificationError(f"reason {reason[:24]!r} of {item[:60]!r} is not known")
        if record:
            verify_record_number(record)
        if not item or (record, item) in table:
            raise VerificationError(f"an empty item, or {item[:60]!r} twice")
        if len(table) == MAX_ROWS:
            raise VerificationError(f"more than {MAX_ROWS} rows")
        table[record, item] = Exemption(record, item, reason)
    return Exemptions(table)


def parse_csv(data: bytes, columns: tuple[str, ...]) -> Iterator[list[str]]:
    """Yield the rows below the header of a CSV table in UTF-8, with or without a byte order mark.

    Raises:
        VerificationError: not such a table, other columns, or a row of another length.
    """
    lines = (line.decode("utf-8") for line in io.BytesIO(data.removeprefix("\ufeff".encode())))
    header: tuple[str, ...] | None = None
    try:
        for row in filter(None, csv.reader(lines, strict=True)):
            if header is None:
                header = tuple(row)
            elif len(row) != len(columns):
                raise VerificationError("a row of another length")
            elif header == columns:
                yield row
    except (csv.Error, UnicodeDecodeError) as fault:
        raise VerificationError(f"not a CSV table in UTF-8: {fault}") from None
    if header != columns:
        raise VerificationError(f"the columns are not {','.join(columns)}")


def examine_absences(findings: Findings, layout: Layout, rows: Exemptions, *, of_a_case: bool) -> None:
    """Note for every member that has to be there and is not whether a row excuses it."""
    for record, name in container.expected(layout, of_a_case=of_a_case):
        if name not in layout.names:
            check = _SUBJECTS.get(name) or _SUBJECTS.get(name.rpartition("/")[2], checks.MEMBERS)
            row = rows.find(record, name)
            if row is None:
                findings.failed(check, name, "missing, and exceptions.csv has no row for it")
            else:
                # SPEC: an excused member is "not checked"; only not-yet, of a member that no version makes yet, is not required.
                findings.skipped(check, name, row.reason, required=row.reason != "not-yet" or name not in NOT_YET)
    is_root = re.compile(r"trust/tsa/[^/]+\.pem").fullmatch
    if not any(map(is_root, layout.names)) and not any(is_root(row.item) for row in rows if not row.record):
        findings.failed(checks.TRUST, "trust/tsa", "no root certificate, and exceptions.csv has no row for one")


def verify_exceptions(rows: Exemptions, layout: Layout, claims: Mapping[str, Set[str]]) -> int:
    """Check that each row is about something that could be here and is not, under the right record; returns their number.

    `claims` are the names of the claims that each record's statement lists.

    Raises:
        VerificationError: a row for something present, for nothing that a package can have, or under another record.
    """
    for row in rows:
        if row.item.startswith("evidence/"):
            right = container.is_exhibit(row.item) and row.record in layout.records and row.item not in layout.names
        elif _is_claim(row.item):
            file = f"claims/{row.item.replace('/', '-')}.json"
            right = row.item in claims.get(row.record, ()) and file not in layout.records[row.record]
        else:
            right = container.owner(row.item) == row.record and row.item not in container.ESSENTIAL and row.item not in layout.names
        if not right:
            raise VerificationError(f"a row for {row.item[:80]!r}, which is here or can have none, or belongs to another record")
    return len(rows)


def _is_claim(item: str) -> bool:
    """Tell an item that is a claim's name from a member's path: paths have a dot or more folders than `files/1`."""
    return "." not in item and ("/" not in item or item.startswith("files/"))
