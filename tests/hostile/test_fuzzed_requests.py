"""Garbled requests of machines of every kind and of people in every role: a clear refusal, never a 500, nothing half-written.

What is garbled are good requests: each route's own of the table of routes, and the forms that stand on the pages that the person may open.
A sample in `make test`, 10,000 of each visitor in `make faults`. The seed is printed; CUNZHENG_FAULT_SEED repeats it.
"""
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client
from pytest_django import Settings

from accounts.api import failures
from accounts.permissions import ROLES, Kind, Role
from accounts.scopes import SCOPES_OF
from accounts.viewer import Viewer
from evidence.models import Evidence
from tests.accounts.people import PASSWORD, signed_in
from tests.api.page_table import PEOPLE
from tests.api.test_routes import API, FILLED, OPEN, ROWS
from tests.cases.cast import Cast
from tests.faults.sizes import seed, sized
from tests.hostile.forms import requests_of
from tests.hostile.garbling import Request, garbled
from tests.rows import digests

# Beside SQLite, PostgreSQL is asked whether its own errors become refusals and leave no row.
OF_A_MACHINE, OF_A_PERSON = sized(200, 10_000, on_postgres=100), sized(40, 10_000)
# Reading leaves a trace, a wrong guess is counted, and that a batch was refused is kept for whoever asks next morning.
TRACES = frozenset({"AccessEvent", "CustodyEvent", "AuditEntry", "AuditHead", "DepositBatch", "SignatureNonce", "DisclosureAttempts"})
LANGUAGES = {"zh-hans": "zh-CN,zh", "en": "en"}
CHINESE = re.compile("[\u4e00-\u9fff]")


class Recorder:
    """Stands where a table of requests has its client, and keeps what it is told to send."""

    def __init__(self) -> None:
        self.kept: list[Request] = []

    def get(self, path: str, data: dict[str, str] | None = None, **more: Any) -> None:
        self.kept.append(Request("GET", path))

    def generic(self, method: str, path: str, data: bytes = b"", content_type: str = "application/json", **more: Any) -> None:
        self.kept.append(Request(method, path, data, content_type))

    def post(self, path: str, data: bytes = b"", content_type: str = "application/json", **more: Any) -> None:
        self.generic("POST", path, data, content_type)

    def put(self, path: str, data: bytes = b"", content_type: str = "application/json", **more: Any) -> None:
        self.generic("PUT", path, data, content_type)


def faults_of(request: Request, answer: Any, language: str) -> Iterator[str]:
    """What is wrong with an answer, whatever the request was."""
    if answer.status_code >= 500:
        yield f"{answer.status_code}"
    if answer.status_code < 400 or request.method == "HEAD":
        return
    if answer.headers["Content-Type"].startswith("application/problem+json"):
        told = json.loads(answer.content)
        if not re.fullmatch("[a-z0-9-]+", told.get("code", "")):
            yield "no code"
        if bool(CHINESE.search(told["title"])) != (language == "zh-hans"):
            yield f"not in {language}: {told['title']}"
    elif answer.headers["Content-Type"].startswith("text/html") and f'<html lang="{language}"' not in answer.content.decode():
        yield f"a page not in {language}"
    elif request.path.startswith(API):
        yield f"a refusal of kind {answer.headers['Content-Type']}"


def besiege(client: Client, good: list[Request], count: int, chance: random.Random, headers: dict[str, str]) -> list[str]:
    """What was wrong with the answers to `count` garbled requests, a line each."""
    found: list[str] = []
    statuses: Counter[int] = Counter()
    before: dict[str, str] = {}
    for number in range(count):
        request, language = garbled(chance.choice(good), chance), ("zh-hans", "en")[number % 2]
        client.cookies[configured.LANGUAGE_COOKIE_NAME] = language
        # An address that is read writes nothing but traces either; what was there after one request is there before the next.
        before = before or digests(without=TRACES)
        answer = client.generic(request.method, request.path, request.body, request.kind, headers={
            "Accept-Language": LANGUAGES[language], **headers, **request.headers})
        statuses[answer.status_code] += 1
        found += [f"{request}: {fault}" for fault in faults_of(request, answer, language)]
        answer.close()
        after = digests(without=TRACES) if answer.status_code >= 400 else {}
        if after and after != before:
            found.append(f"{request}: {answer.status_code} and yet written: {[name for name in after if after[name] != before[name]]}")
        before = after
    print(dict(statuses.most_common()))
    # If nearly nothing were refused, or nearly everything for one reason, the siege would be of a wall without a gate.
    assert len(statuses) >= 3
    return found


