"""Which host serves what: the evidence origin serves originals and nothing else, every other host serves everything but originals.

A file that somebody deposited may be a page with scripts. At an origin of its own it meets no session, no form and no page of ours,
whatever a browser makes of it. Cookies that come to that host all the same are not looked at. Source: threats T17.
"""
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import resolve

from common.problems import as_domain_error

ROUTES = "config.evidence_urls"


class EvidenceHostMiddleware:
    """It stands before the sessions, and answers for its host alone: no other middleware, no template, no page has a part in it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not settings.EVIDENCE_ORIGIN or request.get_host().lower() != urlsplit(settings.EVIDENCE_ORIGIN).netloc.lower():
            return self.get_response(request)
        request.COOKIES.clear()
        response = _answer(request)
        # SPEC: CSP 3: `sandbox` without words forbids scripts, forms and the origin itself, should a browser show the file after all.
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        response["X-Frame-Options"] = "DENY"
        response["Cache-Control"] = "no-store"
        return response


def _answer(request: HttpRequest) -> HttpResponseBase:
    """The original, or one sentence: to every other address, to every fault."""
    try:
        match = resolve(request.path_info, ROUTES)
        answer: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        if answer.status_code == 200:
            return answer
        status = answer.status_code
    except Exception as fault:  # noqa: BLE001 - the one place for this host; what nobody foresaw is logged there
        status = as_domain_error(fault).status
    return HttpResponse(
        f"Only files of evidence are served here, by addresses that work once. The service is at {settings.PUBLIC_URL}/\n",
        status=status, content_type="text/plain; charset=utf-8")
