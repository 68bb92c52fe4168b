"""One id for each request, so that the rows that it leaves in several tables can be laid side by side.

A proxy's `X-Request-ID` is taken when it looks like one; otherwise the id is made here. It tells nothing of anybody.
"""
import re
import secrets

from django.http import HttpRequest

HEADER = "X-Request-ID"
FORM = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
KEPT = "cunzheng.request_id"


def request_id_of(request: HttpRequest) -> str:
    """The same for one request however often it is asked."""
    if KEPT not in request.META:
        offered = request.headers.get(HEADER, "")
        request.META[KEPT] = offered if FORM.fullmatch(offered) else secrets.token_hex(8)
    return str(request.META[KEPT])
