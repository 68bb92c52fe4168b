"""A witness whose file is that of last week: it finds out before its first signature, and goes on only with a proof."""
import hashlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.witness.logs import ORIGIN, WITNESS, Log, entries, served
from tlog.fork import Fork, verify_fork
from tlog.note import CosignatureSigner
from witness.cosigning import KnownLog, Witness
from witness.fetching import NotReadError
from witness.rollback import EMPTY, REMEMBERED_S, UNREAD, Fetch, RollbackCheck, fetched
from witness.store import Cosigned, Store

LOG = Log(entries(70_000))
FORKED = Log([*entries(3), b"another", *entries(1000)[4:]])
MONITORED = f"/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
NOW = 1_800_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "witness.sqlite3")
    yield store
    store.close()


def stored(store: Store, size: int, log: Log = LOG) -> None:
    assert store.advance(ORIGIN, store.latest(ORIGIN), Cosigned(size, log.root(size), log.checkpoint(size), 1))


def check(
    store: Store, *, peers: tuple[str, ...] = (), first_start: bool = False, resync: bool = False, read: Fetch = fetched,
    monotonic: Callable[[], float] = time.monotonic,
) -> RollbackCheck:
    return RollbackCheck(
        store, (WITNESS.verifier,), peers=peers, clock=lambda: NOW, first_start=first_start, resync=resync, read=read, monotonic=monotonic)


def tiles(log: Log) -> dict[str, bytes]:
    return {f"/{path}": data for path, data in log.tiles.items()}


def size_of(store: Store) -> int | None:
    latest = store.latest(ORIGIN)
    return None if latest is None else latest.size


def known(url: str) -> KnownLog:
    return KnownLog(ORIGIN, (LOG.signer.verifier,), url)


NOWHERE = "http://127.0.0.1:1"


def test_a_log_whose_checkpoint_is_not_beyond_ours_may_be_cosigned(store: Store) -> None:
    stored(store, 500)
    for page in (LOG.checkpoint(400), LOG.checkpoint(500), LOG.cosigned(400), LOG.cosigned(500)):
        with served({"/checkpoint": page}) as url:
            assert check(store)(known(url)) is None
    assert store.trouble(ORIGIN) is None


@pytest.mark.parametrize("place", ["log", "peer"])
@pytest.mark.parametrize("before", [500, 512, 899])
def test_what_the_log_signed_is_a_floor_though_we_are_not_on_it(store: Store, place: str, before: int) -> None:
    """A restored file: neither the log's newest note nor a peer's page carries our line, and yet there is no way back."""
    stored(store, before)
    beyond, behind = LOG.checkpoint(900), LOG.checkpoint(100)
    pages = {"/checkpoint": beyond if place == "log" else behind, f"/peer{MONITORED}": beyond if place == "peer" else behind, **tiles(LOG)}
    with served(pages) as url:
        assert check(store, peers=(f"{url}/peer",))(known(url)) is None
    assert store.latest(ORIGIN) == Cosigned(900, LOG.root(900), LOG.checkpoint(900), NOW)


def test_a_floor_that_cannot_be_shown_to_continue_ours_stops_us(store: Store) -> None:
    stored(store, 500)
    pages = {"/checkpoint": LOG.checkpoint(900)}
    with served(pages) as url:
        assert "could not be shown" in str(check(store)(known(url)))
        assert "could not be shown" in str(check(store, first_start=True)(known(url)))
        pages |= {"/checkpoint": FORKED.checkpoint(900), **tiles(FORKED)}
        assert "could not be shown" in str(check(store, resync=True)(known(url)))
    assert store.latest(ORIGIN) == Cosigned(500, LOG.root(500), LOG.checkpoint(500), 1)


def test_every_floor_must_continue_the_one_before(store: Store) -> None:
    """The log shows the one history and a peer was shown the other, at another size."""
    stored(store, 2)
    pages = {"/checkpoint": LOG.checkpoint(900), f"/peer{MONITORED}": FORKED.checkpoint(700), **tiles(LOG)}
    with served(pages) as url:
        assert "size 700 is under the log's key" in str(check(store, peers=(f"{url}/peer",))(known(url)))
    assert size_of(store) == 2


@pytest.mark.parametrize("options", [{}, {"resync": True}, {"first_start": True}])
@pytest.mark.parametrize("page", [FORKED.checkpoint(500), FORKED.cosigned(500)])
def test_two_histories_are_called_so_and_kept_and_never_adopted(store: Store, page: bytes, options: dict[str, bool]) -> None:
    stored(store, 500)
    with served({"/checkpoint": page, **tiles(FORKED)}) as url:
        reason = str(check(store, **options)(known(url)))  # type: ignore[arg-type]
    assert "the log showed two histories" in reason
    assert "rolled back" not in reason
    one, other = [conflict.note for conflict in store.conflicts(ORIGIN)]
    assert verify_fork(one, other, log_verifiers=[LOG.signer.verifier]) == Fork.SAME_SIZE
    latest = store.latest(ORIGIN)
    assert latest is not None
    assert latest.root == LOG.root(500)


