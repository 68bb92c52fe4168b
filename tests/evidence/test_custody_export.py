"""The trails of one's own records as a file: all of a period, nobody else's, harmless in a spreadsheet; and who took it is on record."""
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, Membership, Organisation
from accounts.permissions import ROLES, Act, Kind, Role
from evidence.custody import CustodyAction
from evidence.custody_batches import commit_heads, moved_heads
from evidence.custody_export import CHUNK, custody_between
from evidence.custody_words import ACTORS, EVENTS, ROOTS
from evidence.models import OTHERS_ROOTS, CustodyEvent, Evidence
from evidence.portal.timeline import timeline_of
from evidence.reading import note_reading
from tests.accounts.people import signed_in
from tests.api.test_routes import content_of
from tests.cases.cast import Cast
from tlog.examination.custody import row_digest

EXPORT = "/audit/custody/export"


@pytest.fixture
def cast(service: str) -> Cast:
    made = Cast()
    made.person("admin", Role.LENDER_ADMIN)
    return made


def exported(cast: Cast, login: str = "admin", **query: str) -> bytes:
    answer: Any = signed_in(cast.people[login]).post(EXPORT, query)
    assert answer.status_code == 200, answer.content
    return content_of(answer)


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_every_row_of_ones_own_records_leaves_and_none_of_anothers(cast: Cast) -> None:
    case = cast.case(records=2)
    cast.granted(case, "law_firm", Kind.LAW_FIRM, purpose="=HYPERLINK(\"http://x\")")
    lawyer = cast.person("lawyer", Role.LAWYER, "law_firm")
    record = Evidence.objects.filter(case=case).order_by("case_sequence")[0]
    note_reading(lawyer, [record], CustodyAction.VIEWED, request_id="request-1", now=cast.now)
    rows = table(exported(cast, format="csv"))
    own = CustodyEvent.objects.filter(evidence__organisation=cast.officer.organisation)
    assert len(rows) == own.count()
    assert {row["存证编号"] for row in rows} == set(own.values_list("evidence__record", flat=True))
    last = rows[-1]
    assert (last["事项"], last["事项代码"], last["机构"], last["行为人"], last["角色"], last["访问根据"], last["请求编号"]) == (
        "查看了存证", "record:viewed", "law_firm", "人员", "lawyer", "获授权", "request-1")
    assert last["目的"] == "'=HYPERLINK(\"http://x\")", "no cell is a formula"
    cast.person("other-admin", Role.LENDER_ADMIN, "another lender")
    assert table(exported(cast, "other-admin", format="csv")) == []


def test_json_has_the_rows_as_the_chain_has_them(cast: Cast) -> None:
    cast.case()
    told = json.loads(exported(cast, format="json"))
    assert (told["type"], told["organisation"]) == ("cunzheng/custody-export/v1", cast.officer.organisation.ref)
    assert told["rows"]
    for each in told["rows"]:
        assert each["row"]["digest"] == row_digest(each["row"])
        assert set(each) == {"record", "row", "root", "purpose", "role", "signed_in", "on_behalf_of", "request_id"}
    assert json.loads(exported(cast, format="json", to="2001-01-01"))["rows"] == []


def test_a_period_is_of_days_in_china_both_included(cast: Cast) -> None:
    record = Evidence.objects.filter(case=cast.case())[0]
    # 23:59 of the 23rd and 00:00 of the 24th in China.
    first = datetime(2027, 3, 23, 15, 59, tzinfo=UTC)
    for at in (first, first + timedelta(minutes=1)):
        note_reading(cast.officer, [record], CustodyAction.VIEWED, request_id="r", now=at)
    for query, count in (({"from": "2027-03-23", "to": "2027-03-23"}, 1), ({"from": "2027-03-24"}, 1), ({"from": "2027-03-23"}, 2)):
        assert len(table(exported(cast, format="csv", **query))) == count, query


def test_who_took_what_stands_in_the_audit_log(cast: Cast) -> None:
    cast.case()
    begun = AuditEntry.objects.filter(event="custody:exported").count()
    exported(cast, format="json", **{"from": "2026-01-01", "to": "2027-12-31"})
    row = AuditEntry.objects.filter(event="custody:exported").order_by("-pk")[0]
    assert (row.subject, row.detail) == (f"organisation:{cast.officer.organisation.ref}", "since:2026-01-01+until:2027-12-31")
    browser = signed_in(cast.people["admin"])
    for query in ({"format": "csv", "from": "x"}, {"format": "csv", "from": "2027-01-02", "to": "2027-01-01"}):
        assert browser.post(EXPORT, query).status_code == 422
    assert browser.post(EXPORT, {"format": "exe"}).status_code == 404
    assert browser.get(EXPORT, {"format": "csv"}).status_code == 405, "what leaves a row is no address"
    assert AuditEntry.objects.filter(event="custody:exported").count() == begun + 1


@pytest.mark.parametrize(("method", "path"), [("GET", "/audit/custody"), ("POST", EXPORT)])
def test_only_who_reads_the_audit_log_gets_them(cast: Cast, method: str, path: str) -> None:
    cast.officer  # noqa: B018 - makes the person
    for login, person in cast.people.items():
        held = {act for role in Membership.objects.filter(person=person).values_list("role", flat=True) for act in ROLES[Role(role)].acts}
        answer: Any = signed_in(person).generic(method, path)
        assert (answer.status_code == 200) == (Act.READ_AUDIT in held), login


def test_a_long_trail_is_read_in_pieces(cast: Cast) -> None:
    cast.case(records=CHUNK + 1)
    organisation = Organisation.objects.get(pk=cast.officer.organisation.pk)
    with CaptureQueriesContext(connection) as queries:
        assert sum(1 for _ in custody_between(organisation, None, None)) > CHUNK
    assert len(queries) <= 4


def test_every_event_actor_and_root_has_words() -> None:
    assert set(EVENTS) == set(CustodyAction)
    assert set(ROOTS) == {"own", *OTHERS_ROOTS}
    assert set(ACTORS) == {"api_key", "person", "system", "public"}


def test_the_page_of_a_record_shows_its_trail_and_what_of_it_is_in_the_log(cast: Cast) -> None:
    record = Evidence.objects.filter(case=cast.case())[0]
    commit_heads(moved_heads(now=cast.now), now=cast.now)
    reader = cast.officer.person
    assert reader is not None
    page = signed_in(reader).get(f"/records/{record.record}").content.decode()
    assert "查看了存证" in page
    assert "这一行及之前各行已写入透明日志。" in page
    assert [(step.sequence, step.logged) for step in timeline_of([record])] == [(2, False), (1, True)]
