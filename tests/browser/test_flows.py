"""What institutions do with each other, in the browser and seen from both sides: let in, entrust, grant, accept, order, find.

Cases and records are made by the services; every act that is told here is done on a page, by somebody in the role that may.
"""
import csv
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.credit_code import check_character
from accounts.models import Organisation
from accounts.permissions import Kind, Role
from cases.models import Assignment, Case, Grant
from evidence.models import Evidence
from tests.accounts.people import make_organisation, make_person
from tests.browser.agents import own_cast
from tests.browser.cast import session_of
from tests.browser.conftest import Live, Visit
from tests.browser.people import Visitor
from tests.cases.cast import Cast
from tests.evidence.letting_in import PDF, PNG

SETTLED_MS = 30_000
LATER = (timezone.now() + timedelta(days=30)).date().isoformat()


class Desk:
    """One person's browser."""

    def __init__(self, cast: Cast, visit: Visit, live: Live, login: str, role: Role, at: str = "") -> None:
        self.viewer = cast.person(login, role, at)
        assert self.viewer.person is not None
        self.page = visit("/")
        cookies = session_of(self.viewer.person)
        self.page.context.add_cookies([{"name": name, "value": value, "url": live.url} for name, value in cookies.items()])

    def send(self, path: str, action: str, **values: str) -> Page:
        """Fill the form of this action on the page and press its first button."""
        self.page.goto(path)
        form = self.page.locator(f"form[action$='{action}']").first
        for name, value in values.items():
            field = form.locator(f"[name={name}]").first
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value)
            elif field.get_attribute("type") == "checkbox":
                form.locator(f"[name={name}][value='{value}']").check()
            elif field.get_attribute("type") == "file":
                field.set_input_files(value)
            else:
                field.fill(value)
        form.locator("button").first.click()
        self.page.wait_for_load_state()
        return self.page

    def sees(self, case: Case) -> bool:
        """Whether the case opens, which it does exactly when it stands in this person's list."""
        answer = self.page.goto(f"/cases/{case.ref}")
        assert answer is not None
        assert answer.status in (200, 404)
        self.page.goto("/cases")
        listed = self.page.locator(f"a[href='/cases/{case.ref}']").count() > 0
        assert listed == (answer.status == 200)
        return listed


@pytest.fixture
def cast(live: Live) -> Cast:
    return own_cast()