def test_two_histories_that_a_log_and_a_peer_show_are_seen_without_our_own(store: Store) -> None:
    pages = {"/checkpoint": LOG.checkpoint(900), f"/peer{MONITORED}": FORKED.checkpoint(900)}
    with served(pages) as url:
        assert "two histories" in str(check(store, peers=(f"{url}/peer",), first_start=True)(known(url)))
    assert len(store.conflicts(ORIGIN)) == 2


@pytest.mark.parametrize("page", [LOG.checkpoint(900), LOG.cosigned(900, CosignatureSigner.from_seed("peer.example", b"p" * 32))])
def test_an_empty_file_is_begun_on_an_operators_word_alone(store: Store, page: bytes) -> None:
    pages = {"/checkpoint": LOG.checkpoint(400), f"/peer{MONITORED}": page}
    with served(pages) as url:
        for resync in (False, True):
            assert check(store, peers=(f"{url}/peer",), resync=resync)(known(url)) == EMPTY
        assert store.latest(ORIGIN) is None
        assert check(store, peers=(f"{url}/peer",), first_start=True)(known(url)) is None
    assert store.latest(ORIGIN) == Cosigned(900, LOG.root(900), LOG.checkpoint(900), NOW)


def test_an_emptied_file_needs_both_words_where_our_own_cosignature_is_found(store: Store) -> None:
    pages = {"/checkpoint": LOG.checkpoint(900), f"/peer{MONITORED}": LOG.cosigned(700, timestamp=77), **tiles(LOG)}
    with served(pages) as url:
        for first_start, resync in ((False, False), (True, False), (False, True)):
            reason = check(store, peers=(f"{url}/peer",), first_start=first_start, resync=resync)(known(url))
            assert "rolled back" in str(reason)
            assert "--first-start --resync" in str(reason)
        assert check(store, peers=(f"{url}/peer",), first_start=True, resync=True)(known(url)) is None
    assert size_of(store) == 900


def test_a_hundred_waiting_requests_need_one_look_and_a_refusal_is_remembered(store: Store) -> None:
    stored(store, 500)
    looks, now = [], [0.0]

    def read(url: str, limit: int) -> bytes:
        looks.append(url)
        time.sleep(0.1)
        raise NotReadError("away")

    ready = check(store, read=read, monotonic=lambda: now[0])
    with ThreadPoolExecutor(100) as threads:
        assert set(threads.map(ready, [known(NOWHERE)] * 100)) == {UNREAD}
    assert len(looks) == 1
    now[0] = REMEMBERED_S - 0.1
    assert ready(known(NOWHERE)) == UNREAD
    assert len(looks) == 1
    now[0] = REMEMBERED_S
    assert ready(known(NOWHERE)) == UNREAD
    assert len(looks) == 2


def test_a_log_that_answers_slowly_holds_up_no_other(store: Store) -> None:
    goes_on, looking = threading.Event(), threading.Event()

    def read(url: str, limit: int) -> bytes:
        if url.startswith("http://slow"):
            looking.set()
            assert goes_on.wait(30)
        raise NotReadError("away")

    ready = check(store, read=read, first_start=True)
    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(ready, known("http://slow"))
        assert looking.wait(30)
        assert ready(KnownLog("other.example/log", (LOG.signer.verifier,), "http://fast")) is None
        assert not slow.done()
        goes_on.set()
        assert slow.result(30) is None


@pytest.mark.parametrize("place", ["log", "peer"])
def test_our_own_cosignature_on_more_than_is_stored_stops_us(store: Store, place: str) -> None:
    stored(store, 500)
    beyond, behind = LOG.cosigned(501), LOG.checkpoint(100)
    pages = {"/checkpoint": beyond if place == "log" else behind, f"/peer{MONITORED}": beyond if place == "peer" else behind}
    with served(pages) as url:
        ready = check(store, peers=(f"{url}/peer",))
        reason = ready(known(url))
        assert reason is not None
        assert "cosigned size 501 once and its file ends at 500" in reason
        witness = Witness({ORIGIN: known(url)}, (WITNESS,), store, clock=lambda: NOW, ready=ready)
        answer = witness.add_checkpoint(LOG.request(500, 600))
        assert (answer.status, answer.body) == (HTTPStatus.SERVICE_UNAVAILABLE, f"{reason}\n".encode())
    trouble = store.trouble(ORIGIN)
    assert trouble is not None
    assert (trouble.reason, trouble.since) == (reason, NOW)


