"""Stamps on checkpoints: by every authority, never late, never in anybody's way."""
import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from common import jobs
from common.jobs import Job
from common.object_store import FileObjectStore
from ledger.fsck import examine_log
from ledger.models import LogState, PublishedCheckpoint, StampRequest, Timestamp
from ledger.proofs import record_proof
from ledger.selectors import covering_checkpoint, facts_for, log_facts, stamps_of
from ledger.sequencer.service import Sequencer
from ledger.stamping import STAMP_CHECKPOINT, authorities, checkpoint_digest, fresh_nonce, keep_timestamp, request_stamps, stamp_checkpoint
from ledger.timestamping import StampedToken, request_timestamp
from sandbox.tsa.answering import Responder, WrongAnswer
from sandbox.tsa.authority import Authority
from sandbox.tsa.server import Behaviour, TimestampServer
from tests.depositing import Post, document
from tests.ledger.logs import deposit, grow, sequencer
from tests.ledger.processes import wait_until


@pytest.fixture
def tsa(authority: TimestampServer) -> Iterator[TimestampServer]:
    """The configured authority, well again afterwards."""
    yield authority
    authority.behaviour = Behaviour.WELL


def publish(log: Sequencer, first: int, count: int) -> PublishedCheckpoint:
    grow(log, first, count)
    log.publish()
    log.request_stamps()
    found = PublishedCheckpoint.objects.order_by("-size").first()
    assert isinstance(found, PublishedCheckpoint)
    return found


def work(*, after_s: float = 0) -> None:
    """Run every job that is due, as the worker does."""
    moment = timezone.now() + timedelta(seconds=after_s)
    for job_id in jobs.due_jobs(moment):
        jobs.run_job(job_id, now=lambda: moment)


def test_a_published_checkpoint_is_stamped_and_the_record_shows_it(store: FileObjectStore, tsa: TimestampServer) -> None:
    log = sequencer()
    [ticket] = deposit(0, 1)
    assert facts_for([ticket])[ticket].index is None
    published = publish(log, 1, 0)
    assert facts_for([ticket])[ticket].stamped_at is None
    work()
    [stamp] = stamps_of(1)
    covering = covering_checkpoint(0)
    assert covering is not None
    assert (covering.size, covering.note, covering.stamps) == (1, bytes(published.note), (stamp,))
    facts = facts_for([ticket])[ticket]
    assert (facts.index, facts.published_at, facts.stamped_at) == (0, published.published_at, stamp.gen_time)
    assert (log_facts().stamped_size, log_facts().stamped_at) == (1, stamp.gen_time)
    assert StampRequest.objects.get().outcome == StampRequest.STAMPED
    assert list(examine_log()) == []


def test_stamps_are_asked_for_once_for_each_checkpoint_and_authority(
    store: FileObjectStore, tsa: TimestampServer, settings: Settings
) -> None:
    settings.TSAS = f"sandbox-tsa={tsa.url} second={tsa.url}"
    log = sequencer()
    publish(log, 0, 3)
    assert request_stamps(now=timezone.now())
    assert list(StampRequest.objects.order_by("authority").values_list("authority", flat=True)) == ["sandbox-tsa", "second"]
    assert Job.objects.count() == 2


def test_an_empty_log_has_nothing_to_stamp(store: FileObjectStore, tsa: TimestampServer) -> None:
    assert request_stamps(now=timezone.now())
    assert not StampRequest.objects.exists()


@pytest.mark.parametrize("behaviour", [Behaviour.DOWN, Behaviour.HANG, Behaviour.GARBAGE, WrongAnswer.WRONG_NONCE], ids=str)
def test_an_authority_that_fails_blocks_nothing_and_is_asked_again(
    store: FileObjectStore, tsa: TimestampServer, behaviour: Behaviour | WrongAnswer, settings: Settings
) -> None:
    settings.TSA_TIMEOUT_S = 1.0
    tsa.behaviour = behaviour
    log = sequencer()
    publish(log, 0, 3)
    work()
    [job] = Job.objects.all()
    assert (job.done_at, job.attempts) == (None, 1)
    assert job.last_error.startswith("timestamp-unavailable: ")
    publish(log, 3, 3)
    assert log_facts().published_size == 6
    assert record_proof(0).stamps == ()
    tsa.behaviour = Behaviour.WELL
    # The next request waits as long as the one that failed would have.
    job.refresh_from_db()
    following = Job.objects.exclude(pk=job.pk).get()
    assert following.attempts == 1
    assert following.next_attempt_at >= job.next_attempt_at
    work(after_s=5)
    assert [row.size for row in Timestamp.objects.all()] == [6]
    assert record_proof(0).size == 6


