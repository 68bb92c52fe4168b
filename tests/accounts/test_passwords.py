"""What a password may be: long, not among the most frequent, and of any characters; the change asks for the one before.

Source: OWASP ASVS 5.0, 6.2.
"""
import pytest

from accounts.models import Person
from accounts.permissions import Role
from tests.accounts.people import PASSWORD, Browser, make_person


@pytest.fixture
def browser(database: str) -> Browser:
    return Browser(make_person("zhang@example.org", Role.LENDER_ADMIN).login).arrive()


def change(browser: Browser, new: str, old: str = PASSWORD) -> bool:
    """Whether the page took it; the row in the database says the same."""
    answer = browser.post("/account/password", {"oldpassword": old, "password1": new, "password2": new})
    taken = Person.objects.get(login=browser.login).check_password(new)
    assert (answer.status_code == 302) == taken
    return taken


@pytest.mark.parametrize("new", ["eleven chrs", "qwerty123456", "1q2w3e4r5t6y", "zhang@example.org"])
def test_a_short_a_frequent_and_ones_own_login_are_no_passwords(new: str, browser: Browser) -> None:
    assert not change(browser, new)


@pytest.mark.parametrize("new", [
    "只有汉字的一句很长的话也可以", "730518264019", "lower case letters only", "s" + "x y" * 42, " edges count "])
def test_characters_of_any_kind_and_many_of_them_are_a_password(new: str, browser: Browser) -> None:
    assert change(browser, new)


def test_a_change_asks_for_the_password_before(browser: Browser) -> None:
    assert not change(browser, "another long password", old="wrong old password")
    assert not change(browser, "another long password", old="")
