"""The pages of access: what is refused says so beside its field; each matter and order says by which root, until when, what is missing."""
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organisation
from accounts.permissions import Kind, Role
from cases.assigning import end_entrustment
from cases.granting import grant_access, revoke_grant
from cases.matters import accept_matter, close_matter, submit_cases
from cases.models import Assignment, Case, Entrustment, Grant, Matter, Order
from cases.portal.access_words import rows_of_case
from cases.portal.standing import deadline
from tests.accounts.people import signed_in
from tests.cases.cast import DAY, Cast
from tests.portal.pages import Page
from tlog.times import CHINA

LANGUAGES = ("zh-hans", "en")
NOWHERE = "0" * 32


def browser(cast: Cast, login: str) -> Client:
    return signed_in(cast.people[login])


def opened(client: Client, path: str, language: str = "zh-hans") -> Page:
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return sound(answer, language)


def sound(answer: Any, language: str = "zh-hans") -> Page:
    page = Page(answer.content.decode())
    assert page.all_faults() == []
    assert language == "zh-hans" or page.chinese() == []
    return page


def refused(client: Client, path: str, form: dict[str, Any], field: str, status: int = 422, language: str = "zh-hans") -> Page:
    """What was sent is refused: the summary leads to `field` ("": to none), which says so of itself, and what was typed is kept."""
    answer = client.post(path, form, headers={"Accept-Language": language})
    assert answer.status_code == status, (path, answer.status_code)
    page = sound(answer, language)
    summary = page.source.partition('class="error-summary"')[2].partition("</div>")[0]
    assert summary
    assert ("<a href" in summary) == bool(field)
    if field:
        assert f'href="#{field}"' in summary
        assert not page.by_id(field).attributes.get("name") or page.by_id(field).attributes["aria-invalid"] == "true"
    return page


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_form_of_access_says_which_field_is_wrong_and_keeps_what_was_typed(cast: Cast, language: str) -> None:
    case, client = cast.case(), browser(cast, "legal")
    contract, firm = cast.entrustment(), cast.organisation("law_firm", Kind.LAW_FIRM)
    day = f"{(timezone.now() + 30 * DAY).astimezone(CHINA):%Y-%m-%d}"
    entrust = {"agency": contract.agency.ref, "number": "WT-1", "scope": "x", "document": cast.paper(cast.legal), "ends_at": day}
    grant = {"receiver": firm.ref, "basis": "entrusted", "document": entrust["document"], "purpose": "x", "ends_at": day, "cases": case.ref}
    for path, form, whole, changes in (
        ("/access/entrustments", "entrust", entrust, (
            ("agency", NOWHERE, 422), ("number", "", 422), ("number", contract.number, 409), ("scope", "", 422), ("document", "CZ-1", 422),
            ("ends_at", "2020-01-01", 422), ("ends_at", "", 422), ("starts_at", "x", 422))),
        ("/access/grants", "grant", grant, (
            ("receiver", "x", 422), ("basis", "x", 422), ("document", "", 422), ("purpose", " ", 422), ("cases", "", 422),
            ("cases", f"{case.ref}\n{NOWHERE}", 404), ("ends_at", "2020-01-01", 422))),
    ):
        for name, value, status in changes:
            page = refused(client, path, {**whole, name: value}, f"{form}-{name}", status, language)
            for other in whole.keys() - {name, "agency", "receiver", "basis"}:
                field = page.by_id(f"{form}-{other}")
                assert (field.attributes.get("value") or field.text) == whole[other], other
            another = {"entrust": "grant-document", "grant": "entrust-document"}[form]
            assert page.by_id(another).attributes["value"] == "", "what was typed stands in the form that was sent, and in no other"
    assert (Entrustment.objects.count(), Grant.objects.count()) == (1, 0)
    assert client.post("/access/grants", grant)["Location"] == "/access"
    assert Grant.objects.count() == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_assigning_withdrawing_distributing_and_submitting_say_what_is_wrong(cast: Cast, language: str) -> None:
    case = cast.case()
    held = cast.assigned(case, to="agent")
    over = cast.entrustment(starts_at=cast.now + DAY)
    office = cast.granted(case, "notary_office", Kind.NOTARY_OFFICE)
    other = cast.case("LN-2")
    officer, boss = browser(cast, "officer"), browser(cast, f"boss-{held.entrustment.agency.pk}")
    refused(officer, "/access/assign", {"entrustment": over.ref, "cases": case.ref}, "assign-entrustment", 409, language)
    refused(officer, "/access/assign", {"entrustment": over.ref}, "assign-cases", 422, language)
    refused(officer, "/access/withdraw", {}, "chosen-assignments", 422, language)
    refused(officer, "/access/withdraw", {"assignments": NOWHERE}, "chosen-assignments", 404, language)
    page = refused(boss, "/access/distribute", {"assignments": held.ref, "agent": "9" * 9}, "chosen-agent", 422, language)
    assert "checked" in page.by_id(f"chosen-{held.ref}").attributes, "what was ticked stays ticked"
    assert "checked" not in opened(boss, "/access", language).by_id(f"chosen-{held.ref}").attributes
    submission = {"grant": office.ref, "purpose": "x", "cases": case.ref}
    refused(officer, "/access/submit", {**submission, "purpose": ""}, "submit-purpose", 422, language)
    page = refused(officer, "/access/submit", {**submission, "cases": other.ref, "whole_case": "on"}, "submit-grant", 409, language)
    assert 'name="whole_case" checked' in page.source
    for path in ("/access/assign", "/access/submit"):
        assert officer.post(path, {"entrustment": NOWHERE, "grant": NOWHERE}).status_code == 404
    assert not Matter.objects.exists()
    assert Assignment.objects.get().withdrawn_at is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_large_grant_shows_what_is_missing_before_it_works(cast: Cast, language: str) -> None:
    made = [Case(organisation=cast.legal.organisation, ref=f"{n:032x}", client_reference=f"B-{n}", created_at=cast.now) for n in range(101)]
    firm = cast.organisation("law_firm", Kind.LAW_FIRM)
    opening = cast.opening(Case.objects.bulk_create(made), firm, basis=Grant.Basis.DUTY, document=cast.paper(cast.legal))
    grant = grant_access(cast.legal, opening, now=cast.now)
    cast.person("legal2", Role.LEGAL_OFFICER)
    missing = {"zh-hans": "尚缺", "en": "Missing"}[language]
    assert missing in opened(browser(cast, "legal"), "/access", language).text
    second = opened(browser(cast, "legal2"), "/access", language)
    assert missing not in second.text
    assert f"/access/grants/{grant.ref}/approve" in second.source
    refused(browser(cast, "legal"), f"/access/grants/{grant.ref}/approve", {}, "", 403, language)


