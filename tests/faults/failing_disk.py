"""A disk that fails at will: chosen system calls of chosen processes answer with an error of our choice, on files of our choice.

The kernel asks this supervisor about every write, fsync, link and so on of a process that installed the filter (seccomp
user notification, Linux 5.5 or newer; needs neither root nor a debugger), and the fault goes as it came: nothing has to be
restarted. The call is not made when it is to fail. What this does not do: power cuts, or errors of reads.
Source: seccomp_unotify(2), linux/seccomp.h, linux/bpf_common.h.
"""
import array
import ctypes
import errno
import fcntl
import os
import platform
import select
import signal
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# Numbers of the calls that change files; what an architecture lacks, its C library does not call.
NUMBERS = {
    "x86_64": (0xC000003E, 317, {
        "write": 1, "open": 2, "pwrite64": 18, "writev": 20, "fsync": 74, "fdatasync": 75, "ftruncate": 77, "rename": 82, "mkdir": 83,
        "link": 86, "unlink": 87, "openat": 257, "mkdirat": 258, "unlinkat": 263, "renameat": 264, "linkat": 265, "fallocate": 285,
        "renameat2": 316}),
    "aarch64": (0xC00000B7, 277, {
        "mkdirat": 34, "unlinkat": 35, "linkat": 37, "renameat": 38, "ftruncate": 46, "fallocate": 47, "openat": 56, "write": 64,
        "writev": 66, "pwrite64": 68, "fsync": 82, "fdatasync": 83, "renameat2": 276}),
}
AUDIT_ARCH, SYS_SECCOMP, CALLS = NUMBERS[platform.machine()]
NAMES = {number: name for name, number in CALLS.items()}
BY_DESCRIPTOR = {"write", "pwrite64", "writev", "fsync", "fdatasync", "ftruncate", "fallocate"}
# Which argument holds the path that the call changes: for link and rename the new name.
PATH_ARGUMENT = {
    "open": 0, "mkdir": 0, "unlink": 0, "link": 1, "rename": 1,
    "openat": 1, "mkdirat": 1, "unlinkat": 1, "linkat": 3, "renameat": 3, "renameat2": 3,
}
FLAGS_ARGUMENT = {"open": 1, "openat": 2}
PR_SET_NO_NEW_PRIVS, SECCOMP_SET_MODE_FILTER, NEW_LISTENER, RET_ALLOW, RET_NOTIFY = 38, 1, 8, 0x7FFF0000, 0x7FC00000
RECEIVE, SEND, CONTINUE = 0xC0502100, 0xC0182101, 1
NOTIFICATION, RESPONSE = struct.Struct("=QIIiIQ6Q"), struct.Struct("=QqiI")
libc = ctypes.CDLL(None, use_errno=True)


def install_filter() -> int:
    """Ask a supervisor about the calls of `CALLS` from now on, in this process and all that it starts; the descriptor to ask through."""
    load, jump_if_equal, answer = 0x20, 0x15, 0x06
    numbers = sorted(NAMES)
    steps = [(load, 0, 0, 4), (jump_if_equal, 0, len(numbers) + 1, AUDIT_ARCH), (load, 0, 0, 0)]
    steps += [(jump_if_equal, len(numbers) - place, 0, number) for place, number in enumerate(numbers)]
    steps += [(answer, 0, 0, RET_ALLOW), (answer, 0, 0, RET_NOTIFY)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(program)))
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    descriptor: int = libc.syscall(SYS_SECCOMP, SECCOMP_SET_MODE_FILTER, NEW_LISTENER, header)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "this kernel takes no seccomp filter with a listener")
    return descriptor


def send_listener(address: str) -> None:
    """In the program that is to suffer: install the filter and hand the descriptor to the `FailingDisk` at `address`."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(address)
        listener = install_filter()
        socket.send_fds(line, [b"!"], [listener])
        os.close(listener)


@dataclass(frozen=True, slots=True)
class Call:
    """One system call that is about to change a file."""

    name: str
    path: str
    process: int


Rule = Callable[[Call], int]
"""The errno with which a call fails; 0 lets it pass; a negative number is a signal that kills the process before the call."""


class FailingDisk:
    """Supervises the programs that send their listener here. Set `rule` at any time; `calls` remembers what was asked below `root`."""

    def __init__(self, root: Path, address: Path) -> None:
        self.root, self.address = f"{root}/", str(address)
        self.rule: Rule = well
        self.calls: list[Call] = []
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(self.address)
        self._server.listen()
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """After the programs have ended: without a supervisor their calls would fail with ENOSYS."""
        os.close(self._stopped)
        self._thread.join()
        self._server.close()
        os.close(self._stop)

    def _serve(self) -> None:
        poll = select.poll()
        for descriptor in (self._stop, self._server.fileno()):
            poll.register(descriptor, select.POLLIN)
        listeners: list[int] = []
        while True:
            for descriptor, event in poll.poll():
                if descriptor == self._stop:
                    for listener in listeners:
                        os.close(listener)
                    return
                if descriptor == self._server.fileno():
                    listeners.append(self._accept())
                    poll.register(listeners[-1], select.POLLIN)
                elif event & select.POLLIN:
                    self._answer(descriptor)
                else:  # the last process behind this listener is gone
                    poll.unregister(descriptor)

    def _accept(self) -> int:
        line, _ = self._server.accept()
        with line:
            _, [listener], _, _ = socket.recv_fds(line, 1, 1)
        return listener

    def _answer(self, listener: int) -> None:
        notification = array.array("B", bytes(NOTIFICATION.size))
        # ENOENT: the process was killed between the question and now.
        with suppress(FileNotFoundError):
            fcntl.ioctl(listener, RECEIVE, notification)
            id_, process, _, number, _, _, *arguments = NOTIFICATION.unpack(notification)
            error = self._judge(NAMES[number], process, arguments)
            response = RESPONSE.pack(id_, 0, -error, 0 if error else CONTINUE)
            fcntl.ioctl(listener, SEND, response)

    def _judge(self, name: str, process: int, arguments: list[int]) -> int:
        try:
            path = path_of(name, process, arguments)
        except OSError:
            return 0
        if not path.startswith(self.root) or not changes(name, arguments):
            return 0
        call = Call(name, path.removeprefix(self.root), process)
        self.calls.append(call)
        error = self.rule(call)
        if error < 0:
            os.kill(process, -error)
            return errno.EINTR
        return error


def well(_call: Call) -> int:
    return 0


def changes(name: str, arguments: list[int]) -> bool:
    """Opening a file changes the disk only when it may create it or is for writing."""
    if name not in FLAGS_ARGUMENT:
        return True
    return bool(arguments[FLAGS_ARGUMENT[name]] & (os.O_CREAT | os.O_WRONLY | os.O_RDWR | os.O_TRUNC))


def path_of(name: str, process: int, arguments: list[int]) -> str:
    """The file that the call is about. Raises OSError when it has none or its process is gone."""
    if name in BY_DESCRIPTOR:
        return os.readlink(f"/proc/{process}/fd/{arguments[0]}")
    with open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
        memory.seek(arguments[PATH_ARGUMENT[name]])
        return os.fsdecode(memory.read(4096).partition(b"\0")[0])


def nth(number: int, error: int, where: Callable[[Call], bool] = lambda _: True) -> Rule:
    """Fail the `number`-th call (from 1) of those that `where` picks, once."""
    left = [number]

    def rule(call: Call) -> int:
        if not where(call):
            return 0
        left[0] -= 1
        return error if left[0] == 0 else 0

    return rule


KILLED = -signal.SIGKILL
