"""Whose fault it is that a file was not drawn: the file's, or our own program's. For the process that draws; and what of it is believed.

A decoder that is handed what somebody made may raise anything, and then the file is to blame. What is raised in our own code is a bug of
ours, a ValueError too, but for what decoders without a frame of their own raise there, by name: a text that is no text, bytes that end
early, a table that is none. Never the file's are a name or a module that
is missing, a call that the confinement refused, and whatever is raised while what was drawn is written down.

What this does not do: tell a decoder's bug from a broken file, or what is wrong with the file. Nothing of the file is told: the class of
a built-in exception, a module of ours and a line.
"""
import binascii
import builtins
import csv
import struct
import zlib
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("evidence", "cases")
# Of those that are written in C, so that the innermost line is ours: a plain ValueError is none of them.
OF_DECODERS = (UnicodeError, binascii.Error, EOFError, RecursionError, struct.error, csv.Error, zlib.error)
NEVER_THE_FILES = (ImportError, NameError, SyntaxError)
WRITING = ("evidence/rendering/parts.py", "evidence/rendering/child.py")
LARGEST_LINE = 9999


class Fault(NamedTuple):
    """Where our program failed: the exception's class, `evidence/rendering/tables.py`, the line."""

    error: str
    module: str
    line: int


def fault_of(error: BaseException) -> Fault | None:
    """Where the bug is that raised this; None when the file is to blame."""
    frames = list(_frames(error))
    ours = [(module, line) for module, line in frames if module is not None]
    refused = isinstance(error, OSError) and error.errno is not None
    in_our_code = bool(frames) and frames[-1][0] is not None and not isinstance(error, (*OF_DECODERS, OSError))
    writing = bool(ours) and ours[-1][0] in WRITING
    if refused or in_our_code or writing or isinstance(error, NEVER_THE_FILES):
        return fault_at(error)
    return None


def fault_at(error: BaseException) -> Fault:
    """The innermost line of ours, whoever is to blame."""
    ours = [(module, line) for module, line in _frames(error) if module is not None]
    module, line = ours[-1] if ours else (WRITING[1], 0)
    named = next(each.__name__ for each in type(error).__mro__ if _is_builtin(each.__name__))
    return Fault(named, module, min(line, LARGEST_LINE))


def parse_fault(told: Any) -> Fault | None:
    """What came over the pipe, if it is such a fault: a process that was taken over must not write into our log what it likes."""
    if not isinstance(told, list) or len(told) != len(Fault._fields):
        return None
    error, module, line = told
    right = (
        isinstance(error, str) and _is_builtin(error) and isinstance(module, str) and module in _modules()
        and type(line) is int and 0 <= line <= LARGEST_LINE)
    return Fault(error, module, line) if right else None


def _frames(error: BaseException) -> list[tuple[str | None, int]]:
    """(module of ours, line) of each call that it came through, the outermost first; None for everybody else's."""
    found, at = [], error.__traceback__
    while at is not None:
        found.append((_module_of(at.tb_frame.f_code), at.tb_lineno))
        at = at.tb_next
    return found


def _module_of(code: CodeType) -> str | None:
    try:
        path = Path(code.co_filename).relative_to(ROOT)
    except ValueError:
        return None
    return path.as_posix() if path.parts[0] in ROOMS else None


def _is_builtin(name: str) -> bool:
    found = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, BaseException)


def _modules() -> frozenset[str]:
    return frozenset(path.relative_to(ROOT).as_posix() for folder in ("evidence/rendering", "cases/importing", "evidence")
                     for path in (ROOT / folder).glob("*.py"))
