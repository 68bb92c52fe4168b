"""POST /api/v1/evidence: what is acknowledged, what is refused, and what stays behind."""
import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from evidence.models import CustodyEvent, Evidence, EvidenceFile
from evidence.record_keys import open_original
from evidence.selectors import claims_of, custody_of
from ledger.models import LogQueue
from ledger.receipts import receipt_vkey
from tests.depositing import Post, batch, deposit_body, document, multipart
from tlog.claims import parse_claim
from tlog.entry import verify_entry
from tlog.merkle import leaf_hash
from tlog.note import Verifier
from tlog.receipt import open_receipt
from tlog.statement import parse_statement
from vault.models import StoredObject

WAV = b"RIFF" + bytes(range(256)) * 40


def stored_files(var_dir: Path) -> list[Path]:
    return [path for path in (var_dir / "vault").rglob("*") if path.is_file()]


def test_the_receipt_names_the_leaf_that_commits_to_the_statement(post_deposit: Post) -> None:
    answer = post_deposit(document(), WAV)
    assert answer.status_code == 201, answer.content
    [made] = answer.json()["records"]
    record = Evidence.objects.get(record=made["record"])
    receipt = open_receipt(answer.json()["receipt"].encode(), [Verifier.from_vkey(receipt_vkey())])
    queued = LogQueue.objects.get(pk=record.ticket)
    assert dict(receipt.leaves) == {record.record: leaf_hash(bytes(queued.entry))}
    verify_entry(bytes(queued.entry), kind="deposit", statement=bytes(record.statement))
    assert parse_statement(bytes(record.statement), record.record).received_at == record.received_at
    assert receipt.include_by - receipt.received == 86_400


def test_claims_tell_what_was_sent_and_the_statement_lists_their_digests(post_deposit: Post) -> None:
    record = Evidence.objects.get(record=post_deposit(document(), WAV).json()["records"][0]["record"])
    statement = parse_statement(bytes(record.statement), record.record)
    claims = {claim.name: claim for claim in claims_of(record)}
    assert [(row.name, row.sha256, row.sm3) for row in statement.claims] == [(c.name, c.sha256, c.sm3) for c in claims.values()]
    file: Any = parse_claim("files/1", claims["files/1"].data)
    assert file == {
        "name": "录音.wav", "media_type": "audio/wav", "size_bytes": len(WAV), "custody": "vault",
        "sha256": hashlib.sha256(WAV).hexdigest(), "sm3": hashlib.new("sm3", WAV).hexdigest(),
    }
    case: Any = parse_claim("case", claims["case"].data)
    assert (case["sequence"], case["previous"]) == (1, None)
    assert len({claim.salt for claim in claims.values()}) == 5


def test_the_original_lies_encrypted_in_the_vault_under_a_random_name(post_deposit: Post, var_dir: Path, organisation: Any) -> None:
    post_deposit(document(), WAV)
    [path] = stored_files(var_dir)
    assert WAV[:32] not in path.read_bytes()
    with open_original(EvidenceFile.objects.select_related("evidence", "stored_object").get()) as original:
        assert original.read() == WAV
    assert StoredObject.objects.get().name == path.relative_to(var_dir / "vault").as_posix()
    assert hashlib.sha256(WAV).hexdigest() not in path.as_posix()


def test_each_file_is_an_original_in_its_place(post_deposit: Post, var_dir: Path) -> None:
    files = [{"name": name, "media_type": "a/b"} for name in ("first", "second", "last")]
    answer = post_deposit(document(files=files), WAV, b"2", b"3")
    assert answer.status_code == 201, answer.content
    read = []
    for row in EvidenceFile.objects.select_related("evidence", "stored_object").order_by("position"):
        with open_original(row) as original:
            read.append(original.read())
    assert read == [WAV, b"2", b"3"]
    assert len(stored_files(var_dir)) == 3


def test_equal_bytes_are_two_originals(post_deposit: Post, var_dir: Path) -> None:
    post_deposit(document(), WAV)
    post_deposit(document(), WAV)
    assert len(stored_files(var_dir)) == 2


def test_the_custody_trail_begins_with_ingestion(post_deposit: Post) -> None:
    record = Evidence.objects.get(record=post_deposit(document(), WAV).json()["records"][0]["record"])
    ingested, digested = custody_of(record)
    assert (ingested.sequence, ingested.event, ingested.previous) == (1, "record:ingested", None)
    assert (digested.event, digested.actor, digested.organisation) == ("record:digested", "system", "system"), "we hashed what came in"
    assert ingested.circumstances is not None
    assert (ingested.circumstances.signed_in, ingested.circumstances.role) == ("api_key", None)
    assert re.fullmatch("[0-9a-f]{16}", str(ingested.circumstances.request_id))
    for row in (ingested, digested):
        assert row.digest == row.computed_digest()


def test_of_what_the_depositor_keeps_no_digest_of_ours_is_in_the_trail(post_batch: Post) -> None:
    for each in post_batch(batch(2)).json()["records"]:
        assert [row.event for row in custody_of(Evidence.objects.get(record=each["record"]))] == ["record:ingested"]


