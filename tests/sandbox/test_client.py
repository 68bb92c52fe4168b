"""The client of `make run` against a server that answers what a test wants: what it sends, and what it says of a refusal."""
import json
import urllib.error
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.client import Client, explain
from tests.repository.free_ports import free_ports
from tests.sandbox.answers import Server

RECORD = "CZ-20261123-4K7QM-X2R9D-0"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def client(server: Server) -> Client:
    return Client(f"http://127.0.0.1:{server.server_port}", "cz_key")


@pytest.mark.parametrize(("status", "ready"), [(200, True), (503, False), (404, False)])
def test_service_is_ready_when_it_says_so(server: Server, client: Client, status: int, ready: bool) -> None:
    server.answer = (status, b"{}")
    assert client.ready() is ready


def test_service_that_is_not_there_is_not_ready() -> None:
    assert Client(f"http://127.0.0.1:{free_ports(1)[0]}", "cz_key").ready() is False


def test_record_is_asked_for_with_the_key(server: Server, client: Client) -> None:
    server.answer = (200, b'{"state": "COMMITTED"}')
    assert client.record(RECORD) == {"state": "COMMITTED"}
    path, headers, _ = server.asked[0]
    assert path == f"/api/v1/evidence/{RECORD}"
    assert headers["authorization"] == "Bearer cz_key"


def test_proxy_of_the_environment_is_not_asked(server: Server, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_ports(1)[0]}")
    assert client.record(RECORD) == {}
    assert len(server.asked) == 1


def test_value_is_posted_as_json_with_its_headers(server: Server, client: Client) -> None:
    client.post("/api/v1/evidence/batch", {"title": "短信"}, Idempotency_Key="one")
    path, headers, body = server.asked[0]
    assert path == "/api/v1/evidence/batch"
    assert json.loads(body) == {"title": "短信"}
    assert headers["content-type"] == "application/json"
    assert headers["idempotency-key"] == "one"


def test_package_is_written_whole(server: Server, client: Client, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as made:
        made.writestr("mimetype", "x")
    server.answer = (200, (tmp_path / "made.zip").read_bytes())
    client.download_case_package(RECORD, tmp_path / "package.asice")
    assert (tmp_path / "package.asice").read_bytes() == server.answer[1]
    assert server.asked[0][0] == f"/api/v1/evidence/{RECORD}/package?scope=case"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["made.zip", "package.asice"]


def test_package_that_breaks_off_does_not_appear(server: Server, client: Client, tmp_path: Path) -> None:
    server.answer, server.sent_bytes = (200, b"x" * 100), 40
    with pytest.raises(OSError, match="broke off after 40 of 100 bytes"):
        client.download_case_package(RECORD, tmp_path / "package.asice")
    assert not (tmp_path / "package.asice").exists()


def test_stream_that_breaks_off_does_not_appear(server: Server, client: Client, tmp_path: Path) -> None:
    server.answer, server.framing = (200, b"64\r\n" + b"x" * 40), {"Transfer-Encoding": "chunked"}
    with pytest.raises(OSError, match="the answer broke off"):
        client.download_case_package(RECORD, tmp_path / "package.asice")
    assert not (tmp_path / "package.asice").exists()


def test_refusal_is_one_line_with_what_the_service_said(server: Server, client: Client) -> None:
    server.answer = (409, b'{"code": "record-not-published",\n "status": 409}')
    with pytest.raises(urllib.error.HTTPError, match="409") as refusal:
        client.record(RECORD)
    assert explain(refusal.value) == '409 Conflict: {"code": "record-not-published", "status": 409}'
    refusal.value.close()


def test_failure_below_http_is_one_line() -> None:
    assert explain(ConnectionRefusedError(111, "Connection refused")) == "[Errno 111] Connection refused"
