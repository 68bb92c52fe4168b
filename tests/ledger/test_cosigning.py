"""Nothing is published before the policy's quorum has cosigned it; witnesses that are down, slow or false delay nothing else."""
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from pytest_django import Settings

from common.object_store import FileObjectStore
from ledger.cosigning import Cosigning
from ledger.keys import first_signer
from ledger.models import Checkpoint, LogState, PublishedCheckpoint
from ledger.policies import policy_in_force
from ledger.selectors import log_state
from ledger.sequencer.refusals import WitnessAhead
from ledger.sequencer.service import Sequencer
from ledger.trust import policy_text, quorums_of
from tests.ledger.logs import deposit, sequencer
from tests.ledger.test_fsck import findings, unlock
from tests.ledger.witnesses import Fault, LocalWitness, local_witnesses, policy
from tlog.checkpoint import format_checkpoint
from tlog.note import CosignatureSigner, open_note, sign_note, split_note
from tlog.policy import Witness
from witness.cosigning import SIZE, Answer
from witness.store import Cosigned

ALL, ANY, TWO = "all", "any", "2"


@pytest.fixture
def three(service: str, tmp_path: Path) -> Iterator[list[LocalWitness]]:
    with local_witnesses(tmp_path / "witnesses", "notary", "court", "arbitration") as witnesses:
        yield witnesses


@pytest.fixture
def ask(three: list[LocalWitness], tmp_path: Path, settings: Settings) -> Callable[[str], Sequencer]:
    """A sequencer under the policy that asks for "all", "any" or so many of the three."""

    def under(threshold: str) -> Sequencer:
        file = tmp_path / "policy.txt"
        names = " ".join(each.name for each in three)
        file.write_text(policy(three, f"group witnesses {threshold} {names}", "quorum witnesses"))
        settings.POLICY = str(file)
        return sequencer()

    return under


def publish(log: Sequencer, within_s: float = 4) -> bool:
    """Turn the publishing step until it is over; whether something new is published."""
    before = log.memory.published_size
    deadline = time.monotonic() + within_s
    while not log.publish() and time.monotonic() < deadline and log.memory.size != log.memory.published_size:
        time.sleep(0.01)
    return log.memory.published_size > before


def grow(log: Sequencer, first: int, count: int) -> None:
    deposit(first, count)
    while log.sequence():
        continue


def cosigners(size: int) -> set[str]:
    note = bytes(PublishedCheckpoint.objects.get(size=size).note)
    return {signature.name for signature in open_note(note, policy_in_force().witness_verifiers).signatures}


def test_a_published_checkpoint_bears_every_cosignature_of_its_quorum(ask: Callable[[str], Sequencer]) -> None:
    log = ask(ALL)
    for turn, count in enumerate((1, 255, 1, 300)):
        grow(log, turn * 1000, count)
        assert publish(log)
        assert cosigners(log.memory.size) == {"test/notary", "test/court", "test/arbitration"}
    sizes = list(PublishedCheckpoint.objects.values_list("size", flat=True))
    assert quorums_of(sizes) == dict.fromkeys(sizes, (("notary", "court", "arbitration"), 3))
    assert findings() == []
    assert "— test/" not in bytes(Checkpoint.objects.order_by("size").first().note).decode()  # type: ignore[union-attr]


def test_without_a_quorum_nothing_is_published_and_the_log_goes_on(ask: Callable[[str], Sequencer], three: list[LocalWitness]) -> None:
    log = ask(TWO)
    for each in three[1:]:
        each.stop()
    grow(log, 0, 10)
    assert not publish(log)
    grow(log, 1000, 10)
    assert not publish(log)
    state = LogState.objects.get()
    assert (state.applied_size, state.published_size) == (20, 0)
    three[1].start()
    assert publish(log)
    assert cosigners(20) == {"test/notary", "test/court"}
    three[2].start()
    for number in range(100):  # nobody waits for it until it has answered once
        grow(log, 2000 + number, 1)
        assert publish(log)
        if "test/arbitration" in cosigners(21 + number):
            break
    assert cosigners(log.memory.size) == {"test/notary", "test/court", "test/arbitration"}
    assert findings() == []


def test_one_of_three_that_is_down_or_silent_delays_nobody(ask: Callable[[str], Sequencer], three: list[LocalWitness]) -> None:
    log = ask(TWO)
    three[0].witness.fault = sleeping(5)
    grow(log, 0, 1)
    assert publish(log)
    for turn in range(5):
        grow(log, 1000 * (turn + 1), 1)
        began = time.monotonic()
        assert publish(log)
        # Not a measurement: a witness that is waited for takes its whole second, five times.
        assert time.monotonic() - began < 0.9
    assert cosigners(log.memory.size) == {"test/court", "test/arbitration"}


def sleeping(seconds: float) -> Fault:
    def late(answer: Answer) -> Answer:
        time.sleep(seconds)
        return answer

    return late


OTHER = CosignatureSigner.from_seed("test/notary", b"o" * 32)


def signed_by_another(answer: Answer) -> Answer:
    return Answer(HTTPStatus.OK, OTHER.sign("log\n1\nx\n", 1).encode())


