"""Takes from this process every right but to compute: what a decoder that a file has taken over could do is write into its pipe.

Limits of memory, processor time and files come first (setrlimit). Then a filter of system calls (seccomp) lets through a short list, which
has nothing to open a file, a socket or a program with, to start a process or to signal one; everything else answers "not permitted". It
asks for no privilege, and cannot be taken off again. What needs fonts may open files below the folders of fonts, and only where the kernel
can hold it to these (Landlock, Linux 5.13); elsewhere it opens none. Where there is no filter, nothing is rendered: `Unconfined`.

What this does not do: hide how long something took, or protect from a fault of the kernel itself.
Source: seccomp(2), landlock(7), setrlimit(2), prctl(2); threats T18.
"""
import ctypes
import os
import platform
import resource
import signal
import struct
from collections.abc import Sequence
from typing import Final

from evidence.rendering.limits import CPU_S, MEMORY_BYTES

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
SECCOMP_MODE_FILTER, RET_ALLOW, RET_EPERM = 2, 0x7FFF0000, 0x00050001
LOAD, JUMP_IF_EQUAL, JUMP_IF_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
OFFSET_NUMBER, OFFSET_ARCHITECTURE = 0, 4
X32 = 0x40000000
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
READ_FILE, READ_DIR, EVERY_ACCESS = 1 << 2, 1 << 3, (1 << 13) - 1

# Calls by their numbers, after the architecture's own: read and write of what is open, close, fstat, lseek, memory, handlers of signals,
# the clocks, locks between threads, random bytes, and the end. By name: read write close fstat lseek mmap mprotect munmap brk rt_sigaction
# rt_sigprocmask rt_sigreturn pread64 readv writev sched_yield mremap msync mincore madvise nanosleep getpid exit uname fcntl gettimeofday
# getrlimit getrusage sysinfo times getuid gettid futex sched_getaffinity clock_gettime clock_getres clock_nanosleep exit_group
# set_robust_list getrandom membarrier rseq restart_syscall
COMPUTING: Final = {
    "x86_64": (0xC000003E, (
        0, 1, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 17, 19, 20, 24, 25, 26, 27, 28, 35, 39, 60, 63, 72, 96, 97, 98, 99, 100, 102, 186, 202,
        204, 228, 229, 230, 231, 273, 318, 324, 334, 219)),
    "aarch64": (0xC00000B7, (
        63, 64, 57, 80, 62, 222, 226, 215, 214, 134, 135, 139, 67, 65, 66, 124, 216, 227, 232, 233, 101, 172, 93, 160, 25, 169, 163, 165,
        179, 153, 174, 178, 98, 123, 113, 114, 115, 94, 99, 278, 283, 293, 128)),
}
# Reading within what Landlock leaves: open stat lstat access readlink getdents openat newfstatat readlinkat faccessat getdents64
READING: Final = {"x86_64": (2, 4, 6, 21, 89, 78, 257, 262, 267, 269, 217), "aarch64": (56, 79, 78, 48, 61)}

libc = ctypes.CDLL(None, use_errno=True)


class Unconfined(Exception):
    """This kernel cannot take the rights away; the process must not read the file."""


def confine(readable: Sequence[str] = ()) -> None:
    """For good. `readable`: folders of which files may be opened all the same. Raises Unconfined."""
    _limit(resource.RLIMIT_AS, MEMORY_BYTES)
    # The softer bound ends the process with a signal that says why.
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
    for what, most in ((resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 32)):
        _limit(what, most)
    os.nice(10)
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    _prctl(PR_SET_DUMPABLE, 0)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    may_read = bool(readable) and _only_below(readable)
    _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(_Program.of(_filter(may_read))))


def _limit(what: int, most: int) -> None:
    resource.setrlimit(what, (most, most))


def _prctl(option: int, *arguments: object) -> None:
    filled = [*arguments, *[0] * (4 - len(arguments))]
    if libc.prctl(option, *(ctypes.c_ulong(each) if isinstance(each, int) else each for each in filled)) != 0:
        raise Unconfined


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]

    @classmethod
    def of(cls, instructions: bytes) -> "_Program":
        return cls(len(instructions) // 8, instructions)


def _filter(may_read: bool) -> bytes:
    """The filter as classic BPF. Raises Unconfined on a kind of machine whose numbers nobody wrote down here."""
    machine = platform.machine()
    if machine not in COMPUTING:
        raise Unconfined
    architecture, allowed = COMPUTING[machine]
    program = [
        _instruction(LOAD, 0, 0, OFFSET_ARCHITECTURE), _instruction(JUMP_IF_EQUAL, 1, 0, architecture),
        _instruction(RETURN, 0, 0, RET_EPERM), _instruction(LOAD, 0, 0, OFFSET_NUMBER), _instruction(JUMP_IF_AT_LEAST, 0, 1, X32),
        _instruction(RETURN, 0, 0, RET_EPERM),
    ]
    for number in (*allowed, *(READING[machine] if may_read else ())):
        program += [_instruction(JUMP_IF_EQUAL, 0, 1, number), _instruction(RETURN, 0, 0, RET_ALLOW)]
    return b"".join([*program, _instruction(RETURN, 0, 0, RET_EPERM)])


def _instruction(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _only_below(folders: Sequence[str]) -> bool:
    """Whether this kernel now holds the process to reading below these folders; those that are not there do not matter."""
    handled = ctypes.c_uint64(EVERY_ACCESS)
    rules = libc.syscall(LANDLOCK_CREATE, ctypes.byref(handled), ctypes.sizeof(handled), 0)
    if rules < 0:
        return False
    for folder in folders:
        try:
            parent = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        beneath = ctypes.create_string_buffer(struct.pack("=Qi", READ_FILE | READ_DIR, parent), 12)
        added: int = libc.syscall(LANDLOCK_ADD, rules, 1, beneath, 0)
        os.close(parent)
        if added != 0:
            return False
    held: int = libc.syscall(LANDLOCK_RESTRICT, rules, 0)
    os.close(rules)
    return held == 0
