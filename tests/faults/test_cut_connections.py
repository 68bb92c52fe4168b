"""T7: a connection is cut at byte N of a deposit, N walking over the whole exchange, COMMIT and answer included; then the retry.

The outcome of what was cut is unknown to who was cut off. With the same Idempotency-Key there is one record in the end.
"""
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests.faults.conftest import Install
from tests.faults.cutting_proxy import CuttingProxy
from tests.faults.depositors import Client
from tests.faults.ordeal import fsck, judge_now, settle
from tests.faults.programs import Service
from tests.faults.sizes import sized
from tests.faults.test_disk import UNAVAILABLE, kinds_of_deposit, post, until_acknowledged

POSTGRES = urlsplit(os.environ.get("DATABASE_URL", ""))
LINKS = ["client", "database"] if POSTGRES.scheme else ["client"]  # SQLite is a file; test_disk.py cuts it off at each write


@dataclass(frozen=True, slots=True)
class Cut:
    """A service that is reached, or reaches its database, through the proxy."""

    service: Service
    client: Client
    proxy: CuttingProxy


@pytest.fixture
def cut(request: pytest.FixtureRequest, install: Install, service: str, key: str) -> Iterator[Cut]:
    through_database = request.param == "database"
    parts = urlsplit(service)
    proxy = CuttingProxy((parts.hostname or "", parts.port or 5432)) if through_database else CuttingProxy(("127.0.0.1", 0))
    through = parts._replace(netloc=f"{parts.username or ''}:{parts.password or ''}@127.0.0.1:{proxy.port}").geturl()
    with install(**({"DATABASE_URL": through} if through_database else {})) as programs:
        if not through_database:
            proxy.target = ("127.0.0.1", programs.port)
        programs.start_all(("web",))  # the sequencer's own exchange would be counted with the deposit's; it runs in the end
        client = Client(programs.port if through_database else proxy.port, key)
        yield Cut(programs, client, proxy)
        client.close()
        proxy.close()


@pytest.mark.parametrize("kind", range(3), ids=["small", "large", "batch"])
@pytest.mark.parametrize("cut", LINKS, indirect=True)
def test_a_deposit_that_is_cut_off_anywhere_is_one_record_in_the_end(cut: Cut, kind: int, service: str) -> None:
    acknowledged, outcomes = [], Counter[tuple[int, str]]()
    cut.proxy.let_pass(None)
    acknowledged.append(until_acknowledged(cut.client, kinds_of_deposit("whole")[kind]))
    cut.proxy.let_pass(None)
    acknowledged.append(until_acknowledged(cut.client, kinds_of_deposit("measured")[kind]))
    length, commits = cut.proxy.passed, cut.proxy.marked
    for place in places(length, commits):
        request = kinds_of_deposit(f"cut-{place}")[kind]
        cut.proxy.let_pass(place)
        outcomes[post(cut.client, request)] += 1
        cut.proxy.let_pass(None)
        acknowledged.append(until_acknowledged(cut.client, request))
    print(f"{length} bytes, COMMIT at {commits}: {dict(outcomes)}")
    settle(cut.service)
    assert judge_now(cut.service, acknowledged).faults() == {}
    assert fsck(service) == ""
    refused = {status for status, _ in outcomes} - {0, 201}
    assert refused <= {UNAVAILABLE[0]}


def places(length: int, commits: list[int]) -> list[int]:
    """Where to cut an exchange of that many bytes: evenly over all of it, densely over its end and over COMMIT and its answer."""
    even = range(1, length, max(1, length // sized(24, 3_000)))
    dense = sized(4, 1)
    around = [place for commit in commits for place in range(commit - 8, commit + 56, dense)]
    return sorted({*even, *around, *range(length - min(length, sized(32, 600)), length, dense)})
