"""The monitor at a real front door: each thing that can be wrong, and that a round without fault says nothing."""
import base64
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from common import jobs
from common.bounded_http import Limits, get_any
from common.key_files import key_path, read_seed
from common.object_store import FileObjectStore
from ledger.incidents import SELF_CHECK_FAILED, incidents, open_incidents
from ledger.models import LogEntry, LogState
from ledger.monitor.memory import MemoryDamaged, Store
from ledger.monitor.rounds import AWAY_ALARM, Patience, Round, watch
from ledger.policies import BEGINNING
from ledger.selectors import log_origin, published_note
from ledger.sequencer.service import Sequencer
from ledger.trust import policy_text
from sandbox.tsa.server import TimestampServer
from tests.databases import ROOT
from tests.ledger.front_doors import QUICK, FrontDoor, front_door
from tests.ledger.logs import entry, grow, sequencer
from tests.ledger.test_serving import expected
from tests.ledger.witnesses import local_witnesses, policy
from tlog.bundles import encode_bundle
from tlog.checkpoint import format_checkpoint
from tlog.merkle import leaf_hash, root_hash
from tlog.note import Signer, sign_note, split_note

SUBJECTS = {"policy", "checkpoint", "quorum", "consistency", "tiles", "timestamps", "originals", "copies"}
MARK = b"<html>telephone 13800138000</html>"


@pytest.fixture
def door(store: FileObjectStore, settings: Settings) -> Iterator[FrontDoor]:
    with front_door() as opened:
        settings.PUBLIC_URL = opened.url
        yield opened


@pytest.fixture
def log(door: FrontDoor) -> Sequencer:
    """A log of 700 entries, published twice."""
    made = sequencer()
    for first, count in ((0, 300), (300, 400)):
        grow(made, first, count)
        made.publish()
    return made


def look(*, later: timedelta = timedelta(), patience: Patience = QUICK) -> Round:
    return watch(now=timezone.now() + later, patience=patience)


def faults(made: Round) -> set[str]:
    return {each.subject for each in made.judgements if each.fault is not None}


def subjects() -> set[str]:
    return {incident.subject for incident in open_incidents() if incident.code == SELF_CHECK_FAILED}


def folder() -> Path:
    return Store(log_origin()).folder


def test_a_sound_log_is_verified_from_its_first_entry_and_nothing_is_said(log: Sequencer, door: FrontDoor) -> None:
    made = look()
    assert (faults(made), made.away, made.verified) == (set(), None, 700)
    assert {each.subject for each in made.judgements} == SUBJECTS
    assert {f"/log/{path}" for path in expected(700)} <= set(door.asked)
    assert incidents() == []


def test_the_next_round_fetches_what_is_new_and_a_few_old_bundles(log: Sequencer, door: FrontDoor) -> None:
    look()
    door.asked.clear()
    look()
    old = ["/log/tile/entries/000", "/log/tile/entries/001", "/log/tile/entries/002.p/188"]
    assert [path for path in door.asked if "entries" in path] == old
    grow(log, 700, 900)
    log.publish()
    door.asked.clear()
    made = look()
    assert (faults(made), made.verified) == (set(), 1600)
    new = [f"/log/tile/entries/00{number}" for number in range(2, 6)]
    assert [path for path in door.asked if "entries" in path][:5] == [*new, "/log/tile/entries/006.p/64"]


def test_before_the_first_checkpoint_there_is_nothing_to_judge(store: FileObjectStore, door: FrontDoor) -> None:
    made = look()
    assert (faults(made), made.away, made.verified) == (set(), None, 0)


def test_a_round_takes_as_much_as_its_time_allows_and_the_next_one_goes_on(log: Sequencer) -> None:
    verified = [look(patience=Patience(30.0, 0.0)).verified for _ in range(4)]
    assert verified == [256, 512, 700, 700]
    assert incidents() == []


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/002.p/188", "tile/entries/001", "tile/1/000.p/2"])
def test_a_tile_that_was_changed_on_disk_is_an_incident_until_it_is_put_back(log: Sequencer, store: FileObjectStore, path: str) -> None:
    file = store.root / path
    right = file.read_bytes()
    file.write_bytes(right[:40] + bytes([right[40] ^ 1]) + right[41:])
    for _ in range(2):
        assert faults(look()) & {"tiles", "consistency"}
    assert len(open_incidents()) == 1
    file.write_bytes(right)
    assert faults(look()) == set()
    assert open_incidents() == []
    [incident] = incidents()
    assert incident.end.how == "a later round of the monitor found nothing wrong"


def test_a_new_tile_of_a_higher_level_is_held_against_those_below_it(log: Sequencer, store: FileObjectStore) -> None:
    grow(log, 700, 900)
    log.publish()
    file = store.root / "tile/1/000.p/6"  # its last hash is no part of a proof, and not among the few that are read again
    file.write_bytes(file.read_bytes()[:-32] + bytes(32))
    assert faults(look()) == {"tiles"}


