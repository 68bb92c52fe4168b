"""`"timestamp": "record"`: a token over the record's own statement, which packages carry, openssl accepts, and no fault fakes."""
import base64
import io
import json
import subprocess
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from common import jobs
from common.jobs import Job, RetryLater
from evidence.api import payloads
from evidence.models import Evidence, RecordTimestamp
from evidence.stamps import STAMP_RECORD, stamp_record
from ledger.models import Timestamp
from ledger.revocation import archive_revocation
from sandbox.tsa.answering import WrongAnswer
from sandbox.tsa.authority import Authority
from sandbox.tsa.server import Behaviour, TimestampServer
from tests.depositing import Post, batch, document
from tests.ledger.publishing import publishing_authority
from tlog.package import examine_package


def record_of(answer: Any, place: int = 0) -> str:
    assert answer.status_code == 201, answer.content
    return str(answer.json()["records"][place]["record"])


def package_of(client: Any, key: str, number: str, folder: Path) -> Path:
    answer = client.get(f"/api/v1/evidence/{number}/package", headers={"Authorization": f"Bearer {key}"})
    path = folder / f"{number}.asice"
    path.write_bytes(b"".join(answer.streaming_content))
    return path


def trust_folder(folder: Path) -> Path:
    call_command("export_trust", str(folder), verbosity=0)
    return folder


def test_a_record_that_asks_gets_a_token_over_its_statement(
    client: Any, key: str, post_deposit: Post, stamp: Callable[[], None], timestamp_hierarchy: Authority, tmp_path: Path
) -> None:
    number = record_of(post_deposit(document(timestamp="record"), b"RIFF"))
    plain = record_of(post_deposit(document(timestamp="checkpoint"), b"RIFF"))
    stamp()
    package = package_of(client, key, number, tmp_path)
    member = f"records/{number}/sandbox-tsa.tst"
    with zipfile.ZipFile(package) as opened:
        (tmp_path / "statement.json").write_bytes(opened.read(f"records/{number}/statement.json"))
        (tmp_path / "token.tst").write_bytes(opened.read(member))
    (tmp_path / "root.pem").write_bytes(timestamp_hierarchy.root.certificate.public_bytes(Encoding.PEM))
    subprocess.run(
        ["openssl", "ts", "-verify", "-in", "token.tst", "-token_in", "-data", "statement.json", "-CAfile", "root.pem"],
        cwd=tmp_path, check=True, capture_output=True)
    report = examine_package(package, trust=trust_folder(tmp_path / "trust"), now=timezone.now())
    assert {check.outcome for check in report.checks if check.required} == {"passed"}
    assert any(member.rpartition("/")[2] in check.reason + check.name for check in report.checks), report
    with zipfile.ZipFile(package_of(client, key, plain, tmp_path)) as opened:
        assert f"records/{plain}/sandbox-tsa.tst" not in opened.namelist()


def test_the_api_shows_the_token_to_whoever_has_the_number(client: Any, post_deposit: Post, stamp: Callable[[], None]) -> None:
    number, plain = record_of(post_deposit(document(timestamp="record"), b"RIFF")), record_of(post_deposit(document(), b"RIFF"))
    stamp()
    [own] = client.get(f"/api/v1/records/{number}/timestamps").json()["record_timestamps"]
    row = RecordTimestamp.objects.get()
    assert (own["authority"], base64.b64decode(own["token"])) == ("sandbox-tsa", bytes(row.token))
    assert client.get(f"/api/v1/records/{plain}/timestamps").json()["record_timestamps"] == []


def test_a_batch_says_so_for_each_of_its_records(post_batch: Post, stamp: Callable[[], None]) -> None:
    both = batch(2)["records"]
    answer = post_batch({"records": [{**both[0], "timestamp": "record"}, both[1]]})
    stamp()
    assert RecordTimestamp.objects.get().evidence.record == record_of(answer, 0)


@pytest.mark.parametrize("word", ["file", "", None, 1])
def test_another_word_is_refused_and_named(post_deposit: Post, word: object) -> None:
    answer = post_deposit(document(timestamp=word), b"RIFF")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "#/timestamp")
    assert not Evidence.objects.exists()


