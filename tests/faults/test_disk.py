"""T6: each write, fsync, link and mkdir of a deposit fails once, or is the last thing that its process does; the same for the sequencer.

Nobody is told that anything was kept which was not; the next try succeeds without a restart; nothing is there twice or torn.
"""
import errno
import http.client
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.faults.conftest import Install
from tests.faults.depositors import Acknowledged, Client, Request, batch_request, single_request
from tests.faults.failing_disk import KILLED, Call, FailingDisk, nth, well
from tests.faults.ordeal import fsck, judge_now, settle
from tests.faults.programs import Service, wait_until
from tests.faults.published_log import published_size
from tests.faults.sizes import sized

ERRORS = {"full": errno.ENOSPC, "broken": errno.EIO, "read-only": errno.EROFS, "killed": KILLED}
UNAVAILABLE = (503, "storage-unavailable")
BROKEN = {(0, "RemoteDisconnected"), (0, "ConnectionResetError")}
Suffering = Callable[[str], AbstractContextManager[Service]]


@pytest.fixture
def disk(var_dir: Path) -> Iterator[FailingDisk]:
    disk = FailingDisk(var_dir, var_dir.parent / "disk.socket")
    yield disk
    disk.close()


@pytest.fixture
def suffering(disk: FailingDisk, install: Install) -> Suffering:
    """`with suffering("web") as service:` web and sequencer run, that one on the failing disk."""

    @contextmanager
    def started(name: str) -> Iterator[Service]:
        with install() as service:
            service.start(name, disk=disk.address)
            service.start_all(("web", "sequencer"))
            yield service

    return started


@pytest.fixture
def client(key: str) -> Iterator[Client]:
    client = Client(0, key)
    yield client
    client.close()


def kinds_of_deposit(serial: str) -> list[Request]:
    return [
        single_request(f"{serial}-small", (os.urandom(10),), case="LN-1"),
        single_request(f"{serial}-large", (os.urandom(600_000), b"x"), case="LN-1"),
        batch_request(f"{serial}-batch", 3, ["LN-1", "LN-2"]),
    ]


def post(client: Client, request: Request) -> tuple[int, str]:
    """Status and code of one try; (0, …) when the connection broke."""
    try:
        status, answer = client.post(request)
    except (OSError, http.client.HTTPException) as broken:
        return 0, type(broken).__name__
    return status, str(answer.get("code", ""))


def until_acknowledged(client: Client, request: Request, *, within_s: float = 10) -> Acknowledged:
    """The disk is well again. A killed process needs a successor first, and a broken connection a moment to be closed."""
    answers = []

    def acknowledged() -> bool:
        try:
            status, answer = client.post(request)
        except (OSError, http.client.HTTPException):
            return False
        assert (status, answer.get("code")) in ((201, None), UNAVAILABLE), answer
        answers.append(answer)
        return status == 201

    wait_until(f"{request.serial} is acknowledged", acknowledged, within_s=within_s)
    return Acknowledged.of(request, answers[-1:])


@pytest.mark.parametrize("fault", ERRORS)
def test_a_deposit_whose_nth_write_fails_is_refused_or_kept_and_nothing_between(
    fault: str, disk: FailingDisk, suffering: Suffering, client: Client, service: str
) -> None:
    acknowledged, outcomes = [], Counter[tuple[int, str]]()
    with suffering("web") as programs:
        client.port = programs.port
        for kind in range(3):
            number, struck = 1, True
            while struck:
                request = kinds_of_deposit(f"{fault}-{number}")[kind]
                disk.calls.clear()
                disk.rule = nth(number, ERRORS[fault])
                outcomes[post(client, request)] += 1
                calls, disk.rule = list(disk.calls), well
                acknowledged.append(until_acknowledged(client, request))
                struck = number <= len(calls)
                number += stride(calls, number)
        print(f"{fault}: {dict(outcomes)}")
        assert set(outcomes) <= {(201, ""), *(BROKEN if fault == "killed" else [UNAVAILABLE])}
        # The last fault of each of the three walks comes too late, and SQLite forgives what fails after the commit.
        assert outcomes[201, ""] < outcomes.total() / 4
        settle(programs)
        assert judge_now(programs, acknowledged).faults() == {}
        assert fsck(service) == ""


def stride(calls: Sequence[Call], number: int, *, files: int = 1, rows: int = 4) -> int:
    """How far to go after the `number`-th call: of a database's many equal writes fewer are met (`make faults`: each one)."""
    equal = number <= len(calls) and calls[number - 1].name == "pwrite64"
    return sized(rows if equal else files, 1)


@pytest.mark.parametrize("fault", ["full", "broken", "read-only"])
def test_the_sequencer_outlives_each_of_its_writes_that_fails(
    fault: str, disk: FailingDisk, suffering: Suffering, client: Client, service: str
) -> None:
    """Each round fills half a tile, so that every kind of object is written in two rounds."""
    acknowledged, number, struck, met = [], 1, 0, True
    with suffering("sequencer") as programs:
        client.port = programs.port
        while met:
            disk.rule = nth(number, ERRORS[fault])
            disk.calls.clear()
            acknowledged.append(until_acknowledged(client, batch_request(f"{fault}-{number}", 130, ["LN-1"])))
            wait_until("published", lambda: published_size(programs.url) == 130 * len(acknowledged))
            assert not programs.running["sequencer"].ended(), "it goes on by itself"
            met = len(disk.calls) >= number
            struck += met
            number += stride(list(disk.calls), number, files=3, rows=9)
        disk.rule = well
        print(f"{fault}: {struck} of {number} writes failed")
        settle(programs)
        assert judge_now(programs, acknowledged).faults() == {}
        assert fsck(service) == ""


def test_a_folder_that_may_not_be_durable_is_synced_again_before_anything_in_it_is_acknowledged(
    disk: FailingDisk, suffering: Suffering, client: Client
) -> None:
    """The first try makes the folder and fails to sync its entry. That the folder is there at the second proves nothing."""
    with suffering("web") as programs:
        client.port = programs.port
        request = kinds_of_deposit("folder")[0]
        disk.rule = lambda call: errno.EIO if (call.name, call.path) == ("fsync", "vault") else 0
        assert post(client, request) == UNAVAILABLE
        disk.rule = well
        disk.calls.clear()
        until_acknowledged(client, request)
        assert ("fsync", "vault") in [(call.name, call.path) for call in disk.calls]


def test_nothing_is_acknowledged_before_file_and_folder_are_on_the_disk(disk: FailingDisk, suffering: Suffering, client: Client) -> None:
    """The order of the calls, because a process that dies takes no page cache with it: only a power cut would show the difference."""
    with suffering("web") as programs:
        client.port = programs.port
        until_acknowledged(client, kinds_of_deposit("first")[1])
        disk.calls.clear()
        until_acknowledged(client, kinds_of_deposit("second")[1])
        calls = [(call.name, call.path) for call in disk.calls if call.path.startswith("vault/")]
        linked = [(place, path.rpartition("/")[0]) for place, (name, path) in enumerate(calls) if name in ("link", "linkat")]
        assert len(linked) == 2
        for place, folder in linked:
            assert any(name == "fsync" and path.startswith(f"{folder}/.tmp-") for name, path in calls[:place])
            assert ("fsync", folder) in calls[place:]
        disk.rule = lambda call: errno.EIO if call.name == "fsync" and call.path.startswith("vault/") else 0
        assert post(client, kinds_of_deposit("third")[1]) == UNAVAILABLE
        disk.rule = well
