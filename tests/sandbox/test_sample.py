"""What `make run` says when the sample does not get as far as it must. The way that works is in tests/repository/test_make_run.py."""
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.client import Client
from sandbox.sample import SampleFailed, show_sample, verify, wait_until_timestamped
from tests.sandbox.answers import Server

RECORD = "CZ-20261123-4K7QM-X2R9D-0"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def client(server: Server) -> Client:
    return Client(f"http://127.0.0.1:{server.server_port}", "cz_key")


def quiet(_line: str) -> None:
    """Nobody listens."""


def no_pause(_seconds: float) -> None:
    """Time passes at once."""


def test_record_that_is_never_timestamped_is_named_with_its_state(server: Server, client: Client) -> None:
    server.answer = (200, b'{"state": "COMMITTED"}')
    with pytest.raises(SampleFailed) as failure:
        wait_until_timestamped(client, [RECORD], pause=no_pause, say=quiet, timeout_s=1)
    assert str(failure.value) == f"Record {RECORD} is still COMMITTED after 1 s."
    assert len(server.asked) == 5


def test_deposit_that_is_refused_is_one_sentence_and_counts_as_not_done(server: Server, client: Client, tmp_path: Path) -> None:
    server.answer = (422, json.dumps({"code": "idempotency-key-reused", "title": "Another deposit has this key."}).encode())
    with pytest.raises(SampleFailed, match="422 idempotency-key-reused"):
        show_sample(client, tmp_path, pause=no_pause, say=quiet)
    assert not (tmp_path / "sample" / "deposit.json").exists()


def test_service_that_breaks_off_after_the_deposit_is_one_sentence(server: Server, client: Client, tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "deposit.json").write_text(json.dumps([[RECORD, "合同"]]))
    server.answer = (404, b'{"code": "not-found"}')
    with pytest.raises(SampleFailed) as failure:
        show_sample(client, tmp_path, pause=no_pause, say=quiet)
    assert str(failure.value) == 'The sample case could not be deposited or packed: 404 Not Found: {"code": "not-found"}.'


def test_package_of_another_deposit_is_not_shown_for_this_one(server: Server, client: Client, tmp_path: Path) -> None:
    package = tmp_path / "packages" / "sample-case.asice"
    package.parent.mkdir()
    package.write_bytes(b"of a database that is gone")
    server.answer = (401, b"{}")
    with pytest.raises(SampleFailed):
        show_sample(client, tmp_path, pause=no_pause, say=quiet)
    assert not package.exists()


@pytest.mark.parametrize(("content", "word"), [(b"no zip at all", "FAILED"), (None, "NOT RUN")])
def test_verdict_is_what_the_verifier_exits_with(tmp_path: Path, content: bytes | None, word: str) -> None:
    if content is not None:
        (tmp_path / "package.asice").write_bytes(content)
    verdict = verify(tmp_path / "package.asice", tmp_path)
    assert verdict.word == word
    assert verdict.lines
