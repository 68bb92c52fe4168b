"""The OpenAPI document: committed as generated, complete, and true of the error classes and the types that decode."""
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import translation
from drf_spectacular.validation import validate_schema

import accounts.errors
from accounts.api.authentication import NeedsScope
from common.errors import DomainError
from common.faults import RequestMalformed
from config.openapi import TYPES
from evidence.api import payloads
from tests.databases import ROOT
from tests.depositing import batch, document
from tlog.errors import VerificationError
from tlog.times import parse_time

COMMITTED = ROOT / "docs/api/openapi.yaml"
OPENAPI: dict[str, Any] = yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))
METHODS = ("get", "put", "post", "delete", "patch")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(path, method, operation) of the committed document."""
    for path, item in OPENAPI["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def api_routes() -> Iterator[tuple[str, URLPattern]]:
    """(path as OpenAPI spells it, route) of everything below /api/v1/."""
    yield from _routes(get_resolver().url_patterns, "/")


def _routes(patterns: list[Any], prefix: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, path)
        elif path.startswith("/api/v1/"):
            yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path), pattern


def methods_of(route: URLPattern) -> set[str]:
    view: Any = route.callback
    return {method for method in METHODS if hasattr(view.cls, method)}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_committed_document_is_what_the_code_generates(language: str) -> None:
    written = io.StringIO()
    with translation.override(language):
        call_command("spectacular", "--validate", "--fail-on-warn", stdout=written)
    assert written.getvalue().strip() == COMMITTED.read_text(encoding="utf-8").strip(), "run `make openapi` and commit what it writes"


def test_the_document_is_openapi_3_1() -> None:
    call_validator: Any = validate_schema
    call_validator(OPENAPI)
    assert OPENAPI["openapi"].startswith("3.1.")


def test_every_route_and_method_below_the_api_is_in_the_document() -> None:
    routed = {(path, method) for path, route in api_routes() for method in methods_of(route)}
    assert routed == {(path, method) for path, method, _ in operations()}
    assert len(routed) >= 13


def test_every_reference_has_its_target_and_every_schema_is_referred_to() -> None:
    referred = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(OPENAPI)))
    assert referred == set(OPENAPI["components"]["schemas"])


def test_every_type_of_the_contract_is_in_the_document() -> None:
    assert {each.__name__ for each in TYPES} <= set(OPENAPI["components"]["schemas"])


def refusals() -> Iterator[type[DomainError]]:
    waiting: list[type[DomainError]] = [DomainError]
    while waiting:
        known = waiting.pop().__subclasses__()
        waiting += known
        yield from (error for error in known if not error.__module__.startswith("tests."))


def codes_of(operation: dict[str, Any]) -> dict[str, int]:
    """Each documented code with its status."""
    found: dict[str, int] = {}
    for status, response in operation["responses"].items():
        for schema in (content["schema"] for kind, content in response.get("content", {}).items() if kind == "application/problem+json"):
            found |= {code: int(status) for code in schema["properties"]["code"]["enum"]}
    return found


# Answered before any endpoint is reached, or kept for credentials and limits that come later.
OF_NO_ENDPOINT = {"method-not-allowed", "payload-too-large"}
# Pages answer with these, and no endpoint does.
OF_PAGES = {
    "form-expired", "organisation-unsuitable", "second-person-needed", "already-superseded", "operator-missing", "paper-missing",
    "paper-refused", "paper-infected", "paper-not-scanned", "fact-malformed", "fact-taken", "practice-file-missing", "nothing-selected",
    "case-stage-missing", "case-stage-moved", "case-taken-back", "note-unsuitable", "consent-missing", "grant-basis-missing",
    "order-document-missing", "address-malformed", "number-malformed", "document-unsuitable", "confirmation-invalid",
    "confirmation-too-often", "too-many-fields", "selection-moved", "selection-too-large", "case-file-missing", "case-fact-unsuitable",
    "webhook-secret-moved", "webhook-events-missing", "number-code-wrong", "rate-caps-changed", "original-damaged",
    "release-waiting", "release-unsuitable", "document-too-large", "documents-busy", "glyph-missing",
    "original-quarantined", "no-quarantine", "still-damaged", "quarantine-unfounded",
} | {
    error.code for error in vars(accounts.errors).values()
    if isinstance(error, type) and issubclass(error, DomainError) and error is not DomainError
}


def test_every_refusal_is_documented_at_some_endpoint_under_its_status() -> None:
    documented: dict[str, int] = {}
    for _, _, operation in operations():
        documented |= codes_of(operation)
    assert documented == {error.code: error.status for error in refusals() if error.code not in OF_NO_ENDPOINT | OF_PAGES}


def test_every_operation_says_its_refusals_and_its_security() -> None:
    everywhere = {
        "bad-request": 400, "not-authenticated": 401, "signature-invalid": 401, "organisation-not-active": 403, "too-many-requests": 429,
        "internal-error": 500, "storage-unavailable": 503,
    }
    views: dict[str, Any] = {path: getattr(route.callback, "cls") for path, route in api_routes()}  # noqa: B009 - a plain callable
    for path, method, operation in operations():
        assert everywhere.items() <= codes_of(operation).items()
        needs_key = NeedsScope in views[path].permission_classes
        scope = [str(views[path].scopes[method.upper()])] if needs_key else []
        assert operation.get("security", []) == ([{"apiKey": scope}, {"oauth2": scope}] if needs_key else []), (method, path)
        assert ("scope-missing" in codes_of(operation)) == needs_key
        waiting = [response for status, response in operation["responses"].items() if status in ("429", "503")]
        assert all("Retry-After" in response["headers"] for response in waiting)


def test_every_operation_speaks_english_and_chinese() -> None:
    chinese = re.compile(r"[一-鿿]")
    for path, method, operation in operations():
        texts = [operation["summary"], operation["description"], *(each["description"] for each in operation.get("parameters", ()))]
        assert all(chinese.search(text) and re.search(r"[a-z]{3}", text) for text in texts), (method, path)


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(ids)) == len(ids)


def test_patterns_mean_the_same_in_the_document_and_in_the_decoder() -> None:
    """Python's `$` lets a final newline pass; the decoder refuses it, and the document does not need to say so."""
    written = re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', json.dumps(OPENAPI))
    assert written
    assert not [pattern for pattern in written if r"(?!" in pattern]
    for name in ("kind", "title"):
        subject = {"kind": "sms", "title": "t"} | {name: "sms\n"}
        assert refused_by_decoder(document(subject=subject)) == (name == "kind")
    assert refused_by_decoder(document(provenance={"captured_from": "２０２６-01-01T00:00:00.000Z"}))
    assert not refused_by_decoder(document(provenance={"captured_from": "2026-01-01T00:00:00.000Z"}))


