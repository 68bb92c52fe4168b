"""A change of policy or key is announced in the log under the old one, and takes effect at its moment; without that it is refused."""
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from common import jobs
from common.jobs import Job
from common.key_files import key_path
from ledger.announcements import announcements
from ledger.announcing import AnnouncementRefused, Change, announce
from ledger.keys import log_key_path
from ledger.models import Checkpoint, LogState, OwnStatement, PublishedCheckpoint, StampRequest, Timestamp
from ledger.own_claims import claims_of
from ledger.policies import configured_text, policies
from ledger.policy_text import MOMENT, under_keys
from ledger.selectors import log_state
from ledger.sequencer.refusals import KeyMissing
from ledger.sequencer.service import Sequencer
from ledger.stamping import STAMP_CHECKPOINT
from ledger.trust import earlier_policies, policy_text, quorums_of, trust_files, vkeys_text
from sandbox.tsa.server import TimestampServer
from tests.ledger.logs import Clock, deposit, sequencer
from tests.ledger.test_cosigning import grow, publish
from tests.ledger.test_fsck import findings
from tests.ledger.witnesses import LocalWitness, local_witnesses, policy
from tlog.note import CosignatureSigner, Verifier, open_note
from tlog.policy import parse_policy, verify_checkpoint

LEAD, OVERLAP = timedelta(seconds=20), timedelta(seconds=30)


@pytest.fixture
def clock() -> Clock:
    """The log's own time; it begins so far back that all that happens here lies in the past."""
    return Clock(timezone.now().replace(microsecond=0) - timedelta(minutes=4))


@pytest.fixture
def three(service: str, tmp_path: Path) -> Iterator[list[LocalWitness]]:
    with local_witnesses(tmp_path / "witnesses", "notary", "court", "arbitration") as witnesses:
        yield witnesses


@pytest.fixture
def file(three: list[LocalWitness], tmp_path: Path, settings: Settings) -> Path:
    """The operator's file: the notary and any other."""
    settings.POLICY = str(tmp_path / "policy.txt")
    write(tmp_path / "policy.txt", three, "2")
    return tmp_path / "policy.txt"


@pytest.fixture
def log(file: Path, clock: Clock) -> Sequencer:
    """A log of 5 entries, published under the first policy."""
    log = sequencer(clock=clock)
    step(log, clock, 0)
    return log


def write(file: Path, witnesses: list[LocalWitness], threshold: str) -> str:
    text = policy(witnesses, f"group witnesses {threshold} {' '.join(each.name for each in witnesses)}", "quorum witnesses")
    file.write_text(text)
    return text


def step(log: Sequencer, clock: Clock, number: int, *, deposits: int = 5) -> None:
    """Five more deposits, a second later, and everything published."""
    clock.advance(1)
    deposit(1000 * number, deposits, at=clock())
    settle(log)
    assert log.memory.published_size == log.memory.size


def settle(log: Sequencer) -> None:
    """Until nothing waits: what a publication makes the log say of itself is published, too."""
    for _ in range(3):
        while log.sequence():
            continue
        publish(log)


def change_key(log: Sequencer, clock: Clock) -> Change:
    now = clock()
    change = announce(configured_text(), since=now + LEAD, until=now + LEAD + OVERLAP, now=now)
    settle(log)
    return change


def signers(size: int | None = None) -> set[str]:
    """The public keys of the log, of all that it ever had, whose signatures the newest published checkpoint bears (or that of a size)."""
    row = PublishedCheckpoint.objects.order_by("-size").first() if size is None else PublishedCheckpoint.objects.get(size=size)
    assert row is not None
    known = {(key.name, key.key_id): key.vkey for each in policies() for key in each.policy.log_verifiers}
    lines = [(line.name, line.key_id) for line in open_note(bytes(row.note), all_keys()).signatures]
    return {known[line] for line in lines if line in known}


def all_keys() -> set[Verifier]:
    return {key for each in policies() for key in each.policy.verifiers}


