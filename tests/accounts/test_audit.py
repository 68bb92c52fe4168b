"""The audit log: every act has its row, written with it; a log that was touched shows it; who reads what, and what an export holds."""
import ast
import csv
import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone

from accounts.audit import reading
from accounts.audit.events import EVENTS, Event
from accounts.audit.reading import broken_logs
from accounts.audit.recording import note
from accounts.audit.words import words_label
from accounts.joining import (
    Invitee,
    accept_as_new_person,
    accept_back,
    end_membership,
    invite,
    invite_back,
    set_active,
    withdraw_invitation,
)
from accounts.models import AuditEntry, Invitation, Membership, Organisation, Person
from accounts.permissions import ROLES, Act, Kind, Role
from accounts.services import change_status, issue_api_key, revoke_api_key
from common.append_only import trigger_names
from tests.accounts.people import PASSWORD, Browser, make_organisation, make_person, membership_of, signed_in
from tests.databases import ROOT


def events(organisation: Organisation) -> list[str]:
    return list(AuditEntry.objects.filter(organisation=organisation).order_by("number").values_list("event", flat=True))


def since(organisation: Organisation, number: int) -> list[tuple[str, str, str]]:
    """(event, detail, method) of what came after that row."""
    rows = AuditEntry.objects.filter(organisation=organisation, number__gt=number).order_by("number")
    return [(row.event, row.detail, row.method) for row in rows]


def test_everything_about_signing_in_stands_there_through_the_real_pages(database: str) -> None:
    person = make_person("zhang@example.org", Role.LENDER_ADMIN)
    own = membership_of(person).organisation
    begun = AuditEntry.objects.filter(organisation=own).count()
    browser = Browser(person.login, address="192.0.2.77")
    browser.give_password("wrong")
    browser.arrive()
    other = browser.again("2001:db8:1:2:3::9")
    other.give_password()
    other.post("/sign-in/second-factor", {"code": "000000"})
    other.post("/sign-in/second-factor", {"code": other.code()})
    other.post("/account/confirm", {"code": other.code()}, page="/account/confirm")
    session = UserSession.objects.get(ip="2001:db8:1:2:3::9")
    browser.post(f"/account/sessions/{session.pk}/end", page="/account")
    browser.post("/account/second-factor/recovery-codes/new", page="/account")
    browser.post("/account/password", {"oldpassword": PASSWORD, "password1": "another long phrase", "password2": "another long phrase"})
    browser.post("/account/second-factor/app/remove", page="/account")
    browser.post("/sign-out", page="/account")
    assert since(own, begun) == [
        ("session:refused", "", "password"), ("session:started", "", "password"), ("factor:set_up", "totp", "password"),
        ("session:refused", "", "totp"), ("session:started", "", "password+totp"), ("session:factor_shown", "", "password+totp"),
        ("session:ended", f"session:{session.pk}", "password"), ("factor:codes_made", "", "password"),
        ("password:changed", "", "password"), ("factor:removed", "totp", "password"), ("session:left", "", "password"),
    ]
    rows = AuditEntry.objects.filter(organisation=own, number__gt=begun)
    assert {row.network for row in rows} == {"192.0.2.0/24", "2001:db8:1::/48"}
    assert {row.actor for row in rows} == {"", f"person:{person.pk}"}
    assert all(re.fullmatch("[0-9a-f]{16}", row.request_id) for row in rows)
    assert len({row.request_id for row in rows}) == len(rows)


def test_a_guess_with_the_login_in_capitals_is_noted(database: str) -> None:
    """django-allauth finds a login however it is written, so a guesser could choose the spelling that leaves no trace."""
    person = make_person("zhang@example.org", Role.LENDER_ADMIN)
    own = membership_of(person).organisation
    begun = AuditEntry.objects.filter(organisation=own).count()
    for typed in ("ZHANG@example.org", "Zhang@Example.Org", " zhang@example.org "):
        Browser(typed).give_password("a wrong password")
    assert since(own, begun) == [("session:refused", "", "password")] * 3


