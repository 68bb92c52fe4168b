"""Who may ask what: every route × every kind of visitor × own, another's and nobody's record. A route without a row fails.

No answer is ever 403, for these keys have every scope (`tests/accounts/test_scopes.py` takes them away): what belongs to another
organisation does not exist for the visitor, byte for byte (design: isolation of tenants). Routes outside the API take no key, so a key
changes nothing there.
"""
import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.models import ApiKey, Organisation
from accounts.permissions import Act
from accounts.services import create_organisation, issue_api_key, revoke_api_key
from accounts.viewer import Viewer
from cases.facts import CaseFacts, CreditorFacts, SideFacts, SignedAgreement
from cases.filing import revise_file
from cases.importing.columns import COLUMNS, PAYMENT_COLUMNS, Column, template_csv
from cases.imports import check_import
from cases.models import Case, CaseImport
from cases.reckoning.terms import Agreement, DayCount, Drawdown, Repayment
from evidence.models import Evidence
from notifications.models import Notice
from notifications.services import create_webhook
from tests.api.page_table import PEOPLE, PUBLIC
from tests.depositing import batch, deposit_body, document

FILE = b"evidence of the first organisation"
UNKNOWN = "CZ-20261123-01234-56789-W"
# What only the owner may read: the client's own words, and who the owner is. The answer to a stranger holds none of it.
PRIVATE = {"case": "SECRET-CASE-1", "title": "只有机构自己知道的标题", "name": "甲方消费金融有限公司", "file": "秘密文件.wav"}

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
Send = Callable[[Client, str, dict[str, str]], Any]


class Row(NamedTuple):
    """`send` asks about a record (its number); `access`: who gets an answer.

    `owner`; `anyone` with the number; any `organisation`, about its own; `everyone`, for there is no record in the question.
    """

    access: str
    send: Send
    status: int = 200


def getting(path: str) -> Send:
    return lambda client, number, headers: client.get(path.replace("{record}", number), headers=headers)


def posting(path: str, body: Callable[[str], tuple[bytes, str]]) -> Send:
    def send(client: Client, number: str, headers: dict[str, str]) -> Any:
        data, kind = body(number)
        return client.post(path.replace("{record}", number), data, content_type=kind, headers=headers)

    return send


def of_file(number: str) -> tuple[bytes, str]:
    return json.dumps({"record": number, "sha256": hashlib.sha256(FILE).hexdigest()}).encode(), "application/json"


API = "/api/v1"
PRIVATE_URL = "https://only-the-owner-knows.example/hook"


def webhook_body() -> tuple[bytes, str]:
    return json.dumps({"url": "https://anybody.example/", "events": ["record.timestamped"]}).encode(), "application/json"


def owner_of(number: str) -> Organisation | None:
    record = Evidence.objects.filter(record=number).select_related("organisation").first()
    return None if record is None else record.organisation


def about_webhook(method: str, part: str = "") -> Send:
    """About a webhook of the record's owner, made for the question; about none that there is, where there is no such record."""
    def send(client: Client, number: str, headers: dict[str, str]) -> Any:
        owner, ref = owner_of(number), "0" * 32
        if owner is not None:
            ref = create_webhook(owner, url=PRIVATE_URL, events=["record.timestamped"], networks=(), now=timezone.now())[0].ref
        return client.generic(method, f"{API}/webhooks/{ref}{part}", b"{}", "application/json", headers=headers)

    return send


def naming_nothing(path: str, body: dict[str, Any] | None = None) -> Row:
    """A question about an id of nobody's; what each kind of organisation gets about others' is told in `tests/test_isolation.py`."""
    data = b"" if body is None else json.dumps(body).encode()
    if path.endswith(NOWHERE):
        return Row("organisation", getting(path), 404)
    # A matter is an institution's to accept and close: no scope of a lender's opens that.
    refused = 403 if path.endswith(("/acceptance", "/closing")) else 404
    return Row("organisation", posting(path, lambda _: (data, "application/json")), refused)


