"""Each status of C2SP tlog-witness, and what is on the disk when it is answered."""
import hashlib
import itertools
import logging
import sqlite3
import threading
import time
import tracemalloc
from collections import UserDict
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.witness.logs import ORIGIN, WITNESS, Log, body, entries
from tlog.checkpoint import format_checkpoint, parse_checkpoint
from tlog.encoding import encode_base64
from tlog.fork import Fork, verify_fork
from tlog.merkle import EMPTY_ROOT
from tlog.note import Signer, Verifier, format_note, open_note, sign_note
from tlog.signer import MlDsaCosignatureSigner
from tlog.verifier import ECDSA
from witness.cosigning import PARSED_AT_ONCE, SIZE, Answer, KnownLog, Witness
from witness.request import MAX_PROOF, MAX_TEXT, MAX_TEXT_LINES
from witness.store import KEPT_CONFLICTS, KEPT_SEEN, Cosigned, Statement, Store

LOG, FORKED = Log(entries(600)), Log([*entries(3), b"another", *entries(600)[4:]])
PATH = hashlib.sha256(ORIGIN.encode()).hexdigest()
NOW = 1_800_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "witness.sqlite3")
    yield store
    store.close()


@pytest.fixture
def witness(store: Store) -> Witness:
    return made(store)


def made(store: Store, *, log: Log = LOG, ready: Callable[[KnownLog], str | None] = lambda _: None) -> Witness:
    known = KnownLog(log.origin, (log.signer.verifier,), "http://127.0.0.1:1")
    return Witness({log.origin: known}, (WITNESS,), store, clock=itertools.count(NOW).__next__, ready=ready)


def grown(witness: Witness, *sizes: int, log: Log = LOG) -> None:
    for old, new in itertools.pairwise((0, *sizes)):
        assert witness.add_checkpoint(log.request(old, new)).status == HTTPStatus.OK


def refused(answer: Answer, status: int) -> str:
    """The sentence of a refusal, which holds no signature."""
    assert answer.status == status
    assert "— ".encode() not in answer.body
    return answer.body.decode()


def test_what_continues_is_cosigned_at_the_time_of_the_clock(witness: Witness) -> None:
    for turn, (old, new) in enumerate(((0, 1), (1, 255), (255, 256), (256, 257), (257, 600), (600, 600))):
        answer = witness.add_checkpoint(LOG.request(old, new))
        assert answer.status == HTTPStatus.OK
        note = open_note(LOG.checkpoint(new) + answer.body, [WITNESS.verifier])
        assert [line.timestamp for line in note.signatures] == [NOW + turn]


def test_each_size_to_each_size(tmp_path: Path) -> None:
    small = Log(entries(9))
    for old, new in itertools.combinations_with_replacement(range(1, 10), 2):
        store = Store(tmp_path / f"{old}-{new}.sqlite3")
        witness = made(store, log=small)
        grown(witness, old, log=small)
        assert witness.add_checkpoint(small.request(old, new)).status == HTTPStatus.OK
        assert witness.add_checkpoint(small.request(old, new)).status == (HTTPStatus.OK if old == new else HTTPStatus.CONFLICT)
        store.close()


