"""An installation's web process, and a client that speaks to it over HTTP with an API key."""
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.conftest import process_environment
from tests.databases import ROOT
from tests.depositing import deposit_body, document
from tests.drills.installations import Installation, listening
from tests.ledger.processes import wait_until

GUNICORN = ("gunicorn", "config.wsgi", "--config", "python:config.gunicorn", "--worker-class", "gthread", "--threads", "4")


@contextmanager
def web(place: Installation, port: int) -> Iterator[str]:
    """The address at which the installation answers."""
    with python(place, "-m", *GUNICORN, "--bind", f"127.0.0.1:{port}", "--no-control-socket", name="web"):
        wait_until(lambda: listening(port))
        yield f"http://127.0.0.1:{port}"


@contextmanager
def python(place: Installation, *words: str, name: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`python <words>` in the installation's environment; told to end when the block does."""
    environment = process_environment(place.database, place.var, **place.environment)
    with (place.var / f"{name}.log").open("ab") as output:
        started = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        yield started
    finally:
        started.terminate()
        started.wait(60)


def ask(url: str, key: str, body: bytes | None = None, kind: str = "") -> tuple[int, bytes]:
    request = urllib.request.Request(url, body, {"Authorization": f"Bearer {key}", **({"Content-Type": kind} if kind else {})})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status), bytes(answer.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, bytes(refused.read())


def post(url: str, key: str, data: bytes) -> tuple[int, dict[str, Any]]:
    """Deposit one record of one file."""
    status, body = ask(f"{url}/api/v1/evidence", key, *deposit_body(document(), data))
    answer: dict[str, Any] = json.loads(body)
    return status, answer
