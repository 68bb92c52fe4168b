"""Webhooks and notices over HTTP: the secret once, the log in full, nothing of another organisation's."""
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks import Webhook

from accounts.models import AuditEntry, Organisation
from accounts.services import create_organisation, issue_api_key
from common.bounded_http import Trouble
from common.jobs import Job
from notifications.api.answers import Attempt
from notifications.api.payloads import EventKind
from notifications.events import KINDS, RECORD_TIMESTAMPED
from notifications.models import Notice, WebhookEndpoint, WebhookSecret
from notifications.services import ENDPOINTS, disable
from tests.notifications.hooks import Hook, verified
from tests.notifications.receiver import Receiver

Ask = Callable[..., Any]
URL = "https://hook.example/cunzheng?tenant=1"


def asking(client: Client, key: str) -> Ask:
    def ask(method: str, path: str, body: Any = None, **query: str) -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        return client.generic(
            method, f"/api/v1/{path}", data, "application/json", headers={"Authorization": f"Bearer {key}"}, query_params=query)

    return ask


@pytest.fixture
def ask(client: Client, key: str) -> Ask:
    return asking(client, key)


@pytest.fixture
def stranger(client: Client, key: str) -> Ask:
    now = timezone.now()
    other = create_organisation("另一机构", now=now)
    return asking(client, issue_api_key(other, label="test", now=now, valid_for=timedelta(days=1))[1])


def created(ask: Ask, url: str = URL) -> dict[str, Any]:
    answer = ask("POST", "webhooks", {"url": url, "events": [RECORD_TIMESTAMPED]})
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_what_changes_where_events_go_stands_in_the_audit_log(ask: Ask, stranger: Ask) -> None:
    hook = created(ask)["webhook"]
    ask("POST", f"webhooks/{hook}/secret", {"overlap_s": 0})
    assert stranger("DELETE", f"webhooks/{hook}").status_code == 404
    ask("DELETE", f"webhooks/{hook}")
    rows = AuditEntry.objects.filter(event__startswith="webhook:").order_by("id")
    assert [(row.event, row.subject) for row in rows] == [
        (event, f"webhook:{hook}") for event in ("webhook:made", "webhook:secret_changed", "webhook:removed")]
    assert {(row.actor[:8], row.method) for row in rows} == {("api_key:", "api_key")}
    assert len({row.organisation_id for row in rows}) == 1
    assert URL not in str(list(rows.values()))


def test_the_secret_is_shown_once(ask: Ask) -> None:
    made = created(ask)
    assert made["secret"].startswith("whsec_")
    assert (made["url"], made["events"], made["disabled_for"]) == (URL, [RECORD_TIMESTAMPED], None)
    again = ask("GET", f"webhooks/{made['webhook']}")
    assert again.status_code == 200
    assert again.json() == {name: value for name, value in made.items() if name != "secret"}
    assert again["Cache-Control"] == "no-store"
    assert made["secret"] not in ask("GET", "webhooks").content.decode()


def test_what_the_api_lets_subscribe_to_is_what_there_is() -> None:
    assert set(get_args(get_args(EventKind)[0])) == KINDS


def test_every_trouble_of_a_request_has_its_word_in_the_log() -> None:
    [told, _] = get_args(Attempt.__annotations__["trouble"])
    assert set(get_args(told)) == {str(trouble) for trouble in Trouble}


@pytest.mark.parametrize("url", [
    "https://user:password@hook.example/", "https://hook.example/#part", "https://127.0.0.2@hook.example/", "https://169.254.169.254/",
    "https://10.0.0.1/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1]/", "https://hook.example:99999/", "https://hook.example:0/",
    "https:///path", "https://[::1", "https://hook.example\\@127.0.0.1/", "http://1.2.3.4@10.0.0.1/",
])
def test_an_address_that_can_be_seen_to_lead_inwards_is_refused_at_once(ask: Ask, url: str) -> None:
    assert code(ask("POST", "webhooks", {"url": url, "events": [RECORD_TIMESTAMPED]})) == (422, "webhook-url-refused")


def test_without_open_networks_only_https_is_taken(ask: Ask, settings: Settings) -> None:
    settings.OUTGOING_NETWORKS = ()
    for url in ("http://hook.example/", "https://127.0.0.1/", "https://[::1]/"):
        assert code(ask("POST", "webhooks", {"url": url, "events": [RECORD_TIMESTAMPED]})) == (422, "webhook-url-refused")
    created(ask)