def ahead(answer: Answer) -> Answer:
    return Answer(HTTPStatus.CONFLICT, b"999999999\n", SIZE)


FALSE: dict[str, Fault] = {
    "another key": signed_by_another,
    "no line": lambda _: Answer(HTTPStatus.OK, b""),
    "garbage": lambda _: Answer(HTTPStatus.OK, b"\xff\x00" * 50),
    "a bit changed": lambda answer: Answer(HTTPStatus.OK, answer.body.replace(b"A", b"B")),
    "too long": lambda answer: Answer(HTTPStatus.OK, answer.body * 10_000),
    "a larger size": ahead,
    "409 without a size": lambda _: Answer(HTTPStatus.CONFLICT, b"what?\n", SIZE),
    "409 of another type": lambda _: Answer(HTTPStatus.CONFLICT, b"0\n"),
    "409 for ever": lambda _: Answer(HTTPStatus.CONFLICT, b"0\n", SIZE),
    "refused": lambda _: Answer(HTTPStatus.UNPROCESSABLE_ENTITY, b"no\n"),
    "broken": lambda _: Answer(HTTPStatus.INTERNAL_SERVER_ERROR, b""),
    "redirect": lambda _: Answer(HTTPStatus.FOUND, b""),
}


@pytest.mark.parametrize("fault", FALSE, ids=list(FALSE))
def test_a_false_answer_counts_for_nothing_and_the_others_go_on(
    ask: Callable[[str], Sequencer], three: list[LocalWitness], fault: str
) -> None:
    log = ask(TWO)
    three[0].witness.fault = FALSE[fault]
    grow(log, 0, 5)
    assert publish(log)
    assert cosigners(5) == {"test/court", "test/arbitration"}
    three[1].witness.fault = FALSE[fault]
    grow(log, 1000, 5)
    assert not publish(log)
    three[0].witness.fault = three[1].witness.fault = None
    grow(log, 2000, 5)
    assert publish(log)
    assert len(cosigners(15)) >= 2
    assert findings() == []


def test_a_cosignature_from_the_future_is_not_taken(ask: Callable[[str], Sequencer], three: list[LocalWitness]) -> None:
    """No timestamp may be earlier than it: one such line would spoil every stamp of the checkpoint."""
    log = ask(TWO)
    three[0].clock = lambda: time.time() + 3600
    grow(log, 0, 5)
    assert publish(log)
    assert cosigners(5) == {"test/court", "test/arbitration"}


def test_a_new_sequencer_learns_what_its_witnesses_know(ask: Callable[[str], Sequencer], three: list[LocalWitness]) -> None:
    """Killed between cosigning and publishing: the witnesses are ahead of what is published."""
    log = ask(ALL)
    grow(log, 0, 300)
    assert publish(log)
    grow(log, 1000, 300)
    assert not log.publish()
    while log._round is not None and not all(future.done() for _, future in log._round.asked):
        time.sleep(0.01)
    assert {each.store.latest(log.memory.origin).size for each in three} == {600}  # type: ignore[union-attr]
    again = sequencer()
    assert again.memory.published_size == 300
    assert publish(again)
    assert cosigners(600) == {"test/notary", "test/court", "test/arbitration"}
    assert findings() == []


def test_a_witness_that_knows_more_than_we_is_never_guessed_at(
    ask: Callable[[str], Sequencer], three: list[LocalWitness], caplog: pytest.LogCaptureFixture
) -> None:
    """It may mean that this database is an old copy: nothing is signed anew over its head."""
    log = ask(ALL)
    three[1].witness.fault = ahead
    grow(log, 0, 5)
    assert not publish(log)
    assert "it cosigned size 999999999 already, and this checkpoint has 5" in caplog.text


def test_a_policy_without_a_quorum_publishes_at_once_and_calls_nothing_witnessed(
    ask: Callable[[str], Sequencer], three: list[LocalWitness], tmp_path: Path
) -> None:
    ask(ALL)
    (tmp_path / "policy.txt").write_text(policy(three, "quorum none"))
    log = sequencer()
    for each in three:
        each.stop()
    grow(log, 0, 5)
    assert publish(log)
    assert quorums_of([5]) == {}
    for each in three:
        each.start()


def test_fsck_names_a_cosignature_that_was_changed_by_hand(ask: Callable[[str], Sequencer], store: FileObjectStore) -> None:
    log = ask(ALL)
    grow(log, 0, 5)
    assert publish(log)
    row = PublishedCheckpoint.objects.get(size=5)
    lines = split_note(bytes(row.note))[1]
    changed = bytes(row.note).replace(lines[-1].payload[-20:-4].encode(), lines[-1].payload[-19:-3].encode())
    assert changed != bytes(row.note)
    unlock()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_publishedcheckpoint SET note = %s", [changed])
    assert any("does not verify" in finding for finding in findings())


