"""What higher rooms let the monitor look at, a slice of it in each round, all of it again and again: their originals.

A row that was wrong is looked at in every round until it is right again, so that no incident ends because the next rows are well.
"""
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ledger.monitor.memory import Progress

MAX_SUSPECTS = 100


@dataclass(frozen=True, slots=True)
class Looked:
    """What one slice found: how many objects and bytes it read, the last row, 0 at the end of all; sentences by the rows that are wrong.

    `repaired`: sentences of what was found wrong and is right again.
    """

    objects: int
    size_bytes: int
    last: int
    wrong: Mapping[int, str]
    repaired: Sequence[str] = ()


Look = Callable[[int, Sequence[int]], Looked]
"""`look(after, rows)`: read these rows again, and a slice of those after the row `after`."""
SLICES: dict[str, Look] = {}


def register_slice(name: str, look: Look) -> None:
    """Let each round of the monitor read a slice; called by the room's AppConfig."""
    SLICES[name] = look


def look_on(name: str, progress: Progress) -> Looked:
    """Read the next slice and move `progress`."""
    looked = SLICES[name](progress.after, progress.suspects)
    progress.after = looked.last
    progress.suspects = sorted(looked.wrong)[:MAX_SUSPECTS]
    return looked