def test_an_authority_at_work_is_not_asked_about_the_next_checkpoint_until_it_has_answered(
    store: FileObjectStore, tsa: TimestampServer
) -> None:
    log = sequencer()
    publish(log, 0, 3)
    [job] = Job.objects.all()
    Job.objects.update(attempts=1, lease_until=timezone.now() + jobs.LEASE)
    publish(log, 3, 3)
    assert StampRequest.objects.count() == 1
    Job.objects.update(lease_until=None)
    jobs.run_job(job.pk)
    assert log.request_stamps()
    work()
    assert dict(StampRequest.objects.values_list("checkpoint__size", "outcome")) == {3: "stamped", 6: "stamped"}
    assert not log.request_stamps()


def test_an_authority_that_fails_does_not_keep_the_others_from_stamping(
    store: FileObjectStore, tsa: TimestampServer, settings: Settings
) -> None:
    """One worker, an authority that fails and is asked first, and a new checkpoint whenever it has failed."""
    settings.TSAS = f"dead=http://127.0.0.1:9/ sandbox-tsa={tsa.url}"
    roots = settings.VAR_DIR / "trust" / "tsa"
    (roots / "dead.pem").write_bytes((roots / "sandbox-tsa.pem").read_bytes())
    log = sequencer()
    stamped: list[int] = []
    for _ in range(8):
        for job_id in jobs.due_jobs(timezone.now()):
            publish(log, LogState.objects.get().size, 1)
            jobs.run_job(job_id)
        publish(log, LogState.objects.get().size, 1)
        stamped.append(LogState.objects.get().stamped_size)
        assert Job.objects.filter(kind=STAMP_CHECKPOINT, done_at=None).count() <= 2
    assert len(set(stamped)) >= 4
    assert list(examine_log()) == []


def test_a_request_that_failed_gives_way_to_one_for_the_newest_checkpoint(store: FileObjectStore, tsa: TimestampServer) -> None:
    log = sequencer()
    tsa.behaviour = Behaviour.SERVER_ERROR
    publish(log, 0, 3)
    work()
    publish(log, 3, 3)
    queries = tsa.queries
    tsa.behaviour = Behaviour.WELL
    work(after_s=5)
    assert tsa.queries == queries + 1
    assert dict(StampRequest.objects.values_list("checkpoint__size", "outcome")) == {3: "superseded", 6: "stamped"}
    assert not Job.objects.filter(kind=STAMP_CHECKPOINT, done_at=None).exists()
    assert list(examine_log()) == []


def test_a_request_that_had_no_turn_yet_keeps_its_place(store: FileObjectStore, tsa: TimestampServer) -> None:
    log = sequencer()
    publish(log, 0, 3)
    publish(log, 3, 3)
    assert StampRequest.objects.count() == 1
    work()
    log.request_stamps()
    work()
    assert dict(StampRequest.objects.values_list("checkpoint__size", "outcome")) == {3: "stamped", 6: "stamped"}


def test_a_token_that_arrives_after_a_newer_stamp_is_not_kept(store: FileObjectStore, tsa: TimestampServer) -> None:
    log = sequencer()
    older = publish(log, 0, 3)
    request = StampRequest.objects.get()
    late = token(tsa, older)
    Job.objects.update(attempts=1)
    publish(log, 3, 3)
    work()
    StampRequest.objects.filter(pk=request.pk).update(outcome="")
    assert not keep_timestamp(StampRequest.objects.get(pk=request.pk), late, now=timezone.now())
    assert list(Timestamp.objects.values_list("size", flat=True)) == [6]
    assert StampRequest.objects.get(pk=request.pk).outcome == StampRequest.SUPERSEDED


def token(tsa: TimestampServer, checkpoint: PublishedCheckpoint) -> StampedToken:
    return request_timestamp(
        authorities()[0], checkpoint_digest(checkpoint), nonce=fresh_nonce(), now=timezone.now(), not_before=None, timeout_s=10)


def test_two_workers_that_hold_a_token_for_one_request_keep_one(store: FileObjectStore, tsa: TimestampServer) -> None:
    published = publish(sequencer(), 0, 3)
    request = StampRequest.objects.get()
    first, second = token(tsa, published), token(tsa, published)
    assert keep_timestamp(request, first, now=timezone.now())
    assert not keep_timestamp(request, second, now=timezone.now())
    assert bytes(Timestamp.objects.get().token) == first.token
    stamp_checkpoint(request.pk)
    assert Timestamp.objects.count() == 1


def test_a_second_authority_adds_its_stamp_to_the_same_checkpoint(store: FileObjectStore, tsa: TimestampServer, settings: Settings) -> None:
    settings.TSAS = f"sandbox-tsa={tsa.url} sandbox-tsa-second={tsa.url}"
    roots = settings.VAR_DIR / "trust" / "tsa"
    (roots / "sandbox-tsa-second.pem").write_bytes((roots / "sandbox-tsa.pem").read_bytes())
    log = sequencer()
    publish(log, 0, 3)
    first, second = jobs.due_jobs(timezone.now())
    jobs.run_job(first)
    before = record_proof(0)
    jobs.run_job(second)
    after = record_proof(0)
    assert (before.proof, before.note) == (after.proof, after.note)
    assert [stamp.authority for stamp in after.stamps] == ["sandbox-tsa", "sandbox-tsa-second"]
    assert list(examine_log()) == []