def matters_of(cast: Cast, case: Case, name: str = "notary_office") -> Matter:
    grant = cast.granted(case, name, Kind.NOTARY_OFFICE, ends_at=cast.now + 5 * DAY)
    return submit_cases(cast.legal, grant, [case.ref], purpose="公证", whole_case=False, now=cast.now)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_row_of_the_docket_says_by_which_root_until_when_and_what_is_missing(cast: Cast, language: str) -> None:
    case, notary = cast.case(), cast.person("notary", Role.NOTARY)
    matter = matters_of(cast, case)
    cast.person("assistant", Role.NOTARY_ASSISTANT)
    words = {
        "zh-hans": ("授权", "还有 5 天", "尚缺", "受理", "存档期限届满", "法院"),
        "en": ("Grant", "5 days left", "Missing", "Acceptance", "File period ends", "The court"),
    }[language]
    granted, left, missing, accepted, filed, court = words
    page = opened(browser(cast, "notary"), "/docket", language)
    assert all(word in page.text for word in (granted, left))
    assert missing not in page.text
    waits = {"zh-hans": "待受理 1 项，在办 0 项", "en": "Awaiting acceptance: 1, in hand: 0"}[language]
    assert waits in opened(browser(cast, "notary"), "/home", language).text
    assert missing in opened(browser(cast, "assistant"), "/docket", language).text, "an assistant may not accept"
    form = f"accept-{matter.ref}"
    refused(browser(cast, "notary"), f"/docket/{matter.ref}/accept", {"number": "", "file_days": "9"}, f"{form}-number", 422, language)
    page = refused(
        browser(cast, "notary"), f"/docket/{matter.ref}/accept", {"number": "一号", "file_days": "x"}, f"{form}-file_days", 422, language)
    assert page.by_id(f"{form}-number").attributes["value"] == "一号"
    assert browser(cast, "notary").post(f"/docket/{matter.ref}/accept", {"number": "一号", "file_days": "3"}).status_code == 302
    page = opened(browser(cast, "notary"), "/docket", language)
    assert accepted in page.text
    assert left not in page.text
    matter.refresh_from_db()
    close_matter(notary, matter, now=timezone.now())
    assert filed in opened(browser(cast, "notary"), "/docket?matters=ended", language).text
    judge = cast.ordered(case)
    page = opened(browser(cast, "court-judge"), "/orders", language)
    assert court in page.text
    assert judge.number in page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_lender_sees_what_it_submitted_what_became_of_it_and_who_may_end_that(cast: Cast, language: str) -> None:
    case, notary = cast.case(), cast.person("notary", Role.NOTARY)
    legal = browser(cast, "legal")
    waiting, lenders, taken, institutions, closed = {
        "zh-hans": ("待受理", "出借机构可随时撤销", "已受理", "受理机构结案且存档期限届满", "已结案"),
        "en": (
            "Awaits acceptance", "The lender may revoke it", "Accepted", "When the institution has closed the matter", "Closed"),
    }[language]
    matter = matters_of(cast, case)
    page = opened(legal, "/access", language)
    part = page.source.partition('id="matters"')[2].partition('id="orders"')[0]
    assert all(word in part for word in (waiting, lenders, "公证", "notary_office", f'href="/cases/{case.ref}"', "LN-1", "姓名 legal"))
    accept_matter(notary, matter, number="（2026）证字 1 号", file_days=3, now=timezone.now())
    part = opened(legal, "/access?matters=running", language).source.partition('id="matters"')[2].partition('id="orders"')[0]
    assert all(word in part for word in (taken, institutions, "（2026）证字 1 号"))
    assert "姓名 notary" not in part, "who works at the institution is its own business"
    matter.refresh_from_db()
    close_matter(notary, matter, now=timezone.now())
    assert matter.ref not in opened(legal, "/access", language).source
    assert "（2026）证字 1 号" not in opened(legal, "/access", language).text, "what has ended stands there when it is asked for"
    part = opened(legal, "/access?matters=ended", language).source.partition('id="matters"')[2]
    assert closed in part
    cast.person("supervisor", Role.AGENCY_SUPERVISOR)
    assert 'id="matters"' not in opened(browser(cast, "supervisor"), "/access", language).source
    assert browser(cast, "supervisor").get(f"/access/matters/{matter.ref}/cases").status_code == 404
    assert "LN-1" in opened(legal, f"/access/matters/{matter.ref}/cases", language).text
    assert legal.get(f"/access/matters/{NOWHERE}/cases").status_code == 404