def cosigners() -> set[str]:
    row = PublishedCheckpoint.objects.order_by("-size").first()
    assert row is not None
    return {line.name.removeprefix("test/") for line in open_note(bytes(row.note), all_keys()).signatures if line.timestamp is not None}


def test_a_policy_that_was_not_announced_is_refused_and_changes_nothing(
    log: Sequencer, file: Path, three: list[LocalWitness], clock: Clock
) -> None:
    before = policy_text()
    write(file, three, "any")
    with pytest.raises(ImproperlyConfigured, match=r"none that was announced: run `manage\.py announce_policy`"):
        sequencer(clock=clock)
    assert policy_text() == before
    assert len(policies()) == 1


def test_a_log_that_had_no_policy_announces_its_first_one_like_any_other(
    service: str, three: list[LocalWitness], tmp_path: Path, settings: Settings, clock: Clock
) -> None:
    log = sequencer(clock=clock)
    step(log, clock, 0)
    settings.POLICY = str(tmp_path / "policy.txt")
    text = write(tmp_path / "policy.txt", three, "all")
    with pytest.raises(ImproperlyConfigured, match="none that was announced"):
        sequencer(clock=clock)
    announce(text, since=clock() + LEAD, until=None, now=clock())
    log = sequencer(clock=clock)
    settle(log)
    clock.advance(21)
    settle(log)
    assert cosigners() == {"notary", "court", "arbitration"}
    sizes = list(PublishedCheckpoint.objects.order_by("size").values_list("size", flat=True))
    assert [size in quorums_of(sizes) for size in sizes] == [False] * (len(sizes) - 1) + [True]
    assert findings() == []


def test_before_the_first_publication_the_file_is_the_policy_however_often_it_changes(
    file: Path, three: list[LocalWitness], clock: Clock
) -> None:
    log = sequencer(clock=clock)
    grow(log, 0, 1)
    text = write(file, three, "all")
    sequencer(clock=clock)
    assert (len(policies()), policy_text()) == (1, text)


def test_other_addresses_need_no_announcement(log: Sequencer, file: Path, clock: Clock) -> None:
    file.write_text(file.read_text().replace("http://127.0.0.1", "http://localhost"))
    sequencer(clock=clock)
    assert len(policies()) == 1
    assert "localhost" in policy_text()


def test_an_announced_policy_takes_effect_at_its_moment_without_a_restart_and_what_was_before_is_judged_by_what_was_before(
    log: Sequencer, file: Path, three: list[LocalWitness], clock: Clock, authority: TimestampServer
) -> None:
    old = policy_text()
    new = write(file, three, "all")
    since = clock() + LEAD
    change = announce(new, since=since, until=None, now=clock())
    settle(log)
    assert sequencer(clock=clock)._policy.text == old  # the new file is taken already, and not followed yet
    three[2].stop()
    step(log, clock, 1)
    clock.advance(20)
    grow(log, 2000, 5)
    assert not publish(log, within_s=3)  # from now on all three are needed
    three[2].start()
    settle(log)
    assert cosigners() == {"notary", "court", "arbitration"}
    assert (policy_text(), earlier_policies()) == (new, {f"{since:{MOMENT}}": old})
    assert f"policies/{since:{MOMENT}}.txt" in trust_files()
    claims = claims_of(OwnStatement.objects.get(record=change.record))["policy"]
    assert isinstance(claims, dict)
    assert claims["periods"] == [{"from": f"{since:%Y-%m-%dT%H:%M:%S.000Z}", "text": new}]
    sizes = list(PublishedCheckpoint.objects.values_list("size", flat=True))
    assert quorums_of(sizes).keys() == set(sizes)
    assert findings() == []


def test_the_log_says_that_a_policy_is_in_force_once_and_so_has_a_checkpoint_under_it_though_nobody_deposits(
    log: Sequencer, file: Path, three: list[LocalWitness], clock: Clock
) -> None:
    announce(write(file, three, "all"), since=clock() + LEAD, until=None, now=clock())
    settle(log)
    size = log.memory.size
    clock.advance(21)
    settle(log)
    assert log.memory.published_size == size + 1
    settle(sequencer(clock=clock))
    assert OwnStatement.objects.filter(kind="key").count() == 2
    note = bytes(PublishedCheckpoint.objects.get(size=size + 1).note)
    assert verify_checkpoint(note, parse_policy(policy_text())).size == size + 1


