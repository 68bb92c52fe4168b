"""Packages are stamped inside the web's threads: an authority that hangs must not take those threads from deposits."""
import io
import threading
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator

import pytest

from sandbox.tsa.server import Behaviour, TimestampServer
from tests.conftest import Start
from tests.depositing import Post, deposit_body, document
from tests.faults.programs import port_for_a_server_that_dies, wait_until

THREADS = 8
TSA_TIMEOUT_S = 10.0


@pytest.fixture
def hanging(authority: TimestampServer) -> Iterator[TimestampServer]:
    authority.behaviour = Behaviour.HANG
    yield authority
    authority.behaviour = Behaviour.WELL


@pytest.fixture
def web(start: Start, hanging: TimestampServer) -> str:
    """The address of one web process."""
    port = port_for_a_server_that_dies()
    start("-m", "gunicorn", "config.wsgi", "--config", "python:config.gunicorn", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread",
          "--workers", "1", "--threads", str(THREADS), "--no-control-socket",
          CUNZHENG_WEB_THREADS=str(THREADS), CUNZHENG_TSAS=f"sandbox-tsa={hanging.url}", CUNZHENG_TSA_TIMEOUT_S=str(TSA_TIMEOUT_S))
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return bool(ask(f"{url}/healthz"))
        except OSError:
            return False

    wait_until("the web answers", answers)
    return url


def ask(url: str, data: bytes | None = None, **headers: str) -> bytes:
    request = urllib.request.Request(url, data, {name.replace("_", "-"): value for name, value in headers.items()})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())


@pytest.mark.slow
def test_a_deposit_is_taken_while_every_thread_makes_a_package_and_the_authority_hangs(
    web: str, hanging: TimestampServer, key: str, post_deposit: Post, publish: Callable[[], None]
) -> None:
    number = post_deposit(document(), b"RIFF").json()["records"][0]["record"]
    publish()
    packages: list[bytes] = []
    asked = hanging.queries

    def download() -> None:
        packages.append(ask(f"{web}/api/v1/evidence/{number}/package", Authorization=f"Bearer {key}"))

    threads = [threading.Thread(target=download) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    wait_until("a quarter of the threads asks the authority", lambda: hanging.queries >= asked + THREADS // 4)
    time.sleep(1)
    body, kind = deposit_body(document(), b"one more")
    began = time.monotonic()
    ask(f"{web}/api/v1/evidence", body, Authorization=f"Bearer {key}", Content_Type=kind)
    took = time.monotonic() - began
    for thread in threads:
        thread.join()
    assert took < TSA_TIMEOUT_S / 2, "it waited for the authority"
    assert hanging.queries <= asked + THREADS // 4
    assert len(packages) == THREADS
    for package in packages:
        assert b"tsa-unavailable" in zipfile.ZipFile(io.BytesIO(package)).read("exceptions.csv")