def fixed_details() -> set[str]:
    """Every word that the program itself writes as the detail of a row: literals, and what stands before the number of an f-string."""
    found: set[str] = set()
    for room in ("accounts", "cases", "evidence", "notifications", "config"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for call in ast.walk(ast.parse(path.read_text())):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "").startswith("note"):
                    for value in (keyword.value for keyword in call.keywords if keyword.arg == "detail"):
                        found |= {part.value for part in ast.walk(value) if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    return found - {""}


def test_every_fixed_detail_is_called_something_in_both_languages() -> None:
    found = fixed_details()
    assert {"pass", "refuse", "first", "second", "reset", "invitation", "deactivated", "caps:", "cases:"} <= found
    for word in found:
        label = words_label(f"{word}3" if word.endswith(":") else word)
        assert re.search("[\u4e00-\u9fff]", label.zh), word
        assert not re.search("[\u4e00-\u9fff]", label.en), word


def test_a_passkey_and_an_unknown_login(database: str) -> None:
    person = make_person("zhang@example.org", Role.LENDER_ADMIN)
    own = membership_of(person).organisation
    key = Authenticator.objects.create(user=person, type=Authenticator.Type.WEBAUTHN, data={"name": "三号工位", "credential": {}})
    client = signed_in(person)
    begun = AuditEntry.objects.count()
    client.post(f"/account/second-factor/passkeys/{key.pk}/remove")
    Browser("nobody@example.org").give_password()
    assert [row[:2] for row in since(own, begun)] == [("factor:removed", "webauthn")]
    assert AuditEntry.objects.count() == begun + 1


def test_coming_going_and_keys_stand_there_with_who_did_it(database: str) -> None:
    own, now = make_organisation(), timezone.now()
    operator = make_organisation(Kind.OPERATOR, "运营方")
    admin = make_person("admin", Role.LENDER_ADMIN, own)
    begun = AuditEntry.objects.filter(organisation=own).count()
    link, token = invite(own, Invitee("new", "名", Role.CASE_OFFICER), by=admin, now=now)
    new = accept_as_new_person(token, password=PASSWORD, now=now)
    second, _ = invite(own, Invitee("never", "名", Role.CASE_OFFICER), by=admin, now=now)
    assert withdraw_invitation(own, second.pk, now=now)
    assert not withdraw_invitation(own, second.pk, now=now)
    made = invite_back(own, membership_of(new).pk, by=admin, now=now)
    assert made is not None
    accept_back(made[1], password=PASSWORD, now=now)
    set_active("new", active=False, now=now)
    set_active("new", active=True, now=now)
    assert end_membership(own, membership_of(new).pk, by=admin, now=now)
    key, _ = issue_api_key(own, label="x", now=now, valid_for=timedelta(days=1))
    revoke_api_key(key, now=now)
    revoke_api_key(key, now=now)
    change_status(own, to="suspended", now=now)
    rows = AuditEntry.objects.filter(organisation=own, number__gt=begun).order_by("number")
    assert [(row.event, row.subject.partition(":")[0], row.detail, row.actor) for row in rows] == [
        ("invitation:made", "invitation", "case_officer", "command"),
        ("invitation:accepted", "invitation", "case_officer", f"person:{new.pk}"),
        ("invitation:made", "invitation", "case_officer", "command"),
        ("invitation:withdrawn", "invitation", "", "command"), ("invitation:made", "invitation", "case_officer", "command"),
        ("invitation:accepted", "invitation", "case_officer", f"person:{new.pk}"), ("factor:reset", "person", "", f"person:{new.pk}"),
        ("person:deactivated", "person", "", "command"), ("person:let_in", "person", "", "command"),
        ("membership:ended", "person", "case_officer", "command"), ("api_key:issued", "api_key", "", "command"),
        ("api_key:revoked", "api_key", "", "command"), ("organisation:status_changed", "organisation", "suspended", "command"),
    ]
    assert events(operator) == ["organisation:status_changed"]
    assert link.pk != second.pk


def test_an_act_that_fails_leaves_no_row_and_a_row_that_fails_no_act(database: str) -> None:
    own = make_organisation()
    with transaction.atomic():
        invite(own, Invitee("new", "名", Role.CASE_OFFICER), by=None, now=timezone.now())
        transaction.set_rollback(True)
    assert events(own) == []
    blocked = ("CREATE TRIGGER no_rows BEFORE INSERT ON accounts_auditentry FOR EACH ROW EXECUTE FUNCTION append_only()"
               if connection.vendor == "postgresql" else
               "CREATE TRIGGER no_rows BEFORE INSERT ON accounts_auditentry BEGIN SELECT RAISE(ABORT, 'full'); END")
    with connection.cursor() as cursor:
        cursor.execute(blocked)
    client = Client(raise_request_exception=False)
    person = Person.objects.create(login="zhang", display_name="张", created_at=timezone.now())
    Membership.objects.create(person=person, organisation=own, organisation_kind="lender", role="lender_admin", since=timezone.now())
    person.set_password(PASSWORD)
    person.save()
    assert client.post("/sign-in", {"login": "zhang", "password": PASSWORD}).status_code == 503
    assert "_auth_user_id" not in client.session
    for act in (lambda: invite(own, Invitee("new", "名", Role.CASE_OFFICER), by=None, now=timezone.now()),
                lambda: issue_api_key(own, label="x", now=timezone.now(), valid_for=timedelta(days=1))):
        with pytest.raises(Exception, match=r"full|append-only"):
            act()
    assert (Invitation.objects.count(), own.api_keys.count()) == (0, 0)


TOUCHED = {
    "changed": ("UPDATE accounts_auditentry SET actor = 'person:1' WHERE number = 2", "row 2 is not what it was"),
    "moved in time": ("UPDATE accounts_auditentry SET at = '2020-01-01 00:00:00+00' WHERE number = 2", "row 2 is not what it was"),
    "removed": ("DELETE FROM accounts_auditentry WHERE number = 2", "rows 2 to 2 are missing"),
    "newest removed": ("DELETE FROM accounts_auditentry WHERE number = 4", "the log ends with row 3 and its head says 4"),
    "all removed": ("DELETE FROM accounts_auditentry", "the log ends with row 0 and its head says 4"),
    "oldest removed": ("DELETE FROM accounts_auditentry WHERE number = 1", "rows 1 to 1 are missing"),
    "head removed": ("DELETE FROM accounts_audithead", "the log ends with row 4 and its head says 0"),
}


@pytest.mark.parametrize("how", TOUCHED)
def test_a_log_that_was_touched_behind_the_services_back_shows_it(how: str, service: str, capsys: pytest.CaptureFixture[str]) -> None:
    own = make_organisation()
    for _ in range(4):
        invite(own, Invitee("new", "名", Role.CASE_OFFICER), by=None, now=timezone.now())
    assert list(broken_logs()) == []
    call_command("fsck", verbosity=0)
    statement, finding = TOUCHED[how]
    on_table = " ON accounts_auditentry" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for name in trigger_names(connection.vendor, "accounts_auditentry"):
            cursor.execute(f"DROP TRIGGER {name}{on_table}")
        cursor.execute(statement)
    assert finding in [what for _, what in broken_logs()]
    with pytest.raises(SystemExit):
        call_command("fsck", verbosity=0)
    assert f"accounts_auditentry of organisation {own.pk}: {finding}" in capsys.readouterr().out


def test_many_at_once_make_one_chain(database: str) -> None:
    own = make_organisation()

    def work() -> None:
        try:
            for _ in range(5):
                with transaction.atomic():
                    note(Event.SIGNED_IN, own, at=timezone.now())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(work) for _ in range(4)]:
            each.result()
    assert list(broken_logs()) == []
    assert AuditEntry.objects.filter(organisation=own).count() == 20