def test_an_announcement_that_was_not_cosigned_in_time_lapses_and_may_be_made_again(
    log: Sequencer, file: Path, three: list[LocalWitness], clock: Clock
) -> None:
    old, new = file.read_text(), write(file, three, "all")
    for each in three:
        each.stop()
    announce(new, since=clock() + LEAD, until=None, now=clock())
    grow(log, 1000, 1)
    assert not publish(log, within_s=3)
    clock.advance(16)  # four seconds before it should begin: too late for every process to hear of it
    for each in three:
        each.start()
    settle(log)
    clock.advance(30)
    with pytest.raises(ImproperlyConfigured, match="none that was announced"):
        sequencer(clock=clock)
    file.write_text(old)
    log = sequencer(clock=clock)
    assert [each.takes_effect for each in announcements()] == [False]
    announce(new, since=clock() + LEAD, until=None, now=clock())
    settle(log)
    clock.advance(21)
    settle(log)
    assert policy_text() == new
    assert findings() == []


def test_a_round_that_outlives_its_policy_is_not_published(
    log: Sequencer, file: Path, three: list[LocalWitness], clock: Clock
) -> None:
    """Its cosignatures are those of the old quorum, and it would be judged by the new policy."""
    announce(write(file, three, "all"), since=clock() + LEAD, until=None, now=clock())
    settle(log)
    size = log.memory.published_size
    three[2].stop()
    grow(log, 1000, 1)
    assert not log.publish()
    while log._round is not None and not log._round.over:
        time.sleep(0.01)
    clock.advance(20)
    assert log.publish()
    assert (log.memory.published_size, PublishedCheckpoint.objects.filter(size=size + 1).exists()) == (size, False)
    three[2].start()
    settle(log)
    assert cosigners() == {"notary", "court", "arbitration"}
    assert findings() == []


def test_a_clock_that_steps_back_over_the_beginning_of_a_policy_publishes_nothing_before_it(
    log: Sequencer, file: Path, three: list[LocalWitness], clock: Clock
) -> None:
    since = clock() + LEAD
    announce(write(file, three, "all"), since=since, until=None, now=clock())
    settle(log)
    size = log.memory.published_size
    clock.time = since
    assert not log.publish()  # nothing is new, but the new policy is followed from here on
    clock.advance(-0.5)
    settle(log)
    assert log.memory.published_size > size
    assert PublishedCheckpoint.objects.get(size=log.memory.published_size).published_at >= since
    assert findings() == []


def test_the_key_changes_with_an_overlap_in_which_both_sign(log: Sequencer, three: list[LocalWitness], clock: Clock) -> None:
    old = log_state().vkey
    change = change_key(log, clock)
    assert change.new_key is not None
    new = change.new_key.vkey
    assert log_key_path(change.new_key.key_id).stat().st_mode & 0o777 == 0o600
    announced = log.memory.published_size
    assert signers(announced) == {old}
    for each in three[:2]:
        each.know(old, new)
    clock.advance(20)
    step(log, clock, 1)
    overlap = log.memory.published_size
    assert signers(overlap) == {old, new}
    # Who did not add the new key goes on while the old one signs.
    assert cosigners() == {"notary", "court", "arbitration"}
    during = [each.text for each in policies()][1]
    assert [key.vkey for key in parse_policy(during).log_verifiers] == [old, new]
    clock.advance(31)
    step(log, clock, 2)
    assert signers() == {new}
    assert cosigners() == {"notary", "court"}
    assert vkeys_text().splitlines()[:-1] == [new]
    key_path("log").unlink()
    log = sequencer(clock=clock)
    step(log, clock, 3)
    assert signers() == {new}
    first, second, third = policies()
    for size, known in ((announced, first), (overlap, first), (overlap, second), (overlap, third), (log.memory.size, third)):
        assert verify_checkpoint(bytes(PublishedCheckpoint.objects.get(size=size).note), known.policy).size == size
    assert findings() == []
    assert not key_path("log").exists()
    call_command("init_service", verbosity=0)
    assert not key_path("log").exists()