@pytest.mark.parametrize(("text", "status"), [
    (b"", 400), (b"\n\n", 400), (b"old 0\n", 400), (b"old 0\n\n", 400), (LOG.checkpoint(5), 400),
    (b"OLD 0\n\n" + LOG.checkpoint(5), 400), (b"old\n\n" + LOG.checkpoint(5), 400), (b"old  0\n\n" + LOG.checkpoint(5), 400),
    (body("00", [], LOG.checkpoint(5)), 400), (body("-1", [], LOG.checkpoint(5)), 400), (body(1 << 63, [], LOG.checkpoint(5)), 400),
    (body("0 ", [], LOG.checkpoint(5)), 400), (body("٠", [], LOG.checkpoint(5)), 400), (body(6, [], LOG.checkpoint(5)), 400),
    (body(0, [b"31 bytes" * 3 + b"seven.."], LOG.checkpoint(5)), 400), (b"old 0\nno base64\n\n" + LOG.checkpoint(5), 400),
    (body(0, [bytes(32)] * (MAX_PROOF + 1), LOG.checkpoint(5)), 400), (body(0, [], LOG.checkpoint(5)[:-1]), 400),
    (body(0, [], b"\xff" + LOG.checkpoint(5)), 400), (body(0, [], LOG.checkpoint(5).replace(b"\n5\n", b"\n05\n")), 400),
    (body(0, [], sign_note("no checkpoint\n", [LOG.signer])), 400),
    (body(0, [], Log(entries(5), origin="x" * 256).checkpoint(5)), 400),
    (body(0, [], Log(entries(5), origin="other.example/log").checkpoint(5)), 404),
    (body(0, [], Log(entries(5), seed=b"x" * 32).checkpoint(5)), 403),
    (body(0, [], LOG.checkpoint(5).replace(b"\n5\n", b"\n6\n")), 403),
    (body(0, [], LOG.checkpoint(5) + "— stranger.example !!!!\n".encode()), 403),
    (body(1, [], LOG.checkpoint(5)), 409), (body(5, [], LOG.checkpoint(5)), 409),
    (body(0, [bytes(32)], LOG.checkpoint(5)), 422),
    (body(0, [], sign_note(format_checkpoint(origin=ORIGIN, size=0, root=bytes(32)), [LOG.signer])), 422),
    (body(0, [], sign_note(format_checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT), [LOG.signer])), 200),
])
def test_a_first_request_is_answered_with_the_status_of_its_first_fault(witness: Witness, text: bytes, status: int) -> None:
    answer = witness.add_checkpoint(text)
    assert answer.status == status
    if status != HTTPStatus.OK:
        assert "— ".encode() not in answer.body
        assert witness.checkpoint(PATH).status == HTTPStatus.NOT_FOUND


def test_another_old_size_is_a_409_with_ours_as_the_specification_spells_it(witness: Witness) -> None:
    grown(witness, 300)
    for old in (0, 1, 299, 301):
        answer = witness.add_checkpoint(LOG.request(old, 600))
        assert (answer.status, answer.media_type, answer.body) == (HTTPStatus.CONFLICT, SIZE, b"300\n")
    assert witness.add_checkpoint(LOG.request(300, 600)).status == HTTPStatus.OK


def test_a_smaller_tree_is_never_cosigned_again(witness: Witness) -> None:
    grown(witness, 300)
    assert witness.add_checkpoint(LOG.request(200, 200)).body == b"300\n"
    refused(witness.add_checkpoint(LOG.request(300, 200)), 400)


def test_every_bit_of_a_consistency_proof_counts(store: Store, witness: Witness) -> None:
    grown(witness, 37)
    proof = LOG.proof(37, 600)
    for place, bit in itertools.product(range(len(proof)), range(0, 256, 5)):
        changed = list(proof)
        changed[place] = (int.from_bytes(proof[place]) ^ 1 << bit).to_bytes(32)
        refused(witness.add_checkpoint(body(37, changed, LOG.checkpoint(600))), 422)
    for wrong in ([], proof[1:], proof[:-1], [*proof, bytes(32)]):
        refused(witness.add_checkpoint(body(37, wrong, LOG.checkpoint(600))), 422)
    latest = store.latest(ORIGIN)
    assert latest is not None
    assert latest.size == 37


def test_a_fork_is_refused_and_its_proof_is_kept_for_anyone_to_verify(store: Store, witness: Witness) -> None:
    grown(witness, 10, 300)
    refused(witness.add_checkpoint(FORKED.request(300, 300)), 422)
    refused(witness.add_checkpoint(body(300, FORKED.proof(300, 600), FORKED.checkpoint(600))), 422)
    one, other = [conflict.note for conflict in store.conflicts(ORIGIN)]
    assert verify_fork(one, other, log_verifiers=[LOG.signer.verifier]) == Fork.SAME_SIZE


def test_a_contradiction_with_a_wrong_old_size_is_kept_as_well(store: Store, witness: Witness) -> None:
    grown(witness, 300)
    assert witness.add_checkpoint(FORKED.request(0, 300)).status == HTTPStatus.CONFLICT
    assert len(store.conflicts(ORIGIN)) == 2


def test_of_contradictions_a_hundred_are_kept(store: Store, witness: Witness) -> None:
    grown(witness, 300)
    for number in range(KEPT_CONFLICTS + 20):
        text = format_checkpoint(origin=ORIGIN, size=300, root=number.to_bytes(32))
        refused(witness.add_checkpoint(body(300, [], sign_note(text, [LOG.signer]))), 422)
    assert len(store.conflicts(ORIGIN)) == KEPT_CONFLICTS


