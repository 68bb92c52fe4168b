"""Thousands of assignments, grants, matters and orders: by pages, by state, all of a contract by one act; forms as large as a batch."""
import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db.models import Q
from django.test import Client
from django.utils import timezone

from accounts.permissions import Kind, Role
from cases.assigning import MOST_SHOWN, assign_cases, withdraw_shown
from cases.conditions import MOST_CASES
from cases.errors import SelectionMoved, SelectionTooLarge
from cases.granting import grant_access, revoke_grant
from cases.matters import accept_matter, close_matter, submit_cases
from cases.models import Assignment, Case, Distribution, Entrustment, Grant, Matter, Order
from cases.orders import end_order
from cases.phases import Phase, assignments_in, entrustments_in, grants_in, matters_in, orders_in
from cases.portal.access_words import assignment_state, grant_state, matter_state, order_state
from cases.portal.listing import PAGE
from notifications.models import Notice
from tests.cases.cast import DAY, Cast
from tests.cases.test_access_pages import browser, opened, sound
from tests.portal.pages import Page

LANGUAGES = ("zh-hans", "en")
NOWHERE = "0" * 32


def many_cases(cast: Cast, count: int, prefix: str = "B") -> list[Case]:
    made = [Case(organisation=cast.legal.organisation, ref=secrets.token_hex(16), client_reference=f"{prefix}-{n:04}", created_at=cast.now)
            for n in range(count)]
    return Case.objects.bulk_create(made)


def many_assigned(cast: Cast, contract: Entrustment, count: int, prefix: str = "B") -> list[Assignment]:
    refs = [case.ref for case in many_cases(cast, count, prefix)]
    assert count <= MOST_CASES
    return assign_cases(cast.officer, contract, refs, includes_all=False, now=cast.now)


def ticks(page: Page) -> list[str]:
    return re.findall(r'name="assignments" value="([0-9a-f]{32})"', page.source)


def turned(client: Client, path: str, found: Callable[[Page], list[str]]) -> list[list[str]]:
    """What stands on each page of a list, by following "next" from here to the end."""
    pages, seen = [], set()
    while path:
        assert path not in seen
        seen.add(path)
        page = opened(client, path)
        pages.append(found(page))
        onward = re.search(r'rel="next" href="([^"#]*)', page.source)
        path = onward[1].replace("&amp;", "&") if onward else ""
    return pages


def hidden(page: Page, name: str) -> str:
    form = page.source.partition('method="post" action="/access/')[2].partition("</form>")[0]
    [value] = re.findall(rf'type="hidden" name="{name}" value="([^"]*)"', form)
    return str(value)


def test_every_assignment_is_reached_by_pages_and_ended_ones_only_when_asked_for(cast: Cast) -> None:
    contract, officer = cast.entrustment(), browser(cast, cast.officer.person.login)  # type: ignore[union-attr]
    made = many_assigned(cast, contract, 2 * PAGE + 3)
    pages = turned(officer, "/access", ticks)
    assert [len(page) for page in pages] == [PAGE, PAGE, 3]
    assert [ref for page in pages for ref in page] == [row.ref for row in reversed(made)]
    done = officer.post("/access/withdraw?assignments=running", {"assignments": pages[0]})
    assert done["Location"] == "/access?assignments=running", "the list stays where it stood"
    assert sum(map(len, turned(officer, "/access", ticks))) == PAGE + 3
    ended = turned(officer, "/access?assignments=ended", lambda page: re.findall(r'<code class="long">([0-9a-f]{32})', page.source))
    assert sum(map(len, ended)) == PAGE
    assert officer.get("/access?assignments_after=" + NOWHERE).status_code == 404
    assert officer.get("/access?assignments_after=%00").status_code == 404
    assert officer.get("/access?contract=" + NOWHERE).status_code == 404
    assert opened(officer, "/access?assignments=nonsense").source.count('name="assignments" value="') > 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_of_a_contract_that_the_filter_shows_is_withdrawn_by_one_act(cast: Cast, language: str) -> None:
    contract, other = cast.entrustment(), cast.entrustment()
    made, kept = many_assigned(cast, contract, MOST_CASES, "A"), many_assigned(cast, other, 3, "C")
    made += many_assigned(cast, contract, 5, "D")
    officer = browser(cast, "officer")
    address = f"/access?contract={contract.ref}"
    page = opened(officer, address, language)
    assert hidden(page, "seen") == str(MOST_CASES + 5), "more than a batch may name"
    form = {"whole": "on", "contract": contract.ref, "state": hidden(page, "state"), "seen": hidden(page, "seen")}
    answer = officer.post(f"/access/withdraw?contract={contract.ref}", {**form, "seen": "4"}, headers={"Accept-Language": language})
    assert answer.status_code == 409
    refusal = sound(answer, language)
    assert 'href="#chosen-whole"' in refusal.source
    assert str(MOST_CASES + 5) in refusal.text
    assert not Assignment.objects.filter(withdrawn_at__isnull=False).exists()
    assert officer.post(f"/access/withdraw?contract={contract.ref}", form).status_code == 302
    assert set(Assignment.objects.filter(withdrawn_at=None)) == set(kept)
    assert Assignment.objects.filter(withdrawn_at__isnull=False).count() == len(made)
    assert Notice.objects.get(kind="cases-withdrawn").count == len(made), "the agency is told once"
    assert officer.post("/access/withdraw", {**form, "contract": NOWHERE}).status_code == 404
    assert officer.post(f"/access/withdraw?contract={contract.ref}", {**form, "seen": "0"}).status_code == 422
    with pytest.raises(SelectionMoved):
        withdraw_shown(cast.officer, other, Q(), seen=4, now=cast.now)


