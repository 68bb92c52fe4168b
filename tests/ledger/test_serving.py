"""`/log/` byte for byte: every tile of every signed size, computed here from the entries alone; headers; absurd paths."""
import pytest
from django.test import Client

from common.object_store import FileObjectStore
from ledger.models import LogState
from ledger.receipts import receipt_vkey
from ledger.selectors import published_note
from tests.ledger.logs import entry, grow, leaves, sequencer
from tlog.checkpoint import parse_checkpoint
from tlog.merkle import root_hash
from tlog.note import Verifier, open_note
from tlog.policy import parse_policy

SIZES = (1, 2, 255, 256, 257, 511, 512, 513, 700)
ABSURD = (
    "tile/0/x999/x999/999", "tile/entries/x999/x999/999", "tile/64/000", "tile/255/000", "tile/-1/000", "tile/9/000", "tile/00/000",
    "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/x000/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/",
    "tile/0/000.p", "tile/0/000.p/-1", "tile/0/000.p/1/1", "tile/0/", "tile/", "tile/0/abc", "tile/0/x001", "tile/a/000",
    "tile/entries/000.p/0", "tile/entries/000.p/256", "tile/entries/0", "tile/entries/", "tile/entries/x000/000", "tile/data/000",
    "checkpoint/x", "nonsense", "policy/", "policy/x", "policy/19700101T000000Z", "policy/20260101", "policy/%2e%2e/vkey", "vkey/x",
    "tile/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "tile/0/..%2f..%2f..%2fetc/passwd", "tile/0/000%00", "tile/0/00٠", "tile/0/000%0a",
    "published/700", "tile/../published/700",
)


@pytest.fixture
def client(store: FileObjectStore) -> Client:
    """A client of a log that signed all of SIZES."""
    log = sequencer()
    for before, size in zip((0, *SIZES), SIZES, strict=False):
        grow(log, before, size - before)
        log.publish()
    return Client()


def expected(size: int) -> dict[str, bytes]:
    """Path → bytes of all tiles and bundles of a size, straight from the specification."""
    found: dict[str, bytes] = {}
    hashes, level = list(leaves(size)), 0
    while hashes:
        for index in range(0, len(hashes), 256):
            part = hashes[index:index + 256]
            name = f"{index // 256:03}" + ("" if len(part) == 256 else f".p/{len(part)}")
            found[f"tile/{level}/{name}"] = b"".join(part)
            if level == 0:
                entries = map(entry, range(index, index + len(part)))
                found[f"tile/entries/{name}"] = b"".join(len(data).to_bytes(2, "big") + data for data in entries)
        hashes = [root_hash(hashes[index:index + 256]) for index in range(0, len(hashes) - 255, 256)]
        level += 1
    return found


def test_every_tile_of_every_signed_size_is_served_byte_for_byte(client: Client) -> None:
    for size in SIZES:
        for path, data in expected(size).items():
            answer = client.get(f"/log/{path}")
            assert (answer.status_code, answer.content) == (200, data), path
            assert answer.headers["Content-Type"] == "application/octet-stream"
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_storage_holds_nothing_but_the_tiles_of_signed_sizes(client: Client, store: FileObjectStore) -> None:
    wanted = {path for size in SIZES for path in expected(size)}
    assert set(store.list("tile/")) == wanted


def test_the_checkpoint_is_the_newest_published_note_and_is_cached_for_seconds_only(client: Client) -> None:
    answer = client.get("/log/checkpoint")
    assert answer.content == published_note()
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=2"
    checkpoint = parse_checkpoint(open_note(answer.content, [Verifier.from_vkey(LogState.objects.get().vkey)]).text)
    assert (checkpoint.size, checkpoint.root) == (700, root_hash(leaves(700)))


def test_an_empty_log_has_no_checkpoint_yet(store: FileObjectStore) -> None:
    answer = Client().get("/log/checkpoint")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")


def test_an_absurd_path_is_a_404(client: Client) -> None:
    assert {path: client.get(f"/log/{path}").status_code for path in ABSURD} == dict.fromkeys(ABSURD, 404)


def test_a_tile_that_is_not_there_yet_is_a_404_that_nobody_keeps(client: Client) -> None:
    answer = client.get("/log/tile/0/003")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")


def test_the_keys_are_two_lines_and_the_policy_names_the_log(client: Client) -> None:
    state = LogState.objects.get()
    keys = client.get("/log/vkey")
    assert keys.content.decode().split("\n") == [state.vkey, receipt_vkey(), ""]
    policy = client.get("/log/policy")
    assert policy.headers["Content-Type"] == "text/plain; charset=utf-8"
    parsed = parse_policy(policy.content.decode())
    assert [verifier.vkey for verifier in parsed.log_verifiers] == [state.vkey]
    assert policy.content.decode().splitlines()[1] == "quorum none"


def test_only_reading_is_possible(client: Client) -> None:
    for path in ("checkpoint", "tile/0/000", "policy", "vkey"):
        assert client.head(f"/log/{path}").status_code == 200
        for method in (client.post, client.put, client.delete, client.patch):
            assert method(f"/log/{path}").status_code == 405


def test_storage_that_does_not_answer_is_a_problem_and_not_a_missing_tile(client: Client, store: FileObjectStore) -> None:
    path = store.root / "tile/0/000"
    path.unlink()
    path.mkdir()  # reading it fails with an error other than "not found"
    answer = client.get("/log/tile/0/000")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage-unavailable")
    assert "Retry-After" in answer.headers
