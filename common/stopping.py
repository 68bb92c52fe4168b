"""The wish that a process end (SIGTERM, Ctrl-C), for a loop that looks whether there is one and waits until there is.

`threading.Event` would not do: `wait` holds its lock for moments, and a signal that comes in one of them runs its handler in the thread
that holds it, where `set` waits for that lock for ever. The process could only be killed then. A byte in a pipe needs no lock.
"""
import os
import select
import signal
from contextlib import suppress
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """Asked for once and for good, from any thread; one waits."""

    def __init__(self) -> None:
        self._asked = False
        reading, self._writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._waiting = select.poll()
        self._waiting.register(reading, select.POLLIN)

    def ask(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """A handler of signals; may be called again."""
        self._asked = True
        with suppress(BlockingIOError):  # the pipe is full of earlier wishes
            os.write(self._writing, b"!")

    def is_asked(self) -> bool:
        return self._asked

    def wait(self, timeout_s: float) -> None:
        """Until it is asked for, and so long at most."""
        self._waiting.poll(timeout_s * 1000)


def stop_at_signals() -> Stop:
    """From now on SIGTERM and SIGINT ask for it."""
    stop = Stop()
    for number in SIGNALS:
        signal.signal(number, stop.ask)
    return stop
