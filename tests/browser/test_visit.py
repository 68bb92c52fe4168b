"""The page for visits on a phone: what is taken without a network, or outside the organisation's, is kept sealed and sent once."""
import base64
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import FilePayload, Geolocation, Page, Route, ViewportSize, expect

from accounts.idle import SEEN_AT
from evidence.models import Evidence
from evidence.selectors import claims_of
from tests.browser.accessibility import violations
from tests.browser.agents import ELSEWHERE, OFFICE, agent_at_work, move, own_cast
from tests.browser.conftest import Live, Visit

PHONE: ViewportSize = {"width": 390, "height": 780}
PLACE: Geolocation = {"latitude": 30.123456, "longitude": 120.654321, "accuracy": 12}
PHOTO = b"\x89PNG\r\n\x1a\n" + b"what stood at the debtor's door " * 200
FILE: FilePayload = {"name": "at-the-door.png", "mimeType": "image/png", "buffer": PHOTO}
NOTE = "a note for the file alone"
# Everything that lies in the queue's database: rows with their bytes, and whether the key can leave the browser.
STORED = """async () => {
  const asked = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const database = await asked(indexedDB.open("cunzheng-visits"));
  const all = (store) => asked(database.transaction(store).objectStore(store).getAll());
  const text = (bytes) => btoa(Array.from(new Uint8Array(bytes), (each) => String.fromCharCode(each)).join(""));
  const rows = (await all("items")).map((row) => ({ names: Object.keys(row).sort(), owner: row.owner, sealed: text(row.sealed) }));
  return { rows, extractable: (await all("keys")).map((key) => key.extractable) };
}"""
# An item as the first version of the page sealed it: one photo, whose name stands beside the fields.
KEEP_AS_BEFORE = """async ({ owner, fields, photo }) => {
  const asked = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const database = await asked(indexedDB.open("cunzheng-visits"));
  const key = await asked(database.transaction("keys").objectStore("keys").get("sealing"));
  const bytes = Uint8Array.from(atob(photo), (each) => each.charCodeAt(0));
  const head = new TextEncoder().encode(JSON.stringify({ fields, name: "old.png", type: "image/png", modified: 1700000000000 }));
  const blob = new Uint8Array(4 + head.length + bytes.length);
  new DataView(blob.buffer).setUint32(0, head.length);
  blob.set(head, 4);
  blob.set(bytes, 4 + head.length);
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData: new TextEncoder().encode(owner) }, key, blob);
  await asked(database.transaction("items", "readwrite").objectStore("items").add({ owner, nonce, sealed }));
}"""
WORDS = {
    "zh-hans": ("等待网络", "已保存在这台设备上，回到机构网络后提交", "请重新登录", "未受理", "屏幕已锁定"),
    "en": ("waiting for the network", "kept on this device, sent when you are back in the organisation's network", "Sign in again",
           "Refused", "locked"),
}


def take(page: Page) -> None:
    """A photo with a note, as far as the button."""
    page.locator("#photo").set_input_files(FILE)
    page.locator("#note").fill(NOTE)
    page.locator("form[data-visit] button.primary").click()


def stored(page: Page) -> Any:
    return page.evaluate(STORED)


def told(record: Evidence) -> str:
    """The claims of the record, one after the other."""
    return b"\n".join(claim.data for claim in claims_of(record)).decode()


def test_a_photo_taken_offline_is_kept_sealed_over_a_reload_and_sent_once(live: Live, visit: Visit) -> None:
    cast = own_cast()
    agent, page = agent_at_work(cast, live, visit, [cast.case("LN-外访")], "/visit")
    page.set_viewport_size(PHONE)
    context, line = page.context, page.locator("[data-queue] li")
    context.grant_permissions(["geolocation"])
    context.set_geolocation(PLACE)
    made = Evidence.objects.filter(person=agent.person)
    page.locator("[data-ask-place]").click()
    expect(page.locator("[data-place]")).to_contain_text("30.123456, 120.654321 ± 12")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    context.set_offline(True)
    take(page)
    expect(line).to_contain_text(WORDS["zh-hans"][0])
    expect(page.locator("#photo")).to_have_value("")
    kept = stored(page)
    [row] = kept["rows"]
    assert (row["names"], row["owner"]) == (["nonce", "number", "owner", "sealed"], agent.actor)
    sealed = base64.b64decode(row["sealed"])
    assert len(sealed) > len(PHOTO)
    assert [part for part in (PHOTO[:8], PHOTO[8:40], NOTE.encode(), b"at-the-door", b"120.654321", b"LN-") if part in sealed] == []
    assert kept["extractable"] == [False]
    assert violations(page) == []
    assert not made.exists()

    # The network returns, but not as far as the service; the page is loaded anew; then the answer alone is lost on its way.
    context.route("**/deposits", lambda route: route.abort())
    context.set_offline(False)
    page.reload()
    expect(line).to_contain_text(WORDS["zh-hans"][0])
    assert stored(page)["rows"] == kept["rows"]
    context.unroute("**/deposits")

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    context.route("**/deposits", lose_the_answer)
    with page.expect_event("requestfailed"):
        page.locator("[data-send-now]").click()
    expect(line).to_contain_text(WORDS["zh-hans"][0])
    assert made.count() == 1
    context.unroute("**/deposits")
    page.locator("[data-send-now]").click()
    expect(line.locator("a.mono")).to_have_text(made.get().record)
    assert stored(page)["rows"] == []
    page.reload()
    page.locator("[data-send-now]").click()
    expect(page.locator("[data-none]")).to_be_visible()
    record = made.get()
    assert (record.case.client_reference, record.kind) == ("LN-外访", "visit")
    for part in (hashlib.sha256(PHOTO).hexdigest(), NOTE, "30.123456", "120.654321", '"clock_measured":"browser"'):
        assert part in told(record)


