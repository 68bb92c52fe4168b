"""Who was let in to cases, by whom, and what lists of them left as files: in the audit log of the organisation whose people did it."""
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.audit.reading import broken_logs
from accounts.models import AuditEntry, Organisation
from accounts.permissions import Kind, Role
from accounts.viewer import Viewer
from cases.assigning import distribute_cases, end_entrustment, withdraw_cases
from cases.errors import PeriodUnsuitable
from cases.granting import approve_grant, grant_access, revoke_grant
from cases.matters import close_matter
from cases.models import GRANT_ALONE, Case
from cases.orders import end_order, open_order
from tests.accounts.people import signed_in
from tests.api.test_routes import content_of
from tests.cases.case_files import NAME, case_body, sender
from tests.cases.cast import DAY, Cast
from tests.portal.pages import Page

Row = tuple[str, str, str, str]


def after(organisation: Organisation, number: int) -> list[Row]:
    """(event, actor, subject, detail); the cast's keys are not what is asked about."""
    rows = AuditEntry.objects.filter(organisation=organisation, number__gt=number).exclude(event="api_key:issued").order_by("number")
    return [(row.event, row.actor, row.subject, row.detail) for row in rows]


def last(organisation: Organisation) -> int:
    return AuditEntry.objects.filter(organisation=organisation).count()


def test_every_act_on_who_sees_a_case_has_its_row_and_a_second_call_has_none(cast: Cast) -> None:
    case, lender = cast.case(), cast.legal.organisation
    supervisor, officer = cast.person("boss", Role.AGENCY_SUPERVISOR), cast.officer
    agent = cast.person("agent", Role.COLLECTION_AGENT)
    notary = cast.person("notary", Role.NOTARY)
    begun = last(lender)
    assignment = cast.assigned(case, includes_all=True)
    contract, agency = assignment.entrustment, supervisor.organisation
    told = last(agency)
    distribute_cases(supervisor, [assignment.ref], agent.person, now=cast.now)
    assert agent.person is not None
    assert after(agency, told) == [
        ("cases:distributed", supervisor.actor, f"entrustment:{contract.ref}", f"cases:1+person:{agent.person.pk}")]
    withdraw_cases(officer, [assignment.ref], now=cast.now)
    for _ in range(2):
        end_entrustment(cast.legal, contract, now=cast.now)
    about = f"entrustment:{contract.ref}"
    assert after(lender, begun) == [
        ("entrustment:made", cast.legal.actor, about, f"organisation:{agency.ref}"),
        ("cases:assigned", officer.actor, about, "cases:1+includes_all"), ("cases:withdrawn", officer.actor, about, "cases:1"),
        ("entrustment:ended", cast.legal.actor, about, "")]
    begun, office = last(lender), last(notary.organisation)
    matter = cast.accepted(case, "notary_office", notary, whole_case=True)
    close_matter(notary, matter, now=cast.now)
    for _ in range(2):
        revoke_grant(cast.legal, matter.grant, now=cast.now)
    of, to = f"grant:{matter.grant.ref}", f"organisation:{notary.organisation.ref}+cases:1"
    assert after(lender, begun) == [
        ("grant:made", cast.legal.actor, of, to), ("matter:submitted", cast.legal.actor, f"matter:{matter.ref}", f"{to}+whole_case"),
        ("grant:revoked", cast.legal.actor, of, to)]
    assert after(notary.organisation, office) == [
        ("matter:accepted", notary.actor, f"matter:{matter.ref}", ""), ("matter:closed", notary.actor, f"matter:{matter.ref}", "")]
    order = cast.ordered(case)
    judge = cast.person("court-judge", Role.JUDGE)
    for _ in range(2):
        end_order(judge, order, now=cast.now)
    machines = cast.ordered(case, by_machine=True, opened=False)
    open_order(judge, machines, now=cast.now)
    of_machine = [row[0] for row in after(judge.organisation, 0) if row[2] == f"order:{machines.ref}"]
    assert of_machine == ["order:written_down", "order:confirmed"]
    rows = [row[:2] for row in after(judge.organisation, 0) if row[2] == f"order:{order.ref}"]
    assert rows == [
        ("order:written_down", judge.actor), ("order:opened", cast.person("court-judge2", Role.JUDGE).actor), ("order:ended", judge.actor)]
    assert list(broken_logs()) == []


