"""全程留痕: whoever reads a record or a case stands in its trail before he has it, with root and purpose."""
import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.permissions import Kind, Role
from cases.assigning import withdraw_cases
from cases.models import AccessEvent
from cases.watching import read_case
from evidence.custody import CustodyAction, CustodyRow, custody_json
from evidence.fsck import examine_evidence
from evidence.models import CustodyEvent, Evidence
from evidence.reading import note_reading
from evidence.selectors import custody_of, records_for
from evidence.trail import row_of
from ledger.fsck import Finding
from tests.api.test_routes import content_of
from tests.cases.cast import Cast
from tests.depositing import deposit_body, document
from tlog.errors import VerificationError
from tlog.examination.custody import verify_custody
from vault.models import StoredObject


@pytest.fixture
def cast(service: str) -> Cast:
    return Cast()


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def trail(number: str) -> list[tuple[str, str | None, str | None]]:
    rows = CustodyEvent.objects.filter(evidence__record=number).order_by("sequence")
    return [(row.event, row.root, row.purpose) for row in rows]


def test_a_package_carries_the_row_of_its_own_fetching(cast: Cast, client: Client, stamp: Callable[[], None]) -> None:
    case = cast.case()
    number = Evidence.objects.get(case=case).record
    cast.granted(case, "law_firm", Kind.LAW_FIRM, purpose="代理诉讼")
    cast.machine("law_firm", Kind.LAW_FIRM)
    headers = {"Authorization": f"Bearer {cast.keys['law_firm']}"}
    path = f"/api/v1/evidence/{number}"
    assert client.get(f"{path}/package", headers=headers).json()["code"] == "record-not-published"
    assert len(trail(number)) == 1, "whoever got nothing leaves no trace of having got it"
    stamp()
    assert client.get(path, headers=headers).status_code == 200
    package = client.get(f"{path}/package", headers=headers)
    # The trail says by which grant its first foreign reader came: `test_granted_trails`.
    granted = trail(number)[1]
    assert trail(number) == [
        ("record:ingested", None, None), granted, ("record:viewed", "granted", "代理诉讼"), ("record:fetched", "granted", "代理诉讼")]
    with zipfile.ZipFile(io.BytesIO(content_of(package))) as archive:
        told = json.loads(archive.read(f"records/{number}/custody.json"))
    words = [row["purpose"].rpartition("\n") for row in told]
    assert [(row["event"], purpose) for row, (purpose, _, _) in zip(told, words, strict=True)] == [
        ("record:ingested", ""), ("access:granted", granted[2]), ("record:viewed", "granted: 代理诉讼"),
        ("record:fetched", "granted: 代理诉讼")]
    events = AccessEvent.objects.filter(case=case).order_by("id")
    looked, fetched = (event.request_id for event in events)
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in (looked, fetched))
    assert looked != fetched
    assert [json.loads(facts) for _, _, facts in words] == [
        {"form": 2, "on_behalf_of": behalf, "request": request, "role": None, "signed_in": signed_in}
        for behalf, request, signed_in in (
            (None, None, "api_key"), (case.organisation.ref, None, "none"), (None, looked, "api_key"),
            (None, fetched, "api_key"))]
    assert [(event.root, event.purpose, event.signed_in, event.what) for event in events] == [("granted", "代理诉讼", "key", "records")] * 2
    own = client.get(f"/api/v1/cases/{case.ref}/accesses", headers={"Authorization": f"Bearer {machine_key(cast)}"}).json()
    assert [access["organisation"]["name"] for access in own["accesses"]] == ["law_firm"] * 2
    assert list(examine_evidence()) == []


def machine_key(cast: Cast) -> str:
    cast.machine("lender", Kind.LENDER)
    return cast.keys["lender"]


def test_a_machine_that_asks_for_the_state_of_its_own_record_is_not_a_reader(cast: Cast, client: Client) -> None:
    number = Evidence.objects.get(case=cast.case()).record
    headers = {"Authorization": f"Bearer {machine_key(cast)}"}
    for _ in range(3):
        assert client.get(f"/api/v1/evidence/{number}", headers=headers).status_code == 200
    assert len(trail(number)) == 1


def test_a_thousand_records_leave_their_rows_in_a_few_statements(cast: Cast) -> None:
    case = cast.case(records=1000)
    records = list(records_for(cast.officer, now=cast.now).filter(case=case))
    with CaptureQueriesContext(connection) as queries:
        note_reading(cast.officer, records, CustodyAction.FETCHED, request_id="r", now=cast.now)
    # SQLite's driver runs one statement for each of the thousand rows and reports it once.
    assert len(queries) < 30
    assert CustodyEvent.objects.filter(event="record:fetched", sequence=2, root="own", purpose=None).count() == 1000
    assert AccessEvent.objects.filter(case=case).count() == 1


