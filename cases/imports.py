"""Import of cases, or of payments on them, in two steps: a file is checked, and then exactly that file is imported, all of it or nothing.

The check writes nothing of a case. A sound file is kept sealed for a day under a fresh id, with its digest; whoever confirms names the
digest that he was shown. The rows are judged once more then, because cases may have changed since. An unsound file leaves nothing behind.
A file of up to `AT_ONCE_ROWS` rows is imported while whoever confirms waits; a longer one by a job, which anybody of the organisation
watches (`cases.importing_jobs`). What a row of each kind of file is, `cases.sheets` knows.
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
from common.failpoints import reached
from common.jobs import enqueue_job
from vault.personal import open_bytes, seal_bytes

KEPT_FOR = timedelta(days=1)
REPORT_KEPT_FOR = timedelta(days=30)
# Measured at two seconds on two busy cores, writing included; 2,000 rows took six to eight.
AT_ONCE_ROWS = 500
LISTED = 20
IMPORT = "cases.import"


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
    table, found = judged(viewer, kind, data)
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
    """Import the checked file of this kind with this digest (hex), or, when it is long, leave it to the job; see the answer's `state`.

    One that was confirmed already stays as it is, whatever came of it. Raises ImportNotFound, ImportExpired, ImportDiffers; CaseChanged
    when cases have changed since the check so that a row is wrong now, of which a job makes a report instead.
    """
    found = import_of(viewer, ref, kind=kind)
    if found.imported_at is not None or found.confirmed_at is not None:
        return found
    if found.sha256 is None or now > found.checked_at + KEPT_FOR:
        raise ImportExpired
    if bytes(found.sha256) != bytes.fromhex(sha256):
        raise ImportDiffers
    if found.rows > AT_ONCE_ROWS:
        return _leave_to_the_job(viewer, found, now)
    try:
        _import_at_once(viewer, kind, found, now)
    except (CaseChanged, ImportExpired):
        # Another confirmation of the same file may have been faster; then the cases are there because of it, and the file is gone.
        found.refresh_from_db()
        if found.imported_at is None:
            raise
    return found


def _import_at_once(viewer: Viewer, kind: CaseImport.Kind, found: CaseImport, now: datetime) -> None:
    if found.sealed_file is None:
        raise ImportExpired
    _, finding = judged(viewer, kind, opened_file(found))
    if finding.faults:
        raise CaseChanged
    write_import(found, finding, confirmed_by=viewer.actor, now=now)


def import_of(viewer: Viewer, ref: str, *, kind: CaseImport.Kind | None = None) -> CaseImport:
    """The organisation's own import of this id, of this kind where one is given. Raises ImportNotFound."""
    own = CaseImport.objects.filter(organisation=viewer.organisation, ref=ref).defer("sealed_file")
    found = own.first() if REF.fullmatch(ref) else None
    if found is None or kind not in (None, found.kind):
        raise ImportNotFound
    return found


def latest_imports(viewer: Viewer) -> list[CaseImport]:
    """The organisation's own imports of both kinds, the newest first."""
    own = CaseImport.objects.filter(organisation=viewer.organisation).order_by("-checked_at", "-pk")
    return list(own.defer("sealed_file", "sealed_report")[:LISTED])


def opened_file(found: CaseImport) -> bytes:
    """The checked file, which must be there and be what was checked. Raises ImproperlyConfigured when no key opens it."""
    assert found.sealed_file is not None
    assert found.sha256 is not None
    data = open_bytes(bytes(found.sealed_file), f"import\n{found.ref}")
    assert hashlib.sha256(data).digest() == bytes(found.sha256)
    return data


def write_import(found: CaseImport, finding: Finding, *, confirmed_by: str, now: datetime) -> None:
    """All of a finding without faults and the end of the import, or nothing. Raises CaseChanged, also when it was ended by another."""
    done = {"imported_at": now, "cases": finding.cases, "payments": finding.payments, "sha256": None, "sealed_file": None, "step": "",
            "confirmed_at": found.confirmed_at or now, "confirmed_by": confirmed_by}
    try:
        with transaction.atomic():
            # The compare-and-swap comes first: whoever loses it writes no row, so that no file is imported twice.
            if CaseImport.objects.filter(pk=found.pk, imported_at=None, sealed_file__isnull=False).update(**done) != 1:
                raise CaseChanged
            finding.write(now)
            reached("cases.import-written")
    except IntegrityError:
        # Somebody has opened one of these cases at the same moment.
        raise CaseChanged from None
    reached("cases.import-committed")
    found.refresh_from_db()


def _leave_to_the_job(viewer: Viewer, found: CaseImport, now: datetime) -> CaseImport:
    with transaction.atomic():
        waiting = CaseImport.objects.filter(pk=found.pk, confirmed_at=None, sealed_file__isnull=False)
        if waiting.update(confirmed_at=now, confirmed_by=viewer.actor) == 1:
            enqueue_job(IMPORT, found.pk, now=now)
    found.refresh_from_db()
    return found


def drop_unconfirmed(*, now: datetime) -> int:
    """Let go of files that were checked more than a day ago and never confirmed, and of old reports; how many files."""
    CaseImport.objects.filter(sealed_report__isnull=False, refused_at__lt=now - REPORT_KEPT_FOR).update(sealed_report=None)
    stale = CaseImport.objects.filter(imported_at=None, confirmed_at=None, sealed_file__isnull=False, checked_at__lt=now - KEPT_FOR)
    return stale.update(sealed_file=None, sha256=None)


def judged(viewer: Viewer, kind: CaseImport.Kind, data: bytes) -> tuple[Table, Finding]:
    """The rows, and what is found of them. Raises ImportTooLarge, ImportFileRefused."""
    if len(data) > MAX_BYTES:
        raise ImportTooLarge(limit=MAX_BYTES)
    try:
        table = read_xlsx(data) if data.startswith(b"PK") else read_csv(data)
        return table, SHEETS[kind](viewer, table)
    except Unreadable as fault:
        raise ImportFileRefused(reason=str(fault)) from None
