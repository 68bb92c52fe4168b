"""Content-Security-Policy on every answer: nothing is loaded from elsewhere, and no script or style is inline.

Source: W3C CSP Level 3; W3C Permissions Policy. Evidence itself is never shown on this origin, only what we encoded anew.
"""
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

# Pages whose form leads to an original, at the origin that serves nothing else; browsers hold a redirect against the form's page.
TO_ORIGINALS = ("record", "record-view")
# Where a recording is heard: samples that we encoded ourselves (docs/adr/0024).
PLAYS = ("record", "record-view")
# Only the page for visits asks where it is, and only when somebody presses the button. A photo comes by a file input, which needs no leave.
ASKS_PLACE = "visit"
PERMISSIONS = "camera=(), microphone=(), geolocation={}, display-capture=(), payment=(), usb=()"


def policy_for(request: HttpRequest) -> str:
    """The policy of the page that this request led to; a stranger's pages have no exception at all."""
    policy = POLICY
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        if _name(request) in TO_ORIGINALS:
            policy = policy.replace("form-action 'self'", f"form-action 'self' {settings.EVIDENCE_ORIGIN}")
        if _name(request) in PLAYS:
            policy = policy.replace("img-src", "media-src 'self'; img-src")
    return policy


def _name(request: HttpRequest) -> str | None:
    return request.resolver_match.url_name if request.resolver_match else None


class ContentSecurityPolicyMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy_for(request))
        place = "(self)" if _name(request) == ASKS_PLACE else "()"
        response.headers.setdefault("Permissions-Policy", PERMISSIONS.format(place))
        return response
