"""One thing that is wrong, and where; and the other rooms' examinations that `manage.py fsck` runs too."""
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`where` names a table and its row, or an object in storage; `what` says what is wrong. Neither holds anything personal."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


Examination = Callable[[], Iterator[Finding]]
EXAMINATIONS: dict[str, Examination] = {}


def register_examination(name: str, examine: Examination) -> None:
    """Let `manage.py fsck` run another room's examination after the log's own; called by that room's AppConfig."""
    EXAMINATIONS[name] = examine
