"""What leaves the console as a file: lists as CSV without a limit of rows, and evidence packages. Both are streamed as they are made.

A cell comes from depositors and is opened in a spreadsheet: none is a formula (`common.cells`). The byte order mark makes spreadsheets
read the Chinese. Rows come from a cursor in the server, a thousand at a time, so that neither side ever holds a whole list. Of others'
rows the ids are held, for each has its trace before the first byte: a row that came in between has none and is left out.
"""
import csv
import io
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar

from django.db import transaction
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from accounts.audit.events import Event
from accounts.audit.recording import note
from accounts.viewer import Viewer
from cases.models import Case
from common.cells import safe_cell
from common.downloads import begun
from common.pages import china_time
from evidence.models import Evidence
from evidence.packages.archive import stream_package
from evidence.packages.contents import Scope
from evidence.packages.fetching import MEDIA_TYPE, fetch_package
from evidence.portal.rows import case_rows, record_rows
from ledger.digest_stamps import stamp_digest
from tlog.times import CHINA

CHUNK = 1000
Row = TypeVar("Row", Case, Evidence)
Line = Sequence[str]


def csv_response(name: str, lines: Iterable[Line], *, now: datetime) -> StreamingHttpResponse:
    """An attachment `name-20261123T160000.csv` of these lines."""
    return begun(_encoded(lines), content_type="text/csv; charset=utf-8", file_name=f"{name}-{now.astimezone(CHINA):%Y%m%dT%H%M%S}.csv")


def note_export(event: Event, viewer: Viewer, rows: QuerySet[Row], told: str, *, now: datetime) -> None:
    """Write that a list leaves as a file: by whom, narrowed to what, how long at this moment. Before its first byte does."""
    with transaction.atomic():
        note(event, viewer.organisation, at=now, subject=f"rows:{rows.count()}", detail=told, actor=viewer.actor)


def case_lines(viewer: Viewer, cases: QuerySet[Case], noted: Container[int], *, now: datetime) -> Iterator[Line]:
    """A head, and a line for each case of the viewer's own organisation and each that was noted (`evidence.told`)."""
    yield _("案件编号"), _("客户案件编号"), _("案件阶段"), _("所属机构"), _("建立时间"), _("存证份数"), _("最近存证"), _("最近存证的状态")
    for chunk in _chunks(viewer, cases.select_related("organisation"), noted):
        for row in case_rows(viewer, chunk, now=now):
            newest = "" if row.newest_at is None else china_time(row.newest_at)
            yield (row.case.ref, row.case.client_reference, str(row.stage), row.case.organisation.name, china_time(row.case.created_at),
                   str(row.records), newest, str(row.chip.word) if row.chip else "")


def record_lines(viewer: Viewer, records: QuerySet[Evidence], noted: Container[int]) -> Iterator[Line]:
    """A head, and a line for each record of the viewer's own organisation and each that was noted (`evidence.told`)."""
    yield (_("存证编号"), _("名称"), _("种类"), _("案件编号"), _("客户案件编号"), _("案内序号"), _("受理时间"), _("文件数"), _("字节数"),
           _("状态"), _("误存更正"), _("以此为准"))
    for chunk in _chunks(viewer, records, noted):
        for row in record_rows(chunk):
            record = row.record
            yield (record.record, row.title or _("内容已销毁或无法读取"), str(row.kind), record.case.ref, record.case.client_reference,
                   str(record.case_sequence), china_time(record.received_at), str(row.files), str(row.size_bytes), str(row.chip.word),
                   row.mark.correction if row.mark else "", (row.mark.replaced_by or "") if row.mark else "")


def package_response(
    viewer: Viewer, records: Sequence[Evidence], *, scope: Scope, request_id: str, now: datetime
) -> StreamingHttpResponse:
    """The evidence package of these records. It holds originals, so each trail says who took it before a byte leaves.

    Raises what `fetch_package` raises.
    """
    contents, name = fetch_package(viewer, records, scope=scope, request_id=request_id, now=now)
    return begun(stream_package(contents, stamp=stamp_digest), content_type=MEDIA_TYPE, file_name=name)


def _chunks(viewer: Viewer, rows: QuerySet[Row], noted: Container[int]) -> Iterator[list[Row]]:
    found = rows.iterator(chunk_size=CHUNK)
    while chunk := list(islice(found, CHUNK)):
        yield [row for row in chunk if row.organisation_id == viewer.organisation.pk or row.pk in noted]


def _encoded(lines: Iterable[Line]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf"
    for line in lines:
        text = io.StringIO()
        csv.writer(text).writerow([safe_cell(cell) for cell in line])
        yield text.getvalue().encode()
