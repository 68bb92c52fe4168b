"""Requests of a test as the web's role: the test itself goes on as the owner, and every request in between is made under the policies."""
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from pytest_django import Settings

MIDDLEWARE = "tests.web_role.AsWeb"


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """Django's connection in this role."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {name}")
    try:
        yield
    finally:
        if connection.connection is not None:
            with connection.cursor() as cursor:
                cursor.execute("RESET ROLE")


class AsWeb:
    """Middleware before all others. A streamed answer is read to its end here, for it reads from the database."""

    role = ""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with acting_as(self.role):
            response = self.get_response(request)
            if isinstance(response, StreamingHttpResponse):
                response.streaming_content = _given_again(*_read(response))
            return response


def _read(response: StreamingHttpResponse) -> tuple[list[bytes], Exception | None]:
    """What came, and what broke it off; None when it came to its end."""
    pieces: list[bytes] = []
    try:
        for piece in response:
            pieces.append(piece)  # noqa: PERF402 - what came before a break counts
    except Exception as broken:  # noqa: BLE001 - whatever it is, it is raised again where the answer is read
        return pieces, broken
    return pieces, None


def _given_again(pieces: list[bytes], broken: Exception | None) -> Iterator[bytes]:
    yield from pieces
    if broken is not None:
        raise broken


def make_requests_as(name: str, settings: Settings) -> None:
    """From now on every request of this test is made in this role."""
    AsWeb.role = name
    settings.MIDDLEWARE = [MIDDLEWARE, *settings.MIDDLEWARE]
