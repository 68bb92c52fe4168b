"""`manage.py bootstrap`: one operator, one link, once."""
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Invitation, Membership, Organisation, Person
from accounts.permissions import Kind, Role
from accounts.services import create_organisation
from tests.accounts.people import PASSWORD, Browser


def bootstrap(*words: str) -> str:
    out = StringIO()
    call_command("bootstrap", "Ops@Example.org", "张三", *words, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def path_of(link: str) -> str:
    return link.removeprefix("http://127.0.0.1:8000")


def test_the_printed_link_makes_the_first_operator_and_works_once(database: str) -> None:
    path = path_of(bootstrap("--organisation", "中立运营方"))
    browser = Browser("ops@example.org")
    assert browser.get(path).status_code == 200
    assert Person.objects.count() == 0, "to look at a link uses nothing up"
    answer = browser.post(path, {"password": PASSWORD, "again": PASSWORD}, page=path)
    assert answer["Location"] == "/sign-in"
    [held] = Membership.objects.all()
    assert (held.role, held.organisation.kind, held.organisation.name, held.person.login) == (
        Role.OPERATOR, Kind.OPERATOR, "中立运营方", "ops@example.org")
    assert browser.post(path, {"password": PASSWORD, "again": PASSWORD}, page=path).status_code == 404
    browser.arrive()
    assert browser.get("/organisations").status_code == 200


def test_a_second_run_is_refused_in_one_sentence_and_changes_nothing(database: str) -> None:
    bootstrap()
    before = list(Invitation.objects.values())
    with pytest.raises(CommandError, match="运营方机构已经建立，不能再次初始化"):
        bootstrap()
    assert list(Invitation.objects.values()) == before
    assert Organisation.objects.filter(kind=Kind.OPERATOR).count() == 1


def test_a_lost_link_is_renewed_until_somebody_is_operator(database: str) -> None:
    first, second = path_of(bootstrap()), path_of(bootstrap("--renew"))
    browser = Browser("ops@example.org")
    assert browser.get(first).status_code == 404
    browser.post(second, {"password": PASSWORD, "again": PASSWORD}, page=second)
    with pytest.raises(CommandError, match="运营方机构已经建立"):
        bootstrap("--renew")


def test_two_bootstraps_at_once_make_one_operator(database: str) -> None:
    """The second of two that both saw no operator meets the constraint."""
    bootstrap()
    with pytest.raises(IntegrityError), transaction.atomic():
        create_organisation("另一运营方", now=timezone.now(), kind=Kind.OPERATOR)


def test_a_login_name_that_is_none_is_refused_and_nothing_is_left(database: str) -> None:
    with pytest.raises(CommandError, match="登录名"):
        call_command("bootstrap", "张三 李四", "张三")
    assert Organisation.objects.count() == 0
