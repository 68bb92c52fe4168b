"""Forms with a file in them, garbled as a person's browser would never send them: every one that the pages have, each by somebody who may.

`test_fuzzed_requests` sends what stands on the pages of each role; an application that is not decided, and an organisation that practises,
are here alone. A sample in `make test`, 10,000 of each visitor in `make faults`.
"""
import random
import re

from django.test import Client
from django.utils import timezone

from accounts.models import Organisation
from accounts.permissions import Kind, Role
from evidence.agreements import accept_and_deposit
from tests.accounts.people import make_organisation, make_person, signed_in
from tests.cases.cast import Cast
from tests.evidence.letting_in import apply_now, operators
from tests.faults.sizes import sized
from tests.hostile.forms import requests_of
from tests.hostile.garbling import MULTIPART, Request
from tests.hostile.test_fuzzed_requests import besiege, cast, chance

__all__ = ["cast", "chance"]

OF_A_VISITOR = sized(30, 10_000)
# Every form of the service that takes a file, by where it is sent.
FORMS = {
    "/apply", "/apply/status/*/papers", "/cases/import", "/cases/import/payments", "/work/*/deposits", "/orders/add", "/platform-facts/new",
    "/practice",
}


def practising() -> Client:
    """An administrator whose organisation is checked, has agreed and tries the service out."""
    organisation = make_organisation(Kind.LENDER, "试用机构")
    Organisation.objects.filter(pk=organisation.pk).update(status="checked", review_due_at=None)
    person = make_person("trying", Role.LENDER_ADMIN, organisation)
    accept_and_deposit(organisation, version="2026-11", by=person, now=timezone.now())
    return signed_in(person, quiet())


def quiet() -> Client:
    return Client(raise_request_exception=False)


def test_garbled_forms_with_files(cast: Cast, chance: random.Random) -> None:
    officer, judge = cast.person("officer", Role.CASE_OFFICER), cast.person("judge", Role.JUDGE)
    assert officer.person is not None
    assert judge.person is not None
    operator = operators()[0]
    case, (open_application, _) = cast.case(), apply_now()
    visitors: list[tuple[Client, list[str]]] = [
        (quiet(), ["/apply", open_application]),
        (signed_in(officer.person, quiet()), ["/cases/import", "/cases/import/payments", f"/work/{case.ref}"]),
        (signed_in(judge.person, quiet()), ["/orders"]), (signed_in(operator, quiet()), ["/platform-facts/new"]),
        (practising(), ["/practice"]),
    ]
    sent: set[str] = set()
    for client, pages in visitors:
        good = [each for page in pages for each in forms_of(client, page)]
        sent |= {re.sub(r"(status|work)/[^/]+/", r"\1/*/", each.path.partition("?")[0]) for each in good}
        assert besiege(client, good, OF_A_VISITOR, chance, {}) == []
    assert sent == FORMS


def forms_of(client: Client, page: str) -> list[Request]:
    answer = client.get(page)
    assert answer.status_code == 200, page
    return [each for each in requests_of(answer.content.decode(), page) if each.kind == MULTIPART]
