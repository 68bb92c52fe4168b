"""A service of its own for measurements: PostgreSQL database, var folder, gunicorn, sequencer; all of it removed afterwards."""
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
Body = tuple[str, bytes, dict[str, str]]


class NoPostgresError(Exception):
    """No PostgreSQL answers, and these figures are about PostgreSQL."""


def administrator_url() -> str:
    """BENCH_DATABASE_URL or DATABASE_URL, or the usual local server."""
    return os.environ.get("BENCH_DATABASE_URL") or os.environ.get("DATABASE_URL") or "postgresql://postgres@127.0.0.1:5432/postgres"


@contextmanager
def database() -> Iterator[str]:
    """The URL of an empty database, dropped afterwards. Raises NoPostgresError."""
    parts, name = urlsplit(administrator_url()), f"cunzheng_bench_{secrets.token_hex(4)}"
    try:
        connection = psycopg2.connect(administrator_url())
    except psycopg2.OperationalError as away:
        where = f"{parts.hostname}:{parts.port}"
        raise NoPostgresError(f"PostgreSQL does not answer at {where}: start it, or set BENCH_DATABASE_URL.") from away
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit((parts.scheme, parts.netloc, f"/{name}", "", ""))
        finally:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    connection.close()


@dataclass(slots=True)
class Service:
    """A running service: `key` is an API key, `environment` that of its processes."""

    url: str
    port: int
    key: str
    environment: dict[str, str]
    var: Path
    web: "subprocess.Popen[bytes]"
    sequencer: "subprocess.Popen[bytes] | None" = None

    def manage(self, *words: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True).stdout

    def start_sequencer(self) -> None:
        command = [sys.executable, "manage.py", "sequence"]
        self.sequencer = subprocess.Popen(command, cwd=ROOT, env=self.environment, stderr=subprocess.DEVNULL)

    def pause_sequencer(self, paused: bool) -> None:
        assert self.sequencer is not None
        self.sequencer.send_signal(signal.SIGSTOP if paused else signal.SIGCONT)

    def query(self, text: str) -> list[tuple[Any, ...]]:
        with psycopg2.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchall()

    def wait_until_published(self) -> None:
        """Wait until the queue is empty and everything is published."""
        while self.query("SELECT (SELECT count(*) FROM ledger_logqueue) + (SELECT size - published_size FROM ledger_logstate)")[0][0]:
            time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def service(
    *, application: str = "config.wsgi", workers: int = 1, threads: int = 4, settings: str = "config.settings"
) -> Iterator[Service]:
    """Set up and start the web processes; the sequencer on demand."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cunzheng-bench-", dir=os.environ.get("BENCH_DIR"))))
        url = stack.enter_context(database())
        port = free_port()
        environment = {
            **os.environ, "DATABASE_URL": url, "CUNZHENG_VAR": str(folder), "CUNZHENG_PORT": str(port),
            "DJANGO_SETTINGS_MODULE": settings,
            "CUNZHENG_DEPOSITS_PER_MINUTE": "100000000",
            "CUNZHENG_VERIFICATIONS_PER_MINUTE": "100000000",
            "CUNZHENG_WEB_THREADS": str(threads), "CUNZHENG_MAX_JSON_BYTES": str(64 << 20),
        }
        run = Service(url, port, "", environment, folder, web=None)  # type: ignore[arg-type]
        run.manage("migrate", "-v0")
        if settings == "config.settings":
            run.manage("init_service", "-v0")
            run.key = run.manage("create_api_key", "bench").strip()
        run.web = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread",
             "--workers", str(workers), "--threads", str(threads), "--config", "python:config.gunicorn", "--no-control-socket",
             "--keep-alive", "60", "--log-level", "error", "--timeout", "600"],
            cwd=ROOT, env=environment)
        stack.callback(_end, run)
        _wait_for_port(port)
        yield run


def _end(run: Service) -> None:
    for process in (run.web, run.sequencer):
        if process is not None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(30)


def _wait_for_port(port: int) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("gunicorn did not start")


def post_all(
    run: Service, path: str, bodies: Sequence[Body], *, clients: int, status: int = 201, done: Callable[[float], None] | None = None
) -> int:
    """Post the bodies, shared out over keep-alive connections; `done` is told the moment of each answer. Returns their number."""
    waiting, lock = iter(bodies), threading.Lock()

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", run.port, timeout=600)
        while True:
            with lock:
                body = next(waiting, None)
            if body is None:
                break
            kind, data, headers = body
            connection.request("POST", path, data, {"Content-Type": kind, "Authorization": f"Bearer {run.key}", **headers})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != status:
                raise RuntimeError(f"the service answered {answer.status} {text[:300]!r}")
            if done is not None:
                done(time.time())
        connection.close()

    with ThreadPoolExecutor(clients) as threads:
        for finished in [threads.submit(client) for _ in range(clients)]:
            finished.result()  # a client that could not reach the service would otherwise make it look fast
    return len(bodies)


def batch_body(first: int, count: int = 1000) -> Body:
    """A batch of `count` records by digest over a hundred cases, as a collection system would send it.

    Batches that follow one another are of other cases, for eight batches long: two that are at work at the same time then
    do not wait for one another's case heads, as those of two agencies do not.
    """
    block = 100 * (first // count % 8)
    records = [
        {
            "case": f"LN-2026-{block + number % 100:05}",
            "subject": {"kind": "sms", "title": "催收短信", "metadata": {"direction": "outbound", "message_count": number}},
            "files": [{"name": f"sms-{number}.txt", "media_type": "text/plain", "size_bytes": 140, "sha256": secrets.token_hex(32)}],
            "provenance": {"source_system": "短信平台", "collector": "示例催收"},
        }
        for number in range(first, first + count)
    ]
    return "application/json", json.dumps({"records": records}, ensure_ascii=False).encode(), {}


def single_body(number: int, size_bytes: int = 2000) -> Body:
    """One multipart deposit with a small file."""
    boundary = secrets.token_hex(12)
    document = {
        "case": f"LN-2026-{number % 100:05}", "subject": {"kind": "sms", "title": "催收短信", "metadata": {"message_count": number}},
        "files": [{"name": "a.txt", "media_type": "text/plain"}],
    }
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="deposit"\r\nContent-Type: application/json\r\n\r\n'
    file = f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: text/plain\r\n\r\n'
    tail = f"\r\n--{boundary}--\r\n"
    body = head.encode() + json.dumps(document).encode() + file.encode() + secrets.token_bytes(size_bytes) + tail.encode()
    return f"multipart/form-data; boundary={boundary}", body, {}
