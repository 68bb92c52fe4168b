"""Lists of others' cases and records: an export leaves a trace at each before its first byte, a search by a party one at each case."""
import csv
import io
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import AuditEntry
from accounts.permissions import Kind, Role
from cases import watching
from cases.granting import revoke_grant
from cases.matters import accept_matter, submit_cases
from cases.models import AccessEvent, Case, Grant
from evidence import looking, told, trail
from evidence.models import CustodyEvent, Evidence
from tests.accounts.people import signed_in
from tests.api.test_routes import content_of
from tests.cases.case_files import IDENTITY, NAME, PHONE, case_body, sender
from tests.cases.cast import DAY, Cast, all_of
from tests.cases.test_accesses_page import cells, readings

PURPOSE = "申请执行证书"
# As if somebody else took the next place of every trail each time.
REFUSE = {
    "sqlite": "CREATE TRIGGER full BEFORE INSERT ON evidence_custodyevent BEGIN SELECT RAISE(ABORT, 'full'); END",
    "postgresql": "ALTER TABLE evidence_custodyevent ADD CONSTRAINT full_up CHECK (event <> 'record:viewed') NOT VALID",
}


@pytest.fixture
def cast(service: str) -> Cast:
    return Cast()


@pytest.fixture
def case(cast: Cast) -> Case:
    """A case with a file and three records, granted to a notary office."""
    assert sender(Client(), cast.legal.organisation)("POST", "/cases", case_body(reference="LN-1")).status_code == 201
    found = cast.case(records=3)
    cast.granted(found, "notary_office", Kind.NOTARY_OFFICE)
    return found


@pytest.fixture
def assistant(cast: Cast, case: Case) -> Client:
    cast.person("assistant", Role.NOTARY_ASSISTANT)
    return signed_in(cast.people["assistant"])


def lines(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content_of(answer).decode("utf-8-sig"))))


def traces(case: Case) -> list[tuple[str, str, str | None]]:
    return list(AccessEvent.objects.filter(case=case).order_by("id").values_list("what", "root", "purpose"))


def viewed(case: Case) -> list[tuple[str, str | None, str | None]]:
    rows = CustodyEvent.objects.filter(evidence__case=case, event="record:viewed").order_by("evidence_id")
    return [(row.evidence.record, row.root, row.purpose) for row in rows]


def test_an_exported_list_stands_in_the_trails_of_others_before_its_first_byte(cast: Cast, case: Case, assistant: Client) -> None:
    """Of a case that was not opened, and of the reader's own, nothing is told and nothing written."""
    closed = cast.case("LN-2")
    records = sorted(Evidence.objects.filter(case=case).values_list("record", flat=True))
    exported = assistant.post("/cases/export")
    assert traces(case) == [("export", "granted", PURPOSE)], "before anything was read from the answer"
    assert [line["案件编号"] for line in lines(exported)] == [case.ref]
    exported = assistant.post("/evidence/export")
    assert sorted(viewed(case)) == [(number, "granted", PURPOSE) for number in records]
    assert traces(case)[1:] == [("records", "granted", PURPOSE)]
    assert sorted(line["存证编号"] for line in lines(exported)) == records
    ticked = assistant.post("/evidence/export", {"selection": "1", "record": records[:1]})
    assert [line["存证编号"] for line in lines(ticked)] == records[:1]
    assert len(viewed(case)) == 4
    assert (traces(closed), viewed(closed)) == ([], [])
    shown = cells(readings(cast, case, language="en"))
    assert [(row[2], row[5], row[6], row[7]) for row in shown] == [
        ("notary_office", "Records", "Grant", PURPOSE), ("notary_office", "Records", "Grant", PURPOSE),
        ("notary_office", "an exported list of cases", "Grant", PURPOSE)]


def test_an_own_list_leaves_the_audit_log_alone_its_row(cast: Cast, case: Case) -> None:
    cast.person("officer", Role.CASE_OFFICER)
    officer, before = signed_in(cast.people["officer"]), AuditEntry.objects.count()
    assert len(lines(officer.post("/cases/export", {"text": NAME}))) == 1
    assert len(lines(officer.post("/evidence/export"))) == 3
    assert (traces(case), viewed(case)) == ([], [])
    assert AuditEntry.objects.count() == before + 2