def test_a_selection_beyond_what_one_act_may_move_is_refused(cast: Cast) -> None:
    contract = cast.entrustment()
    Assignment.objects.bulk_create(
        Assignment(ref=secrets.token_hex(16), entrustment=contract, case=case, assigned_at=cast.now, assigned_by="x")
        for case in many_cases(cast, MOST_SHOWN + 1))
    with pytest.raises(SelectionTooLarge):
        withdraw_shown(cast.officer, contract, Q(), seen=MOST_SHOWN + 1, now=cast.now)
    assert MOST_SHOWN >= 10 * MOST_CASES
    assert not Assignment.objects.filter(withdrawn_at__isnull=False).exists()
    Assignment.objects.filter(pk=Assignment.objects.order_by("id")[0].pk).update(withdrawn_at=cast.now, withdrawn_by="x")
    assert withdraw_shown(cast.officer, contract, Q(), seen=MOST_SHOWN, now=cast.now) == MOST_SHOWN


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_supervisor_distributes_all_that_nobody_works_on_by_one_act(cast: Cast, language: str) -> None:
    contract = cast.entrustment()
    made = many_assigned(cast, contract, PAGE + 10)
    first, second = (cast.person(login, Role.COLLECTION_AGENT) for login in ("first", "second"))
    cast.person("boss", Role.AGENCY_SUPERVISOR)
    boss = browser(cast, "boss")
    assert first.person is not None
    assert second.person is not None
    assert boss.post("/access/distribute", {"assignments": [row.ref for row in made[:4]], "agent": str(first.person.pk)}).status_code == 302
    address = f"?assignments=undistributed&contract={contract.ref}"
    page = opened(boss, f"/access{address}", language)
    assert hidden(page, "seen") == str(PAGE + 6)
    form = {"whole": "on", "contract": contract.ref, "state": "undistributed", "agent": str(second.person.pk)}
    assert boss.post(f"/access/distribute{address}", {**form, "seen": hidden(page, "seen")}).status_code == 302
    held = Distribution.objects.filter(until=None)
    assert (held.filter(agent=first.person).count(), held.filter(agent=second.person).count()) == (4, PAGE + 6)
    assert held.values("assignment").distinct().count() == held.count()
    assert boss.post(f"/access/distribute{address}", {**form, "agent": "999999", "seen": "0"}).status_code == 422
    assert "value=\"undistributed\"" not in opened(browser(cast, cast.officer.person.login), "/access").source  # type: ignore[union-attr]
    stranger = cast.person("stranger", Role.AGENCY_SUPERVISOR, "another agency")
    assert stranger.organisation != contract.agency
    assert browser(cast, "stranger").post("/access/distribute", {**form, "agent": "", "seen": "60"}).status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_form_as_large_as_a_batch_is_taken_and_a_larger_one_is_refused_with_a_code(cast: Cast, language: str) -> None:
    contract = cast.entrustment()
    refs = [row.ref for row in many_assigned(cast, contract, MOST_CASES)]
    officer, heads = browser(cast, "officer"), {"Accept-Language": language}
    answer = officer.post("/access/withdraw", {"assignments": refs + [NOWHERE] * settings.DATA_UPLOAD_MAX_NUMBER_FIELDS}, headers=heads)
    page = Page(answer.content.decode())
    assert (answer.status_code, "too-many-fields" in page.text) == (400, True)
    assert str(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS) in page.text
    assert language == "zh-hans" or page.chinese() == []
    assert officer.post("/access/withdraw", {"assignments": refs}).status_code == 302
    assert not Assignment.objects.filter(withdrawn_at=None).exists()