def test_a_tile_that_changed_after_it_was_verified_is_found_as_well(log: Sequencer, store: FileObjectStore) -> None:
    look()
    file = store.root / "tile/entries/000"
    file.write_bytes(encode_bundle([entry(9000), *map(entry, range(1, 256))]))
    assert faults(look()) == {"tiles"}
    [incident] = open_incidents()
    assert incident.statement is not None


@pytest.mark.parametrize("path", ["tile/0/002.p/188", "tile/entries/002.p/188"])
def test_the_last_bundle_of_a_log_that_stands_still_is_looked_at_again(log: Sequencer, store: FileObjectStore, path: str) -> None:
    assert faults(look()) == set()
    file = store.root / path
    right = file.read_bytes()
    file.write_bytes(right[:40] + bytes([right[40] ^ 1]) + right[41:])
    assert faults(look()) & {"tiles", "consistency"}
    file.write_bytes(right)
    assert faults(look()) == set()


def test_a_tile_that_is_missing_is_an_incident(log: Sequencer, store: FileObjectStore) -> None:
    (store.root / "tile/0/001").unlink()
    assert faults(look()) == {"tiles"}


def test_a_partial_tile_that_was_collected_is_read_from_the_full_one(log: Sequencer, store: FileObjectStore, door: FrontDoor) -> None:
    old = published_note()
    assert old is not None
    grow(log, 700, 400)
    log.publish()
    for path in ("tile/0/002.p/188", "tile/entries/002.p/188"):
        (store.root / path).unlink()
    door.show("/log/checkpoint", old)
    made = look()
    assert (faults(made), made.verified) == (set(), 700)


def test_a_checkpoint_that_vanished_is_an_incident_and_not_an_empty_log(log: Sequencer, door: FrontDoor) -> None:
    look()
    door.show("/log/checkpoint", b"404", "404 Not Found")
    assert faults(look()) == {"checkpoint"}
    assert subjects() == {"checkpoint"}


@pytest.mark.parametrize("path", ["checkpoint", "policy", "tile/0/000", "tile/entries/000", "timestamps"])
def test_garbage_is_an_incident_whose_public_facts_repeat_none_of_it(log: Sequencer, door: FrontDoor, path: str) -> None:
    door.show(f"/log/{path}", MARK)
    assert faults(look()) == {{"tile/0/000": "tiles", "tile/entries/000": "tiles"}.get(path, path)}
    [incident] = open_incidents()
    assert "13800138000" not in f"{incident.subject} {incident.facts}"
    assert incident.statement is not None
    assert b"13800138000" not in bytes(incident.statement.claims)


def test_an_answer_that_never_ends_is_not_read_to_its_end(log: Sequencer, door: FrontDoor) -> None:
    door.show("/log/checkpoint", b"x" * 600_000)
    assert faults(look()) == {"checkpoint"}


def test_a_checkpoint_by_another_key_or_of_another_log_is_an_incident(log: Sequencer, door: FrontDoor) -> None:
    text = format_checkpoint(origin=log_origin(), size=700, root=root_hash(map(leaf_hash, map(entry, range(700)))))
    door.show("/log/checkpoint", sign_note(text, [Signer.from_seed(log_origin(), bytes(32))]))
    assert faults(look()) == {"checkpoint"}
    door.show("/log/checkpoint", signed("localhost/another", 700, bytes(32)))
    assert faults(look()) == {"checkpoint"}


def signed(origin: str, size: int, root: bytes) -> bytes:
    """A note by the log's own key: whoever holds it can sign anything."""
    return sign_note(format_checkpoint(origin=origin, size=size, root=root), [Signer.from_seed(log_origin(), read_seed(key_path("log")))])


def test_a_root_that_the_entries_do_not_lead_to_is_an_incident_at_the_very_first_look(log: Sequencer, door: FrontDoor) -> None:
    door.show("/log/checkpoint", signed(log_origin(), 700, bytes(32)))
    assert faults(look()) == {"tiles"}


def proves_a_fork() -> bool:
    """What `python -m tlog verify-fork` says of the one contradiction that was kept, in a process of its own."""
    [kept] = folder().glob("contradiction-*")
    assert {"seen.note", "shown.note"} <= {file.name for file in kept.iterdir()}
    words = [sys.executable, "-m", "tlog", "verify-fork", str(kept / "seen.statement"), str(kept / "shown.statement")]
    return subprocess.run([*words, "--log", LogState.objects.get().vkey], cwd=ROOT, check=False, capture_output=True).returncode == 0


