"""Originals are read again slice by slice, and one that changed stays an incident until it is right again."""
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from evidence import fixity
from evidence.models import EvidenceFile
from ledger.incidents import open_incidents
from ledger.monitor.memory import Progress, Store
from ledger.monitor.rounds import watch
from ledger.monitor.slices import SLICES, look_on, register_slice
from ledger.selectors import log_origin
from tests.depositing import Post, document
from vault.models import StoredObject


@pytest.fixture
def originals(post_deposit: Post, var_dir: Path) -> list[Path]:
    """The files of three deposited originals, in the order of their rows."""
    for number in range(3):
        assert post_deposit(document(), b"original %d" % number).status_code == 201
    return [var_dir / "vault" / name for name in StoredObject.objects.order_by("id").values_list("name", flat=True)]


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Slices of one object."""
    kept = dict(SLICES)
    register_slice("originals", lambda after, rows: fixity.look_at_originals(after, rows, max_objects=1))
    yield
    SLICES.update(kept)


def test_slices_go_round_all_originals_and_begin_again(originals: list[Path], one_at_a_time: None) -> None:
    progress, seen = Progress(), []
    ids = list(EvidenceFile.objects.order_by("id").values_list("id", flat=True))
    for _ in range(4):
        looked = look_on("originals", progress)
        assert (looked.objects, looked.size_bytes, dict(looked.wrong)) == (1, len(b"original 0"), {})
        seen.append(progress.after)
    assert seen == [ids[0], ids[1], 0, ids[0]]


def test_an_object_that_reaches_the_bytes_of_a_round_is_its_last(originals: list[Path]) -> None:
    first = EvidenceFile.objects.order_by("id").values_list("id", flat=True).first()
    looked = fixity.look_at_originals(0, [], max_bytes=1)
    assert (looked.objects, looked.last) == (1, first)


def test_nothing_is_found_where_nothing_is_kept(service: str) -> None:
    looked = fixity.look_at_originals(0, [])
    assert (looked.objects, looked.last, dict(looked.wrong)) == (0, 0, {})


@pytest.mark.parametrize("damage", [b"original X", b"", None])
def test_a_changed_original_is_an_incident_until_it_is_right_again(
    originals: list[Path], one_at_a_time: None, settings: Settings, damage: bytes | None
) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:9"  # nobody answers: originals are read all the same
    right = originals[0].read_bytes()
    originals[0].unlink()
    if damage is not None:
        originals[0].write_bytes(damage)
    for turn in range(3):
        watch(now=timezone.now() + timedelta(seconds=turn))
        assert [(each.subject, each.facts) for each in open_incidents()] == [("originals", {"objects": 1})]
    originals[0].write_bytes(right)
    watch(now=timezone.now() + timedelta(seconds=9))
    assert open_incidents() == []
    assert Store(log_origin()).load().slices["originals"].suspects == []


def test_claims_that_cannot_be_read_leave_the_original_unproven(originals: list[Path]) -> None:
    row = EvidenceFile.objects.order_by("id").select_related("evidence").first()
    assert row is not None
    for sealed, sentence in ((b"", "sealed_claims is damaged"), (b"\x90", "there is no claim files/1")):
        row.evidence.sealed_claims = sealed
        row.evidence.save()
        assert sentence in fixity.look_at_originals(0, []).wrong[row.pk]