@pytest.fixture
def chance(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> random.Random:
    settings.DEPOSITS_PER_MINUTE = settings.VERIFICATIONS_PER_MINUTE = 10_000_000
    settings.ACCOUNT_RATE_LIMITS = False
    monkeypatch.setattr(failures, "FAILURES_PER_MINUTE", 10_000_000)
    number = seed()
    print(f"repeat these requests with CUNZHENG_FAULT_SEED={number}")
    return random.Random(number)


@pytest.fixture
def cast(service: str) -> Cast:
    return Cast()


def own_record(cast: Cast, viewer: Viewer, *, to: str | None = None) -> str:
    """A record that the viewer's organisation deposited: an agency in a case assigned to it, and distributed to this agent if named."""
    if viewer.kind != Kind.COLLECTION_AGENCY:
        return cast.paper(viewer)
    case = cast.case("LN-assigned")
    cast.assigned(case, viewer.organisation.name, to=to)
    return cast.deposit(viewer, case.ref)[0]


@pytest.mark.parametrize("kind", [kind for kind in Kind if SCOPES_OF[kind]])
def test_garbled_requests_of_machines(kind: Kind, cast: Cast, stamp: Callable[[], None], chance: random.Random) -> None:
    machine, theirs = cast.machine("ours", kind), cast.machine("theirs", Kind.LENDER)
    own, foreign = own_record(cast, machine), cast.paper(theirs)
    stamp()
    recorder = Recorder()
    for row in ROWS.values():
        for number in (own, foreign):
            row.send(recorder, number, {})  # type: ignore[arg-type]
    client = Client(raise_request_exception=False)
    assert besiege(client, recorder.kept, OF_A_MACHINE, chance, {"Authorization": f"Bearer {cast.keys['ours']}"}) == []


@pytest.mark.parametrize("role", Role)
def test_garbled_requests_of_people(role: Role, cast: Cast, stamp: Callable[[], None], chance: random.Random) -> None:
    viewer, theirs = cast.person("visitor", role), cast.machine("theirs", Kind.LENDER)
    if ROLES[role].kind in (Kind.LENDER, Kind.COLLECTION_AGENCY):
        number = own_record(cast, viewer, to="visitor" if role == Role.COLLECTION_AGENT else None)
    else:
        number = cast.paper(theirs)
    case = Evidence.objects.get(record=number).case
    stamp()
    assert viewer.person is not None
    viewer.person.set_password(PASSWORD)
    viewer.person.save()
    client = signed_in(viewer.person, Client(raise_request_exception=False))
    good = list(requests_of_pages(client, {"{number}": number, **dict.fromkeys(("{case}", "{case_ref}"), case.ref)},
                                  {"/organisations/": viewer.organisation.ref, "/cases/": case.ref}))
    assert besiege(client, good, OF_A_PERSON, chance, {}) == []


def requests_of_pages(client: Client, things: dict[str, str], refs: dict[str, str]) -> Iterator[Request]:
    """Every page that opens for this client, and every form on it."""
    for path in sorted(OPEN):
        ref = next((ref for start, ref in refs.items() if path.startswith(start)), "0" * 32)
        address = path.replace("{ref}", ref)
        for name, value in {**FILLED, **things}.items():
            address = address.replace(name, value)
        answer = client.get(address)
        yield Request("GET", address)
        if path in PEOPLE and answer.status_code == 405:
            yield Request("POST", address, b"x=1", "application/x-www-form-urlencoded")
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html") and path != "/sign-out":
            # A person who ends his own session would be besieging the sign-in from then on.
            yield from (form for form in requests_of(answer.content.decode(), address) if "sign-out" not in form.path)
        answer.close()
