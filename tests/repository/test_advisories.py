"""`make advisories` asks about each version that we pin, says which one an advisory names, and is not content when nobody answers.

Which advisories there are today the network alone knows: SECURITY.md says who asks, and when.
"""
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.databases import ROOT
from tests.repository.test_requirements import pins

ADVISORY = {
    "id": "GHSA-test-test-test", "summary": "what is wrong",
    "affected": [{"package": {"name": "django", "ecosystem": "PyPI"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "99.0"}]}]}],
}


class Feed(ThreadingHTTPServer):
    """A stand-in for OSV's `/v1/query`: it answers with an advisory for the packages of `named`, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.named: set[str] = set()
        self.asked: dict[str, str] = {}


class Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Feed)
        query: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = query["package"]["name"]
        self.server.asked[name] = query["version"]
        body = json.dumps({"vulns": [ADVISORY]} if name in self.server.named else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def feed() -> Iterator[Feed]:
    with Feed() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(port: int) -> "subprocess.CompletedProcess[str]":
    words = ["make", "advisories", f"ARGS=--osv-url http://127.0.0.1:{port}/v1/query"]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


def test_each_pinned_version_is_asked_about_and_one_that_an_advisory_names_is_told(feed: Feed) -> None:
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    quiet = ask(feed.server_port)
    assert (quiet.returncode, "No known vulnerabilities found" in quiet.stderr) == (0, True), quiet.stderr
    assert feed.asked.keys() >= pins("requirements.txt", "requirements-decoders.txt", "requirements-dev.txt").keys()
    assert f"]=={feed.asked['django']} " in next(line for line in requirements.splitlines() if line.startswith("django["))
    feed.named = {"django"}
    told = ask(feed.server_port)
    assert told.returncode != 0
    assert f"django {feed.asked['django']} GHSA-test-test-test 99.0" in " ".join(told.stdout.split())


def test_no_answer_is_not_taken_for_no_advisory(feed: Feed) -> None:
    port = feed.server_port
    feed.server_close()
    assert ask(port).returncode != 0
