"""Every file that leaves has its digest in its head, where its bytes are known before the first of them is sent."""
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.permissions import Kind, Role
from common import downloads
from common.downloads import repr_digest
from evidence.models import Evidence
from tests.accounts.people import signed_in
from tests.api.test_routes import content_of
from tests.cases.case_files import case_body, sender
from tests.cases.cast import Cast

PAGES: tuple[tuple[str, dict[str, str]], ...] = (
    ("/cases/export", {}), ("/evidence/export", {}), ("/audit/export", {}), ("/audit/custody/export", {"format": "csv"}),
    ("/audit/custody/export", {"format": "json"}), ("/evidence/package", {"record": ""}),
)
ADDRESSES = (
    "/api/v1/evidence/{record}/package", "/api/v1/evidence/{record}/proof", "/api/v1/records/{record}/statement",
    "/api/v1/records/{record}/proof", "/api/v1/cases/{case}/reckoning.csv?on=2025-05-20",
)


@pytest.fixture
def cast(service: str) -> Cast:
    made = Cast()
    for login, role in (("officer", Role.CASE_OFFICER), ("admin", Role.LENDER_ADMIN)):
        made.person(login, role)
    return made


@pytest.fixture
def record(cast: Cast, stamp: Callable[[], None]) -> Evidence:
    """In a case with a file that can be reckoned, stamped."""
    assert sender(Client(), cast.legal.organisation)("POST", "/cases", case_body(reference="LN-1")).status_code == 201
    case = cast.case()
    stamp()
    return Evidence.objects.get(case=case)


def answers(cast: Cast, record: Evidence) -> list[Any]:
    """The same files as pages and as the API give them."""
    cast.machine(cast.legal.organisation.name, Kind.LENDER)
    headers = {"Authorization": f"Bearer {cast.keys[cast.legal.organisation.name]}"}
    found: list[Any] = []
    for path, body in PAGES:
        browser = signed_in(cast.people["admin" if path.startswith("/audit") else "officer"])
        found.append(browser.post(path, {**body, **({"record": record.record} if "record" in body else {})}))
    found += [Client().get(path.format(record=record.record, case=record.case.ref), headers=headers) for path in ADDRESSES]
    found.append(signed_in(cast.people["officer"]).get(f"/cases/{record.case.ref}/reckoning.csv?on=2025-05-20"))
    return found


def test_every_file_that_is_short_has_the_digest_of_its_bytes(cast: Cast, record: Evidence) -> None:
    for answer in answers(cast, record):
        assert answer.status_code == 200, (answer.request["PATH_INFO"], content_of(answer))
        assert answer["Content-Disposition"].startswith("attachment"), answer.request["PATH_INFO"]
        assert answer["Repr-Digest"] == repr_digest(hashlib.sha256(content_of(answer)).digest()), answer.request["PATH_INFO"]


def test_what_is_long_is_sent_as_it_is_made_and_has_none(cast: Cast, record: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MOST_HELD", 1)
    streamed = [answer for answer in answers(cast, record) if answer.streaming]
    assert len(streamed) == len(PAGES) + 1
    for answer in streamed:
        assert "Repr-Digest" not in answer.headers
        assert content_of(answer)
