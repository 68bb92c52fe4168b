"""Members of an organisation: invited by a link that works once, ended at once, and never seen by another organisation."""
import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts.errors import (
    ElsewhereToo,
    InvitationForAnother,
    InvitationInvalid,
    LicenceMissing,
    LoginMalformed,
    NameMalformed,
    RoleUnavailable,
)
from accounts.joining import Invitee, accept_as, accept_as_new_person, accept_back, end_membership, invite, invite_back, set_active
from accounts.models import AuditEntry, Invitation, Membership, Organisation, Person
from accounts.permissions import Kind, Role
from tests.accounts.people import PASSWORD, Browser, make_organisation, make_person, membership_of, signed_in

NEW = "a different long password"


@pytest.fixture
def firm(database: str) -> Organisation:
    return make_organisation(Kind.LAW_FIRM, "示例律师事务所")


@pytest.fixture
def admin(firm: Organisation) -> Person:
    return make_person("admin@firm.example", Role.FIRM_ADMIN, firm)


def lawyer(login: str = "lawyer@firm.example") -> Invitee:
    return Invitee(login, "王律师", Role.LAWYER, licence_number="11101200010000001")


def link_in(answer: Any) -> str:
    found = re.search(r"http://127\.0\.0\.1:8000(/invitations/[\w-]{43})", answer.content.decode())
    assert found
    return found[1]


def test_an_admin_invites_by_a_link_and_the_invited_comes_in(admin: Person, firm: Organisation) -> None:
    client = signed_in(admin)
    form = {"login": "Lawyer@Firm.example", "display_name": " 王  律师 ", "role": "lawyer", "licence_number": "11101200010000001"}
    made = client.post(f"/organisations/{firm.ref}/invitations", form)
    assert made.status_code == 200
    link = link_in(made)
    assert link not in client.get(f"/organisations/{firm.ref}/members").content.decode(), "it is shown once"
    browser = Browser("lawyer@firm.example")
    page = browser.get(link).content.decode()
    assert "示例律师事务所" in page
    assert "律师" in page
    wrong = browser.post(link, {"password": PASSWORD, "again": PASSWORD + "x"}, page=link)
    assert "两次输入的密码不一致" in wrong.content.decode()
    weak = browser.post(link, {"password": "lawyer@firm.example", "again": "lawyer@firm.example"}, page=link)
    assert (weak.status_code, "password-refused" in weak.content.decode()) == (422, True)
    assert browser.post(link, {"password": PASSWORD, "again": PASSWORD}, page=link)["Location"] == "/sign-in"
    assert browser.get(link).status_code == 404
    browser.arrive()
    assert "示例律师事务所" in browser.get("/account").content.decode()
    held = Membership.objects.get(role=Role.LAWYER)
    assert (held.person.display_name, held.licence_number, held.organisation) == ("王 律师", "11101200010000001", firm)
    assert "11101200010000001" in client.get(f"/organisations/{firm.ref}/members").content.decode()


def test_a_link_stored_is_no_link(firm: Organisation) -> None:
    _, token = invite(firm, lawyer(), by=None, now=timezone.now())
    assert token not in str(Invitation.objects.values())
    row = Invitation.objects.get()
    for wrong in (bytes(row.token_sha256).hex(), token[:-1], token + "x", token.swapcase(), "x", "é"):
        assert Client().get(f"/invitations/{wrong}").status_code == 404


def test_links_end_with_their_time_their_use_their_withdrawal_and_their_organisation(firm: Organisation, admin: Person) -> None:
    now = timezone.now()
    _, late = invite(firm, lawyer(), by=admin, now=now)
    with pytest.raises(InvitationInvalid):
        accept_as_new_person(late, password=PASSWORD, now=now + timedelta(days=3))
    withdrawn, token = invite(firm, lawyer(), by=admin, now=now)
    client = signed_in(admin)
    assert client.post(f"/organisations/{firm.ref}/invitations/{withdrawn.pk}/withdraw").status_code == 302
    assert client.post(f"/organisations/{firm.ref}/invitations/{withdrawn.pk}/withdraw").status_code == 404
    with pytest.raises(InvitationInvalid):
        accept_as_new_person(token, password=PASSWORD, now=now)
    Organisation.objects.filter(pk=firm.pk).update(status="suspended")
    with pytest.raises(InvitationInvalid):
        accept_as_new_person(late, password=PASSWORD, now=now)
    Organisation.objects.filter(pk=firm.pk).update(status="active")
    accept_as_new_person(late, password=PASSWORD, now=now)
    with pytest.raises(InvitationInvalid):
        accept_as_new_person(late, password=PASSWORD, now=now)
    assert Person.objects.filter(login="lawyer@firm.example").count() == 1


