"""Content-Security-Policy by Django 6's setting names, for as long as this is Django 5.2: on the upgrade this module is removed.

`CSP` then comes from `django.utils.csp` and the middleware is `django.middleware.csp.ContentSecurityPolicyMiddleware`; `SECURE_CSP` and
`SECURE_CSP_REPORT_ONLY` stay as they are. What it does not do: nonces, for no page has an inline script or style. The exceptions of
single pages are `config.page_policies`.
Source: Django 6.0, "Content Security Policy" and the settings' reference; W3C CSP Level 3.
"""
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Sources: TypeAlias = Sequence[str] | set[str] | str | bool | None
Policy: TypeAlias = Mapping[str, Sources]


class CSP(StrEnum):
    """Of Django 6's constants those that we write."""

    HEADER_ENFORCE = "Content-Security-Policy"
    HEADER_REPORT_ONLY = "Content-Security-Policy-Report-Only"
    NONE = "'none'"
    SELF = "'self'"


def build_policy(config: Policy) -> str:
    """The header's text: directives in the order that they were told. True is a directive without sources; None, False and no source, none.

    The sources of a set are sorted, so that the same settings always make the same text.
    """
    return "; ".join(f"{name} {' '.join(_sources(told))}".rstrip() for name, told in config.items() if told is True or _sources(told))


def _sources(told: Sources) -> Sequence[str]:
    if told is None or isinstance(told, bool):
        return ()
    if isinstance(told, str):
        return (told,)
    return sorted(told) if isinstance(told, set) else told


class ContentSecurityPolicyMiddleware:
    """Both policies of the settings, on every answer that has none of its own; an empty one is not sent."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        told = {CSP.HEADER_ENFORCE: settings.SECURE_CSP, CSP.HEADER_REPORT_ONLY: settings.SECURE_CSP_REPORT_ONLY}
        for header, config in told.items():
            if config:
                # PEP 3333: a header's name is a `str` itself, of which no server has to take a subclass.
                response.headers.setdefault(header.value, build_policy(config))
        return response
