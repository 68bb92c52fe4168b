"""What the monitor saw and verified before, for each log's origin, durable and small.

    var/monitor/<first 16 hex of SHA-256(origin)>/memory.json     the last consistent note, the verified tree, cursors, since when away
                                                  leaves          32 bytes for each verified entry, in order
                                                  contradiction-…/  both notes of a contradiction, and what proves it

It is written after everything else, whole or not at all: whatever a crash leaves behind was seen, or is seen again.
"""
import base64
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.conf import settings

from tlog.errors import VerificationError
from tlog.merkle import HASH_BYTES, CompactRange
from tlog.tiles import TILE_WIDTH, ReadTile, tile_root
from tlog.times import format_time, parse_time

FORMAT = "cunzheng/monitor/v1"
TILE_BYTES = TILE_WIDTH * HASH_BYTES


class MemoryDamaged(OSError):
    """The files say what this program never wrote: a person has to look before they are taken away."""


@dataclass(slots=True)
class Progress:
    """How far a slice got: the row after which it goes on, and the rows that were wrong when they were looked at last."""

    after: int = 0
    suspects: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Memory:
    """`seen` is the largest note that was consistent with all before it, at `seen_at`; `tree` has the verified entries."""

    seen: bytes | None = None
    seen_at: datetime | None = None
    tree: CompactRange = field(default_factory=CompactRange)
    looked_again: int = 0
    away_since: datetime | None = None
    alarmed: bool = False
    ended_at: datetime | None = None
    slices: dict[str, Progress] = field(default_factory=dict)


class Store:
    """The folder of one origin. One process at a time (`locked`)."""

    def __init__(self, origin: str) -> None:
        self.folder = Path(settings.VAR_DIR) / "monitor" / hashlib.sha256(origin.encode()).hexdigest()[:16]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Held by one round at a time; a second one waits. The kernel lets go of a process that dies."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def load(self) -> Memory:
        """An empty memory before the first round. Raises MemoryDamaged, OSError."""
        try:
            text = (self.folder / "memory.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            return Memory()
        try:
            return _decode(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError, VerificationError) as damaged:
            raise MemoryDamaged(f"{self.folder}/memory.json is damaged: find out why, then move the folder away") from damaged

    def save(self, memory: Memory) -> None:
        """Durable on return. Raises OSError."""
        partial = self.folder / "memory.partial"
        write_durably(partial, json.dumps(_encode(memory)).encode())
        partial.replace(self.folder / "memory.json")
        sync_folder(self.folder)

    def keep_leaves(self, start: int, leaf_hashes: Sequence[bytes]) -> None:
        """Write leaf hashes from index `start` on, over whatever a crash left there; durable on return."""
        descriptor = os.open(self.folder / "leaves", os.O_WRONLY | os.O_CREAT, 0o644)
        with os.fdopen(descriptor, "wb") as file:
            file.seek(start * HASH_BYTES)
            file.write(b"".join(leaf_hashes))
            file.flush()
            os.fsync(file.fileno())

    def leaves(self, start: int, count: int) -> bytes:
        """The hashes of verified entries, 32 bytes each. Raises MemoryDamaged when there are fewer, OSError."""
        with (self.folder / "leaves").open("rb") as file:
            file.seek(start * HASH_BYTES)
            data = file.read(count * HASH_BYTES)
        if len(data) != count * HASH_BYTES:
            raise MemoryDamaged(f"{self.folder}/leaves ends too early: find out why, then move the folder away")
        return data


def remembered_tree(leaves: bytes) -> ReadTile:
    """`read_tile` over the leaf hashes of a tree; its cost is one pass over them."""
    levels = [leaves]
    while len(row := levels[-1]) >= TILE_BYTES:
        full = range(0, len(row) - TILE_BYTES + 1, TILE_BYTES)
        levels.append(b"".join(tile_root(row[start : start + TILE_BYTES]) for start in full))

    def read_tile(level: int, index: int, width: int) -> bytes:
        start = index * TILE_BYTES
        return levels[level][start : start + width * HASH_BYTES] if level < len(levels) else b""

    return read_tile


def write_durably(path: Path, data: bytes) -> None:
    """The file's bytes; its name is durable when the folder is."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _encode(memory: Memory) -> dict[str, object]:
    return {
        "format": FORMAT,
        "seen": None if memory.seen is None else base64.b64encode(memory.seen).decode(),
        "size": memory.tree.size, "tree": [digest.hex() for digest in memory.tree.hashes],
        "looked_again": memory.looked_again, "alarmed": memory.alarmed,
        "slices": {name: {"after": each.after, "suspects": each.suspects} for name, each in memory.slices.items()},
        **{name: moment and format_time(moment) for name, moment in _moments(memory).items()},
    }


def _moments(memory: Memory) -> dict[str, datetime | None]:
    return {"seen_at": memory.seen_at, "away_since": memory.away_since, "ended_at": memory.ended_at}


def _decode(data: dict[str, object]) -> Memory:
    """Raises ValueError, KeyError, TypeError, AttributeError, VerificationError."""
    if data["format"] != FORMAT:
        raise ValueError("another format")
    seen, tree, slices = data["seen"], data["tree"], data["slices"]
    if not isinstance(tree, list) or not isinstance(slices, dict):
        raise TypeError("not the members of a memory")
    return Memory(
        seen=None if seen is None else base64.b64decode(str(seen), validate=True),
        tree=CompactRange.restore(int(str(data["size"])), [bytes.fromhex(digest) for digest in tree]),
        looked_again=int(str(data["looked_again"])), alarmed=bool(data["alarmed"]),
        slices={name: Progress(int(each["after"]), [int(row) for row in each["suspects"]]) for name, each in slices.items()},
        seen_at=_moment(data["seen_at"]), away_since=_moment(data["away_since"]), ended_at=_moment(data["ended_at"]),
    )


def _moment(text: object) -> datetime | None:
    return None if text is None else parse_time(str(text))
