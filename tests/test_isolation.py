"""The matrix of isolation: every route that names or lists a case or a record × every role and kind of machine × each way to a case.

One world is built once: a lender with a case for each relation, a stranger with one of its own, an organisation of every kind and a rival
of it that nothing was opened to. Then everything is asked of everybody, read only, and the whole of the answers is held against the rule.
`tests/api/test_routes.py` and `tests/accounts/test_page_routes.py` ask the rest: keys that are not good, sessions that are not proven.
"""
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pytest
from django.db.models import Model
from django.test import Client
from pytest_django import Settings

from accounts.models import Organisation, Person
from accounts.permissions import ROLES, Act, Kind, Role
from accounts.scopes import SCOPES_OF, Scope
from cases.assigning import withdraw_cases
from cases.granting import revoke_grant
from cases.matters import submit_cases
from cases.models import AccessEvent, Assignment, Case, Distribution, Entrustment, Grant, Matter, Note, Order
from cases.models.access import RECEIVERS
from cases.roots import ACCEPTING
from evidence.models import CustodyEvent, Evidence, OriginalTicket, Relation, Supersession
from evidence.quarantine import quarantine_record
from evidence.quarantine_rows import Release
from tests.accounts.people import signed_in
from tests.api.page_table import PEOPLE, PUBLIC
from tests.api.test_routes import API, ROWS, UNKNOWN, routes
from tests.cases.cast import Cast
from tests.depositing import batch, deposit_body, document

NOWHERE = "0" * 32
# Who sees the lender's case of this name: by the kind of the one organisation that it was opened to.
SEEN_BY: dict[str, frozenset[Kind]] = {
    "own": frozenset({Kind.LENDER}), "assigned": frozenset({Kind.LENDER, Kind.COLLECTION_AGENCY}),
    "granted": frozenset({Kind.LENDER, *RECEIVERS}), "accepted": frozenset({Kind.LENDER, *ACCEPTING}),
    "ordered": frozenset({Kind.LENDER, Kind.COURT}), "revoked": frozenset({Kind.LENDER}), "other": frozenset(), "none": frozenset(),
}
# Routes of machines that name a record or a case, and the lists; all others of `ROWS` are about something else.
OF_A_RECORD = [
    f"{API}/evidence/{{record}}{part}" for part in ("", "/proof", "/timestamps", "/relations", "/package", "/package?scope=case")]
OF_A_CASE = [f"{API}/cases/{{case}}/accesses"]
CASE_FILE = f"{API}/cases/{{case}}"
# Only the owner changes parts of a file but the notes; `tests.cases.test_relations` asks for these.
PARTS_OF_A_FILE = {
    ("GET", CASE_FILE), ("PUT", CASE_FILE), ("PUT", f"{CASE_FILE}/stage"), ("POST", f"{CASE_FILE}/notes"),
    ("POST", f"{CASE_FILE}/reckoning/deposit"),
    *(("GET", f"{CASE_FILE}/{part}") for part in ("reckoning", "reckoning.csv", "completeness")),
}
LISTS = {f"{API}/{name}": name for name in ("evidence", "cases", "entrustments", "assignments", "grants", "matters", "orders")}
# What a machine may do to an id; the body names ids of the world. The last is read.
WRITES = [
    f"{API}/assignments", f"{API}/assignments/withdrawals", f"{API}/assignments/distributions", f"{API}/matters",
    f"{API}/matters/{{matter}}/acceptance", f"{API}/matters/{{matter}}/closing", f"{API}/orders", f"{API}/orders/{{order}}",
]
RELATIONS_OF_A_RECORD = f"{API}/evidence/{{record}}/relations"
# A deposit names its case: by the depositor's own reference, an agency's by the ref of a case that is assigned to it.
DEPOSITS = [f"{API}/evidence", f"{API}/evidence/batch"]
# Pages of people that list cases of others or act on them: the acts of which one is needed.
PAGES: dict[str, frozenset[Act]] = {
    "/access": frozenset({Act.DISTRIBUTE, Act.GRANT, Act.APPROVE_LARGE_GRANT}), "/docket": frozenset({Act.ACCEPT, Act.PREPARE}),
    "/orders": frozenset({Act.ORDER, Act.PREPARE}),
}
# What a page shows unasked has not ended; this shows all.
ALL_OF = {"/access": "?assignments=all", "/docket": "?matters=all&grants=all", "/orders": "?orders=all"}
# The cases that a matter or an order names, for the institution that holds it; a matter's for the lender that submitted them, too; those
# of a grant for the law firm that received it, whose docket its grants are.
NAMED_CASES: dict[str, frozenset[Act]] = {
    "/docket/{grant}/cases": PAGES["/docket"],
    "/docket/{matter}/cases": PAGES["/docket"], "/orders/{order}/cases": PAGES["/orders"],
    "/access/matters/{matter}/cases": PAGES["/access"],
}
SELECTION = "/access/selection"
FORMS: dict[str, Act] = {
    "/access/entrustments": Act.GRANT, "/access/entrustments/{entrustment}/end": Act.GRANT, "/access/assign": Act.DISTRIBUTE,
    "/access/withdraw": Act.DISTRIBUTE, "/access/distribute": Act.DISTRIBUTE, "/access/grants": Act.GRANT,
    "/access/grants/{grant}/approve": Act.APPROVE_LARGE_GRANT, "/access/grants/{grant}/revoke": Act.GRANT, "/access/submit": Act.PREPARE,
    "/docket/{matter}/accept": Act.ACCEPT, "/docket/{matter}/close": Act.ACCEPT, "/orders/add": Act.PREPARE,
    "/orders/{order}/open": Act.ORDER, "/orders/{order}/end": Act.ORDER,
    **{f"/cases/{{case}}/{part}": Act.KEEP_CASE for part in (
        "payments", "contacts", "consents", "consents/withdrawal", "creditors", "acceleration")},
    "/cases/{case}/notes": Act.READ_CASE, "/cases/{case}/stage": Act.KEEP_CASE, "/cases/{case}/reckoning/deposit": Act.KEEP_CASE,
}
# Pages of one case, and of those in which somebody deposits.
CASE_PAGES: dict[str, Act] = {
    "/work/{case_ref}": Act.DEPOSIT, "/cases/{ref}": Act.READ_CASE, "/cases/{case}/reckoning": Act.READ_CASE,
    "/cases/{case}/reckoning.csv": Act.READ_CASE,
}
# Who read a case, for its own organisation: either act. The page has the address of the API's answer, `OF_A_CASE`.
OF_READINGS = frozenset({Act.READ_CASE, Act.READ_AUDIT})
# Forms about one case or a selection of records that read and change nothing, and lists with their exports.
CASE_PACKAGE, SELECTED_PACKAGE = "/cases/{ref}/package", "/evidence/package"
EXPORTS, SEARCHED, SHOWN = ("/cases/export", "/evidence/export"), ("/cases", "/evidence"), ("/home", "/dashboard")
# Where somebody deposits: lists of his cases, and the form of one.
WORK, DEPOSIT_FORM = ("/work", "/visit"), "/work/{case_ref}/deposits"
# What people do with one record beside reading its public page: the page's own part, an original, 误存, and so on.
RECORD_PAGE, QUARANTINES = "/records/{number}", "/quarantines"


