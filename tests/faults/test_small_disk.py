"""T6 once more, with a disk that is truly full: a small tmpfs where mounting is allowed, elsewhere files that may not grow (EFBIG)."""
import random
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.faults.conftest import Install
from tests.faults.ordeal import crowd
from tests.faults.programs import Service
from tests.faults.sizes import seed
from tests.faults.test_outages import UNREAD, judge_calm, live_through, members

SIZE = "192m"
Fill = Callable[[Service], None]


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[bool]:
    """Whether `var` is a small file system of its own."""
    folder = tmp_path / "var"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    try:
        allowed = subprocess.run(words, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        allowed = False
    yield allowed
    if allowed:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def var_dir(tmp_path: Path, mounted: bool, settings: Settings) -> Path:
    folder = tmp_path / "var"
    settings.VAR_DIR = folder
    return folder


def write_for_ever(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Not a byte is free below `folder`."""
    filler = folder / "filler"
    with pytest.raises(OSError, match="No space"):
        write_for_ever(filler)
    yield
    filler.unlink()


@contextmanager
def growth_forbidden(service: Service) -> Iterator[None]:
    """No file of the service's programs may grow."""
    processes = [process for running in service.running.values() for process in members(running.group)]
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    for process in processes:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    yield
    for process in processes:
        with suppress(ProcessLookupError):
            resource.prlimit(process, resource.RLIMIT_FSIZE, unlimited)


def test_a_full_disk_costs_nothing_but_time(install: Install, service: str, var_dir: Path, mounted: bool, key: str) -> None:
    print("a tmpfs of", SIZE) if mounted else print("no mount here: RLIMIT_FSIZE")
    with install() as programs:
        programs.start_all(("web", "sequencer"))
        with crowd(programs, key, random.Random(seed()), batches=0.2) as people:
            answers = live_through(programs, people, lambda: filled(var_dir) if mounted else growth_forbidden(programs))
            # What fits into blocks that a file has already may still be kept.
            assert "storage-unavailable" in answers
            assert answers - UNREAD <= {"storage-unavailable", "201"}
            assert not any(running.ended() for running in programs.running.values())
            judge_calm(programs, people, service)
