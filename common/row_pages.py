"""All rows of a query, page by page, each page a query of its own.

`QuerySet.iterator` keeps a cursor open, and on SQLite an open cursor holds the connection to what the database was when it was opened:
whatever is read beside it is as old, and a write beside it is refused (`database is locked`) once anybody else wrote. So whoever writes or
looks a second time while he goes through many rows takes them by pages. What this does not do: show one state of the database; rows that
are added meanwhile behind the last one are among them.
"""
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)


def in_pages(rows: QuerySet[M], *, size: int, order: Sequence[str] = ("pk",)) -> Iterator[M]:
    """The rows in the order of these columns, which together are unique and never NULL; `size` rows are in memory at a time."""
    ordered = rows.order_by(*order)
    page = list(ordered[:size])
    while page:
        yield from page
        page = list(ordered.filter(_after(order, [getattr(page[-1], column) for column in order]))[:size])


def _after(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Behind this row. Of several columns the first bounds the search in an index, too."""
    column, value = order[0], values[0]
    beyond = Q(**{f"{column}__gt": value})
    if len(order) == 1:
        return beyond
    return Q(**{f"{column}__gte": value}) & (beyond | _after(order[1:], values[1:]))