@pytest.mark.parametrize(("changes", "refused"), [
    ({"login": "a b"}, LoginMalformed), ({"login": "ab"}, LoginMalformed), ({"login": "张三"}, LoginMalformed),
    ({"login": "<b>x</b>"}, LoginMalformed), ({"login": "x" * 255}, LoginMalformed),
    ({"display_name": " \n "}, NameMalformed), ({"display_name": "名" * 101}, NameMalformed),
    ({"display_name": "王\0律师"}, NameMalformed), ({"display_name": "王\u202e师律"}, NameMalformed),
    ({"licence_number": "1\x002"}, LicenceMissing), ({"licence_number": "1\u202e2"}, LicenceMissing),
    ({"role": Role.JUDGE}, RoleUnavailable), ({"role": Role.OPERATOR}, RoleUnavailable), ({"licence_number": "  "}, LicenceMissing),
    ({"licence_number": "1" * 65}, LicenceMissing),
])
def test_an_invitation_that_promises_what_may_not_be_is_refused(
    changes: dict[str, Any], refused: type[Exception], firm: Organisation
) -> None:
    values = {"login": "lawyer@firm.example", "display_name": "王律师", "role": Role.LAWYER, "licence_number": "1", **changes}
    with pytest.raises(refused):
        invite(firm, Invitee(**values), by=None, now=timezone.now())
    assert Invitation.objects.count() == 0


def test_a_form_with_faults_says_so_and_makes_nothing(admin: Person, firm: Organisation) -> None:
    client, path = signed_in(admin), f"/organisations/{firm.ref}/invitations"
    form = {"login": "x@firm.example", "display_name": "王", "role": "lawyer"}
    missing = client.post(path, form)
    assert (missing.status_code, "licence-missing" in missing.content.decode()) == (422, True)
    for wrong in ({}, {**form, "role": "judge"}, {**form, "role": "nonsense"}, {**form, "login": "x" * 500}, {**form, "login": "a\0b@x"}):
        answer = client.post(path, wrong, headers={"Accept-Language": "en"})
        assert answer.status_code == 422, wrong
    assert not Invitation.objects.filter(accepted_at=None).exists()


def test_somebody_who_has_an_account_accepts_signed_in_and_nobody_else_can(admin: Person, firm: Organisation) -> None:
    elsewhere = make_person("lawyer@firm.example", Role.LENDER_ADMIN)
    _, token = invite(firm, lawyer(), by=admin, now=timezone.now())
    path = f"/invitations/{token}"
    stranger = Browser("x")
    assert "该登录名已有账号" in stranger.get(path).content.decode()
    taken = stranger.post(path, {"password": NEW, "again": NEW})
    assert (taken.status_code, "invitation-for-another" in taken.content.decode()) == (403, True)
    elsewhere.refresh_from_db()
    assert elsewhere.check_password(PASSWORD), "a link of one organisation takes over nobody of another"
    assert signed_in(admin).post(path).status_code == 403
    assert Membership.objects.filter(organisation=firm).count() == 1
    client = signed_in(elsewhere)
    assert client.get(path).status_code == 200
    assert client.post(path)["Location"] == "/account"
    assert Membership.objects.filter(organisation=firm, person=elsewhere, role=Role.LAWYER, until=None).exists()


def test_making_a_link_tells_the_admin_nothing_of_the_login_and_opening_it_whether_it_exists(admin: Person, firm: Organisation) -> None:
    make_person("known@example.org", Role.LENDER_ADMIN)
    client, pages, opened = signed_in(admin), [], []
    for login in ("known@example.org", "fresh@example.org"):
        answer = client.post(f"/organisations/{firm.ref}/invitations", {"login": login, "display_name": "名", "role": "legal_assistant"})
        assert answer.status_code == 200
        opened.append("该登录名已有账号" in Client().get(link_in(answer)).content.decode())
        Invitation.objects.filter(accepted_at=None).delete()
        text = re.sub(r"invitations/[\w-]+", "", answer.content.decode())
        pages.append(re.sub(r'name="csrfmiddlewaretoken" value="\w+"|\d', "", text).replace(login, ""))
    assert pages[0] == pages[1]
    # What the threat model says of it: whoever holds the link sees for whom it is.
    assert opened == [True, False]


