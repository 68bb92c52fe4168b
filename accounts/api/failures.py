"""How often an address may show a wrong credential: the count is of failures alone, so nobody is kept out by a neighbour's mistakes.

Secrets have 256 random bits, and no number of attempts would find one: the limit is against the load and the noise of trying.
"""
from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone

from common.counting import counted
from common.problems import TooManyRequests

FAILURES_PER_MINUTE = 100


def count_failure(request: HttpRequest) -> None:
    """Count one failed attempt of this address in the current minute. Raises TooManyRequests beyond the limit."""
    now = timezone.now()
    try:
        address = get_adapter().get_client_ip(request)
    except PermissionDenied:
        address = ""  # behind a proxy that names nobody all are one
    if counted(f"machine-failures:{address}:{now:%Y%m%d%H%M}") > FAILURES_PER_MINUTE:
        raise TooManyRequests(retry_after_s=60 - now.second)
