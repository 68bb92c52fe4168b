"""Requests of a test as the web's role: the test itself goes on as the owner, and every request in between is made under the policies."""
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from pytest_django import Settings

from common.web_role import make_web_role
from tests.databases import administrator

MIDDLEWARE = "tests.web_role.AsWeb"


@contextmanager
def web_role(url: str) -> Iterator[str]:
    """The name of a role of this test's own, with the web's privileges on the database of Django's connection; dropped afterwards."""
    name = f"cunzheng_web_{secrets.token_hex(6)}"
    make_web_role(name)
    try:
        yield name
    finally:
        connection.close()
        with administrator(url) as cursor:
            cursor.execute(f"DROP OWNED BY {name}")
            cursor.execute(f"DROP ROLE {name}")


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """The connection in this role; what it was told before is forgotten at the end."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {name}")
    try:
        yield
    finally:
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
                whole = [bytes(part) for part in response]
                response.streaming_content = iter(whole)
            return response


def requests_as(name: str, settings: Settings) -> None:
    """From now on every request of this test is made in this role."""
    AsWeb.role = name
    settings.MIDDLEWARE = [MIDDLEWARE, *settings.MIDDLEWARE]
