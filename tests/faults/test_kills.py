"""T1, T2: kill -9 of web, sequencer and worker at random and at every named failpoint, under four depositors; nothing acknowledged is lost.

The same judge is shown services that do lose: its silence would mean nothing otherwise.
"""
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from evidence.failpoints import DEPOSIT
from ledger.failpoints import SEQUENCER, STAMPS
from ledger.receipts import receipt_vkey
from ledger.selectors import log_state
from sandbox.tsa.server import TimestampServer
from tests.faults.conftest import Install
from tests.faults.depositors import Acknowledged
from tests.faults.judge import judge
from tests.faults.killing import Blow, plan
from tests.faults.ordeal import fsck, judge_now, ordeal
from tests.faults.published_log import PublishedLog, read_log
from tests.faults.sizes import seed, sized
from vault.models import StoredObject
from vault.storage import vault_store
from vault.sweeping import sweep_orphans

FAILPOINTS = [
    *(("web", name) for name in DEPOSIT), *(("sequencer", name) for name in SEQUENCER),
    *(("worker", name) for name in STAMPS if name not in SEQUENCER),
]
BLOWS = sized(60, 600)
# A kill has to fall between the answer and the commit. On a machine with much else to do it may miss forty times.
ROUNDS = 8


@pytest.fixture
def chance() -> random.Random:
    number = seed()
    print(f"repeat these choices with CUNZHENG_FAULT_SEED={number}")
    return random.Random(number)


def test_nothing_acknowledged_is_lost_whoever_is_killed_whenever(
    install: Install, service: str, key: str, authority: TimestampServer, chance: random.Random
) -> None:
    began = time.monotonic()
    with install(CUNZHENG_TSAS=f"sandbox-tsa={authority.url}") as programs:
        result = ordeal(programs, key, plan(chance, FAILPOINTS, BLOWS), chance)
        print(f"{result.kills.total()} kills, struck and judged in {time.monotonic() - began:.0f} s")
        assert result.kills.total() >= BLOWS
        assert result.verdict.faults() == {}
        # A day later the sweeper takes what the killed requests left behind, and nothing else.
        sweep_orphans(vault_store(), now=timezone.now() + timedelta(days=2))
        assert judge_now(programs, result.acknowledged).faults() == {}
        assert fsck(service) == ""
    print(f"{time.monotonic() - began:.0f} s in all")


def test_the_judge_sees_an_acknowledgement_that_comes_before_the_commit(install: Install, key: str, chance: random.Random) -> None:
    lost = 0
    with install("tests.faults.planted:hasty") as programs:
        for _ in range(ROUNDS):
            lost += len(ordeal(programs, key, [Blow(("web",))] * 40, chance).verdict.lost)
            if lost:
                break
    print(f"{lost} lost")
    assert lost


def test_the_judge_sees_a_retry_that_deposits_again(install: Install, key: str, chance: random.Random) -> None:
    with install("tests.faults.planted:forgetful") as programs:
        verdict = ordeal(programs, key, [Blow(("web",))] * 6, chance).verdict
    assert verdict.duplicate_records
    assert not verdict.lost


@dataclass(frozen=True, slots=True)
class Scene:
    """What an honest service acknowledged and published, to be falsified."""

    acknowledged: list[Acknowledged]
    log: PublishedLog
    var: Path


@pytest.fixture
def scene(install: Install, key: str, chance: random.Random, var_dir: Path) -> Iterator[Scene]:
    with install() as programs:
        result = ordeal(programs, key, [Blow(("web",))] * 2, chance)
        assert result.verdict.faults() == {}
        yield Scene(result.acknowledged, read_log(programs.url, log_state().vkey), var_dir)


def test_the_judge_sees_each_difference(scene: Scene) -> None:
    """One scene for all: an ordeal costs seconds, a judgement does not."""

    def kinds(acknowledged: list[Acknowledged] = scene.acknowledged, leaves: tuple[bytes, ...] = scene.log.leaves) -> set[str]:
        return set(judge(acknowledged, PublishedLog(len(leaves), leaves), receipt_vkey()).faults())

    leaves = scene.log.leaves
    assert kinds(leaves=leaves[:-1]) == {"lost", "strangers", "chains"}
    assert "duplicate_leaves" in kinds(leaves=(*leaves, leaves[0]))
    assert "chains" in kinds(leaves=leaves[::-1])
    assert "strangers" in kinds(scene.acknowledged[1:])
    one = next(each for each in scene.acknowledged if each.request.originals)
    others = [each for each in scene.acknowledged if each is not one]
    [other] = [each for each in others if each.request.count == one.request.count][:1]
    assert "false_receipts" in kinds([*others, replace(one, answers=other.answers)])
    assert "changed_receipts" in kinds([*others, replace(one, answers=(*one.answers, other.answers[0]))])
    forged = {**one.answers[0], "receipt": one.answers[0]["receipt"].replace("\n1", "\n2", 1)}
    assert "false_receipts" in kinds([*others, replace(one, answers=(forged,))])
    original = scene.var / "vault" / StoredObject.objects.values_list("name", flat=True)[0]
    held = original.read_bytes()
    original.unlink()
    assert kinds() == {"originals"}
    original.write_bytes(held + b"!")
    assert kinds() == {"originals"}
