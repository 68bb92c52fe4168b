"""What a sequencer keeps in memory between two steps, and the one clock rule. Thrown away and loaded anew after any doubt."""
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.sequencer.refusals import ClockBehind
from tlog.merkle import CompactRange
from tlog.tile_edge import TileEdge
from tlog.tiles import root_from_tiles

Clock = Callable[[], datetime]
CLOCK_SLACK = timedelta(seconds=1)


@dataclass(slots=True)
class Memory:
    """The log as this process believes it to be.

    `tree` and `planned` are two forms of the tree of `size` leaves, grown from what was read from the queue; `applied` is
    the tree of `applied_size` leaves, grown from the rows read back after commit. Their sizes are small at any size.
    """

    origin: str
    root: bytes
    tree: CompactRange
    planned: TileEdge
    applied: TileEdge
    published_size: int
    verified_size: int
    last_time: datetime | None
    rows_sha256: bytes

    @property
    def size(self) -> int:
        return self.tree.size

    @property
    def applied_size(self) -> int:
        return self.applied.size

    def moment(self, clock: Clock) -> datetime:
        """The time now; never before the last time in the log. Raises ClockBehind when the clock went back by more than 1 s."""
        # SPEC: design.md §3 step 1. Up to a second is what clocks are corrected by; the time of the log stands still meanwhile.
        now = clock()
        require_clock(now, self.last_time)
        self.last_time = max(now, self.last_time or now)
        return self.last_time


def require_clock(now: datetime, last: datetime | None) -> None:
    """Raises ClockBehind when `now` is more than 1 s before `last`."""
    if last is not None and last - now > CLOCK_SLACK:
        raise ClockBehind(seconds=int((last - now).total_seconds()), last=last.isoformat(timespec="seconds"))


def edge_root(edge: TileEdge) -> bytes:
    """The root of an edge's tree, from its partial tiles."""
    tiles = {(name.level, name.index): tile for name, tile in edge.partial_tiles()}
    return root_from_tiles(edge.size, lambda level, index, _width: tiles[level, index])