class RecordForm(NamedTuple):
    """`answers`: by method, where the record is there for who asks; what is typed is refused. `owned`: to the evidence's owner alone."""

    act: Act
    answers: dict[str, int]
    owned: bool = False


ORIGINAL = "/records/{number}/files/{position}"
RECORD_FORMS: dict[str, RecordForm] = {
    ORIGINAL: RecordForm(Act.READ_CASE, {"POST": 303}),
    "/records/{number}/supersede": RecordForm(Act.DEPOSIT, {"GET": 200, "POST": 422}),
    "/records/{number}/relate": RecordForm(Act.DEPOSIT, {"GET": 200, "POST": 422}),
    "/records/{number}/release": RecordForm(Act.RELEASE, {"GET": 200, "POST": 409}, owned=True),
}
# What was drawn of a file of it, for whoever may fetch that.
OF_A_VIEW = [f"/records/{{number}}/files/{{position}}/view{rest}" for rest in ("", "/state", "/{part}")]
SEARCH = f"{API}/cases/search"
# Everything else that is there, each address in full and by every method: public, about the visitor himself, his organisation's members,
# its webhooks and notices, which `tests/accounts/test_page_routes.py` asks by every role. Of batches whoever
# handed them in is told (`tests/evidence/test_batches.py`); the file that somebody has had checked for import is nobody else's
# (`tests/api/test_routes.py`).
NOTHING_OF_A_CASE = frozenset({
    "/", "/healthz", "/readyz", "/metrics", "/preferences", "/witness-guide", "/style", "/static/{path}", "/workplace", "/oauth/token",
    *(f"/log/{part}" for part in (
        "checkpoint", "incidents", "policy", "policy/{end}", "tile/{rest}", "timestamps", "vkey")),
    "/records", "/records/{number}/check", "/records/{number}/print.css", "/cases/{ref}/print.css",
    "/sign-in", "/sign-out", *(f"/sign-in/{part}" for part in (
        "at/{ref}", "at/{ref}/callback", "at/{ref}/go", "inactive", "passkey", "second-factor")), "/invitations/{token}",
    "/account", *(f"/account/{part}" for part in (
        "confirm", "confirm/passkey", "lock", "notifications", "notifications/confirm", "notifications/confirm/{token}",
        "notifications/number", "password",
        "second-factor", "second-factor/app", "second-factor/app/remove", "second-factor/passkeys", "second-factor/passkeys/add",
        "second-factor/passkeys/{pk}/name", "second-factor/passkeys/{pk}/remove", "second-factor/recovery-codes",
        "second-factor/recovery-codes/new", "sessions", "sessions/{session_id}/end")),
    "/keys", "/keys/{key_id}/revoke", "/keys/signing/{key_id}/revoke",
    "/organisation", "/organisations", "/reviews", "/operations", "/audit", "/audit/export",
    "/audit/custody", "/audit/custody/export", "/evidence/batches", "/evidence/batches/{ref}", "/inbox", "/inbox/read",
    *(f"/organisations/{{ref}}/{part}" for part in (
        "activate", "administrator", "administrator/{replacement_id}/confirm", "administrator/{replacement_id}/withdraw", "details",
        "invitations", "invitations/{invitation_id}/withdraw", "keys", "keys/new", "keys/{key_id}/revoke", "members",
        "members/{membership_id}/end", "members/{membership_id}/renew", "review", "sign-in", "sign-in/provider", "sign-in/provider/remove",
        "signing-keys", "signing-keys/{key_id}/revoke", "status", "webhooks", "webhooks/new", "webhooks/{webhook}",
        "webhooks/{webhook}/delete", "webhooks/{webhook}/secret", "webhooks/{webhook}/test",
        "workstations/{key_id}/approve", "workstations/{key_id}/revoke")),
    "/apply", *(f"/apply/status/{{token}}{part}" for part in ("", "/papers", "/withdraw")),
    "/applications", "/applications/{reference}", "/applications/{reference}/papers/{paper_id}",
    "/agreement", "/agreement/acceptance", "/practice", "/practice/file", "/practice/package", "/platform-facts", "/platform-facts/new",
    "/rate-caps", "/rate-caps/add", "/rate-caps/end", "/rate-caps/remove",
    "/cases/import", *(f"/cases/import/{part}" for part in (
        "template.csv", "{checked}", "{checked}/confirm", "{checked}/state",
        "payments", "payments/template.csv", "payments/{checked}/confirm")),
    *(f"{API}/{part}" for part in (
        "disclosures", "kinds", "kinds/{kind}/{version}", "notices", "notices/{notice}/read", "rate-caps",
        "schema", "verify", "webhooks",
        "webhooks/{webhook}", "webhooks/{webhook}/deliveries", "webhooks/{webhook}/secret", "webhooks/{webhook}/test",
        "records/{record}", "records/{record}/proof", "records/{record}/statement", "records/{record}/timestamps",
        "cases/imports", "cases/imports/{checked}", "cases/imports/{checked}/confirm",
        "cases/imports/payments", "cases/imports/payments/{checked}/confirm")),
})