@pytest.mark.usefixtures("cast")
def test_a_form_with_too_many_fields_is_refused_where_its_token_is_looked_for_too() -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.get("/sign-in")
    answer = strict.post("/access/withdraw", {"assignments": [NOWHERE] * (settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)})
    assert (answer.status_code, "too-many-fields" in answer.content.decode()) == (400, True)


def variety(cast: Cast) -> None:
    """Contracts, assignments, grants, matters and orders in each of their states."""
    case = cast.case()
    cast.assigned(case)
    withdrawn = cast.assigned(case)
    Assignment.objects.filter(pk=withdrawn.pk).update(withdrawn_at=cast.now, withdrawn_by="x")
    for change in ({"ended_at": cast.now, "ended_by": "x"}, {"starts_at": cast.now + DAY}):
        Entrustment.objects.filter(pk=cast.assigned(case).entrustment_id).update(**change)
    long_over = cast.assigned(case).entrustment_id
    Entrustment.objects.filter(pk=long_over).update(starts_at=cast.now - 2 * DAY, ends_at=cast.now)
    notary = cast.person("notary", Role.NOTARY)

    def matter() -> Matter:
        grant = cast.granted(case, "notary_office", Kind.NOTARY_OFFICE)
        return submit_cases(cast.legal, grant, [case.ref], purpose="公证", whole_case=False, now=cast.now)

    matter()
    revoke_grant(cast.legal, matter().grant, now=cast.now)
    cast.accepted(case, "notary_office", notary)
    for days in (0, 9):
        closed = matter()
        accept_matter(notary, closed, number="1", file_days=days, now=cast.now)
        closed.refresh_from_db()
        close_matter(notary, closed, now=cast.now)
    cast.granted(case, "notary_office", Kind.NOTARY_OFFICE, starts_at=cast.now + DAY)
    Grant.objects.filter(pk=cast.granted(case, "notary_office", Kind.NOTARY_OFFICE).pk).update(
        starts_at=cast.now - 2 * DAY, ends_at=cast.now)
    firm = cast.organisation("law_firm", Kind.LAW_FIRM)
    large = cast.opening(many_cases(cast, 101), firm, basis=Grant.Basis.DUTY, document=cast.paper(cast.legal))
    grant_access(cast.legal, large, now=cast.now)
    cast.ordered(case)
    cast.ordered(case, opened=False)
    Order.objects.filter(pk=cast.ordered(case).pk).update(starts_at=cast.now + DAY)
    end_order(cast.person("court-judge", Role.JUDGE), cast.ordered(case), now=cast.now)
    Order.objects.filter(pk=cast.ordered(case).pk).update(starts_at=cast.now - 2 * DAY, ends_at=cast.now)


def test_the_filter_and_the_chip_of_each_row_say_the_same(cast: Cast) -> None:
    """Each row is in one phase, and its chip has that phase's tone; but a closed matter has ended while its file is still kept."""
    variety(cast)
    now = cast.now
    tones = {Phase.RUNNING: "good", Phase.WAITING: "wait", Phase.ENDED: "none"}
    rows: list[tuple[Any, Any, Any]] = [
        (Assignment, assignments_in, assignment_state), (Grant, grants_in, grant_state), (Matter, matters_in, matter_state),
        (Order, orders_in, order_state), (Entrustment, entrustments_in, None)]
    for model, phase_of, state in rows:
        found = {phase: set(model.objects.filter(phase_of(phase, now))) for phase in Phase}
        assert all(found.values()), (model, found)
        assert sum(map(len, found.values())) == model.objects.count() == len(set().union(*found.values())), model
        for phase, those in found.items():
            for row in those if state else ():
                tone, _ = state(row, now=now)
                in_file = model is Matter and row.closed_at is not None
                assert tone == tones[phase] or (in_file and phase is Phase.ENDED), (model, phase, tone)


