"""更换管理员: an organisation that was let in gets an administrator of the operator's hand by two operators, and reads of it."""
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from accounts.errors import ProposerGone, ReplacementClosed, SamePersonTwice
from accounts.joining import set_active
from accounts.models import AuditEntry, Invitation, Membership, Organisation, Person, Replacement
from accounts.permissions import Kind, Role
from accounts.replacing import Proposal, confirm, propose, withdraw
from notifications.kinds import ADMINISTRATOR_CHANGED, ADMINISTRATOR_PROPOSED, ADMINISTRATOR_WAITING
from notifications.models import Notice
from tests.accounts.people import make_organisation, make_person, membership_of, signed_in
from tests.evidence.letting_in import operators
from tests.portal.pages import Page

FORM = {"login": "New@court.example", "display_name": "新管理员", "reason": "原管理员调离，院办公室来函并回访确认"}


@pytest.fixture
def two(service: str) -> tuple[Client, Client]:
    first, second = operators()
    return signed_in(first), signed_in(second)


@pytest.fixture
def court(service: str) -> Organisation:
    return make_organisation(Kind.COURT, "示例人民法院")


def read(client: Client, path: str, language: str = "zh-hans") -> Page:
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    page = Page(answer.content.decode())
    assert page.all_faults() == []
    assert language == "zh-hans" or page.chinese() == []
    return page


def test_one_proposes_another_confirms_and_only_then_is_there_a_link(two: tuple[Client, Client], court: Organisation) -> None:
    gone = make_person("old@court.example", Role.COURT_ADMIN, court)
    stays = make_person("judge@court.example", Role.JUDGE, court)
    path = f"/organisations/{court.ref}/administrator"
    form = {**FORM, "replaces": str(membership_of(gone).pk)}
    assert two[0].post(path, form)["Location"] == path
    made = Replacement.objects.get()
    assert not Invitation.objects.filter(login="new@court.example").exists()
    assert membership_of(gone).until is None, "nothing has happened yet"
    assert "运营方有人提议更换本机构的管理员" in signed_in(stays).get("/inbox").content.decode()
    assert two[0].post(f"{path}/{made.pk}/confirm").status_code == 409
    assert f"{path}/{made.pk}/confirm" not in read(two[0], path).source
    for language in ("zh-hans", "en"):
        page = read(two[1], path, language)
        assert all(word in page.source for word in ("new@court.example", "新管理员", "old@court.example", FORM["reason"]))
    assert not Invitation.objects.filter(login="new@court.example").exists(), "one operator twice is one operator"
    answer = two[1].post(f"{path}/{made.pk}/confirm")
    link = answer.content.decode().partition('<code class="long">')[2].partition("</code>")[0]
    invitation = Invitation.objects.get(login="new@court.example")
    assert (invitation.role, invitation.organisation, invitation.made_by) == ("court_admin", court, Person.objects.get(login="ops2"))
    assert Client().get(urlsplit(link).path).status_code == 200
    assert membership_of(gone).until is not None
    assert two[1].post(f"{path}/{made.pk}/confirm").status_code == 409
    assert Invitation.objects.filter(login="new@court.example").count() == 1
    for language in ("zh-hans", "en"):
        assert FORM["reason"] in read(two[0], path, language).source
    proposed = AuditEntry.objects.filter(event__startswith="administrator:").order_by("number")
    for kind in (Kind.COURT, Kind.OPERATOR):
        rows = proposed.filter(organisation__kind=kind).values_list("event", "actor", "subject")
        first, second = (Person.objects.get(login=login).pk for login in ("ops1", "ops2"))
        assert list(rows) == [
            ("administrator:proposed", f"person:{first}", f"organisation:{court.ref}"),
            ("administrator:confirmed", f"person:{second}", f"organisation:{court.ref}")], kind
    assert list(Notice.objects.filter(organisation=court).order_by("id").values_list("kind", flat=True)) == [
        ADMINISTRATOR_PROPOSED, ADMINISTRATOR_CHANGED]
    assert Notice.objects.filter(organisation__kind=Kind.OPERATOR, kind=ADMINISTRATOR_WAITING).count() == 1


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_is_wrong_is_said_and_nothing_is_kept(language: str, two: tuple[Client, Client], court: Organisation) -> None:
    judge, elsewhere = make_person("judge", Role.JUDGE, court), make_person("lender", Role.LENDER_ADMIN)
    path = f"/organisations/{court.ref}/administrator"
    for changes, status, code in (
        ({"reason": " "}, 422, "reason-missing"), ({"reason": "x" * 501}, 422, "reason-missing"),
        ({"reason": "x\0"}, 422, "reason-missing"),
        ({"login": "李"}, 422, "login-malformed"), ({"display_name": ""}, 422, "name-malformed"),
        ({"replaces": str(membership_of(judge).pk)}, 422, "role-unavailable"), ({"replaces": "x"}, 422, "role-unavailable"),
        ({"replaces": str(membership_of(elsewhere).pk)}, 422, "role-unavailable"),
    ):
        answer = two[0].post(path, {**FORM, **changes}, headers={"Accept-Language": language})
        page = Page(answer.content.decode())
        assert (answer.status_code, code in page.source, page.all_faults()) == (status, True, []), changes
        assert language == "zh-hans" or [text for text in page.chinese() if text not in FORM.values()] == []
    assert not Replacement.objects.exists()
    assert two[0].post(path, FORM).status_code == 302
    again = two[1].post(path, FORM)
    assert (again.status_code, "replacement-open" in again.content.decode()) == (409, True)
    made = Replacement.objects.get()
    other = make_organisation(Kind.COURT, "另一法院")
    for act in ("confirm", "withdraw"):
        assert two[1].post(f"/organisations/{other.ref}/administrator/{made.pk}/{act}").status_code == 404
    assert two[0].post(f"{path}/{made.pk}/withdraw").status_code == 302, "whoever proposed takes it back"
    for act in ("confirm", "withdraw"):
        answer = two[1].post(f"{path}/{made.pk}/{act}")
        assert (answer.status_code, "replacement-closed" in answer.content.decode()) == (409, True)
    assert two[1].post(path, FORM).status_code == 302
    assert AuditEntry.objects.filter(event="administrator:withdrawn").count() == 2
    assert not Invitation.objects.filter(login="new@court.example").exists()


