"""What is done with a record beside reading stands in its trail before the answer goes out: disclosure, verification, supersession."""
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiKey
from accounts.permissions import Role
from common.failpoints import plan
from evidence.custody import PUBLIC, CustodyRow
from evidence.fsck import examine_evidence
from evidence.models import CustodyEvent, Evidence
from evidence.selectors import custody_of
from tests.depositing import Post, document
from tests.evidence.desk import Desk

ORIGINAL = b"the original"
SHA256 = hashlib.sha256(ORIGINAL).hexdigest()


@pytest.fixture
def record(post_deposit: Post, stamp: Callable[[], None]) -> Evidence:
    [made] = post_deposit(document(), ORIGINAL).json()["records"]
    stamp()
    return Evidence.objects.get(record=made["record"])


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
    for headers in ({"X-Request-ID": "request-0001"}, {"X-Request-ID": "request-0002", "Authorization": f"Bearer {key}"}):
        assert client.post(path, body, content_type="application/json", headers=headers).status_code == 200
    unknown, machine = custody_of(record)[-2:]
    assert (unknown.event, unknown.actor, unknown.organisation) == (event, PUBLIC, PUBLIC)
    assert (machine.event, machine.actor, machine.organisation) == (event, f"api_key:{ApiKey.objects.get().pk}", record.organisation.ref)
    for row, how, request in ((unknown, "none", "request-0001"), (machine, "api_key", "request-0002")):
        assert row.circumstances is not None
        assert (row.circumstances.signed_in, row.circumstances.request_id) == (how, request)
    assert [finding for finding in examine_evidence() if "custody" in finding.where] == []


@pytest.mark.parametrize("path", ["/api/v1/disclosures", "/api/v1/verify"])
def test_whoever_brings_a_wrong_digest_learns_nothing_and_leaves_nothing(record: Evidence, client: Client, path: str) -> None:
    before = len(custody_of(record))
    body = {"record": record.record, "sha256": "0" * 64}
    assert client.post(path, body, content_type="application/json").status_code == 404
    assert len(custody_of(record)) == before


def test_a_file_compared_on_the_page_of_a_record_is_a_verification(record: Evidence, client: Client) -> None:
    assert client.post(f"/records/{record.record}/check", {"sha256": SHA256}).status_code == 200
    assert (last(record).event, last(record).actor) == ("record:verified", PUBLIC)
    before = len(custody_of(record))
    assert client.post(f"/records/{record.record}/check", {"sha256": "0" * 64}).status_code == 200
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


def test_a_correction_that_fails_leaves_no_trace_in_the_trail(service: str) -> None:
    desk = Desk(Role.CASE_OFFICER)
    desk.send(desk.case(), ("a.wav", ORIGINAL, "audio/wav"))
    record = Evidence.objects.get()
    with plan("evidence.deposit-before-commit=error"):
        answer = supersede(desk, record)
    assert answer.status_code >= 500
    assert not CustodyEvent.objects.filter(event="record:superseded").exists()
