"""The chain of a case under concurrency: no gap, no duplicate, no deadlock, on both engines."""
import logging
import random
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from accounts.models import ApiKey, Organisation
from cases.models import Case
from common.idempotency import IdempotentRequest
from evidence.capture import DepositItem, Depositor, FileItem
from evidence.models import Evidence
from evidence.selectors import claims_of
from evidence.services import Acknowledgement, deposit
from tests.ledger.processes import wait_until
from tlog.claims import parse_claim
from tlog.entry import commit

ROUNDS = 4


def item(case: str) -> DepositItem:
    return DepositItem(case, "sms", "短信", (FileItem("a.txt", "text/plain", 3, secrets.token_hex(32), None),))


def closing(work: Callable[..., Any], *arguments: Any) -> Any:
    """Work in a thread of its own, whose connection ends with it."""
    try:
        return work(*arguments)
    finally:
        connections.close_all()


def in_parallel(work: Callable[[int], Any], count: int, threads: int = 8) -> list[Any]:
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(partial(closing, work), range(count)))


def assert_chained(case: Case) -> None:
    previous = None
    records = list(Evidence.objects.filter(case=case).order_by("case_sequence"))
    assert [record.case_sequence for record in records] == list(range(1, len(records) + 1))
    tickets = [record.ticket for record in records]
    assert tickets == sorted(tickets)
    for record in records:
        value: Any = next(parse_claim("case", claim.data) for claim in claims_of(record) if claim.name == "case")
        assert (value["sequence"], value["previous"]) == (record.case_sequence, previous)
        previous = commit("deposit", bytes(record.statement)).sha256.hex()
    assert (case.sequence, case.head()) == (len(records), bytes.fromhex(previous or ""))


def test_a_hundred_parallel_deposits_into_one_case_are_1_to_100(organisation: Organisation, key: str) -> None:
    depositor = Depositor(organisation, ApiKey.objects.get().pk)
    answers: list[Acknowledgement] = in_parallel(lambda _: deposit(depositor, [item("LN-1")], now=timezone.now()), 100)
    assert len({answer.records[0] for answer in answers}) == 100
    assert_chained(Case.objects.get())


def together(works: Sequence[Callable[[], Any]], *, behind: str) -> list[Any]:
    """Run the works at once while another transaction has done `behind`; it is rolled back when all of them wait for it."""
    other = connection.copy()
    with ThreadPoolExecutor(len(works)) as pool, other.cursor() as cursor:
        cursor.execute("BEGIN" if other.vendor == "postgresql" else "BEGIN IMMEDIATE")
        cursor.execute(behind)
        futures = [pool.submit(closing, work) for work in works]
        if other.vendor == "postgresql":
            wait_until(lambda: blocked() == len(works))
        else:
            time.sleep(0.2)
        cursor.execute("ROLLBACK")
        found = [future.result() for future in futures]
    other.close()
    return found


def blocked() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("opened", [False, True], ids=["new cases", "existing cases"])
def test_two_batches_over_the_same_cases_in_opposite_order_both_succeed(
    opened: bool, organisation: Organisation, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody holds the case in the middle until both wait, each with what it locked before; and no retry has to heal a deadlock."""
    depositor = Depositor(organisation, ApiKey.objects.get().pk)
    names = [f"LN-{number:03}" for number in range(100)]
    columns = "organisation_id, ref, client_reference, sequence, created_at"
    behind = f"INSERT INTO cases_case ({columns}) VALUES ({organisation.pk}, 'x', 'LN-050', 0, '2026-11-23 00:00:00+00:00')"
    if opened:
        deposit(depositor, [item(name) for name in random.Random(6).sample(names, 100)], now=timezone.now())
        behind = "UPDATE cases_case SET sequence = sequence WHERE client_reference = 'LN-050'"
    rounds = ROUNDS if opened else 1
    both = [partial(deposit, depositor, [item(name) for name in order * 10]) for order in (names, names[::-1])]
    with caplog.at_level(logging.INFO, logger="evidence.services"):
        for _ in range(rounds):
            answers = together([partial(each, now=timezone.now()) for each in both], behind=behind)
            assert [len(answer.records) for answer in answers] == [1000, 1000]
    assert [message for message in caplog.messages if "conflict" in message] == []
    assert Case.objects.count() == 100
    for case in Case.objects.all():
        assert case.sequence == 20 * rounds + opened
        assert_chained(case)


def test_a_hundred_concurrent_retries_with_one_key_make_one_record(organisation: Organisation, key: str) -> None:
    depositor, request = Depositor(organisation, ApiKey.objects.get().pk), IdempotentRequest("same", b"f" * 32)
    answers: list[Acknowledgement] = in_parallel(lambda _: deposit(depositor, [item("LN-1")], now=timezone.now(), request=request), 100)
    assert len({answer.receipt for answer in answers}) == 1
    assert Evidence.objects.count() == 1
    assert sum(not answer.repeated for answer in answers) == 1
