"""The plan of a package: which members there will be, under which names, and what is excused, before a byte is sent.

How exhibits are numbered: one exhibit for each record, in the order of the package (`evidence/<n>/` holds all files of the
n-th record); the catalogue has one row for each file. The order is that of the case when all case claims are disclosed
and of one case, otherwise that of the record numbers.

What it does not do: read originals or send anything (`archive`).

Source: formats of this project, A5.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from evidence.custody import custody_json
from evidence.packages.contents import LogFolder, Original, PackageContents, RecordContents
from evidence.packages.names import unique_name
from evidence.packages.tables import CatalogueRow, ExceptionRow
from tlog.canonical import canonical_json
from tlog.checkpoint import parse_checkpoint
from tlog.claims import claim_order, file_name
from tlog.note import split_note
from tlog.statement import Statement, parse_statement
from tlog.times import CHINA, format_time

NOT_YET = ("certificate.pdf", "catalogue.pdf", "verify.html")
"""Members that the service does not make yet; each has its row."""
NOT_GIVEN = "未提供"
VERIFY_TXT = Path(__file__).with_name("VERIFY.txt").read_bytes()

_TSA = re.compile(r"(?!renewal-)[a-z0-9-]+")
_FILE = re.compile(r"files/[1-9][0-9]*")


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One original on its way: the member's path, and what its claim says about it (digests in hex, `sm3` None if unknown)."""

    path: str
    open: Callable[[], Iterable[bytes]]
    size_bytes: int
    sha256: str
    sm3: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All members but the lists and the stamp: `documents` (path, bytes), then `exhibits`; rows of both tables."""

    made_at: datetime
    documents: tuple[tuple[str, bytes], ...]
    exhibits: tuple[Exhibit, ...]
    catalogue: tuple[CatalogueRow, ...]
    exceptions: tuple[ExceptionRow, ...]


@dataclass(frozen=True, slots=True)
class _Record:
    """A record's parts with its statement and the values of its disclosed claims read."""

    contents: RecordContents
    statement: Statement
    values: Mapping[str, Any]


def plan_package(contents: PackageContents) -> Plan:
    """Return the plan of a package.

    Raises:
        ValueError: the parts do not make a package: no record, a claim neither disclosed nor withheld, a disclosed file
            without its `Original` or a reason, a checkpoint without stamp and reason, no trust files, no case head.
    """
    _check(contents)
    every = [_read(record) for record in contents.records]
    # What the service says of the records' trails is no exhibit: it has no number and no row of the catalogue.
    beside = sorted((record for record in every if record.statement.kind != "deposit"), key=lambda record: record.contents.number)
    records = _ordered([record for record in every if record.statement.kind == "deposit"])
    description = {
        "type": "cunzheng/package/v1",
        "scope": contents.scope,
        "records": _numbers(records, beside),
        "made_at": format_time(contents.made_at),
    }
    documents = [("package.json", canonical_json(description))]
    exceptions = [ExceptionRow("", name, "not-yet") for name in NOT_YET]
    exhibits: list[Exhibit] = []
    catalogue: list[CatalogueRow] = []
    for number, record in enumerate(records, 1):
        documents += _record_documents(record.contents)
        exceptions += _record_exceptions(record.contents)
        for row, original in _files(number, record):
            catalogue.append(row)
            if original is not None and original.open is not None:
                exhibits.append(_exhibit(row, original.open))
            elif original is not None:
                exceptions.append(ExceptionRow(record.contents.number, row.file, str(original.reason)))
    for record in beside:
        documents += _record_documents(record.contents)
        exceptions += _record_exceptions(record.contents)
    for number, folder in enumerate(sorted(contents.logs, key=_place), 1):
        documents += _folder_documents(number, folder)
        exceptions += [ExceptionRow("", f"log/{number}/{tsa}.tst", "tsa-unavailable") for tsa in folder.unavailable]
    if contents.case_head is not None:
        documents.append(("case-head.note", contents.case_head))
    documents += [(f"trust/{name}", data) for name, data in sorted(contents.trust.items())]
    return Plan(contents.made_at, tuple(documents), tuple(exhibits), tuple(catalogue), tuple(exceptions))


def _check(contents: PackageContents) -> None:
    if not contents.records or (contents.scope == "record" and len(contents.records) != 1):
        raise ValueError(f"scope {contents.scope} with {len(contents.records)} records")
    if (contents.case_head is None) == (contents.scope == "case"):
        raise ValueError("a case head belongs to scope case, and only there")
    if not {"policy.txt", "receipt.vkey"} <= contents.trust.keys() or not any(name.startswith("tsa/") for name in contents.trust):
        raise ValueError("the trust files are policy.txt, receipt.vkey and at least one tsa/*.pem")
    for folder in contents.logs:
        if not folder.stamps and not folder.unavailable:
            raise ValueError("a checkpoint without a stamp, and no authority that was unavailable")
        if not all(map(_TSA.fullmatch, (*folder.stamps, *folder.unavailable))):
            raise ValueError("an authority's id is lower-case letters, digits and hyphens, and does not begin with renewal-")


