"""How far a trail is in the log: a statement of kind `custody` beside the records, and everything that contradicts it."""
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from evidence.custody import CustodyRow
from evidence.packages.contents import RecordContents
from tests.evidence.package_fixture import Deposited, Point, World
from tests.tlog.examination.in_memory import failures, report_on
from tlog import checks
from tlog.canonical import Json
from tlog.report import Report

ACCOUNT = "the service's own account, not in the log"


class Trails:
    """A world with one deposit, the trail of which is in the log up to a row."""

    def __init__(self, *, until: int = 2, changes: Mapping[str, Json] | None = None) -> None:
        self.world = World()
        self.made = self.world.deposit({"a.txt": b"original"})
        self.world.fill(3)
        rows = self.world.record(self.made, self.world.publish()).custody
        self.rows: list[CustodyRow] = list(rows)
        head = {"record": self.made.number, "sequence": until, "digest": rows[min(until, len(rows)) - 1].digest, **(changes or {})}
        others = {f"head_{n:02}": {"record": f"CZ-{n}", "sequence": 1, "digest": "00" * 32} for n in (1, 3)}
        self.statement = self.world.log_statement("custody", {**others, "head_02": head}, {})
        self.point: Point = self.world.publish()

    def record(self, rows: list[CustodyRow] | None = None) -> RecordContents:
        whole = self.world.record(self.made, self.point)
        return whole if rows is None else replace(whole, custody=rows)

    def beside(self, made: Deposited | None = None) -> RecordContents:
        whole = self.world.record(made or self.statement, self.point, withheld={"head_01": "withheld", "head_03": "withheld"})
        return replace(whole, custody=whole.custody[:1], proves="")

    def report(self, *records: RecordContents) -> Report:
        package = self.world.pack(self.world.contents(records, [self.world.folder(self.point)], scope="selection"))
        return report_on(package.data, package.trust)

    def pack(self, *records: RecordContents) -> Mapping[str, str]:
        """What the report says of trails, by record; of a failure the reason alone."""
        report = self.report(*records)
        assert failures(report) <= {checks.CUSTODY_CHAIN}
        found = [check for check in report.checks if check.name == checks.CUSTODY_CHAIN]
        return {check.reason.partition(": ")[0]: f"{check.outcome} {check.reason.partition(': ')[2]}" for check in found}


def test_a_trail_that_ends_with_the_row_in_the_log_is_in_the_log_whole() -> None:
    trails = Trails()
    told = trails.pack(trails.record(), trails.beside())
    assert told == {
        trails.made.number: f"passed 2 rows; rows 1 to 2 are in the log by {trails.statement.number}",
        trails.statement.number: f"passed 1 rows; {ACCOUNT}",
    }


def test_rows_after_the_one_in_the_log_are_the_services_own_account() -> None:
    trails = Trails(until=1)
    told = trails.pack(trails.record(), trails.beside())[trails.made.number]
    assert told == f"passed 2 rows; rows 1 to 1 are in the log by {trails.statement.number}; the rest is {ACCOUNT}"


def test_without_a_statement_all_rows_are_the_services_own_account() -> None:
    trails = Trails()
    assert trails.pack(trails.record()) == {trails.made.number: f"passed 2 rows; {ACCOUNT}"}


def chained_anew(trails: Trails) -> list[CustodyRow]:
    """The second row tells of another actor, and its digest is right for what it says."""
    forged = replace(trails.rows[1], actor="agent_8")
    return [trails.rows[0], replace(forged, digest=forged.computed_digest())]


@pytest.mark.parametrize(("trail", "reason"), [
    (chained_anew, "row 2 is not the one that is in the log"),
    (lambda trails: trails.rows[:1], "the trail ends at row 1, and row 2 of it is in the log"),
])
def test_a_trail_that_is_not_the_one_in_the_log_is_refused(trail: Callable[[Trails], list[CustodyRow]], reason: str) -> None:
    trails = Trails()
    report = trails.report(trails.record(trail(trails)), trails.beside())
    assert failures(report) == {checks.CUSTODY_CHAIN}
    assert report.exit_code == 2
    assert any(reason in check.reason for check in report.checks)


@pytest.mark.parametrize("changes", [
    {"record": "CZ-20260302-00000-00000-0"}, {"record": 7}, {"sequence": 0}, {"sequence": True}, {"digest": None}, {"more": 1},
])
def test_a_claim_that_is_no_head_of_a_trail_here_is_refused(changes: dict[str, Json]) -> None:
    trails = Trails(changes=changes)
    report = trails.report(trails.record(), trails.beside())
    assert failures(report) == {checks.CUSTODY_CHAIN}


def test_a_statement_that_is_not_in_the_log_says_nothing_of_a_trail() -> None:
    trails = Trails()
    loose = replace(trails.beside(), proof=trails.record().proof)
    report = trails.report(trails.record(), loose)
    assert failures(report) == {checks.INCLUSION}
    [told] = [check.reason for check in report.checks if check.name == checks.CUSTODY_CHAIN and check.reason.startswith(trails.made.number)]
    assert told == f"{trails.made.number}: 2 rows; {ACCOUNT}"
