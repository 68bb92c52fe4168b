"""The patches of this folder, and the table of them.

A patch begins with what it is, one line each, and goes on as `git apply` reads it:

    Defect: what is wrong with the program once the patch is applied
    Made by: the real system that made this mistake, or "a common mistake"
    Caught by: path::test, at least once
    Only on: PostgreSQL, or no such line

What this does not do: apply them (`judging`).
"""
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
NAME = re.compile(r"([0-9]{2})-([a-z0-9-]+)\.patch")
HEAD = re.compile(r"Defect: (.+)\nMade by: (.+)\n((?:Caught by: \S+\n)+)(Only on: PostgreSQL\n)?\n--- a/")
TABLE = """\
# Planted defects

A suite that finds nothing says something only if it would have found something. Each row is a small patch of `tests/planted/` that brings
back a mistake which a real system made. `make test-planted` applies one at a time to a copy of this checkout and runs the tests named
here: they pass without the patch and fail with it, by an assertion and not because the program no longer starts. `make test-planted
ARGS=--whole` runs the whole suite against each patch instead, which takes hours. Two are mistakes of what PostgreSQL alone
has: they need DATABASE_URL, and are left out, by name, where there is none.

That a patch still applies and that its tests still exist is part of `make test`. A new safeguard deserves a row: write the patch that takes
the safeguard away, name the test, and let `.venv/bin/python -m tests.planted --write` write this table.

| № | The defect | Who made it | Caught by |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Defect:
    """One patch: its two digits, short name, what it does and who did it; `tests` are `path::function`, each of which must fail.

    `on_postgres`: SQLite has nothing that it could be planted in.
    """

    number: str
    name: str
    does: str
    made_by: str
    tests: tuple[str, ...]
    patch: Path
    on_postgres: bool

    @property
    def title(self) -> str:
        return f"{self.number} {self.name}"


def read_defect(path: Path) -> Defect:
    """Raises ValueError when the file's name or its head is not as above."""
    named, head = NAME.fullmatch(path.name), HEAD.match(path.read_text(encoding="utf-8"))
    if named is None or head is None:
        raise ValueError(f"{path.name} is not named or does not begin as a planted defect does")
    tests = tuple(line.removeprefix("Caught by: ") for line in head[3].splitlines())
    return Defect(named[1], named[2], head[1], head[2], tests, path, on_postgres=head[4] is not None)


def read_defects(folder: Path = FOLDER) -> tuple[Defect, ...]:
    """All of them by number. Raises ValueError."""
    return tuple(read_defect(path) for path in sorted(folder.glob("*.patch")))


def table(defects: tuple[Defect, ...]) -> str:
    """The page `docs/planted.md`."""
    rows = [f"| {each.number} | {each.does} ([patch](../tests/planted/{each.patch.name})) | {each.made_by} | "
            f"{'<br>'.join(f'`{test}`' for test in each.tests)} |\n" for each in defects]
    return TABLE + "".join(rows)