def test_an_authority_that_fails_delays_the_token_and_nothing_else(
    client: Any, key: str, post_deposit: Post, publish: Callable[[], None], authority: TimestampServer, tmp_path: Path
) -> None:
    """Until it is there, the package says what is missing and why; afterwards it is there."""
    number = record_of(post_deposit(document(timestamp="record"), b"RIFF"))
    [job_id] = Job.objects.filter(kind=STAMP_RECORD).values_list("id", flat=True)
    authority.behaviour = Behaviour.SERVER_ERROR
    try:
        publish()
        jobs.run_job(job_id)
        assert not RecordTimestamp.objects.exists()
        with zipfile.ZipFile(package_of(client, key, number, tmp_path)) as opened:
            assert f"{number},records/{number}/sandbox-tsa.tst,tsa-unavailable" in opened.read("exceptions.csv").decode()
    finally:
        authority.behaviour = Behaviour.WELL
    assert Job.objects.get(pk=job_id).last_error.startswith("timestamp-unavailable: ")
    stamp_record(Job.objects.get(pk=job_id).subject_id)
    with zipfile.ZipFile(io.BytesIO(package_of(client, key, number, tmp_path).read_bytes())) as opened:
        assert f"records/{number}/sandbox-tsa.tst" in opened.namelist()
        assert "sandbox-tsa.tst,tsa-unavailable" not in opened.read("exceptions.csv").decode().partition(f"records/{number}/")[2]


def test_a_clock_that_is_an_hour_behind_is_refused_though_the_record_is_older(
    post_deposit: Post, authority: TimestampServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The authority was away for two hours, and comes back with a time at which the record was there already."""
    post_deposit(document(timestamp="record"), b"RIFF")
    later = timezone.now() + timedelta(hours=2)
    monkeypatch.setattr(timezone, "now", lambda: later)
    authority.behaviour = WrongAnswer.AN_HOUR_AHEAD
    try:
        with pytest.raises(RetryLater, match="token-refused"):
            stamp_record(Job.objects.get(kind=STAMP_RECORD).subject_id)
    finally:
        authority.behaviour = Behaviour.WELL
    assert not RecordTimestamp.objects.exists()


def test_a_narrower_skew_is_kept_too(
    post_deposit: Post, authority: TimestampServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    post_deposit(document(timestamp="record"), b"RIFF")
    settings.TIME_SKEW_S = 30.0
    monkeypatch.setattr(authority.responder, "clock", lambda: timezone.now() + timedelta(seconds=60))
    with pytest.raises(RetryLater, match="token-refused"):
        stamp_record(Job.objects.get(kind=STAMP_RECORD).subject_id)


def test_a_certificate_that_an_archived_list_calls_revoked_stamps_no_record(
    post_deposit: Post, stamp: Callable[[], None], var_dir: Path, settings: Settings
) -> None:
    with publishing_authority(var_dir, "publishing") as server:
        settings.TSAS = f"publishing={server.url}"
        signer = server.responder.hierarchy.tsa.certificate
        server.revoked[signer.serial_number] = (timezone.now() - timedelta(hours=1), x509.ReasonFlags.superseded)
        post_deposit(document(), b"RIFF")
        stamp()
        archive_revocation(Timestamp.objects.get().pk)
        post_deposit(document(timestamp="record"), b"RIFF")
        with pytest.raises(RetryLater, match="token-refused"):
            stamp_record(Job.objects.get(kind=STAMP_RECORD).subject_id)
    assert not RecordTimestamp.objects.exists()


def test_a_second_run_of_the_job_changes_nothing(post_deposit: Post, authority: TimestampServer) -> None:
    post_deposit(document(timestamp="record"), b"RIFF")
    subject = Job.objects.get(kind=STAMP_RECORD).subject_id
    stamp_record(subject)
    token = bytes(RecordTimestamp.objects.get().token)
    stamp_record(subject)
    assert bytes(RecordTimestamp.objects.get().token) == token


def test_a_retry_gets_the_first_answer_and_no_second_job(post_deposit: Post, service: str) -> None:
    first = post_deposit(document(timestamp="record"), b"RIFF", Idempotency_Key="k")
    again = post_deposit(document(timestamp="record"), b"RIFF", Idempotency_Key="k")
    assert again.json() == first.json()
    assert Job.objects.filter(kind=STAMP_RECORD).count() == 1
    assert post_deposit(document(), b"RIFF", Idempotency_Key="k").status_code == 422


def test_a_key_of_before_this_member_still_stands_for_its_request() -> None:
    """The fingerprint of a request that does not name the member is what it was without it: keys are kept for the record's life."""
    payload = payloads.decode(json.dumps(document()).encode(), payloads.Deposit)
    assert b"timestamp" not in msgspec.json.encode(payload, order="sorted")


def test_the_page_shows_it_and_before_that_that_it_is_awaited(
    client: Any, post_deposit: Post, publish: Callable[[], None], stamp: Callable[[], None]
) -> None:
    number, plain = record_of(post_deposit(document(timestamp="record"), b"RIFF")), record_of(post_deposit(document(), b"RIFF"))
    publish()
    assert "已申请，尚未取得" in client.get(f"/records/{number}").content.decode()
    stamp()
    page = client.get(f"/records/{number}").content.decode()
    assert "本存证自身的时间戳" in page
    assert "已申请，尚未取得" not in page
    assert "本存证自身的时间戳" not in client.get(f"/records/{plain}").content.decode()
