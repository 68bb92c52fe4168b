"""Every way to a case's file leaves its row before the file goes out: who read it, by which root, for what purpose."""
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organisation
from accounts.permissions import Kind, Role
from cases.granting import Opening, grant_access
from cases.models import AccessEvent, Grant
from tests.accounts.people import make_organisation, make_person, signed_in
from tests.cases.case_files import Send, case_body, sender
from tests.cases.cast import viewer_of

PURPOSE = "诉讼代理"
PAGES = ("", "/reckoning", "/reckoning.csv")
READERS: dict[str, tuple[Role, str | None]] = {"own": (Role.CASE_OFFICER, None), "granted": (Role.LAWYER, PURPOSE)}
ANSWERS = (*PAGES, "/completeness")
WAYS = [*(pytest.param(path, True, id=f"page{path}") for path in PAGES), *(pytest.param(path, False, id=f"api{path}") for path in ANSWERS)]


@pytest.fixture
def ref(send: Send) -> str:
    party = {**case_body()["parties"][0], "consents": [{"kind": "provision", "document": "同意书", "given_on": "2025-03-01"}]}
    return str(send("POST", "/cases", case_body(parties=[party])).json()["case"])


@pytest.fixture
def firm(lender: Organisation, ref: str) -> Organisation:
    found, now = make_organisation(Kind.LAW_FIRM, "示例律师事务所"), timezone.now()
    legal = viewer_of(make_person("legal", Role.LEGAL_OFFICER, lender))
    opening = Opening(found.ref, Grant.Basis.PROVIDED, "同意书", PURPOSE, now, now + timedelta(days=30), [ref])
    grant_access(legal, opening, now=now)
    return found


@pytest.mark.parametrize(("path", "paged"), WAYS)
@pytest.mark.parametrize("root", READERS)
def test_whoever_reads_the_file_leaves_one_row_with_root_and_purpose(
    path: str, paged: bool, root: str, ref: str, lender: Organisation, firm: Organisation, client: Any,
) -> None:
    reader, (role, purpose) = lender if root == "own" else firm, READERS[root]
    browser = signed_in(make_person("reader", role, reader))
    machine = sender(client, reader)
    read: Callable[[], Any] = (lambda: browser.get(f"/cases/{ref}{path}")) if paged else (lambda: machine("GET", f"/cases/{ref}{path}"))
    before = AccessEvent.objects.count()
    for count in (1, 2):
        assert read().status_code == 200
        rows = AccessEvent.objects.filter(what=AccessEvent.CASE).order_by("id")
        assert AccessEvent.objects.count() - before == count, "each reading its own"
        last = rows.last()
        assert last is not None
        assert (last.case.ref, last.organisation, last.root, last.purpose) == (ref, reader, root, purpose)
        assert last.actor.startswith("person:" if paged else "api_key:")
        assert last.signed_in == ("session" if paged else "key")
