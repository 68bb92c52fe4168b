"""Cases in the forms of access: by our id or the lender's own reference, mixed; every wrong line is named, and nothing is done then."""
import secrets
from datetime import timedelta

import pytest
from django.utils import timezone, translation

from accounts.permissions import Kind, Role
from cases.conditions import MOST_CASES
from cases.errors import CasesUnknown
from cases.models import Assignment, Case, Grant, Matter, SubmittedCase
from cases.selectors import own_case_refs
from tests.cases.cast import Cast
from tests.cases.test_access_lists import many_cases
from tests.cases.test_access_pages import browser, opened, refused
from tlog.times import CHINA

LANGUAGES = ("zh-hans", "en")
NOWHERE = "0" * 32


@pytest.mark.parametrize("language", LANGUAGES)
def test_ids_and_references_stand_in_one_list_and_each_wrong_line_is_named(cast: Cast, language: str) -> None:
    first, second, third, spaced = (cast.case(name) for name in ("LN-1", "LN-2", "LN-3", "HT 12,A"))
    contract, officer = cast.entrustment(), browser(cast, cast.officer.person.login)  # type: ignore[union-attr]
    foreign = cast.machine("rival", Kind.LENDER)
    cast.deposit(foreign, "RIVAL-1")
    lines = f"LN-1\r\n\r\n {second.ref.upper()} \nLN-3, {third.ref}\nHT 12,A\nRIVAL-1\nLN-1 {NOWHERE}\nln-2"
    form = {"entrustment": contract.ref, "cases": lines}
    page = refused(officer, "/access/assign", form, "assign-cases", 404, language)
    line = {"zh-hans": "第 {} 行 {}", "en": "line {} {}"}[language]
    for number, name in ((6, "RIVAL-1"), (7, NOWHERE), (8, "ln-2")):
        assert line.format(number, name) in page.text
    for number in (1, 3, 4, 5):
        assert line.format(number, "") not in page.text
    assert page.by_id("assign-cases").text.splitlines()[0] == "LN-1"
    assert not Assignment.objects.exists()
    right = "\n".join(lines.splitlines()[:5])
    assert officer.post("/access/assign", {**form, "cases": right}).status_code == 302
    assert set(Assignment.objects.values_list("case_id", flat=True)) == {each.pk for each in (first, second, third, spaced)}


def test_references_that_differ_in_their_case_alone_are_different_cases(cast: Cast) -> None:
    upper, lower = cast.case("A-1"), cast.case("a-1")
    assert own_case_refs(cast.legal.organisation, ["A-1", "a-1"]) == [upper.ref, lower.ref]


