"""Checkpoints: published ones are read, what is written is read back, and any other text is refused."""
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlog.checkpoint import Checkpoint, format_checkpoint, parse_checkpoint
from tlog.encoding import encode_base64
from tlog.errors import VerificationError
from tlog.merkle import EMPTY_ROOT
from tlog.note import split_note

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent.parent / "vectors" / "notes.json").read_text())
PUBLISHED = [vector for vector in VECTORS if vector["name"].startswith(("sumdb", "sigsum"))]
ROOT = bytes(range(32))
LINES = st.text(st.characters(min_codepoint=32, codec="utf-8"), min_size=1)


@pytest.mark.parametrize("vector", PUBLISHED, ids=lambda vector: vector["name"])
def test_published_checkpoint_is_read_and_written_back(vector: dict[str, Any]) -> None:
    text = split_note(vector["note"].encode())[0]
    point = parse_checkpoint(text)
    assert [point.origin, str(point.size), encode_base64(point.root)] == text.split("\n")[:3]
    assert format_checkpoint(origin=point.origin, size=point.size, root=point.root, extensions=point.extensions) == text


def test_an_empty_log_and_the_largest_one_have_checkpoints() -> None:
    for size in (0, 2**63 - 1):
        text = format_checkpoint(origin="example.com/log", size=size, root=EMPTY_ROOT)
        assert parse_checkpoint(text) == Checkpoint("example.com/log", size, EMPTY_ROOT, ())


@given(LINES, st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(LINES))
def test_every_checkpoint_is_read_back(origin: str, size: int, root: bytes, extensions: list[str]) -> None:
    text = format_checkpoint(origin=origin, size=size, root=root, extensions=extensions)
    assert parse_checkpoint(text) == Checkpoint(origin, size, root, tuple(extensions))


GOOD = f"log\n5\n{encode_base64(ROOT)}\n"
BAD = {
    "nothing": "",
    "one newline": "\n",
    "only newlines": "\n\n\n\n",
    "two lines": "log\n5\n",
    "no last newline": GOOD[:-1],
    "no origin": GOOD[3:],
    "an empty last line": GOOD + "\n",
    "an empty line before an extension": GOOD + "\nextension\n",
    "an empty line before the root": GOOD.replace("5\n", "5\n\n"),
    "a leading zero": GOOD.replace("5", "05"),
    "a sign": GOOD.replace("5", "-5"),
    "a size of 2^63": GOOD.replace("5", str(2**63)),
    "a space after the size": GOOD.replace("5", "5 "),
    "a root of 31 bytes": f"log\n5\n{encode_base64(ROOT[1:])}\n",
    "two roots in one": f"log\n5\n{encode_base64(ROOT + ROOT)}\n",
    "base64 without padding": GOOD.replace("=", ""),
    "carriage returns": GOOD.replace("\n", "\r\n"),
    "a tab": GOOD.replace("log", "l\tg"),
    "half a surrogate pair": GOOD.replace("log", "l\ud800g"),
    "a million newlines": "\n" * 2**20,
    "a million digits": GOOD.replace("5", "5" * 10**6),
    "a million digits of root": GOOD.replace("AAEC", "A" * 2**20),
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    assert text != GOOD
    with pytest.raises(VerificationError):
        parse_checkpoint(text)


@given(st.text())
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(VerificationError):
        parse_checkpoint(text)


@pytest.mark.parametrize("change", [
    {"origin": ""}, {"origin": "a\nb"}, {"origin": "a\tb"}, {"size": -1}, {"size": 2**63}, {"root": b""}, {"root": bytes(33)},
    {"extensions": [""]}, {"extensions": ["a\n"]}, {"extensions": ["a\nb"]}, {"extensions": ["\ud800"]},
])  # fmt: skip
def test_a_checkpoint_is_not_made_of_parts_that_do_not_fit(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is that of the parser
        format_checkpoint(**{"origin": "log", "size": 5, "root": ROOT, **change})
