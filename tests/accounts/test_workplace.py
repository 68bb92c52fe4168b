"""At which organisation somebody works: the one he chose, his own alone, one that works; pages ask for an act there."""
import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from accounts.joining import Invitee, accept_as, invite
from accounts.models import Organisation, Person
from accounts.permissions import Act, Kind, Role
from accounts.portal.workplace import CHOSEN, needs_act, viewer_of
from accounts.viewer import Viewer
from common.errors import OrganisationNotWorking
from common.problems import Forbidden
from tests.accounts.people import make_organisation, make_person, signed_in


def asking(person: Person, chosen: str = "") -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = person
    request.session = {CHOSEN: chosen}  # type: ignore[assignment]
    return request


def join(person: Person, role: Role, organisation: Organisation) -> None:
    _, token = invite(organisation, Invitee(person.login, "姓名", role, "1", "1"), by=None, now=timezone.now())
    accept_as(person, token, now=timezone.now())


def test_a_viewer_has_the_roles_of_the_chosen_organisation_and_of_no_other(database: str) -> None:
    lender, firm = make_organisation(Kind.LENDER), make_organisation(Kind.LAW_FIRM, "律所")
    person = make_person("both", Role.CASE_OFFICER, lender)
    join(person, Role.LEGAL_OFFICER, lender)
    join(person, Role.LAWYER, firm)
    at_lender, at_firm = viewer_of(asking(person)), viewer_of(asking(person, firm.ref))
    assert (at_lender.organisation, at_lender.roles) == (lender, frozenset({Role.CASE_OFFICER, Role.LEGAL_OFFICER}))
    assert (at_firm.organisation, at_firm.roles) == (firm, frozenset({Role.LAWYER}))
    assert at_lender.may(Act.GRANT)
    assert not at_firm.may(Act.GRANT)
    assert viewer_of(asking(person, "0" * 32)).organisation == lender


def test_nobody_works_at_a_suspended_organisation(database: str) -> None:
    lender = make_organisation(Kind.LENDER)
    person = make_person("one", Role.CASE_OFFICER, lender)
    lender.status = Organisation.Status.SUSPENDED
    lender.save()
    with pytest.raises(OrganisationNotWorking):
        viewer_of(asking(person))


def test_the_choice_is_of_ones_own_organisations_only(database: str) -> None:
    lender, other = make_organisation(Kind.LENDER), make_organisation(Kind.LENDER, "乙方")
    client = signed_in(make_person("one", Role.CASE_OFFICER, lender))
    assert client.post("/workplace", {"organisation": other.ref}).status_code == 404
    assert client.post("/workplace", {"organisation": lender.ref}).status_code == 302
    assert client.session[CHOSEN] == lender.ref


def test_a_page_asks_for_an_act(database: str) -> None:
    @needs_act(Act.GRANT)
    def page(request: HttpRequest, viewer: Viewer, /) -> HttpResponse:
        return HttpResponse(viewer.actor)

    officer = asking(make_person("legal", Role.LEGAL_OFFICER))
    assert page(officer).content.decode() == f"person:{officer.user.pk}"
    with pytest.raises(Forbidden):
        page(asking(make_person("officer", Role.CASE_OFFICER)))