def test_an_empty_file_and_an_own_cosignature_outside_stop_us_even_at_a_first_start(store: Store) -> None:
    with served({"/checkpoint": LOG.cosigned(5)}) as url:
        assert "rolled back" in str(check(store, first_start=True)(known(url)))


def test_our_own_cosignature_on_another_root_of_our_size_stops_us_for_good(store: Store) -> None:
    stored(store, 500)
    with served({"/checkpoint": FORKED.cosigned(500)}) as url:
        assert "two histories" in str(check(store)(known(url)))
        assert "two histories" in str(check(store, resync=True)(known(url)))
    latest = store.latest(ORIGIN)
    assert latest is not None
    assert latest.root == LOG.root(500)


def test_a_cosignature_of_another_key_under_our_name_says_nothing(store: Store) -> None:
    stored(store, 500)
    other = CosignatureSigner.from_seed(WITNESS.verifier.name, b"o" * 32)
    with served({"/checkpoint": LOG.cosigned(900, other), **tiles(LOG)}) as url:
        assert check(store)(known(url)) is None


@pytest.mark.parametrize("page", [
    b"", b"garbage", LOG.cosigned(900).replace(b"\n900\n", b"\n901\n"), Log(entries(900), seed=b"x" * 32).checkpoint(900),
    Log(entries(900), origin="other.example/log").checkpoint(900), b"x" * 1_000_000,
])
def test_what_is_no_checkpoint_of_the_log_counts_as_unread(store: Store, page: bytes) -> None:
    stored(store, 500)
    with served({"/checkpoint": page}) as url:
        assert check(store)(known(url)) == UNREAD


def test_without_any_answer_only_a_first_start_goes_on(store: Store) -> None:
    assert check(store)(known(NOWHERE)) == EMPTY
    assert check(store, first_start=True)(known(NOWHERE)) is None
    stored(store, 5)
    assert check(store)(known(NOWHERE)) == UNREAD
    assert check(store, first_start=True)(known(NOWHERE)) is None


def test_the_check_is_made_again_until_something_can_be_read_and_then_no_more(store: Store) -> None:
    stored(store, 500)
    pages: dict[str, bytes] = {}
    with served(pages) as url:
        ready = check(store, monotonic=itertools.count(0, 2 * REMEMBERED_S).__next__)
        assert ready(known(url)) == UNREAD
        assert store.trouble(ORIGIN) is not None
        pages["/checkpoint"] = LOG.checkpoint(500)
        assert ready(known(url)) is None
        assert store.trouble(ORIGIN) is None
        pages["/checkpoint"] = LOG.cosigned(900)
        assert ready(known(url)) is None


@pytest.mark.parametrize(("old", "new"), [(1, 2), (255, 256), (256, 257), (500, 65_536), (65_535, 65_537), (500, 70_000)])
def test_resync_adopts_our_own_checkpoint_with_a_proof_from_the_tiles(store: Store, old: int, new: int) -> None:
    stored(store, old)
    log = Log(entries(new))
    pages = {"/checkpoint": log.cosigned(new, timestamp=77), **{f"/{path}": data for path, data in log.tiles.items()}}
    with served(pages) as url:
        assert check(store, resync=True)(known(url)) is None
    assert store.latest(ORIGIN) == Cosigned(new, log.root(new), log.checkpoint(new), 77)


def test_resync_takes_a_full_tile_where_the_partial_one_is_gone(store: Store) -> None:
    """The log went on after the checkpoint that we cosigned; its partial tiles of that size were collected."""
    stored(store, 300)
    pages = {"/checkpoint": LOG.cosigned(700), **{f"/{path}": data for path, data in LOG.tiles.items()}}
    with served(pages) as url:
        assert "/tile/0/002.p/188" not in pages
        assert check(store, resync=True)(known(url)) is None


def test_resync_refuses_without_a_proof(store: Store) -> None:
    stored(store, 500)
    pages = {"/checkpoint": LOG.cosigned(700)}
    with served(pages) as url:
        assert "resync is impossible" in str(check(store, resync=True)(known(url)))
        pages |= {f"/{path}": bytes(len(data)) for path, data in LOG.tiles.items()}
        assert "resync is impossible" in str(check(store, resync=True)(known(url)))
    latest = store.latest(ORIGIN)
    assert latest is not None
    assert latest.size == 500


def test_resync_refuses_a_fork_that_we_were_made_to_cosign(store: Store) -> None:
    stored(store, 500)
    pages = {"/checkpoint": FORKED.cosigned(900), **{f"/{path}": data for path, data in FORKED.tiles.items()}}
    with served(pages) as url:
        assert "resync is impossible" in str(check(store, resync=True)(known(url)))