def test_a_swapped_checkpoint_of_the_same_size_is_kept_as_a_proof_for_anybody(log: Sequencer, door: FrontDoor) -> None:
    look()
    door.show("/log/checkpoint", signed(log_origin(), 700, bytes(32)))
    for _ in range(2):
        assert "consistency" in faults(look())
    assert proves_a_fork()
    [incident] = [each for each in open_incidents() if each.subject == "consistency"]
    assert incident.facts["proven"] == "true"
    assert (incident.facts["seen_size"], incident.facts["shown_size"]) == (700, 700)
    del door.changes["/log/checkpoint"]
    assert faults(look()) == set()


@pytest.mark.parametrize("size", [1200, 512])
def test_another_history_of_another_size_is_kept_as_two_leaves_of_one_index(log: Sequencer, door: FrontDoor, size: int) -> None:
    look()
    entries = [entry(number if number != 77 else 9000) for number in range(size)]
    show_history(door, entries)
    assert faults(look()) >= {"consistency"}
    assert proves_a_fork()


def show_history(door: FrontDoor, entries: list[bytes]) -> None:
    """Let the door show a log of other entries, its tiles and its signed checkpoint: what a restored copy that went on would be."""
    leaves = [leaf_hash(each) for each in entries]
    row, level = leaves, 0
    while row:
        for start in range(0, len(row), 256):
            part = row[start : start + 256]
            name = f"{start // 256:03}" + ("" if len(part) == 256 else f".p/{len(part)}")
            door.show(f"/log/tile/{level}/{name}", b"".join(part))
            if level == 0:
                door.show(f"/log/tile/entries/{name}", encode_bundle(entries[start : start + 256]))
        row = [root_hash(row[start : start + 256]) for start in range(0, len(row) - 255, 256)]
        level += 1
    door.show("/log/checkpoint", signed(log_origin(), len(entries), root_hash(leaves)))


def test_notes_that_prove_nothing_are_kept_all_the_same(log: Sequencer, door: FrontDoor) -> None:
    look()
    door.show("/log/checkpoint", signed(log_origin(), 512, bytes(32)))  # its tiles are nowhere
    assert "consistency" in faults(look())
    [kept] = folder().glob("contradiction-*")
    assert {file.name for file in kept.iterdir()} == {"seen.note", "shown.note"}
    [incident] = [each for each in open_incidents() if each.subject == "consistency"]
    assert incident.facts["proven"] == "false"


def test_an_older_checkpoint_is_a_slow_cache_for_a_minute_and_then_a_log_that_was_set_back(log: Sequencer, door: FrontDoor) -> None:
    look()
    old = published_note(300)
    assert old is not None
    door.show("/log/checkpoint", old)
    assert faults(look(later=timedelta(seconds=59))) == set()
    assert faults(look(later=timedelta(seconds=90))) == {"consistency"}
    [incident] = open_incidents()
    assert incident.facts == {"seen_size": 700, "shown_size": 300}


def test_a_checkpoint_without_its_quorum_is_an_incident(
    store: FileObjectStore, door: FrontDoor, tmp_path: Path, settings: Settings
) -> None:
    with local_witnesses(tmp_path / "witnesses", "notary", "court") as started:
        settings.POLICY = str(tmp_path / "policy.txt")
        Path(settings.POLICY).write_text(policy(started, "group all all notary court", "quorum all"))
        log = sequencer()
        grow(log, 0, 5)
        while not log.publish():
            threading.Event().wait(0.01)
    assert faults(look()) == set()
    note = published_note()
    assert note is not None
    text, lines = split_note(note)
    door.show("/log/checkpoint", f"{text}\n{''.join(line.text for line in lines[:-1])}".encode())
    assert faults(look()) == {"quorum"}
    assert [incident.facts for incident in open_incidents()] == [{"size": 5}]


def test_another_policy_than_the_recorded_one_is_an_incident(log: Sequencer, door: FrontDoor) -> None:
    served = f"log {LogState.objects.get().vkey} https://elsewhere.example/log\nquorum none\n"
    door.show("/log/policy", served.encode())
    assert faults(look()) == {"policy"}


@pytest.mark.parametrize("status", ["500 Internal Server Error", "503 Service Unavailable", "302 Found", "403 Forbidden"])
def test_a_door_that_answers_as_no_log_does_is_away_and_nobody_is_accused(log: Sequencer, door: FrontDoor, status: str) -> None:
    door.show("/log/checkpoint", b"", status)
    made = look()
    assert made.away is not None
    assert (faults(made), incidents()) == (set(), [])