def test_a_long_list_is_written_piece_by_piece_and_told_whole(
    cast: Cast, case: Case, assistant: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told, "AT_ONCE", 2)
    cast.deposit(cast.legal, "LN-1", count=2)
    others = [cast.case(f"LN-{number}") for number in range(2, 6)]
    for other in others:
        cast.granted(other, "notary_office", Kind.NOTARY_OFFICE)
    assert len(lines(assistant.post("/cases/export"))) == 5
    assert [traces(each) for each in (case, *others)] == [[("export", "granted", PURPOSE)]] * 5
    assert len(lines(assistant.post("/evidence/export"))) == 9
    assert len(viewed(case)) == len({number for number, *_ in viewed(case)}) == 5
    assert all(len(viewed(other)) == 1 for other in others)


def test_what_came_after_the_traces_is_not_in_the_file(cast: Cast, case: Case, assistant: Client) -> None:
    exported = [assistant.post("/cases/export"), assistant.post("/evidence/export")]
    later = cast.case("LN-2")
    cast.granted(later, "notary_office", Kind.NOTARY_OFFICE, starts_at=cast.now - DAY)
    cast.deposit(cast.legal, "LN-1")
    assert [len(lines(answer)) for answer in exported] == [1, 3]
    assert (traces(later), len(viewed(case))) == ([], 3)


@pytest.mark.parametrize("wanted", [{"name": NAME}, {"identity_number": IDENTITY}, {"phone": PHONE}])
def test_a_machine_that_finds_a_case_by_a_party_leaves_a_row(cast: Cast, case: Case, wanted: dict[str, str]) -> None:
    cast.machine("notary_office", Kind.NOTARY_OFFICE)
    headers = {"Authorization": f"Bearer {cast.keys['notary_office']}"}

    def search(body: dict[str, str]) -> int:
        answer = Client().post("/api/v1/cases/search", body, content_type="application/json", headers=headers)
        assert answer.status_code == 200
        return len(answer.json()["cases"])

    assert (search({"reference": "LN-1"}), search({"name": "无此人"})) == (1, 0)
    assert traces(case) == [], "a reference names nobody"
    assert search(wanted) == 1
    assert traces(case) == [("search", "granted", PURPOSE)]
    event = AccessEvent.objects.get(case=case)
    assert event.signed_in == "key"
    assert re.fullmatch("[0-9a-f]{16}", event.request_id)


@pytest.mark.parametrize("path", ["/cases", "/evidence"])
@pytest.mark.parametrize("text", [NAME, IDENTITY, f" {PHONE} "])
def test_a_person_who_finds_a_case_by_a_party_leaves_a_row(cast: Cast, case: Case, assistant: Client, path: str, text: str) -> None:
    """On a page or in a file; the lists themselves, and a search by number or reference, leave none."""
    number = Evidence.objects.filter(case=case).latest("id").record
    for other in ("LN-1", case.ref, number, "0" * 64, "无此人"):
        assert assistant.post(path, {"text": other}).status_code == 200
    for page in ("/home", "/cases", "/evidence"):
        assert case.client_reference in assistant.get(page, follow=True).content.decode() or page == "/home"
    assert traces(case) == []
    assert case.client_reference in assistant.post(path, {"text": text}).content.decode()
    assert traces(case) == [("search", "granted", PURPOSE)]
    lines(assistant.post(f"{path}/export", {"text": text}))
    assert [what for what, *_ in traces(case)] == ["search", "search", "export" if path == "/cases" else "records"]
    cast.person("officer", Role.CASE_OFFICER)
    signed_in(cast.people["officer"]).post(path, {"text": text})
    assert len(traces(case)) == 3, "one's own cases are one's own work"


def machine(cast: Cast, name: str, kind: Kind) -> dict[str, str]:
    cast.machine(name, kind)
    return {"Authorization": f"Bearer {cast.keys[name]}"}


def listed(path: str, headers: dict[str, str], member: str, number: str) -> list[str]:
    answer = Client().get(f"/api/v1/{path}", headers=headers)
    assert answer.status_code == 200, answer.content
    return sorted(each[number] for each in answer.json()[member])