def test_an_act_that_fails_leaves_no_row(cast: Cast) -> None:
    case, lender = cast.case(), cast.legal.organisation
    begun = last(lender)
    with pytest.raises(PeriodUnsuitable):
        cast.granted(case, "law_firm", Kind.LAW_FIRM, ends_at=cast.now - DAY)
    assert after(lender, begun) == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_who_granted_and_who_approved_stands_on_the_access_page(cast: Cast, language: str) -> None:
    cast.deposit(cast.legal, "LN-0", count=1)
    lender = cast.legal.organisation
    cases = Case.objects.bulk_create(
        Case(organisation=lender, ref=f"{number:032x}", client_reference=f"LN-{number}", created_at=cast.now)
        for number in range(1, GRANT_ALONE + 2))
    second = cast.person("second", Role.LEGAL_OFFICER)
    begun = last(lender)
    grant = grant_access(cast.legal, cast.opening(list(cases), cast.organisation("law_firm", Kind.LAW_FIRM)), now=cast.now)
    approve_grant(second, grant, now=cast.now)
    assert [row[:2] for row in after(lender, begun)] == [("grant:made", cast.legal.actor), ("grant:approved", second.actor)]
    answer = signed_in(cast.people["legal"]).get("/access", headers={"Accept-Language": language})
    page = Page(answer.content.decode())
    assert page.all_faults() == []
    assert language == "zh-hans" or page.chinese() == []
    assert {"zh-hans": "授权人", "en": "Granted by"}[language] in page.source
    for login in ("legal", "second"):
        assert cast.people[login].display_name in page.source.partition("<main")[2]


def exported(browser: Client, path: str, form: dict[str, Any], seen: Callable[[], list[Row]]) -> tuple[list[Row], str]:
    """The rows that were there before anything of the file was read, and the file."""
    answer: Any = browser.post(path, form)
    assert answer.status_code == 200
    return seen(), content_of(answer).decode()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_list_that_leaves_as_a_file_leaves_one_row_and_nothing_personal_in_it(cast: Cast, language: str) -> None:
    case, lender = cast.case(records=3), cast.legal.organisation
    assert sender(Client(), lender)("POST", "/cases", case_body(reference="LN-1")).status_code == 201
    cast.person("admin", Role.LENDER_ADMIN)
    who, day = cast.legal.actor, (cast.now - timedelta(days=1)).date().isoformat()
    number = cast.deposit(cast.legal, "LN-2")[0]
    browser, begun = signed_in(cast.people["legal"]), last(lender)
    tries: list[tuple[str, dict[str, Any], Row, int]] = [
        ("/cases/export", {}, ("cases:exported", who, "rows:2", ""), 2),
        ("/cases/export", {"text": NAME, "stage": "open", "since": day},
         ("cases:exported", who, "rows:1", f"text+stage:open+since:{day}"), 1),
        ("/evidence/export", {"case": case.ref, "kind": "sms", "progress": "queued", "mistaken": "no"},
         ("records:exported", who, "rows:3", f"kind:sms+progress:queued+mistaken:no+case:{case.ref}"), 3),
        ("/evidence/export", {"kind": NAME}, ("records:exported", who, "rows:0", "kind:other"), 0),
        ("/evidence/export", {"selection": "1", "record": [number]}, ("records:exported", who, "rows:1", "selection"), 1),
    ]
    for done, (path, form, row, count) in enumerate(tries):
        rows, text = exported(browser, path, form, lambda done=done: after(lender, begun + done))  # type: ignore[misc]
        assert rows == [row], path
        assert len(text.strip().splitlines()) == 1 + count
    assert browser.post("/cases/export", {"since": "x"}).status_code == 422
    assert last(lender) == begun + len(tries)
    assert not [row for row in after(lender, begun) if NAME in str(row)]
    answer = signed_in(cast.people["admin"]).get("/audit", headers={"Accept-Language": language})
    page = Page(answer.content.decode())
    assert page.all_faults() == []
    assert language == "zh-hans" or page.chinese() == []
    words = {"zh-hans": ("导出案件清单", "导出存证清单", "行数 3", "按关键词 + 阶段 在管", f"自 {day}"),
             "en": ("list of cases exported", "list of records exported", "rows: 3", "by what was typed + stage in hand", f"since {day}")}
    text = re.sub(r"\s+", " ", page.source)
    assert [word for word in words[language] if word not in text] == []


def test_whoever_may_not_export_leaves_no_row(cast: Cast) -> None:
    admin: Viewer = cast.person("admin", Role.LENDER_ADMIN)
    begun = last(admin.organisation)
    assert signed_in(cast.people["admin"]).post("/cases/export").status_code == 403
    assert after(admin.organisation, begun) == []