@pytest.mark.parametrize("body", [
    {}, {"url": URL}, {"url": URL, "events": []}, {"url": URL, "events": ["record.erased"]}, {"url": "ftp://hook.example/", "events": []},
    {"url": "https://hook.example/\n", "events": [RECORD_TIMESTAMPED]}, {"url": "https://hook.exämple/", "events": [RECORD_TIMESTAMPED]},
    {"url": "https://" + "x" * 500, "events": [RECORD_TIMESTAMPED]}, {"url": URL, "events": [RECORD_TIMESTAMPED], "more": 1}, [], "text",
])
def test_a_malformed_request_makes_nothing(ask: Ask, body: Any) -> None:
    assert code(ask("POST", "webhooks", body)) == (400, "request-malformed")
    assert not WebhookEndpoint.objects.exists()


def test_an_event_named_twice_is_one_subscription(ask: Ask) -> None:
    answer = ask("POST", "webhooks", {"url": URL, "events": [RECORD_TIMESTAMPED] * 2})
    assert answer.json()["events"] == [RECORD_TIMESTAMPED]


def test_the_list_goes_on_by_cursor(ask: Ask, organisation: Organisation) -> None:
    now = timezone.now()
    WebhookEndpoint.objects.bulk_create(
        WebhookEndpoint(ref=f"{number:032x}", organisation=organisation, url=URL, created_at=now) for number in range(53))
    first = ask("GET", "webhooks").json()
    rest = ask("GET", "webhooks", cursor=first["next_cursor"]).json()
    assert (len(first["webhooks"]), len(rest["webhooks"]), rest["next_cursor"]) == (50, 3, None)
    refs = [each["webhook"] for page in (first, rest) for each in page["webhooks"]]
    assert refs == [f"{number:032x}" for number in reversed(range(53))]
    for unknown in ("f" * 32, "\0", "x"):
        assert code(ask("GET", "webhooks", cursor=unknown)) == (404, "webhook-not-found")
        assert code(ask("GET", "notices", cursor=unknown)) == (404, "notice-not-found")


def test_an_organisation_has_a_limited_number(ask: Ask) -> None:
    for _ in range(ENDPOINTS):
        created(ask)
    assert code(ask("POST", "webhooks", {"url": URL, "events": [RECORD_TIMESTAMPED]})) == (409, "webhook-limit-reached")


def test_a_stranger_sees_and_changes_nothing(ask: Ask, stranger: Ask, hook: Hook) -> None:
    ref = hook.endpoint.ref
    for method, path, body in (("GET", "", None), ("DELETE", "", None), ("GET", "/deliveries", None), ("POST", "/test", None),
                               ("POST", "/secret", {})):
        foreign, unknown = stranger(method, f"webhooks/{ref}{path}", body), stranger(method, f"webhooks/{'0' * 32}{path}", body)
        assert code(foreign) == (404, "webhook-not-found")
        assert foreign.content == unknown.content
    assert stranger("GET", "webhooks").json()["webhooks"] == []
    assert code(stranger("GET", "webhooks", cursor=ref)) == (404, "webhook-not-found")
    assert WebhookSecret.objects.count() == WebhookEndpoint.objects.count() == 1


def test_a_test_event_and_what_the_log_tells_of_it(ask: Ask, hook: Hook, receiver: Receiver) -> None:
    ref = hook.endpoint.ref
    receiver.status, receiver.body = 503, b"\x1b[31mbusy" + b"!" * 1000
    sent = ask("POST", f"webhooks/{ref}/test")
    assert sent.status_code == 202
    assert (sent.json()["state"], sent.json()["attempts"]) == ("waiting", [])
    assert code(ask("POST", f"webhooks/{ref}/test")) == (409, "webhook-test-under-way")
    again = hook.run()
    [logged] = ask("GET", f"webhooks/{ref}/deliveries").json()["deliveries"]
    assert (logged["message"], logged["state"], logged["event"]) == (sent.json()["message"], "waiting", "webhook.test")
    [attempt] = logged["attempts"]
    assert (attempt["number"], attempt["status"], attempt["trouble"]) == (1, 503, None)
    assert attempt["answer"].startswith(".[31mbusy!!")
    assert len(attempt["answer"]) == 200
    assert ask("GET", f"webhooks/{ref}").json()["failing_since"] is not None
    receiver.status = 204
    hook.run(again)
    [logged] = ask("GET", f"webhooks/{ref}/deliveries").json()["deliveries"]
    assert (logged["state"], logged["next_attempt_at"], len(logged["attempts"])) == ("delivered", None, 2)
    assert ask("GET", f"webhooks/{ref}").json()["failing_since"] is None
    assert verified(receiver.received[-1], hook.secret)["type"] == "webhook.test"