def test_both_keys_are_listed_while_both_sign(log: Sequencer, clock: Clock, three: list[LocalWitness], client: Client) -> None:
    now = timezone.now().replace(microsecond=0)
    clock.time = now - timedelta(seconds=40)
    change = announce(configured_text(), since=now - timedelta(seconds=10), until=now + timedelta(hours=1), now=clock())
    settle(log)
    assert change.new_key is not None
    assert vkeys_text().splitlines()[:-1] == [log_state().vkey, change.new_key.vkey]
    assert list(earlier_policies()) == [f"{change.periods[0].since:{MOMENT}}"], "the second one is still to come"
    page = client.get("/").content.decode()
    assert page.count(f"{log_state().vkey}</code>") == page.count(f"{change.new_key.vkey}</code>") == 1


def test_a_size_that_was_signed_before_the_change_is_signed_again_by_the_new_key(
    log: Sequencer, three: list[LocalWitness], clock: Clock
) -> None:
    change = change_key(log, clock)
    assert change.new_key is not None
    for each in three:
        each.know(log_state().vkey, change.new_key.vkey)
        each.stop()
    grow(log, 1000, 1)
    assert not publish(log, within_s=3)
    size = log.memory.size
    assert Checkpoint.objects.filter(size=size).exists()
    clock.advance(51)
    for each in three:
        each.start()
    assert publish(log, within_s=6)
    assert signers(size) == {log_state().vkey, change.new_key.vkey}
    settle(log)
    assert findings() == []


def test_a_key_in_force_whose_file_is_gone_stops_the_log_with_a_sentence(
    log: Sequencer, three: list[LocalWitness], clock: Clock
) -> None:
    change = change_key(log, clock)
    assert change.new_key is not None
    clock.advance(20)
    log_key_path(change.new_key.key_id).rename(key_path("elsewhere"))
    grow(log, 1000, 1)
    with pytest.raises(KeyMissing, match="put that file back"):
        publish(log)
    with pytest.raises(KeyMissing):
        sequencer(clock=clock)


def test_fsck_names_a_checkpoint_that_a_key_signed_out_of_its_time(log: Sequencer, three: list[LocalWitness], clock: Clock) -> None:
    change_key(log, clock)
    clock.advance(20)
    step(log, clock, 1)
    files = sorted((Path(key_path("log").parent.parent) / "policies").iterdir())
    shutil.copy(files[0], files[1])  # as if the new key had not been in force
    assert any("by the log's keys of that time" in finding for finding in findings())


def test_a_new_policy_survives_the_loss_of_the_database_rows_that_announced_it(
    log: Sequencer, three: list[LocalWitness], clock: Clock
) -> None:
    change = change_key(log, clock)
    files = sorted((key_path("log").parent.parent / "policies").iterdir())
    assert [(file.stem, file.read_text()) for file in files[1:]] == [(f"{each.since:{MOMENT}}", each.text) for each in change.periods]


