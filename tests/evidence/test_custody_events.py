"""What is done with a record beside reading stands in its trail before the answer goes out: disclosure, verification, supersession."""
import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey
from accounts.permissions import Kind, Role
from accounts.services import issue_api_key
from common.failpoints import plan
from evidence.capture import DepositItem, Depositor, FileItem
from evidence.custody import PUBLIC, CustodyAction, CustodyRow
from evidence.fsck import examine_evidence
from evidence.intake import deposit_valid
from evidence.models import CUSTODY_EVENTS, CustodyEvent, Evidence
from evidence.selectors import custody_of
from tests.accounts.people import make_organisation
from tests.cases.cast import Cast
from tests.depositing import Post, document, multipart
from tests.evidence.desk import Desk, encoded

ORIGINAL = b"the original"
SHA256 = hashlib.sha256(ORIGINAL).hexdigest()


@pytest.fixture
def record(post_deposit: Post, stamp: Callable[[], None]) -> Evidence:
    [made] = post_deposit(document(), ORIGINAL).json()["records"]
    stamp()
    return Evidence.objects.get(record=made["record"])


def test_the_database_knows_every_event_that_the_code_writes_and_no_other() -> None:
    assert list(CUSTODY_EVENTS) == sorted(CustodyAction)


def supersede(desk: Desk, record: Evidence) -> Any:
    page = f"/records/{record.record}/supersede"
    return desk.client.post(page, {**desk.form(page), "reason": "传错了"})


def last(record: Evidence) -> CustodyRow:
    return custody_of(record)[-1]


@pytest.mark.parametrize(("path", "event"), [("/api/v1/disclosures", "record:disclosed"), ("/api/v1/verify", "record:verified")])
def test_whoever_brings_a_number_and_a_digest_stands_in_the_trail(
    record: Evidence, client: Client, key: str, path: str, event: str
) -> None:
    body = {"record": record.record, "sha256": SHA256}
    for headers in ({"X-Request-ID": "13800138000"}, {"X-Request-ID": "13800138000", "Authorization": f"Bearer {key}"}):
        assert client.post(path, body, content_type="application/json", headers=headers).status_code == 200
    unknown, machine = custody_of(record)[-2:]
    assert (unknown.event, unknown.actor, unknown.organisation) == (event, PUBLIC, PUBLIC)
    assert (machine.event, machine.actor, machine.organisation) == (event, f"api_key:{ApiKey.objects.get().pk}", record.organisation.ref)
    requests = []
    for row, how in ((unknown, "none"), (machine, "api_key")):
        assert row.circumstances is not None
        assert row.circumstances.signed_in == how
        requests.append(row.circumstances.request_id)
    # Ours: what a client calls its request could be a telephone number, and a trail is for ever.
    assert all(re.fullmatch("[0-9a-f]{16}", each or "") for each in requests)
    assert requests[0] != requests[1]
    assert [finding for finding in examine_evidence() if "custody" in finding.where] == []


def test_what_is_not_published_yet_is_not_disclosed_and_its_trail_does_not_say_so(post_deposit: Post, client: Client) -> None:
    number = post_deposit(document(), ORIGINAL).json()["records"][0]["record"]
    answer = client.post("/api/v1/disclosures", {"record": number, "sha256": SHA256}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "record-not-published")
    assert CustodyAction.DISCLOSED not in {row.event for row in custody_of(Evidence.objects.get(record=number))}


def test_a_part_too_many_is_refused_before_anything_is_written(record: Evidence, client: Client) -> None:
    before = len(custody_of(record))
    body, kind = multipart([
        ("record", "text/plain", record.record.encode()), ("file", "text/plain", ORIGINAL), ("file", "text/plain", ORIGINAL)])
    assert client.post("/api/v1/verify", body, content_type=kind).status_code == 400
    assert len(custody_of(record)) == before


@pytest.mark.parametrize("path", ["/api/v1/disclosures", "/api/v1/verify"])
def test_whoever_brings_a_wrong_digest_learns_nothing_and_leaves_nothing(record: Evidence, client: Client, path: str) -> None:
    before = len(custody_of(record))
    body = {"record": record.record, "sha256": "0" * 64}
    assert client.post(path, body, content_type="application/json").status_code == 404
    assert len(custody_of(record)) == before


