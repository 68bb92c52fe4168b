"""Import of cases in two steps: a file is checked, and then exactly that file is imported, all of it or nothing.

The check writes no case. A sound file is kept sealed for a day under a fresh id, with its digest; whoever confirms names the digest that he
was shown. The rows are judged once more then, because cases may have got their files since. An unsound file leaves nothing behind.
"""
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import Organisation
from accounts.selectors import REF
from accounts.viewer import Viewer
from cases.errors import CaseChanged, ImportDiffers, ImportExpired, ImportFileRefused, ImportNotFound, ImportTooLarge
from cases.filing import open_all
from cases.importing.csv_files import read_csv
from cases.importing.judging import Judged, RowFault, judge
from cases.importing.tables import MAX_BYTES, Table, Unreadable
from cases.importing.xlsx_files import read_xlsx
from cases.models import Case, CaseImport
from vault.personal import open_bytes, seal_bytes

KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found. `ref` is None, and nothing was kept, when there are faults. `sha256` is hex, of the file as it came."""

    ref: str | None
    format: str
    sha256: str
    rows: int
    cases: int
    faults: tuple[RowFault, ...]
    kept_until: datetime | None


def check_import(viewer: Viewer, data: bytes, *, now: datetime) -> Report:
    """The dry run. Raises ImportTooLarge, ImportFileRefused."""
    table, judged = _judged(viewer.organisation, data)
    digest = hashlib.sha256(data)
    if judged.faults:
        return Report(None, table.format, digest.hexdigest(), judged.rows, len(judged.cases), judged.faults, None)
    ref = secrets.token_hex(16)
    CaseImport.objects.create(
        organisation=viewer.organisation, ref=ref, format=table.format, sha256=digest.digest(),
        sealed_file=seal_bytes(data, f"import\n{ref}"), rows=judged.rows, checked_at=now, checked_by=viewer.actor)
    return Report(ref, table.format, digest.hexdigest(), judged.rows, len(judged.cases), (), now + KEPT_FOR)


def confirm_import(viewer: Viewer, ref: str, sha256: str, *, now: datetime) -> CaseImport:
    """Import the checked file with this digest (hex); one that was imported already stays as it is.

    Raises ImportNotFound, ImportExpired, ImportDiffers; CaseChanged when cases have got their files since the check.
    """
    found = CaseImport.objects.filter(organisation=viewer.organisation, ref=ref).first() if REF.fullmatch(ref) else None
    if found is None:
        raise ImportNotFound
    if found.imported_at is not None:
        return found
    if found.sealed_file is None or found.sha256 is None or now > found.checked_at + KEPT_FOR:
        raise ImportExpired
    data = open_bytes(bytes(found.sealed_file), f"import\n{ref}")
    if not bytes(found.sha256) == hashlib.sha256(data).digest() == bytes.fromhex(sha256):
        raise ImportDiffers
    _, judged = _judged(viewer.organisation, data)
    if judged.faults:
        raise CaseChanged
    _write(viewer, found, judged, now)
    return found


def drop_unconfirmed(*, now: datetime) -> int:
    """Let go of files that were checked more than a day ago and never imported; how many."""
    stale = CaseImport.objects.filter(imported_at=None, sealed_file__isnull=False, checked_at__lt=now - KEPT_FOR)
    return stale.update(sealed_file=None, sha256=None)


def _write(viewer: Viewer, found: CaseImport, judged: Judged, now: datetime) -> None:
    done = {"imported_at": now, "cases": len(judged.cases), "sha256": None, "sealed_file": None}
    try:
        with transaction.atomic():
            if CaseImport.objects.filter(pk=found.pk, imported_at=None, sealed_file__isnull=False).update(**done) != 1:
                raise CaseChanged
            open_all(viewer, [(reference, facts) for reference, facts, _ in judged.cases], now=now)
    except IntegrityError:
        # Somebody has opened one of these cases at the same moment.
        raise CaseChanged from None
    found.refresh_from_db()


def _judged(organisation: Organisation, data: bytes) -> tuple[Table, Judged]:
    if len(data) > MAX_BYTES:
        raise ImportTooLarge(limit=MAX_BYTES)
    try:
        table = read_xlsx(data) if data.startswith(b"PK") else read_csv(data)
        judged = judge(table, creditor=organisation.name)
    except Unreadable as fault:
        raise ImportFileRefused(reason=str(fault)) from None
    taken = set(Case.objects.filter(
        organisation=organisation, file_version__gt=0, client_reference__in=[reference for reference, _, _ in judged.cases],
    ).values_list("client_reference", flat=True))
    filed = tuple(
        RowFault(row, "客户案件编号", _("该编号的案件已有档案；导入只建立新档案"))
        for reference, _facts, row in judged.cases if reference in taken)
    return table, Judged(judged.rows, judged.cases, tuple(sorted((*judged.faults, *filed))))