def about_notice(client: Client, number: str, headers: dict[str, str]) -> Any:
    owner, ref = owner_of(number), "0" * 32
    if owner is not None:
        ref = secrets.token_hex(16)
        Notice.objects.create(ref=ref, organisation=owner, kind="webhook-gone", subject="0" * 32, created_at=timezone.now())
    return client.post(f"{API}/notices/{ref}/read", headers=headers)


def case_body(**more: Any) -> bytes:
    """A case file with nobody in it, under a reference that is new each time."""
    body = {"creditor_sides": [{"creditors": [{"name": "甲", "share": "1"}]}], **more}
    return json.dumps(body).encode()


def about_case(method: str, part: str = "", body: Callable[[Case], bytes] = lambda _: b"{}") -> Send:
    """About the case of the record, which gets a file for the question."""
    def send(client: Client, number: str, headers: dict[str, str]) -> Any:
        record = Evidence.objects.filter(record=number).select_related("case__organisation", "credential__organisation").first()
        ref, data = "0" * 32, b"{}"
        if record is not None:
            viewer = Viewer(record.case.organisation, frozenset(Act), key=record.credential)
            revise_file(viewer, record.case, FACTS, version=record.case.file_version, now=timezone.now())
            ref, data = record.case.ref, body(record.case)
        return client.generic(method, f"{API}/cases/{ref}{part}", data, "application/json", headers=headers)

    return send


def about_import(kind: CaseImport.Kind, columns: Sequence[Column], part: str = "") -> Send:
    """About a file that the record's owner has had checked: of a case that is new, or of a payment on the case of the record."""
    def send(client: Client, number: str, headers: dict[str, str]) -> Any:
        record = Evidence.objects.filter(record=number).select_related("case", "credential__organisation").first()
        ref, sha256 = NOWHERE, "0" * 64
        if record is not None and record.credential is not None:
            viewer = Viewer(record.credential.organisation, frozenset(Act), key=record.credential)
            case = secrets.token_hex(8)
            if kind == CaseImport.Kind.PAYMENTS:
                revise_file(viewer, record.case, FACTS, version=record.case.file_version, now=timezone.now())
                case = record.case.client_reference
            data = template_csv(columns).replace(b"LN-2026-0001", case.encode())
            report = check_import(viewer, data, kind=kind, now=timezone.now())
            ref, sha256 = str(report.ref), report.sha256
        body = json.dumps({"sha256": sha256}).encode()
        return client.post(f"{API}/cases/imports{part}/{ref}/confirm", body, content_type="application/json", headers=headers)

    return send


def asking_for_import(client: Client, number: str, headers: dict[str, str]) -> Any:
    """How far a file is that the record's owner has had checked."""
    owner, ref = owner_of(number), NOWHERE
    if owner is not None:
        ref = secrets.token_hex(16)
        CaseImport.objects.create(organisation=owner, ref=ref, format="csv", rows=1, checked_at=timezone.now(), checked_by="a")
    return client.get(f"{API}/cases/imports/{ref}", headers=headers)


FACTS = CaseFacts(
    (SideFacts((CreditorFacts("甲", Decimal(1)),)),), SignedAgreement("HT-1", date(2025, 3, 1), Agreement(DayCount.THIRTY_360)),
    (Drawdown("JJ-1", Decimal(12000), date(2025, 3, 10), Decimal("0.12"), 3, Repayment.INTEREST_FIRST),))

