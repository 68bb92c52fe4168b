"""A case that is taken away from an agent while he uploads: he is told so, and nothing is written."""
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.permissions import Role
from cases.assigning import distribute_cases, withdraw_cases
from cases.models import Assignment
from common.tenancy import on_behalf_of
from evidence.models import Evidence
from tests.accounts.people import signed_in
from tests.cases.cast import Cast
from tests.evidence.desk import encoded
from tests.portal.pages import Page
from vault.storage import vault_store


class Upload(BytesIO):
    """A body that is still under way when something happens."""

    def __init__(self, body: bytes, meanwhile: Callable[[], object]) -> None:
        super().__init__(body)
        self.meanwhile: Callable[[], object] | None = meanwhile

    def read(self, size: int | None = -1, /) -> bytes:
        if self.meanwhile is not None:
            self.meanwhile()
            self.meanwhile = None
        return super().read(size)


@pytest.fixture
def cast(service: str) -> Cast:
    return Cast()


def upload(client: Client, ref: str, meanwhile: Callable[[], object] = lambda: None, **headers: str) -> Any:
    body, kind = encoded({"key": "k" * 32, "kind": "sms"}, ("a.txt", b"abc"))
    environment: dict[str, Any] = {"wsgi.input": Upload(body, meanwhile)}
    return client.post(f"/work/{ref}/deposits", body, content_type=kind, headers=headers, **environment)


# What happens meanwhile happens in another session in life, and in the request's own here: it is told whose act that is.
def withdrawn(cast: Cast, made: Assignment) -> None:
    with on_behalf_of(cast.officer.organisation.pk):
        withdraw_cases(cast.officer, [made.ref], now=timezone.now())


def given_to_another(cast: Cast, made: Assignment) -> None:
    boss, other = cast.person("boss", Role.AGENCY_SUPERVISOR), cast.person("other", Role.COLLECTION_AGENT)
    with on_behalf_of(boss.organisation.pk):
        distribute_cases(boss, [made.ref], other.person, now=timezone.now())


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("happens", [withdrawn, given_to_another])
def test_an_agent_who_lost_the_case_meanwhile_is_told_so_and_nothing_is_written(
    cast: Cast, happens: Callable[[Cast, Assignment], None], language: str
) -> None:
    case = cast.case()
    made = cast.assigned(case, to="agent")
    cast.person("other", Role.COLLECTION_AGENT)
    agent, before = signed_in(cast.people["agent"]), Evidence.objects.count()
    answer = upload(agent, case.ref, lambda: happens(cast, made), **{"Accept-Language": language})
    assert answer.status_code == 409
    page = Page(answer.content.decode())
    assert page.all_faults() == []
    assert "case-taken-back" in page.text
    assert language == "zh-hans" or page.chinese() == []
    assert Evidence.objects.count() == before
    assert list(vault_store().list(f"{case.organisation.ref}/")) == [], "the original that came is not kept"
    assert upload(agent, case.ref).status_code == 404, "now he does not see it at all"


def test_a_script_is_told_the_same_by_its_code(cast: Cast) -> None:
    case = cast.case()
    made = cast.assigned(case, to="agent")
    answer = upload(signed_in(cast.people["agent"]), case.ref, lambda: withdrawn(cast, made), Accept="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "case-taken-back")


def test_a_supervisor_deposits_in_whatever_is_assigned_to_the_agency(cast: Cast) -> None:
    case = cast.case()
    made = cast.assigned(case, to="agent")
    boss = cast.person("boss", Role.AGENCY_SUPERVISOR)
    answer = upload(signed_in(cast.people["boss"]), case.ref, lambda: given_to_another(cast, made))
    assert answer.status_code == 303
    assert Evidence.objects.latest("id").deposited_by == boss.organisation
