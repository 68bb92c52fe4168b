"""Every table with something of an organisation's is behind the second gate, or says why not; a session that was told nothing sees nothing.

The tests speak to PostgreSQL as the web's role and without any selector, as a mistake in the application would.
"""
import secrets
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from django.apps import apps
from django.db import DatabaseError, ProgrammingError, connection, models, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.permissions import Kind, Role
from accounts.viewer import Viewer
from cases.filing import add_note
from cases.granting import revoke_grant
from cases.models import (
    AccessEvent,
    Agreement,
    Assignment,
    Case,
    Charge,
    Consent,
    ContactPoint,
    Creditor,
    CreditorSide,
    Drawdown,
    Entrustment,
    Grant,
    GrantedCase,
    Note,
    NoteText,
    Order,
    Party,
    Payment,
)
from common import tenancy
from common.bulk import FEW_ROWS, Insert, insert_all
from common.tenancy import forget, forget_between_requests, on_behalf_of, open_record, opened, tell_viewer
from common.web_role import make_web_role, missing_privileges, why_no_web_role, works_for_everybody
from evidence.batch_rows import DepositBatch
from evidence.models import CustodyEvent, Evidence, EvidenceFile, Relation, Rendering
from evidence.quarantine import quarantine_record
from evidence.quarantine_rows import Release
from evidence.renderings import failed_renderings
from tests.cases.case_files import Send, case_body, sender
from tests.cases.cast import DAY, Cast
from tests.web_role import acting_as
from tlog.times import CHINA

# Tables without a policy, and why they have none (docs/adr/0019). Those of the log and of the workers are nobody's.
OPEN_TO_ALL = {
    "evidence_stampstold": "one row that says how far the workers are; nothing of anybody",
    "evidence_platformfact": "what the operator says of the platform, to everybody",
    "evidence_platformreminder": "when the operator was reminded of those",
    "evidence_applicationpaper": "papers of whoever is no organisation yet: shown by the application's token or to the operator's staff",
    "evidence_fixityround": "how far the scrub of all originals is; nothing of anybody",
    "evidence_paperticket": "leave to fetch one of those papers, found by the digest of its token; it names nothing else",
    **dict.fromkeys((f"accounts_{name}" for name in (
        "organisation", "person", "membership", "invitation", "signinrules", "identityprovider", "linkedidentity",
        "workstationfactor",
    )), "read to find out who somebody is and where he works, before a tenant is known"),
    **dict.fromkeys((f"accounts_{name}" for name in ("apikey", "signingkey", "signaturenonce")),
                    "a key says whose it is: it is found by its own name before its organisation is"),
    **dict.fromkeys((f"accounts_{name}" for name in ("auditentry", "audithead")),
                    "sign-ins, refused ones too, are written into it for organisations that nobody was told, and acts into the operator's"),
    **dict.fromkeys((f"accounts_{name}" for name in (
        "application", "applicationcheck", "agreement", "replacement", "trialstep", "annualreview",
    )), "letting in: of whoever is no organisation yet, or between an organisation and two of the operator's people"),
    **dict.fromkeys((f"notifications_{name}" for name in ("notice", "noticereading")),
                    "left by one organisation in another's inbox in the transaction of the act; nothing in them is personal"),
    **dict.fromkeys((f"notifications_{name}" for name in ("message", "channel", "addressletter")),
                    "one person's own, at whichever of his organisations he works"),
    "vault_storedobject": "names and sizes of what is stored: who sees the row that names one finds it by its id",
}
TENANTS = ("accounts", "cases", "evidence", "notifications", "vault")


def content_models() -> list[type[models.Model]]:
    return [model for label in TENANTS for model in apps.get_app_config(label).get_models(include_auto_created=True)]


def guarded() -> list[type[models.Model]]:
    return [model for model in content_models() if model._meta.db_table not in OPEN_TO_ALL]