def test_operators_alone_have_the_page(two: tuple[Client, Client], court: Organisation) -> None:
    admin = signed_in(make_person("admin", Role.COURT_ADMIN, court))
    path = f"/organisations/{court.ref}/administrator"
    assert admin.get(path).status_code == admin.post(path, FORM).status_code == 404
    own = f"/organisations/{Organisation.objects.get(kind=Kind.OPERATOR).ref}/administrator"
    assert admin.get(own).status_code == admin.post(own, FORM).status_code == 404
    assert two[0].get(own).status_code == 200, "of their own too, since there are two of them"


@pytest.mark.parametrize("put_out", ["ended", "deactivated"])
def test_what_somebody_proposed_is_worth_nothing_once_he_is_out(put_out: str, two: tuple[Client, Client], court: Organisation) -> None:
    """The account in the wrong hands was one of two; taken away, it must not go on being one."""
    first, second = (Person.objects.get(login=login) for login in ("ops1", "ops2"))
    now = timezone.now()
    made = propose(court, Proposal(FORM["login"], FORM["display_name"], FORM["reason"]), by=first, now=now)
    if put_out == "ended":
        Membership.objects.filter(person=first).update(until=now)
    else:
        set_active(first.login, active=False, now=now)
    with pytest.raises(ProposerGone):
        confirm(made, by=second, now=now)
    answer = two[1].post(f"/organisations/{court.ref}/administrator/{made.pk}/confirm")
    assert (answer.status_code, "proposer-gone" in answer.content.decode()) == (409, True)
    assert not Invitation.objects.filter(login="new@court.example").exists()
    withdraw(made, by=second, now=now)
    anew = propose(court, Proposal(FORM["login"], FORM["display_name"], FORM["reason"]), by=second, now=now)
    assert anew.proposed_by == second


def test_of_two_who_confirm_at_once_one_is_told(two: tuple[Client, Client], court: Organisation) -> None:
    first, second = (Person.objects.get(login=login) for login in ("ops1", "ops2"))
    third, now = make_person("ops3", Role.OPERATOR, Organisation.objects.get(kind=Kind.OPERATOR)), timezone.now()
    made = propose(court, Proposal(FORM["login"], FORM["display_name"], FORM["reason"]), by=first, now=now)
    with pytest.raises(SamePersonTwice):
        confirm(made, by=first, now=now)
    assert confirm(made, by=second, now=now)
    for late in (first, third):
        with pytest.raises(ReplacementClosed):
            confirm(made, by=late, now=now)
    with pytest.raises(ReplacementClosed):
        withdraw(made, by=third, now=now)
    assert Membership.objects.filter(organisation=court).count() == 0
    assert Invitation.objects.filter(organisation=court).count() == 1