def test_reading_a_case_is_written_with_roles_and_purpose(cast: Cast) -> None:
    case = cast.case()
    cast.ordered(case)
    judge = cast.person("court-judge", Role.JUDGE)
    access = read_case(judge, case, request_id="r", now=cast.now)
    event = AccessEvent.objects.get()
    assert (event.root, event.purpose, event.roles, event.signed_in, event.actor) == (
        "ordered", access.purpose, "judge", "session", judge.actor)
    assert read_case(cast.officer, case, request_id="r", now=cast.now).purpose is None


def test_rows_of_the_first_form_have_the_digests_that_they_had() -> None:
    at = datetime(2026, 11, 23, 8, tzinfo=UTC)
    old = CustodyRow(1, at, "record:ingested", "api_key:7", "org_1", None, None)
    # Written down before there was a second form: sha256sum of the canonical JSON.
    assert old.computed_digest() == "434f065f5c7bf89ac710684642155ae45bbfcac11a1f5f67f9988215b550376b"
    viewed = CustodyRow(2, at, "record:viewed", "person:3", "org_1", "代理诉讼", "0" * 64, root="granted")
    assert viewed.as_json()["purpose"] == "granted: 代理诉讼"
    assert viewed.computed_digest() == "7495fca9600f30fde827eb2df33516f8ad6c8fdafe305261e4076410ad7bc050"


@pytest.mark.parametrize("column", ["root", "purpose", "signed_in", "role", "on_behalf_of", "request_id"])
def test_every_column_of_a_row_is_under_its_digest(cast: Cast, column: str) -> None:
    record = Evidence.objects.get(case=cast.case())
    note_reading(cast.officer, [record], CustodyAction.VIEWED, request_id="r", now=cast.now)
    event = CustodyEvent.objects.get(evidence=record, sequence=2)
    assert (event.root, event.signed_in, event.role, event.request_id) == ("own", "session", "case_officer", "r")
    assert row_of(event).computed_digest() == event.digest
    assert verify_custody(custody_json(custody_of(record))) == tuple(row.digest for row in custody_of(record))
    written = getattr(event, column)
    for value in {"x", None} - {written}:
        setattr(event, column, value)
        assert row_of(event).computed_digest() != event.digest
        with pytest.raises(VerificationError, match="row 2"):
            verify_custody(custody_json([custody_of(record)[0], row_of(event)]))


def test_an_agency_reads_what_was_assigned_to_it_for_the_lender(cast: Cast) -> None:
    case = cast.case()
    cast.assigned(case, includes_all=True)
    record = Evidence.objects.get(case=case)
    manager = cast.person("supervisor", Role.AGENCY_SUPERVISOR)
    note_reading(manager, [record], CustodyAction.VIEWED, request_id="r", now=cast.now)
    event = CustodyEvent.objects.get(evidence=record, event="record:viewed")
    assert (event.root, event.on_behalf_of) == ("assigned", case.organisation.ref)
    assert json.loads(str(custody_of(record)[2].told_purpose).rpartition("\n")[2])["on_behalf_of"] == case.organisation.ref


def test_an_agencys_upload_lies_with_the_lender(cast: Cast, client: Client, var_dir: Path, publish: Callable[[], None]) -> None:
    case = cast.case()
    made = cast.assigned(case)
    agency = cast.machine("collection_agency", Kind.COLLECTION_AGENCY)

    def send(ref: str, **more: str) -> Any:
        data, kind = deposit_body(document(case=ref), b"the agency's recording")
        headers = {"Authorization": f"Bearer {cast.keys['collection_agency']}", **more}
        return client.post("/api/v1/evidence", data, content_type=kind, headers=headers)

    first = send(case.ref, **{"Idempotency-Key": "k1"})
    assert first.status_code == 201
    record = Evidence.objects.get(record=first.json()["records"][0]["record"])
    assert (record.organisation, record.deposited_by) == (case.organisation, agency.organisation)
    stored = StoredObject.objects.get()
    assert (stored.organisation, stored.name.partition("/")[0]) == (case.organisation, case.organisation.ref)
    withdraw_cases(cast.officer, [made.ref], now=cast.now + timedelta(minutes=1))
    assert (send(case.ref).status_code, send(case.ref).json()["code"]) == (404, "case-not-found")
    assert send(case.ref, **{"Idempotency-Key": "k1"}).json()["receipt"] == first.json()["receipt"], "what was acknowledged stays so"
    assert StoredObject.objects.count() == 1
    assert [path for path in (var_dir / "vault").rglob("*") if path.is_file()] == [var_dir / "vault" / stored.name]
    publish()
    findings: list[Finding] = list(examine_evidence())
    assert findings == []
