"""A process that is asked to stop stops, at whatever moment the signal comes."""
import signal
import subprocess
import sys
import time

from common.stopping import Stop
from tests.databases import ROOT

# The wish comes a thousand times a second, as handlers run: between any two steps of whoever waits. `threading.Event` does not outlive it.
STORM = """
import signal
from common.stopping import Stop
stop = Stop()
signal.signal(signal.SIGALRM, stop.ask)
signal.setitimer(signal.ITIMER_REAL, 1e-3, 1e-3)
for _ in range(300_000):
    stop.wait(0)
signal.setitimer(signal.ITIMER_REAL, 0)
print(stop.is_asked())
"""


def test_a_signal_that_comes_at_any_step_of_waiting_stops_nobody_for_good() -> None:
    done = subprocess.run([sys.executable, "-c", STORM], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_a_signal_ends_the_waiting_and_is_remembered() -> None:
    program = ("import time; from common.stopping import stop_at_signals; stop = stop_at_signals(); print(flush=True);"
               " began = time.monotonic(); stop.wait(600); print(stop.is_asked(), time.monotonic() - began < 600)")
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=120)[0] == "True True\n"


def test_nobody_who_did_not_ask_is_stopped_and_many_wishes_are_one() -> None:
    stop = Stop()
    began = time.monotonic()
    stop.wait(0.01)
    assert time.monotonic() - began >= 0.01
    assert not stop.is_asked()
    for _ in range(100_000):
        stop.ask()
    assert stop.is_asked()
    stop.wait(600)
