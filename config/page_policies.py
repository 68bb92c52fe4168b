"""Where a page needs more than `SECURE_CSP` allows, and which browser features pages may use: exceptions one by one.

The middleware stands inside Django's for the policy, which leaves a header alone that is there already. What it does not do: the policy of
all other pages (`config.csp`). Evidence itself is never shown on this origin, only what we encoded anew.
Source: W3C CSP Level 3; W3C Permissions Policy.
"""
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from config.csp import CSP, Policy, Sources, build_policy

# Pages whose form leads to an original, at the origin that serves nothing else; browsers hold a redirect against the form's page.
TO_ORIGINALS = ("record", "record-view")
# Where a recording is heard: samples that we encoded ourselves (docs/adr/0024).
PLAYS = ("record", "record-view")
# Only the page for visits asks where it is, and only when somebody presses the button. A photo comes by a file input, which needs no leave.
ASKS_PLACE = "visit"
PERMISSIONS = "camera=(), microphone=(), geolocation={}, display-capture=(), payment=(), usb=()"


def policy_for(request: HttpRequest) -> Policy:
    """The policy of the page that this request led to: `SECURE_CSP`, and a stranger's pages have no exception at all."""
    policy: dict[str, Sources] = dict(settings.SECURE_CSP)
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        if _name(request) in TO_ORIGINALS:
            policy["form-action"] = [CSP.SELF, settings.EVIDENCE_ORIGIN]
        if _name(request) in PLAYS:
            policy["media-src"] = [CSP.SELF]
    return policy


def _name(request: HttpRequest) -> str | None:
    return request.resolver_match.url_name if request.resolver_match else None


class PagePolicyMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if (policy := policy_for(request)) != settings.SECURE_CSP:
            response.headers.setdefault(CSP.HEADER_ENFORCE.value, build_policy(policy))
        place = "(self)" if _name(request) == ASKS_PLACE else "()"
        response.headers.setdefault("Permissions-Policy", PERMISSIONS.format(place))
        return response
