"""What people write from a case's pages: notes, the stage, the reckoning sheet as a record; by forms, and by nobody who may not."""
import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import Organisation
from accounts.permissions import ROLES, Act, Role
from cases.models import Case, CaseRevision, Note
from evidence.models import Evidence
from tests.accounts.people import make_person, signed_in
from tests.cases.case_files import Send, case_body, client, lender, send
from tests.portal.pages import Page

__all__ = ["client", "lender", "send"]
LANGUAGES = ("zh-hans", "en")


@pytest.fixture
def officer(lender: Organisation) -> Client:
    return signed_in(make_person("officer", Role.CASE_OFFICER, lender))


@pytest.fixture
def ref(send: Send) -> str:
    return str(send("POST", "/cases", case_body()).json()["case"])


def opened(client: Client, path: str, language: str = "zh-hans") -> Page:
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return Page(answer.content.decode())


def hidden(page: Page, action: str, name: str) -> str:
    """The value of a hidden field of the form that goes there."""
    form = page.source.partition(f'action="{action}"')[2].partition("</form>")[0]
    [value] = re.findall(rf'type="hidden" name="{name}" value="([^"]*)"', form)
    return str(value)


def refused(answer: Any, status: int, field: str, language: str = "zh-hans") -> Page:
    """The page that tells why: its summary leads to the field, which says so of itself."""
    assert answer.status_code == status
    page = Page(answer.content.decode())
    assert page.all_faults() == []
    assert language == "zh-hans" or page.chinese() == []
    summary = page.source.partition('class="error-summary"')[2].partition("</div>")[0]
    assert f'href="#{field}"' in summary
    at_fault = page.by_id(field).attributes
    assert at_fault["aria-invalid"] == "true"
    assert f"{field}-fault" in at_fault["aria-describedby"].split()
    return page


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_note_is_written_from_the_page_and_a_faulty_one_stays_in_its_field(ref: str, officer: Client, language: str) -> None:
    heads = {"Accept-Language": language}
    page = opened(officer, f"/cases/{ref}", language)
    assert page.all_faults() == []
    assert language == "zh-hans" or page.chinese() == []
    done = officer.post(f"/cases/{ref}/notes", {"text": " 约定周五还款\r\n再联系 "}, headers=heads)
    assert (done.status_code, done["Location"]) == (303, f"/cases/{ref}#notes")
    assert "约定周五还款<br>再联系" in opened(officer, f"/cases/{ref}").source
    for text in ("", " \r\n ", "a\0", "x" * 2001):
        again = refused(officer.post(f"/cases/{ref}/notes", {"text": text}, headers=heads), 422, "note-text", language)
        assert again.by_id("note-text").text.strip() == text.strip()
    assert Note.objects.count() == 1
    assert Note.objects.get().actor.startswith("person:")


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_two_people_who_move_a_stage_the_second_is_told_and_overwrites_nothing(
    ref: str, officer: Client, lender: Organisation, language: str
) -> None:
    heads, other = {"Accept-Language": language}, signed_in(make_person("other", Role.LEGAL_OFFICER, lender))
    address = f"/cases/{ref}/stage"
    seen = [hidden(opened(each, f"/cases/{ref}"), address, "seen") for each in (officer, other)]
    done = officer.post(address, {"stage": "demanded", "seen": seen[0]}, headers=heads)
    assert (done.status_code, done["Location"]) == (303, f"/cases/{ref}#facts")
    page = refused(other.post(address, {"stage": "closed", "seen": seen[1]}, headers=heads), 409, "move-stage", language)
    assert {"zh-hans": "案件现为“已催告”", "en": "The case is now “Demand sent”"}[language] in page.text
    assert Case.objects.get(ref=ref).stage == "demanded"
    # The page that tells it shows the case as it is, so the form may be sent again by whoever still wants to.
    assert hidden(page, address, "seen") == "demanded"
    assert 'value="closed" selected' in page.source
    assert other.post(address, {"stage": "closed", "seen": "demanded"}).status_code == 303
    assert list(CaseRevision.objects.filter(change="stage").order_by("id").values_list("detail", flat=True)) == ["demanded", "closed"]
    for stage, was in (("", "closed"), ("nothing", "closed"), ("open", ""), ("closed", "closed")):
        refused(other.post(address, {"stage": stage, "seen": was}, headers=heads), 422, "move-stage", language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_is_deposited_once_from_its_page_which_then_shows_the_number(ref: str, officer: Client, language: str) -> None:
    heads, address = {"Accept-Language": language}, f"/cases/{ref}/reckoning/deposit"
    page = opened(officer, f"/cases/{ref}/reckoning?on=2025-05-20", language)
    form = {"on": hidden(page, address, "on"), "key": hidden(page, address, "key")}
    first, second = (officer.post(address, form, headers=heads) for _ in range(2))
    assert (first.status_code, second["Location"]) == (303, first["Location"]), "a second press of Enter makes no second record"
    record = Evidence.objects.get()
    assert (record.kind, record.case.ref, record.person_id is not None) == ("reckoning_sheet", ref, True)
    shown = opened(officer, first["Location"], language)
    assert shown.all_faults() == []
    assert language == "zh-hans" or shown.chinese() == []
    assert f'href="/records/{record.record}"' in shown.source
    for forged in ("CZ-20261123-01234-56789-W", "<b>", "x"):
        assert "notice" not in opened(officer, f"/cases/{ref}/reckoning?on=2025-05-20&deposited={forged}").source
    refused(officer.post(address, {"on": "yesterday", "key": "k" * 32}, headers=heads), 400, "sheet-on", language)
    assert officer.post(address, {"on": "2025-05-20", "key": "short"}).status_code == 422
    assert Evidence.objects.count() == 1


def test_a_file_that_cannot_be_reckoned_is_not_deposited(send: Send, officer: Client) -> None:
    empty = send("POST", "/cases", case_body(reference="LN-2", agreement=None, drawdowns=[])).json()["case"]
    answer = officer.post(f"/cases/{empty}/reckoning/deposit", {"on": "2025-05-20", "key": "k" * 32})
    assert answer.status_code == 422
    assert Page(answer.content.decode()).all_faults() == []
    assert not Evidence.objects.exists()


@pytest.mark.parametrize("role", Role)
def test_who_may_not_or_does_not_see_the_case_writes_nothing(ref: str, role: Role) -> None:
    visitor = signed_in(make_person("visitor", role))
    for path, act, form in (
        ("notes", Act.READ_CASE, {"text": "x"}), ("stage", Act.KEEP_CASE, {"stage": "closed", "seen": "open"}),
        ("reckoning/deposit", Act.KEEP_CASE, {"on": "2025-05-20", "key": "k" * 32}),
    ):
        wanted = 404 if act in ROLES[role].acts else 403
        assert {visitor.post(f"/cases/{each}/{path}", form).status_code for each in (ref, "0" * 32)} == {wanted}
        assert visitor.post(f"/cases/%00/{path}", form).status_code == 404, "no address holds NUL, whoever asks"
    assert (Note.objects.count(), Evidence.objects.count(), Case.objects.get().stage) == (0, 0, "open")


def test_forms_stand_where_they_may_be_sent(ref: str, lender: Organisation) -> None:
    reader = signed_in(make_person("reader", Role.COMPLIANCE_OFFICER, lender))
    page = opened(reader, f"/cases/{ref}").source
    assert (f"/cases/{ref}/notes" in page, f"/cases/{ref}/stage" in page) == (True, False)
    assert "reckoning/deposit" not in opened(reader, f"/cases/{ref}/reckoning?on=2025-05-20").source
    assert reader.post(f"/cases/{ref}/stage", {"stage": "closed", "seen": "open"}).status_code == 403
