"""What a failed database call leaves behind in this process, and how to let go of it.

An exception holds every local of the frames that it passed, mostly in a cycle that only a full garbage collection breaks.
Among them are cursors, and SQLite keeps the files of a closed connection open until its last cursor is gone: an outage
would use up the descriptors, and a WAL index that was opened while the disk was read-only would stay read-only for all
connections of the process (both measured).
"""
import traceback
from typing import Final

from django.db import DatabaseError, InterfaceError

DATABASE_FAILURES: Final = (DatabaseError, InterfaceError)
"""What a database call raises. The first call on a connection that the server has ended raises the one, every further call the other."""


def let_go(failure: BaseException) -> None:
    """Clear the locals of all finished frames that `failure` and its causes passed; call it once the failure was logged."""
    seen: set[int] = set()
    each: BaseException | None = failure
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        traceback.clear_frames(each.__traceback__)
        each = each.__cause__ or each.__context__