def test_what_was_taken_offline_goes_out_by_itself_when_the_network_is_back(live: Live, visit: Visit) -> None:
    cast = own_cast()
    agent, page = agent_at_work(cast, live, visit, [cast.case("LN-VISIT")], "/visit")
    page.context.set_offline(True)
    take(page)
    line = page.locator("[data-queue] li")
    expect(line).to_contain_text(WORDS["zh-hans"][0])
    page.context.set_offline(False)
    expect(line.locator("a.mono")).to_be_visible()
    assert stored(page)["rows"] == []
    assert '"captured_from":"20' in told(Evidence.objects.get(person=agent.person))


def test_when_a_photo_of_the_gallery_was_taken_is_not_guessed(live: Live, visit: Visit, tmp_path: Path) -> None:
    cast, old = own_cast(), tmp_path / "last-week.png"
    agent, page = agent_at_work(cast, live, visit, [cast.case("LN-VISIT")], "/visit")
    old.write_bytes(PHOTO)
    os.utime(old, (time.time() - 7 * 86_400,) * 2)
    page.locator("#photo").set_input_files(old)
    page.locator("form[data-visit] button.primary").click()
    expect(page.locator("[data-queue] li a.mono")).to_be_visible()
    assert '"captured_from":null' in told(Evidence.objects.get(person=agent.person))


def test_photos_of_one_visit_are_one_record_and_one_taken_by_mistake_is_left_out(live: Live, visit: Visit) -> None:
    cast = own_cast()
    agent, page = agent_at_work(cast, live, visit, [cast.case("LN-VISIT")], "/visit")
    page.set_viewport_size(PHONE)
    page.locator("form[data-visit] button.primary").click()
    expect(page.locator("[data-fault]")).to_have_text("请先拍照或选择照片。")
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    page.locator("#captured_from").fill("2026-11-30T08:00:00")
    names = ["door.png", "mistake.png", "notice.png"]
    for name in names:
        page.locator("#photo").set_input_files({**FILE, "name": name, "buffer": PHOTO + name.encode()})
    album = page.locator("[data-photos] li")
    expect(album).to_have_count(3)
    page.get_by_role("button", name="移除 mistake.png").click()
    expect(album).to_have_count(2)
    expect(page.locator("[name='metadata.photo_count']")).to_have_value("2")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert violations(page) == []
    page.locator("form[data-visit] button.primary").click()
    expect(page.locator("[data-queue] li a.mono")).to_be_visible()
    expect(album).to_have_count(0)
    said = told(Evidence.objects.get(person=agent.person))
    assert [hashlib.sha256(PHOTO + name.encode()).hexdigest() in said for name in names] == [True, False, True]
    assert '"photo_count":2' in said
    assert '"captured_from":"2026-11-30T00:00:00' in said, "what was typed stands, whatever the photos propose"


def test_a_refused_item_is_sent_again_only_when_somebody_asks_for_it(live: Live, visit: Visit) -> None:
    cast = own_cast()
    agent, page = agent_at_work(cast, live, visit, [cast.case("LN-VISIT")], "/visit")
    tries: list[str] = []

    def refuse(route: Route) -> None:
        tries.append(route.request.url)
        route.fulfill(status=422, json={"code": "record-invalid", "title": "x", "detail": "照片不合要求"})

    page.context.route("**/deposits", refuse)
    line = page.locator("[data-queue] li")
    take(page)
    expect(line).to_contain_text("照片不合要求")
    page.evaluate("for (let n = 0; n < 5; n += 1) window.dispatchEvent(new Event('online'))")
    expect(line.locator("button")).to_be_visible()
    page.wait_for_timeout(500)
    assert len(tries) == 1
    page.locator("[data-send-now]").click()
    page.wait_for_timeout(500)
    assert len(tries) == 2
    page.context.unroute("**/deposits")
    page.locator("[data-send-now]").click()
    expect(line.locator("a.mono")).to_be_visible()
    expect(line.locator("a.mono")).to_have_text(Evidence.objects.get(person=agent.person).record)