def test_a_pair_is_kept_whole_or_not_at_all(store: Store, witness: Witness) -> None:
    """After 99 notes there is room for one: a pair at another size has none, another root of a size that is there has."""
    grown(witness, 300)
    for number in range(KEPT_CONFLICTS - 2):
        text = format_checkpoint(origin=ORIGIN, size=300, root=number.to_bytes(32))
        refused(witness.add_checkpoint(body(300, [], sign_note(text, [LOG.signer]))), 422)
    grown_on = witness.add_checkpoint(LOG.request(300, 600))
    assert grown_on.status == HTTPStatus.OK
    refused(witness.add_checkpoint(FORKED.request(600, 600)), 422)
    assert {(conflict.size, len(store.conflicts(ORIGIN))) for conflict in store.conflicts(ORIGIN)} == {(300, KEPT_CONFLICTS - 1)}
    assert witness.add_checkpoint(FORKED.request(0, 300)).status == HTTPStatus.CONFLICT
    assert len(store.conflicts(ORIGIN)) == KEPT_CONFLICTS


@pytest.mark.parametrize("first", [LOG.request(10, 20), FORKED.request(0, 20), body(10, [bytes(32)], FORKED.checkpoint(20))])
def test_contradictions_are_found_at_sizes_that_were_passed(store: Store, witness: Witness, first: bytes) -> None:
    """The first note of size 20 was cosigned, answered 409, or answered 422; the second comes when the witness is at 600."""
    grown(witness, 10)
    status = witness.add_checkpoint(first).status
    assert store.conflicts(ORIGIN) == []
    at = 20 if status == HTTPStatus.OK else 10
    assert witness.add_checkpoint(LOG.request(at, 600)).status == HTTPStatus.OK
    second = FORKED if status == HTTPStatus.OK else LOG
    assert witness.add_checkpoint(second.request(0, 20)).status == HTTPStatus.CONFLICT
    one, other = [conflict.note for conflict in store.conflicts(ORIGIN)]
    assert verify_fork(one, other, log_verifiers=[LOG.signer.verifier]) == Fork.SAME_SIZE


def test_the_loser_of_a_race_is_compared_too(tmp_path: Path, store: Store) -> None:
    """Another process advances between this one's look and its step, with the other history."""
    other = Store(tmp_path / "witness.sqlite3")

    class Overtaken(Store):
        def latest(self, origin: str) -> Cosigned | None:
            latest = super().latest(origin)
            if latest is None:
                assert made(other).add_checkpoint(FORKED.request(0, 300)).status == HTTPStatus.OK
            return latest

    overtaken = Overtaken(tmp_path / "witness.sqlite3")
    answer = made(overtaken).add_checkpoint(LOG.request(0, 300))
    assert (answer.status, answer.body) == (HTTPStatus.CONFLICT, b"300\n")
    one, two = [conflict.note for conflict in store.conflicts(ORIGIN)]
    assert verify_fork(one, two, log_verifiers=[LOG.signer.verifier]) == Fork.SAME_SIZE
    for each in (other, overtaken):
        each.close()


def test_two_roots_under_two_keys_of_a_log_prove_nothing(store: Store) -> None:
    successor = Signer.from_seed(ORIGIN, b"2" * 32)
    known = KnownLog(ORIGIN, (LOG.signer.verifier, successor.verifier), "http://127.0.0.1:1")
    witness = Witness({ORIGIN: known}, (WITNESS,), store, clock=lambda: NOW, ready=lambda _: None)
    grown(witness, 300)
    text = format_checkpoint(origin=ORIGIN, size=300, root=bytes(32))
    refused(witness.add_checkpoint(body(300, [], sign_note(text, [successor]))), 422)
    assert store.conflicts(ORIGIN) == []


def test_ten_thousand_notes_of_a_log_are_remembered_and_the_oldest_go_first(store: Store) -> None:
    roots = (bytes(32), b"x" * 32)
    store.remember(ORIGIN, [Statement(size, roots[0], "key", b"%d" % size) for size in range(KEPT_SEEN + 3)], now=NOW)
    store.remember("another", [Statement(0, roots[0], "key", b"")], now=NOW)
    [count] = store._connection.execute("SELECT count(*) FROM seen WHERE origin = ?", (ORIGIN,)).fetchone()
    assert count == KEPT_SEEN
    store.remember(ORIGIN, [Statement(size, roots[1], "key", b"other") for size in (0, KEPT_SEEN)], now=NOW)
    assert [conflict.size for conflict in store.conflicts(ORIGIN)] == [KEPT_SEEN, KEPT_SEEN]