def test_a_grant_that_was_revoked_leaves_nothing_to_accept(cast: Cast) -> None:
    cast.person("notary", Role.NOTARY)
    matter = matters_of(cast, cast.case())
    revoke_grant(cast.legal, matter.grant, now=timezone.now())
    page = opened(browser(cast, "notary"), "/docket?matters=ended")
    assert "accept" not in page.source
    assert "授权已结束" in page.text
    assert "授权已结束" not in opened(browser(cast, "notary"), "/docket").text
    refused(browser(cast, "notary"), f"/docket/{matter.ref}/accept", {"number": "1", "file_days": "1"}, "", 409)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_order_shows_whom_it_waits_for(cast: Cast, language: str) -> None:
    order = cast.ordered(cast.case(), opened=False)
    cast.person("clerk", Role.COURT_CLERK, "court")
    missing = {"zh-hans": "尚缺", "en": "Missing"}[language]
    waiting = {
        login: opened(browser(cast, login), "/orders", language).text.count(missing) for login in ("court-judge", "court-judge2", "clerk")}
    assert waiting == {"court-judge": 1, "court-judge2": 0, "clerk": 1}
    refused(browser(cast, "court-judge"), f"/orders/{order.ref}/open", {}, "", 403, language)
    assert browser(cast, "court-judge2").post(f"/orders/{order.ref}/open").status_code == 302
    assert Order.objects.get().opened_by == cast.person("court-judge2", Role.JUDGE, "court").actor


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_order_that_a_machine_wrote_down_is_confirmed_by_one_and_opened_by_another(cast: Cast, language: str) -> None:
    order = cast.ordered(cast.case(), opened=False, by_machine=True)
    confirmed, opens = {"zh-hans": ("确认", "启用"), "en": ("Confirm", "Turn on")}[language]
    path = f"/orders/{order.ref}/open"

    def button(login: str) -> str:
        page = opened(browser(cast, login), "/orders", language)
        return page.source.partition(path)[2].partition("<button")[2].partition(">")[2].partition("<")[0]

    assert (button("court-judge"), button("court-judge2")) == (confirmed, confirmed)
    assert browser(cast, "court-judge").post(path).status_code == 302
    assert Order.objects.get().opened_at is None
    assert (button("court-judge"), button("court-judge2")) == ("", opens)
    refused(browser(cast, "court-judge"), path, {}, "", 403, language)
    assert browser(cast, "court-judge2").post(path).status_code == 302
    assert Order.objects.get().opened_by == cast.person("court-judge2", Role.JUDGE, "court").actor


