"""The pinned requirements, as an old pip sees them: a fresh clone is installed with whatever pip the machine's Python brought."""
import re
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[(?P<extras>[^\]]*)\])?==(?P<version>[^ ;]+)(?P<marker> ;.*)?", re.MULTILINE)
NEEDED_WITH_EXTRAS = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)\[(?P<extras>[^\]]+)\](?!.*extra ==)")


def pins(*files: str) -> dict[str, set[str]]:
    """Each pinned package with the extras that its line names, names as PyPI compares them."""
    text = "\n".join((ROOT / file).read_text(encoding="utf-8") for file in files)
    return {plain(found["name"]): set((found["extras"] or "").split(",")) for found in PIN.finditer(text) if not found["marker"]}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def needed_with_extras(names: Iterator[str]) -> Iterator[tuple[str, str, str]]:
    """(who needs it, package, extra) for each requirement of an installed package that names an extra unconditionally."""
    for name in names:
        for needed in distribution(name).requires or ():
            if found := NEEDED_WITH_EXTRAS.match(needed):
                for extra in found["extras"].split(","):
                    yield name, plain(found["name"]), extra.strip()


@pytest.mark.parametrize("files", [
    ("requirements.txt",), ("requirements.txt", "requirements-decoders.txt"), ("requirements.txt", "requirements-dev.txt")])
def test_a_package_that_another_needs_with_an_extra_is_pinned_with_it(files: tuple[str, ...]) -> None:
    # pip before 23.3 takes `coverage[toml]>=7` for a package that no line pins, and refuses the whole installation on the
    # day when a release newer than the pin of `coverage` appears.
    pinned = pins(*files)
    assert len(pinned) > 20
    missing = [each for each in needed_with_extras(iter(pinned)) if each[1] in pinned and each[2] not in pinned[each[1]]]
    assert missing == []


def test_the_check_above_has_something_to_check() -> None:
    assert ("pytest-cov", "coverage", "toml") in set(needed_with_extras(iter(pins("requirements-dev.txt"))))
