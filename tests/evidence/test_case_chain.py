"""The chain of a case under concurrency: no gap, no duplicate, no deadlock, on both engines."""
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections
from django.utils import timezone

from accounts.models import ApiKey, Organisation
from cases.models import Case
from common.idempotency import IdempotentRequest
from evidence.capture import DepositItem, Depositor, FileItem
from evidence.models import Evidence
from evidence.selectors import claims_of
from evidence.services import Acknowledgement, deposit
from tlog.claims import parse_claim
from tlog.entry import commit


def item(case: str) -> DepositItem:
    return DepositItem(case, "sms", "短信", (FileItem("a.txt", "text/plain", 3, secrets.token_hex(32), None),))


def in_parallel(work: Callable[[int], Any], count: int, threads: int = 8) -> list[Any]:
    def closing(number: int) -> Any:
        try:
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(closing, range(count)))


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


def test_two_batches_over_the_same_cases_in_opposite_order_both_succeed(organisation: Organisation, key: str) -> None:
    depositor = Depositor(organisation, ApiKey.objects.get().pk)
    names = [f"LN-{number:03}" for number in range(100)] * 10
    orders = [names, names[::-1]]
    answers = in_parallel(lambda n: deposit(depositor, [item(name) for name in orders[n]], now=timezone.now()), 2, threads=2)
    assert [len(answer.records) for answer in answers] == [1000, 1000]
    assert Case.objects.count() == 100
    for case in Case.objects.all():
        assert_chained(case)


def test_a_hundred_concurrent_retries_with_one_key_make_one_record(organisation: Organisation, key: str) -> None:
    depositor, request = Depositor(organisation, ApiKey.objects.get().pk), IdempotentRequest("same", b"f" * 32)
    answers: list[Acknowledgement] = in_parallel(lambda _: deposit(depositor, [item("LN-1")], now=timezone.now(), request=request), 100)
    assert len({answer.receipt for answer in answers}) == 1
    assert Evidence.objects.count() == 1
    assert sum(not answer.repeated for answer in answers) == 1
