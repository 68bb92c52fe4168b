"""Whether a document that an entrustment, a grant or an order rests on was deposited: the room above knows, and registers itself here.

`cases` may not look into `evidence`, and without the look-up any text would pass for a contract. Nothing registered means no document.
"""
from collections.abc import Callable

Lookup = Callable[[int, str], str | None]
"""(organisation's id, number as typed) → the record's canonical number; None when that organisation deposited no such record."""

_LOOKUPS: list[Lookup] = []


def register_papers(lookup: Lookup) -> None:
    """Where deposited documents are looked up from now on."""
    _LOOKUPS[:] = [lookup]


def deposited_paper(organisation_id: int, typed: str) -> str | None:
    """The canonical number of a record that this organisation deposited itself; None for anything else."""
    return next((number for lookup in _LOOKUPS if (number := lookup(organisation_id, typed)) is not None), None)
