"""The shipped proxy configuration before a real service that grows: a thousand random questions in parallel, and no wrong answer.

That the strangers would notice is shown by planted mistakes, one of them TrustAsia's of 2026: a gateway that ignores the query.
Source: threats T28 and 1.1.
"""
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.receipts import receipt_vkey
from ledger.trust import policy_text
from tests.conftest import Start
from tests.depositing import key, organisation
from tests.faults.programs import port_for_a_server_that_dies
from tests.ledger.processes import sequencers, wait_until
from tests.proxy.nginx import SHIPPED, Proxy, nginx
from tests.proxy.strangers import Connection, Known, ask, grow
from tests.vault.test_memory import answers
from tlog.note import Verifier
from tlog.policy import parse_policy

__all__ = ["key", "organisation"]
ASKERS = 8
KEPT = "proxy_ignore_headers Cache-Control Expires Vary;\n        proxy_cache_valid any 10m;"
WITHOUT_QUERY = "proxy_cache cunzheng_tiles;\n        proxy_cache_key $scheme$host$uri;"
# Each mistake, as a gateway's operator might make it: what stands in the shipped file, and what they would write.
MISTAKES = {
    "every answer is kept, and the query is no part of its key": (
        "    location / {\n        proxy_pass http://cunzheng_web;\n",
        f"    location / {{\n        {WITHOUT_QUERY}\n        {KEPT}\n        proxy_pass http://cunzheng_web;\n"),
    "that a tile is not there yet is kept": ("        proxy_ignore_headers Vary;\n", f"        {KEPT}\n"),
    "all tiles have one key": ("proxy_cache_key $scheme$host$request_uri;", "proxy_cache_key $scheme$host;"),
}


@pytest.fixture
def web_port(start: Start) -> int:
    port = port_for_a_server_that_dies()
    words = "-m gunicorn config.wsgi --config python:config.gunicorn --worker-class gthread --workers 2 --threads 8 --no-control-socket"
    start(*words.split(), "--bind", f"127.0.0.1:{port}", CUNZHENG_TSAS="")
    wait_until(lambda: answers(port), within_s=60)
    return port


Crowd = Callable[[int, str | None], Known]


@pytest.fixture
def crowd(service: str, var_dir: Path, key: str, web_port: int, tmp_path: Path) -> Crowd:
    """Lets so many questions be asked through nginx with this configuration (None: the shipped one) while the log grows."""

    def gather(questions: int, text: str | None) -> Known:
        known = Known(parse_policy(policy_text()), Verifier.from_vkey(receipt_vkey()))
        with sequencers(1, service, var_dir), nginx(tmp_path / "nginx", web_port=web_port, text=text) as proxy:
            wait_until(lambda: listening(proxy))
            with growing(known, proxy, web_port, key), ThreadPoolExecutor(ASKERS) as askers:
                wait_until(lambda: len(known.checkpoints) >= 3)
                for each in [askers.submit(ask, known, proxy, questions // ASKERS, seed) for seed in range(ASKERS)]:
                    each.result()
        return known

    return gather


def listening(proxy: Proxy) -> bool:
    assert proxy.process.poll() is None, (proxy.folder / "error.log").read_text()
    try:
        with Connection.to(proxy.https_port, proxy.trusted) as connection:
            return connection.get("/healthz")[0] == 200
    except OSError:
        return False


@contextmanager
def growing(known: Known, proxy: Proxy, web_port: int, key: str) -> Iterator[None]:
    thread = threading.Thread(target=grow, args=(known, proxy, web_port, key))
    thread.start()
    try:
        yield
    finally:
        known.done.set()
        thread.join()


@pytest.mark.slow
def test_a_thousand_random_questions_through_the_shipped_proxy_get_no_wrong_answer(crowd: Crowd, tmp_path: Path) -> None:
    known = crowd(1000, None)
    assert (known.wrong, len(known.asked), len(set(known.asked))) == ([], 1000, 4)
    assert known.checkpoints[-1].size > known.checkpoints[2].size, "the log grew meanwhile"
    assert any(file.is_file() for file in (tmp_path / "nginx" / "cache").rglob("*")), "tiles were kept"


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_proxy_that_keeps_what_it_should_not_is_found_out(crowd: Crowd, mistake: str) -> None:
    shipped = SHIPPED.read_text(encoding="utf-8")
    right, wrong = MISTAKES[mistake]
    assert shipped.count(right) == 1
    assert crowd(240, shipped.replace(right, wrong)).wrong != []


def test_the_shipped_proxy_passes_on_no_metrics_and_no_plain_http(service: str, web_port: int, tmp_path: Path) -> None:
    with nginx(tmp_path / "nginx", web_port=web_port) as proxy:
        wait_until(lambda: listening(proxy))
        (tmp_path / "nginx" / "static" / "a.css").write_text("a {}")
        with Connection.to(proxy.https_port, proxy.trusted) as secure, Connection.to(proxy.http_port) as plain:
            assert secure.get("/metrics")[0] == 404
            assert secure.get("/static/a.css")[:2] == (200, b"a {}")
            assert secure.get("/static/../nginx.conf")[0] in (400, 404)
            assert plain.get("/log/policy")[0] == 301
            assert b"quorum none" in secure.get("/log/policy")[1]
