"""How people come in and go out, in a real browser: link, password, app, passkey, step-up, and sessions that end."""
from playwright.sync_api import expect

from accounts.permissions import Role
from tests.browser.accessibility import violations
from tests.browser.conftest import Live, Visit
from tests.browser.people import add_authenticator, arrived_at_home, invited, let_time_pass, register_workstation


def test_a_link_a_password_and_an_app_let_somebody_in_and_the_next_time_both_factors(live: Live, visit: Visit) -> None:
    somebody, token = invited(Role.LENDER_ADMIN)
    page = visit("/")
    somebody.accept(page, token)
    somebody.give_password(page)
    expect(page).to_have_url(f"{live.url}/account/second-factor")
    page.goto("/account")
    expect(page).to_have_url(f"{live.url}/account/second-factor")
    somebody.set_up_app(page)
    assert violations(page) == []
    assert len(page.locator("main pre").inner_text().split()) == 10
    page.goto("/account")
    expect(page.get_by_role("heading", level=1)).to_have_text("我的账户")
    page.get_by_role("button", name="退出登录").click()
    page.goto("/account")
    expect(page).to_have_url(f"{live.url}/sign-in?next=%2Faccount")

    somebody.come_back(page)
    expect(page.get_by_text(somebody.login)).to_be_visible()

    used = visit(f"/invitations/{token}")
    expect(used.locator("input[name=password]")).to_have_count(0)


def test_ending_the_other_sessions_bites_at_their_next_page(live: Live, visit: Visit) -> None:
    somebody, token = invited(Role.JUDGE)
    first, second = visit("/"), visit("/")
    somebody.accept(first, token)
    somebody.arrive(first)
    somebody.come_back(second)
    first.goto("/account/sessions")
    expect(first.locator("tbody tr")).to_have_count(2)
    first.get_by_role("button", name="结束其他全部登录").click()
    expect(first.locator("tbody tr")).to_have_count(1)
    second.goto("/account")
    expect(second).to_have_url(f"{live.url}/sign-in?next=%2Faccount")
    first.goto("/account")
    expect(first).to_have_url(f"{live.url}/account")


def test_an_agent_registers_the_workstation_and_then_signs_in_without_a_password(live: Live, visit: Visit) -> None:
    agent, token = invited(Role.COLLECTION_AGENT)
    page = visit("/")
    add_authenticator(page)
    agent.accept(page, token)
    agent.give_password(page)
    register_workstation(page, agent)
    page.goto("/account")
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url("**/sign-in")
    page.get_by_role("button", name="用通行密钥登录").click()
    arrived_at_home(page)
    expect(page.get_by_text(agent.login)).to_be_visible()


def test_a_passkey_steps_up_and_a_browser_without_it_does_not(live: Live, visit: Visit) -> None:
    agent, token = invited(Role.COLLECTION_AGENT)
    page, elsewhere = visit("/"), visit("/")
    add_authenticator(page)
    agent.accept(page, token)
    agent.give_password(page)
    register_workstation(page, agent)
    page.goto("/account/password")
    expect(page).to_have_url(f"{live.url}/account/password")
    let_time_pass(page, 601)
    page.goto("/account/password")
    expect(page).to_have_url(f"{live.url}/account/confirm?next=%2Faccount%2Fpassword")
    page.get_by_role("link", name="改用通行密钥").click()
    page.get_by_role("button", name="使用通行密钥").click()
    page.wait_for_url("**/account/password")

    agent.give_password(elsewhere)
    add_authenticator(elsewhere)
    elsewhere.wait_for_url("**/sign-in/second-factor")
    elsewhere.get_by_role("button", name="使用通行密钥").click()
    expect(elsewhere.locator("[data-passkey-failed]")).to_be_visible()
    elsewhere.goto("/account")
    expect(elsewhere).to_have_url(f"{live.url}/sign-in/second-factor")
