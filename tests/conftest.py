"""Fixtures that every room's tests share: a database of one's own, a var folder with keys, processes beside the test."""
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.management import call_command
from django.db import connections
from django.utils import timezone, translation
from hypothesis import HealthCheck
from pytest_django import DjangoDbBlocker, Settings

from common import jobs
from config import env
from ledger import digest_stamps
from ledger.keys import log_signer
from ledger.selectors import log_origin
from ledger.sequencer.service import Sequencer
from ledger.storage import log_store
from sandbox.tsa.answering import Responder
from sandbox.tsa.authority import Authority, make_authority
from sandbox.tsa.server import TimestampServer
from tests.databases import ROOT, Template
from tests.web_role import make_requests_as

Start = Callable[..., "subprocess.Popen[bytes]"]


def pytest_configure() -> None:
    # A shell starts what it does not wait for with SIGINT ignored. Whatever tests start would inherit that, and outlive their Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The first input that a new working copy generates waits for Hypothesis to read our sources and to write its tables of Unicode. How
    # long that takes says something of the machine alone. In CI Hypothesis does the same by itself.
    hypothesis.settings.register_profile("here", hypothesis.settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    hypothesis.settings.load_profile("here")


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """A page that a test asked for in another language leaves that language behind in the thread, and the next test would read it."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def database_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    url, made = os.environ.get("DATABASE_URL", ""), os.environ.get("CUNZHENG_TEMPLATE", "")
    template = Template(url, tmp_path_factory.mktemp("template"), made=made)
    yield template
    template.drop()


@pytest.fixture
def var_dir(tmp_path: Path, settings: Settings) -> Path:
    """An empty `var` of this test's own."""
    folder = tmp_path / "var"
    folder.mkdir()
    settings.VAR_DIR = folder
    return folder


@contextmanager
def connected_to(url: str, var_dir: Path) -> Iterator[None]:
    """Django's default connection points to this database, and to what it pointed to before afterwards."""
    connection = connections["default"]
    before = dict(connection.settings_dict)
    connections.close_all()
    fresh = {**before, **env.database(url, var_dir)}
    connection.settings_dict.update(fresh)
    connections.settings["default"].update(fresh)
    try:
        yield
    finally:
        connections.close_all()
        connection.settings_dict.update(before)
        connections.settings["default"].update(before)


@pytest.fixture
def database(database_template: Template, var_dir: Path, settings: Settings, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The URL of an empty migrated database; Django's default connection points to it. Other processes may use it too.

    The test is the owner of its tables. On PostgreSQL every request that it makes is made by the web's role, under row-level security.
    """
    with database_template.copy(var_dir) as url, django_db_blocker.unblock(), connected_to(url, var_dir):
        if database_template.web:
            make_requests_as(database_template.web, settings)
        yield url


@pytest.fixture
def service(database: str) -> str:
    """A service that has been set up: keys, origin, log state. The value is the database's URL."""
    call_command("init_service", verbosity=0)
    return database


@pytest.fixture
def start(service: str, var_dir: Path) -> Iterator[Start]:
    """Starts `manage.py <words>` or `python <words>` beside the test, on its database; all are killed at the end."""
    processes: list[subprocess.Popen[bytes]] = []

    def run(*words: str, **environment: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=process_environment(service, var_dir, **environment))
        processes.append(process)
        return process

    yield run
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()


def process_environment(database_url: str, var_dir: Path, **more: str) -> dict[str, str]:
    """Environment of a process that shares the test's database and var folder."""
    return {**os.environ, "DATABASE_URL": database_url, "CUNZHENG_VAR": str(var_dir), **more}


@pytest.fixture(scope="session")
def timestamp_hierarchy() -> Authority:
    """Root, intermediate and signer of the tests' own authority."""
    return make_authority()


@pytest.fixture(scope="session")
def timestamp_server(timestamp_hierarchy: Authority) -> Iterator[TimestampServer]:
    """A real authority on loopback; tests may change its behaviour and put it back."""
    server = TimestampServer(("127.0.0.1", 0), Responder(timestamp_hierarchy))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.stop()
    thread.join()


@pytest.fixture
def authority(
    timestamp_server: TimestampServer, timestamp_hierarchy: Authority, var_dir: Path, settings: Settings
) -> TimestampServer:
    """The one authority that the service is configured to ask, its root pinned; nobody has seen it fail."""
    digest_stamps.RESTING.clear()
    settings.TSAS = f"sandbox-tsa={timestamp_server.url}"
    roots = var_dir / "trust" / "tsa"
    roots.mkdir(parents=True, exist_ok=True)
    (roots / "sandbox-tsa.pem").write_bytes(timestamp_hierarchy.root.certificate.public_bytes(Encoding.PEM))
    return timestamp_server


@pytest.fixture
def publish(service: str) -> Callable[[], None]:
    """Sequences, signs and publishes whatever is queued, as the sequencer process would, and asks for stamps."""

    def drain() -> None:
        sequencer = Sequencer(log_store(), log_signer(log_origin()), timezone.now)
        while sequencer.sequence():
            continue
        sequencer.publish()
        sequencer.request_stamps()

    return drain


@pytest.fixture
def stamp(publish: Callable[[], None], authority: TimestampServer) -> Callable[[], None]:
    """`publish`, and then the worker's jobs, so that the newest checkpoint is stamped."""

    def publish_and_stamp() -> None:
        publish()
        for job_id in jobs.due_jobs(timezone.now()):
            jobs.run_job(job_id)

    return publish_and_stamp
