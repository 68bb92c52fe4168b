"""How much of each walk is made: what fits into `make test`, or all of it (`make faults` sets CUNZHENG_FAULTS=full)."""
import os
import random
from typing import TypeVar

T = TypeVar("T")
POSTGRES = os.environ.get("DATABASE_URL", "").startswith("postgres")
FULL = os.environ.get("CUNZHENG_FAULTS") == "full"


def sized(usual: T, full: T, *, on_postgres: T | None = None) -> T:
    """`on_postgres`: what is usual there, if that is another thing: a walk is long on one of the two databases."""
    if FULL:
        return full
    return on_postgres if on_postgres is not None and POSTGRES else usual


def seed() -> int:
    """The seed of a run's choices: CUNZHENG_FAULT_SEED repeats one that a failure printed."""
    return int(os.environ.get("CUNZHENG_FAULT_SEED") or random.SystemRandom().randrange(2**32))