def test_every_table_of_an_organisation_is_behind_the_gate_or_says_why_not(database: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        closed = {row[0] for row in cursor.fetchall()}
        cursor.execute("SELECT tablename, policyname FROM pg_policies")
        policies = set(cursor.fetchall())
    tables = {model._meta.db_table for model in content_models()}
    assert tables - closed == set(OPEN_TO_ALL)
    assert closed <= tables
    for table in closed:
        assert {(table, "cunzheng_owner"), (table, "cunzheng_select")} <= policies, table


@pytest.fixture
def cast(service: str) -> Cast:
    return Cast()


@pytest.fixture
def full(cast: Cast) -> Case:
    """A case with a row in as many tables as the services fill at once, opened to one organisation of each kind."""
    case = cast.case("LN-1")
    assert sender(Client(), cast.legal.organisation)("POST", "/cases", case_body()).status_code == 201
    cast.assigned(case, to="agent")
    cast.granted(case, "law_firm", Kind.LAW_FIRM)
    cast.ordered(case, kinds=("sms",))
    forget()  # the connection is the one that the request was made by
    return case


def test_a_session_that_was_told_nothing_sees_no_row_and_changes_none(full: Case, web: str) -> None:
    filled = {model for model in guarded() if model._default_manager.exists()}
    assert {Case, Party, Evidence, EvidenceFile, CustodyEvent, Assignment, Grant, GrantedCase, Entrustment} <= filled
    with acting_as(web):
        assert [model for model in guarded() if model._default_manager.exists()] == []
        assert Case.objects.update(stage="closed") == 0
        with pytest.raises(ProgrammingError, match="row-level security"):
            Case.objects.create(organisation=full.organisation, ref="0" * 32, client_reference="x", created_at=timezone.now())


def test_an_organisation_sees_its_own_and_a_stranger_nothing(full: Case, cast: Cast, web: str) -> None:
    rival = cast.organisation("rival", Kind.LENDER)
    counts = {model: model._default_manager.count() for model in guarded()}
    with acting_as(web):
        tell_viewer(rival.pk)
        assert {model for model in guarded() if model._default_manager.exists()} == set()
        tell_viewer(full.organisation_id)
        seen = {model: model._default_manager.count() for model in guarded()}
        forget()
        assert not Evidence.objects.exists()
    whole = {Case, Party, Assignment, Entrustment, Grant, GrantedCase}
    assert {model: seen[model] for model in (Party, Assignment, Entrustment, Grant, GrantedCase)} == {
        model: counts[model] for model in whole - {Case}}
    assert seen[Evidence] == Evidence.objects.filter(organisation=full.organisation).count() < counts[Evidence]


def test_each_root_opens_what_it_opens_and_no_longer(full: Case, cast: Cast, web: str) -> None:
    agency, firm, court = (cast.organisations[name].pk for name in ("collection_agency", "law_firm", "court"))
    agent, record = cast.people["agent"], Evidence.objects.get(case=full)

    def sees(organisation: int, person: int | None = None) -> tuple[bool, bool]:
        with acting_as(web):
            tell_viewer(organisation, only_person=person)
            return Case.objects.filter(pk=full.pk).exists(), Evidence.objects.filter(pk=record.pk).exists()

    # The agency sees the case, and of its records those that it deposited.
    assert (sees(agency), sees(firm), sees(court)) == ((True, False), (True, True), (True, True))
    assert (sees(agency, agent.pk), sees(agency, agent.pk + 1)) == ((True, False), (False, False))
    Assignment.objects.update(includes_all=True)
    assert sees(agency) == (True, True)
    Grant.objects.update(needs_second=True)
    assert sees(firm) == (False, False)
    Grant.objects.update(approved_at=cast.now, approved_by="person:0")
    assert sees(firm) == (True, True)
    Assignment.objects.update(withdrawn_at=timezone.now())
    Grant.objects.update(revoked_at=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cases_orderedkind SET kind = 'contract'")
    assert (sees(agency), sees(firm), sees(court)) == ((False, False), (False, False), (True, False))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cases_order SET starts_at = now() - interval '2 days', ends_at = now() - interval '1 day'")
    assert sees(court) == (False, False)


def test_a_relation_is_there_for_who_may_see_both_records_and_written_by_who_deposited(full: Case, cast: Cast, web: str) -> None:
    court, firm = cast.organisations["court"].pk, cast.organisations["law_firm"].pk
    message = Evidence.objects.get(case=full)
    [number] = cast.deposit(cast.legal, "LN-1", kind="contract")
    contract = Evidence.objects.get(record=number)
    ends = {"said_by": contract, "source": contract, "relation": "derived_from", "target": message}
    with acting_as(web):
        tell_viewer(firm)
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Relation.objects.create(**ends)
        tell_viewer(full.organisation_id)
        Relation.objects.create(**ends)
        seen = {}
        for organisation in (full.organisation_id, firm, court):
            tell_viewer(organisation)
            seen[organisation] = Relation.objects.count()
    # The court's order is for messages alone.
    assert seen == {full.organisation_id: 1, firm: 1, court: 0}


def test_the_end_of_a_quarantine_is_its_owners_to_write_and_no_web_process_says_that_it_failed(full: Case, cast: Cast, web: str) -> None:
    firm, rival = cast.organisations["law_firm"].pk, cast.organisation("rival", Kind.LENDER).pk
    made = quarantine_record(Evidence.objects.get(case=full), reason="Eicar-Signature")
    proposed = {"quarantine": made, "reason": "误报", "proposed_by": cast.legal.person, "proposed_at": timezone.now()}
    with acting_as(web):
        for stranger in (firm, rival):
            tell_viewer(stranger)
            with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
                Release.objects.create(**proposed)
        tell_viewer(full.organisation_id)
        release = Release.objects.create(**proposed)
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Release.objects.filter(pk=release.pk).update(
                approved_at=timezone.now(), approved_by=cast.people["agent"], failed_at=timezone.now())
        tell_viewer(firm)
        assert Release.objects.update(reason="x") == 0
        tell_viewer(rival)
        assert not Release.objects.exists()


def file_of_dates(send: Send, case: Case, days: list[date]) -> None:
    """Into the case's file and its notes: something of each dated part on each of these days; the debt was assigned on the last."""
    body = case_body(
        drawdowns=[{**case_body()["drawdowns"][0], "reference": f"JJ-{on}", "drawn_on": f"{on}"} for on in days],
        payments=[{"reference": f"SK-{on}", "received_on": f"{on}", "amount": "1.00"} for on in days],
        charges=[{"reference": f"F-{on}", "drawdown": f"JJ-{days[0]}", "charged_on": f"{on}", "amount": "1.00", "is_fee": True}
                 for on in days],
        creditor_sides=[*case_body()["creditor_sides"], {"assigned_on": f"{days[-1]}", "creditors": [{"name": "受让人", "share": "1"}]}])
    body["parties"][0]["consents"] = [{"kind": "recording", "document": f"x-{on}", "given_on": f"{on}"} for on in days]
    body["agreement"]["signed_on"] = f"{days[-1]}"
    answer = send("PUT", f"/cases/{case.ref}", {**{name: body[name] for name in body.keys() - {"reference"}}, "version": 1})
    assert answer.status_code == 200, answer.content
    send("POST", f"/cases/{case.ref}/notes", {"text": "事后", "shared": True})


# Of each table that has a date how many rows a case has that was filled by `file_of_dates`, and how many of them are dated until the first
# two of its three days.
OF_DATES: dict[type[models.Model], tuple[int, int]] = {
    Agreement: (1, 0), Drawdown: (3, 2), Payment: (3, 2), Charge: (3, 2), CreditorSide: (2, 1), Creditor: (2, 1), Consent: (3, 2),
    Note: (1, 0), NoteText: (1, 0),
}


def test_what_is_dated_after_the_moment_of_an_acceptance_is_hidden(cast: Cast, web: str) -> None:
    """The rows alone, whatever an application would leave out; to the lender, and to whoever has a root that lives, they are there."""
    cast.now = timezone.now().replace(microsecond=0) - 10 * DAY
    case, send = cast.case("LN-1"), sender(Client(), cast.legal.organisation)
    assert send("POST", "/cases", case_body(reference="LN-1")).status_code == 201
    cast.organisation("agency", Kind.COLLECTION_AGENCY)
    matters = {name: cast.accepted(case, name, cast.person(f"n-{name}", Role.NOTARY, name), whole_case=name == "growing")
               for name in ("growing", "standing")}
    # Submitted as it stood that day, and as it grows until the grant is revoked, which is the day after.
    day = cast.now.astimezone(CHINA).date()
    cast.now += DAY
    for matter in matters.values():
        revoke_grant(cast.legal, matter.grant, now=cast.now)
    alive = cast.accepted(case, "third", cast.person("n-third", Role.NOTARY, "third"), whole_case=True)
    file_of_dates(send, case, [day - DAY, day, day + 2 * DAY])

    def seen(organisation: str) -> dict[type[models.Model], int]:
        with acting_as(web):
            tell_viewer(cast.organisations[organisation].pk)
            return {model: model._default_manager.count() for model in OF_DATES}

    everything, until = {model: counts[0] for model, counts in OF_DATES.items()}, {model: counts[1] for model, counts in OF_DATES.items()}
    assert (seen("standing"), seen("growing"), seen("third"), seen("lender")) == (until, until, everything, everything)
    assert set(seen("agency").values()) == {0}
    # An order that opens the file as it is now is the wider one; one that opens some kinds of evidence opens the sides of the debt.
    cast.ordered(case, court="court", kinds=("sms",))
    identity = {model: counts[0] if model in (CreditorSide, Creditor) else 0 for model, counts in OF_DATES.items()}
    assert seen("court") == identity
    cast.ordered(case, court="court")
    assert seen("court") == everything
    # What is accepted as of a moment and granted again is open as it is now, until that grant is revoked.
    again = cast.granted(case, "standing", Kind.NOTARY_OFFICE)
    for counts in (everything, until):
        counts[Consent] += 1  # the one that the grant rests on, of long ago
    assert seen("standing") == everything
    revoke_grant(cast.legal, again, now=timezone.now())
    revoke_grant(cast.legal, alive.grant, now=timezone.now())
    assert (seen("standing"), seen("third")) == (until, everything)


def test_what_is_open_to_read_cannot_be_written(full: Case, cast: Cast, web: str) -> None:
    agency, firm = cast.organisations["collection_agency"].pk, cast.organisations["law_firm"].pk
    grant, contract = Grant.objects.get(), Entrustment.objects.get()
    other = cast.case("LN-3")
    new_assignment = {"entrustment": contract, "case": other, "assigned_at": cast.now, "assigned_by": "x"}
    tries: list[tuple[int, Callable[[], object]]] = [
        # To open more to oneself than the other side opened.
        (firm, lambda: GrantedCase.objects.create(grant=grant, case=other)),
        (agency, lambda: Assignment.objects.create(ref="0" * 32, **new_assignment)),
        (firm, lambda: Grant.objects.update(ends_at=timezone.now() + timedelta(days=999))),
        (agency, lambda: Entrustment.objects.update(ends_at=timezone.now() + timedelta(days=999))),
        # To write a trail in another's name.
        (firm, lambda: AccessEvent.objects.create(
            case=full, at=cast.now, what="case", actor="x", organisation=full.organisation, roles="", signed_in="key", root="own",
            request_id="x")),
    ]
    for organisation, attempt in tries:
        with acting_as(web):
            tell_viewer(organisation)
            with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
                attempt()
    with acting_as(web):
        tell_viewer(firm)
        assert Case.objects.update(stage="closed") == 0
        tell_viewer(full.organisation_id)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM evidence_custodyevent")


def test_a_number_opens_its_record_and_a_key_its_row(full: Case, cast: Cast, web: str) -> None:
    records = list(Evidence.objects.filter(organisation=full.organisation).order_by("id"))
    with acting_as(web):
        open_record(records[0].record)
        assert list(Evidence.objects.all()) == [records[0]]
        assert EvidenceFile.objects.exists()
        assert not Case.objects.exists()
        forget()
        with opened(records=f"{records[0].pk},{records[1].pk}"):
            assert set(Evidence.objects.all()) == set(records[:2])
        with opened(cases=full.ref):
            assert list(Case.objects.all()) == [full]
        assert not Evidence.objects.exists()
        assert not Case.objects.exists()


def test_what_was_told_survives_failures_and_goes_with_the_connection(full: Case, cast: Cast, web: str) -> None:
    lender, rival = full.organisation_id, cast.organisation("rival", Kind.LENDER).pk
    with acting_as(web):
        tell_viewer(lender)
        with pytest.raises(DatabaseError), transaction.atomic(), on_behalf_of(rival), connection.cursor() as cursor:
            cursor.execute("SELECT 1/0")
        assert Case.objects.filter(pk=full.pk).exists()
        with transaction.atomic():
            with pytest.raises(DatabaseError), on_behalf_of(rival), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT 1/0")
            assert Case.objects.filter(pk=full.pk).exists()
    connection.close()
    with acting_as(web):
        assert not Case.objects.exists()
        tell_viewer(lender)
        assert Case.objects.filter(pk=full.pk).exists()


def test_a_request_begins_as_nobodys_whoever_came_before(full: Case, web: str) -> None:
    seen: list[bool] = []

    def answer(_request: HttpRequest) -> HttpResponse:
        seen.append(Case.objects.exists())
        return HttpResponse()

    with acting_as(web):
        tell_viewer(full.organisation_id)
        assert Case.objects.exists()
        forget_between_requests(answer)(HttpRequest())
    assert seen == [False]


def test_what_does_not_change_is_not_told_again(full: Case, web: str) -> None:
    said: list[str] = []

    def listen(execute: Callable[..., object], sql: str, *rest: object) -> object:
        said.append(sql)
        return execute(sql, *rest)

    forget()
    with connection.execute_wrapper(listen):
        tell_viewer(full.organisation_id)
        tell_viewer(full.organisation_id)
        forget()
        forget()
    assert len(said) == 2


def test_many_rows_pass_the_policies_in_bulk(full: Case, cast: Cast, web: str) -> None:
    """PostgreSQL takes no COPY where the policies judge, so many rows take another way; and a foreign one among them stops them all."""
    columns = ("evidence_id", "position", "size_bytes", "sha256_hmac", "stored_object_id")
    record = Evidence.objects.filter(organisation=full.organisation).order_by("id")[0]
    foreign = Evidence.objects.exclude(organisation=full.organisation).order_by("id")[0]
    rows = [(record.pk, position, 1, bytes(32), None) for position in range(2, FEW_ROWS + 3)]
    with acting_as(web):
        tell_viewer(full.organisation_id)
        for _ in range(2):
            with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
                insert_all([Insert(EvidenceFile, columns, [*rows, (foreign.pk, 99, 1, bytes(32), None)])])
        with transaction.atomic():
            insert_all([Insert(EvidenceFile, columns, rows)])
            insert_all([Insert(EvidenceFile, columns, [(record.pk, 100 + row[1], 1, bytes(32), None) for row in rows])])
    assert EvidenceFile.objects.filter(evidence=record).count() == 1 + 2 * len(rows)


@pytest.fixture
def plain_owner(full: Case, web: str) -> Iterator[str]:
    """A role that owns everything here and is no superuser, as in production."""
    name = f"cunzheng_owner_{secrets.token_hex(4)}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name}")
        cursor.execute(f"GRANT CREATE ON SCHEMA public TO {name}")
        cursor.execute(
            "SELECT format('ALTER TABLE %s OWNER TO {0}', oid::regclass) FROM pg_class WHERE relkind IN ('r', 'v')"
            " AND relnamespace = 'public'::regnamespace UNION ALL SELECT format('ALTER FUNCTION %s OWNER TO {0}', oid::regprocedure)"
            " FROM pg_proc WHERE pronamespace = 'public'::regnamespace".replace("{0}", name))
        for [statement] in cursor.fetchall():
            cursor.execute(statement)
    make_web_role(web)
    yield name
    with connection.cursor() as cursor:
        cursor.execute(f"REASSIGN OWNED BY {name} TO current_user; DROP OWNED BY {name}; DROP ROLE {name}")


def test_an_owner_without_privileges_of_a_superuser_sees_all_and_the_web_what_it_should(
    full: Case, cast: Cast, web: str, plain_owner: str
) -> None:
    counts = {model: model._default_manager.count() for model in guarded()}
    with acting_as(plain_owner):
        assert {model: model._default_manager.count() for model in guarded()} == counts
        assert works_for_everybody()
        assert why_no_web_role() is not None
    firm, court = cast.organisations["law_firm"].pk, cast.organisations["court"].pk
    with acting_as(web):
        assert [model for model in guarded() if model._default_manager.exists()] == []
        for organisation in (full.organisation_id, firm, court):
            tell_viewer(organisation)
            assert Case.objects.filter(pk=full.pk).exists()
            assert all(model._default_manager.count() <= count for model, count in counts.items())
            assert Order.objects.exists() == (organisation != firm)
        assert not works_for_everybody()
        assert why_no_web_role() is None
        assert missing_privileges() == []


def test_the_settings_are_those_that_the_policies_read(database: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(coalesce(qual, '') || coalesce(with_check, ''), ' ') FROM pg_policies")
        text = cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(prosrc, ' ') FROM pg_proc WHERE proname LIKE 'cunzheng%'")
        text += cursor.fetchone()[0]
    assert {name for name in tenancy.NAMES if f"'cunzheng.{name}'" in text} == set(tenancy.NAMES)


def test_while_figures_are_made_failed_renderings_are_counted_and_nothing_else_is_seen(full: Case, web: str) -> None:
    file = EvidenceFile.objects.filter(evidence__case=full)[0]
    made = Rendering.objects.create(file=file, version=1, kind="", refused="failed", made_at=timezone.now())
    with acting_as(web):
        assert not Rendering.objects.exists()
        assert failed_renderings() == 1
        with opened(failures="counted"):
            assert list(Rendering.objects.values_list("pk", flat=True)) == [made.pk]
            assert [model for model in guarded() if model is not Rendering and model._default_manager.exists()] == []
        assert not Rendering.objects.exists()
    Rendering.objects.filter(pk=made.pk).update(refused="damaged")
    with acting_as(web):
        assert failed_renderings() == 0


def test_whoever_sees_a_case_writes_notes_on_it_and_nobody_else(cast: Cast) -> None:
    case, agency = cast.case("LN-1"), cast.organisation("collection_agency", Kind.COLLECTION_AGENCY)
    cast.assigned(case)
    stranger = cast.organisation("law_firm", Kind.LAW_FIRM)
    statuses = [sender(Client(), who)("POST", f"/cases/{case.ref}/notes", b'{"text": "x"}').status_code for who in (agency, stranger)]
    assert statuses == [201, 404]


def test_an_order_for_some_kinds_opens_no_more_of_a_file_than_who_is_concerned(full: Case, cast: Cast, web: str) -> None:
    """Without a selector, as a mistake in the application would ask; an order without kinds opens it all."""
    court, firm = cast.organisations["court"].pk, cast.organisations["law_firm"].pk
    beyond = (Agreement, Drawdown, ContactPoint, Consent)
    assert sender(Client(), cast.legal.organisation)("POST", "/cases", case_body(reference="LN-1")).status_code == 201
    forget()
    Party.objects.create(case=full, reference="other", role="spouse", kind="person", erased_at=cast.now)

    def sees(organisation: int) -> tuple[list[str], bool, list[bool]]:
        with acting_as(web):
            tell_viewer(organisation)
            roles = sorted(Party.objects.filter(case=full).values_list("role", flat=True))
            return roles, CreditorSide.objects.filter(case=full).exists(), [model._default_manager.exists() for model in beyond]

    assert sees(court) == (["debtor"], True, [False] * 4)
    assert sees(firm) == sees(full.organisation_id) == (["co_debtor", "debtor", "spouse"], True, [True] * 4)
    cast.ordered(full)
    forget()
    assert sees(court) == sees(firm)


def test_a_note_is_hidden_from_others_by_the_database_and_its_number_is_taken_all_the_same(full: Case, cast: Cast, web: str) -> None:
    places = {name: cast.organisations[name] for name in ("collection_agency", "law_firm", "court", "lender")}
    writers = {name: cast.machine(name, Kind(each.kind)) for name, each in places.items()}
    for name in ("collection_agency", "law_firm", "lender"):
        for shared in (False, True):
            with acting_as(web):
                tell_viewer(places[name].pk)
                note = add_note(writers[name], full, "x", shared=shared, now=cast.now)
                assert Note.objects.filter(pk=note.pk).exists()
    assert list(Note.objects.order_by("sequence").values_list("sequence", flat=True)) == [1, 2, 3, 4, 5, 6]
    own = {place.ref for place in places.values()}
    for name, place in places.items():
        with acting_as(web):
            tell_viewer(place.pk)
            seen = set(Note.objects.values_list("organisation_ref", "shared"))
            assert NoteText.objects.count() == Note.objects.count()
        # The court's order is for some kinds, so that it sees no note of others.
        others = set() if name == "court" else {(ref, True) for ref in own - {places["court"].ref}}
        assert seen == others | ({(place.ref, False)} if name != "court" else set()), name
    with acting_as(web), connection.cursor() as cursor:
        tell_viewer(cast.organisation("rival", Kind.LENDER).pk)
        cursor.execute("SELECT cunzheng_last_note(%s)", [full.pk])
        assert cursor.fetchone() == (None,), "of a case that is not open nothing is told"


def test_a_court_alone_is_told_the_ref_of_a_case_that_it_names(web: str, cast: Cast) -> None:
    """By the functions of `evidence` migration 0014; a name that is not letter for letter its own tells nothing."""
    case = cast.case("LN-7")
    [number] = Evidence.objects.filter(case=case).values_list("record", flat=True)
    judge, notary, owner = cast.person("judge", Role.JUDGE), cast.person("notary", Role.NOTARY), cast.legal.organisation
    def told(viewer: Viewer | None, query: str, *values: object) -> list[tuple[str, str]]:
        with acting_as(web), connection.cursor() as cursor:
            if viewer is not None:
                tell_viewer(viewer.organisation.pk)
            cursor.execute(query, list(values))  # type: ignore[arg-type]
            found = [(str(name), str(ref)) for name, ref in cursor.fetchall()]
            forget()
        return found

    named, recorded = "SELECT name, ref FROM cunzheng_cases_named(%s, %s)", "SELECT name, ref FROM cunzheng_cases_of_records(%s)"
    assert told(judge, named, owner.pk, ["LN-7", "ln-7", "LN-%"]) == [("LN-7", case.ref)]
    assert told(judge, recorded, [number, number[:-1]]) == [(number, case.ref)]
    assert told(judge, named, judge.organisation.pk, ["LN-7"]) == []
    for viewer in (None, notary, cast.legal):
        assert told(viewer, named, owner.pk, ["LN-7"]) == []
        assert told(viewer, recorded, [number]) == []
    with acting_as(web):
        tell_viewer(judge.organisation.pk)
        assert not Case.objects.exists(), "and it sees no row of it"
        forget()


def test_a_batch_is_seen_and_written_by_who_handed_it_in_and_changed_by_no_web_process(full: Case, cast: Cast, web: str) -> None:
    """A batch of an agency names the lender's cases, and is the agency's all the same."""
    machine = cast.machine("collection_agency", Kind.COLLECTION_AGENCY)
    row = {"organisation": machine.organisation, "credential": machine.key, "at": timezone.now(), "refused_code": "records-invalid"}
    with acting_as(web):
        for stranger in (full.organisation_id, cast.organisations["law_firm"].pk):
            tell_viewer(stranger)
            with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
                DepositBatch.objects.create(ref="0" * 32, **row)
        tell_viewer(machine.organisation.pk)
        DepositBatch.objects.create(ref="1" * 32, **row)
        assert DepositBatch.objects.count() == 1
        assert DepositBatch.objects.update(refused_code="x") == 0
        tell_viewer(full.organisation_id)
        assert not DepositBatch.objects.exists()