def test_a_machine_that_pages_through_records_stands_in_their_trails_once_a_day(
    cast: Cast, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, numbers = machine(cast, "notary_office", Kind.NOTARY_OFFICE), sorted(all_of(case))
    for _ in range(2):
        assert listed("evidence", headers, "records", "record") == numbers
    assert sorted(viewed(case)) == [(number, "granted", PURPOSE) for number in numbers]
    assert traces(case) == [("records", "granted", PURPOSE)]
    assert Client().get(f"/api/v1/evidence/{numbers[0]}", headers=headers).status_code == 200
    assert len(viewed(case)) == 4, "the record itself says it each time"
    monkeypatch.setattr(looking, "ONE_DAY", DAY * 0)
    assert listed("evidence", headers, "records", "record") == numbers
    assert len(viewed(case)) == 7
    own = machine(cast, cast.legal.organisation.name, Kind.LENDER)
    assert listed("evidence", own, "records", "record") == numbers
    assert len(viewed(case)) == 7, "one's own list is one's own work"


def test_a_machine_that_comes_by_another_root_stands_there_anew(cast: Cast, case: Case) -> None:
    headers = machine(cast, "notary_office", Kind.NOTARY_OFFICE)
    listed("evidence", headers, "records", "record")
    grant = Grant.objects.get()
    matter = submit_cases(cast.legal, grant, [case.ref], purpose="核实", whole_case=True, now=cast.now)
    accept_matter(cast.person("notary", Role.NOTARY), matter, number="1", file_days=10, now=cast.now)
    revoke_grant(cast.legal, grant, now=cast.now)
    listed("evidence", headers, "records", "record")
    assert {row[1:] for row in viewed(case)} == {("granted", PURPOSE), ("accepted", "核实")}
    assert len(viewed(case)) == 6


def test_a_list_that_cannot_be_written_of_is_not_told(cast: Cast, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the database itself: the rows are committed before the answer, or there is none."""
    headers = machine(cast, "notary_office", Kind.NOTARY_OFFICE)
    monkeypatch.setattr(trail, "TRIES", 1)
    with connection.cursor() as cursor:
        cursor.execute(REFUSE[connection.vendor])
    answer = Client(raise_request_exception=False).get("/api/v1/evidence", headers=headers)
    assert answer.status_code == 503
    assert answer.json()["code"] == "trail-busy", "and nothing of a deposit, which a reader did not make"
    assert viewed(case) == []


def test_a_machine_that_pages_through_cases_leaves_what_an_export_does_once_a_day(
    cast: Cast, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = machine(cast, "notary_office", Kind.NOTARY_OFFICE)
    for _ in range(2):
        assert listed("cases", headers, "cases", "case") == [case.ref]
    assert traces(case) == [("export", "granted", PURPOSE)]
    monkeypatch.setattr(watching, "ONE_DAY", DAY * 0)
    listed("cases", headers, "cases", "case")
    assert len(traces(case)) == 2
    own = machine(cast, cast.legal.organisation.name, Kind.LENDER)
    assert listed("cases", own, "cases", "case") == [case.ref]
    assert len(traces(case)) == 2


def test_whoever_opens_anothers_case_stands_in_the_trail_of_each_record_of_which_it_shows_more_than_a_list(
    cast: Cast, case: Case, assistant: Client
) -> None:
    """Title, what is missing of its provenance, and what it serves: all from sealed claims."""
    numbers = sorted(all_of(case))
    for _ in range(2):
        page = assistant.get(f"/cases/{case.ref}").content.decode()
        assert "来源信息未提供" in page
    assert sorted(viewed(case)) == [(number, "granted", PURPOSE) for number in numbers]
    assert [what for what, *_ in traces(case)] == ["case", "records", "case"]
    headers = machine(cast, "notary_office", Kind.NOTARY_OFFICE)
    for _ in range(2):
        assert Client().get(f"/api/v1/cases/{case.ref}/completeness", headers=headers).status_code == 200
    assert len(viewed(case)) == 6, "another reader is another row"
    cast.person("officer", Role.CASE_OFFICER)
    assert "来源信息未提供" in signed_in(cast.people["officer"]).get(f"/cases/{case.ref}").content.decode()
    assert len(viewed(case)) == 6
    assert "来源信息未提供" not in assistant.get("/evidence").content.decode(), "a list across cases tells titles and no more"
