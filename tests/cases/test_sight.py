"""How much of a case each root opens: as long as its papers may be, as wide as they say, and no wider."""
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.permissions import Kind, Role
from accounts.viewer import Viewer
from cases.assigning import LONGEST_SCOPE, assign_cases
from cases.granting import LONGEST_PURPOSE, revoke_grant
from cases.matters import LONGEST_NUMBER, accept_matter, submit_cases
from cases.models import AccessEvent, Case
from evidence.models import Evidence
from tests.accounts.people import signed_in
from tests.cases.case_files import NAME, PHONE, Send, case_body, sender
from tests.cases.cast import DAY, Cast
from tests.portal.pages import Page
from tlog.times import CHINA

LONG = "调取范围与事由" * 100


def of_own(cast: Cast, _case: Case) -> tuple[Viewer, str]:
    return cast.machine("lender", Kind.LENDER), ""


def assigned(cast: Cast, case: Case) -> tuple[Viewer, str]:
    scope = LONG[:LONGEST_SCOPE]
    assign_cases(cast.officer, cast.entrustment(scope=scope), [case.ref], includes_all=True, now=cast.now)
    return cast.machine("collection_agency", Kind.COLLECTION_AGENCY), scope


def granted(cast: Cast, case: Case) -> tuple[Viewer, str]:
    cast.granted(case, "law_firm", Kind.LAW_FIRM, purpose=LONG[:LONGEST_PURPOSE])
    return cast.machine("law_firm", Kind.LAW_FIRM), LONG[:LONGEST_PURPOSE]


def accepted(cast: Cast, case: Case) -> tuple[Viewer, str]:
    notary, grant = cast.person("notary", Role.NOTARY), cast.granted(case, "notary_office", Kind.NOTARY_OFFICE)
    matter = submit_cases(cast.legal, grant, [case.ref], purpose=LONG[:LONGEST_PURPOSE], whole_case=False, now=cast.now)
    accept_matter(notary, matter, number="号" * LONGEST_NUMBER, file_days=1, now=cast.now)
    revoke_grant(cast.legal, grant, now=cast.now)
    return cast.machine("notary_office", Kind.NOTARY_OFFICE), LONG[:LONGEST_PURPOSE]


def ordered(cast: Cast, case: Case) -> tuple[Viewer, str]:
    number, scope = "令" * LONGEST_NUMBER, LONG[:LONGEST_SCOPE]
    cast.ordered(case, number=number, scope=scope)
    return cast.machine("court", Kind.COURT), f"{number} {scope}"


@pytest.mark.parametrize("root", [of_own, assigned, granted, accepted, ordered])
def test_the_longest_papers_that_there_may_be_are_read_by(cast: Cast, root: Any) -> None:
    """A purpose is made of what a paper says: whoever reads by the longest one reads, and the trail holds it whole."""
    case = cast.case()
    viewer, purpose = root(cast, case)
    headers = {"Authorization": f"Bearer {cast.keys[viewer.kind.value]}"}
    record = Evidence.objects.get(case=case).record
    for path in (f"/api/v1/cases/{case.ref}", f"/api/v1/evidence/{record}"):
        assert Client().get(path, headers=headers).status_code == 200, path
    rows = AccessEvent.objects.filter(case=case).values_list("purpose", flat=True)
    assert set(rows) == {purpose or None}


def filed(cast: Cast, **changes: Any) -> tuple[Case, Send]:
    """A case of the lender's with a record and its file, and what sends with the lender's key."""
    case, send = cast.case(), sender(Client(), cast.legal.organisation)
    assert send("POST", "/cases", case_body(reference="LN-1", **changes)).status_code == 201
    return case, send


def seen_by(cast: Cast, name: str) -> Send:
    return sender(Client(), cast.organisations[name])


def page_of(cast: Cast, login: str, path: str, language: str, status: int = 200) -> str:
    answer = signed_in(cast.people[login]).get(path, headers={"Accept-Language": language})
    assert answer.status_code == status
    page = Page(answer.content.decode())
    assert page.all_faults() == []
    assert language == "zh-hans" or page.chinese() == []
    return page.source