def test_of_many_wrong_lines_the_first_are_named_and_the_rest_counted(cast: Cast) -> None:
    with pytest.raises(CasesUnknown) as raised:
        own_case_refs(cast.legal.organisation, ["x" * 500, *(f"N-{n}" for n in range(30)), "a\0b"])
    with translation.override("zh-hans"):
        sentence = raised.value.sentence()
    assert "x" * 40 in sentence
    assert "x" * 41 not in sentence
    assert "另有 12 处" in sentence
    assert (raised.value.code, raised.value.data) == ("case-not-found", {}), "what somebody typed is not for logs"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_beyond_a_batch_is_refused_before_it_is_looked_up(cast: Cast, language: str) -> None:
    contract, officer = cast.entrustment(), browser(cast, cast.officer.person.login)  # type: ignore[union-attr]
    for text in ("\n".join(f"N-{n}" for n in range(MOST_CASES + 1)), " ".join(f"N-{n}" for n in range(6 * MOST_CASES))):
        refused(officer, "/access/assign", {"entrustment": contract.ref, "cases": text}, "assign-cases", 422, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_grant_and_a_submission_take_references_too(cast: Cast, language: str) -> None:
    case, firm = cast.case("A-1"), cast.organisation("notary_office", Kind.NOTARY_OFFICE)
    day = f"{(timezone.now() + timedelta(days=30)).astimezone(CHINA):%Y-%m-%d}"
    legal = browser(cast, "legal")
    grant = {"receiver": firm.ref, "basis": "entrusted", "document": cast.paper(cast.legal), "purpose": "x", "ends_at": day}
    assert "A-2" in refused(legal, "/access/grants", {**grant, "cases": "A-1\nA-2"}, "grant-cases", 404, language).text
    assert legal.post("/access/grants", {**grant, "cases": "A-1"}).status_code == 302
    submission = {"grant": Grant.objects.get().ref, "purpose": "x", "cases": "A-1 A-3"}
    assert "A-3" in refused(legal, "/access/submit", submission, "submit-cases", 404, language).text
    assert not Matter.objects.exists()
    assert legal.post("/access/submit", {**submission, "cases": "A-1"}).status_code == 302
    assert SubmittedCase.objects.get().case == case


@pytest.mark.parametrize("language", LANGUAGES)
def test_ticked_cases_stand_in_the_forms_of_access_and_in_no_address(cast: Cast, language: str) -> None:
    cases = many_cases(cast, 60)
    odd = Case.objects.create(
        organisation=cast.legal.organisation, ref=secrets.token_hex(16), client_reference=" blank before", created_at=cast.now)
    cast.entrustment()
    cast.granted(cases[0], "notary_office", Kind.NOTARY_OFFICE)
    for viewer, fields in ((cast.officer, ("assign", "submit")), (cast.legal, ("grant", "submit"))):
        assert viewer.person is not None
        client = browser(cast, viewer.person.login)
        page = opened(client, "/cases", language)
        assert page.source.count('name="chosen"') == 50
        assert 'action="/access/selection"' in page.source
        answer = client.post(
            "/access/selection", {"chosen": [cases[1].ref, cases[2].ref, odd.ref]}, headers={"Accept-Language": language})
        assert answer.status_code == 200
        for field in fields:
            lines = field_text(answer.content.decode(), f"{field}-cases").splitlines()
            assert sorted(lines) == sorted([odd.ref, "B-0001", "B-0002"])
            assert own_case_refs(viewer.organisation, lines)
    client = browser(cast, "legal")
    whole = client.post("/access/selection", {"whole": "on", "text": "B-0007"})
    assert field_text(whole.content.decode(), "grant-cases") == "B-0007"
    assert len(field_text(client.post("/access/selection", {"whole": "on"}).content.decode(), "grant-cases").splitlines()) > 50
    for form, status in (({}, 422), ({"chosen": NOWHERE}, 404), ({"chosen": "x\0"}, 404), ({"whole": "on", "stage": "x"}, 400)):
        assert client.post("/access/selection", form).status_code == status
    many_cases(cast, MOST_CASES, "Z")
    assert client.post("/access/selection", {"whole": "on"}).status_code == 422


def field_text(source: str, id_: str) -> str:
    return source.partition(f'id="{id_}"')[2].partition(">")[2].partition("</textarea>")[0]


def test_whoever_has_no_form_for_them_ticks_no_cases(cast: Cast) -> None:
    case = cast.case()
    cast.assigned(case)
    cast.granted(case, "notary_office", Kind.NOTARY_OFFICE)
    for login, role in (("boss", Role.AGENCY_SUPERVISOR), ("notary", Role.NOTARY), ("compliance", Role.COMPLIANCE_OFFICER)):
        cast.person(login, role)
        client = browser(cast, login)
        page = opened(client, "/cases")
        assert case.ref in page.source
        assert 'name="chosen"' not in page.source
        assert client.post("/access/selection", {"chosen": case.ref}).status_code in (403, 404), role


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_order_names_known_kinds_and_lines_that_exist(cast: Cast, language: str) -> None:
    case = cast.case()
    cast.person("court-clerk", Role.COURT_CLERK)
    clerk = browser(cast, "court-clerk")
    day = f"{(timezone.now() + timedelta(days=30)).astimezone(CHINA):%Y-%m-%d}"
    page = opened(clerk, "/orders", language)
    assert 'name="kinds" value="sms"' in page.source
    form = {"number": "1", "document": cast.paper(cast.person("court-judge", Role.JUDGE)), "scope": "x", "ends_at": day, "key": "k" * 32}
    for kind in (*(("短信",) if language == "zh-hans" else ()), "SMS1", "smss"):
        page = refused(clerk, "/orders/add", {**form, "cases": case.ref, "kinds": ["photo", kind]}, "order-kinds", 422, language)
        assert kind.lower() in page.text
        assert 'value="photo" checked' in page.source
    assert "第 2 行" in refused(clerk, "/orders/add", {**form, "cases": f"{case.ref}\n{NOWHERE}"}, "order-cases", 404).text
    assert clerk.post("/orders/add", {**form, "cases": case.ref, "kinds": ["photo", "sms"]}).status_code == 302
    assert {"zh-hans": "短信", "en": "Text message"}[language] in opened(clerk, "/orders", language).text