# A new case is one's own, whatever it is called.
NEW_CASE = ("POST", f"{API}/cases")


def asked() -> Iterator[tuple[str, str]]:
    """(method, address) of all that is asked here, and in the second part of the matrix (`tests.cases.test_relations`)."""
    reading = (
        "/cases/{ref}/accesses", *NAMED_CASES, *PAGES, *CASE_PAGES, *SHOWN, *SEARCHED, *WORK, *LISTS, *OF_A_RECORD, *OF_A_CASE, RECORD_PAGE,
        *OF_A_VIEW, QUARANTINES, WRITES[-1])
    sending = (
        SELECTION, *FORMS, CASE_PACKAGE, SELECTED_PACKAGE, *EXPORTS, *SEARCHED, DEPOSIT_FORM, SEARCH, *WRITES[:-1], *DEPOSITS,
        RELATIONS_OF_A_RECORD)
    yield from (("GET", path) for path in reading)
    yield from (("POST", path) for path in sending)
    yield from ((method, path) for path, form in RECORD_FORMS.items() for method in form.answers)
    yield from PARTS_OF_A_FILE


def generic(path: str) -> str:
    return re.sub(r"\{\w+\}", "{ref}", path.partition("?")[0])


def test_every_route_and_method_that_is_about_cases_has_a_place_in_the_matrix() -> None:
    there = {*ROWS, *((method, path) for path, page in {**PEOPLE, **PUBLIC}.items() for method in page.methods)}
    paths = {path for path, _ in routes()}
    assert {path for _, path in there} == paths
    placed = {(method, generic(path)) for method, path in asked()}
    assert placed <= {(method, generic(path)) for method, path in there}
    others = {(method, path) for method, path in there if (method, generic(path)) not in placed}
    assert others == {NEW_CASE, *((method, path) for method, path in there if path in NOTHING_OF_A_CASE)}
    assert paths >= NOTHING_OF_A_CASE


