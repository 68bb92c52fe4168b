"""Attachments have the digest of their bytes in their head where the bytes are known before the first is sent."""
import doctest
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from common import downloads
from common.downloads import HEADER, begun, digest_of_downloads, repr_digest

ATTACHED = {"Content-Disposition": 'attachment; filename="a.csv"'}


def through(response: HttpResponseBase) -> Any:
    return digest_of_downloads(lambda _request: response)(HttpRequest())


def digest(data: bytes) -> str:
    return repr_digest(hashlib.sha256(data).digest())


def test_examples_of_the_module() -> None:
    assert doctest.testmod(downloads) == doctest.TestResults(failed=0, attempted=1)


def test_an_attachment_that_is_whole_has_its_digest_and_a_page_has_none() -> None:
    assert through(HttpResponse(b"abc", headers=ATTACHED))[HEADER] == digest(b"abc")
    assert HEADER not in through(HttpResponse(b"abc"))
    assert HEADER not in through(HttpResponse(b"abc", headers={"Content-Disposition": "inline"}))
    assert HEADER not in through(HttpResponse(b"abc", headers=ATTACHED, status=404))
    assert through(HttpResponse(b"abc", headers={**ATTACHED, HEADER: "told"}))[HEADER] == "told"


def pieces(count: int, seen: list[int]) -> Iterator[bytes]:
    try:
        for number in range(count):
            seen.append(number)
            yield b"%d," % number
    finally:
        seen.append(-1)


def made(count: int, seen: list[int]) -> Any:
    return through(begun(pieces(count, seen), content_type="text/csv", file_name="a.csv"))


def test_what_ends_soon_has_digest_and_length_and_what_does_not_is_sent_as_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MOST_HELD", 10)
    for count, held in ((0, True), (5, True), (6, False), (20, False)):
        seen: list[int] = []
        answer, whole = made(count, seen), b"".join(b"%d," % number for number in range(count))
        assert (seen[-1:] == [-1]) is held, "made to its end, or begun and no further"
        assert answer.get(HEADER) == (digest(whole) if held else None)
        assert answer.get("Content-Length") == (str(len(whole)) if held else None)
        assert (answer["Content-Disposition"], answer["Cache-Control"]) == ('attachment; filename="a.csv"', "no-store")
        assert b"".join(answer.streaming_content) == whole
        assert seen[-1] == -1


def test_whoever_goes_away_ends_the_making(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MOST_HELD", 1)
    for taken in (0, 1, 3):
        seen: list[int] = []
        answer = made(50, seen)
        for _ in range(taken):
            next(answer.streaming_content)
        answer.close()
        del answer
        assert seen[-1] == -1
