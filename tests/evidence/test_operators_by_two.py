"""A further operator, and the sign-in of one set up anew, take two operators; the only one there is invites one colleague, once."""
import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.errors import ColleagueInvited, TwoOperatorsNeeded
from accounts.joining import Invitee, invite, invite_back
from accounts.models import AuditEntry, Invitation, Membership, Organisation, Person, Replacement
from accounts.operators import invite_first_colleague
from accounts.permissions import Kind, Role
from notifications.kinds import ADMINISTRATOR_PROPOSED, ADMINISTRATOR_WAITING, OPERATOR_CHANGED
from notifications.models import Notice
from tests.accounts.people import PASSWORD, Browser, make_organisation, make_person, membership_of, signed_in
from tests.portal.pages import Page

NEW = {"login": "third@ops.example", "display_name": "第三人", "role": "operator"}
PROPOSAL = {"login": "third@ops.example", "display_name": "第三人", "reason": "增加值班人员，经负责人书面同意"}


@pytest.fixture
def operator(service: str) -> Organisation:
    return make_organisation(Kind.OPERATOR, "运营方")


@pytest.fixture
def alone(operator: Organisation) -> Client:
    return signed_in(make_person("ops1", Role.OPERATOR, operator))


def second(operator: Organisation) -> Client:
    return signed_in(make_person("ops2", Role.OPERATOR, operator))


def read(client: Client, path: str) -> str:
    """In both languages, without a fault; the Chinese one is returned."""
    pages = []
    for language in ("en", "zh-hans"):
        answer = client.get(path, headers={"Accept-Language": language})
        page = Page(answer.content.decode())
        pages.append(page)
        assert (answer.status_code, page.all_faults()) == (200, []), path
        assert language == "zh-hans" or page.chinese() == [], path
    return pages[-1].source


def link_in(answer: Any) -> str:
    return str(re.findall(r"/invitations/[\w-]{43}", answer.content.decode())[0])


def test_the_only_operator_invites_one_colleague_and_the_audit_log_says_that_he_did_it_alone(operator: Organisation, alone: Client) -> None:
    path = f"/organisations/{operator.ref}"
    assert "您是唯一的运营人员" in read(alone, f"{path}/members")
    assert alone.get(f"{path}/administrator").status_code == 404, "there is nobody to confirm"
    made = alone.post(f"{path}/invitations", NEW)
    assert made.status_code == 200
    [row] = AuditEntry.objects.filter(event="operator:invited_alone")
    [link] = Invitation.objects.filter(alone=True)
    me = Person.objects.get(login="ops1")
    assert (row.organisation, row.actor, row.subject) == (operator, f"person:{me.pk}", f"invitation:{link.pk}")
    again = alone.post(f"{path}/invitations", {**NEW, "login": "fourth@ops.example"})
    assert (again.status_code, "colleague-invited" in again.content.decode()) == (409, True)
    assert alone.post(f"{path}/invitations/{link.pk}/withdraw").status_code == 302
    another = alone.post(f"{path}/invitations", {**NEW, "login": "fourth@ops.example"})
    assert another.status_code == 200, "one whose link was taken back is no colleague"
    Invitation.objects.filter(withdrawn_at=None, alone=True).update(created_at="2020-01-01T00:00Z", expires_at="2020-01-02T00:00Z")
    last = alone.post(f"{path}/invitations", NEW)
    browser = Browser(NEW["login"])
    shown = link_in(last)
    assert browser.post(shown, {"password": PASSWORD, "again": PASSWORD}, page=shown)["Location"] == "/sign-in"
    for client in (alone, browser.arrive().client):
        refused = client.post(f"{path}/invitations", {**NEW, "login": "fifth@ops.example"})
        assert refused.status_code in (403, 409), "browsers of forms without a token are refused before"
    assert not Invitation.objects.filter(login="fifth@ops.example").exists()
    with pytest.raises(TwoOperatorsNeeded):
        invite_first_colleague(operator, Invitee("x@y.example", "名", Role.OPERATOR), by=me, now=timezone.now())