NOWHERE = "0" * 32
ORDER_BODY = {
    "number": "1", "document": UNKNOWN, "scope": "1", "starts_at": "2026-01-01T00:00:00.000Z", "ends_at": "2099-01-01T00:00:00.000Z",
    "cases": [NOWHERE],
}
ROWS: dict[tuple[str, str], Row] = {
    **{("GET", f"{API}/{name}"): Row("organisation", getting(f"{API}/{name}"))
       for name in ("entrustments", "assignments", "grants", "matters", "orders")},
    ("GET", f"{API}/cases/{{case}}/accesses"): Row("owner", about_case("GET", "/accesses")),
    ("GET", f"{API}/orders/{{order}}"): naming_nothing(f"{API}/orders/{NOWHERE}"),
    ("POST", f"{API}/assignments"): naming_nothing(f"{API}/assignments", {"entrustment": NOWHERE, "cases": [NOWHERE]}),
    ("POST", f"{API}/assignments/withdrawals"): naming_nothing(f"{API}/assignments/withdrawals", {"assignments": [NOWHERE]}),
    ("POST", f"{API}/assignments/distributions"): naming_nothing(
        f"{API}/assignments/distributions", {"assignments": [NOWHERE], "agent": None}),
    ("POST", f"{API}/matters"): naming_nothing(f"{API}/matters", {"grant": NOWHERE, "cases": [NOWHERE], "purpose": "1"}),
    ("POST", f"{API}/matters/{{matter}}/acceptance"): naming_nothing(
        f"{API}/matters/{NOWHERE}/acceptance", {"number": "1", "file_days": 1}),
    ("POST", f"{API}/matters/{{matter}}/closing"): naming_nothing(f"{API}/matters/{NOWHERE}/closing"),
    ("POST", f"{API}/orders"): naming_nothing(f"{API}/orders", ORDER_BODY),
    ("GET", f"{API}/evidence"): Row("organisation", getting(f"{API}/evidence")),
    ("POST", f"{API}/evidence"): Row("organisation", posting(f"{API}/evidence", lambda _: deposit_body(document(), FILE)), 201),
    ("POST", f"{API}/evidence/batch"): Row(
        "organisation", posting(f"{API}/evidence/batch", lambda _: (json.dumps(batch(1)).encode(), "application/json")), 201),
    **{("GET", f"{API}/evidence/{{record}}{part}"): Row("owner", getting(f"{API}/evidence/{{record}}{part}"))
       for part in ("", "/proof", "/timestamps", "/package")},
    **{("GET", f"{API}/records/{{record}}{part}"): Row("anyone", getting(f"{API}/records/{{record}}{part}"))
       for part in ("", "/statement", "/proof", "/timestamps")},
    ("POST", f"{API}/disclosures"): Row("anyone", posting(f"{API}/disclosures", of_file)),
    ("POST", f"{API}/verify"): Row("anyone", posting(f"{API}/verify", of_file)),
    ("GET", f"{API}/webhooks"): Row("organisation", getting(f"{API}/webhooks")),
    ("POST", f"{API}/webhooks"): Row("organisation", posting(f"{API}/webhooks", lambda _: webhook_body()), 201),
    ("GET", f"{API}/webhooks/{{webhook}}"): Row("owner", about_webhook("GET")),
    ("DELETE", f"{API}/webhooks/{{webhook}}"): Row("owner", about_webhook("DELETE"), 204),
    ("GET", f"{API}/webhooks/{{webhook}}/deliveries"): Row("owner", about_webhook("GET", "/deliveries")),
    ("POST", f"{API}/webhooks/{{webhook}}/secret"): Row("owner", about_webhook("POST", "/secret"), 201),
    ("POST", f"{API}/webhooks/{{webhook}}/test"): Row("owner", about_webhook("POST", "/test"), 202),
    ("GET", f"{API}/notices"): Row("organisation", getting(f"{API}/notices")),
    ("POST", f"{API}/notices/{{notice}}/read"): Row("owner", about_notice),
    ("GET", f"{API}/cases"): Row("organisation", getting(f"{API}/cases")),
    ("POST", f"{API}/cases"): Row("organisation", posting(
        f"{API}/cases", lambda _: (case_body(reference=secrets.token_hex(8)), "application/json")), 201),
    ("POST", f"{API}/cases/search"): Row("organisation", posting(
        f"{API}/cases/search", lambda _: (json.dumps({"reference": PRIVATE["case"]}).encode(), "application/json"))),
    ("GET", f"{API}/cases/{{case}}"): Row("owner", about_case("GET")),
    ("PUT", f"{API}/cases/{{case}}"): Row("owner", about_case("PUT", "", lambda case: case_body(version=case.file_version))),
    ("PUT", f"{API}/cases/{{case}}/stage"): Row("owner", about_case(
        "PUT", "/stage", lambda case: json.dumps({"stage": "demanded", "seen": case.stage}).encode())),
    ("POST", f"{API}/cases/{{case}}/notes"): Row("owner", about_case("POST", "/notes", lambda _: b'{"text": "x"}'), 201),
    ("GET", f"{API}/cases/{{case}}/reckoning"): Row("owner", about_case("GET", "/reckoning")),
    ("GET", f"{API}/cases/{{case}}/completeness"): Row("owner", about_case("GET", "/completeness")),
    ("GET", f"{API}/cases/{{case}}/reckoning.csv"): Row("owner", about_case("GET", "/reckoning.csv")),
    ("POST", f"{API}/cases/{{case}}/reckoning/deposit"): Row(
        "owner", about_case("POST", "/reckoning/deposit", lambda _: b'{"on": "2025-05-20"}'), 201),
    ("POST", f"{API}/cases/imports"): Row("organisation", posting(
        f"{API}/cases/imports", lambda _: (template_csv(), "application/octet-stream"))),
    ("POST", f"{API}/cases/imports/{{checked}}/confirm"): Row("owner", about_import(CaseImport.Kind.CASES, COLUMNS), 201),
    # A row of the file names no case of the visitor's: that is a report, and no refusal.
    ("POST", f"{API}/cases/imports/payments"): Row("organisation", posting(
        f"{API}/cases/imports/payments", lambda _: (template_csv(PAYMENT_COLUMNS), "application/octet-stream"))),
    ("POST", f"{API}/cases/imports/payments/{{checked}}/confirm"): Row(
        "owner", about_import(CaseImport.Kind.PAYMENTS, PAYMENT_COLUMNS, "/payments"), 201),
    ("GET", f"{API}/cases/imports/{{checked}}"): Row("owner", asking_for_import),
    ("GET", f"{API}/rate-caps"): Row("organisation", getting(f"{API}/rate-caps")),
    ("PUT", f"{API}/rate-caps"): Row("organisation", lambda client, _, headers: client.put(
        f"{API}/rate-caps", b'{"caps": []}', content_type="application/json", headers=headers)),
    ("GET", f"{API}/evidence/{{record}}/relations"): Row("owner", getting(f"{API}/evidence/{{record}}/relations")),
    # To itself a record has no relation: whoever sees it is told so, and nothing is made.
    ("POST", f"{API}/evidence/{{record}}/relations"): Row("owner", posting(
        f"{API}/evidence/{{record}}/relations", lambda number: (
            json.dumps({"relation": "reply_to", "record": number}).encode(), "application/json")), 422),
    ("GET", f"{API}/kinds"): Row("everyone", getting(f"{API}/kinds")),
    ("GET", f"{API}/kinds/{{kind}}/{{version}}"): Row("everyone", getting(f"{API}/kinds/sms/1")),
    ("GET", f"{API}/schema"): Row("everyone", getting(f"{API}/schema")),
}
# Routes without any credential; `{number}` and the like are filled in below.
OPEN = {*PEOPLE, *PUBLIC}
FILLED = {
    "{rest}": "0/000.p/2", "{path}": "no-such-file.css", "{token}": "no-such-token", "{reference}": "0" * 12,
    **dict.fromkeys(("{ref}", "{case}", "{case_ref}", "{checked}", "{webhook}"), "0" * 32),
    **dict.fromkeys((
        "{pk}", "{session_id}", "{invitation_id}", "{replacement_id}", "{membership_id}", "{key_id}", "{paper_id}", "{part}",
        "{position}"), "1"),
}


