"""The matrix of isolation, second part: what each way to a case opens of its file to machines, and that it opens nothing for writing.

The world is that of `tests.test_isolation`. What an institution may do to its own papers (accept its matter, open its order, distribute
what is assigned to it) is told in `tests.cases`; here each is offered the papers of the others.
"""
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.test import Client

from accounts.permissions import ROLES, Kind, Role
from accounts.scopes import SCOPES_OF, Scope
from cases.models import Assignment, Grant, Matter, Note
from tests.accounts.people import signed_in
from tests.api.test_routes import API, case_body
from tests.test_isolation import (
    CASE_FILE,
    FORMS,
    NOWHERE,
    PARTS_OF_A_FILE,
    SEEN_BY,
    TO_HIM,
    WRITES,
    Ids,
    World,
    ids_of,
    machines,
    roles,
    states,
    visitors,
    world,
)

__all__ = ["roles", "world"]


class Part(NamedTuple):
    """One way to ask about a part of a case's file. `owner`: only to the organisation whose case it is, whatever was opened."""

    method: str
    path: str
    scope: Scope
    body: bytes = b""
    owner: bool = False


# What is written is refused for what it says, once it is clear that the case is there: a stage that it does not have, a version that it
# never had, a file that it has not. So only the notes leave something, and those anybody may write who reads the case.
PARTS = [
    Part("GET", CASE_FILE, Scope.CASES_READ), Part("GET", f"{CASE_FILE}/reckoning", Scope.CASES_READ),
    Part("GET", f"{CASE_FILE}/reckoning.csv", Scope.CASES_READ), Part("GET", f"{CASE_FILE}/completeness", Scope.CASES_READ),
    Part("POST", f"{CASE_FILE}/notes", Scope.CASE_NOTES_WRITE, b'{"text": "x"}'),
    Part("PUT", CASE_FILE, Scope.CASE_FILES_WRITE, case_body(version=9), owner=True),
    Part("PUT", f"{CASE_FILE}/stage", Scope.CASE_FILES_WRITE, b'{"stage": "demanded", "seen": "closed"}', owner=True),
    Part("POST", f"{CASE_FILE}/reckoning/deposit", Scope.CASE_FILES_WRITE, b'{"on": "2025-05-20"}', owner=True),
]
THERE = frozenset({200, 201, 409, 422})


def test_every_part_of_a_file_is_asked_for() -> None:
    assert {(part.method, part.path) for part in PARTS} == PARTS_OF_A_FILE


def test_a_case_file_is_there_by_kind_and_root_and_written_by_its_owner_alone(world: World, client: Client) -> None:
    """Each kind of machine, and its rival × each case × each part and method; to others it is not there, or no scope reaches it."""
    before, answered = states(without=[Note]), 0
    for kind, rival, headers in machines(world):
        for name, kinds in SEEN_BY.items():
            ref = world.cases[name].ref if name in world.cases else NOWHERE
            own = kind == Kind.LENDER and rival == (name == "other") and name != "none"
            for part in PARTS:
                there = own or (not part.owner and not rival and kind in kinds)
                address = part.path.replace("{case}", ref)
                found = client.generic(part.method, address, part.body, "application/json", headers=headers).status_code
                wanted = {403} if part.scope not in SCOPES_OF[kind] else THERE if there else {404}
                assert found in wanted, (kind, rival, name, part.method, part.path, found)
                answered += found in THERE
    assert answered > len(PARTS) * 3
    assert states(without=[Note]) == before
    written = set(Note.objects.values_list("case", "organisation_ref"))
    assert written == {(world.cases[name].pk, world.cast.organisations[f"{'rival ' * rival}{kind.value}"].ref)
                       for name, kind, rival in readers(world)}


def readers(world: World) -> Iterator[tuple[str, Kind, bool]]:
    """(case, kind, whether the rival) of everybody who reads a case and writes notes."""
    for kind, rival, _ in machines(world):
        if Scope.CASE_NOTES_WRITE in SCOPES_OF[kind]:
            yield from ((name, kind, False) for name in world.cases if not rival and kind in SEEN_BY[name])
            if rival and kind == Kind.LENDER:
                yield "other", kind, True


def papers_of_others(world: World, name: str, kind: Kind) -> Ids:
    """The lender's case of this name with the paper that opens it, and of everything else what is not this kind of organisation's."""
    case, any_ = world.cases[name], ids_of(world)
    assignment = Assignment.objects.filter(case=case).first()
    grant = Grant.objects.filter(cases__case=case, receiver_kind=kind).first()
    matter = Matter.objects.exclude(institution__kind=kind).order_by("id")[0]
    order = any_.order if kind != Kind.COURT else NOWHERE
    return Ids(
        any_.entrustment, assignment.ref if assignment else NOWHERE, grant.ref if grant else any_.grant, matter.ref, order, case.ref)


# What an organisation that was let in does to a paper of its own, and is not asked here.
def is_own_business(kind: Kind, path: str, name: str) -> bool:
    return (kind, name) == (Kind.COLLECTION_AGENCY, "assigned") and path in ("/access/distribute", f"{API}/assignments/distributions")


RELATIONS = ("own", "assigned", "granted", "accepted", "ordered", "revoked")
OWN_KINDS = [kind for kind in Kind if kind not in (Kind.LENDER, Kind.OPERATOR, Kind.AUDITOR)]


def test_no_root_opens_a_case_for_writing(world: World, client: Client, roles: Iterable[Role]) -> None:
    """Each form and each write of machines × those to whom the case was opened, each with the papers of the others: nothing is changed."""
    before, sent = states(without=[Note]), dict.fromkeys(OWN_KINDS, 0)
    for kind, rival, headers in machines(world):
        for name in RELATIONS if kind != Kind.LENDER and not rival else ():
            ids = papers_of_others(world, name, kind)
            for path in (each for each in WRITES if not is_own_business(kind, each, name)):
                body = json.dumps(ids.body(path)).encode()
                method = "GET" if path.endswith("{order}") else "POST"
                answer: Any = client.generic(method, ids.fill(path), body, "application/json", headers=headers)
                assert answer.status_code in (403, 404, 409, 422), (kind, name, path, answer.content)
    for role in roles:
        permission = ROLES[role]
        for person, at_home in visitors(world.cast, role) if permission.kind in OWN_KINDS else ():
            browser = signed_in(person)
            for name in RELATIONS if at_home else ():
                ids, reads = papers_of_others(world, name, permission.kind), sees(person.login, role, name)
                for path in forms_of(role, name):
                    found = browser.post(ids.fill(path), ids.form()).status_code
                    wanted = {303 if reads else 404} if path == NOTES else {404, 409, 422}
                    assert found in wanted, (role, name, path, found)
                    sent[permission.kind] += 1
    assert all(count for kind, count in sent.items() if kind in {ROLES[role].kind for role in roles})
    assert states(without=[Note]) == before


NOTES = "/cases/{case}/notes"


def forms_of(role: Role, name: str) -> list[str]:
    """The forms that this role may send at all; to others each of them is 403, which `tests.test_isolation` asks with the rivals."""
    permission = ROLES[role]
    return [path for path, act in FORMS.items() if act in permission.acts and not is_own_business(permission.kind, path, name)]


def sees(login: str, role: Role, name: str) -> bool:
    return ROLES[role].kind in SEEN_BY[name] and (role != Role.COLLECTION_AGENT or login == TO_HIM)