@pytest.mark.parametrize(("text", "said"), [
    (None, "cannot be read"), ("nonsense\n", "is no policy"), ("quorum none\n", "does not name this log's key"),
    ("log {log}\nwitness w {key} ftp://w.example\nquorum none\n", "is not http or https"),
    ("log {log}\nwitness w {key} http://[::1\nquorum none\n", "is not http or https"),
    ("log {log} ftp://log.example\nquorum none\n", "the address of the log .* is not http or https"),
    ("log {log}\nlog {key} http://[::1\nquorum none\n", "the address of the log .* is not http or https"),
    ("log {log}\nlog {key} https://log.example:0/log\nquorum none\n", "the address of the log .* is not http or https"),
    ("log {log}\nwitness w {key}\nquorum w\n", "can never be the quorum w"),
])
def test_a_policy_that_cannot_be_used_is_refused_and_harms_nothing_else(
    service: str, tmp_path: Path, settings: Settings, text: str | None, said: str
) -> None:
    before = policy_text()
    settings.POLICY = str(tmp_path / "policy.txt")
    if text is not None:
        (tmp_path / "policy.txt").write_text(text.format(log=log_state().vkey, key=OTHER.vkey))
    with pytest.raises(ImproperlyConfigured, match=said):
        sequencer()
    assert policy_text() == before
    assert not (settings.VAR_DIR / "policies").exists()


def test_database_and_storage_restored_together_are_found_out_by_a_witness_before_the_first_signature(
    ask: Callable[[str], Sequencer], three: list[LocalWitness]
) -> None:
    log = ask(ANY)
    grow(log, 0, 5)
    origin = log.memory.origin
    text = format_checkpoint(origin=origin, size=7, root=bytes(32))
    ahead = Cosigned(7, bytes(32), sign_note(text, [first_signer(origin)]), 1)
    assert three[1].store.advance(origin, None, ahead)
    with pytest.raises(WitnessAhead, match="court has cosigned a checkpoint of size 7, and this database ends at 5"):
        publish(log)
    assert not Checkpoint.objects.exists()


def test_without_any_witness_to_hear_nothing_is_signed_after_a_start(ask: Callable[[str], Sequencer], three: list[LocalWitness]) -> None:
    log = ask(ANY)
    for each in three:
        each.stop()
    grow(log, 0, 5)
    assert not publish(log)
    assert not Checkpoint.objects.exists()
    for each in three:
        each.start()
    assert publish(log)


def test_an_answer_that_moves_the_empty_line_is_not_taken(ask: Callable[[str], Sequencer], three: list[LocalWitness]) -> None:
    """Its signature is by the right key, of another text; in the note it would make everybody's cosignatures fail."""
    log = ask(TWO)
    grow(log, 0, 5)

    def moved(answer: Answer) -> Answer:
        text = format_checkpoint(origin=log.memory.origin, size=5, root=log.memory.root) + "\nextra\n"
        return Answer(HTTPStatus.OK, f"extra\n\n{three[0].signer.sign(text, int(time.time()))}".encode())

    three[0].witness.fault = moved
    assert publish(log)
    assert cosigners(5) == {"test/court", "test/arbitration"}


def test_a_witness_that_hangs_is_asked_again_only_when_it_has_answered(ask: Callable[[str], Sequencer], three: list[LocalWitness]) -> None:
    log = ask(TWO)
    three[0].witness.fault = sleeping(3)
    for turn in range(12):
        grow(log, 1000 * turn, 1)
        assert publish(log)
        assert cosigners(log.memory.size) == {"test/court", "test/arbitration"}
    three[0].witness.fault = None
    deadline = time.monotonic() + 10
    while "test/notary" not in cosigners(log.memory.size):
        assert time.monotonic() < deadline
        time.sleep(0.3)
        grow(log, 100_000 + log.memory.size, 1)
        assert publish(log)


def test_before_the_first_signature_a_witness_that_hangs_has_one_question_before_it(
    ask: Callable[[str], Sequencer], three: list[LocalWitness], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that hangs bounds nothing: questions of hours would all have to be asked before the witness is heard again."""
    log, goes_on = ask(ANY), threading.Event()
    asked: list[str] = []

    def hanging(_: Cosigning, witness: Witness, origin: str) -> int:
        asked.append(witness.name)
        assert goes_on.wait(60)
        return 0

    with monkeypatch.context() as patched:
        patched.setattr(Cosigning, "_monitored_size", hanging)
        for _ in range(3):
            assert not log.cosigning.heard(log.memory.origin, 0)
        goes_on.set()
        for known in log.cosigning._known:
            known.thread.submit(lambda: None).result(30)  # behind whatever waits there
        assert sorted(asked) == ["arbitration", "court", "notary"]
    assert log.cosigning.heard(log.memory.origin, 0)


def test_an_address_may_end_in_a_slash(ask: Callable[[str], Sequencer], three: list[LocalWitness], tmp_path: Path) -> None:
    ask(ALL)
    file = tmp_path / "policy.txt"
    file.write_text("\n".join(f"{line}/sub/" if line.startswith("witness ") else line for line in file.read_text().split("\n")))
    for each in three:
        each.server.prefix = "/sub"
    log = sequencer()
    grow(log, 0, 5)
    assert publish(log)
    assert cosigners(5) == {"test/notary", "test/court", "test/arbitration"}