def test_two_browsers_with_one_link_make_one_person(firm: Organisation) -> None:
    _, token = invite(firm, lawyer(), by=None, now=timezone.now())
    accept_as_new_person(token, password=PASSWORD, now=timezone.now())
    Invitation.objects.update(accepted_at=None, accepted_by=None)  # as the slower of two saw it
    with pytest.raises(InvitationForAnother):
        accept_as_new_person(token, password=PASSWORD, now=timezone.now())
    assert (Person.objects.count(), Membership.objects.count()) == (1, 1)


def test_accepting_the_same_role_twice_gives_it_once(firm: Organisation) -> None:
    person = make_person("lawyer@firm.example", Role.LAWYER, firm)
    _, token = invite(firm, lawyer(), by=None, now=timezone.now())
    accept_as(person, token, now=timezone.now())
    assert Membership.objects.count() == 1


def test_a_membership_that_ends_bites_with_the_next_page_and_its_links_with_it(admin: Person, firm: Organisation) -> None:
    second = make_person("second@firm.example", Role.FIRM_ADMIN, firm)
    _, left_over = invite(firm, Invitee("second@firm.example", "李", Role.FIRM_ADMIN), by=admin, now=timezone.now())
    client, theirs = signed_in(admin), signed_in(second)
    path = f"/organisations/{firm.ref}/members"
    assert theirs.get(path).status_code == 200
    assert client.post(f"{path}/{membership_of(second).pk}/end")["Location"] == path
    assert theirs.get(path).status_code == 404
    assert theirs.get("/account").status_code == 200
    with pytest.raises(InvitationInvalid):
        accept_as(second, left_over, now=timezone.now())
    assert client.post(f"{path}/{membership_of(second).pk}/end").status_code == 404
    assert Membership.objects.filter(person=second).exclude(until=None).count() == 1, "the row stays"


def test_nobody_ends_his_own_membership(admin: Person, firm: Organisation) -> None:
    answer = signed_in(admin).post(f"/organisations/{firm.ref}/members/{membership_of(admin).pk}/end")
    assert (answer.status_code, "own-membership" in answer.content.decode()) == (422, True)
    assert membership_of(admin).until is None


def test_whoever_lost_everything_gets_a_link_that_sets_the_sign_in_up_anew(admin: Person, firm: Organisation) -> None:
    person = make_person("lawyer@firm.example", Role.LAWYER, firm)
    old = signed_in(person)
    made = signed_in(admin).post(f"/organisations/{firm.ref}/members/{membership_of(person).pk}/renew")
    link = link_in(made)
    browser = Browser(person.login)
    assert browser.get(link).status_code == 200
    assert old.get("/account").status_code == 200, "a link that is not used changes nothing"
    assert browser.post(link, {"password": NEW, "again": NEW}, page=link)["Location"] == "/sign-in"
    assert old.get("/account")["Location"].startswith("/sign-in")
    assert not Authenticator.objects.filter(user_id=person.pk).exists()
    assert browser.get(link).status_code == 404
    assert browser.give_password().status_code == 200, "the old password is none"
    assert browser.give_password(NEW)["Location"] == "/home"
    assert browser.get("/account")["Location"] == "/account/second-factor"
    assert Membership.objects.filter(person=person).count() == 1


def test_no_administrator_takes_over_whoever_works_elsewhere_too(admin: Person, firm: Organisation) -> None:
    person = make_person("lawyer@firm.example", Role.LAWYER, firm)
    now = timezone.now()
    made = invite_back(firm, membership_of(person).pk, by=admin, now=now)
    assert made is not None
    other = make_organisation(Kind.LAW_FIRM, "另一律师事务所")
    _, token = invite(other, lawyer(), by=None, now=now)
    accept_as(person, token, now=now)
    with pytest.raises(ElsewhereToo):
        accept_back(made[1], password=NEW, now=now)
    answer = signed_in(admin).post(f"/organisations/{firm.ref}/members/{Membership.objects.get(person=person, organisation=firm).pk}/renew")
    assert (answer.status_code, "elsewhere-too" in answer.content.decode()) == (409, True)
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_an_ended_member_does_not_come_back_by_a_link_that_renews(admin: Person, firm: Organisation) -> None:
    person = make_person("lawyer@firm.example", Role.LAWYER, firm)
    now = timezone.now()
    made = invite_back(firm, membership_of(person).pk, by=admin, now=now)
    assert made is not None
    assert end_membership(firm, membership_of(person).pk, by=admin, now=now)
    with pytest.raises(InvitationInvalid):
        accept_back(made[1], password=NEW, now=now)
    Invitation.objects.update(withdrawn_at=None)  # even were it left over
    with pytest.raises(ElsewhereToo):
        accept_back(made[1], password=NEW, now=now)


