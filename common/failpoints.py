"""Named places in the durable writes where a test may stop the process or make a step fail.

`CUNZHENG_FAILPOINTS="ledger.entries-committed=kill"` arms one for a process; production refuses to start with any armed
(check `cunzheng.E010`). Unarmed, a failpoint is one dictionary look-up. Source: the fault table of docs/threat-model.md.
"""
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager


class InjectedFault(OSError):
    """The error of an armed failpoint; an OSError, because that is what a broken disk raises."""


def armed(text: str) -> dict[str, tuple[str, int]]:
    """`name=action[@n]` words → {name: (action, n)}: the action happens when the name is reached for the n-th time (from 1)."""
    plan = {}
    for word in text.split():
        name, _, action = word.partition("=")
        action, _, turn = action.partition("@")
        plan[name] = (action, int(turn or 1))
    return plan


PLAN = armed(os.environ.get("CUNZHENG_FAILPOINTS", ""))
REACHED: dict[str, int] = {}


@contextmanager
def plan(text: str) -> Iterator[None]:
    """Arm `text` in this process for a block, instead of whatever is armed; for tests."""
    before = dict(PLAN)
    PLAN.clear()
    PLAN.update(armed(text))
    REACHED.clear()
    try:
        yield
    finally:
        PLAN.clear()
        PLAN.update(before)


def reached(name: str) -> None:
    """Do what is armed for `name`: `kill` ends the process with SIGKILL, `error` raises InjectedFault; nothing otherwise."""
    if name not in PLAN:
        return
    action, turn = PLAN[name]
    REACHED[name] = REACHED.get(name, 0) + 1
    if REACHED[name] != turn:
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise InjectedFault(f"failpoint {name}")
