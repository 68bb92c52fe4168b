"""T5: SIGKILL to PostgreSQL itself, under deposits; a server that answers COMMIT too early is seen to lose. Only `make faults` runs this.

It makes a server of its own, because no other may be killed: `initdb` and `postgres` must be installed.
"""
import os
import pwd
import random
import shutil
import signal
import subprocess
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
    """One PostgreSQL cluster on loopback."""

    def __init__(self, folder: Path) -> None:
        self.port = port_for_a_server_that_dies()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._data = folder / "data"
        self._user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        if self._user:
            shutil.chown(folder, self._user)
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale").wait()
        self.start()

    def start(self) -> None:
        """A start fails while a process of the killed server still holds its shared memory."""
        words = ["-D", str(self._data), "-p", str(self.port), "-k", "", "-c", "listen_addresses=127.0.0.1"]
        self._server = self._run("postgres", *words)

        def answers() -> bool:
            if self._server.poll() is not None:
                self._server = self._run("postgres", *words)
            return self._answers()

        wait_until("PostgreSQL answers", answers)

    def kill(self) -> None:
        """SIGKILL to the first process and to all that it started, which would hold the shared memory otherwise."""
        children = Path(f"/proc/{self._server.pid}/task/{self._server.pid}/children").read_text().split()
        for process in [self._server.pid, *map(int, children)]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._server.wait()

    def _run(self, program: str, *words: str) -> "subprocess.Popen[bytes]":
        found = shutil.which(program) or next(map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), reverse=True)), None)
        assert found, f"{program} is not installed: `make faults` kills a PostgreSQL server of its own"
        home = pwd.getpwnam(self._user).pw_dir if self._user else None
        return subprocess.Popen([found, *words], user=self._user, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _answers(self) -> bool:
        try:
            psycopg2.connect(self.url).close()
        except psycopg2.OperationalError:
            return False
        return True


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("postgres")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)
    server = Server(folder)
    yield server
    server.kill()


@pytest.fixture(scope="module")
def database_template(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """In place of the one that all other tests copy."""
    template = Template(server.url, tmp_path_factory.mktemp("template"))
    yield template
    template.drop()


@pytest.mark.parametrize("synchronous_commit", ["on", "off"])
def test_what_is_acknowledged_outlives_the_database_server(
    synchronous_commit: str, server: Server, install: Install, service: str, key: str
) -> None:
    chance = random.Random(seed())
    with administrator(server.url) as cursor:
        cursor.execute("DROP ROLE IF EXISTS web; CREATE ROLE web SUPERUSER LOGIN")
        cursor.execute(f"ALTER ROLE web SET synchronous_commit = {synchronous_commit}")
    with install(DATABASE_URL=service.replace("postgres@", "web@")) as programs:
        # The sequencer refuses a database that may lose commits; it comes when the web has done its worst.
        programs.start_all(("web", "sequencer") if synchronous_commit == "on" else ("web",))
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
    print(f"synchronous_commit={synchronous_commit}: {len(verdict.lost)} lost of {sum(one.request.count for one in acknowledged)}")
    if synchronous_commit == "on":
        assert verdict.faults() == {}
        assert fsck(service) == ""
    else:
        assert verdict.lost, "the harness must be able to see loss"