@pytest.mark.parametrize("language", LANGUAGES)
def test_contracts_grants_matters_and_orders_stand_by_state_and_by_pages(cast: Cast, language: str) -> None:
    variety(cast)
    number = re.compile(r"/access/grants/([0-9a-f]{32})/revoke")
    for _ in range(PAGE):
        cast.granted(Case.objects.order_by("id")[0], "notary_office", Kind.NOTARY_OFFICE)
    legal = browser(cast, "legal")
    current = turned(legal, "/access", lambda page: number.findall(page.source))
    assert {ref for page in current for ref in page} == set(
        Grant.objects.exclude(grants_in(Phase.ENDED, cast.now)).values_list("ref", flat=True))
    assert len(current) == 2
    assert number.findall(opened(legal, "/access?grants=ended", language).source) == []
    assert len(number.findall(opened(legal, "/access?grants=waiting", language).source)) == 2
    assert len(opened(legal, "/access?orders=running", language).source.split('data-label="')) > 1
    boss, notary, judge = (browser(cast, login) for login in ("legal", "notary", "court-judge"))
    for client, path, name, counted in (
        (notary, "/docket", "matters", Matter), (judge, "/orders", "orders", Order), (boss, "/access", "contracts", Entrustment)):
        for state, wanted in (("running", Phase.RUNNING), ("waiting", Phase.WAITING), ("ended", Phase.ENDED)):
            page = opened(client, f"{path}?{name}={state}", language)
            condition: Any = {"matters": matters_in, "orders": orders_in, "contracts": entrustments_in}[name]
            marks = {"matters": "/docket/[0-9a-f]{32}/cases", "orders": r'href="/records/CZ-', "contracts": r'href="/records/CZ-'}[name]
            rows = re.findall(marks, page.source)
            if name != "matters":
                assert len(rows) == counted.objects.filter(condition(wanted, cast.now)).count(), (name, state)


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_cases_of_a_matter_and_an_order_are_reached_and_open_ones_are_links(cast: Cast, language: str) -> None:
    cases = many_cases(cast, 103)
    office = cast.organisation("notary_office", Kind.NOTARY_OFFICE)
    opening = cast.opening(cases[:100], office, basis=Grant.Basis.DUTY, document=cast.paper(cast.legal))
    grant = grant_access(cast.legal, opening, now=cast.now)
    matter = submit_cases(cast.legal, grant, [case.ref for case in cases[:100]], purpose="公证", whole_case=False, now=cast.now)
    cast.person("notary", Role.NOTARY)
    notary = browser(cast, "notary")
    page = opened(notary, "/docket", language)
    assert [f'href="/cases/{case.ref}"' in page.source for case in cases[:6]] == [True] * 5 + [False]
    assert "B-0004" in page.text
    assert f'href="/docket/{matter.ref}/cases"' in page.source
    shown = turned(notary, f"/docket/{matter.ref}/cases", lambda page: re.findall(r'href="/cases/([0-9a-f]{32})"', page.source))
    assert [ref for each in shown for ref in each] == [case.ref for case in cases[:100]]
    opened(notary, f"/docket/{matter.ref}/cases", language)
    revoke_grant(cast.legal, grant, now=cast.now)
    closed = opened(notary, f"/docket/{matter.ref}/cases", language)
    assert "/cases/" + cases[0].ref not in closed.source
    assert cases[0].ref in closed.source
    assert "B-0000" not in closed.text, "the client's reference is not told of a case that is closed"
    order = cast.ordered(cases[0])
    Order.objects.filter(pk=order.pk).update(ends_at=cast.now + DAY)
    order.cases.bulk_create([type(order.cases.get())(order=order, case=case) for case in cases[1:]])
    judge = browser(cast, "court-judge")
    assert f'href="/orders/{order.ref}/cases"' in opened(judge, "/orders", language).source
    pages = turned(judge, f"/orders/{order.ref}/cases", lambda page: re.findall(r'href="/cases/([0-9a-f]{32})"', page.source))
    assert ([len(each) for each in pages], sum(map(len, pages))) == ([100, 3], 103)
    assert judge.get(f"/orders/{order.ref}/cases?after={NOWHERE}").status_code == 404
    assert judge.get(f"/orders/{NOWHERE}/cases").status_code == 404
    assert notary.get(f"/docket/{NOWHERE}/cases").status_code == 404
    assert notary.get(f"/orders/{order.ref}/cases").status_code == 404
    assert timezone.now() - cast.now < timedelta(hours=1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_law_firms_docket_is_what_it_was_granted(cast: Cast, language: str) -> None:
    """From whom, for what, on which basis, until when, which cases; what was revoked is over there and its references are closed."""
    case, over = cast.case("LN-1"), cast.case("LN-2")
    document = cast.paper(cast.legal)
    told = {"basis": Grant.Basis.ENTRUSTED, "document": document, "purpose": "代理催告", "ends_at": cast.now + 5 * DAY}
    grant = cast.granted(case, "law_firm", Kind.LAW_FIRM, **told)
    revoked = cast.granted(over, "law_firm", Kind.LAW_FIRM, purpose="代理诉讼")
    revoke_grant(cast.legal, revoked, now=timezone.now())
    to_another = cast.granted(case, "another firm", Kind.LAW_FIRM, purpose="他所的授权")
    counted = {"zh-hans": "进行中的授权 1 项，其中 1 项七天内届满", "en": "Grants in force: 1, of which end within seven days: 1"}[language]
    left, who_ends, duty, revoked_word, menu, empty = {
        "zh-hans": ("还有 5 天", "出借机构可随时撤销", "不得转委托", "已撤销", "授权案件", "现在没有出借机构授权本所查看的案件"),
        "en": ("5 days left", "The lender may revoke it", "pass it on to nobody", "Revoked", "Granted cases",
               "No lender has granted the firm any cases"),
    }[language]
    for login, role in (("lawyer", Role.LAWYER), ("assistant", Role.LEGAL_ASSISTANT)):
        cast.person(login, role)
        client = browser(cast, login)
        page = opened(client, "/docket", language)
        home = opened(client, "/home", language)
        assert counted in home.text
        assert 'href="/docket"' in home.source.partition("<main")[2]
        for word in (left, who_ends, duty, menu, "代理催告", "lender", document, "LN-1"):
            assert word in page.text, (role, word)
        assert f'href="/cases/{case.ref}"' in page.source, "from the docket to the case"
        assert not [word for word in ("代理诉讼", "LN-2", "他所的授权") if word in page.text], role
        ended = opened(client, "/docket?grants=ended", language)
        assert revoked_word in ended.text
        assert "代理诉讼" in ended.text
        assert "LN-2" not in ended.text, "the client's reference is not told of a case that is closed"
        assert "LN-1" in opened(client, f"/docket/{grant.ref}/cases", language).text
        assert "LN-2" not in opened(client, f"/docket/{revoked.ref}/cases", language).text
        assert client.get(f"/docket/{to_another.ref}/cases").status_code == 404
    cast.person("manager", Role.FIRM_ADMIN)
    assert browser(cast, "manager").get("/docket").status_code == 403, "an administrator reads no case"
    cast.person("newcomer", Role.LAWYER, "a third firm")
    assert empty in opened(browser(cast, "newcomer"), "/docket", language).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_grant_that_waits_for_a_second_person_tells_a_law_firm_how_many_cases_and_not_which(cast: Cast, language: str) -> None:
    case = cast.case("LN-1")
    grant = cast.granted(case, "law_firm", Kind.LAW_FIRM)
    Grant.objects.filter(pk=grant.pk).update(needs_second=True)
    cast.person("lawyer", Role.LAWYER)
    page = opened(browser(cast, "lawyer"), "/docket", language)
    assert {"zh-hans": "1 件，出借机构复核后开放", "en": "1, open once the lender has approved"}[language] in page.text
    assert case.ref not in page.source


def test_a_law_firms_docket_turns_its_pages(cast: Cast) -> None:
    cases = many_cases(cast, PAGE + 1)
    for each in cases:
        cast.granted(each, "law_firm", Kind.LAW_FIRM, purpose=each.client_reference)
    cast.person("lawyer", Role.LAWYER)
    pages = turned(browser(cast, "lawyer"), "/docket", lambda page: re.findall(r'href="/docket/([0-9a-f]{32})/cases"', page.source))
    assert [len(page) for page in pages] == [PAGE, 1]
    assert {ref for page in pages for ref in page} == set(Grant.objects.values_list("ref", flat=True))