def test_a_new_address_below_an_old_one_would_be_seen(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.api.one_route_below"
    with pytest.raises(AssertionError):
        test_every_route_and_method_that_is_about_cases_has_a_place_in_the_matrix()


@dataclass
class World:
    """`cases`: the lender's by what was done with them; `records`: numbers by the case's name, then those of the agency's own."""

    cast: Cast
    cases: dict[str, Case]
    records: dict[str, set[str]]
    agencys: dict[str, set[str]]

    def open_records(self, kind: Kind, rival: bool) -> set[str]:
        """What a machine of this kind may read of the lender's."""
        if rival:
            return set()
        seen = [name for name in self.cases if kind in SEEN_BY[name]]
        return set().union(*((self.agencys if kind == Kind.COLLECTION_AGENCY else self.records).get(name, set()) for name in seen))


@pytest.fixture
def cast(service: str) -> Cast:
    return Cast()


@pytest.fixture
def world(cast: Cast, stamp: Callable[[], None]) -> World:
    cast.keeps = True
    names = ("own", "assigned", "granted", "accepted", "ordered", "revoked")
    cases = {name: cast.case(f"LN-{name}") for name in names}
    # Auditors and the operator have no scope that they could give to a machine.
    machines = {kind: cast.machine(kind.value, kind) for kind in Kind if SCOPES_OF[kind]}
    for kind in list(machines):
        cast.machine(f"rival {kind.value}", kind)
    cast.assigned(cases["assigned"], to="collection_agent")
    taken_back = cast.assigned(cases["revoked"])
    agencys = {name: set(cast.deposit(machines[Kind.COLLECTION_AGENCY], cases[name].ref)) for name in ("assigned", "revoked")}
    withdraw_cases(cast.officer, [taken_back.ref], now=cast.now)
    acceptors = {Kind.NOTARY_OFFICE: Role.NOTARY, Kind.ARBITRATION_BODY: Role.CASE_SECRETARY, Kind.COURT: Role.JUDGE}
    for kind in RECEIVERS:
        grant = cast.granted(cases["granted"], kind.value, kind)
        revoke_grant(cast.legal, cast.granted(cases["revoked"], kind.value, kind), now=cast.now)
        if kind in ACCEPTING:
            submit_cases(cast.legal, grant, [cases["granted"].ref], purpose="公证", whole_case=False, now=cast.now)
            matter = cast.accepted(cases["accepted"], kind.value, cast.person(f"acceptor-{kind}", acceptors[kind]))
            revoke_grant(cast.legal, matter.grant, now=cast.now)
    cast.ordered(cases["ordered"])
    cases["other"] = Case.objects.get(pk=Evidence.objects.get(record=cast.paper(cast.machine("rival lender", Kind.LENDER))).case_id)
    stamp()
    return World(cast, cases, {name: set(Evidence.objects.filter(case=case).values_list("record", flat=True))
                               for name, case in cases.items()}, agencys)


@pytest.fixture
def roles() -> Iterable[Role]:
    """Whose people ask: everybody's. Whoever takes a gate away asks by those that the other gate tells apart."""
    return tuple(Role)


def machines(world: World) -> Iterator[tuple[Kind, bool, dict[str, str]]]:
    """(kind, whether it is the rival, headers) of a machine of each organisation."""
    for name, text in world.cast.keys.items():
        yield Kind(world.cast.organisations[name].kind), name.startswith("rival"), {"Authorization": f"Bearer {text}"}


def test_machines_read_what_is_open_to_their_organisation_and_everything_else_is_not_there(world: World, client: Client) -> None:
    wanted: dict[tuple[str, ...], int] = {}
    found: dict[tuple[str, ...], int] = {}
    for kind, rival, headers in machines(world):
        visible = world.open_records(kind, rival)
        own = world.records["other"] if (kind, rival) == (Kind.LENDER, True) else set()
        for name, seers in SEEN_BY.items():
            for number in sorted(world.records.get(name, {UNKNOWN})):
                for path in OF_A_RECORD:
                    key = (f"{kind} {rival}", name, path, number)
                    found[key] = client.get(path.replace("{record}", number), headers=headers).status_code
                    wanted[key] = status(kind, path, there=number in visible | own)
                # To itself a record has no relation: whoever sees it is told so.
                key = (f"{kind} {rival}", name, "POST", number)
                body = {"relation": "reply_to", "record": number}
                found[key] = client.post(
                    RELATIONS_OF_A_RECORD.replace("{record}", number), body, "application/json", headers=headers).status_code
                wanted[key] = 403 if Scope.EVIDENCE_WRITE not in SCOPES_OF[kind] else 422 if number in visible | own else 404
            ref = world.cases[name].ref if name in world.cases else NOWHERE
            key = (f"{kind} {rival}", name, OF_A_CASE[0], ref)
            found[key] = client.get(OF_A_CASE[0].replace("{case}", ref), headers=headers).status_code
            there = kind == Kind.LENDER and rival == (name == "other") and name != "none"
            wanted[key] = status(kind, OF_A_CASE[0], there=there)
            key = (f"{kind} {rival}", name, CASE_FILE, ref)
            found[key] = client.get(CASE_FILE.replace("{case}", ref), headers=headers).status_code
            wanted[key] = status(kind, OF_A_CASE[0], there=there or (kind in seers and not rival))
    assert {key: status for key, status in found.items() if status != wanted[key]} == {}
    assert set(found.values()) == {200, 403, 404, 422}
    assert not Relation.objects.exists()
    assert_readings_were_written(world)


def status(kind: Kind, path: str, *, there: bool) -> int:
    """A credential without the scope is told so whatever it asks about; with it, what is not open is not there."""
    scope = Scope.PACKAGES_FETCH if "/package" in path else Scope.CASES_READ if path in OF_A_CASE else Scope.EVIDENCE_READ
    return 403 if scope not in SCOPES_OF[kind] else 200 if there else 404


def assert_readings_were_written(world: World) -> None:
    """Whoever got something of a case that is not his organisation's stands in its trail, with root and purpose."""
    roots = set(CustodyEvent.objects.exclude(root=None).values_list("root", flat=True))
    assert roots == {"own", "assigned", "granted", "accepted", "ordered"}
    assert not CustodyEvent.objects.exclude(root=None).exclude(root="own").filter(purpose=None).exists()
    readers = AccessEvent.objects.filter(case=world.cases["granted"]).exclude(root="own").values_list("organisation__kind", flat=True)
    assert set(readers) == {kind.value for kind in RECEIVERS if Scope.EVIDENCE_READ in SCOPES_OF[kind]}


def test_lists_hold_what_is_open_and_nothing_more(world: World, client: Client) -> None:
    for kind, rival, headers in machines(world):
        pages = {path: client.get(path, headers=headers) for path in LISTS}
        assert {answer.status_code for answer in pages.values()} == {200}
        listed = {record["record"] for record in pages[f"{API}/evidence"].json()["records"]}
        foreign = Evidence.objects.filter(case__in=world.cases.values()).exclude(case__organisation__name=f"{'rival ' * rival}{kind.value}")
        assert listed & set(foreign.values_list("record", flat=True)) == (
            world.open_records(kind, rival) if kind != Kind.LENDER else set())
        names = {case.ref: name for name, case in world.cases.items()}
        shown = {names[case["case"]] for case in pages[f"{API}/cases"].json()["cases"] if case["case"] in names}
        assert shown == ({"other"} if (kind, rival) == (Kind.LENDER, True) else set() if rival else {
            name for name in world.cases if kind in SEEN_BY[name]}), kind
        rest = {name: pages[path].json()[name] for path, name in LISTS.items() if name not in ("evidence", "cases")}
        if rival:
            assert not any(rest.values())
        else:
            assert {name for name, rows in rest.items() if rows} == LISTED[kind], kind


LISTED: dict[Kind, set[str]] = {
    Kind.LENDER: {"entrustments", "assignments", "grants", "matters", "orders"}, Kind.COLLECTION_AGENCY: {"entrustments", "assignments"},
    Kind.NOTARY_OFFICE: {"grants", "matters"}, Kind.ARBITRATION_BODY: {"grants", "matters"}, Kind.COURT: {"grants", "matters", "orders"},
    Kind.LAW_FIRM: {"grants"},
}


@dataclass(frozen=True)
class Ids:
    """Refs of the lender's things, all of which are somebody's; for a stranger they are not there."""

    entrustment: str
    assignment: str
    grant: str
    matter: str
    order: str
    case: str

    def fill(self, path: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda name: str(getattr(self, name[1])), path)

    def form(self) -> dict[str, str]:
        return {"entrustment": self.entrustment, "assignments": self.assignment, "grant": self.grant, "cases": self.case, "purpose": "x",
                "number": "1", "file_days": "1", "document": UNKNOWN, "scope": "x", "ends_at": "2099-01-01",
                "text": "x", "stage": "closed", "seen": "open", "on": "2026-01-01", "key": "k" * 32}

    def body(self, path: str) -> dict[str, Any]:
        if path.endswith("/assignments"):
            return {"entrustment": self.entrustment, "cases": [self.case]}
        if path.endswith("/orders"):
            return {"number": "1", "document": UNKNOWN, "scope": "x", "starts_at": "2026-01-01T00:00:00.000Z",
                    "ends_at": "2099-01-01T00:00:00.000Z", "cases": [self.case]}
        if path.endswith("/matters"):
            return {"grant": self.grant, "cases": [self.case], "purpose": "x"}
        if path.endswith("/acceptance"):
            return {"number": "1", "file_days": 1}
        return {"assignments": [self.assignment], **({"agent": None} if path.endswith("distributions") else {})}


def ids_of(world: World) -> Ids:
    return Ids(
        Entrustment.objects.order_by("id")[0].ref, Assignment.objects.order_by("id")[0].ref, Grant.objects.order_by("id")[0].ref,
        Matter.objects.order_by("id")[0].ref, Order.objects.order_by("id")[0].ref, world.cases["own"].ref)


def test_strangers_change_nothing_by_any_route(world: World, client: Client, roles: Iterable[Role]) -> None:
    """Every id that there is, and one that there is not, offered to every route by people and machines that have nothing to do with it."""
    there, nowhere = ids_of(world), Ids(*[NOWHERE] * 6)
    before = states()
    for kind, rival, headers in machines(world):
        if not rival:
            continue
        for path in WRITES:
            answers = []
            for ids in (there, nowhere):
                method = "GET" if path.endswith("{order}") else "POST"
                data = json.dumps(ids.body(path)).encode()
                answers.append(client.generic(method, ids.fill(path), data, "application/json", headers=headers))
            assert {answer.status_code for answer in answers} <= {403, 404, 422}, (kind, path, [answer.content for answer in answers])
            assert answers[0].status_code == answers[1].status_code or path == f"{API}/orders", (kind, path)
    for role in roles:
        client_of = signed_in(rival_person(world.cast, role))
        own = {"other"} if ROLES[role].kind == Kind.LENDER else set()
        foreign = [replace(there, case=case.ref) for name, case in world.cases.items() if name not in own]
        for path, act in FORMS.items():
            of_case = "{case}" in path
            found = {client_of.post(ids.fill(path), ids.form()).status_code for ids in (*(foreign if of_case else [there]), nowhere)}
            assert found <= ({403} if act not in ROLES[role].acts else {404} if of_case else {404, 422}), (role, path, found)
    assert states() == before


def test_a_deposit_reaches_no_case_but_ones_own_and_what_is_assigned(world: World, client: Client) -> None:
    """Each kind of machine × each case, by its ref and by the lender's reference × one record and a batch."""
    lender, before = world.cast.organisations["lender"], dict(Case.objects.values_list("pk", "sequence"))
    for kind, rival, headers in machines(world):
        for case in () if (kind, rival) == (Kind.LENDER, False) else world.cases.values():
            for name in (case.ref, case.client_reference):
                one = deposit_body(document(case=name), b"x")
                answers = [client.post(DEPOSITS[0], one[0], content_type=one[1], headers=headers),
                           client.post(DEPOSITS[1], batch(1, case=name), "application/json", headers=headers)]
                named = name == case.ref and case == world.cases["assigned"]
                may = Scope.EVIDENCE_WRITE in SCOPES_OF[kind]
                agencys = 201 if named and not rival else 404
                wanted = 403 if not may else agencys if kind == Kind.COLLECTION_AGENCY else 201
                assert [answer.status_code for answer in answers] == [wanted, wanted], (kind, rival, name, answers[0].content)
    moved = {pk for pk, sequence in Case.objects.filter(organisation=lender).values_list("pk", "sequence") if before[pk] != sequence}
    assert moved == {world.cases["assigned"].pk}
    assert not Evidence.objects.filter(organisation=lender).exclude(deposited_by=None).exclude(
        deposited_by=world.cast.organisations["collection_agency"]).exists()


def rival_person(cast: Cast, role: Role) -> Person:
    kind = ROLES[role].kind
    cast.person(f"rival-{role}", role, "operator" if kind == Kind.OPERATOR else f"rival {kind.value}")
    return cast.people[f"rival-{role}"]


# The agent whom the lender's assigned case was distributed to; another agent of that agency sees nothing of it.
TO_HIM = "collection_agent"


def visitors(cast: Cast, role: Role) -> list[tuple[Person, bool]]:
    """(person, whether his organisation is the one that was let in): one of each, and of agents also the one who has the case."""
    cast.person(f"a-{role}", role)
    ours = [cast.people[f"a-{role}"], *([cast.people[TO_HIM]] if role == Role.COLLECTION_AGENT else [])]
    return [*((person, True) for person in ours), (rival_person(cast, role), False)]


def states(*, without: Sequence[type[Model]] = ()) -> list[Any]:
    """All values of the papers and cases."""
    models = (Entrustment, Assignment, Distribution, Grant, Matter, Order, Case, Note)
    return [list(model._default_manager.order_by("pk").values()) for model in models if model not in without]


def test_pages_show_each_role_what_is_its_own_organisations_business(world: World) -> None:
    """The ids of cases that stand on each page, for a person of each role at the organisation that was let in, and at its rival."""
    refs = {case.ref: name for name, case in world.cases.items()}
    for role, permission in ROLES.items():
        kind = permission.kind
        world.cast.person(f"a-{role}", role)
        for person, at_home in ((world.cast.people[f"a-{role}"], True), (rival_person(world.cast, role), False)):
            browser = signed_in(person)
            for path, acts in PAGES.items():
                answer = browser.get(path + ALL_OF[path])
                if acts.isdisjoint(permission.acts) or kind not in ONLY_FOR.get(path, Kind):
                    assert answer.status_code in (403, 404), (role, path)
                    continue
                assert answer.status_code == 200, (role, path)
                shown = {refs[ref] for ref in re.findall(r"[0-9a-f]{32}", answer.content.decode()) if ref in refs}
                assert shown == (ON_PAGES.get((path, kind), set()) if at_home else set()), (role, path)


ONLY_FOR = {"/docket": frozenset({*ACCEPTING, Kind.LAW_FIRM}), "/orders": frozenset({Kind.COURT})}


def test_the_cases_of_a_matter_or_an_order_are_told_to_its_institution_alone(world: World, roles: Iterable[Role]) -> None:
    """Each matter, grant and order × a person of each role, at home and at the rival; and the form that takes a selection of cases."""
    there: dict[str, list[Matter | Order | Grant]] = {
        "matter": list(Matter.objects.all()), "order": list(Order.objects.all()), "grant": list(Grant.objects.all())}
    for role in roles:
        permission = ROLES[role]
        world.cast.person(f"a-{role}", role)
        for person, at_home in ((world.cast.people[f"a-{role}"], True), (rival_person(world.cast, role), False)):
            browser = signed_in(person)
            place = world.cast.organisations[permission.kind.value] if at_home else None
            for path, acts in NAMED_CASES.items():
                name = re.findall(r"\{(\w+)\}", path)[0]
                for row in there[name]:
                    holder = world.cast.legal.organisation if path.startswith("/access") else holder_of(row)
                    wanted = 403 if acts.isdisjoint(permission.acts) else 200 if holder is not None and holder == place else 404
                    answer = browser.get(path.replace(f"{{{name}}}", row.ref))
                    assert answer.status_code == wanted, (role, path, at_home)
                    cases = {case.case.ref for case in row.cases.all()}
                    shown = {ref for ref in cases if ref in answer.content.decode()}
                    assert shown == (cases if wanted == 200 else set())
            own = at_home and permission.kind == Kind.LENDER
            selects = not permission.acts.isdisjoint({Act.DISTRIBUTE, Act.GRANT})
            answer = browser.post(SELECTION, {"chosen": world.cases["own"].ref})
            assert answer.status_code == (403 if not selects else 200 if own else 404), (role, at_home)
            assert ("LN-own" in answer.content.decode()) == (own and selects)


def holder_of(row: Matter | Order | Grant) -> Organisation | None:
    """On whose docket it stands; a grant on that of a law firm alone, for the others accept what is submitted under it."""
    if isinstance(row, Grant):
        return row.receiver if row.receiver_kind == Kind.LAW_FIRM else None
    return row.institution if isinstance(row, Matter) else row.court


ON_PAGES: dict[tuple[str, Kind], set[str]] = {
    ("/access", Kind.LENDER): {"assigned", "revoked", "granted", "accepted"}, ("/access", Kind.COLLECTION_AGENCY): {"assigned", "revoked"},
    **{("/docket", kind): {"granted", "accepted"} for kind in ACCEPTING}, ("/docket", Kind.LAW_FIRM): {"granted", "revoked"},
    ("/orders", Kind.COURT): {"ordered"},
}


def test_pages_of_a_case_open_by_role_and_root(world: World, roles: Iterable[Role]) -> None:
    """Each role's person × each case: a page to deposit is there for one's own and assigned cases, a page to read for what is open.

    An agent sees what was distributed to himself, and another of the same agency nothing of it.
    """
    refs = {case.ref: name for name, case in world.cases.items()}
    for role in roles:
        permission = ROLES[role]
        for person, at_home in visitors(world.cast, role):
            browser, own = signed_in(person), {"other"} if permission.kind == Kind.LENDER else set()
            open_ = {name for name, kinds in SEEN_BY.items() if permission.kind in kinds and (
                role != Role.COLLECTION_AGENT or person.login == TO_HIM)}
            readable = open_ if at_home else own
            working = readable if permission.kind == Kind.LENDER else readable & {"assigned"}
            for path, act in CASE_PAGES.items():
                names = working if act == Act.DEPOSIT else readable
                for name in SEEN_BY:
                    ref = world.cases[name].ref if name in world.cases else NOWHERE
                    wanted = {403} if act not in permission.acts else {200, 422} if name in names else {404}
                    assert browser.get(re.sub(r"\{\w+\}", ref, path)).status_code in wanted, (role, path, name, at_home)
            mine = ({"other"} if not at_home else SEEN_BY.keys() - {"other", "none"}) if permission.kind == Kind.LENDER else set()
            for name in SEEN_BY:
                ref = world.cases[name].ref if name in world.cases else NOWHERE
                wanted = {403} if permission.acts.isdisjoint(OF_READINGS) else {200} if name in mine else {404}
                assert browser.get(f"/cases/{ref}/accesses").status_code in wanted, (role, name, at_home)
                wanted = {403} if Act.FETCH not in permission.acts else {200} if name in readable else {404}
                assert browser.post(CASE_PACKAGE.replace("{ref}", ref)).status_code in wanted, (role, name, at_home)
                wanted = {403} if Act.DEPOSIT not in permission.acts else {422} if name in working else {404}
                assert browser.post(DEPOSIT_FORM.replace("{case_ref}", ref)).status_code in wanted, (role, name, at_home)
            records = world.open_records(permission.kind, not at_home or (role == Role.COLLECTION_AGENT and person.login != TO_HIM))
            for name in SEEN_BY:
                number = min(world.records.get(name, {UNKNOWN}))
                wanted = {403} if Act.FETCH not in permission.acts else {200} if number in records or name in own & readable else {404}
                assert browser.post(SELECTED_PACKAGE, {"record": number}).status_code in wanted, (role, name, at_home)
            assert_lists_hold(browser, {"/cases/export": {world.cases[name].ref for name in readable}, "/evidence/export": records},
                              world, role, readable)
            if Act.DEPOSIT in permission.acts:
                for path in WORK:
                    shown = {refs[ref] for ref in re.findall(r"[0-9a-f]{32}", browser.get(path).content.decode()) if ref in refs}
                    assert shown == working, (role, path, at_home)


def assert_lists_hold(browser: Client, exported: dict[str, set[str]], world: World, role: Role, readable: set[str]) -> None:
    """What stands in the lists and their exports of the lender's and its rival's cases and records: what is open, and nothing more."""
    refs = {case.ref: name for name, case in world.cases.items()}
    numbers = set().union(*world.records.values())
    if Act.READ_CASE not in ROLES[role].acts:
        assert {browser.post(path).status_code for path in (*exported, *SEARCHED)} == {403}
        return
    for path, wanted in exported.items():
        text = b"".join(browser.post(path).streaming_content).decode()  # type: ignore[attr-defined]
        of_own = world.records["other"] if "other" in readable else set()
        known = refs.keys() if path == "/cases/export" else numbers
        found = {word for word in re.findall(r"[0-9a-f]{32}|CZ-[0-9A-Z-]{20,}", text) if word in known}
        assert found == wanted | (of_own if path == "/evidence/export" else set()), (role, path)
    for method, path in (*(("GET", path) for path in (*SEARCHED, *SHOWN)), *(("POST", path) for path in SEARCHED)):
        page = browser.generic(method, path).content.decode()
        assert {name for ref, name in refs.items() if ref in page} <= readable, (role, path)
        open_numbers = set().union(*(world.records[name] for name in readable), set())
        assert {number for number in numbers if number in page} <= open_numbers, (role, path)


def test_searching_finds_what_is_open_and_nothing_more(world: World, client: Client) -> None:
    """By the reference that the lender gave, which whoever asks may know without having the case."""
    for kind, rival, headers in machines(world):
        for name, kinds in SEEN_BY.items():
            case = world.cases.get(name)
            sought = json.dumps({"reference": "LN-none" if case is None else case.client_reference}).encode()
            answer = client.post(SEARCH, sought, content_type="application/json", headers=headers)
            if Scope.CASES_READ not in SCOPES_OF[kind]:
                assert answer.status_code == 403, (kind, name)
                continue
            open_ = kind == Kind.LENDER and name == "other" if rival else kind in kinds
            # Others may call cases of their own the same: the documents of orders and grants stand in such.
            found = {each["case"] for each in answer.json()["cases"]} & {each.ref for each in world.cases.values()}
            assert found == ({case.ref} if case is not None and open_ else set()), (kind, rival, name)


def test_records_are_shown_fetched_and_marked_by_role_and_root(world: World, roles: Iterable[Role]) -> None:
    """Each role's person × each record: its private part, its original and the forms about it are there for what is open to him.

    To the agent who has the case, his agency's records in it; to its other agents none.
    """
    numbers = [*sorted(set().union(*world.records.values())), UNKNOWN]
    before = Evidence.objects.count()
    fetched = 0
    for role in roles:
        permission = ROLES[role]
        for person, at_home in visitors(world.cast, role):
            browser = signed_in(person)
            own = world.records["other"] if permission.kind == Kind.LENDER and not at_home else set()
            closed = not at_home or (role == Role.COLLECTION_AGENT and person.login != TO_HIM)
            open_ = world.open_records(permission.kind, closed) | own
            for number in numbers:
                key, there = (role, at_home, number), number in open_ and Act.READ_CASE in permission.acts
                page = browser.get(RECORD_PAGE.replace("{number}", number))
                assert ("a.txt" in page.content.decode()) == there, key
                for path, form in RECORD_FORMS.items():
                    for method, answered in form.answers.items():
                        given = there and (not form.owned or (at_home and permission.kind == Kind.LENDER) or number in own)
                        wanted = 403 if form.act not in permission.acts else answered if given else 404
                        found = browser.generic(method, path.format(number=number, position=1)).status_code
                        assert found == wanted, (key, method, path)
                missing = 403 if Act.READ_CASE not in permission.acts else 404
                assert browser.post(ORIGINAL.format(number=number, position=2)).status_code == missing, key
                fetched += there
                for path in OF_A_VIEW:
                    # Nothing was drawn, so there is no part for anybody.
                    view = 200 if there and "{part}" not in path else 404
                    seen = browser.get(path.format(number=number, position=1, part=1))
                    assert seen.status_code == (403 if Act.READ_CASE not in permission.acts else view), (key, path)
    assert fetched > len(list(roles))
    assert (Evidence.objects.count(), Supersession.objects.count(), Relation.objects.count(), Release.objects.count()) == (before, 0, 0, 0)
    assert OriginalTicket.objects.count() == fetched


def test_quarantines_are_listed_for_the_owner_of_the_evidence_alone(world: World, roles: Iterable[Role]) -> None:
    """Every record is in quarantine: who may end that sees those of his own organisation, whatever else he may read."""
    for evidence in Evidence.objects.filter(case__in=world.cases.values()):
        quarantine_record(evidence, reason="Eicar-Signature")
    numbers = set().union(*world.records.values())
    lenders = numbers - world.records["other"]
    for role in roles:
        permission = ROLES[role]
        for person, at_home in visitors(world.cast, role):
            answer = signed_in(person).get(QUARANTINES)
            assert answer.status_code == (200 if Act.RELEASE in permission.acts else 403), (role, at_home)
            shown = {number for number in numbers if number in answer.content.decode()}
            wanted = set() if answer.status_code == 403 else lenders if at_home else world.records["other"]
            assert shown == wanted, (role, at_home)