@pytest.mark.parametrize(("ends", "days"), [
    ("2026-11-24T00:00", 0), ("2026-11-23T23:59", 0), ("2026-11-25T00:00", 1), ("2026-11-24T00:01", 1), ("2026-11-22T10:00", -1)])
def test_days_left_are_days_in_china_and_the_last_day_is_today(ends: str, days: int) -> None:
    now = datetime.fromisoformat("2026-11-23T01:00").replace(tzinfo=CHINA)
    at = datetime.fromisoformat(ends).replace(tzinfo=CHINA)
    assert deadline("x", at, "", now=now).days == days
    assert deadline("x", at + timedelta(days=8), "", now=now).tone == ("none" if days >= 0 else "wait")


@pytest.mark.parametrize("day", ["0001-01-01", "1979-12-31", "2100-01-01", "9999-12-31"])
def test_a_day_near_the_end_of_the_calendar_is_no_period(cast: Cast, day: str) -> None:
    case, client, firm = cast.case(), browser(cast, "legal"), cast.organisation("law_firm", Kind.LAW_FIRM)
    soon = f"{(timezone.now() + 30 * DAY).astimezone(CHINA):%Y-%m-%d}"
    grant = {"receiver": firm.ref, "basis": "duty", "document": cast.paper(cast.legal), "purpose": "x", "cases": case.ref,
             "starts_at": soon, "ends_at": soon}
    for name in ("starts_at", "ends_at"):
        refused(client, "/access/grants", {**grant, name: day}, f"grant-{name}")
    assert not Grant.objects.exists()


def test_no_auditor_is_offered_to_open_cases_to(cast: Cast) -> None:
    firm, auditor = cast.organisation("甲律所", Kind.LAW_FIRM), cast.organisation("乙审计机构", Kind.AUDITOR)
    cast.case()
    page = opened(browser(cast, "legal"), "/access").source
    assert (firm.ref in page, auditor.ref in page) == (True, False)


def test_the_lender_does_not_read_that_an_organisation_on_trial_sees_its_case(cast: Cast) -> None:
    case = cast.case()
    cast.granted(case, "甲律所", Kind.LAW_FIRM)
    firm = cast.organisation("甲律所", Kind.LAW_FIRM)
    assert [row.who for row in rows_of_case(case, now=cast.now)] == ["甲律所"]
    Organisation.objects.filter(pk=firm.pk).update(status=Organisation.Status.TRIAL)
    assert rows_of_case(case, now=cast.now) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_processes_for_a_lender_reads_that_he_passes_nothing_on_and_returns_or_deletes_it(cast: Cast, language: str) -> None:
    """On the lender's row of the grant and on the case of whoever processes: an agency, and a firm by such a grant; of others nothing."""
    duty = {"zh-hans": "不得转委托；委托结束时须向出借机构返还或删除", "en": "return the case's data to the lender or delete it"}[language]
    case, other = cast.case(), cast.case("LN-2")
    cast.granted(other, "law_firm", Kind.LAW_FIRM)
    cast.person("lawyer", Role.LAWYER)
    assert duty not in opened(browser(cast, "legal"), "/access", language).text
    cast.granted(case, "law_firm", Kind.LAW_FIRM, basis=Grant.Basis.ENTRUSTED, document=cast.paper(cast.legal))
    assert opened(browser(cast, "legal"), "/access", language).text.count(duty) == 1
    assert duty in opened(browser(cast, "lawyer"), f"/cases/{case.ref}", language).text
    assert duty not in opened(browser(cast, "lawyer"), f"/cases/{other.ref}", language).text
    assert duty not in opened(browser(cast, "legal"), f"/cases/{case.ref}", language).text, "the lender owes it to nobody"
    cast.assigned(case, to="agent")
    assert duty in opened(browser(cast, "agent"), f"/cases/{case.ref}", language).text


def test_whoever_loses_what_he_processed_is_told_to_return_or_delete_it(cast: Cast) -> None:
    case = cast.case()
    grant = cast.granted(case, "law_firm", Kind.LAW_FIRM, basis=Grant.Basis.ENTRUSTED, document=cast.paper(cast.legal))
    contract = cast.entrustment()
    cast.person("lawyer", Role.LAWYER)
    cast.person("boss", Role.AGENCY_SUPERVISOR)
    revoke_grant(cast.legal, grant, now=cast.now)
    end_entrustment(cast.legal, contract, now=cast.now)
    for login in ("lawyer", "boss"):
        assert "已取得的案件信息须返还或删除，不得保留" in opened(browser(cast, login), "/inbox").text
