"""The policy by Django 6's setting names: what its documentation says of each shape, and which answers the middleware leaves alone."""
import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from config.csp import CSP, ContentSecurityPolicyMiddleware, Policy, build_policy
from tests.portal.pages import POLICY

ENFORCED, REPORTED = "Content-Security-Policy", "Content-Security-Policy-Report-Only"


def answered(**headers: str) -> HttpResponse:
    answer = ContentSecurityPolicyMiddleware(lambda _request: HttpResponse(headers=headers))(RequestFactory().get("/"))
    assert isinstance(answer, HttpResponse)
    return answer


@pytest.mark.parametrize(("config", "text"), [
    ({"default-src": [CSP.NONE], "img-src": [CSP.SELF, "data:"]}, "default-src 'none'; img-src 'self' data:"),
    ({"script-src": (CSP.SELF, "https://b.example", "https://a.example")}, "script-src 'self' https://b.example https://a.example"),
    ({"img-src": {"https://b.example", "https://a.example", CSP.SELF}}, "img-src 'self' https://a.example https://b.example"),
    ({"report-uri": "/reports"}, "report-uri /reports"),
    ({"upgrade-insecure-requests": True, "base-uri": CSP.NONE}, "upgrade-insecure-requests; base-uri 'none'"),
    ({"upgrade-insecure-requests": False, "img-src": None, "style-src": [], "base-uri": [CSP.NONE]}, "base-uri 'none'"),
    ({}, ""),
])
def test_a_policy_is_written_as_django_6_writes_it(config: Policy, text: str) -> None:
    assert build_policy(config) == text


def test_the_settings_are_the_policy_and_nothing_is_reported(settings: Settings) -> None:
    answer = answered()
    assert answer[ENFORCED] == POLICY
    assert REPORTED not in answer
    settings.SECURE_CSP = {"default-src": [CSP.SELF]}
    settings.SECURE_CSP_REPORT_ONLY = {"default-src": [CSP.NONE]}
    answer = answered()
    assert (answer[ENFORCED], answer[REPORTED]) == ("default-src 'self'", "default-src 'none'")
    # SPEC: PEP 3333: a server need not take a subclass of `str`, and Python's own does not.
    assert {type(name) for name in answer.headers} == {str}
    settings.SECURE_CSP = {}
    assert ENFORCED not in answered()


def test_an_answer_with_a_policy_of_its_own_keeps_it(settings: Settings) -> None:
    settings.SECURE_CSP_REPORT_ONLY = {"default-src": [CSP.NONE]}
    answer = answered(**{ENFORCED: "sandbox"})
    assert (answer[ENFORCED], answer[REPORTED]) == ("sandbox", "default-src 'none'")
