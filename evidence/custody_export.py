"""The trails of an organisation's records for a period, as rows for files: every row, oldest first, without a limit, as they come from the
database. For CSV each row has words beside codes; for JSON the row as `custody.json` has it, so that its digest can be computed again.

What this does not do: decide who may have them, or write that they left (`evidence.portal.custody_pages`).
"""
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Organisation
from common.pages import china_time
from evidence.custody import PUBLIC, SYSTEM, CustodyRow
from evidence.custody_words import actor_word, event_word, root_word
from evidence.models import CustodyEvent
from evidence.trail import row_of
from tlog.times import format_time

CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """A row with the number of the record whose trail it is in, and the names of the organisations that it names by ids."""

    record: str
    row: CustodyRow
    names: Mapping[str, str]

    def name(self, ref: str | None) -> str:
        return "" if ref is None else self.names.get(ref, _("本服务") if ref == SYSTEM else _("公众") if ref == PUBLIC else ref)


def rows_between(organisation: Organisation, since: datetime | None, until: datetime | None) -> QuerySet[CustodyEvent]:
    """Of the organisation's own records, whoever acted; from `since` to before `until`, None without an end. In no order."""
    rows = CustodyEvent.objects.filter(evidence__organisation=organisation)
    if since is not None:
        rows = rows.filter(at__gte=since)
    return rows if until is None else rows.filter(at__lt=until)


def custody_between(
    organisation: Organisation, since: datetime | None, until: datetime | None, *, ids: tuple[int, int] | None = None
) -> Iterator[Told]:
    """These rows in the order in which they were written; `ids`: only those from this row's id to that one's."""
    rows = rows_between(organisation, since, until)
    if ids is not None:
        rows = rows.filter(pk__range=ids)
    # The record alone: its statement and claims are as large as all of its trail.
    found = rows.select_related("evidence").only(*(field.name for field in CustodyEvent._meta.concrete_fields), "evidence__record")
    names: dict[str, str] = {}
    waiting = iter(found.order_by("id").iterator(chunk_size=CHUNK))
    while chunk := list(islice(waiting, CHUNK)):
        refs = {ref for row in chunk for ref in (row.organisation_ref, row.on_behalf_of) if ref is not None} - names.keys()
        names |= dict(Organisation.objects.filter(ref__in=refs).values_list("ref", "name"))
        yield from (Told(row.evidence.record, row_of(row), names) for row in chunk)


def csv_lines(told: Iterator[Told]) -> Iterator[Sequence[str]]:
    """A head, and a line for each row. Cells are made harmless where they are written."""
    yield (_("存证编号"), _("序号"), _("时间"), _("事项"), _("事项代码"), _("机构"), _("机构编号"), _("行为人"), _("行为人编号"), _("角色"),
           _("登录方式"), _("访问根据"), _("目的"), _("受托于"), _("请求编号"), _("上一行摘要"), _("摘要"))
    for each in told:
        row, how = each.row, each.row.circumstances
        facts = ("", "", "", "") if how is None else (how.role or "", how.signed_in, each.name(how.on_behalf_of), how.request_id or "")
        role, signed_in, behalf, request = facts
        yield (each.record, str(row.sequence), china_time(row.at), str(event_word(row.event)), row.event, each.name(row.organisation),
               row.organisation, str(actor_word(row.actor)), row.actor, role, signed_in, str(root_word(row.root)), row.purpose or "",
               behalf, request, row.previous or "", row.digest)


def json_pieces(told: Iterator[Told], *, organisation: Organisation, made_at: datetime) -> Iterator[bytes]:
    """One JSON document: whose trails, when it was made, and `rows`, each with the row of `custody.json` under `row`."""
    head = {"type": "cunzheng/custody-export/v1", "organisation": organisation.ref, "made_at": format_time(made_at)}
    yield json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "rows": ['
    for number, each in enumerate(told):
        how = each.row.circumstances
        value = {
            "record": each.record, "row": each.row.as_json(), "root": each.row.root, "purpose": each.row.purpose,
            "role": how and how.role, "signed_in": how and how.signed_in, "on_behalf_of": how and how.on_behalf_of,
            "request_id": how and how.request_id,
        }
        yield (b",\n" if number else b"\n") + json.dumps(value, ensure_ascii=False).encode()
    yield b"\n]}\n"