# The page.

def table(page: str) -> list[str]:
    return re.findall(r"<tr><td data-label=[^>]*>(\d+)</td>", page)


def csv_of(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


@pytest.mark.parametrize("role", Role)
def test_whoever_may_reads_his_own_organisations_log_and_no_other(role: Role, database: str) -> None:
    other = make_organisation(Kind.COURT if ROLES[role].kind != Kind.COURT else Kind.LENDER, "乙方")
    invite(other, Invitee("new", "名", Role.JUDGE if other.kind == Kind.COURT else Role.CASE_OFFICER), by=None, now=timezone.now())
    client = signed_in(make_person("reader", role))
    allowed = Act.READ_AUDIT in ROLES[role].acts
    for path, ask in (("/audit", client.get), ("/audit/export", client.post)):
        assert ask(path).status_code == (200 if allowed else 403), path
        assert ask(path, {"of": other.ref}).status_code == (404 if allowed else 403), path


def test_auditors_read_the_operators_log_besides_their_own(database: str) -> None:
    operator, tenant = make_organisation(Kind.OPERATOR, "运营方"), make_organisation(name="甲方")
    change_status(tenant, to="suspended", now=timezone.now())
    client = signed_in(make_person("auditor", Role.AUDITOR))
    assert "变更机构状态" in client.get("/audit", {"of": operator.ref}).content.decode()
    assert [row["事项代码"] for row in csv_of(client.post("/audit/export", {"of": operator.ref}))] == [
        "organisation:status_changed", "audit:exported"]
    assert client.get("/audit", {"of": tenant.ref}).status_code == 404
    assert "运营方" not in signed_in(make_person("admin", Role.LENDER_ADMIN)).get("/audit").content.decode()


def test_pages_follow_each_other_and_the_export_holds_all_rows_of_the_period(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", 10)  # so that the export takes several reads, as one of thousands of rows does
    own = make_organisation()
    admin = make_person("admin", Role.LENDER_ADMIN, own)
    long_ago = timezone.now() - timedelta(days=40)
    with transaction.atomic():
        for number in range(70):
            note(Event.SIGNED_IN if number % 2 else Event.SIGNED_OUT, own, at=long_ago, subject=f"person:{admin.pk}")
    client = signed_in(admin)
    first = client.get("/audit").content.decode()
    older = re.search(r'href="(/audit\?before=\d+)"', first)
    assert older is not None
    last = client.get(older[1]).content.decode()
    assert table(first) + table(last) == [str(number) for number in range(72, 0, -1)]
    day = f"{long_ago.astimezone(timezone.get_fixed_timezone(480)):%Y-%m-%d}"
    chosen = {"from": day, "to": day, "event": "session:started"}
    assert len(table(client.get("/audit", chosen).content.decode())) == 35
    assert len(csv_of(client.post("/audit/export", chosen))) == 35
    everything = csv_of(client.post("/audit/export"))
    assert [int(row["序号"]) for row in everything] == list(range(1, 75))
    assert {row["对象"] for row in everything if row["对象编号"] == f"person:{admin.pk}"} == {admin.display_name}
    assert [row["上一条摘要"] for row in everything[1:]] == [row["摘要"] for row in everything[:-1]]


def test_no_link_takes_an_export_and_the_page_sends_what_was_chosen(database: str) -> None:
    """An export writes a row, so a page of somebody else's must not take one by a picture (ASVS 3.5.3)."""
    own = make_organisation()
    client = signed_in(make_person("admin", Role.LENDER_ADMIN, own), Client(enforce_csrf_checks=True))
    before = AuditEntry.objects.filter(organisation=own).count()
    assert client.get("/audit/export").status_code == 405
    assert client.post("/audit/export").status_code == 403, "without the form's token"
    assert AuditEntry.objects.filter(organisation=own).count() == before
    page = client.get("/audit", {"from": "2026-01-01", "event": "session:started"}).content.decode()
    form = page.partition('action="/audit/export"')[2].partition("</form>")[0]
    assert re.findall(r'name="(from|to|of|event)" value="([^"]*)"', form) == [("from", "2026-01-01"), ("event", "session:started")]


def test_an_export_is_no_formula_names_members_only_and_speaks_the_readers_language(database: str) -> None:
    own = make_organisation()
    admin, stranger = make_person("admin", Role.LENDER_ADMIN, own), make_person("stranger", Role.JUDGE)
    Person.objects.filter(pk=admin.pk).update(display_name="=HYPERLINK(1)")
    with transaction.atomic():
        note(Event.MEMBERSHIP_ENDED, own, at=timezone.now(), subject=f"person:{stranger.pk}", actor=f"person:{admin.pk}")
    rows = csv_of(signed_in(admin).post("/audit/export", headers={"Accept-Language": "en"}))
    row = next(each for each in rows if each["Event code"] == "membership:ended")
    assert (row["Actor"], row["Subject"], row["Event"]) == ("'=HYPERLINK(1)", f"person {stranger.pk}", "membership ended")


@pytest.mark.parametrize(("query", "status"), [
    ({"from": "2026-02-30"}, 422), ({"to": "yesterday"}, 422), ({"from": "2026-02-02", "to": "2026-02-01"}, 422),
    ({"from": "9999-12-31"}, 422),
    ({"event": "x"}, 404), ({"before": "-1"}, 400), ({"before": "9" * 30}, 400), ({"before": str(2**63 - 1)}, 200), ({"of": "%00"}, 404),
    ({"of": "\0"}, 404), ({"from": " 2026-02-01 "}, 200),
])
def test_what_is_asked_wrongly_is_said_and_breaks_nothing(query: dict[str, str], status: int, database: str) -> None:
    client = signed_in(make_person("admin", Role.LENDER_ADMIN))
    assert client.get("/audit", query).status_code == status
    if "before" not in query:
        assert client.post("/audit/export", query).status_code == status


def test_every_event_has_its_words() -> None:
    assert set(EVENTS) == set(Event)
