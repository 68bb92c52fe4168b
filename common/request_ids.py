"""One id for each request, so that the rows that it leaves in several tables can be laid side by side.

Random, and ours: what a client calls its request (`X-Request-ID`) could hold anything, a telephone number too, and these rows stay.
"""
import secrets

from django.http import HttpRequest

KEPT = "cunzheng.request_id"


def request_id_of(request: HttpRequest) -> str:
    """16 hex digits, the same for one request however often it is asked."""
    return str(request.META.setdefault(KEPT, secrets.token_hex(8)))
