"""Starts the programs of the service by forking a process that has imported them all: a restart costs a tenth of a second.

    python -m tests.faults.launcher
    ← {"log": "/…/sequencer.log", "program": ["manage.py", "sequence"], "failpoints": "name=kill@2", "disk": ""}
    → 4711

One order a line on standard input, the process id on standard output. A program whose first word is `gunicorn` or
`manage.py` runs inside the fork; any other is executed, from a cold start. Each leads a process group of its own and dies
with this process, which ends when its standard input is closed. What this does not do: kill anything (`programs.py`).
"""
import ctypes
import importlib
import json
import os
import random
import runpy
import signal
import sys
import traceback
from contextlib import suppress
from typing import Any

from common.failpoints import PLAN, armed
from tests.faults.failing_disk import send_listener

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
# config.wsgi first: it sets Django up. No import opens a connection or starts a thread, which would not survive a fork.
IMPORTED = (
    "config.wsgi", "config.urls", "gunicorn.app.wsgiapp", "gunicorn.workers.gthread", "ledger.management.commands.sequence",
    "common.management.commands.work",
)
libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    # Programs leave workers behind when they are killed; those become our children, and the kernel reaps them at once.
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in IMPORTED:
        importlib.import_module(name)
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            become(order)
        # Here as well as in the child: whoever reads the number may kill the group before the child has run at all.
        with suppress(OSError):
            os.setpgid(child, child)
        print(child, flush=True)


def become(order: dict[str, Any]) -> None:
    """Turn this fork into the program; never returns."""
    os.setpgid(0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    for number in (signal.SIGCHLD, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor, target in ((os.open(os.devnull, os.O_RDONLY), 0), (log, 1), (log, 2)):
        os.dup2(descriptor, target)
    if order["disk"]:
        send_listener(order["disk"])
    program = order["program"]
    if program[0] not in ("gunicorn", "manage.py"):
        os.execvpe(program[0], program, {**os.environ, "CUNZHENG_FAILPOINTS": order["failpoints"]})
    code = 1
    try:
        code = run_here(program, order["failpoints"])
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stderr.flush()
        os._exit(code)


def run_here(program: list[str], failpoints: str) -> int:
    PLAN.update(armed(failpoints))
    random.seed()
    sys.argv = program
    try:
        if program[0] == "gunicorn":
            runpy.run_module("gunicorn", run_name="__main__")
        else:
            runpy.run_path("manage.py", run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


if __name__ == "__main__":
    main()