def test_an_organisation_is_let_in_by_two_operators_its_agreement_and_a_trial(live: Live, visit: Visit, tmp_path: Path) -> None:
    where = Organisation.objects.filter(kind=Kind.OPERATOR).first() or make_organisation(Kind.OPERATOR, "运营方")
    mark = timezone.now().strftime("%H%M%S%f")
    operators = []
    for number in (1, 2):
        page = visit("/")
        cookies = session_of(make_person(f"lets-in-{number}-{mark}", Role.OPERATOR, where))
        page.context.add_cookies([{"name": name, "value": value, "url": live.url} for name, value in cookies.items()])
        operators.append(page)
    body = f"11{mark[-6:]}MA{mark[-7:]}"
    (tmp_path / "licence.pdf").write_bytes(PDF)
    (tmp_path / "letter.png").write_bytes(PNG)

    applicant = visit("/apply")
    applicant.locator("select[name=kind]").select_option("court")
    login = f"admin-{mark}@court.example"
    for name, value in {
        "name": f"示例人民法院 {mark}", "credit_code": body + check_character(body), "purpose": "核验与调取",
        "contact_email": "office@court.example", "contact_phone": "010-00000000",
        "administrator_name": "李管理", "administrator_login": login,
    }.items():
        applicant.locator(f"[name={name}]").fill(value)
    applicant.locator("[name=licence]").set_input_files(tmp_path / "licence.pdf")
    applicant.locator("[name=letter]").set_input_files(tmp_path / "letter.png")
    applicant.locator("main button.primary").click()
    applicant.wait_for_url("**/apply/status/*")

    link = ""
    for page in operators:
        page.goto("/applications")
        page.get_by_role("link", name=f"示例人民法院 {mark}").click()
        for tick in page.locator("main input[type=checkbox]").all():
            tick.check()
        page.locator("[name=reason]").fill("登记与材料一致")
        page.locator("button[value=pass]").click()
        page.wait_for_load_state()
    shown = operators[1].locator("code.long").filter(has_text="/invitations/")
    expect(shown).to_be_visible()
    link = shown.inner_text()

    administrator, page = Visitor(login), visit("/")
    administrator.accept(page, link.rpartition("/")[2])
    administrator.arrive(page)
    page.goto("/agreement")
    page.locator("form[action='/agreement'] button").click()
    page.wait_for_load_state()
    page.goto("/practice")
    with page.expect_download() as download:
        page.locator("a[href='/practice/file']").click()
    download.value.save_as(tmp_path / "practice")
    page.locator("input[name=file]").set_input_files(tmp_path / "practice")
    page.locator("form[action='/practice'] button").click()
    page.wait_for_load_state()
    expect(page.locator("form[action='/practice/package'] button")).to_be_visible(timeout=SETTLED_MS)
    with page.expect_download() as download:
        page.locator("form[action='/practice/package'] button").click()
    assert Path(download.value.path()).read_bytes()[:4] == b"PK\x03\x04"

    made = Organisation.objects.get(name=f"示例人民法院 {mark}")
    assert made.status == Organisation.Status.TRIAL
    operators[0].goto(f"/organisations/{made.ref}/details")
    operators[0].locator(f"form[action='/organisations/{made.ref}/activate'] button").click()
    operators[0].wait_for_load_state()
    made.refresh_from_db()
    assert made.status == Organisation.Status.ACTIVE


def test_an_agent_has_a_case_from_its_distribution_to_its_withdrawal(cast: Cast, live: Live, visit: Visit) -> None:
    case, contract = cast.case("LN-委案"), cast.paper(cast.legal)
    legal = Desk(cast, visit, live, "legal", Role.LEGAL_OFFICER)
    officer = Desk(cast, visit, live, "officer", Role.CASE_OFFICER)
    supervisor = Desk(cast, visit, live, "supervisor", Role.AGENCY_SUPERVISOR)
    agent = Desk(cast, visit, live, "agent", Role.COLLECTION_AGENT)
    assert not agent.sees(case)
    agency = cast.organisations["collection_agency"]
    legal.send("/access", "/access/entrustments", agency=agency.ref, number="WT-1", scope="电话催收", document=contract, ends_at=LATER)
    officer.send("/access", "/access/assign", cases=case.ref)
    assignment = Assignment.objects.get(case=case).ref
    assert supervisor.sees(case)
    assert not agent.sees(case), "not distributed yet"
    assert agent.viewer.person is not None
    supervisor.send("/access", "/access/distribute", assignments=assignment, agent=str(agent.viewer.person.pk))
    assert agent.sees(case)
    agent.page.goto("/work")
    expect(agent.page.locator(f"[data-action*='{case.ref}']")).to_be_visible()
    officer.send("/access", "/access/withdraw", assignments=assignment)
    assert not agent.sees(case)
    assert not supervisor.sees(case)
    agent.page.goto("/work")
    expect(agent.page.locator(f"[data-action*='{case.ref}']")).to_have_count(0)


