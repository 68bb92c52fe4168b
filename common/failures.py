"""What a failure leaves in the log; what a failed database call leaves behind in this process, and how to let go of it.

An exception holds every local of the frames that it passed, mostly in a cycle that only a full garbage collection breaks.
Among them are cursors, and SQLite keeps the files of a closed connection open until its last cursor is gone: an outage
would use up the descriptors, and a WAL index that was opened while the disk was read-only would stay read-only for all
connections of the process (both measured).
"""
import traceback
from collections.abc import Iterator
from typing import Final

from django.db import DatabaseError, InterfaceError

DATABASE_FAILURES: Final = (DatabaseError, InterfaceError)
"""What a database call raises. The first call on a connection that the server has ended raises the one, every further call the other."""


def where(failure: BaseException) -> str:
    """Where `failure` and its causes came from, for the log: class names and frames, and no text of any.

    PostgreSQL quotes the whole row that it refuses, a codec the bytes that it cannot read: names, numbers and addresses of people.
    """
    return "\n".join(f"{type(each).__name__}\n{''.join(traceback.format_tb(each.__traceback__))}".rstrip() for each in _chain(failure))


def let_go(failure: BaseException) -> None:
    """Clear the locals of all finished frames that `failure` and its causes passed; call it once the failure was logged."""
    for each in _chain(failure):
        traceback.clear_frames(each.__traceback__)


def _chain(failure: BaseException) -> Iterator[BaseException]:
    """The failure, what caused it, and so on; each once."""
    seen: set[int] = set()
    each: BaseException | None = failure
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__
