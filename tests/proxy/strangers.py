"""Strangers who ask a growing log through the proxy, in parallel, and judge every answer by what it proves.

Each question is asked through the proxy alone. What a stranger knows to be published was seen without the proxy before; an answer that
is older than that, or proves something else, is wrong. `wrong` has a sentence for each.
"""
import http.client
import json
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.depositing import batch
from tests.proxy.nginx import Proxy
from tlog.bundles import parse_bundle
from tlog.checkpoint import Checkpoint, parse_checkpoint
from tlog.errors import VerificationError
from tlog.merkle import leaf_hash, verify_consistency, verify_inclusion
from tlog.note import Verifier, open_note
from tlog.policy import Policy
from tlog.proof import verify_proof
from tlog.receipt import open_receipt
from tlog.tiles import TILE_WIDTH, ReadTile, consistency_proof, entries_path, inclusion_proof, tile_path

Get = Callable[[str], tuple[int, bytes, str]]


class Wrong(Exception):
    """An answer that is not what the log is."""


@dataclass(slots=True)
class Connection:
    """One client's connection; `get` gives status, body and Location."""

    made: http.client.HTTPConnection

    @classmethod
    @contextmanager
    def to(cls, port: int, trusted: ssl.SSLContext | None = None) -> "Iterator[Connection]":
        plain = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        with closing(plain if trusted is None else http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=trusted)) as made:
            yield cls(made)

    def get(self, path: str) -> tuple[int, bytes, str]:
        self.made.request("GET", path)
        try:
            answer = self.made.getresponse()
        except http.client.RemoteDisconnected:
            # Kept open for too long between two questions, as a slow machine does: the connection is opened again by itself.
            self.made.request("GET", path)
            answer = self.made.getresponse()
        return answer.status, answer.read(), answer.headers.get("Location", "")

    def post_batch(self, count: int, key: str) -> dict[str, object]:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self.made.request("POST", "/api/v1/evidence/batch", json.dumps(batch(count)).encode(), headers)
        answer = self.made.getresponse()
        body = answer.read()
        assert answer.status == 201, body
        found: dict[str, object] = json.loads(body)
        return found


@dataclass(slots=True)
class Known:
    """What was seen published without the proxy: leaf hashes by record, checkpoints in the order of their sizes. For several threads."""

    policy: Policy
    receipt: Verifier
    leaves: dict[str, bytes] = field(default_factory=dict)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def opened(self, note: bytes) -> Checkpoint:
        return parse_checkpoint(open_note(note, self.policy.log_verifiers).text)


def grow(known: Known, proxy: Proxy, web_port: int, key: str) -> None:
    """Deposit through the proxy until `done`, ask for each proof too early, and make known what the web process itself shows."""
    with Connection.to(proxy.https_port, proxy.trusted) as through, Connection.to(web_port) as direct:
        while not known.done.is_set():
            promise = open_receipt(str(through.post_batch(20, key)["receipt"]).encode(), [known.receipt])
            numbers = [number for number, _ in promise.leaves]
            ask_too_early(through, numbers[0], known.checkpoints[-1].size if known.checkpoints else 0)
            while direct.get(f"/api/v1/records/{numbers[-1]}/proof")[0] != 200:
                time.sleep(0.01)
            known.checkpoints.append(known.opened(direct.get("/log/checkpoint")[1]))
            known.leaves.update(promise.leaves)


def ask_too_early(through: Connection, number: str, size: int) -> None:
    """Whoever is impatient asks for what is not there yet: a proof, the next tiles."""
    through.get(f"/api/v1/records/{number}/proof")
    for ahead in range(size + 1, size + 41):
        index, width = divmod(ahead, TILE_WIDTH)
        through.get(f"/log/{tile_path(0, index, width or TILE_WIDTH)}")
        through.get(f"/log/{tile_path(0, index, TILE_WIDTH)}")


def ask(known: Known, proxy: Proxy, count: int, seed: int) -> None:
    """Ask `count` random questions and note what is wrong."""
    chance = random.Random(seed)
    with Connection.to(proxy.https_port, proxy.trusted) as connection:
        for _ in range(count):
            question = chance.choice((a_proof, a_proof, an_entry, an_entry, a_checkpoint, a_search))
            try:
                question(known, connection.get, chance)
            except (Wrong, VerificationError) as fault:
                known.wrong.append(f"{question.__name__}: {fault}")
            known.asked.append(question.__name__)


def a_proof(known: Known, get: Get, chance: random.Random) -> None:
    """A record's proof leads from its leaf, which its receipt promised, to the checkpoint that it comes with."""
    number = chance.choice(list(known.leaves))
    status, body, _ = get(f"/api/v1/records/{number}/proof")
    if status != 200:
        raise Wrong(f"status {status} for the proof of a published record")
    verify_proof(body, leaf_hash=known.leaves[number], policy=known.policy)


def an_entry(known: Known, get: Get, chance: random.Random) -> None:
    """An entry of a bundle stands in the tree of some checkpoint, by its tiles."""
    point = chance.choice(known.checkpoints)
    index = chance.randrange(point.size)
    width = min(TILE_WIDTH, point.size - index // TILE_WIDTH * TILE_WIDTH)
    entries = parse_bundle(read(get, entries_path(index // TILE_WIDTH, width), entries_path(index // TILE_WIDTH, TILE_WIDTH)))
    if index % TILE_WIDTH >= len(entries):
        raise Wrong(f"{len(entries)} entries in the bundle of entry {index}")
    hashes = inclusion_proof(index, point.size, reader(get))
    verify_inclusion(
        index=index, size=point.size, leaf_hash=leaf_hash(entries[index % TILE_WIDTH]), proof=hashes, root=point.root)


def a_checkpoint(known: Known, get: Get, chance: random.Random) -> None:
    """The newest checkpoint is no older than what was seen before the question, and continues an older one."""
    newest, old = known.checkpoints[-1], chance.choice(known.checkpoints)
    status, body, _ = get("/log/checkpoint")
    if status != 200:
        raise Wrong(f"status {status} for the checkpoint")
    point = known.opened(body)
    if point.size < newest.size:
        raise Wrong(f"a checkpoint of size {point.size} after one of {newest.size}")
    proof = consistency_proof(old.size, point.size, reader(get))
    verify_consistency(old_size=old.size, new_size=point.size, old_root=old.root, new_root=point.root, proof=proof)


def a_search(known: Known, get: Get, chance: random.Random) -> None:
    """What a query asks for is what comes back."""
    number = chance.choice(list(known.leaves))
    status, _, location = get(f"/records?number={number}")
    if (status, Path(location).name) != (302, number):
        raise Wrong(f"status {status} and {location!r} for the search of {number}")


def reader(get: Get) -> ReadTile:
    def read_tile(level: int, index: int, width: int) -> bytes:
        return read(get, tile_path(level, index, width), tile_path(level, index, TILE_WIDTH))[: width * 32]

    return read_tile


def read(get: Get, path: str, full: str) -> bytes:
    """The tile or bundle, or the full one. Raises Wrong for one that was published and is not there."""
    for name in (path, full):
        status, body, _ = get(f"/log/{name}")
        if status == 200:
            return body
    raise Wrong(f"neither {path} nor {full} is there")