def test_a_second_press_keeps_no_second_item(live: Live, visit: Visit) -> None:
    cast = own_cast()
    _, page = agent_at_work(cast, live, visit, [cast.case("LN-VISIT")], "/visit")
    page.context.set_offline(True)
    page.locator("#photo").set_input_files(FILE)
    page.evaluate("() => { const form = document.querySelector('form[data-visit]'); form.requestSubmit(); form.requestSubmit(); }")
    expect(page.locator("[data-queue] li")).to_have_count(1)
    page.wait_for_timeout(300)
    assert len(stored(page)["rows"]) == 1


def test_an_item_that_an_earlier_version_kept_is_sent(live: Live, visit: Visit) -> None:
    cast = own_cast()
    case = cast.case("LN-VISIT")
    agent, page = agent_at_work(cast, live, visit, [case], "/visit")
    expect(page.locator("form[data-visit]")).to_be_visible()
    page.evaluate(KEEP_AS_BEFORE, {
        "owner": agent.actor, "photo": base64.b64encode(PHOTO).decode(),
        "fields": {"case": case.ref, "label": "LN-VISIT 10:00", "key": "k" * 32, "kind": "visit"}})
    page.reload()
    expect(page.locator("[data-queue] li a.mono")).to_be_visible()
    assert hashlib.sha256(PHOTO).hexdigest() in told(Evidence.objects.get(person=agent.person))
    assert stored(page)["rows"] == []


def pass_time(page: Page, seconds: float) -> None:
    """So long nothing was asked for by this browser's session."""
    [key] = [cookie["value"] for cookie in page.context.cookies() if cookie["name"] == settings.SESSION_COOKIE_NAME]
    session = SessionStore(key)
    session[SEEN_AT] -= seconds
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {**shown, "at": shown["at"] - seconds} for shown in session[AUTHENTICATION_METHODS_SESSION_KEY]]
    session.save()


def look(page: Page) -> None:
    """Let the page ask whether its screen is locked, as it does when somebody comes back to it."""
    with page.expect_response("**/account/lock"):
        page.evaluate("window.dispatchEvent(new Event('focus'))")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_outside_the_organisations_network_a_photo_is_kept_and_the_page_says_so(language: str, live: Live, visit: Visit) -> None:
    cast, (_, outside, expired, refused, locked) = own_cast(), WORDS[language]
    agent, page = agent_at_work(cast, live, visit, [cast.case("LN-VISIT")], "/visit", language=language)
    page.set_viewport_size(PHONE)
    line, made = page.locator("[data-queue] li"), Evidence.objects.filter(person=agent.person)
    other = page.context.new_page()
    other.goto("/work")

    move(cast, ELSEWHERE)
    take(page)
    expect(line).to_contain_text(outside)
    expect(line).not_to_contain_text(refused)
    expect(line.locator("button")).to_have_count(0)
    # From then on it asks before it sends: no photo goes out in vain.
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    with page.expect_response("**/account/lock"):
        page.locator("[data-send-now]").click()
    expect(line).to_contain_text(outside)
    assert sent == []
    assert violations(page) == []
    # However long: nobody could show himself again there. A page with more on it is hidden.
    pass_time(page, 601)
    look(page)
    expect(page.locator("form[data-visit]")).to_be_visible()
    look(other)
    expect(other.get_by_role("heading", name=locked)).to_be_visible()
    assert not made.exists()

    # Back, the screen is locked first; and until he has shown himself nothing is taken, and nothing is lost.
    move(cast, OFFICE)
    look(page)
    expect(page.get_by_role("heading", name=locked)).to_be_visible()
    move(cast, ELSEWHERE)
    look(page)
    expect(page.locator("form[data-visit]")).to_be_hidden()
    move(cast, OFFICE)
    page.locator("[data-send-now]").dispatch_event("click")
    expect(line).to_contain_text(expired)
    pass_time(page, -601)
    look(page)
    page.locator("[data-send-now]").click()
    expect(line.locator("a.mono")).to_be_visible()
    expect(line.locator("a.mono")).to_have_text(made.get().record)
    assert json.dumps(hashlib.sha256(PHOTO).hexdigest()) in told(made.get())
