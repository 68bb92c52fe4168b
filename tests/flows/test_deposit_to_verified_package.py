"""From a deposit to a package that the offline verifier accepts, through the public API only."""
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ledger.trust import trust_files
from sandbox.tsa.server import Behaviour, TimestampServer
from tests.depositing import Post, batch, document, multipart
from tlog.package import examine_package
from tlog.report import Report


@pytest.fixture
def trust(var_dir: Path, authority: TimestampServer, service: str) -> Path:
    """The trust folder, as someone would have obtained it elsewhere."""
    folder = var_dir.parent / "trusted"
    for name, data in trust_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def get(client: Any, key: str, path: str) -> Any:
    return client.get(path, headers={"Authorization": f"Bearer {key}"})


def examine(data: bytes, folder: Path, **options: Any) -> Report:
    path = folder / "package.asice"
    path.write_bytes(data)
    return examine_package(path, now=datetime.now(UTC), **options)


def problems(report: Report) -> list[str]:
    return [f"{check.outcome}: {check.name}: {check.reason}" for check in report.checks if check.outcome != "passed" and check.required]


def test_the_states_of_a_record_are_those_that_happened(client: Any, key: str, post_deposit: Post, publish: Any, stamp: Any) -> None:
    number = post_deposit(document(), b"RIFF").json()["records"][0]["record"]
    path = f"/api/v1/evidence/{number}"
    first = get(client, key, path).json()
    assert (first["state"], first["log"]["state"], first["time"]["state"]) == ("RECEIVED", "queued", "waiting")
    assert get(client, key, f"{path}/proof").json()["code"] == "record-not-published"
    assert get(client, key, f"{path}/package").status_code == 409
    publish()
    second = get(client, key, path).json()
    assert (second["state"], second["log"]["state"], second["log"]["index"]) == ("COMMITTED", "published", 0)
    stamp()
    assert get(client, key, path).json()["state"] == "TIMESTAMPED"


@pytest.mark.parametrize("scope", ["record", "case", "selection"])
def test_a_package_of_each_scope_verifies_offline(
    scope: str, client: Any, key: str, post_deposit: Post, post_batch: Post, stamp: Callable[[], None], trust: Path, tmp_path: Path
) -> None:
    numbers = [post_deposit(document(), f"file {n}".encode()).json()["records"][0]["record"] for n in range(3)]
    stamp()
    others = "".join(f"&with={number}" for number in numbers[1:])
    answer = get(client, key, f"/api/v1/evidence/{numbers[0]}/package?scope={scope}{others if scope == 'selection' else ''}")
    assert answer.status_code == 200
    data = b"".join(answer.streaming_content)
    report = examine(data, tmp_path, trust=trust)
    assert problems(report) == []
    assert report.exit_code == 0
    listed = json.loads(zipfile.ZipFile(io.BytesIO(data)).read("package.json"))["records"]
    assert listed == (numbers[:1] if scope == "record" else numbers)
    assert examine(data, tmp_path).exit_code == 3, "without --trust the package only vouches for itself"


def test_originals_that_the_depositor_keeps_leave_the_report_incomplete(
    client: Any, key: str, post_batch: Post, stamp: Callable[[], None], trust: Path, tmp_path: Path
) -> None:
    number = post_batch(batch(1)).json()["records"][0]["record"]
    stamp()
    data = b"".join(get(client, key, f"/api/v1/evidence/{number}/package").streaming_content)
    report = examine(data, tmp_path, trust=trust)
    assert report.exit_code == 3
    assert len(problems(report)) == 1
    assert "depositor-keeps" in problems(report)[0]


def test_a_package_made_while_no_authority_answers_says_so(
    client: Any, key: str, post_deposit: Post, publish: Callable[[], None], authority: TimestampServer, trust: Path, tmp_path: Path
) -> None:
    number = post_deposit(document(), b"RIFF").json()["records"][0]["record"]
    publish()
    authority.behaviour = Behaviour.SERVER_ERROR
    try:
        data = b"".join(get(client, key, f"/api/v1/evidence/{number}/package").streaming_content)
    finally:
        authority.behaviour = Behaviour.WELL
    assert b"tsa-unavailable" in zipfile.ZipFile(io.BytesIO(data)).read("exceptions.csv")
    report = examine(data, tmp_path, trust=trust)
    assert report.exit_code == 3
    assert not [check for check in report.checks if check.outcome == "failed"]


def test_a_proof_never_changes_once_its_checkpoint_is_stamped(client: Any, key: str, post_deposit: Post, stamp: Callable[[], None]) -> None:
    number = post_deposit(document(), b"1").json()["records"][0]["record"]
    stamp()
    first = get(client, key, f"/api/v1/evidence/{number}/proof").content
    for n in range(3):
        post_deposit(document(), f"more {n}".encode())
        stamp()
    assert get(client, key, f"/api/v1/evidence/{number}/proof").content == first


def test_a_file_a_digest_and_a_package_are_verified_on_request(
    client: Any, key: str, post_deposit: Post, stamp: Callable[[], None], trust: Path
) -> None:
    number = post_deposit(document(), b"RIFF").json()["records"][0]["record"]
    stamp()

    def verify(parts: list[tuple[str, str, bytes]]) -> Any:
        data, kind = multipart(parts)
        return client.post("/api/v1/verify", data, content_type=kind)

    good = verify([("record", "text/plain", number.encode()), ("file", "audio/wav", b"RIFF")])
    assert (good.status_code, good.json()["verdict"]) == (200, "passed"), good.content
    names = [check["name"] for check in good.json()["checks"] if check["outcome"] == "passed"]
    assert {"originals", "claims", "statement", "entry", "leaf", "inclusion", "checkpoint signature", "timestamps"} <= set(names)
    wrong = verify([("record", "text/plain", number.encode()), ("file", "audio/wav", b"RIFX")])
    assert (wrong.status_code, wrong.json()["code"]) == (404, "record-not-found")
    package = b"".join(get(client, key, f"/api/v1/evidence/{number}/package").streaming_content)
    assert verify([("package", "application/zip", package)]).json()["verdict"] == "passed"
    broken = verify([("package", "application/zip", package[:-3])])
    assert (broken.status_code, broken.json()["verdict"]) == (200, "failed")
    file, long = ("file", "a/b", b"x"), ("record", "a/b", b"x" * 100)
    for parts in ([], [file], [("record", "a/b", number.encode())], [long, file]):
        assert verify(parts).status_code == 400