def test_the_pattern_of_the_clients_clock_allows_what_is_taken_and_of_what_is_refused_only_days_that_months_do_not_have() -> None:
    [pattern] = {
        parameter["schema"]["pattern"] for item in OPENAPI["paths"].values() for operation in item.values()
        for parameter in operation.get("parameters", ()) if parameter["name"] == "Client-Time"}
    for right in ("0001-01-01T00:00:00.000Z", "2026-11-23T08:00:00.123Z", "2028-02-29T23:59:59.999Z", "9999-12-31T19:09:10.000Z"):
        assert re.search(pattern, right), right
        parse_time(right)
    for wrong in ("2026-00-10", "2026-13-10", "2026-11-00", "2026-11-32", "2026-11-99"):
        assert not re.search(pattern, f"{wrong}T08:00:00.123Z"), wrong
    for wrong in ("24:00:00.000", "08:60:00.000", "08:00:60.000", "08:00:00", "8:00:00.000"):
        assert not re.search(pattern, f"2026-11-23T{wrong}Z"), wrong
    for neither in ("2026-02-30T08:00:00.123Z", "2027-02-29T08:00:00.123Z", "2026-11-31T08:00:00.123Z", "0000-01-01T08:00:00.123Z"):
        assert re.search(pattern, neither), neither
        with pytest.raises(VerificationError):
            parse_time(neither)


def refused_by_decoder(body: dict[str, Any]) -> bool:
    try:
        payloads.decode(json.dumps(body).encode(), payloads.Deposit)
    except RequestMalformed:
        return True
    return False


def test_the_decoder_takes_what_the_tests_send() -> None:
    assert msgspec.json.decode(json.dumps(batch(2)).encode(), type=payloads.Batch).records[1].case == "LN-2026-0001"


def test_the_service_hands_out_the_document(client: Client, service: str) -> None:
    answer = client.get("/api/v1/schema")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/yaml")
    assert answer.content == COMMITTED.read_bytes()


def test_the_document_names_no_machine() -> None:
    assert "servers" not in OPENAPI
    assert str(Path.home()) not in COMMITTED.read_text(encoding="utf-8")
