"""POST /api/v1/evidence/batch: records by digest, all or none."""
import json
import os
import subprocess
import sys
from typing import Any

import pytest
from pytest_django import Settings

from evidence.models import Evidence, EvidenceFile
from evidence.selectors import claims_of
from ledger.models import LogQueue
from ledger.receipts import receipt_vkey
from tests.databases import ROOT
from tests.depositing import Post, batch, document
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
    assert [row["pointer"] for row in answer.json()["errors"]] == ["#/records/1/subject/metadata/sum", "#/records/3/provenance"]
    assert Evidence.objects.count() == 0


def test_a_malformed_record_is_pointed_at(post_batch: Post) -> None:
    body = json.dumps(batch(2)).replace('"size_bytes": 3', '"size_bytes": -3')
    answer = post_batch(body.encode())
    assert (answer.status_code, answer.json()["code"]) == (400, "request-malformed")
    assert [row["pointer"] for row in answer.json()["errors"]] == [f"#/records/{n}/files/0/size_bytes" for n in range(2)]


DEEP: Any = {"a": [[[[[]]]]]}


def faulty(good: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**good, **changes}


def test_every_malformed_record_is_pointed_at_in_one_go(post_batch: Post) -> None:
    """Shape and values alike: what is wrong with one record hides nothing of another."""
    good = batch(1)["records"][0]
    body = {"records": [
        good,
        faulty(good, subject={"kind": "SMS", "title": "t"}),
        faulty(good, subject={"kind": "sms", "title": "t", "metadata": {"sum": 0.5}}),
        good,
        faulty(good, subject={"kind": "sms", "title": "t", "metadata": DEEP}),
        faulty(good, subject={"kind": "Sms", "title": "t"}),
        faulty(good, colour="red"),
    ]}
    answer = post_batch(body)
    assert (answer.status_code, answer.json()["code"]) == (400, "request-malformed"), answer.content
    assert [row["pointer"] for row in answer.json()["errors"]] == [
        "#/records/1/subject/kind", "#/records/2/subject/metadata/sum", "#/records/4/subject/metadata", "#/records/5/subject/kind",
        "#/records/6"]
    assert all(row["detail"] for row in answer.json()["errors"])
    assert Evidence.objects.count() == 0


def test_values_that_break_the_rules_are_no_malformed_request_beside_a_deep_one(post_batch: Post) -> None:
    """What the document allows is refused as a record, whatever else is wrong with another record of the batch."""
    good = batch(1)["records"][0]
    nul, deep = {"kind": "sms", "title": "\u0000"}, {"kind": "sms", "title": "t", "metadata": DEEP}
    body = {"records": [good, faulty(good, subject=nul), faulty(good, subject=deep)]}
    answer = post_batch(body)
    assert (answer.status_code, answer.json()["code"]) == (422, "records-invalid"), answer.content
    assert [row["pointer"] for row in answer.json()["errors"]] == ["#/records/1/subject", "#/records/2/subject/metadata"]


def test_at_most_a_hundred_faults_are_listed(post_batch: Post) -> None:
    good = batch(1)["records"][0]
    answer = post_batch({"records": [faulty(good, case="") for _ in range(250)]})
    assert [row["pointer"] for row in answer.json()["errors"]] == [f"#/records/{n}/case" for n in range(100)]


@pytest.mark.parametrize("levels", [5, 100, 100_000])
def test_records_that_are_too_deep_are_pointed_at(levels: int, post_batch: Post) -> None:
    text = json.dumps(batch(3)).split('"metadata": {}')
    nested = b'"metadata": {"a": ' + b"[" * levels + b"]" * levels + b"}"
    # The first and the last record.
    answer = post_batch(nested.join([text[0].encode(), f'{text[1]}"metadata": {{}}{text[2]}'.encode(), text[3].encode()]))
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (413, "json-too-deep", 8)
    told = [row["pointer"] for row in answer.json().get("errors", [])]
    # No decoder goes as deep as the last of these, not even to see where it ends.
    assert told == (["#/records/0/subject/metadata", "#/records/2/subject/metadata"] if levels <= 100 else [])


def test_the_depth_that_is_allowed_is_a_setting(post_batch: Post, post_deposit: Post, settings: Settings) -> None:
    """A batch's metadata is its fifth level, a deposit's its third. What is not too deep is judged by its kind, which has no such field."""
    for allowed in (5, 6, 8, 12):
        settings.MAX_JSON_DEPTH = allowed
        for above in (5, 3):
            for more, status in ((0, 422), (1, 413)):
                subject = {"kind": "sms", "title": "t", "metadata": nested(allowed - above + more)}
                answer = post_batch(batch(1, subject=subject)) if above == 5 else post_deposit(document(subject=subject), b"file")
                if subject["metadata"] == {}:
                    assert answer.status_code == 201, answer.content
                    continue
                assert answer.status_code == status, (allowed, above, more, answer.content)
                assert answer.json()["errors"][0]["pointer"].endswith("/subject/metadata" if more else "/subject/metadata/a")
                if status == 413:
                    assert (answer.json()["code"], answer.json()["limit"]) == ("json-too-deep", allowed)


def nested(levels: int) -> dict[str, Any]:
    """Metadata with so many levels below it."""
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def test_a_depth_that_leaves_no_room_for_a_batch_is_no_setting() -> None:
    words = [sys.executable, "-c", "import config.settings"]
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, "CUNZHENG_MAX_JSON_DEPTH": "4"}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "CUNZHENG_MAX_JSON_DEPTH='4' is not a whole number of at least 5." in done.stderr


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
