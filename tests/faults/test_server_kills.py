"""T5: SIGKILL to PostgreSQL itself, under deposits; a server that answers COMMIT too early is seen to lose. Only `make faults` runs this.

It makes a server of its own, because no other may be killed: `initdb` and `postgres` must be installed.
"""
import os
import pwd
import random
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg2
import pytest
from django.db import connections

from tests.databases import Template, administrator
from tests.faults.conftest import Install
from tests.faults.ordeal import crowd, fsck, judge_now, settle
from tests.faults.programs import port_for_a_server_that_dies, wait_until
from tests.faults.sizes import seed

KILLS = 12


class Server:
    """One PostgreSQL cluster on loopback. `folder` must be one that the user whom it runs as can reach."""

    def __init__(self, folder: Path) -> None:
        self.port = port_for_a_server_that_dies()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._data, self._log = folder / "data", folder / "server.log"
        self._user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        if self._user:
            shutil.chown(folder, self._user)
        made = self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale").wait()
        assert made == 0, self._last_lines()

    def start(self) -> None:
        self._server = self._run("postgres", "-D", str(self._data), "-p", str(self.port), "-k", "", "-c", "listen_addresses=127.0.0.1")
        wait_until("PostgreSQL answers", self._answers)

    def kill(self) -> None:
        """SIGKILL to the first process and to all that it started; returns when none is left to hold the shared memory or the port.

        The first process is stopped while its children are counted, because it starts and forgets some all the time.
        """
        self._server.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._server.pid, os.WSTOPPED)
        children = Path(f"/proc/{self._server.pid}/task/{self._server.pid}/children").read_text().split()
        descriptors = [os.pidfd_open(int(child)) for child in children]
        for descriptor in descriptors:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        self._server.kill()
        self._server.wait()
        for descriptor in descriptors:
            assert select.select([descriptor], [], [], 30)[0], "a killed process of the server does not die"
            os.close(descriptor)

    def stop(self) -> None:
        """At once and without care, but the shared memory is given back."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(60)

    def _run(self, program: str, *words: str) -> "subprocess.Popen[bytes]":
        found = shutil.which(program) or next(map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), reverse=True)), None)
        assert found, f"{program} is not installed: `make faults` kills a PostgreSQL server of its own"
        home = pwd.getpwnam(self._user).pw_dir if self._user else None
        with self._log.open("ab") as log:
            return subprocess.Popen([found, *words], user=self._user, cwd=home, stdout=log, stderr=log)

    def _answers(self) -> bool:
        assert self._server.poll() is None, self._last_lines()
        try:
            psycopg2.connect(self.url, connect_timeout=5).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _last_lines(self) -> str:
        return "\n".join(["the server ended:", *self._log.read_text(errors="replace").splitlines()[-15:]])


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    # Not in pytest's own folder: each pytest that starts, another one too, closes that to all users but its own, and a
    # PostgreSQL that runs as another user panics at its next checkpoint, or is not let in when it is started again.
    with tempfile.TemporaryDirectory(prefix="cunzheng-postgres-") as folder:
        server = Server(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="module")
def database_template(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """In place of the one that all other tests copy."""
    template = Template(server.url, tmp_path_factory.mktemp("template"))
    yield template
    template.drop()


@pytest.mark.parametrize(("application", "loses"), [("config.wsgi", False), ("tests.faults.early", True)], ids=["ours", "early"])
def test_what_is_acknowledged_outlives_the_database_server(
    application: str, loses: bool, server: Server, install: Install, service: str, key: str
) -> None:
    chance = random.Random(seed())
    with administrator(server.url) as cursor:
        # A default that our sessions must not take over.
        cursor.execute("DROP ROLE IF EXISTS web; CREATE ROLE web SUPERUSER LOGIN; ALTER ROLE web SET synchronous_commit = off")
    with install(application, DATABASE_URL=service.replace("postgres@", "web@")) as programs:
        # A sequencer's own commits would take the web's to disk with them; it comes when the web has done its worst.
        programs.start_all(("web",) if loses else ("web", "sequencer"))
        connections.close_all()
        with crowd(programs, key, chance) as people:
            for _ in range(KILLS):
                time.sleep(1 + chance.random())
                server.kill()
                server.start()
            acknowledged = people.finish()
        print(f"{KILLS} kills of the server: {dict(people.outcomes())}")
    with install() as programs:
        settle(programs)
        verdict = judge_now(programs, acknowledged)
    print(f"{application}: {len(verdict.lost)} lost of {sum(one.request.count for one in acknowledged)}")
    if loses:
        assert verdict.lost, "the harness must be able to see loss"
    else:
        assert verdict.faults() == {}
        assert fsck(service) == ""
