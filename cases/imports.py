"""Import of cases, or of payments on them, in two steps: a file is checked, and then exactly that file is imported, all of it or nothing.

The check writes nothing of a case. A sound file is kept sealed for a day under a fresh id, with its digest; whoever confirms names the
digest that he was shown. The rows are judged once more then, because cases may have changed since. An unsound file leaves nothing behind.
What a row of each kind of file is, `cases.sheets` knows.
"""
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts.selectors import REF
from accounts.viewer import Viewer
from cases.errors import CaseChanged, ImportDiffers, ImportExpired, ImportFileRefused, ImportNotFound, ImportTooLarge
from cases.importing.csv_files import read_csv
from cases.importing.lines import RowFault
from cases.importing.tables import MAX_BYTES, Table, Unreadable
from cases.importing.xlsx_files import read_xlsx
from cases.models import CaseImport
from cases.sheets import SHEETS, Finding
from vault.personal import open_bytes, seal_bytes

KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found; counts as in `cases.sheets.Finding`. `sha256` is hex, of the file as it came.

    `ref` is None, and nothing was kept, when there are faults, or when all payments are recorded already.
    """

    ref: str | None
    format: str
    sha256: str
    rows: int
    cases: int
    payments: int
    known: int
    faults: tuple[RowFault, ...]
    kept_until: datetime | None


def check_import(viewer: Viewer, data: bytes, *, kind: CaseImport.Kind = CaseImport.Kind.CASES, now: datetime) -> Report:
    """The dry run. Raises ImportTooLarge, ImportFileRefused."""
    table, found = _judged(viewer, kind, data)
    digest = hashlib.sha256(data)
    ref = None if found.faults or not found.cases else secrets.token_hex(16)
    if ref is not None:
        CaseImport.objects.create(
            organisation=viewer.organisation, ref=ref, kind=kind, format=table.format, sha256=digest.digest(),
            sealed_file=seal_bytes(data, f"import\n{ref}"), rows=found.rows, checked_at=now, checked_by=viewer.actor)
    return Report(
        ref, table.format, digest.hexdigest(), found.rows, found.cases, found.payments, found.known, found.faults,
        None if ref is None else now + KEPT_FOR)


def confirm_import(
    viewer: Viewer, ref: str, sha256: str, *, kind: CaseImport.Kind = CaseImport.Kind.CASES, now: datetime,
) -> CaseImport:
    """Import the checked file of this kind with this digest (hex); one that was imported already stays as it is.

    Raises ImportNotFound, ImportExpired, ImportDiffers; CaseChanged when cases have changed since the check so that a row is wrong now.
    """
    found = _checked(viewer, kind, ref)
    if found is None:
        raise ImportNotFound
    if found.imported_at is not None:
        return found
    if found.sealed_file is None or found.sha256 is None or now > found.checked_at + KEPT_FOR:
        raise ImportExpired
    data = open_bytes(bytes(found.sealed_file), f"import\n{ref}")
    if not bytes(found.sha256) == hashlib.sha256(data).digest() == bytes.fromhex(sha256):
        raise ImportDiffers
    _, finding = _judged(viewer, kind, data)
    if finding.faults:
        raise CaseChanged
    _write(found, finding, now)
    return found


def drop_unconfirmed(*, now: datetime) -> int:
    """Let go of files that were checked more than a day ago and never imported; how many."""
    stale = CaseImport.objects.filter(imported_at=None, sealed_file__isnull=False, checked_at__lt=now - KEPT_FOR)
    return stale.update(sealed_file=None, sha256=None)


def _checked(viewer: Viewer, kind: CaseImport.Kind, ref: str) -> CaseImport | None:
    return CaseImport.objects.filter(organisation=viewer.organisation, kind=kind, ref=ref).first() if REF.fullmatch(ref) else None


def _write(found: CaseImport, finding: Finding, now: datetime) -> None:
    done = {"imported_at": now, "cases": finding.cases, "payments": finding.payments, "sha256": None, "sealed_file": None}
    try:
        with transaction.atomic():
            if CaseImport.objects.filter(pk=found.pk, imported_at=None, sealed_file__isnull=False).update(**done) != 1:
                raise CaseChanged
            finding.write(now)
    except IntegrityError:
        # Somebody has opened one of these cases at the same moment.
        raise CaseChanged from None
    found.refresh_from_db()


def _judged(viewer: Viewer, kind: CaseImport.Kind, data: bytes) -> tuple[Table, Finding]:
    if len(data) > MAX_BYTES:
        raise ImportTooLarge(limit=MAX_BYTES)
    try:
        table = read_xlsx(data) if data.startswith(b"PK") else read_csv(data)
        return table, SHEETS[kind](viewer, table)
    except Unreadable as fault:
        raise ImportFileRefused(reason=str(fault)) from None
