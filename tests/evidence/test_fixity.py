"""Originals are read again slice by slice, and one that changed stays an incident until it is right again."""
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.services import create_organisation, issue_api_key
from evidence import fixity
from evidence.errors import DepositBusy
from evidence.models import CustodyEvent, Evidence, EvidenceFile, FixityRound
from evidence.quarantine_rows import Quarantine
from evidence.record_keys import record_key
from ledger.incidents import ORIGINAL_CHANGED, SELF_CHECK_FAILED, open_incidents
from ledger.monitor.memory import Progress, Store
from ledger.monitor.rounds import watch
from ledger.monitor.slices import SLICES, Looked, look_on, register_slice
from ledger.selectors import log_origin
from tests.depositing import Post, deposit_body, document
from vault.models import StoredObject
from vault.sealing import seal


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
        found = [(each.subject, each.facts) for each in open_incidents() if each.code == SELF_CHECK_FAILED]
        assert found == [("originals", {"objects": 1})]
    # What cannot be read may be a storage that is away; what was read and differs has changed.
    assert [each.cause for each in Quarantine.objects.all()] == ([] if damage is None else ["fixity"])
    originals[0].write_bytes(right)
    watch(now=timezone.now() + timedelta(seconds=9))
    assert [each.code for each in open_incidents()] == ([] if damage is None else [ORIGINAL_CHANGED]), "a person ends a quarantine"
    assert Store(log_origin()).load().slices["originals"].suspects == []


def test_the_key_of_one_organisation_that_is_away_stops_no_round(
    originals: list[Path], client: Client, settings: Settings, var_dir: Path
) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    other = create_organisation("另一消费金融有限公司", now=timezone.now())
    key = issue_api_key(other, label="test", now=timezone.now(), valid_for=timedelta(days=1))[1]
    data, kind = deposit_body(document(), b"a recording of another")
    assert client.post("/api/v1/evidence", data, content_type=kind, headers={"Authorization": f"Bearer {key}"}).status_code == 201
    away = var_dir / "keys" / "vault" / other.ref
    away.rename(var_dir / "taken")
    originals[1].write_bytes(b"original X")
    watch(now=timezone.now())
    assert [(each.subject, each.facts) for each in open_incidents() if each.code == SELF_CHECK_FAILED] == [("originals", {"objects": 2})]
    [made] = Quarantine.objects.all()
    assert made.evidence == Evidence.objects.order_by("id")[1], "nothing is known to be wrong with what could not be opened"
    (var_dir / "taken").rename(away)
    last = EvidenceFile.objects.latest("pk")
    assert last.pk not in fixity.look_at_originals(0, []).wrong


def test_a_slice_that_is_refused_is_an_incident_and_keeps_no_other_from_its_round(originals: list[Path], settings: Settings) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    originals[0].write_bytes(b"original X")

    def refused(_after: int, _rows: Sequence[int]) -> Looked:
        raise DepositBusy(retry_after_s=2)

    register_slice("a first one", refused)
    try:
        watch(now=timezone.now())
    finally:
        del SLICES["a first one"]
    assert {each.subject for each in open_incidents() if each.code == SELF_CHECK_FAILED} == {"a first one", "originals"}


def test_claims_that_cannot_be_read_leave_the_original_unproven(originals: list[Path]) -> None:
    row = EvidenceFile.objects.order_by("id").select_related("evidence").first()
    assert row is not None
    key = record_key(row.evidence)
    assert key is not None
    no_claims = seal(b"\x90", key, row.evidence.record)
    for sealed, sentence in ((b"", "sealed_claims is damaged"), (no_claims, "there is no claim files/1")):
        row.evidence.sealed_claims = sealed
        row.evidence.save()
        assert sentence in fixity.look_at_originals(0, []).wrong[row.pk]


def test_the_report_tells_how_far_a_round_is_and_what_it_found(originals: list[Path], one_at_a_time: None) -> None:
    originals[1].write_bytes(b"original X")
    progress = Progress()
    told = []
    for _ in range(4):
        look_on("originals", progress)
        told.append([(each.objects_read, each.bytes_read, each.wrong, each.ended_at is not None) for each in fixity.latest_rounds()])
    assert told == [[(1, 10, 0, False)], [(2, 20, 1, False)], [(3, 30, 1, True)], [(1, 10, 0, False), (3, 30, 1, True)]]
    assert FixityRound.objects.count() == 2


def test_a_trail_says_that_its_originals_were_read_again_once_in_a_while(originals: list[Path]) -> None:
    originals[1].write_bytes(b"original X")
    for _ in range(3):
        fixity.look_at_originals(0, [])
    events = {number: list(CustodyEvent.objects.filter(evidence__record=number).order_by("sequence").values_list("event", flat=True)[2:])
              for number in Evidence.objects.order_by("id").values_list("record", flat=True)}
    assert list(events.values()) == [["record:checked"], ["record:quarantined"], ["record:checked"]]


def test_a_record_whose_other_original_changed_is_not_called_checked(post_deposit: Post, var_dir: Path, one_at_a_time: None) -> None:
    files = [{"name": name, "media_type": "audio/wav"} for name in ("a.wav", "b.wav")]
    assert post_deposit(document(files=files), b"one", b"two").status_code == 201
    first = EvidenceFile.objects.select_related("stored_object").get(position=1)
    (var_dir / "vault" / str(first.stored_object)).write_bytes(b"original X")
    assert fixity.look_at_originals(0, [], max_objects=1).wrong
    assert not fixity.look_at_originals(first.pk, [], max_objects=1).wrong
    events = list(CustodyEvent.objects.order_by("sequence").values_list("event", flat=True)[2:])
    assert events == ["record:quarantined"]


@pytest.mark.parametrize("workers", [1, 2])
def test_several_workers_find_what_one_finds(originals: list[Path], workers: int) -> None:
    originals[1].write_bytes(b"original X")
    rows = EvidenceFile.objects.select_related("evidence", "stored_object").order_by("id")
    found = [fault for _, fault in fixity.scrub(rows, workers=workers)]
    assert found == [None, "the original has changed: it does not decrypt", None]


def test_all_originals_are_read_at_once_by_a_command(originals: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("scrub", workers=2)
    assert "3 originals read, 0 differ" in capsys.readouterr().out
    originals[2].write_bytes(b"original X")
    with pytest.raises(SystemExit) as ended:
        call_command("scrub")
    assert ended.value.code == 1
    told = capsys.readouterr()
    assert "3 originals read, 1 differ" in told.out
    assert "the original has changed: it does not decrypt: files/1" in told.err
    assert Quarantine.objects.count() == 1
    assert not FixityRound.objects.exists(), "the monitor's report tells of its own rounds"