def test_no_cosignature_is_earlier_than_the_last_one(store: Store) -> None:
    known = KnownLog(ORIGIN, (LOG.signer.verifier,), "http://127.0.0.1:1")
    moments = iter((NOW, NOW - 3600, NOW + 1))
    witness = Witness({ORIGIN: known}, (WITNESS,), store, clock=moments.__next__, ready=lambda _: None)
    times = []
    for old, new in ((0, 5), (5, 9), (9, 12)):
        answer = witness.add_checkpoint(LOG.request(old, new))
        times += [line.timestamp for line in open_note(LOG.checkpoint(new) + answer.body, [WITNESS.verifier]).signatures]
    assert times == [NOW, NOW, NOW + 1]


def test_a_422_stands_in_the_log_of_the_witness(witness: Witness, caplog: pytest.LogCaptureFixture) -> None:
    grown(witness, 300)
    refused(witness.add_checkpoint(body(300, FORKED.proof(300, 600), FORKED.checkpoint(600))), 422)
    [line] = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert line.getMessage().startswith(f"{ORIGIN}: a checkpoint of size 600 was refused: ")


def test_refusals_are_counted_of_the_logs_own_statements_and_the_row_ends_with_a_cosignature(store: Store, witness: Witness) -> None:
    grown(witness, 300)
    assert store.refusals(ORIGIN) is None
    for _ in range(2):
        refused(witness.add_checkpoint(body(300, [], LOG.checkpoint(600))), 422)
    # Anybody could send these, and a log that asks from another size is told which.
    refused(witness.add_checkpoint(body(300, [], Log(entries(600), seed=b"x" * 32).checkpoint(600))), 403)
    assert witness.add_checkpoint(LOG.request(0, 600)).status == HTTPStatus.CONFLICT
    found = store.refusals(ORIGIN)
    assert found is not None
    assert (found.count, found.in_a_row, found.reason[:17]) == (2, 2, "consistency proof")
    assert witness.add_checkpoint(LOG.request(300, 600)).status == HTTPStatus.OK
    refused(witness.add_checkpoint(FORKED.request(600, 600)), 422)
    again = store.refusals(ORIGIN)
    assert again is not None
    assert (again.count, again.in_a_row) == (3, 1)
    assert again.last_at > found.last_at


def test_a_stranger_who_sends_the_cosigned_checkpoint_with_a_proof_alarms_nobody(
    store: Store, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    """Everybody has that checkpoint; `status` would tell the witness's people that the log contradicts what they signed."""
    grown(witness, 300)
    refused(witness.add_checkpoint(body(300, [bytes(32)], LOG.checkpoint(300))), 422)
    assert store.refusals(ORIGIN) is None
    assert caplog.records == []


def test_each_commit_of_the_file_is_flushed_before_it_returns(store: Store) -> None:
    """With NORMAL a power cut would take the last commits, and no test by killing can show that."""
    asked = [store._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert asked == ["wal", 2]


def test_a_file_is_not_closed_under_whoever_writes_to_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "closed.sqlite3")
    with store._writing() as cursor:
        closing = threading.Thread(target=store.close)
        closing.start()
        closing.join(0.2)
        cursor.execute("INSERT INTO trouble (origin, reason, since) VALUES ('a', 'b', 1)")
        assert closing.is_alive()
    closing.join(30)
    with pytest.raises(sqlite3.Error):
        store.latest(ORIGIN)
    again = Store(tmp_path / "closed.sqlite3")
    assert again.trouble("a") is not None
    again.close()


def test_one_line_of_each_log_key_is_kept(store: Store) -> None:
    """An ECDSA key signs one text in any number of ways; all of them with ours would be more lines than a note may have."""
    key = ec.generate_private_key(ec.SECP256R1())
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    verifier = Verifier.from_public_key(ORIGIN, ECDSA, spki)
    text = format_checkpoint(origin=ORIGIN, size=5, root=LOG.root(5))
    lines = [f"— {ORIGIN} {encode_base64(verifier.key_id + key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))}\n" for _ in range(128)]
    log = KnownLog(ORIGIN, (verifier,), "http://127.0.0.1:1")
    witness = Witness({ORIGIN: log}, (WITNESS,), store, clock=lambda: NOW, ready=lambda _: None)
    assert witness.add_checkpoint(body(0, [], format_note(text, lines))).status == HTTPStatus.OK
    page = witness.checkpoint(PATH)
    assert len(open_note(page.body, [verifier, WITNESS.verifier]).signatures) == 2


@pytest.mark.parametrize("text", [
    b"old 0" + b"\n" * 0x7_0000 + LOG.checkpoint(5), b"old 0\n" + b"A\n" * 0x3_0000 + b"\n" + LOG.checkpoint(5),
    b"old 0\n\n" + b"A\n" * 0x3_0000 + LOG.checkpoint(5), b"old 0\n\n" + LOG.checkpoint(5) + b"\n" * 0x7_0000,
])
def test_lines_without_end_are_counted_before_they_are_taken_apart(witness: Witness, text: bytes) -> None:
    tracemalloc.start()
    try:
        refused(witness.add_checkpoint(text), 400)
        assert tracemalloc.get_traced_memory()[1] < 3 * len(text)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("extensions", "status"), [
    (["x"] * (MAX_TEXT_LINES - 3), 200), (["x"] * (MAX_TEXT_LINES - 2), 400), (["x" * MAX_TEXT], 400),
])
def test_a_checkpoint_has_no_more_than_a_few_lines(witness: Witness, extensions: list[str], status: int) -> None:
    text = format_checkpoint(origin=ORIGIN, size=5, root=LOG.root(5), extensions=extensions)
    assert witness.add_checkpoint(body(0, [], sign_note(text, [LOG.signer]))).status == status