def test_each_record_names_the_statement_before_it(post_deposit: Post) -> None:
    first, second = (Evidence.objects.get(record=post_deposit(document(), WAV).json()["records"][0]["record"]) for _ in range(2))
    case: Any = next(parse_claim("case", claim.data) for claim in claims_of(second) if claim.name == "case")
    assert case["sequence"] == 2
    assert case["previous"] == hashlib.sha256(bytes(first.statement)).hexdigest()


def test_a_retry_with_the_same_key_gets_the_same_receipt_and_makes_nothing(post_deposit: Post, var_dir: Path) -> None:
    first = post_deposit(document(), WAV, Idempotency_Key="k-1")
    again = post_deposit(document(), WAV, Idempotency_Key="k-1")
    assert again.json()["receipt"] == first.json()["receipt"]
    assert Evidence.objects.count() == 1
    assert len(stored_files(var_dir)) == 1


@pytest.mark.parametrize(("body", "data"), [(document(), b"other bytes"), (document(case="LN-2"), WAV)])
def test_a_used_key_with_another_request_is_refused(post_deposit: Post, body: Any, data: bytes, var_dir: Path) -> None:
    post_deposit(document(), WAV, Idempotency_Key="k-1")
    refused = post_deposit(body, data, Idempotency_Key="k-1")
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency-key-reused")
    assert len(stored_files(var_dir)) == 1


def with_digest(algorithm: str, value: str) -> dict[str, Any]:
    return document(files=[{"name": "a.wav", "media_type": "audio/wav", algorithm: value}])


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_a_file_that_differs_from_its_declared_digest_is_refused_by_name(post_deposit: Post, algorithm: str, var_dir: Path) -> None:
    right = hashlib.new(algorithm, WAV).hexdigest()
    assert post_deposit(with_digest(algorithm, right), WAV).status_code == 201
    refused = post_deposit(with_digest(algorithm, right), WAV + b"!")
    assert (refused.status_code, refused.json()["code"], refused.json()["algorithm"]) == (422, "digest-mismatch", algorithm)
    assert refused.json()["errors"][0]["pointer"] == f"#/files/0/{algorithm}"
    assert len(stored_files(var_dir)) == 1


