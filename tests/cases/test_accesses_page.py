"""The page of who saw a case: every reading, its person, role, root and purpose; for the case's own organisation, fifty at a time."""
import re
from datetime import timedelta

import pytest

from accounts.permissions import Kind, Role
from cases.models import AccessEvent, Case
from cases.watching import read_case
from tests.accounts.people import signed_in
from tests.cases.cast import Cast
from tests.portal.pages import Page


def readings(cast: Cast, case: Case, by: str = "legal", language: str = "zh-hans", query: str = "") -> Page:
    browser = signed_in(cast.people[by])
    answer = browser.get(f"/cases/{case.ref}/accesses{query}", headers={"Accept-Language": language})
    assert answer.status_code == 200
    page = Page(answer.content.decode())
    assert page.all_faults() == []
    assert language == "zh-hans" or page.chinese() == []
    return page


def cells(page: Page) -> list[list[str]]:
    """The text of each row's cells."""
    rows = page.source.partition("<tbody>")[2].partition("</tbody>")[0].split("</tr>")[:-1]
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<td.*?>(.*?)</td>", row, re.DOTALL)] for row in rows]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_who_saw_a_case_is_listed_with_role_root_and_purpose_the_newest_first(cast: Cast, language: str) -> None:
    case = cast.case()
    assert cells(readings(cast, case, language=language)) == [], "the list itself is no reading of the case"
    cast.granted(case, "notary_office", Kind.NOTARY_OFFICE)
    notary, machine = cast.person("notary", Role.NOTARY), cast.machine("lender", Kind.LENDER)
    for viewer in (cast.officer, notary, machine):
        read_case(viewer, case, request_id="r", now=cast.now)
    rows = cells(readings(cast, case, language=language))
    assert [row[0] for row in rows] == ["3", "2", "1"]
    by_machine, by_notary, by_officer = rows
    assert cast.people["officer"].display_name in by_officer[3]
    assert cast.people["notary"].display_name not in str(rows), "another organisation's people are ids"
    assert (by_notary[2], by_notary[3], by_notary[7]) == ("notary_office", notary.actor, "申请执行证书")
    words = {"zh-hans": ("公证员", "案件与当事人信息", "授权"), "en": ("notary", "the case and its parties", "Grant")}[language]
    assert tuple(by_notary[4:7]) == words
    assert by_machine[4] == "—"
    assert machine.actor in by_machine[3]


def test_pages_join_without_a_gap_whatever_is_read_meanwhile(cast: Cast) -> None:
    case, other = cast.case(), cast.case("LN-2")
    for number in range(120):
        read_case(cast.officer, case, request_id=f"{number}", now=cast.now + timedelta(seconds=number))
        read_case(cast.officer, other, request_id=f"{number}", now=cast.now)
    page, numbers = readings(cast, case), []
    while True:
        numbers += [int(row[0]) for row in cells(page)]
        found = re.findall(r'rel="next" href="[^"]*(\?after=\d+)"', page.source)
        if not found:
            break
        read_case(cast.officer, case, request_id="meanwhile", now=cast.now)
        page = readings(cast, case, query=found[0])
    assert numbers == list(range(120, 0, -1))
    assert AccessEvent.objects.filter(case=case).count() == 122
    browser = signed_in(cast.people["legal"])
    for cursor in ("0", "-1", "x", "1" * 10):
        assert browser.get(f"/cases/{case.ref}/accesses", {"after": cursor}).status_code == 404, cursor
    assert len(cells(readings(cast, case, query="?after=999999"))) == 50


def test_the_list_is_for_the_cases_own_organisation_and_linked_from_its_workspace(cast: Cast) -> None:
    case = cast.case()
    cast.granted(case, "notary_office", Kind.NOTARY_OFFICE)
    cast.person("notary", Role.NOTARY)
    assert signed_in(cast.people["notary"]).get(f"/cases/{case.ref}/accesses").status_code == 404
    cast.person("admin", Role.LENDER_ADMIN)
    readings(cast, case, by="admin")
    link = f'href="/cases/{case.ref}/accesses"'
    assert link in signed_in(cast.people["legal"]).get(f"/cases/{case.ref}").content.decode()
    assert link not in signed_in(cast.people["notary"]).get(f"/cases/{case.ref}").content.decode()