def test_the_proof_of_a_stamped_record_never_changes(store: FileObjectStore, tsa: TimestampServer) -> None:
    """Grow, publish and stamp in every order; once a record's proof has a stamp, it is the same for ever."""
    log = sequencer()
    frozen: dict[int, bytes] = {}
    size = 0
    for turn, count in enumerate((1, 3, 252, 1, 44, 256, 3)):
        publish(log, size, count)
        size += count
        if turn % 3 != 1:
            work(after_s=turn * 100)
        for index in {0, 1, 3, 255, 256, 300, size - 1} & set(range(size)):
            found = record_proof(index)
            assert frozen.setdefault(index, found.proof) == found.proof or not found.stamps
            if found.stamps:
                frozen[index] = found.proof
            else:
                frozen.pop(index)
    assert len(frozen) >= 6


def test_roots_that_are_not_pinned_postpone_the_job_and_stop_nothing(
    store: FileObjectStore, tsa: TimestampServer, settings: Settings
) -> None:
    (settings.VAR_DIR / "trust" / "tsa" / "sandbox-tsa.pem").unlink()
    publish(sequencer(), 0, 3)
    work()
    assert Job.objects.get().last_error == "timestamp-authorities-misconfigured"


def test_an_authority_that_is_not_configured_any_more_ends_its_request(
    store: FileObjectStore, tsa: TimestampServer, settings: Settings
) -> None:
    publish(sequencer(), 0, 3)
    settings.TSAS = ""
    work()
    assert (StampRequest.objects.get().outcome, Timestamp.objects.count()) == (StampRequest.DROPPED, 0)


def test_the_newest_checkpoint_is_stamped_once_an_interval(store: FileObjectStore, tsa: TimestampServer, settings: Settings) -> None:
    """Checkpoints come as fast as they can and every stamp is answered at once: it is the interval alone that holds requests back."""
    settings.SEQUENCE_INTERVAL_S, settings.CHECKPOINT_INTERVAL_S, settings.STAMP_INTERVAL_S = 0.0, 0.0, 0.5
    log = sequencer()
    newest_then: list[int] = []

    def a_third_stamp() -> bool:
        deposit(LogState.objects.get().size, 1)
        log.turn()
        if StampRequest.objects.count() > len(newest_then):
            newest_then.append(LogState.objects.get().published_size)
        work()
        return len(newest_then) == 3

    wait_until(a_third_stamp)
    asked = list(StampRequest.objects.order_by("requested_at").values_list("requested_at", "checkpoint__size", "outcome"))
    assert [(size, outcome) for _, size, outcome in asked] == [(size, "stamped") for size in newest_then]
    assert all(later[0] - sooner[0] >= timedelta(seconds=0.5) for sooner, later in pairwise(asked))
    assert PublishedCheckpoint.objects.count() > 3


@pytest.fixture
def silent(timestamp_hierarchy: Authority, authority: TimestampServer, settings: Settings) -> Iterator[TimestampServer]:
    """The configured authority is one that takes queries and never answers, until it is stopped."""
    server = TimestampServer(("127.0.0.1", 0), Responder(timestamp_hierarchy))
    server.behaviour = Behaviour.HANG
    settings.TSAS = f"sandbox-tsa={server.url}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.stop()
    thread.join()


def test_deposits_and_publication_go_on_while_an_authority_hangs(
    store: FileObjectStore, silent: TimestampServer, settings: Settings, post_deposit: Post, client: Client
) -> None:
    settings.TSA_TIMEOUT_S = 300.0
    log = sequencer()
    publish(log, 0, 3)
    [job_id] = jobs.due_jobs(timezone.now())
    worker = threading.Thread(target=run_and_close, args=(job_id,))
    worker.start()
    try:
        wait_until(lambda: silent.queries == 1)
        answer = post_deposit(document(), b"while it hangs")
        assert answer.status_code == 201, answer.content
        publish(log, 3, 0)
        assert LogState.objects.get().published_size == 4
        record = client.get(f"/api/v1/records/{answer.json()['records'][0]['record']}").json()
        assert (record["state"], record["log"]["state"], record["time"]["state"]) == ("COMMITTED", "published", "waiting")
        # All of that happened while the worker was still waiting for its answer, with its lease.
        assert worker.is_alive()
        job = Job.objects.get(pk=job_id)
        assert (job.attempts, job.done_at, job.lease_until is None) == (1, None, False)
    finally:
        silent.stop()
        worker.join()
    assert Job.objects.get(pk=job_id).last_error.startswith("timestamp-unavailable: ")


def run_and_close(job_id: int) -> None:
    jobs.run_job(job_id)
    connection.close()