def test_of_two_links_that_the_only_operator_makes_at_once_one_is_refused(operator: Organisation, alone: Client) -> None:
    """Both saw none: the second one meets the constraint."""
    me, now = Person.objects.get(login="ops1"), timezone.now()
    invite_first_colleague(operator, Invitee("a@ops.example", "名", Role.OPERATOR), by=me, now=now)
    with pytest.raises(ColleagueInvited):
        invite_first_colleague(operator, Invitee("b@ops.example", "名", Role.OPERATOR), by=me, now=now)
    assert list(Invitation.objects.filter(alone=True).values_list("login", flat=True)) == ["a@ops.example"]
    assert AuditEntry.objects.filter(event="operator:invited_alone").count() == 1, "nothing half-written"


def test_a_further_operator_is_proposed_by_one_and_confirmed_by_another(operator: Organisation, alone: Client) -> None:
    other, path = second(operator), f"/organisations/{operator.ref}"
    refused = alone.post(f"{path}/invitations", NEW)
    assert (refused.status_code, "two-operators-needed" in refused.content.decode()) == (409, True)
    members = read(alone, f"{path}/members")
    assert f'href="{path}/administrator"' in members
    assert (f'action="{path}/invitations"' in members, "/renew" in members) == (False, False)
    assert "增加运营人员" in read(alone, f"{path}/administrator")
    assert alone.post(f"{path}/administrator", PROPOSAL).status_code == 302
    made = Replacement.objects.get()
    assert (made.role, made.resets, Invitation.objects.filter(login=NEW["login"]).exists()) == ("operator", False, False)
    assert alone.post(f"{path}/administrator/{made.pk}/confirm").status_code == 409, "one operator twice is one operator"
    assert PROPOSAL["reason"] in read(other, f"{path}/administrator")
    confirmed = other.post(f"{path}/administrator/{made.pk}/confirm")
    assert (confirmed.status_code, link_in(confirmed)[:13]) == (200, "/invitations/")
    assert Invitation.objects.get(login=NEW["login"]).alone is False
    told = Notice.objects.filter(organisation=operator).order_by("id").values_list("kind", flat=True)
    assert (list(told), ADMINISTRATOR_PROPOSED in told) == ([ADMINISTRATOR_WAITING, OPERATOR_CHANGED], False)
    assert "请立即核实并查看审计日志" in read(alone, "/inbox")
    events = AuditEntry.objects.filter(organisation=operator, event__startswith="administrator:").order_by("number")
    ids = [Person.objects.get(login=login).pk for login in ("ops1", "ops2")]
    assert list(events.values_list("event", "actor")) == [
        ("administrator:proposed", f"person:{ids[0]}"), ("administrator:confirmed", f"person:{ids[1]}")]
    read(alone, f"{path}/administrator")


def test_one_operator_sets_up_nobodys_sign_in_anew(operator: Organisation, alone: Client) -> None:
    other, path = second(operator), f"/organisations/{operator.ref}"
    third = make_person("ops3", Role.OPERATOR, operator)
    held = membership_of(third)
    renewed = alone.post(f"{path}/members/{held.pk}/renew")
    assert (renewed.status_code, "two-operators-needed" in renewed.content.decode()) == (409, True)
    ask = {"resets": "yes", "replaces": str(held.pk), "reason": "手机遗失，已当面核实"}
    mine = {**ask, "replaces": str(membership_of(Person.objects.get(login="ops1")).pk)}
    for form, code in ((mine, "own-membership"), ({**ask, "replaces": ""}, "role-unavailable"), ({**ask, "reason": ""}, "reason-missing")):
        answer = alone.post(f"{path}/administrator", form, headers={"Accept-Language": "en"})
        assert (code in answer.content.decode(), Page(answer.content.decode()).all_faults()) == (True, []), code
    assert alone.post(f"{path}/administrator", ask).status_code == 302
    made = Replacement.objects.get()
    assert (made.resets, made.login) == (True, "ops3")
    assert "重设登录" in read(other, f"{path}/administrator")
    own = signed_in(third).post(f"{path}/administrator/{made.pk}/confirm")
    assert (own.status_code, "own-membership" in own.content.decode()) == (422, True), "nor does whoever it is about confirm it"
    link = link_in(other.post(f"{path}/administrator/{made.pk}/confirm"))
    assert Membership.objects.get(pk=held.pk).until is None, "nobody ended"
    assert Invitation.objects.get(login="ops3", resets=True).made_by == Person.objects.get(login="ops2")
    assert Client().get(link).status_code == 200
    read(other, f"{path}/administrator")