@pytest.mark.parametrize(("words", "said"), [
    (["--from", "20200101T000000Z"], "at least 15 s ahead"),
    (["--until", "20990101T000000Z"], "needs --new-log-key"),
    (["--new-log-key", "--from", "20980101T000000Z", "--until", "20980101T000010Z"], "Both keys must sign"),
    ([], "nothing is to be announced"),
    (["/nonexistent"], "cannot be read"),
])
def test_what_cannot_be_announced_is_one_sentence(log: Sequencer, words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("announce_policy", *words)
    assert not OwnStatement.objects.exists()
    assert len(list(key_path("log").parent.glob("log*.key"))) == 1


def test_the_command_says_what_is_to_be_done(
    log: Sequencer, file: Path, three: list[LocalWitness], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("announce_policy", str(file), "--new-log-key")
    said = capsys.readouterr().out
    [announced] = announcements()
    [new] = [key.vkey for key in announced.periods[-1].policy.log_verifiers]
    assert f"announced   {announced.record}" in said
    assert f"new key     {new}" in said
    assert "fingerprint " in said
    assert announced.periods[-1].since - announced.periods[0].since == timedelta(days=7)
    with pytest.raises(CommandError, match="is announced already"):
        call_command("announce_policy", str(file), "--new-log-key")


def test_a_log_that_closes_announces_nothing(log: Sequencer, three: list[LocalWitness], clock: Clock) -> None:
    LogState.objects.update(closing_at=clock())
    with pytest.raises(CommandError, match="takes no entry any more"):
        call_command("announce_policy", "--new-log-key")


def test_two_announcements_at_one_moment_are_one(log: Sequencer, file: Path, three: list[LocalWitness], clock: Clock) -> None:
    announce(write(file, three, "all"), since=clock() + LEAD, until=None, now=clock())
    with pytest.raises(AnnouncementRefused, match="is announced already"):
        announce(write(file, three, "any"), since=clock() + 2 * LEAD, until=None, now=clock())


def test_a_stamp_after_the_change_is_not_for_a_checkpoint_before_it(
    log: Sequencer, file: Path, three: list[LocalWitness], clock: Clock, authority: TimestampServer
) -> None:
    """It would be judged by the policy of its time, and its checkpoint never had those witnesses."""
    announce(write(file, three, "all"), since=clock() + LEAD, until=None, now=clock())
    settle(log)
    stamp(log)
    assert not Timestamp.objects.exists()
    clock.time = timezone.now()
    settle(log)
    stamp(log)
    assert Timestamp.objects.get().size == log.memory.published_size


def test_an_authority_whose_clock_is_a_little_behind_ours_stamps_the_first_checkpoint_of_a_policy_a_little_later(
    log: Sequencer, file: Path, three: list[LocalWitness], clock: Clock, authority: TimestampServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a log where nothing happens any more there is no newer checkpoint that could be stamped instead."""
    since = clock() + LEAD
    announce(write(file, three, "all"), since=since, until=None, now=clock())
    settle(log)
    clock.time = since
    settle(log)
    monkeypatch.setattr(authority.responder, "clock", lambda: since - timedelta(seconds=2))
    stamp(log)
    request = StampRequest.objects.get(checkpoint__size=log.memory.published_size)
    job = Job.objects.get(kind=STAMP_CHECKPOINT, subject_id=request.pk)
    assert (request.outcome, job.last_error, Timestamp.objects.count()) == ("", "timestamp-unavailable: before-policy", 0)
    monkeypatch.undo()
    stamp(log, after_s=10)
    assert Timestamp.objects.get().size == log.memory.published_size
    assert findings() == []


def stamp(log: Sequencer, *, after_s: float = 0) -> None:
    log.request_stamps()
    moment = timezone.now() + timedelta(seconds=after_s)
    for job_id in jobs.due_jobs(moment):
        jobs.run_job(job_id, now=lambda: moment)


def test_log_lines_are_written_anew_and_those_of_other_logs_stay() -> None:
    def vkey(name: str, seed: bytes) -> str:
        return CosignatureSigner.from_seed(name, seed * 32).vkey

    text = f"# ours\nlog {vkey('log.example', b'a')} https://log.example/log\n\tlog\t{vkey('other', b'b')}\nquorum none\n"
    written = under_keys(text, "log.example", [vkey("log.example", b"c"), vkey("log.example", b"d")])
    assert [(log.verifier.vkey, log.url) for log in parse_policy(written).logs] == [
        (vkey("log.example", b"c"), "https://log.example/log"), (vkey("log.example", b"d"), "https://log.example/log"),
        (vkey("other", b"b"), None)]
    assert "# ours" in written
    assert under_keys(text, "log.example", [vkey("log.example", b"a")]) == text
