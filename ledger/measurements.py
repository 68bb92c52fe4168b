"""How long witnesses and timestamp authorities take to answer, and how often they fail: counted across processes in one small file.

    var/metrics/answers.json      {"witness notary": {"count", "failures", "sum_s", "buckets": [count of answers within each of WITHIN_S]}}

Sequencer, workers and web each add to it under a lock; `/metrics` reads it. It is not evidence and not durable: a count that is lost
harms nobody, and a disk that is full must not keep anybody from cosigning.
"""
import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

WITNESS, AUTHORITY = "witness", "authority"
WITHIN_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(slots=True)
class Answers:
    """`count` answers of one correspondent in `sum_s` seconds; `buckets` count those within each of `WITHIN_S`; `failures` beside them."""

    kind: str
    name: str
    count: int = 0
    failures: int = 0
    sum_s: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * len(WITHIN_S))

    @property
    def mean_s(self) -> float | None:
        """Seconds that an answer took on average; None before the first."""
        return self.sum_s / self.count if self.count else None


@contextmanager
def measured(kind: str, name: str) -> Iterator[None]:
    """Count the block as one answer of this correspondent, or as a failure when it raises."""
    began, answered = time.monotonic(), False
    try:
        yield
        answered = True
    finally:
        _count(kind, name, time.monotonic() - began if answered else None)


def answers() -> list[Answers]:
    """Everything counted so far, by kind and name."""
    return [_of(key.partition(" ")[0], key.partition(" ")[2], row) for key, row in sorted(_read().items())]


def _count(kind: str, name: str, seconds: float | None) -> None:
    with suppress(OSError):
        folder = _file().parent
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            rows = _read()
            found = _of(kind, name, rows.get(f"{kind} {name}", {}))
            if seconds is None:
                found.failures += 1
            else:
                found.count += 1
                found.sum_s += seconds
                found.buckets = [count + (seconds <= limit) for count, limit in zip(found.buckets, WITHIN_S, strict=True)]
            rows[f"{kind} {name}"] = {column: getattr(found, column) for column in ("count", "failures", "sum_s", "buckets")}
            partial = folder / "answers.partial"
            partial.write_text(json.dumps(rows), encoding="utf-8")
            partial.replace(_file())


def _file() -> Path:
    return Path(settings.VAR_DIR) / "metrics" / "answers.json"


def _read() -> dict[str, dict[str, object]]:
    """{} before the first count, and when a power failure left half a file."""
    try:
        rows = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return rows if isinstance(rows, dict) else {}


def _of(kind: str, name: str, row: dict[str, object]) -> Answers:
    try:
        return Answers(kind, name, **row)  # type: ignore[arg-type]
    except TypeError:
        return Answers(kind, name)
