"""The example client: what it puts on the wire, what it does with each kind of answer, what it tells its user."""
import json
import socket
from hashlib import sha256
from pathlib import Path

import pytest

from samples.deposit import (
    CASE,
    ENDPOINT,
    DepositFailed,
    deposit_case,
    deposit_entry,
    deposit_part,
    main,
    multipart,
    part_of,
    read_manifest,
    wait_s,
)
from tests.samples.files import FILES, MANIFEST
from tests.samples.recording_service import Part, Reply, acknowledgement, recording_service

BUSY: Reply = (503, {"Retry-After": "7", "Content-Type": "application/problem+json"},
               b'{"type": "about:blank", "code": "log-behind", "title": "The log is behind", "status": 503}')


def test_whole_case_is_deposited_in_order_with_bytes_unchanged() -> None:
    with recording_service() as service:
        done = deposit_case(service.url, "key-1")
    assert [deposited.title for deposited in done] == [entry["subject"]["title"] for entry in MANIFEST]
    assert len({deposited.record for deposited in done}) == len(service.requests) == len(MANIFEST)
    for request, entry in zip(service.requests, MANIFEST, strict=True):
        first, *files = request.parts()
        assert first == Part("deposit", None, "application/json", deposit_part(entry))
        assert files == [Part("file", file["name"], file["media_type"], FILES[file["path"]]) for file in entry["files"]]


def test_request_carries_the_key_and_an_idempotency_key_of_its_content() -> None:
    with recording_service() as service:
        deposit_case(f"{service.url}/", "key-1")
        deposit_case(service.url, "key-1")
    first, again = (service.requests[start::len(MANIFEST)][0] for start in (0, len(MANIFEST)))
    assert first.path == again.path == ENDPOINT
    assert first.headers["authorization"] == "Bearer key-1"
    assert first.headers["idempotency-key"] == again.headers["idempotency-key"] == f"sample-{sha256(deposit_part(MANIFEST[0])).hexdigest()}"
    assert first.body == again.body
    keys = {request.headers["idempotency-key"] for request in service.requests}
    assert len(keys) == len(MANIFEST)
    assert max(map(len, keys)) <= 128


def test_other_case_reference_is_another_deposit() -> None:
    with recording_service() as service:
        deposit_entry(service.url, "key-1", CASE, MANIFEST[0])
        deposit_entry(service.url, "key-1", CASE, MANIFEST[0], case_reference="second")
    first, second = service.requests
    assert json.loads(second.parts()[0].data)["case"] == "second"
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]


def test_busy_service_is_asked_again_after_the_time_it_named() -> None:
    slept: list[float] = []
    with recording_service(lambda number: BUSY if number < 3 else acknowledgement(number)) as service:
        deposited = deposit_entry(service.url, "key-1", CASE, MANIFEST[1], sleep=slept.append)
    assert deposited.record == "CZ-20261123-4K7QM-X2R93-0"
    assert slept == [7, 7]
    assert len({request.body for request in service.requests}) == 1


def test_service_that_stays_busy_is_given_up() -> None:
    slept: list[float] = []
    with recording_service(lambda _: BUSY) as service, pytest.raises(DepositFailed, match=r"\(503 log-behind\): The log is behind\.$"):
        deposit_entry(service.url, "key-1", CASE, MANIFEST[1], sleep=slept.append)
    assert len(service.requests) == 5
    assert len(slept) == 4


@pytest.mark.parametrize(("told", "waited"), [("3", 3), ("86400", 30), ("", 1), ("Wed, 25 Nov 2026 08:00:00 GMT", 1), ("-5", 1)])
def test_wait_is_bounded(told: str, waited: int) -> None:
    assert wait_s(told) == waited


@pytest.mark.parametrize(("reply", "sentence"), [
    ((401, {}, b'{"code": "not-authenticated", "title": "Not authenticated", "detail": "The key has expired."}'),
     "The service refused the deposit (401 not-authenticated): Not authenticated: The key has expired."),
    ((401, {}, '{"code": "not-authenticated", "title": "无效的密钥", "detail": "密钥已过期。"}'.encode()),
     "The service refused the deposit (401 not-authenticated): 无效的密钥: 密钥已过期."),
    ((422, {}, b'{"code": "digest-mismatch"}'), "The service refused the deposit (422 digest-mismatch): no details."),
    ((500, {}, b"<h1>Server Error</h1>"), "The service answered 500 and gave no reason."),
    ((400, {}, b"[]"), "The service answered 400 and gave no reason."),
    ((201, {}, b"<html>"), "the service acknowledged the deposit in a form that this program does not know."),
    ((201, {}, b'{"records": [], "receipt": ""}'), "the service acknowledged the deposit in a form that this program does not know."),
], ids=["problem", "Chinese problem", "bare problem", "no problem", "list", "no JSON", "no record"])
def test_refusal_is_told_in_one_sentence(reply: Reply, sentence: str) -> None:
    with recording_service(lambda _: reply) as service, pytest.raises(DepositFailed) as refused:
        deposit_entry(service.url, "key-1", CASE, MANIFEST[0])
    assert str(refused.value) == f"个人消费借款合同（电子签署）: {sentence}"
    assert len(service.requests) == 1


def test_unreachable_service_is_told_in_one_sentence() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(DepositFailed, match=rf"^No answer from {url}: .*Running this again is safe\.$"):
            deposit_case(url, "key-1")


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://"])
def test_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(DepositFailed, match="is not the address of a service"):
        deposit_case(url, "key-1")


def test_program_prints_records_and_saves_receipts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with recording_service() as service:
        assert main(["--url", service.url, "--key", "key-1", "--receipts", str(tmp_path / "receipts")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "CZ-20261123-4K7QM-X2R91-0  RECEIVED  个人消费借款合同（电子签署）"
    assert len(lines) == len(list((tmp_path / "receipts").iterdir())) == len(MANIFEST)
    saved = (tmp_path / "receipts" / "CZ-20261123-4K7QM-X2R92-0.receipt").read_bytes()
    assert saved == "cunzheng/receipt/v1\n2\n\n— test/receipt AAAA\n".encode()


def test_program_says_what_was_done_before_it_failed(capsys: pytest.CaptureFixture[str]) -> None:
    with recording_service(lambda number: acknowledgement(number) if number < 3 else (403, {}, b"")) as service:
        assert main(["--url", service.url, "--key", "key-1"]) == 1
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 2
    assert told.err == "短信发送与回复记录: The service answered 403 and gave no reason.\n"


def test_folder_without_a_manifest_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--url", "http://127.0.0.1:1", "--key", "key-1", "--case", str(tmp_path)]) == 1
    assert "manifest.json" in capsys.readouterr().err


def test_file_name_cannot_break_out_of_its_header() -> None:
    head, _, data = part_of("file", 'a"\r\nX: y.pdf', "application/pdf", b"data").partition(b"\r\n\r\n")
    assert head == b'Content-Disposition: form-data; name="file"; filename="a%22%0D%0AX: y.pdf"\r\nContent-Type: application/pdf'
    assert data == b"data"


def test_multipart_of_chosen_parts_is_these_bytes() -> None:
    content_type, body = multipart([b"one", b"two"])
    boundary = content_type.partition("boundary=")[2]
    assert body == f"--{boundary}\r\none\r\n--{boundary}\r\ntwo\r\n--{boundary}--\r\n".encode()


def test_manifest_is_read_in_its_order() -> None:
    assert read_manifest(CASE) == MANIFEST
