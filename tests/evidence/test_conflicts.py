"""A deposit that meets a conflict is tried again three times, then refused with 503; whatever is no conflict is not tried again."""
import logging
import sqlite3
from collections.abc import Callable, Iterator

import psycopg2
import pytest
from django.db import IntegrityError, OperationalError, connection, connections
from django.utils import timezone

from accounts.models import ApiKey, Organisation
from cases.models import Case
from cases.services import HeadMovedError
from evidence.capture import DepositItem, Depositor, FileItem
from evidence.errors import DepositBusy
from evidence.models import Evidence
from evidence.services import RETRIED_SQLSTATES, _with_retries, deposit
from tests.depositing import Post, batch

RETRIES = 3


class Refused(psycopg2.OperationalError):
    """What psycopg2 raises for an SQLSTATE; the server alone can make its own."""

    pgcode = None

    def __init__(self, sqlstate: str) -> None:
        super().__init__("refused by the server")
        self.pgcode = sqlstate


def refused(sqlstate: str) -> OperationalError:
    """Django's error for it, as its database wrapper raises it."""
    error = OperationalError("refused by the server")
    error.__cause__ = Refused(sqlstate)
    return error


def locked() -> OperationalError:
    error = OperationalError("database is locked")
    error.__cause__ = sqlite3.OperationalError("database is locked")
    return error


CONFLICTS: dict[str, Callable[[], Exception]] = {
    "a head moved": lambda: HeadMovedError("1 of 1 heads moved"), "deadlock": lambda: refused("40P01"),
    "serialisation failure": lambda: refused("40001"), "lock not available": lambda: refused("55P03"), "SQLite is locked": locked,
}
NO_CONFLICTS: dict[str, Callable[[], Exception]] = {
    "connection lost": lambda: OperationalError("server closed the connection unexpectedly"), "disk full": lambda: refused("53100"),
    "statement timeout": lambda: refused("57014"), "a constraint": lambda: IntegrityError("evidence_record_unique"),
    "our bug": lambda: AssertionError("a bug"),
}


class Work:
    """Fails so many times, then returns its answer."""

    def __init__(self, failures: int, make: Callable[[], Exception]) -> None:
        self.failures, self.make, self.calls = failures, make, 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.make()
        return "written"


@pytest.mark.parametrize("conflict", CONFLICTS)
@pytest.mark.parametrize("failures", range(RETRIES + 1))
def test_a_conflict_is_tried_again_up_to_three_times(failures: int, conflict: str) -> None:
    work = Work(failures, CONFLICTS[conflict])
    assert _with_retries(work) == "written"
    assert work.calls == failures + 1


@pytest.mark.parametrize("conflict", CONFLICTS)
def test_after_three_retries_the_deposit_is_refused(conflict: str) -> None:
    work = Work(RETRIES + 1, CONFLICTS[conflict])
    with pytest.raises(DepositBusy) as busy:
        _with_retries(work)
    assert (busy.value.status, busy.value.code, work.calls) == (503, "deposit-busy", RETRIES + 1)
    assert (busy.value.retry_after_s or 0) > 0


@pytest.mark.parametrize("fault", NO_CONFLICTS)
def test_what_is_no_conflict_is_raised_at_once(fault: str) -> None:
    error = NO_CONFLICTS[fault]()
    work = Work(1, lambda: error)
    with pytest.raises(type(error)) as raised:
        _with_retries(work)
    assert (raised.value, work.calls) == (error, 1)


def disturb(statement: str, *, postgres: str) -> None:
    """From now on each deposit of this database meets `statement` in its transaction, where its receipt is inserted."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"CREATE TRIGGER disturb AFTER INSERT ON ledger_receipt BEGIN {statement}; END")
            return
        cursor.execute(f"CREATE FUNCTION disturb() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {postgres}; RETURN NEW; END $$")
        cursor.execute("CREATE TRIGGER disturb BEFORE INSERT ON ledger_receipt FOR EACH ROW EXECUTE FUNCTION disturb()")


def test_a_head_that_moves_at_every_try_is_a_clear_problem_and_nothing_is_kept(
    post_batch: Post, caplog: pytest.LogCaptureFixture
) -> None:
    """The case's head moves behind each try's back, and the compare-and-swap sees it."""
    assert post_batch(batch(1)).status_code == 201
    move = "UPDATE cases_case SET sequence = sequence + 1"
    disturb(move, postgres=move)
    with caplog.at_level(logging.INFO, logger="evidence.services"):
        answer = post_batch(batch(3))
    assert (answer.status_code, answer.json()["code"]) == (503, "deposit-busy")
    assert answer["Content-Type"] == "application/problem+json"
    assert int(answer["Retry-After"]) > 0
    assert len(conflicts(caplog)) == RETRIES + 1
    assert (Evidence.objects.count(), Case.objects.get().sequence) == (1, 1)


def conflicts(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [message for message in caplog.messages if "met a conflict" in message]


class OtherWriter(logging.Handler):
    """Holds SQLite's write lock until a deposit has said that it met a conflict."""

    def __init__(self) -> None:
        super().__init__()
        self.other = sqlite3.connect(str(connection.settings_dict["NAME"]), isolation_level=None)
        self.other.execute("BEGIN IMMEDIATE")

    def emit(self, record: logging.LogRecord) -> None:
        self.other.execute("ROLLBACK")
        self.other.close()


@pytest.fixture
def first_try_fails(request: pytest.FixtureRequest, service: str) -> Iterator[Callable[[str], None]]:
    """Call it with an SQLSTATE, and the next deposit's first try meets that; on SQLite, a lock that somebody else holds."""
    logger = logging.getLogger("evidence.services")
    handlers: list[OtherWriter] = []

    def arrange(sqlstate: str) -> None:
        if connection.vendor == "sqlite":
            connections.close_all()
            connection.settings_dict["OPTIONS"]["timeout"] = 0.2
            handlers.append(OtherWriter())
            logger.addHandler(handlers[0])
            return
        with connection.cursor() as cursor:
            cursor.execute("CREATE SEQUENCE tries")  # no rollback takes its numbers back
        disturb("", postgres=f"IF nextval('tries') = 1 THEN RAISE EXCEPTION 'disturbed' USING ERRCODE = '{sqlstate}'; END IF")

    yield arrange
    for handler in handlers:
        logger.removeHandler(handler)


@pytest.mark.parametrize("sqlstate", RETRIED_SQLSTATES)
def test_a_conflict_that_the_database_reports_costs_a_try_and_no_more(
    sqlstate: str, first_try_fails: Callable[[str], None], organisation: Organisation, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    depositor = Depositor(organisation, ApiKey.objects.get().pk)
    one = DepositItem("LN-1", "sms", "短信", (FileItem("a.txt", "text/plain", 3, "00" * 32, None),))
    first_try_fails(sqlstate)
    with caplog.at_level(logging.INFO, logger="evidence.services"):
        made = deposit(depositor, [one] * 3, now=timezone.now())
    assert len(conflicts(caplog)) == 1
    assert list(Evidence.objects.order_by("case_sequence").values_list("record", flat=True)) == list(made.records)