def test_no_more_than_a_few_requests_are_taken_apart_at_one_time(store: Store) -> None:
    at_once: list[int] = []
    inside = threading.Semaphore(1000)

    class Slow(UserDict[str, KnownLog]):
        def __getitem__(self, key: str) -> KnownLog:
            with inside:
                at_once.append(1000 - inside._value)
                time.sleep(0.02)
            raise KeyError(key)

    witness = Witness(Slow(), (WITNESS,), store, clock=lambda: NOW, ready=lambda _: None)
    threads = [threading.Thread(target=witness.add_checkpoint, args=(LOG.request(0, 5),)) for _ in range(4 * PARSED_AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 < max(at_once) <= PARSED_AT_ONCE


def test_nothing_unsigned_by_the_log_is_kept(store: Store, witness: Witness) -> None:
    grown(witness, 300)
    text = format_checkpoint(origin=ORIGIN, size=300, root=bytes(32))
    refused(witness.add_checkpoint(body(300, [], sign_note(text, [Signer.from_seed(ORIGIN, b"x" * 32)]))), 403)
    assert store.conflicts(ORIGIN) == []


def test_the_monitoring_page_has_the_logs_line_and_ours_and_no_strangers(witness: Witness) -> None:
    text = format_checkpoint(origin=ORIGIN, size=5, root=LOG.root(5))
    stranger = Signer.from_seed("stranger.example", b"s" * 32)
    sent = format_note(text, [stranger.sign(text), LOG.signer.sign(text), LOG.signer.sign(text)])
    cosignature = witness.add_checkpoint(body(0, [], sent)).body.decode()
    page = witness.checkpoint(PATH)
    assert page.status == HTTPStatus.OK
    assert page.body == format_note(text, [LOG.signer.sign(text), cosignature])
    assert parse_checkpoint(open_note(page.body, [LOG.signer.verifier, WITNESS.verifier]).text).size == 5
    refused(witness.checkpoint(hashlib.sha256(b"another").hexdigest()), 404)


def test_nothing_is_signed_that_could_not_be_persisted(store: Store) -> None:
    """A disk that fails after the check: the answer is an error, and the state is that of before."""
    grown(made(store), 10)

    class Failing(Store):
        def advance(self, origin: str, expected: Cosigned | None, new: Cosigned, seen: Sequence[Statement] = ()) -> bool:
            raise sqlite3.OperationalError("disk I/O error")

    failing = Failing(Path(store._connection.execute("PRAGMA database_list").fetchone()[2]))
    with pytest.raises(sqlite3.OperationalError):
        made(failing).add_checkpoint(LOG.request(10, 20))
    assert failing.latest(ORIGIN) == store.latest(ORIGIN)
    failing.close()


def test_what_is_answered_is_on_the_disk_already(tmp_path: Path, store: Store) -> None:
    """Another connection sees the new size before the signature is made."""
    other = Store(tmp_path / "witness.sqlite3")
    seen: list[int] = []

    class Looking:
        def sign(self, text: str, timestamp: int) -> str:
            latest = other.latest(ORIGIN)
            seen.append(latest.size if latest else 0)
            return WITNESS.sign(text, timestamp)

    known = KnownLog(ORIGIN, (LOG.signer.verifier,), "http://127.0.0.1:1")
    witness = Witness({ORIGIN: known}, (Looking(),), store, clock=lambda: NOW, ready=lambda _: None)
    grown(witness, 10, 20)
    assert seen == [10, 20]
    other.close()


def test_of_requests_that_race_one_wins_and_the_witness_never_goes_back(tmp_path: Path) -> None:
    """Eight threads over two connections to the file, as two processes would have, each with another next size."""
    stores = [Store(tmp_path / "shared.sqlite3") for _ in range(2)]
    witnesses = [made(store) for store in stores]
    grown(witnesses[0], 1)
    sizes, old = [1], 1
    for turn in range(20):
        wanted = [old + 1 + (turn + place) % 8 for place in range(8)]
        answers: list[tuple[int, Answer]] = []
        barrier = threading.Barrier(8)

        def ask(place: int, size: int, old: int = old, barrier: threading.Barrier = barrier,
                answers: list[tuple[int, Answer]] = answers) -> None:
            request = LOG.request(old, size)
            barrier.wait()
            answers.append((size, witnesses[place % 2].add_checkpoint(request)))

        threads = [threading.Thread(target=ask, args=each) for each in enumerate(wanted)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        [(winner, _)] = [each for each in answers if each[1].status == HTTPStatus.OK]
        assert {answer.status for size, answer in answers if size != winner} == {HTTPStatus.CONFLICT}
        assert {answer.body for size, answer in answers if size != winner} == {b"%d\n" % winner}
        old = winner
        sizes.append(winner)
    assert sizes == sorted(set(sizes))
    for store in stores:
        store.close()


def test_a_log_that_is_not_ready_is_not_cosigned(store: Store) -> None:
    witness = made(store, ready=lambda log: f"not yet: {log.origin}")
    assert refused(witness.add_checkpoint(LOG.request(0, 5)), 503) == f"not yet: {ORIGIN}\n"
    assert store.latest(ORIGIN) is None


def test_an_ml_dsa_cosignature_stands_beside_the_other(store: Store) -> None:
    second = MlDsaCosignatureSigner.from_seed(WITNESS.verifier.name, b"m" * 32)
    known = KnownLog(ORIGIN, (LOG.signer.verifier,), "http://127.0.0.1:1")
    witness = Witness({ORIGIN: known}, (WITNESS, second), store, clock=lambda: NOW, ready=lambda _: None)
    answer = witness.add_checkpoint(LOG.request(0, 5))
    note = open_note(LOG.checkpoint(5) + answer.body, [WITNESS.verifier, second.verifier])
    assert [line.timestamp for line in note.signatures] == [NOW, NOW]


def test_both_keys_of_a_log_count_while_it_changes_them(store: Store) -> None:
    successor = Signer.from_seed(ORIGIN, b"2" * 32)
    known = KnownLog(ORIGIN, (LOG.signer.verifier, successor.verifier), "http://127.0.0.1:1")
    witness = Witness({ORIGIN: known}, (WITNESS,), store, clock=lambda: NOW, ready=lambda _: None)
    grown(witness, 5)
    text = format_checkpoint(origin=ORIGIN, size=9, root=LOG.root(9))
    assert witness.add_checkpoint(body(5, LOG.proof(5, 9), sign_note(text, [successor]))).status == HTTPStatus.OK


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_request_with_any_bytes_changed_is_refused_or_means_the_same(data: st.DataObject) -> None:
    request = LOG.request(3, 12)
    start = data.draw(st.integers(0, len(request)))
    end = data.draw(st.integers(start, min(len(request), start + 4)))
    changed = request[:start] + data.draw(st.binary(max_size=4)) + request[end:]
    store = Store(Path(":memory:"))
    witness = made(store)
    grown(witness, 3)
    answer = witness.add_checkpoint(changed)
    assert answer.status in (200, 400, 403, 404, 409, 422)
    if answer.status == HTTPStatus.OK:
        text, _, _ = changed.partition(b"\n\n")[2].rpartition(b"\n\n")
        assert text.split(b"\n")[:3] == [ORIGIN.encode(), b"12", encode_base64(LOG.root(12)).encode()]
    store.close()
