"""利率上限 on its page: stated with days and source by whoever keeps case files, once; told beside the field when it cannot stand."""
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Organisation
from accounts.permissions import ROLES, Act, Role
from cases.caps import add_cap, caps_of
from cases.models import RateCapRow
from cases.reckoning.terms import RateCap
from tests.accounts.people import make_organisation, make_person, signed_in
from tests.portal.pages import Page

LANGUAGES = ("zh-hans", "en")
CAP = {
    "annual_rate": "24", "effective_from": "2017-01-01", "effective_until": "2026-01-01", "day_count": "actual/365",
    "source": "Notice 2017 No. 1, article 2", "stated_by": "The lender"}


@pytest.fixture
def lender(service: str) -> Organisation:
    return make_organisation(name="甲方消费金融有限公司")


@pytest.fixture
def officer(lender: Organisation) -> Client:
    return signed_in(make_person("officer", Role.CASE_OFFICER, lender))


def read(client: Client, language: str) -> Page:
    return sound(client.get("/rate-caps", headers={"Accept-Language": language}), 200, language)


def sound(answer: Any, status: int, language: str) -> Page:
    page = Page(answer.content.decode())
    assert (answer.status_code, page.all_faults()) == (status, [])
    assert language == "zh-hans" or [text for text in page.chinese() if "示例" not in text] == []
    return page


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cap_is_stated_ended_and_followed_by_another_each_once(language: str, lender: Organisation, officer: Client) -> None:
    assert 'href="/rate-caps"' in officer.get("/cases").content.decode()
    assert "/rate-caps/remove" not in read(officer, language).source, "none is stated"
    still = {**CAP, "effective_until": ""}
    for _press in range(2):
        assert officer.post("/rate-caps/add", still).status_code == 302
    assert [(cap.annual_rate, cap.effective_until) for cap in caps_of(lender)] == [(Decimal("0.24"), None)]
    ending = {"since": "2017-01-01", "effective_until": "2026-01-01"}
    for _press in range(2):
        assert officer.post("/rate-caps/end", ending).status_code == 302
    after = {**CAP, "annual_rate": "20.5%", "effective_from": "2026-01-01", "effective_until": ""}
    assert officer.post("/rate-caps/add", after).status_code == 302
    page = read(officer, language)
    assert ("20.5%" in page.text, "24%" in page.text, page.source.count("/rate-caps/remove")) == (True, True, 2)
    assert [str(cap.annual_rate.normalize()) for cap in caps_of(lender)] == ["0.24", "0.205"]
    changes = AuditEntry.objects.filter(organisation=lender, event="rate_caps:stated").order_by("number")
    assert list(changes.values_list("detail", flat=True)) == ["caps:1", "caps:1", "caps:2"], "each change once"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_stand_is_told_beside_its_field(language: str, lender: Organisation, officer: Client) -> None:
    assert officer.post("/rate-caps/add", CAP).status_code == 302
    heads = {"Accept-Language": language}
    for field, value, at in (
        ("annual_rate", "", "annual_rate"), ("annual_rate", "-1", "annual_rate"), ("annual_rate", "2,4", "annual_rate"),
        ("annual_rate", "1.2345678", "annual_rate"), ("effective_from", "x", "effective_from"), ("source", "", "source"),
        ("source", "x" * 301, "source"), ("stated_by", "", "stated_by"), ("day_count", "x", "day_count"),
        ("effective_until", "2016-01-01", "effective_until"), ("annual_rate", "2400", "annual_rate"),
        ("effective_from", "2018-01-01", "effective_from"), ("effective_until", "2026-02-30", "effective_until"),
    ):
        changed = {**CAP, "effective_from": "2026-01-01", "effective_until": "2027-01-01", field: value}
        page = sound(officer.post("/rate-caps/add", changed, headers=heads), 422, language)
        assert f'id="cap-{at}-fault"' in page.source, (field, value)
    for form, status, at in (
        ({"since": "x", "effective_until": "2026-01-01"}, 422, "since"),
        ({"since": "2017-01-01", "effective_until": ""}, 422, "effective_until"),
        ({"since": "2017-01-01", "effective_until": "2025-01-01"}, 409, ""),
        ({"since": "2018-01-01", "effective_until": "2025-01-01"}, 409, ""),
    ):
        page = sound(officer.post("/rate-caps/end", form, headers=heads), status, language)
        assert f'id="ending-{at}-fault"' in page.source if at else "rate-caps-changed" in page.source
    assert RateCapRow.objects.count() == 1


def test_one_stated_by_mistake_is_removed_by_who_saw_it(lender: Organisation, officer: Client) -> None:
    assert officer.post("/rate-caps/add", CAP).status_code == 302
    seen = f"2017-01-01 2026-01-01 24% {CAP['source']}"
    assert f'value="{seen}"' in officer.get("/rate-caps").content.decode()
    other = officer.post("/rate-caps/remove", {"seen": seen.replace("24%", "36%")})
    assert (other.status_code, "rate-caps-changed" in other.content.decode()) == (409, True)
    for _press in range(2):
        assert officer.post("/rate-caps/remove", {"seen": seen}).status_code == 302
    assert caps_of(lender) == ()


def test_the_hundredth_cap_is_the_last(lender: Organisation, officer: Client) -> None:
    RateCapRow.objects.bulk_create(
        RateCapRow(
            organisation=lender, annual_rate=0, effective_from=date(1900 + at, 1, 1), effective_until=date(1901 + at, 1, 1),
            day_count="actual/365", source="x", stated_by="x")
        for at in range(100))
    refused = officer.post("/rate-caps/add", {**CAP, "effective_from": "2017-01-01", "effective_until": ""})
    assert (refused.status_code, "cap-annual_rate-fault" in refused.content.decode()) == (422, True)
    known = caps_of(lender)[0]
    add_cap(lender, RateCap(known.annual_rate, known.effective_from, "x", "x", known.effective_until), now=timezone.now())
    assert RateCapRow.objects.count() == 100, "one that stands there is no other"


def test_caps_are_for_who_keeps_files_and_of_his_own_lender_alone(lender: Organisation, officer: Client) -> None:
    assert officer.post("/rate-caps/add", CAP).status_code == 302
    for role, permission in ROLES.items():
        client = signed_in(make_person(f"visitor-{role}", role))
        keeps = Act.KEEP_CASE in permission.acts
        assert client.get("/rate-caps").status_code == (200 if keeps else 403), role
        for part in ("add", "end", "remove"):
            assert client.post(f"/rate-caps/{part}", {"seen": ""}).status_code in ((302, 422) if keeps else (403,)), (role, part)
        assert CAP["source"] not in client.get("/rate-caps").content.decode()
    assert len(caps_of(lender)) == 1