def routes(patterns: list[Any] | None = None, prefix: str = "/") -> Iterator[tuple[str, URLPattern]]:
    """(path as the tables spell it, route) of the whole service."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        else:
            yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path), pattern


def methods_of(route: URLPattern) -> set[str]:
    view: Any = route.callback
    return {method for method in METHODS if hasattr(view.cls, method.lower())}


@dataclass(frozen=True)
class Cast:
    """Headers of each visitor, and the records by whose they are."""

    visitors: dict[str, dict[str, str]]
    records: dict[str, str]


@pytest.fixture
def cast(client: Client, stamp: Callable[[], None]) -> Cast:
    cache.clear()  # wrong keys are counted by address, and every test has the same
    now = timezone.now()
    first, second = create_organisation(PRIVATE["name"], now=now), create_organisation("乙方金融科技有限公司", now=now)

    def key(organisation: Organisation, issued_before: timedelta = timedelta()) -> tuple[ApiKey, dict[str, str]]:
        made, text = issue_api_key(organisation, label="test", now=now - issued_before, valid_for=timedelta(days=1))
        return made, {"Authorization": f"Bearer {text}"}

    revoked, revoked_headers = key(first)
    revoke_api_key(revoked, now=now)
    visitors = {
        "nobody": {}, "first": key(first)[1], "second": key(second)[1], "expired": key(first, timedelta(days=2))[1],
        "revoked": revoked_headers, "forged": {"Authorization": "Bearer cz_00000000_" + "x" * 43},
    }

    def deposited(by: str) -> str:
        told = document(
            case=PRIVATE["case"], subject={"kind": "sms", "title": PRIVATE["title"]},
            files=[{"name": PRIVATE["file"], "media_type": "audio/wav"}])
        data, kind = deposit_body(told if by == "first" else document(), FILE)
        answer = client.post(f"{API}/evidence", data, content_type=kind, headers=visitors[by])
        return str(answer.json()["records"][0]["record"])

    records = {"first": deposited("first"), "second": deposited("second"), "nobody": UNKNOWN}
    stamp()
    return Cast(visitors, records)


def expected(row: Row, visitor: str, owner: str) -> int:
    """The status that the table promises."""
    if visitor in ("expired", "revoked", "forged"):
        return 401
    if visitor == "nobody" and row.access in ("owner", "organisation"):
        return 401
    if row.access == "owner":
        return row.status if visitor == owner else 404
    if row.access == "anyone":
        return 404 if owner == "nobody" else row.status
    return row.status


def content_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    api = {(method, path) for path, route in routes() if path.startswith(API) for method in methods_of(route)}
    assert api == set(ROWS)
    assert {path for path, _ in routes() if not path.startswith(API)} == OPEN


def test_a_route_without_a_row_would_be_seen(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.api.one_route_more"
    with pytest.raises(AssertionError):
        test_every_route_has_a_row_and_every_row_a_route()


@pytest.mark.parametrize(("method", "path"), ROWS)
def test_a_route_answers_each_visitor_as_its_row_says(client: Client, cast: Cast, method: str, path: str) -> None:
    row = ROWS[method, path]
    found = {(visitor, owner): row.send(client, number, headers).status_code
             for visitor, headers in cast.visitors.items() for owner, number in cast.records.items()}
    assert found == {(visitor, owner): expected(row, visitor, owner) for visitor, owner in found}


@pytest.mark.parametrize(("method", "path"), [key for key, row in ROWS.items() if row.access == "owner"])
def test_anothers_record_and_nobodys_get_the_same_answer(client: Client, cast: Cast, method: str, path: str) -> None:
    foreign, unknown = (ROWS[method, path].send(client, cast.records[owner], cast.visitors["second"]) for owner in ("first", "nobody"))
    assert (foreign.status_code, foreign.content, foreign.headers) == (unknown.status_code, unknown.content, unknown.headers)


@pytest.mark.parametrize(("method", "path"), ROWS)
def test_a_stranger_reads_nothing_private_anywhere(client: Client, cast: Cast, method: str, path: str) -> None:
    organisation = Organisation.objects.get(name=PRIVATE["name"])
    for visitor in ("nobody", "second", "expired"):
        content = content_of(ROWS[method, path].send(client, cast.records["first"], cast.visitors[visitor])).decode("utf-8", "replace")
        assert not [word for word in (*PRIVATE.values(), PRIVATE_URL, organisation.ref) if word in content]


def test_the_owner_reads_its_own_words(client: Client, cast: Cast) -> None:
    """Else the test before this one would find nothing because nothing is there."""
    own = client.get(f"{API}/evidence/{cast.records['first']}", headers=cast.visitors["first"])
    assert PRIVATE["case"] in own.content.decode()
    package = client.get(f"{API}/evidence/{cast.records['first']}/package", headers=cast.visitors["first"])
    assert FILE in content_of(package)


def test_a_list_holds_own_records_only(client: Client, cast: Cast) -> None:
    for visitor in ("first", "second"):
        page = client.get(f"{API}/evidence", headers=cast.visitors[visitor]).json()
        assert [record["record"] for record in page["records"]] == [cast.records[visitor]]


def test_anothers_record_is_no_cursor_and_no_part_of_a_selection(client: Client, cast: Cast) -> None:
    second, foreign = cast.visitors["second"], cast.records["first"]
    for query, path in (({"cursor": foreign}, f"{API}/evidence"),
                        ({"scope": "selection", "with": foreign}, f"{API}/evidence/{cast.records['second']}/package")):
        answer = client.get(path, query, headers=second)
        assert (answer.status_code, answer.json()["code"]) == (404, "record-not-found")


def test_a_case_package_stays_within_the_organisation(client: Client, cast: Cast) -> None:
    """Both organisations may call a case by the same reference."""
    data, kind = deposit_body(document(case=PRIVATE["case"]), b"the second organisation's file")
    made = client.post(f"{API}/evidence", data, content_type=kind, headers=cast.visitors["second"]).json()["records"][0]["record"]
    own = client.get(f"{API}/evidence/{made}", headers=cast.visitors["second"]).json()
    assert own["case"]["sequence"] == 1
    first = client.get(f"{API}/evidence/{cast.records['first']}", headers=cast.visitors["first"]).json()
    assert own["case"]["ref"] != first["case"]["ref"]


@pytest.mark.parametrize("path", sorted(OPEN))
def test_a_key_changes_nothing_outside_the_api(client: Client, cast: Cast, path: str) -> None:
    address = path.replace("{number}", cast.records["first"])
    for name, value in FILLED.items():
        address = address.replace(name, value)
    answers = {visitor: client.get(address, headers=headers) for visitor, headers in cast.visitors.items()}
    assert len({answer.status_code for answer in answers.values()}) == 1
    assert {answer.status_code for answer in answers.values()} <= {200, 302, 404, 405}
    texts = [content_of(answer).decode("utf-8", "replace") for answer in answers.values()]
    assert not [word for word in PRIVATE.values() for text in texts if word in text]


def test_the_owner_is_told_by_the_key_not_by_the_request(client: Client, cast: Cast) -> None:
    """Names of organisations in headers, queries or bodies choose nothing."""
    organisation = Organisation.objects.get(name=PRIVATE["name"])
    headers = {**cast.visitors["second"], "X-Organisation": organisation.ref, "X-Forwarded-User": organisation.name}
    answer = client.get(f"{API}/evidence/{cast.records['first']}", {"organisation": organisation.ref}, headers=headers)
    assert answer.status_code == 404
    body = json.dumps({**document(), "organisation": organisation.ref}).encode()
    data, kind = deposit_body(body, FILE)
    assert client.post(f"{API}/evidence", data, content_type=kind, headers=headers).status_code == 400
