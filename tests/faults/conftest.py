"""A service of real processes on a database of its own, and a key to speak to it."""
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.conftest import process_environment
from tests.depositing import key, organisation
from tests.faults.programs import Service, installation, last_lines, port_for_a_server_that_dies
from tests.faults.sizes import FULL

__all__ = ["key", "organisation"]

# It kills a PostgreSQL server of its own, which not every machine has the programs for.
collect_ignore = [] if FULL and os.environ.get("DATABASE_URL") else ["test_server_kills.py"]

Install = Callable[..., AbstractContextManager[Service]]
QUICK = {
    "CUNZHENG_CHECKPOINT_INTERVAL_S": "0.1", "CUNZHENG_STAMP_INTERVAL_S": "0.3", "CUNZHENG_SEQUENCE_INTERVAL_S": "0.05",
    "CUNZHENG_DEPOSITS_PER_MINUTE": "10000000",
    "CUNZHENG_VERIFICATIONS_PER_MINUTE": "10000000",
    # A killed worker's job is taken up soon, or the ordeal would wait a minute for each.
    "CUNZHENG_JOB_LEASE_S": "2",
}


@pytest.fixture
def install(service: str, var_dir: Path) -> Install:
    """`with install() as programs:` the test's own service, of which nothing runs yet; its logs are shown when the test fails."""

    @contextmanager
    def installed(application: str = "config.wsgi", hooks: str = "config.gunicorn", **environment: str) -> Iterator[Service]:
        whole = process_environment(service, var_dir, **{**QUICK, **environment})
        # What is killed measures nothing, and measuring makes every start slower.
        plain = {name: value for name, value in whole.items() if not name.startswith("COVERAGE_")}
        port, logs = port_for_a_server_that_dies(), var_dir.parent / "logs"
        with installation(plain, port=port, logs=logs, application=application, hooks=hooks) as programs:
            try:
                yield programs
            except BaseException:
                print(*last_lines(programs.logs), sep="\n")
                raise

    return installed
