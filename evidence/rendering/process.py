"""Starts the confined program for one file and takes what it draws: bounded in time, in bytes and in parts, whatever the program does.

The file goes in by a pipe and the parts come out by one; the program's environment holds no key, no password and no address. What this does
not do: decide who may see the file, or keep what is drawn.
Source: threats T18.
"""
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from evidence.rendering.limits import MAX_OUTPUT_BYTES, WALL_S
from evidence.rendering.parts import LONGEST_HEAD, MAX_PARTS, Ending, Garbled, Head, Part, parse_head, verify_part
from evidence.rendering.sniffing import Kind

PROGRAM = Path(__file__).with_name("child.py")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
BLOCK = 1 << 16
FELL_OVER = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT)
"""How decoders end that a file brings down."""


def draw(kind: Kind, blocks: Iterable[bytes], keep: Callable[[Part], None], *, wall_s: float = WALL_S) -> Ending:
    """Draw the file that `blocks` are; `keep` gets each part as it is done.

    What was kept before something went wrong stays kept, and the ending says what is missing. Raises what `blocks` raises and what
    `keep` raises.
    """
    process = subprocess.Popen(  # noqa: S603 - our own program, by our own interpreter, with a word of a closed list
        [sys.executable, "-I", str(PROGRAM), kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=ENVIRONMENT, cwd="/", start_new_session=True, bufsize=0)
    feeder = _Feeder(process, blocks)
    feeder.start()
    try:
        assert process.stdout is not None
        ending = _taken(_Pipe(process.stdout.fileno(), time.monotonic() + wall_s), keep)
    finally:
        process.kill()
        process.wait()
        feeder.join()
        if process.stdout is not None:
            process.stdout.close()
    if feeder.failed is not None:
        raise feeder.failed
    return ending if ending is not None else _of_status(process.returncode)


class _Feeder(threading.Thread):
    """Writes the file into the program; `failed` is what reading the file raised."""

    def __init__(self, process: subprocess.Popen[bytes], blocks: Iterable[bytes]) -> None:
        super().__init__(daemon=True)
        self.process, self.blocks = process, blocks
        self.failed: BaseException | None = None

    def run(self) -> None:
        assert self.process.stdin is not None
        try:
            for block in self.blocks:
                left = memoryview(block)
                while left:
                    # Unbuffered, so that a program that is no more is noticed at once.
                    left = left[os.write(self.process.stdin.fileno(), left):]
        except BrokenPipeError:  # it has seen enough, or is no more
            pass
        except BaseException as fault:  # noqa: BLE001 - said in the thread that asked
            self.failed = fault
            self.process.kill()
        finally:
            self.process.stdin.close()


class _TooLong(Exception):
    """The program took more time than it may."""


class _Pipe:
    """Bytes of the program, until its time is up."""

    def __init__(self, descriptor: int, deadline: float) -> None:
        self.descriptor, self.deadline = descriptor, deadline
        self.waiting = b""

    def line(self) -> bytes:
        """The next line without its end; b"" at the end of the stream. Raises Garbled, _TooLong."""
        while b"\n" not in self.waiting:
            if len(self.waiting) > LONGEST_HEAD:
                raise Garbled
            if not self._more():
                return b""
        line, _, self.waiting = self.waiting.partition(b"\n")
        return line

    def exactly(self, size: int) -> bytes:
        """Raises Garbled when the stream ends before, _TooLong."""
        found = [self.waiting[:size]]
        missing, self.waiting = size - len(found[0]), self.waiting[size:]
        while missing:
            if not self._more():
                raise Garbled
            found.append(self.waiting[:missing])
            missing, self.waiting = missing - len(found[-1]), self.waiting[missing:]
        return b"".join(found)

    def _more(self) -> bool:
        left = self.deadline - time.monotonic()
        if left <= 0 or not select.select([self.descriptor], [], [], left)[0]:
            raise _TooLong
        block = os.read(self.descriptor, BLOCK)
        self.waiting += block
        return bool(block)


def _taken(pipe: _Pipe, keep: Callable[[Part], None]) -> Ending | None:
    """The ending that the program told, or what its silence means when it drew something; None when it ended without a word."""
    parts = taken = 0
    try:
        while line := pipe.line():
            head = parse_head(line)
            if isinstance(head, Ending):
                # What was drawn before is shown, whatever stopped it.
                return head if not (parts and head.refused) else _ended_early(head)
            part, taken = _part(pipe, head, taken)
            parts += 1
            if parts > MAX_PARTS:
                raise Garbled
            keep(part)
    except Garbled:
        # A program that was taken over, or one of ours that writes what may not be written: nothing says that the file is broken.
        return Ending(cut="failed") if parts else Ending("failed")
    except _TooLong:
        return Ending(cut="time") if parts else Ending("too-slow")
    return Ending(cut="truncated") if parts else None


def _ended_early(ending: Ending) -> Ending:
    """As a part of the file is shown."""
    return Ending(cut="failed" if ending.refused == "failed" else "truncated", total=ending.total, fault=ending.fault)


def _part(pipe: _Pipe, head: Head, taken: int) -> tuple[Part, int]:
    if taken + head.size > MAX_OUTPUT_BYTES:
        raise Garbled
    return verify_part(Part(head.media_type, pipe.exactly(head.size), head.width, head.height)), taken + head.size


def _of_status(status: int) -> Ending:
    """Why a program ended that drew nothing and said nothing: stopped, fallen over the file, or by a bug of ours."""
    if -status in (signal.SIGXCPU, signal.SIGKILL):
        return Ending("too-slow")
    return Ending("damaged") if -status in FELL_OVER else Ending("failed")
