"""A history under the log's key that is not ours: is it a contradiction, and can anybody be shown so?

`examine` holds a signed checkpoint that was seen elsewhere against our own: first by our tiles alone, then with the tiles of the
other history, if they are served anywhere. What it finds is kept as two files under `var/forks/<UTC time>-<witness>/`:

    a  b          the proof: python -m tlog verify-fork a b --log VKEY
    ours  seen    the two checkpoints, when nothing could be proven: two sizes alone contradict nothing

What this does not do: believe tiles (what `tlog.fork` does not accept is no proof), ask a witness, write to the database or publish.

Source: formats part C (`verify_fork`); C2SP tlog-tiles; threats T12, T14.
"""
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from itertools import chain, count
from pathlib import Path

from django.conf import settings

from common.bounded_http import Limits, NoAnswer, get_any
from common.object_store import FileObjectStore
from ledger.storage import tile_reader
from tlog.checkpoint import Checkpoint, parse_checkpoint
from tlog.divergence import History, in_tree_of, prove_fork
from tlog.errors import VerificationError
from tlog.fork import verify_fork
from tlog.merkle import HASH_BYTES
from tlog.note import Verifier, open_note
from tlog.tiles import TILE_WIDTH, ReadTile, root_from_tiles, tile_path

LOOK_S = 10.0
"""So long the tiles of another history are read at most, all of them together."""


class Verdict(StrEnum):
    """What a checkpoint that was seen elsewhere is to ours."""

    PROVEN = "the two contradict each other, and that is proven"
    CONTRADICTS = "it contradicts our own tiles; there is no proof for others"
    LARGER = "it is larger than ours; whether it continues ours is not known"
    CONTINUED = "ours continues it"


@dataclass(frozen=True, slots=True)
class Examined:
    """`reason`: the kind of fork, or why nothing is proven; `files` are worth keeping: name → bytes."""

    verdict: Verdict
    reason: str
    seen: Checkpoint
    ours: Checkpoint
    files: Mapping[str, bytes]


def open_seen(note: bytes, verifiers: Sequence[Verifier], origin: str) -> Checkpoint:
    """A checkpoint of this log, under one of its keys. Raises VerificationError."""
    point = parse_checkpoint(open_note(note, verifiers).text)
    if point.origin != origin:
        raise VerificationError("it is of another log")
    return point


def examine(ours: bytes, seen: bytes, *, read_ours: ReadTile, others: Sequence[ReadTile], verifiers: Sequence[Verifier]) -> Examined:
    """Hold the note `seen` against our signed note `ours`; `others` may serve the tiles of the other history, or not.

    Raises VerificationError when a note is not of one log under these keys, OSError when our own storage is away.
    """
    mine = parse_checkpoint(open_note(ours, verifiers).text)
    theirs = open_seen(seen, verifiers, mine.origin)
    if theirs.size <= mine.size and root_from_tiles(theirs.size, in_tree_of(mine.size, read_ours)) == theirs.root:
        return Examined(Verdict.CONTINUED, "it is a part of our history", theirs, mine, {})
    reasons = []
    # Two notes of one size need no tiles: the first attempt is made without any.
    for read_theirs in (_no_tiles, *others):
        try:
            a, b = prove_fork(History(ours, read_ours), History(seen, read_theirs), log_verifiers=verifiers)
        except (VerificationError, NoAnswer, OSError) as unproven:
            reasons.append(public_words(unproven))
            continue
        return Examined(Verdict.PROVEN, str(verify_fork(a, b, log_verifiers=verifiers)), theirs, mine, {"a": a, "b": b})
    verdict = Verdict.CONTRADICTS if theirs.size <= mine.size else Verdict.LARGER
    return Examined(verdict, reasons[-1], theirs, mine, {"ours": ours, "seen": seen})


def public_words(fault: Exception) -> str:
    """What of a failure may stand in an incident, which everybody reads for ever: an OSError's own text names folders of this machine."""
    said = "" if isinstance(fault, OSError) else str(fault)[:200]
    return said or type(fault).__name__


def _no_tiles(_level: int, _index: int, _width: int) -> bytes:
    raise VerificationError("two checkpoints of different sizes prove nothing without the tiles of both, and nobody serves the other's")


def tiles_at(url: str) -> ReadTile:
    """The tiles below an http or https address; all reads together take `LOOK_S`, from now on. Raises NoAnswer, VerificationError."""
    deadline = time.monotonic() + LOOK_S

    def fetch(level: int, index: int, width: int) -> bytes | None:
        limits = Limits(max(0.05, deadline - time.monotonic()), TILE_WIDTH * HASH_BYTES)
        answer = get_any(f"{url.rstrip('/')}/{tile_path(level, index, width)}", limits=limits)
        return answer.body if answer.status == HTTPStatus.OK else None

    def read_tile(level: int, index: int, width: int) -> bytes:
        tile = fetch(level, index, width)
        if tile is None and width < TILE_WIDTH:
            # SPEC: tlog-tiles: partial tiles may be gone once the full one is there.
            tile = fetch(level, index, TILE_WIDTH)
        if tile is None:
            raise VerificationError(f"{url} does not serve {tile_path(level, index, width)}")
        return tile[:width * HASH_BYTES]

    return read_tile


def tiles_in(folder: Path) -> ReadTile:
    """The tiles in a folder, such as a copy of `var/log`. Raises FileNotFoundError, OSError."""
    return tile_reader(FileObjectStore(folder))


def keep(files: Mapping[str, bytes], *, witness: str, now: datetime) -> Path:
    """Write the files durably; their folder, which is new. Raises OSError."""
    title = f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{_as_file_name(witness)}"
    root = Path(settings.VAR_DIR) / "forks"
    # Two examinations of one witness may end in one second, and names are written once.
    folder = next(name for name in chain([title], (f"{title}-{n}" for n in count(2))) if not (root / name).exists())
    store = FileObjectStore(root)
    for name, data in files.items():
        store.put_new(f"{folder}/{name}", [data])
    return root / folder


def _as_file_name(name: str) -> str:
    """A witness's name in the policy may be any word."""
    return "".join(each if each.isascii() and each.isalnum() else "-" for each in name.lower())[:60]
