"""POST /api/v1/evidence/batch: records by digest, all or none."""
import json
from typing import Any

import pytest
from pytest_django import Settings

from evidence.models import Evidence, EvidenceFile
from evidence.selectors import claims_of
from ledger.models import LogQueue
from ledger.receipts import receipt_vkey
from tests.depositing import Post, batch
from tlog.claims import parse_claim
from tlog.note import Verifier
from tlog.receipt import open_receipt


def test_one_receipt_names_every_record_in_request_order(post_batch: Post) -> None:
    answer = post_batch(batch(7))
    assert answer.status_code == 201, answer.content
    records = [row["record"] for row in answer.json()["records"]]
    receipt = open_receipt(answer.json()["receipt"].encode(), [Verifier.from_vkey(receipt_vkey())])
    assert [number for number, _ in receipt.leaves] == records
    rows = Evidence.objects.in_bulk(records, field_name="record")
    assert [rows[number].case_sequence for number in records] == list(range(1, 8))
    tickets = [rows[number].ticket for number in records]
    assert tickets == sorted(tickets), "log order follows case order"
    queued = LogQueue.objects.order_by("id").values_list("leaf_hash", flat=True)
    assert [bytes(leaf) for leaf in queued] == [leaf for _, leaf in receipt.leaves]


def test_the_statement_says_that_the_depositor_keeps_the_original(post_batch: Post) -> None:
    post_batch(batch(1))
    record = Evidence.objects.get()
    file: Any = next(parse_claim(claim.name, claim.data) for claim in claims_of(record) if claim.name == "files/1")
    assert (file["custody"], file["sm3"]) == ("depositor", None)
    assert EvidenceFile.objects.get().stored_object is None


def test_a_retry_gets_the_same_numbers_and_receipt(post_batch: Post) -> None:
    body = batch(3)
    first, again = (post_batch(body, Idempotency_Key="b").json() for _ in range(2))
    assert again["receipt"] == first["receipt"]
    assert [row["record"] for row in again["records"]] == [row["record"] for row in first["records"]]
    assert Evidence.objects.count() == 3


def test_every_faulty_record_is_pointed_at_and_none_is_taken(post_batch: Post) -> None:
    body = batch(1)
    good = body["records"][0]
    bad = {**good, "subject": {"kind": "sms", "title": "t", "metadata": {"sum": 0.5}}}
    body["records"] = [good, bad, good, {**good, "provenance": {"device": "\0"}}]
    answer = post_batch(body)
    assert (answer.status_code, answer.json()["code"], answer.json()["count"]) == (422, "records-invalid", 2)
    assert [row["pointer"] for row in answer.json()["errors"]] == ["#/records/1/subject", "#/records/3/provenance"]
    assert Evidence.objects.count() == 0


def test_a_malformed_record_is_pointed_at(post_batch: Post) -> None:
    body = json.dumps(batch(2)).replace('"size_bytes": 3', '"size_bytes": -3')
    answer = post_batch(body.encode())
    assert (answer.status_code, answer.json()["code"]) == (400, "request-malformed")
    assert answer.json()["errors"][0]["pointer"].endswith("/files/0/size_bytes")


@pytest.mark.parametrize("body", [{"records": []}, b" ", b"[]", b"null"])
def test_an_empty_or_foreign_body_is_refused(post_batch: Post, body: Any) -> None:
    answer = post_batch(body)
    assert (answer.status_code, answer.json()["code"]) == (400, "request-malformed")


def test_a_batch_over_the_limit_is_refused_with_the_limit(post_batch: Post, settings: Settings) -> None:
    settings.MAX_BATCH_RECORDS = 3
    answer = post_batch(batch(4))
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (413, "too-many-records", 3)


def test_another_content_type_is_refused(client: Any, key: str) -> None:
    answer = client.post("/api/v1/evidence/batch", b"a=1", content_type="text/plain", headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")