def test_ending_ones_colleagues_makes_nobody_the_only_operator_again(operator: Organisation, alone: Client) -> None:
    gone = make_person("ops2", Role.OPERATOR, operator)
    path = f"/organisations/{operator.ref}"
    assert alone.post(f"{path}/members/{membership_of(gone).pk}/end").status_code == 302, "a bad operator is out at once"
    answer = alone.post(f"{path}/invitations", NEW)
    assert (answer.status_code, "two-operators-needed" in answer.content.decode()) == (409, True)
    assert alone.post(f"{path}/administrator", PROPOSAL).status_code == 302
    assert alone.post(f"{path}/administrator/{Replacement.objects.get().pk}/confirm").status_code == 409
    me = Person.objects.get(login="ops1")
    with pytest.raises(TwoOperatorsNeeded):
        invite(operator, Invitee("x@y.example", "名", Role.OPERATOR), by=me, now=timezone.now(), proposed_by=me)
    with pytest.raises(TwoOperatorsNeeded):
        invite_back(operator, membership_of(make_person("ops3", Role.OPERATOR, operator)).pk, by=me, now=timezone.now())


def test_another_organisations_sign_in_is_not_the_operators_to_set_up(operator: Organisation, alone: Client) -> None:
    court = make_organisation(Kind.COURT, "示例人民法院")
    second(operator)
    admin = membership_of(make_person("admin@court.example", Role.COURT_ADMIN, court))
    form = {"resets": "yes", "replaces": str(admin.pk), "reason": "自称遗失"}
    answer = alone.post(f"/organisations/{court.ref}/administrator", form)
    assert (answer.status_code, "role-unavailable" in answer.content.decode()) == (422, True)
    assert not Replacement.objects.exists()


def test_the_command_helps_only_where_no_two_operators_are_left_and_the_log_names_it(operator: Organisation, alone: Client) -> None:
    def link(login: str) -> str:
        out = StringIO()
        call_command("operator_link", login, "姓名", stdout=out, stderr=StringIO())
        return out.getvalue().strip()

    left = make_person("ops2", Role.OPERATOR, operator)
    assert "/invitations/" in link("OPS2"), "his factor is lost, and only one other is there"
    assert Invitation.objects.get(resets=True).login == "ops2"
    make_person("ops3", Role.OPERATOR, operator)
    for login in ("ops2", "new@ops.example"):
        with pytest.raises(CommandError, match="请由两名运营人员在页面办理"):
            link(login)
    for login in ("ops3", "ops1"):
        Person.objects.filter(login=login).update(deactivated_at=timezone.now())
    assert "/invitations/" in link("new@ops.example")
    rows = AuditEntry.objects.filter(event="operator:by_command").order_by("number").values_list("actor", "detail")
    assert (list(rows), left.login) == ([("command", "reset"), ("command", "invitation")], "ops2")
    with pytest.raises(CommandError, match="登录名"):
        link("张 三")


def test_without_an_operator_the_command_says_what_makes_one(database: str) -> None:
    with pytest.raises(CommandError, match="bootstrap"):
        call_command("operator_link", "a@b.example", "名", stdout=StringIO(), stderr=StringIO())