OTHERS = {"reference": "spouse", "role": "spouse", "name": "李四"}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_an_order_for_some_kinds_opens_who_is_concerned_and_no_more(cast: Cast, language: str) -> None:
    body = case_body()
    case, send = filed(
        cast, parties=[*body["parties"], OTHERS], payments=[{"reference": "SK-1", "received_on": "2025-04-10", "amount": "120.00"}])
    send("POST", f"/cases/{case.ref}/notes", {"text": "给各方", "shared": True})
    cast.deposit(cast.legal, "LN-1", kind="contract", count=4)
    cast.ordered(case, kinds=("sms",))
    court = seen_by(cast, "court")
    file = court("GET", f"/cases/{case.ref}").json()
    [debtor] = file["parties"]
    assert (file["reference"], file["opened"], file["as_of"], file["deposits"]) == ("LN-1", "identity", None, 1)
    assert (debtor["role"], debtor["name"][0], debtor["contact_points"], debtor["consents"]) == ("debtor", "张", [], [])
    assert file["creditor_sides"] == send("GET", f"/cases/{case.ref}").json()["creditor_sides"]
    assert [file[part] for part in ("agreement", "drawdowns", "payments", "charges", "notes")] == [None, [], [], [], []]
    assert court("GET", f"/cases/{case.ref}/reckoning").json()["code"] == "reckoning-impossible"
    found = {name: court("POST", "/cases/search", {field: sought}).json()["cases"] for name, field, sought in (
        ("debtor", "name", NAME), ("spouse", "name", "李四"), ("phone", "phone", PHONE))}
    assert (len(found["debtor"]), found["spouse"], found["phone"]) == (1, [], [])
    assert court("GET", "/cases").json()["cases"][0]["deposits"] == 1
    page = page_of(cast, "court-judge", f"/cases/{case.ref}", language)
    assert {"zh-hans": "向您开放的存证 1 份", "en": "Records open to you: 1," }[language] in page
    assert {"zh-hans": "调取令只及于部分种类的证据", "en": "The order covers only some kinds of evidence"}[language] in page
    case.refresh_from_db()
    assert (case.head() or b"").hex()[:8] not in page
    assert not [hidden for hidden in ("138****", "120.00", "JJ-1", "HT-1", "给各方", "李*") if hidden in page]
    page_of(cast, "court-judge", f"/cases/{case.ref}/reckoning", language, 422)
    cast.ordered(case)
    whole = court("GET", f"/cases/{case.ref}").json()
    assert (whole["opened"], whole["deposits"], len(whole["parties"]), len(whole["notes"])) == ("whole", 5, 2, 1)
    assert len(court("POST", "/cases/search", {"phone": PHONE}).json()["cases"]) == 1
    page = page_of(cast, "court-judge", f"/cases/{case.ref}", language)
    assert (case.head() or b"").hex()[:8] in page