def _read(contents: RecordContents) -> _Record:
    """Read statement and claims of a record, and see that everything is there or has a reason."""
    statement = parse_statement(contents.statement, contents.number)
    values = {claim.name: json.loads(claim.data)["value"] for claim in contents.claims}
    listed = [claim.name for claim in statement.claims]
    if sorted(listed) != sorted([*values, *contents.withheld]):
        raise ValueError(f"{contents.number}: each claim of the statement is either disclosed or withheld")
    files = sorted(name for name in values if _FILE.fullmatch(name))
    if files != sorted(original.claim for original in contents.originals):
        raise ValueError(f"{contents.number}: each disclosed file has its original, and no other has")
    if any((original.open is None) == (original.reason is None) for original in contents.originals):
        raise ValueError(f"{contents.number}: an original is either here or has a reason")
    return _Record(contents, statement, values)


def _ordered(records: list[_Record]) -> list[_Record]:
    if _of_one_case(records):
        return sorted(records, key=lambda record: int(record.values["case"]["sequence"]))
    return sorted(records, key=lambda record: record.contents.number)


def _of_one_case(records: list[_Record]) -> bool:
    links = [record.values["case"] for record in records if "case" in record.values]
    return len(links) == len(records) and len({link["ref"] for link in links}) == 1


def _numbers(records: list[_Record], beside: list[_Record]) -> list[str]:
    # SPEC: records in order: of their places in one case, behind which there may be others, or of all numbers.
    numbers = [record.contents.number for record in (*records, *beside)]
    return numbers if _of_one_case(records) else sorted(numbers)


def _record_documents(record: RecordContents) -> Iterator[tuple[str, bytes]]:
    base = f"records/{record.number}/"
    yield base + "statement.json", record.statement
    yield base + "entry.txt", record.entry
    yield base + "proof.tlog-proof", record.proof
    yield base + "custody.json", custody_json(record.custody)
    for claim in record.claims:
        yield f"{base}claims/{file_name(claim.name)}.json", claim.data
        yield f"{base}claims/{file_name(claim.name)}.salt", claim.salt
    for tsa, token in sorted(record.stamps.items()):
        yield f"{base}{tsa}.tst", token


def _record_exceptions(record: RecordContents) -> Iterator[ExceptionRow]:
    for name, reason in record.withheld.items():
        yield ExceptionRow(record.number, name, reason)
    for tsa in record.unstamped:
        yield ExceptionRow(record.number, f"records/{record.number}/{tsa}.tst", "tsa-unavailable")


def _files(number: int, record: _Record) -> Iterator[tuple[CatalogueRow, Original | None]]:
    """Yield the catalogue's row for each disclosed file with its original; one bare row where no file is disclosed."""
    contents, values = record.contents, record.values
    taken: set[str] = set()
    for original in sorted(contents.originals, key=lambda original: claim_order(original.claim)):
        file = values[original.claim]
        path = f"evidence/{number}/{unique_name(file['name'], taken)}"
        size, sha256, sm3 = str(file["size_bytes"]), file["sha256"], file["sm3"] or ""
        pages = "" if original.pages is None else str(original.pages)
        yield _row(number, record, path, file["media_type"], (size, sha256, sm3), pages), original
    if not contents.originals:
        yield _row(number, record, "", "", ("", "", ""), ""), None


def _row(number: int, record: _Record, path: str, media_type: str, digests: tuple[str, str, str], pages: str) -> CatalogueRow:
    subject, provenance = record.values.get("subject", {}), record.values.get("provenance", {})
    size, sha256, sm3 = digests
    return CatalogueRow(
        number, record.contents.number,
        title=subject.get("title", ""), kind=subject.get("kind", ""),
        file=path, media_type=media_type, size_bytes=size, sha256=sha256, sm3=sm3,
        # What is missing is said; where the claim is withheld nothing is said at all.
        source=(provenance.get("source_system") or NOT_GIVEN) if provenance else "", proves=record.contents.proves, pages=pages,
        deposited_at=record.statement.received_at.astimezone(CHINA).isoformat(timespec="milliseconds"),
    )  # fmt: skip


def _exhibit(row: CatalogueRow, open_: Callable[[], Iterable[bytes]]) -> Exhibit:
    return Exhibit(row.file, open_, int(row.size_bytes), row.sha256, row.sm3 or None)


def _place(folder: LogFolder) -> tuple[bytes, int]:
    point = parse_checkpoint(split_note(folder.note)[0])
    return point.origin.encode(), point.size


def _folder_documents(number: int, folder: LogFolder) -> Iterator[tuple[str, bytes]]:
    base = f"log/{number}/"
    yield base + "checkpoint.txt", split_note(folder.note)[0].encode()
    yield base + "checkpoint", folder.note
    for tsa, stamp in sorted(folder.stamps.items()):
        parts = ((f"{tsa}.tst", stamp.token), (f"{tsa}.crl", stamp.crl), (f"{tsa}.ocsp", stamp.ocsp))
        yield from ((base + name, data) for name, data in parts if data is not None)
    for k, renewal in enumerate(folder.renewals, 1):
        yield f"{base}renewal-{k}.txt", renewal.listing
        yield f"{base}renewal-{k}.json", renewal.path
        yield f"{base}renewal-{k}.tst", renewal.token
