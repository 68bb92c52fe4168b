"""Whether a document that an entrustment, a grant or an order rests on was deposited: the room above knows, and registers itself here.

`cases` may not look into `evidence`, and without the look-up any text would pass for a contract. Nothing registered means no document.
"""
from collections.abc import Callable
from typing import NamedTuple


class DepositedPaper(NamedTuple):
    """A deposited document: its record's canonical number, and the kind of evidence that whoever deposited it said it is."""

    number: str
    kind: str


Lookup = Callable[[int, str], DepositedPaper | None]
"""(organisation's id, number as typed) → the document; None when that organisation deposited no such record."""

_LOOKUPS: list[Lookup] = []


def register_papers(lookup: Lookup) -> None:
    """Where deposited documents are looked up from now on."""
    _LOOKUPS[:] = [lookup]


def deposited_paper(organisation_id: int, typed: str) -> DepositedPaper | None:
    """A record that this organisation deposited itself; None for anything else."""
    return next((paper for lookup in _LOOKUPS if (paper := lookup(organisation_id, typed)) is not None), None)
