"""Webhooks by pages: whoever manages keys adds, tests, rotates and deletes them, sees what was sent, and is led there by the notices."""
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.joining import Invitee, accept_as, invite
from accounts.models import Organisation, Person
from accounts.permissions import Kind, Role
from notifications.errors import WebhookLimitReached, WebhookSecretMoved
from notifications.events import RECORD_TIMESTAMPED, TEST
from notifications.models import Notice, WebhookDelivery, WebhookEndpoint, WebhookSecret
from notifications.selectors import deliveries_to
from notifications.services import ENDPOINTS, create_webhook, disable, rotate_secret, send_test
from tests.accounts.people import make_organisation, make_person, membership_of, signed_in
from tests.notifications.hooks import Hook
from tests.portal.pages import Page

LANGUAGES = ("zh-hans", "en")
URL = "https://hook.example/cunzheng"
NOWHERE = "0" * 32


@pytest.fixture
def place(service: str) -> tuple[Client, Organisation]:
    """An administrator's browser, and his organisation."""
    admin = make_person("admin", Role.LENDER_ADMIN)
    return signed_in(admin), membership_of(admin).organisation


def sound(answer: Any, status: int, language: str = "zh-hans") -> Page:
    assert answer.status_code == status
    page = Page(answer.content.decode())
    assert page.all_faults() == []
    assert language == "zh-hans" or page.chinese() == []
    return page


def secret_on(page: Page) -> str:
    [text] = re.findall(r"whsec_[A-Za-z0-9+/=]+(?=</code>)", page.source)
    return str(text)


