"""How the stand-ins that are programs of their own end: at SIGTERM or Ctrl-C, at whatever moment it comes."""
import signal
import threading
from collections.abc import Callable

SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})


def stop_at_signals(stop: Callable[[], None]) -> None:
    """From now on SIGTERM and SIGINT call `stop`, in a thread of its own; call it before other threads are started.

    A handler would run in the loop's own thread, in the middle of anything, and to start a thread there may be to wait
    for a lock that the loop holds.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)

    def wait() -> None:
        signal.sigwait(SIGNALS)
        stop()

    threading.Thread(target=wait, daemon=True).start()