def test_a_file_compared_on_the_page_of_a_record_is_a_verification_and_its_claim_a_disclosure(record: Evidence, client: Client) -> None:
    assert client.post(f"/records/{record.record}/check", {"sha256": SHA256}).status_code == 200
    assert [(row.event, row.actor) for row in custody_of(record)[-2:]] == [("record:verified", PUBLIC), ("record:disclosed", PUBLIC)]
    before = len(custody_of(record))
    assert client.post(f"/records/{record.record}/check", {"sha256": "0" * 64}).status_code == 200
    assert len(custody_of(record)) == before


def test_whoever_is_signed_in_compares_in_his_organisations_name(record: Evidence) -> None:
    desk = Desk(Role.JUDGE)
    for client in (desk.client, Client()):
        assert client.post(f"/records/{record.record}/check", {"sha256": SHA256}).status_code == 200
    actors = [(row.event, row.actor, row.organisation) for row in custody_of(record)[-4:]]
    person = (f"person:{desk.person.pk}", desk.organisation.ref)
    assert actors == [(event, *who) for who in (person, (PUBLIC, PUBLIC)) for event in ("record:verified", "record:disclosed")]


def packed(record: Evidence, client: Client, key: str) -> bytes:
    answer: Any = client.get(f"/api/v1/evidence/{record.record}/package", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    return b"".join(answer) if answer.streaming else bytes(answer.content)


def repacked(package: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """The package with its members changed, None leaves one out; a sound container."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as whole, zipfile.ZipFile(made, "w") as parts:
        for member in whole.infolist():
            data = change(member.filename, whole.read(member))
            if data is not None:
                parts.writestr(member, data)
    return made.getvalue()


def verify(client: Client, package: bytes, **headers: str) -> Any:
    body, kind = encoded({}, ("package", package))
    body = body.replace(b'name="file"', b'name="package"')
    return client.post("/api/v1/verify", body, content_type=kind, headers=headers)


def test_a_machine_that_verifies_a_package_stands_in_the_trail_of_each_record_in_it(
    record: Evidence, client: Client, key: str
) -> None:
    package, court = packed(record, client, key), make_organisation(Kind.COURT, "法院")
    made, text = issue_api_key(court, label="verifier", now=timezone.now(), valid_for=timedelta(days=1))
    before = len(custody_of(record))
    assert verify(client, package).json()["verdict"] == "passed"
    assert len(custody_of(record)) == before, "a stranger with a package is nobody whom a trail could name"
    answer = verify(client, package, Authorization=f"Bearer {text}")
    assert answer.json()["verdict"] == "passed", answer.content
    [row] = custody_of(record)[before:]
    assert (row.event, row.actor, row.organisation) == ("record:verified", f"api_key:{made.pk}", court.ref)
    assert (row.purpose, row.circumstances and row.circumstances.signed_in) == ("package: passed", "api_key")
    changed = repacked(package, lambda name, data: b"another" if name.startswith("evidence/") else data)
    assert verify(client, changed, Authorization=f"Bearer {text}").json()["verdict"] == "failed"
    assert [row.purpose for row in custody_of(record)[before + 1:]] == ["package: failed"]
    assert [finding for finding in examine_evidence() if "custody" in finding.where] == []


def test_a_number_in_a_package_that_does_not_lead_to_the_log_leaves_nothing(record: Evidence, client: Client, key: str) -> None:
    before = len(custody_of(record))
    assert verify(client, b"no package", Authorization=f"Bearer {key}").json()["verdict"] == "failed"
    assert len(custody_of(record)) == before
    package = packed(record, client, key)
    before = len(custody_of(record))
    forged = repacked(package, lambda name, data: None if name.endswith("proof.tlog-proof") else data)
    assert verify(client, forged, Authorization=f"Bearer {key}").json()["verdict"] == "failed"
    other = repacked(package, lambda name, data: data.replace(b'"deposit', b'"Deposit') if name.endswith("statement.json") else data)
    assert verify(client, other, Authorization=f"Bearer {key}").json()["verdict"] == "failed"
    assert len(custody_of(record)) == before


def test_the_trail_of_a_record_that_was_superseded_says_so_by_which_record(service: str) -> None:
    desk = Desk(Role.CASE_OFFICER)
    case = desk.case()
    desk.send(case, ("a.wav", ORIGINAL, "audio/wav"))
    record = Evidence.objects.get()
    answer = supersede(desk, record)
    assert answer.status_code == 303, answer.content
    correction = Evidence.objects.exclude(pk=record.pk).get()
    row = last(record)
    assert (row.event, row.actor, row.purpose) == ("record:superseded", f"person:{desk.person.pk}", correction.record)
    assert row.circumstances is not None
    assert row.circumstances.role == "case_officer"
    assert [each.event for each in custody_of(correction)] == ["record:ingested", "record:digested"]
    assert list(examine_evidence()) == []


def test_the_trail_of_a_record_that_was_replaced_says_so_by_which_record(post_deposit: Post) -> None:
    def deposit(*told: tuple[str, str]) -> Evidence:
        relations = [{"relation": relation, "record": number} for relation, number in told]
        answer = post_deposit(document(subject={"kind": "sms", "title": "短信", "metadata": {"relations": relations}}), ORIGINAL)
        return Evidence.objects.get(record=answer.json()["records"][0]["record"])

    first = deposit()
    deposit(("reply_to", first.record), ("corroborates", first.record))
    assert [each.event for each in custody_of(first)] == ["record:ingested", "record:digested"]
    second = deposit(("replaces", first.record))
    row = last(first)
    assert (row.event, row.actor, row.purpose) == ("record:superseded", f"api_key:{ApiKey.objects.get().pk}", second.record)
    assert [each.event for each in custody_of(second)] == ["record:ingested", "record:digested"]
    assert list(examine_evidence()) == []


def test_the_trail_of_a_record_of_which_somebody_says_later_that_another_replaces_it_says_so(service: str) -> None:
    desk = Desk(Role.CASE_OFFICER)
    case = desk.case()
    for name in ("one", "two"):
        desk.send(case, (f"{name}.txt", name.encode()))
    one, two = Evidence.objects.order_by("id")
    page = f"/records/{two.record}/relate"
    answer = desk.client.post(page, {**desk.form(page), "relation": "replaces", "record": one.record, "reason": ""})
    assert answer.status_code == 303, answer.content
    assert (last(one).event, last(one).purpose) == ("record:superseded", two.record)
    assert last(two).event != "record:superseded"


def test_an_agencys_record_replaces_its_own_and_leaves_no_word_in_the_lenders_trail(service: str) -> None:
    cast = Cast()
    case = cast.case()
    cast.assigned(case, includes_all=True)
    agency = cast.machine("collection_agency", Kind.COLLECTION_AGENCY)
    lenders, [own] = Evidence.objects.get(case=case), cast.deposit(agency, case.ref)
    assert agency.key is not None
    told = [{"relation": "replaces", "record": number} for number in (lenders.record, own)]
    item = DepositItem(case.ref, "sms", "短信", (FileItem("a.txt", "text/plain", 1, SHA256, None),), {"relations": told})
    answer = deposit_valid(Depositor(agency.organisation, agency.key.pk), [item], None, batch=False)
    assert last(lenders).event != "record:superseded"
    assert (last(Evidence.objects.get(record=own)).event, last(Evidence.objects.get(record=own)).purpose) == (
        "record:superseded", answer.records[0])


def test_a_correction_that_fails_leaves_no_trace_in_the_trail(service: str) -> None:
    desk = Desk(Role.CASE_OFFICER)
    desk.send(desk.case(), ("a.wav", ORIGINAL, "audio/wav"))
    record = Evidence.objects.get()
    with plan("evidence.deposit-before-commit=error"):
        answer = supersede(desk, record)
    assert answer.status_code >= 500
    assert not CustodyEvent.objects.filter(event="record:superseded").exists()