def test_whoever_is_put_out_leaves_no_link_behind(admin: Person, firm: Organisation) -> None:
    """An administrator who sees his end coming makes a link for a login of his own, and opens it afterwards."""
    now, elsewhere = timezone.now(), make_organisation(Kind.LAW_FIRM, "另一律师事务所")
    chief = make_person("chief@firm.example", Role.FIRM_ADMIN, firm)
    others, kept = invite(firm, lawyer("kept@firm.example"), by=chief, now=now), invite(elsewhere, lawyer("x@y.example"), by=admin, now=now)
    _, token = invite(firm, lawyer("back@firm.example"), by=admin, now=now)
    assert end_membership(firm, membership_of(admin).pk, by=chief, now=now)
    with pytest.raises(InvitationInvalid):
        accept_as_new_person(token, password=PASSWORD, now=now)
    assert set(Invitation.objects.filter(accepted_at=None, withdrawn_at=None)) == {others[0], kept[0]}
    accept_as_new_person(others[1], password=PASSWORD, now=now)


def test_whoever_is_deactivated_leaves_no_link_and_no_session_behind(admin: Person, firm: Organisation) -> None:
    browser = Browser(admin.login)
    browser.arrive()
    assert browser.get("/account").status_code == 200
    now, elsewhere = timezone.now(), make_organisation(Kind.LAW_FIRM, "另一律师事务所")
    tokens = [invite(each, lawyer(f"back{each.pk}@firm.example"), by=admin, now=now)[1] for each in (firm, elsewhere)]
    assert set_active(admin.login, active=False, now=now)
    assert set_active(admin.login, active=True, now=now)
    for token in tokens:
        with pytest.raises(InvitationInvalid):
            accept_as_new_person(token, password=PASSWORD, now=now)
    assert browser.get("/account")["Location"].startswith("/sign-in"), "the session is gone for good"
    withdrawn = AuditEntry.objects.filter(event="invitation:withdrawn").values_list("organisation", flat=True)
    assert set(withdrawn) == {firm.pk, elsewhere.pk}


def test_a_sign_in_is_set_up_anew_before_its_person_is_let_in_again(admin: Person, firm: Organisation) -> None:
    person, now = make_person("lawyer@firm.example", Role.LAWYER, firm), timezone.now()
    set_active(person.login, active=False, now=now)
    made = invite_back(firm, membership_of(person).pk, by=admin, now=now)
    assert made is not None
    accept_back(made[1], password=NEW, now=now)
    browser = Browser(person.login)
    assert browser.give_password(NEW)["Location"] == "/sign-in/inactive", "he is out still"
    set_active(person.login, active=True, now=now)
    assert browser.give_password(PASSWORD).status_code == 200, "the old password is none"
    assert browser.give_password(NEW)["Location"] == "/home"


def test_another_organisations_members_and_links_do_not_exist(admin: Person, firm: Organisation) -> None:
    stranger = make_person("admin@lender.example", Role.LENDER_ADMIN)
    own = membership_of(stranger).organisation
    invitation, _ = invite(firm, lawyer(), by=admin, now=timezone.now())
    client = signed_in(stranger)
    foreign, unknown = client.get(f"/organisations/{firm.ref}/members"), client.get(f"/organisations/{'0' * 32}/members")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.content.replace(firm.ref.encode(), b"") == unknown.content.replace(b"0" * 32, b"")
    member = membership_of(admin).pk
    for where in (firm.ref, own.ref):
        for path in (f"members/{member}/end", f"members/{member}/renew", f"invitations/{invitation.pk}/withdraw"):
            assert client.post(f"/organisations/{where}/{path}").status_code == 404, (where, path)
    form = {"login": "x@y.example", "display_name": "x", "role": "firm_admin"}
    assert client.post(f"/organisations/{firm.ref}/invitations", form).status_code == 404
    assert membership_of(admin).until is None
    assert Invitation.objects.get(pk=invitation.pk).withdrawn_at is None


def test_a_member_without_the_act_is_told_so(firm: Organisation, admin: Person) -> None:
    client = signed_in(make_person("lawyer@firm.example", Role.LAWYER, firm))
    answer = client.get(f"/organisations/{firm.ref}/members")
    assert (answer.status_code, "forbidden" in answer.content.decode()) == (403, True)
    assert client.post(f"/organisations/{firm.ref}/members/{membership_of(admin).pk}/end").status_code == 403