def seen_on(page: Page) -> str:
    [text] = re.findall(r'name="seen" value="([^"]+)"', page.source)
    return str(text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_webhook_is_added_and_its_secret_shown_once(place: tuple[Client, Organisation], language: str) -> None:
    client, organisation = place
    heads, base = {"Accept-Language": language}, f"/organisations/{organisation.ref}/webhooks"
    assert f'href="{base}"' in sound(client.get(f"/organisations/{organisation.ref}/keys", headers=heads), 200, language).source
    sound(client.get(base, headers=heads), 200, language)
    made = client.post(f"{base}/new", {"url": f" {URL} ", "events": [RECORD_TIMESTAMPED, "forged"]}, headers=heads)
    secret = secret_on(sound(made, 200, language))
    assert "no-store" in made["Cache-Control"]
    endpoint = WebhookEndpoint.objects.get(organisation=organisation)
    assert (endpoint.url, [row.event for row in endpoint.subscriptions.all()]) == (URL, [RECORD_TIMESTAMPED])
    listed = sound(client.get(base, headers=heads), 200, language)
    assert (URL in listed.text, f'href="{base}/{endpoint.ref}"' in listed.source) == (True, True)
    assert secret not in listed.source + sound(client.get(f"{base}/{endpoint.ref}", headers=heads), 200, language).source


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_address_that_the_api_refuses_is_refused_beside_its_field(
    place: tuple[Client, Organisation], settings: Settings, language: str
) -> None:
    client, organisation = place
    settings.OUTGOING_NETWORKS = ()
    base, heads = f"/organisations/{organisation.ref}/webhooks", {"Accept-Language": language}
    for url, events, field in (
        ("http://hook.example/", [RECORD_TIMESTAMPED], "webhook-url"), ("https://127.0.0.1/", [RECORD_TIMESTAMPED], "webhook-url"),
        ("https://169.254.169.254/latest", [RECORD_TIMESTAMPED], "webhook-url"),
        ("https://a:b@x.example/", [RECORD_TIMESTAMPED], "webhook-url"),
        ("", [RECORD_TIMESTAMPED], "webhook-url"), (URL, [], "webhook-events"), (URL, ["webhook.test"], "webhook-events"),
    ):
        page = sound(client.post(f"{base}/new", {"url": url, "events": events}, headers=heads), 422, language)
        assert f'href="#{field}"' in page.source
        assert page.by_id(field).attributes["aria-invalid"] == "true"
        assert page.by_id("webhook-url").attributes["value"] == url
    for _ in range(ENDPOINTS):
        create_webhook(organisation, url=URL, events=[RECORD_TIMESTAMPED], networks=(), now=timezone.now())
    sound(client.post(f"{base}/new", {"url": URL, "events": [RECORD_TIMESTAMPED]}, headers=heads), 409, language)
    assert WebhookEndpoint.objects.count() == ENDPOINTS


def test_many_who_add_a_webhook_at_once_do_not_pass_the_limit(place: tuple[Client, Organisation]) -> None:
    def add(_: int) -> bool:
        try:
            create_webhook(place[1], url=URL, events=[RECORD_TIMESTAMPED], networks=(), now=timezone.now())
        except WebhookLimitReached:
            return False
        finally:
            connection.close()
        return True

    for _ in range(ENDPOINTS - 1):
        assert add(0)
    with ThreadPoolExecutor(8) as beside:
        assert sum(beside.map(add, range(8))) == 1
    assert WebhookEndpoint.objects.count() == ENDPOINTS


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_secret_is_rotated_once_however_often_the_button_is_pressed(place: tuple[Client, Organisation], language: str) -> None:
    client, organisation = place
    endpoint, first = create_webhook(organisation, url=URL, events=[RECORD_TIMESTAMPED], networks=(), now=timezone.now())
    base, heads = f"/organisations/{organisation.ref}/webhooks/{endpoint.ref}", {"Accept-Language": language}
    form = {"seen": seen_on(sound(client.get(base), 200))}
    page = sound(client.post(f"{base}/secret", form, headers=heads), 200, language)
    assert secret_on(page) != first
    kept = set(WebhookSecret.objects.values_list("pk", flat=True))
    assert len(kept) == 2, "both sign for a day"
    again = sound(client.post(f"{base}/secret", form, headers=heads), 409, language)
    assert "webhook-secret-moved" in again.text
    # Both presses may have read the page's secret before either took the lock; the lock's holder looks again.
    with pytest.raises(WebhookSecretMoved):
        rotate_secret(endpoint, overlap=timedelta(days=1), now=timezone.now(), seen=form["seen"])
    assert set(WebhookSecret.objects.values_list("pk", flat=True)) == kept
    leaked = sound(client.post(f"{base}/secret", {"seen": seen_on(page), "leaked": "on"}, headers=heads), 200, language)
    assert WebhookSecret.objects.get(ends_at=None).pk not in kept
    assert not WebhookSecret.objects.filter(ends_at__gt=timezone.now()).exists(), "a secret that leaked signs no more"
    assert secret_on(leaked)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_test_event_stands_in_the_log_which_is_narrowed_to_what_failed(place: tuple[Client, Organisation], language: str) -> None:
    client, organisation = place
    nowhere = "https://nowhere.invalid/"
    endpoint, secret = create_webhook(organisation, url=nowhere, events=[RECORD_TIMESTAMPED], networks=(), now=timezone.now())
    base, heads = f"/organisations/{organisation.ref}/webhooks/{endpoint.ref}", {"Accept-Language": language}
    assert client.post(f"{base}/test")["Location"] == f"{base}#log"
    sound(client.post(f"{base}/test", headers=heads), 409, language)
    sent = deliveries_to(endpoint).get()
    assert sent.event == TEST
    hook = Hook(endpoint.pk, secret)
    hook.run()
    tried = sound(client.get(base, headers=heads), 200, language)
    assert {"zh-hans": "无法连接", "en": "Unreachable"}[language] in tried.text
    assert sent.message_id in tried.source
    hook.tell(*(f"CZ-{n}" for n in range(60)))
    ids = list(deliveries_to(endpoint).values_list("message_id", flat=True))
    WebhookDelivery.objects.filter(message_id__in=ids[:3]).update(outcome="failed", ended_at=timezone.now())
    WebhookDelivery.objects.filter(message_id__in=ids[3:5]).update(outcome="dropped", ended_at=timezone.now())
    failed = sound(client.get(f"{base}?state=failed", headers=heads), 200, language)
    assert re.findall(r"msg_[0-9a-f]{40}", failed.source) == ids[:5]
    pages, path = [], base
    while path:
        page = sound(client.get(path, headers=heads), 200, language)
        pages += re.findall(r"(?<!=)msg_[0-9a-f]{40}", page.source)
        onward = re.search(r'rel="next" href="([^"]+)"', page.source)
        path = onward[1].replace("&amp;", "&") if onward else ""
    assert pages == ids
    for after in ("msg_none", "%00"):
        assert client.get(f"{base}?after={after}").status_code == 404
    assert client.get(f"{base}?state=nonsense").status_code == 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notice_of_a_disabled_webhook_leads_to_its_page(place: tuple[Client, Organisation], language: str) -> None:
    client, organisation = place
    endpoint = create_webhook(organisation, url=URL, events=[RECORD_TIMESTAMPED], networks=(), now=timezone.now())[0]
    send_test(endpoint, now=timezone.now())
    disable(endpoint, WebhookEndpoint.FAILING, now=timezone.now())
    assert Notice.objects.get().kind == "webhook-failing"
    page = sound(client.get("/inbox", headers={"Accept-Language": language}), 200, language)
    [address] = re.findall(r'href="(/organisations/[^"]+/webhooks/[^"]+)"', page.source)
    shown = sound(client.get(address, headers={"Accept-Language": language}), 200, language)
    assert {"zh-hans": "已停用：长期失败", "en": "Disabled: failed for too long"}[language] in shown.text
    assert f'action="{address}/test"' not in shown.source
    assert client.post(f"{address}/test").status_code == 409
    assert client.post(f"{address}/delete")["Location"] == f"/organisations/{organisation.ref}/webhooks"
    assert not WebhookEndpoint.objects.exists()
    assert client.get(address).status_code == 404


def test_webhooks_of_others_are_not_found_and_only_who_manages_keys_has_these_pages(place: tuple[Client, Organisation]) -> None:
    client, organisation = place
    rival = make_organisation(Kind.COURT, "乙")
    foreign = create_webhook(rival, url=URL, events=[RECORD_TIMESTAMPED], networks=(), now=timezone.now())[0]
    officer = signed_in(make_person("officer", Role.CASE_OFFICER, organisation))
    for part in ("", "/secret", "/test", "/delete"):
        for browser, place_of, wanted in (
            (client, organisation.ref, 404), (client, rival.ref, 404), (client, NOWHERE, 404), (officer, organisation.ref, 403)):
            address = f"/organisations/{place_of}/webhooks/{foreign.ref}{part}"
            assert (browser.get(address) if not part else browser.post(address)).status_code == wanted, (part, place_of)
    assert client.get(f"/organisations/{organisation.ref}/webhooks/%00").status_code == 404
    assert WebhookEndpoint.objects.get() == foreign


def test_each_page_asks_for_the_second_factor_again(service: str) -> None:
    admin = make_person("late", Role.LENDER_ADMIN)
    organisation = membership_of(admin).organisation
    endpoint = create_webhook(organisation, url=URL, events=[RECORD_TIMESTAMPED], networks=(), now=timezone.now())[0]
    client = signed_in(admin)
    session = client.session
    session["account_authentication_methods"] = [{**each, "at": each["at"] - 3600} for each in session["account_authentication_methods"]]
    session.save()
    base = f"/organisations/{organisation.ref}/webhooks"
    for path, way in ((base, "get"), (f"{base}/new", "post"), (f"{base}/{endpoint.ref}", "get"), (f"{base}/{endpoint.ref}/secret", "post"),
                      (f"{base}/{endpoint.ref}/test", "post"), (f"{base}/{endpoint.ref}/delete", "post")):
        answer = getattr(client, way)(path)
        assert (answer.status_code, answer["Location"].startswith("/account/confirm")) == (302, True), path
    assert WebhookSecret.objects.count() == 1


def test_who_manages_two_organisations_sees_of_each_its_own_webhooks(place: tuple[Client, Organisation]) -> None:
    """Wherever he works at the moment: on PostgreSQL the session is told whose page it is."""
    client, first = place
    second = make_organisation(Kind.LENDER, "乙方")
    admin = membership_of(Person.objects.get(login="admin")).person
    _, token = invite(second, Invitee("admin", admin.display_name, Role.LENDER_ADMIN, "", ""), by=None, now=timezone.now())
    accept_as(admin, token, now=timezone.now())
    refs = {each.ref: create_webhook(
        each, url=URL, events=[RECORD_TIMESTAMPED], networks=(), now=timezone.now())[0].ref for each in (first, second)}
    for mine, other in ((first, second), (second, first)):
        base = f"/organisations/{mine.ref}/webhooks"
        listed = sound(client.get(base), 200).source
        assert (refs[mine.ref] in listed, refs[other.ref] in listed) == (True, False)
        assert client.get(f"{base}/{refs[mine.ref]}").status_code == 200
        assert client.get(f"{base}/{refs[other.ref]}").status_code == 404
