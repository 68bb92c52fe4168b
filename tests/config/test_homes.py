"""The homes of operators, auditors and administrators: what waits for whom, alarms, what ends soon, who opened papers, what is missing."""
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.joining import Invitee, invite
from accounts.models import AuditEntry, Organisation, Person
from accounts.permissions import Kind, Role
from accounts.replacing import Proposal, confirm, propose
from accounts.reviewing import confirm_review
from accounts.services import issue_api_key
from evidence.models import ApplicationPaper, PlatformFact
from evidence.own_deposits import OwnFile
from evidence.platform_facts import FactTold, record_fact
from ledger.incidents import open_incident
from tests.accounts.people import make_organisation, make_person, signed_in
from tests.evidence.letting_in import PDF, apply_now, decision, operators
from tests.evidence.test_letting_in import at_the_evidence_origin
from tests.portal.pages import Page

LANGUAGES = ["zh-hans", "en"]


def home(person: Person, language: str = "zh-hans") -> Page:
    answer = signed_in(person).get("/home", headers={"Accept-Language": language})
    assert answer.status_code == 200
    page = Page(answer.content.decode())
    assert page.all_faults() == []
    assert language == "zh-hans" or page.chinese() == []
    return page


def rows_of_two(page: Page) -> dict[str, str]:
    """What stands in the table of what one operator has done: the matter by its organisation, with who goes on."""
    table = page.source.partition('id="two"')[2].partition("</table>")[0]
    cells = [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", table, re.DOTALL)]
    return {cells[at + 1]: f"{cells[at]}: {cells[at + 3]}" for at in range(0, len(cells), 4)}


@pytest.fixture
def two(service: str) -> tuple[Person, Person]:
    cache.clear()  # nobody has applied yet
    return operators()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_operator_sees_what_waits_for_him_and_what_he_may_not_do_a_second_time(two: tuple[Person, Person], language: str) -> None:
    mine, yours = {
        "zh-hans": ("您已办理，待另一名运营人员", "可由您办理"),
        "en": ("You have acted; another operator is next", "Yours to do")}[language]
    first, second = two
    nothing = {"zh-hans": "没有等待第二名运营人员的事项。", "en": "Nothing waits for a second operator."}[language]
    assert nothing in home(first, language).text
    _, fresh = apply_now(name="新申请法院")
    assert "新申请法院" in home(first, language).text
    decision(signed_in(first), fresh)
    court, reviewed = make_organisation(Kind.COURT, "示例二院"), make_organisation(Kind.LENDER, "待复核机构")
    replacement = propose(court, Proposal("new@court.example", "新管理员", "原管理员失联"), by=first, now=timezone.now())
    Organisation.objects.filter(pk=reviewed.pk).update(review_due_at=timezone.now() + timedelta(days=1))
    reviewed.refresh_from_db()
    confirm_review(reviewed, by=first, now=timezone.now())
    names = {"新申请法院", "示例二院", "待复核机构"}
    told, others = rows_of_two(home(first, language)), rows_of_two(home(second, language))
    assert {name for name, words in told.items() if words.endswith(mine)} == names
    assert {name for name, words in others.items() if words.endswith(yours)} == names
    counted = {"zh-hans": "待您作第二人办理的事项 3 件", "en": "Waiting for you as the second operator: 3."}[language]
    assert (counted in home(first, language).text, counted in home(second, language).text) == (False, True)
    confirm(replacement, by=second, now=timezone.now())
    decision(signed_in(second), fresh)
    confirm_review(reviewed, by=second, now=timezone.now())
    assert rows_of_two(home(first, language)) == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_operators_home_has_alarms_and_what_ends_soon(two: tuple[Person, Person], language: str) -> None:
    operator, now = two[0], timezone.now()
    nothing = {
        "zh-hans": "没有即将到期的年度复核、平台事项或接口凭证。",
        "en": "No annual review, fact of the platform or API credential ends soon."}
    assert nothing[language] in home(operator, language).text
    told = FactTold(PlatformFact.Kind.MANUAL, "操作手册", now.date(), now.date() + timedelta(days=20), "0" * 32, name="手册甲")
    record_fact(told, OwnFile("document.pdf", "application/pdf", PDF), by=operator, now=now)
    lender = make_organisation(Kind.LENDER, "用密钥的机构")
    soon, _ = issue_api_key(lender, label="x", now=now, valid_for=timedelta(days=29))
    late, _ = issue_api_key(lender, label="y", now=now, valid_for=timedelta(days=99))
    overdue = make_organisation(Kind.LENDER, "逾期机构")
    Organisation.objects.filter(pk=overdue.pk).update(review_due_at=now - timedelta(days=1))
    open_incident("clock-skewed", "sequencer", {"seconds": 2}, now=now)
    page = home(operator, language)
    assert [word for word in ("手册甲", "用密钥的机构", f"cz_{soon.prefix}", "逾期机构", "clock-skewed") if word not in page.text] == []
    assert f"cz_{late.prefix}" not in page.text
    running = {"zh-hans": "未结束的异常事件 1 件", "en": "Running incidents: 1."}[language]
    assert running in page.text
    assert {"/applications", "/operations", "/platform-facts", "/reviews"} <= {link.attributes["href"] for link in page.all("a")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_of_the_operator_opened_which_paper_stands_in_its_log_and_on_both_homes(two: tuple[Person, Person], language: str) -> None:
    first, _ = two
    auditor = make_person("audit", Role.AUDITOR, make_organisation(Kind.AUDITOR, "审计所"))
    _, application = apply_now()
    nobody = {"zh-hans": "还没有人打开过准入材料。", "en": "Nobody has opened a paper of an application yet."}[language]
    paper = ApplicationPaper.objects.filter(application=application)[0]
    ticket = signed_in(first).post(f"/applications/{application.reference}/papers/{paper.pk}")["Location"]
    assert nobody in home(first, language).text, "a ticket is no look"
    assert at_the_evidence_origin(ticket).status_code == 200
    assert at_the_evidence_origin(ticket).status_code == 404
    [row] = AuditEntry.objects.filter(event="application:paper_opened")
    assert (row.organisation.kind, row.actor, row.subject, row.detail) == (
        Kind.OPERATOR, f"person:{first.pk}", f"application:{application.reference}", f"paper:{paper.pk}")
    page = home(first, language)
    assert "姓名 ops1" in page.text
    assert f'href="/applications/{application.reference}"' in page.source
    assert "姓名 ops1" in signed_in(first).get("/audit?event=application:paper_opened").content.decode()
    way = re.findall(r'href="(/audit\?of=\w+&amp;event=application:paper_opened)"', home(auditor, language).source)
    assert len(way) == 1, "the auditor reads the operator's, and has none of his own"
    assert "姓名 ops1" in signed_in(auditor).get(way[0].replace("&amp;", "&")).content.decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_auditors_home_says_what_he_may_read_what_broke_and_what_was_verified(two: tuple[Person, Person], language: str) -> None:
    auditor = make_person("audit", Role.AUDITOR, make_organisation(Kind.AUDITOR, "审计所"))
    open_incident("clock-skewed", "sequencer", {"seconds": 2}, now=timezone.now())
    _, application = apply_now(name="不给审计看的法院")
    page = home(auditor, language)
    words = {
        "zh-hans": ("审计所", "运营方", "clock-skewed", "已发布条目", "回执审计", "本轮原件复核", "未结束的异常事件 1 件"),
        "en": ("审计所", "运营方", "clock-skewed", "Published entries", "Audit of receipts", "Present scrub of the originals",
               "Running incidents: 1."),
    }[language]
    assert [word for word in words if word not in page.text] == []
    assert "不给审计看的法院" not in page.text
    assert application.reference not in page.source
    links = {link.attributes["href"] for link in page.all("a")}
    assert {"/audit", "/operations", "/platform-facts"} <= links
    assert not links & {"/applications", "/organisations", "/keys"}
    answers: dict[str, Any] = {link: signed_in(auditor).get(link.replace("&amp;", "&")) for link in links if link.startswith("/audit")}
    assert {answer.status_code for answer in answers.values()} == {200}


ADMINISTRATORS = [
    (Role.LENDER_ADMIN, Kind.LENDER), (Role.OFFICE_ADMIN, Kind.NOTARY_OFFICE), (Role.FIRM_ADMIN, Kind.LAW_FIRM),
    (Role.BODY_ADMIN, Kind.ARBITRATION_BODY), (Role.COURT_ADMIN, Kind.COURT)]


@pytest.mark.parametrize(("role", "kind"), ADMINISTRATORS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_administrators_home_says_what_waits_for_him_and_nothing_of_others(
    service: str, language: str, role: Role, kind: Kind
) -> None:
    now, organisation = timezone.now(), make_organisation(kind, "本机构")
    admin, stranger = make_person("admin", role, organisation), make_organisation(kind, "别的机构")
    client = signed_in(admin)
    nothing = {"zh-hans": "没有需要处理的事项。", "en": "Nothing to do."}[language]
    assert nothing in home(admin, language).text
    make_person("late", role, organisation)
    make_person("not-ours", role, stranger)
    issue_api_key(stranger, label="not-ours", now=now, valid_for=timedelta(days=5))
    soon, _ = issue_api_key(organisation, label="x", now=now, valid_for=timedelta(days=29))
    late, _ = issue_api_key(organisation, label="y", now=now, valid_for=timedelta(days=99))
    invite(organisation, Invitee("new@example.com", "新人", role), by=admin, now=now)
    Organisation.objects.filter(pk=organisation.pk).update(review_due_at=now - timedelta(days=1))
    page = home(admin, language)
    counted = {
        "zh-hans": "现有成员 2 人，未接受的邀请 1 份，尚未设置第二因素的成员 1 人",
        "en": "Members: 2. Invitations not accepted yet: 1. Members without a second factor: 1."}[language]
    words = {"zh-hans": ("年度复核", "已逾期", "发出邀请"), "en": ("Annual review", "Overdue", "invitation made")}[language]
    assert [word for word in (counted, f"cz_{soon.prefix}", *words) if word not in page.text] == []
    assert [word for word in ("not-ours", "别的机构", f"cz_{late.prefix}") if word in page.text] == []
    members = Page(client.get(f"/organisations/{organisation.ref}/members", headers={"Accept-Language": language}).content.decode())
    lacking = {"zh-hans": "未设置第二因素", "en": "no second factor yet"}[language]
    assert members.source.count(lacking) == 1


def test_who_is_signed_out_is_led_to_the_sign_in(service: str) -> None:
    assert Client().get("/home")["Location"].startswith("/sign-in")
