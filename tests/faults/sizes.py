"""How much of each walk is made: what fits into `make test`, or all of it (`make faults` sets CUNZHENG_FAULTS=full)."""
import os
import random
from typing import TypeVar

T = TypeVar("T")
FULL = os.environ.get("CUNZHENG_FAULTS") == "full"


def sized(usual: T, full: T) -> T:
    return full if FULL else usual


def seed() -> int:
    """The seed of a run's choices: CUNZHENG_FAULT_SEED repeats one that a failure printed."""
    return int(os.environ.get("CUNZHENG_FAULT_SEED") or random.SystemRandom().randrange(2**32))