def test_a_grant_ends_by_the_lender_and_what_was_accepted_does_not(cast: Cast, live: Live, visit: Visit) -> None:
    case = cast.case("LN-授权")
    legal = Desk(cast, visit, live, "legal", Role.LEGAL_OFFICER)
    notary = Desk(cast, visit, live, "notary", Role.NOTARY)
    lawyer = Desk(cast, visit, live, "lawyer", Role.LAWYER)
    assert not notary.sees(case)
    for receiver in ("notary_office", "law_firm"):
        told = {"receiver": cast.organisations[receiver].ref, "document": cast.paper(cast.legal), "cases": case.ref}
        legal.send("/access", "/access/grants", basis="entrusted", purpose="申请执行证书", ends_at=LATER, **told)
    assert notary.sees(case)
    assert lawyer.sees(case)
    grant = Grant.objects.get(receiver=cast.organisations["notary_office"]).ref
    legal.send("/access", "/access/submit", grant=grant, purpose="公证", cases=case.ref)
    notary.send("/docket", "/accept", number="(2026)示证字第1号", file_days="30")
    legal.page.goto("/access")
    expect(legal.page.locator("main").get_by_text("(2026)示证字第1号")).to_be_visible()
    for _ in range(2):
        legal.page.goto("/access")
        legal.page.locator("form[action$='/revoke'] button").first.click()
        legal.page.wait_for_load_state()
    assert not lawyer.sees(case)
    assert notary.sees(case), "accepted: the lender can no longer take it back"
    notary.page.goto("/docket")
    notary.page.locator("form[action$='/close'] button").first.click()
    notary.page.wait_for_load_state()
    assert notary.sees(case), "closed: the file stays open for its thirty days"
    legal.page.goto("/access?matters=ended")
    row = legal.page.locator("main tr").filter(has_text="(2026)示证字第1号")
    expect(row).to_contain_text("已结案")
    expect(row).to_contain_text("存档至")


def test_an_order_is_opened_by_two_people_of_the_court_and_the_lender_is_told(
    cast: Cast, live: Live, visit: Visit, tmp_path: Path
) -> None:
    case = cast.case("LN-调取")
    clerk = Desk(cast, visit, live, "clerk", Role.COURT_CLERK)
    judge = Desk(cast, visit, live, "judge", Role.JUDGE)
    legal = Desk(cast, visit, live, "legal", Role.LEGAL_OFFICER)
    (tmp_path / "order.pdf").write_bytes(PDF)
    told = {"number": "(2026)示执调1号", "scope": "全部证据", "cases": case.ref, "ends_at": LATER}
    clerk.send("/orders", "/orders/add", file=str(tmp_path / "order.pdf"), **told)
    assert Evidence.objects.filter(organisation=clerk.viewer.organisation).count() == 1, "the order is the court's own record"
    assert not judge.sees(case), "one person is not two"
    judge.page.goto("/orders")
    judge.page.locator("form[action$='/open'] button").first.click()
    judge.page.wait_for_load_state()
    assert judge.sees(case)
    legal.page.goto("/access")
    expect(legal.page.get_by_text("(2026)示执调1号")).to_be_visible()
    judge.page.goto("/orders")
    judge.page.locator("form[action$='/end'] button").first.click()
    judge.page.wait_for_load_state()
    assert not judge.sees(case)


def test_a_record_is_found_by_number_and_case_and_all_are_exported(cast: Cast, live: Live, visit: Visit, tmp_path: Path) -> None:
    cases = [cast.case(f"LN-查找-{number}") for number in range(3)]
    number = Evidence.objects.get(case=cases[1]).record
    officer = Desk(cast, visit, live, "officer", Role.CASE_OFFICER)
    page = officer.page
    page.goto("/evidence")
    page.locator("[name=text]").fill(number)
    page.locator("form.filters button.primary").click()
    expect(page.locator("main table tbody tr")).to_have_count(1)
    assert number not in page.url, "what is looked for is written into no address"
    page.goto("/cases")
    page.locator("[name=text]").fill("LN-查找-2")
    page.locator("form.filters button.primary").click()
    expect(page.locator(f"a[href='/cases/{cases[2].ref}']").first).to_be_visible()
    expect(page.locator(f"a[href='/cases/{cases[0].ref}']")).to_have_count(0)
    page.goto("/evidence")
    with page.expect_download() as download:
        page.locator("form.filters button.secondary").click()
    download.value.save_as(tmp_path / "all.csv")
    rows = list(csv.reader((tmp_path / "all.csv").read_text(encoding="utf-8-sig").splitlines()))
    numbers = set(Evidence.objects.filter(organisation=cast.legal.organisation).values_list("record", flat=True))
    assert numbers <= {cell for row in rows for cell in row}