def test_the_log_goes_on_by_cursor_in_a_bounded_number_of_queries(
    ask: Ask, hook: Hook, django_assert_max_num_queries: Any
) -> None:
    hook.tell(*(f"record-{number}" for number in range(60)))
    hook.run()
    path = f"webhooks/{hook.endpoint.ref}/deliveries"
    # Two of them, on PostgreSQL, put on the web's role and tell whose session it is.
    with django_assert_max_num_queries(10):
        first = ask("GET", path).json()
    rest = ask("GET", path, cursor=first["next_cursor"]).json()
    assert (len(first["deliveries"]), len(rest["deliveries"]), rest["next_cursor"]) == (50, 10, None)
    for unknown in ("msg_unknown", "\0", "msg_" + "f" * 40):
        assert code(ask("GET", path, cursor=unknown)) == (404, "webhook-not-found")


def test_a_rotated_secret_is_new_and_says_how_long_the_old_one_signs(ask: Ask, hook: Hook, receiver: Receiver) -> None:
    ref = hook.endpoint.ref
    rotated = ask("POST", f"webhooks/{ref}/secret", {})
    assert rotated.status_code == 201
    assert rotated.json()["old_secret_until"] is not None
    hook.tell("CZ-20261123-4K7QM-X2R9D-0")
    hook.run()
    for secret in (hook.secret, rotated.json()["secret"]):
        Webhook(secret).verify(receiver.received[0].body, receiver.received[0].headers)
    assert code(ask("POST", f"webhooks/{ref}/secret", {"overlap_s": 604_801})) == (400, "request-malformed")


def test_deleting_takes_everything_with_it(ask: Ask, hook: Hook, receiver: Receiver) -> None:
    ref = hook.endpoint.ref
    receiver.status = 500
    hook.tell("one", "two")
    hook.run()
    gone = ask("DELETE", f"webhooks/{ref}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert code(ask("GET", f"webhooks/{ref}")) == code(ask("DELETE", f"webhooks/{ref}")) == (404, "webhook-not-found")
    assert not Job.objects.filter(kind="notifications.deliver-webhooks").exists()
    assert hook.run() is None


def test_a_disabled_webhook_says_so_and_the_inbox_too(ask: Ask, stranger: Ask, hook: Hook, receiver: Receiver) -> None:
    receiver.status = 410
    hook.tell("one")
    hook.run()
    ref = hook.endpoint.ref
    assert ask("GET", f"webhooks/{ref}").json()["disabled_for"] == "gone"
    assert code(ask("POST", f"webhooks/{ref}/test")) == (409, "webhook-disabled")
    [notice] = ask("GET", "notices").json()["notices"]
    assert (notice["kind"], notice["subject"], notice["read_at"]) == ("webhook-gone", ref, None)
    assert ask("GET", notice["link"].removeprefix("/api/v1/")).status_code == 200
    assert stranger("GET", "notices").json() == {"notices": [], "next_cursor": None}
    assert code(stranger("POST", f"notices/{notice['notice']}/read")) == (404, "notice-not-found")
    read = [ask("POST", f"notices/{notice['notice']}/read").json()["read_at"] for _ in range(2)]
    assert read[0] == read[1] is not None


def test_the_inbox_goes_on_by_cursor(ask: Ask, hook: Hook) -> None:
    endpoint, now = hook.endpoint, timezone.now()
    for _ in range(51):
        WebhookEndpoint.objects.update(disabled_at=None, disabled_for="")
        assert disable(endpoint, WebhookEndpoint.FAILING, now=now)
        assert not disable(endpoint, WebhookEndpoint.GONE, now=now), "once"
    first = ask("GET", "notices").json()
    rest = ask("GET", "notices", cursor=first["next_cursor"]).json()
    assert (len(first["notices"]), len(rest["notices"]), rest["next_cursor"]) == (50, 1, None)
    assert Notice.objects.count() == 51
