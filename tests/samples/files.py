"""The committed sample case as the tests read it: bytes by path, the manifest, the tables.

What it does not do: make anything; `samples.generate` does, and its tests compare.
"""
import csv
import io
import json
from typing import Any

from samples.tool_made import COMMITTED

FILES = {file.name: file.read_bytes() for file in sorted(COMMITTED.iterdir())}
MANIFEST: list[dict[str, Any]] = json.loads(FILES["manifest.json"])


def table(path: str) -> list[dict[str, str]]:
    """The rows of a CSV file of the case by heading."""
    return list(csv.DictReader(io.StringIO(FILES[path].decode("utf-8-sig"), newline="")))