def test_a_note_is_its_writers_organisations_unless_it_was_shared(cast: Cast) -> None:
    case, send = filed(cast)
    for agency in ("agency-a", "agency-b"):
        cast.assigned(case, agency)
    cast.granted(case, "law_firm", Kind.LAW_FIRM)
    senders = {"lender": send, **{name: seen_by(cast, name) for name in ("agency-a", "agency-b", "law_firm")}}
    for name, each in senders.items():
        for shared in (False, True):
            made = each("POST", f"/cases/{case.ref}/notes", {"text": f"{name} {shared}", "shared": shared})
            assert (made.status_code, made.json()["shared"]) == (201, shared), made.content
    for name, each in senders.items():
        notes = each("GET", f"/cases/{case.ref}").json()["notes"]
        assert {note["text"] for note in notes} == {f"{other} True" for other in senders} | {f"{name} False"}
        assert [note["number"] for note in notes] == [5, 4, 3, 2, 1], "no number tells of what is not seen"
    answer = senders["agency-b"]("POST", f"/cases/{case.ref}/notes", {"text": "x"}).json()
    assert (answer["number"], answer["shared"]) == (6, False)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_note_is_shared_from_the_page_by_a_tick_and_not_without(cast: Cast, language: str) -> None:
    case, _ = filed(cast)
    cast.assigned(case)
    boss = cast.person("boss", Role.AGENCY_SUPERVISOR)
    assert boss.person is not None
    browser = signed_in(boss.person)
    for text, tick in (("仅本机构", {}), ("给各方", {"shared": "on"})):
        assert browser.post(f"/cases/{case.ref}/notes", {"text": text, **tick}).status_code == 303
    cast.person("legal", Role.LEGAL_OFFICER)
    lenders, agencys = (page_of(cast, login, f"/cases/{case.ref}", language) for login in ("legal", "boss"))
    assert ("仅本机构" in agencys, "给各方" in agencys, "仅本机构" in lenders, "给各方" in lenders) == (True, True, False, True)
    assert {"zh-hans": "已共享", "en": "shared"}[language] in lenders


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("whole_case", [True, False])
def test_what_was_accepted_is_seen_as_it_was_submitted_or_revoked(cast: Cast, language: str, whole_case: bool) -> None:
    """What the lender adds to the file after the revocation, or after the submission of the case as it stood, is not the institution's."""
    cast.now = timezone.now().replace(microsecond=0) - 10 * DAY
    cast.person("notary", Role.NOTARY)
    case, send = filed(cast)
    cut = cast.now
    matter = cast.accepted(case, "notary_office", cast.person("notary", Role.NOTARY), whole_case=whole_case)
    notary, day = seen_by(cast, "notary_office"), cut.astimezone(CHINA).date()
    assert notary("GET", f"/cases/{case.ref}").json()["as_of"] is None, "the grant opens the file as it is"
    if not whole_case:
        cast.now += DAY
    revoke_grant(cast.legal, matter.grant, now=cast.now)
    dates = [(day + timedelta(days=days)).isoformat() for days in (-1, 0, 1, 2)]
    changed = case_body(
        payments=[{"reference": f"SK-{on}", "received_on": on, "amount": "10.00"} for on in dates],
        charges=[{"reference": f"F-{on}", "drawdown": "JJ-1", "charged_on": on, "amount": "5.00", "is_fee": True} for on in dates])
    changed["parties"][0]["consents"] = [
        {"kind": "recording", "document": "x", "given_on": dates[0], "withdrawn_on": dates[2]},
        {"kind": "provision", "document": "y", "given_on": dates[2]}]
    del changed["reference"]
    assert send("PUT", f"/cases/{case.ref}", {**changed, "version": 1}).status_code == 200
    send("POST", f"/cases/{case.ref}/notes", {"text": "事后", "shared": True})
    file = notary("GET", f"/cases/{case.ref}").json()
    assert (file["opened"], file["as_of"][:10], file["notes"]) == ("whole", cut.date().isoformat(), [])
    assert [each["received_on"] for each in file["payments"]] == dates[:2]
    assert [each["charged_on"] for each in file["charges"]] == dates[:2]
    [party] = file["parties"]
    assert [(each["given_on"], each["withdrawn_on"]) for each in party["consents"]] == [(dates[0], None)]
    assert len(party["contact_points"]) == 2
    assert notary("GET", f"/cases/{case.ref}/reckoning").json()["at"] == day.isoformat()
    assert notary("GET", f"/cases/{case.ref}/reckoning?on={dates[2]}").json()["code"] == "reckoning-impossible"
    assert send("GET", f"/cases/{case.ref}/reckoning?on={dates[2]}").status_code == 200
    page = page_of(cast, "notary", f"/cases/{case.ref}", language)
    assert {"zh-hans": f"本案档案向您开放至 {day}", "en": f"The file is open to you as of {day}"}[language] in page
    assert {"zh-hans": f"截至 {day} 尚欠", "en": f"Owed on {day}"}[language] in page
    assert (dates[1] in page, f"SK-{dates[2]}" in page, "事后" in page) == (True, False, False)
    assert "事后" in page_of(cast, "legal", f"/cases/{case.ref}", "zh-hans")
    page_of(cast, "notary", f"/cases/{case.ref}/reckoning", language)


def test_a_limited_viewer_is_told_of_no_record_that_he_does_not_see(cast: Cast) -> None:
    case = cast.case(records=3)
    cast.assigned(case)
    boss = cast.person("boss", Role.AGENCY_SUPERVISOR)
    agency = seen_by(cast, "collection_agency")
    assert agency("GET", "/cases").json()["cases"][0]["deposits"] == 0
    assert boss.person is not None
    browser = signed_in(boss.person)
    case.refresh_from_db()
    page = browser.get(f"/cases/{case.ref}").content.decode()
    assert (case.head() or b"").hex()[:8] not in page
    assert "<dd>0</dd>" in page
    assert case.ref not in browser.get("/cases?progress=stamped").content.decode()
    cast.deposit(boss, case.ref, kind="contract", count=2)
    assert agency("GET", f"/cases/{case.ref}").json()["deposits"] == 2
    assert sender(Client(), cast.legal.organisation)("GET", f"/cases/{case.ref}").json()["deposits"] == 5