def test_a_slow_door_is_away_and_rings_once_after_five_minutes(log: Sequencer, door: FrontDoor, caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()

    def silent() -> tuple[str, bytes]:
        release.wait(30)
        return "503 Service Unavailable", b""

    door.changes["/log/policy"] = silent
    hasty = Patience(0.2, 5.0)
    assert look(patience=hasty).away == "policy: timeout"
    assert alarms(caplog) == 0
    assert len({look(later=timedelta(minutes=minutes), patience=hasty).away_since for minutes in (5, 6, 7)}) == 1
    assert alarms(caplog) == 1
    assert timedelta(minutes=5) == AWAY_ALARM
    release.set()
    del door.changes["/log/policy"]
    made = look()
    assert (made.away, made.away_since, incidents()) == (None, None, [])


def alarms(caplog: pytest.LogCaptureFixture) -> int:
    return len([record for record in caplog.records if record.levelno == logging.CRITICAL and record.getMessage().startswith("ALARM ")])


def test_a_door_that_is_shut_is_away(log: Sequencer, settings: Settings) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    assert look().away == "policy: unreachable"


def stamp(log: Sequencer) -> None:
    log.request_stamps()
    for job_id in jobs.due_jobs(timezone.now()):
        jobs.run_job(job_id)


def test_timestamps_are_verified_and_another_token_is_an_incident(log: Sequencer, door: FrontDoor, authority: TimestampServer) -> None:
    stamp(log)
    grow(log, 700, 5)
    log.publish()
    assert faults(look()) == set()
    assert LogState.objects.get().stamped_size == 700
    shown = json.loads(door_says(door, "/log/timestamps"))
    assert [each["authority"] for each in shown["timestamps"]] == ["sandbox-tsa"]
    token = bytearray(base64.b64decode(shown["timestamps"][0]["token"]))
    token[-1] ^= 1
    shown["timestamps"][0]["token"] = base64.b64encode(token).decode()
    door.show("/log/timestamps", json.dumps(shown).encode())
    assert faults(look()) == {"timestamps"}
    door.show("/log/timestamps", b"", "404 Not Found")
    assert faults(look()) == {"timestamps"}


def door_says(door: FrontDoor, path: str) -> bytes:
    return get_any(door.url + path, limits=Limits(5, 1 << 20)).body


def test_a_stamped_checkpoint_of_another_tree_is_an_incident(log: Sequencer, door: FrontDoor) -> None:
    note = signed(log_origin(), 300, bytes(32)).decode()
    door.show("/log/timestamps", json.dumps({"size": 300, "checkpoint": note, "timestamps": []}).encode())
    assert faults(look()) == {"timestamps"}


def test_what_a_crash_left_behind_is_written_over(log: Sequencer) -> None:
    look()
    with (folder() / "leaves").open("ab") as file:
        file.write(bytes(64))
    grow(log, 700, 5)
    log.publish()
    assert look().verified == 705
    leaves = (folder() / "leaves").read_bytes()
    assert leaves == b"".join(leaf_hash(bytes(row)) for row in LogEntry.objects.order_by("index").values_list("entry", flat=True))


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"format": "another"}'])
def test_a_damaged_memory_is_a_sentence_and_never_a_fresh_start(log: Sequencer, damage: bytes) -> None:
    look()
    (folder() / "memory.json").write_bytes(damage)
    with pytest.raises(MemoryDamaged, match=r"memory\.json is damaged: find out why"):
        look()


def test_leaves_that_were_cut_off_are_noticed(log: Sequencer) -> None:
    look()
    (folder() / "leaves").write_bytes(b"")
    with pytest.raises(MemoryDamaged, match="leaves ends too early"):
        look()


def test_the_job_comes_round_again_in_the_worker(log: Sequencer, settings: Settings) -> None:
    now: datetime = timezone.now()
    jobs.enqueue_daily_jobs(now=now)
    [job] = jobs.Job.objects.filter(kind="ledger.watch-log")
    assert jobs.run_job(job.pk)
    job.refresh_from_db()
    assert (job.done_at, job.last_error) == (None, "")
    assert job.next_attempt_at > now + timedelta(seconds=settings.MONITOR_INTERVAL_S - 5)
    assert Store(log_origin()).load().tree.size == 700


def test_a_policy_that_was_replaced_a_moment_ago_may_still_be_in_a_cache(log: Sequencer, door: FrontDoor, var_dir: Path) -> None:
    old, now = policy_text(), timezone.now().replace(microsecond=0)
    (var_dir / "policies").mkdir(exist_ok=True)
    for since, text in ((BEGINNING, old), (now, f"# another\n{old}")):
        (var_dir / "policies" / f"{since:%Y%m%dT%H%M%SZ}.txt").write_text(text)
    door.show("/log/policy", old.encode())
    assert faults(look(later=timedelta(seconds=50))) == set()
    assert faults(look(later=timedelta(seconds=70))) == {"policy"}
    del door.changes["/log/policy"]
    assert faults(look(later=timedelta(seconds=80))) == set()