REFUSED: dict[str, tuple[Any, str, int]] = {
    "not JSON": (b"{", "request-malformed", 400),
    "not UTF-8": (b'{"case": "\xff"}', "request-malformed", 400),
    "a lone surrogate": (json.dumps(document(case="x")).encode().replace(b'"x"', b'"\\ud800"'), "request-malformed", 400),
    "unknown field": (document(colour="red"), "request-malformed", 400),
    "no case": ({k: v for k, v in document().items() if k != "case"}, "request-malformed", 400),
    "case with a control character": (document(case="a\nb"), "request-malformed", 400),
    "empty case": (document(case=""), "request-malformed", 400),
    "kind in capitals": (document(subject={"kind": "SMS", "title": "t"}), "request-malformed", 400),
    "float in metadata": (document(subject={"kind": "sms", "title": "t", "metadata": {"message_count": 1.5}}), "record-invalid", 422),
    "NUL in metadata": (document(subject={"kind": "sms", "title": "t", "metadata": {"sender": "\0"}}), "record-invalid", 422),
    "key in capitals": (document(subject={"kind": "sms", "title": "t", "metadata": {"Sender": "1"}}), "record-invalid", 422),
    "number beyond 2^53": (document(subject={"kind": "sms", "title": "t", "metadata": {"message_count": 2**53}}), "record-invalid", 422),
    "a field that the kind does not have": (document(subject={"kind": "sms", "title": "t", "metadata": {"a": 1}}), "record-invalid", 422),
    "a kind that is not in the list": (document(subject={"kind": "gossip", "title": "t"}), "record-invalid", 422),
    "a kind of the service's own": (document(subject={"kind": "correction", "title": "t"}), "record-invalid", 422),
    "claim beyond 64 KiB": (document(subject={"kind": "sms", "title": "t", "metadata": {"a": "x" * 65_536}}), "record-invalid", 422),
    "a capture that ended before it began": (
        document(provenance={"captured_from": "2026-11-02T00:00:00.001Z", "captured_until": "2026-11-02T00:00:00.000Z"}),
        "record-invalid", 422),
    "impossible time": (document(provenance={"captured_from": "2026-02-30T00:00:00.000Z"}), "record-invalid", 422),
    "too deep": (document(subject={"kind": "sms", "title": "t", "metadata": {"a": [[[[[[[1]]]]]]]}}), "json-too-deep", 413),
    "far too deep": (b'{"subject": {"metadata": {"a": ' + b"[" * 100_000, "json-too-deep", 413),
    "two files declared": (document(files=[{"name": "a", "media_type": "a/b"}] * 2), "files-mismatch", 422),
    "no file declared": (document(files=[]), "request-malformed", 400),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_a_clear_problem_and_leaves_nothing(name: str, post_deposit: Post, var_dir: Path) -> None:
    body, code, status = REFUSED[name]
    answer = post_deposit(body, WAV)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["title"]
    assert answer.json()["detail"]
    assert (Evidence.objects.count(), StoredObject.objects.count(), stored_files(var_dir)) == (0, 0, [])


def test_the_fault_is_pointed_at(post_deposit: Post) -> None:
    answer = post_deposit(document(files=[{"name": "a", "media_type": "none"}]), WAV)
    assert answer.json()["errors"][0]["pointer"] == "#/files/0/media_type"


@pytest.mark.parametrize("parts", [
    [("file", "a/b", WAV), ("deposit", "application/json", b"{}")],
    [("deposit", "text/plain", b"{}"), ("file", "a/b", WAV)],
    [("deposit", "application/json", b"{}"), ("deposit", "application/json", b"{}")],
    [("deposit", "application/json", b"{}"), ("other", "a/b", WAV)],
    [],
])
def test_parts_out_of_order_are_refused(parts: list[tuple[str, str, bytes]], client: Any, key: str, var_dir: Path) -> None:
    data, kind = multipart(parts)
    answer = client.post("/api/v1/evidence", data, content_type=kind, headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer.json()["code"]) == (400, "part-order")
    assert stored_files(var_dir) == []


def test_a_body_that_ends_early_is_no_deposit(client: Any, key: str, var_dir: Path) -> None:
    data, kind = deposit_body(document(), WAV * 40)
    for length in (len(data) - 4, len(data) - 100, len(data) // 2, 300, 10):
        answer = client.post("/api/v1/evidence", data[:length], content_type=kind, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 400, (length, answer.content)
    assert (Evidence.objects.count(), stored_files(var_dir)) == (0, [])


def test_a_file_over_the_limit_is_refused_with_the_limit(post_deposit: Post, settings: Settings, var_dir: Path) -> None:
    settings.MAX_FILE_BYTES = 1000
    answer = post_deposit(document(), b"x" * 1001)
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (413, "file-too-large", 1000)
    assert stored_files(var_dir) == []


def test_more_files_than_allowed_are_refused_with_the_limit(post_deposit: Post, settings: Settings, var_dir: Path) -> None:
    settings.MAX_FILES = 2
    answer = post_deposit(document(files=[{"name": "a", "media_type": "a/b"}] * 3), b"1", b"2", b"3")
    assert (answer.status_code, answer.json()["limit"]) == (413, 2)
    assert stored_files(var_dir) == []


def test_a_long_deposit_part_is_refused_with_the_limit(post_deposit: Post, settings: Settings) -> None:
    settings.MAX_JSON_BYTES = 2000
    answer = post_deposit(document(case="x" * 3000), WAV)
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (413, "json-too-large", 2000)


def test_too_many_requests_in_a_minute_are_refused_with_the_limit(post_deposit: Post, settings: Settings) -> None:
    settings.DEPOSITS_PER_MINUTE = 2
    answers = [post_deposit(document(), WAV) for _ in range(4)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused, "the minute may have turned once, but not three times"
    assert (refused[0].json()["code"], refused[0].json()["limit"]) == ("rate-limited", 2)
    assert 0 < int(refused[0]["Retry-After"]) <= 60


@pytest.mark.parametrize("header", [None, "Bearer cz_00000000_" + "x" * 43, "Basic abc", "Bearer", "Bearer \x00"])
def test_without_a_usable_key_nothing_is_taken(client: Any, header: str | None, service: str) -> None:
    data, kind = deposit_body(document(), WAV)
    answer = client.post("/api/v1/evidence", data, content_type=kind, headers={"Authorization": header} if header else {})
    assert (answer.status_code, answer.json()["code"]) == (401, "not-authenticated")
    assert Evidence.objects.count() == 0


def test_a_content_digest_of_the_body_is_checked(client: Any, key: str, var_dir: Path) -> None:
    data, kind = deposit_body(document(), WAV)
    right = base64.b64encode(hashlib.sha256(data).digest()).decode()
    for header, status in ((f"sha-256=:{right}:", 201), (f"sha-512=:{right}:", 400), ("sha-256=abc", 400), (f"unknown=:{right}:", 201)):
        answer = client.post(
            "/api/v1/evidence", data, content_type=kind, headers={"Authorization": f"Bearer {key}", "Content-Digest": header})
        assert answer.status_code == status, header
    assert len(stored_files(var_dir)) == 2


def test_rows_in_clear_hold_no_name_no_title_and_no_bare_digest(post_deposit: Post, service: str, var_dir: Path) -> None:
    post_deposit(document(), WAV)
    record = Evidence.objects.get()
    for row in (*Evidence.objects.values_list(flat=False), *EvidenceFile.objects.values_list(), *StoredObject.objects.values_list(),
                *CustodyEvent.objects.values_list(), *LogQueue.objects.values_list()):
        clear = [bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for v in row]
        sealed = bytes(record.sealed_claims or b"")
        text = b"|".join(value for value in clear if value != sealed)
        digest = hashlib.sha256(WAV)
        for secret in ("录音.wav".encode(), "催收通话录音".encode(), digest.digest(), digest.hexdigest().encode()):
            assert secret not in text
