"""One representation for each resource: `Accept` and `?format=` choose nothing.

DRF answers 406 to `Accept: text/plain` on a proof that is plain text, because the views write their own bytes and no renderer
says so. RFC 9110 12.5.1 lets a server disregard the field; `Content-Type` tells what came.
"""
from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class OneRepresentation(BaseContentNegotiation):
    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> None:
        """None: the views read their own bodies, and `request.data` is refused with 415."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first: Any = next(iter(renderers))
        return first, first.media_type
