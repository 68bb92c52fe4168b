"""From an application to an active organisation, through the pages; and every way in which somebody could be let in too far."""
import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.agreeing import acceptance_bytes
from accounts.errors import ReviewNotDue
from accounts.fictitious import CODES
from accounts.models import Application, ApplicationCheck, AuditEntry, Membership, Organisation, Person, PlatformAgreement, TrialStep
from accounts.permissions import Kind, Role
from accounts.reviewing import confirm_review, reviews_under_way
from accounts.services import change_status, issue_api_key
from common.errors import OrganisationOnTrial
from common.jobs import due_jobs, run_job
from evidence.agreements import accept_and_deposit, deposit_agreement
from evidence.capture import DepositItem, Depositor, FileItem
from evidence.models import ApplicationPaper, Evidence, PaperTicket
from evidence.paper_tickets import issue_paper_ticket
from evidence.practice import PRACTICE_FILE, practice_record
from evidence.services import deposit
from ledger.models import LogState
from tests.accounts.people import make_organisation, make_person, signed_in
from tests.depositing import batch
from tests.evidence.letting_in import (
    CODE,
    FORM,
    PDF,
    PNG,
    TICKS,
    apply_now,
    arrived_administrator,
    decision,
    operators,
    paper,
    send_application,
)
from vault.models import StoredObject


@pytest.fixture
def two(service: str) -> tuple[Client, Client]:
    cache.clear()  # nobody has applied yet
    first, second = operators()
    return signed_in(first), signed_in(second)


def test_a_court_is_let_in_by_two_people_an_agreement_and_a_trial(
    two: tuple[Client, Client], publish: Callable[[], None], authority: object
) -> None:
    first, second = two
    where, application = apply_now()
    assert "待核查" in Client().get(where).content.decode()
    assert decision(first, application).status_code == 302
    assert not Organisation.objects.filter(kind=Kind.COURT).exists(), "one person makes no court"
    twice = decision(first, application)
    assert (twice.status_code, "same-person-twice" in twice.content.decode()) == (409, True)
    browser, court = arrived_administrator(decision(second, application).content.decode())
    assert (court.status, court.credit_code, court.name) == ("checked", CODE, "示例人民法院")
    assert "已通过" in Client().get(where).content.decode()
    client = browser.client
    # Nothing but the agreement is open to whoever comes in, and an operator cannot pass over it.
    assert client.get("/organisation").status_code == 403
    assert client.get(f"/organisations/{court.ref}/members").status_code == 403
    assert first.post(f"/organisations/{court.ref}/activate").status_code == 409
    assert "版本 2026-11" in client.get("/agreement").content.decode()
    assert browser.post("/agreement", {"organisation": court.ref, "version": "2025-01"}).status_code == 409
    assert browser.post("/agreement", {"organisation": court.ref, "version": "2026-11"})["Location"] == "/organisation"
    agreement = PlatformAgreement.objects.get()
    assert agreement.record in client.get("/organisation").content.decode()
    court.refresh_from_db()
    assert court.status == "trial"
    # The deposit holds both texts and the statement that the organisation can download.
    record = Evidence.objects.get(record=agreement.record)
    assert record.organisation.kind == Kind.OPERATOR
    statement = client.get("/agreement/acceptance")
    assert statement.content == acceptance_bytes(agreement)
    publish()
    answer: Any = Client().post("/api/v1/disclosures", json.dumps({
        "record": agreement.record, "sha256": hashlib.sha256(statement.content).hexdigest()}), content_type="application/json")
    assert answer.status_code == 200
    # The trial: real acts on the practice record.
    assert first.post(f"/organisations/{court.ref}/activate").status_code == 409
    assert client.get("/practice/file").content == PRACTICE_FILE
    assert browser.post("/practice", {}).status_code == 422
    wrong = client.post("/practice", {"file": paper(b"another file"), "csrfmiddlewaretoken": client.cookies["csrftoken"].value})
    assert wrong.status_code == 404
    assert not TrialStep.objects.exists(), "what was not verified does not count"
    done = client.post("/practice", {"file": paper(PRACTICE_FILE), "csrfmiddlewaretoken": client.cookies["csrftoken"].value})
    assert done.status_code == 200
    assert "部分核查尚待完成" in done.content.decode(), "there is no timestamp yet, and the page says so"
    assert first.post(f"/organisations/{court.ref}/activate").status_code == 409
    assert browser.post("/practice/package").content[:2] == b"PK"
    assert first.post(f"/organisations/{court.ref}/activate").status_code == 302
    court.refresh_from_db()
    assert court.status == "active"
    assert court.review_due_at is not None
    assert timedelta(days=364) < court.review_due_at - timezone.now() <= timedelta(days=365)
    assert client.get("/practice").status_code == 404, "the practice record is for trials"
    inbox = client.get("/inbox").content.decode()
    assert inbox.index("已转为正式") < inbox.index("试用开始"), "the newest first"
    mine = {"organisation:made", "agreement:accepted", "agreement:deposited", "organisation:status_changed"}
    told = AuditEntry.objects.filter(event__in=mine).order_by("organisation_id", "number").values_list("organisation__kind", "event")
    assert [event for kind, event in told if kind == "court"] == [
        "organisation:made", "agreement:accepted", "agreement:deposited", "organisation:status_changed"]
    assert [event for kind, event in told if kind == "operator"] == [
        "organisation:made", "agreement:deposited", "organisation:status_changed"]
    checks = AuditEntry.objects.filter(event="application:checked").order_by("number").values_list("actor", "detail")
    assert [detail for _, detail in checks] == ["pass", "pass"]
    assert len({actor for actor, _ in checks}) == 2


def on_trial(name: str = "试用机构") -> Organisation:
    """A lender on trial with its agreement deposited, made by the services."""
    lender = make_organisation(Kind.LENDER, name)
    Organisation.objects.filter(pk=lender.pk).update(status="checked", review_due_at=None)
    admin = make_person(f"admin{lender.pk}", Role.LENDER_ADMIN, lender)
    accept_and_deposit(lender, version="2026-11", by=admin, now=timezone.now())
    lender.refresh_from_db()
    return lender


def test_machines_do_the_trial_by_the_api_and_only_while_it_lasts(
    two: tuple[Client, Client], publish: Callable[[], None], authority: object
) -> None:
    lender = on_trial()
    publish()
    record = practice_record()
    assert record is not None
    key = issue_api_key(lender, label="x", now=timezone.now(), valid_for=timedelta(days=1))[1]
    headers, body = {"Authorization": f"Bearer {key}"}, json.dumps(
        {"record": record.record, "sha256": hashlib.sha256(PRACTICE_FILE).hexdigest()})
    package = f"/api/v1/evidence/{record.record}/package"

    def verified(with_headers: dict[str, str]) -> int:
        return Client().post("/api/v1/verify", body, content_type="application/json", headers=with_headers).status_code

    other = make_organisation(Kind.LENDER, "正式机构")
    theirs = {"Authorization": f"Bearer {issue_api_key(other, label='x', now=timezone.now(), valid_for=timedelta(days=1))[1]}"}
    assert (verified({}), verified(theirs), Client().get(package, headers=theirs).status_code) == (200, 200, 404)
    assert not TrialStep.objects.exists(), "strangers and active organisations are on no trial"
    assert (verified(headers), verified(headers)) == (200, 200)
    answer: Any = Client().get(package, headers=headers)
    assert b"".join(answer.streaming_content)[:2] == b"PK"
    assert {(step.organisation_id, step.step) for step in TrialStep.objects.all()} == {(lender.pk, "verified"), (lender.pk, "fetched")}
    assert Client().get("/api/v1/evidence", headers=headers).json()["records"] == [], "the practice record is nobody's own"


def test_keys_and_people_of_an_organisation_on_trial_do_the_trial_and_nothing_else(two: tuple[Client, Client]) -> None:
    lender = on_trial()
    key = issue_api_key(lender, label="x", now=timezone.now(), valid_for=timedelta(days=1))[0]
    text = issue_api_key(lender, label="x", now=timezone.now(), valid_for=timedelta(days=1))[1]
    body, headers = json.dumps(batch(1)), {"Authorization": f"Bearer {text}"}
    for path in ("evidence/batch", "assignments", "matters", "cases/imports"):
        refused: Any = Client().post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "organisation-on-trial"), path
        assert "转为正式" in refused.json()["detail"]
    assert Client().get("/api/v1/cases", headers=headers).status_code == 200
    with pytest.raises(OrganisationOnTrial):
        deposit(Depositor(lender, key.pk), [DepositItem("LN-1", "sms", "标题", (FileItem("a.txt", "text/plain", 3, "0" * 64, None),))],
                now=timezone.now())
    officer = signed_in(make_person("legal", Role.LEGAL_OFFICER, lender))
    for path in ("/access", "/work", "/cases/import"):
        page = officer.get(path)
        assert (page.status_code, "organisation-on-trial" in page.content.decode()) == (403, True), path
    assert [officer.get(path).status_code for path in ("/home", "/practice", "/cases", "/account")] == [200, 200, 200, 200]
    assert not Evidence.objects.filter(organisation=lender).exists()
    Organisation.objects.filter(pk=lender.pk).update(status="active")
    assert Client().post("/api/v1/evidence/batch", body, content_type="application/json", headers=headers).status_code == 201
    assert officer.get("/access").status_code == 200


def test_an_acceptance_that_the_log_does_not_take_is_deposited_later_and_once(two: tuple[Client, Client]) -> None:
    lender = make_organisation()
    Organisation.objects.filter(pk=lender.pk).update(status="checked")
    admin = signed_in(make_person("admin", Role.LENDER_ADMIN, lender))
    LogState.objects.update(frozen_at=timezone.now())
    answer = admin.post("/agreement", {"organisation": lender.ref, "version": "2026-11"})
    assert answer["Location"] == "/agreement"
    lender.refresh_from_db()
    assert (lender.status, PlatformAgreement.objects.get().record) == ("agreed", "")
    assert "正在存证" in admin.get("/agreement").content.decode()
    assert admin.post("/agreement", {"organisation": lender.ref, "version": "2026-11"}).status_code == 409
    LogState.objects.update(frozen_at=None)
    for _ in range(2):
        for job in due_jobs(timezone.now() + timedelta(hours=1)):
            run_job(job, now=lambda: timezone.now() + timedelta(hours=1))
        deposit_agreement(PlatformAgreement.objects.get().pk)
    lender.refresh_from_db()
    assert lender.status == "trial"
    assert Evidence.objects.filter(kind="platform_agreement").count() == 1


@pytest.mark.parametrize(("changes", "code"), [
    ({"credit_code": "911000001000013429"}, "credit-code-malformed"), ({"contact_email": "office"}, "contact-malformed"),
    ({"administrator_login": "李"}, "login-malformed"), ({"kind": "law_firm"}, "application-incomplete"),
    ({"kind": "notary_office", "licence_number": "G-1"}, "application-incomplete"), ({"purpose": "x" * 501}, "application-incomplete"),
    ({"kind": "operator"}, ""), ({"name": ""}, ""), ({"name": "甲\0"}, ""), ({"letter": ""}, "paper-missing"),
    ({"licence": paper(b"<html><script>alert(1)</script>", "x.pdf")}, "paper-refused"), ({"licence": paper(b"", "x.pdf")}, "paper-refused"),
    ({"licence": paper(PDF + bytes(5 * 1024**2))}, "paper-refused"), ({"other": [paper()] * 5}, "paper-refused"),
])
def test_what_is_wrong_is_said_and_nothing_is_kept(changes: dict[str, Any], code: str, two: tuple[Client, Client], var_dir: Path) -> None:
    answer = send_application(Client(), **changes)
    assert (answer.status_code, code in answer.content.decode()) == (422, True), answer.content.decode()
    assert not Application.objects.exists()
    assert not StoredObject.objects.exists()
    assert [each for each in (var_dir / "vault").rglob("*") if each.is_file()] == []


def test_a_notary_office_says_its_licence_and_practice_area(two: tuple[Client, Client]) -> None:
    _, application = apply_now(kind="notary_office", licence_number="G-110", practice_area="示例市")
    assert (application.licence_number, application.practice_area, application.administrator_login) == (
        "G-110", "示例市", "admin@court.example")
    _, other = apply_now(licence_number="G-110", practice_area="示例市")
    assert (other.licence_number, other.practice_area) == ("", ""), "a court has neither"


def test_nobody_learns_from_the_form_who_is_here_already(two: tuple[Client, Client]) -> None:
    """The same answer for a code and a login that are known; those who check are told, and cannot pass it."""
    Organisation.objects.filter(pk=make_organisation().pk).update(credit_code=CODE)
    make_person("admin@court.example", Role.JUDGE)
    where, application = apply_now()
    other, _ = apply_now(credit_code="911000001000023495", administrator_login="new@court.example")
    pages = [re.sub(r"/apply/status/[\w-]{43}|911000001000\d{6}|[0-9a-f]{12}|\d\d:\d\d:\d\d|csrf\S+ value=\S+", "", page.content.decode())
             for page in (Client().get(where), Client().get(other))]
    assert pages[0] == pages[1]
    first, second = two
    assert "已有机构登记" in first.get(f"/applications/{application.reference}").content.decode()
    decision(first, application)
    refused = decision(second, application)
    assert (refused.status_code, "credit-code-taken" in refused.content.decode()) == (409, True)
    application.refresh_from_db()
    assert (application.state, application.second_checker) == ("open", None)


@pytest.mark.parametrize("changes", [{name: ""} for name in TICKS] + [{"reason": ""}, {"reason": "x" * 501}])
def test_a_pass_needs_every_tick_and_a_reason(changes: dict[str, str], two: tuple[Client, Client]) -> None:
    _, application = apply_now()
    answer = decision(two[0], application, **changes)
    assert (answer.status_code, "checklist-incomplete" in answer.content.decode()) == (422, True)
    assert not ApplicationCheck.objects.exists()


def test_a_refusal_by_one_ends_it_and_the_applicant_reads_why(two: tuple[Client, Client]) -> None:
    where, application = apply_now()
    decision(two[0], application)
    assert decision(two[1], application, to="refuse", reason="授权书未盖章", letter_sealed="").status_code == 302
    page = Client().get(where).content.decode()
    assert "授权书未盖章" in page
    assert "姓名 ops2" not in page, "who checked is not the applicant's to know"
    late = decision(two[0], application)
    assert late.status_code == 409
    for action in ("papers", "withdraw"):
        assert Client().post(f"{where}/{action}", {"other": paper()}).status_code == 409
    assert ApplicationPaper.objects.filter(application=application).count() == 2


def test_papers_that_came_later_are_checked_by_both_again(two: tuple[Client, Client]) -> None:
    """Else an applicant could show good papers to the first and other ones to the second."""
    first, second = two
    where, application = apply_now()
    decision(first, application)
    assert Client().post(f"{where}/papers", {"letter": paper(PNG)})["Location"] == where
    stale = decision(second, application, round="1")
    assert (stale.status_code, "application-closed" in stale.content.decode()) == (409, True)
    assert decision(second, application).status_code == 302
    application.refresh_from_db()
    assert (application.state, application.round) == ("open", 2)
    assert decision(second, application).status_code == 409
    assert decision(first, application).status_code == 200
    application.refresh_from_db()
    assert application.state == "passed"


def test_an_applicant_withdraws_and_a_wrong_link_is_nobodys(two: tuple[Client, Client]) -> None:
    where, application = apply_now()
    assert Client().post(f"{where}/withdraw")["Location"] == where
    assert decision(two[0], application).status_code == 409
    for wrong in ("x", "A" * 43, "%00", "../x"):
        assert Client().get(f"/apply/status/{wrong}").status_code == 404
    answer = Client().get(where)
    assert answer["X-Robots-Tag"] == "noindex"
    assert not [word for word in (FORM["contact_email"], FORM["administrator_name"], "admin@court") if word in answer.content.decode()]


def at_the_evidence_origin(address: str, client: Client | None = None) -> Any:
    assert address.startswith(settings.EVIDENCE_ORIGIN)
    return (client or Client(raise_request_exception=False)).get(
        urlsplit(address).path, headers={"Host": urlsplit(settings.EVIDENCE_ORIGIN).netloc})


def test_papers_are_the_operators_alone_and_no_browser_opens_them_here(two: tuple[Client, Client]) -> None:
    where, application = apply_now(licence=paper(b"%PDF-1.7 <script>alert(1)</script>"))
    kept = ApplicationPaper.objects.get(kind="licence")
    address = f"/applications/{application.reference}/papers/{kept.pk}"
    assert two[0].get(address).status_code == 405
    assert f'action="{address}"' in two[0].get(f"/applications/{application.reference}").content.decode()
    sent = two[0].post(address)
    assert (sent.status_code, sent.content) == (303, b"")
    answer = at_the_evidence_origin(sent["Location"])
    assert answer.content == b"%PDF-1.7 <script>alert(1)</script>"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment; ")
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert (answer["X-Content-Type-Options"], answer["Cache-Control"], answer["Referrer-Policy"]) == ("nosniff", "no-store", "no-referrer")
    assert not answer.cookies
    assert at_the_evidence_origin(sent["Location"]).status_code == 404, "an address works once"
    assert two[1].get(urlsplit(sent["Location"]).path).status_code == 404, "and at no other host"
    _, other = apply_now()
    assert two[0].post(f"/applications/{other.reference}/papers/{kept.pk}").status_code == 404
    for stranger in (Client(), signed_in(make_person("judge", Role.JUDGE)), signed_in(make_person("audit", Role.AUDITOR))):
        assert stranger.post(address).status_code in (302, 404)
        for path in ("/applications", f"/applications/{application.reference}", "/reviews", "/platform-facts/new"):
            assert stranger.get(path).status_code in (302, 404), path
    assert where.startswith("/apply/status/")
    assert not Evidence.objects.exists(), "papers are no evidence"


def test_a_ticket_for_a_paper_ends_with_its_minute_its_holders_role_and_reaches_no_evidence(two: tuple[Client, Client]) -> None:
    _, application = apply_now()
    kept, operator = ApplicationPaper.objects.get(kind="licence"), Person.objects.get(login="ops1")
    address = f"/applications/{application.reference}/papers/{kept.pk}"
    late, now = two[0].post(address)["Location"], timezone.now()
    PaperTicket.objects.update(made_at=now - timedelta(minutes=2), expires_at=now - timedelta(minutes=1))
    assert at_the_evidence_origin(late).status_code == 404
    token = issue_paper_ticket(operator, kept, now=now)
    assert at_the_evidence_origin(f"{settings.EVIDENCE_ORIGIN}/originals/{token}").status_code == 404, "no ticket for an original"
    taken = two[0].post(address)["Location"]
    Membership.objects.filter(person=operator).update(until=now)
    assert at_the_evidence_origin(taken).status_code == 404
    assert PaperTicket.objects.filter(used_at=None).count() == 3, "none was used up by those who got nothing"


def test_the_operator_invites_nobody_but_the_administrator_that_two_checked(two: tuple[Client, Client]) -> None:
    _, application = apply_now()
    decision(two[0], application)
    decision(two[1], application)
    court = Organisation.objects.get(kind=Kind.COURT)
    form = {"display_name": "李", "role": "court_admin"}
    for status in ("checked", "agreed"):
        Organisation.objects.filter(pk=court.pk).update(status=status)
        assert two[0].post(f"/organisations/{court.ref}/invitations", {**form, "login": "mine@evil.example"}).status_code == 422
        assert two[0].post(f"/organisations/{court.ref}/invitations", {**form, "login": "admin@court.example"}).status_code == 200
        assert two[0].get(f"/organisations/{court.ref}/administrator").status_code == 404, "before its trial nobody is replaced"
    Organisation.objects.filter(pk=court.pk).update(status="trial")
    assert two[0].post(f"/organisations/{court.ref}/invitations", {**form, "login": "admin@court.example"}).status_code == 409


def test_a_code_that_two_checked_is_not_one_operators_to_change(two: tuple[Client, Client]) -> None:
    _, application = apply_now()
    decision(two[0], application)
    decision(two[1], application)
    court = Organisation.objects.get(kind=Kind.COURT)
    path = f"/organisations/{court.ref}/details"
    form = {"credit_code": CODES["lender"], "contact_email": "new@court.example", "contact_phone": ""}
    assert form["credit_code"] != CODE
    for code in (form["credit_code"], ""):
        refused = two[0].post(path, {**form, "credit_code": code})
        assert (refused.status_code, "credit-code-checked" in refused.content.decode()) == (409, True)
    court.refresh_from_db()
    assert (court.credit_code, court.contact_email) == (CODE, FORM["contact_email"])
    assert two[0].post(path, {**form, "credit_code": CODE}).status_code == 302
    court.refresh_from_db()
    assert (court.credit_code, court.contact_email) == (CODE, "new@court.example")
    assert "readonly" in two[0].get(path).content.decode()


def test_too_many_applications_and_too_large_ones_are_turned_away(two: tuple[Client, Client], settings: Any) -> None:
    huge = Client().generic("POST", "/apply", b"", "multipart/form-data; boundary=x", headers={"Content-Length": str(10**9)})
    assert huge.status_code == 413
    unsized = Client().generic("POST", "/apply", b"", "multipart/form-data; boundary=x", headers={"Content-Length": "many"})
    assert unsized.status_code == 413
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "apply": "2/h/ip"}
    found = [send_application(Client(REMOTE_ADDR="203.0.113.9"), name="").status_code for _ in range(3)]
    assert found == [422, 422, 429]
    assert "applying-too-often" in send_application(Client(REMOTE_ADDR="203.0.113.9")).content.decode()
    assert send_application(Client(enforce_csrf_checks=True)).status_code == 403


def test_a_suspended_trial_comes_back_to_its_trial(two: tuple[Client, Client]) -> None:
    lender = on_trial()
    change_status(lender, to="suspended", now=timezone.now())
    lender.refresh_from_db()
    change_status(lender, to="active", now=timezone.now())
    lender.refresh_from_db()
    assert lender.status == "trial"


def test_a_review_takes_two_people_when_it_is_due(two: tuple[Client, Client]) -> None:
    first, second = two
    lender = make_organisation(name="到期机构")
    path = f"/organisations/{lender.ref}/review"
    assert first.post(path).status_code == 409, "not due for a year"
    due = timezone.now() - timedelta(days=40)
    Organisation.objects.filter(pk=lender.pk).update(review_due_at=due)
    page = first.get("/reviews").content.decode()
    assert ("到期机构" in page, "已逾期" in page) == (True, True)
    assert first.post(path).status_code == 302
    again = first.post(path)
    assert (again.status_code, "same-person-twice" in again.content.decode()) == (409, True)
    lender.refresh_from_db()
    assert (lender.review_due_at, lender.status) == (due, "active"), "an overdue review stops nobody by itself"
    assert second.post(path).status_code == 302
    lender.refresh_from_db()
    assert lender.review_due_at is not None
    assert lender.review_due_at > timezone.now() + timedelta(days=364)
    assert second.post(path).status_code == 409
    assert first.post(f"/organisations/{lender.ref}/status", {"status": "suspended"}).status_code == 302
    told = list(AuditEntry.objects.filter(organisation=lender).order_by("number").values_list("event", "detail"))[-3:]
    assert told == [("review:confirmed", "first"), ("review:confirmed", "second"), ("organisation:status_changed", "suspended")]


def test_the_half_of_an_operator_who_is_out_counts_for_nothing(two: tuple[Client, Client]) -> None:
    """Of an application and of a review: whoever decides next is the first one, and a third one is needed."""
    first, second = two
    where = Organisation.objects.get(kind=Kind.OPERATOR)
    third, lender = signed_in(make_person("ops3", Role.OPERATOR, where)), make_organisation(name="到期机构")
    due = timezone.now() - timedelta(days=40)
    Organisation.objects.filter(pk=lender.pk).update(review_due_at=due)
    _, application = apply_now()
    assert decision(first, application).status_code == first.post(f"/organisations/{lender.ref}/review").status_code == 302
    Membership.objects.filter(person__login="ops1").update(until=timezone.now())
    assert not reviews_under_way().exists()
    assert decision(second, application).status_code == second.post(f"/organisations/{lender.ref}/review").status_code == 302
    application.refresh_from_db()
    lender.refresh_from_db()
    assert (application.state, application.first_checker) == ("open", Person.objects.get(login="ops2"))
    assert lender.review_due_at == due
    assert decision(third, application).status_code == 200, "the page with the link"
    assert third.post(f"/organisations/{lender.ref}/review").status_code == 302
    application.refresh_from_db()
    lender.refresh_from_db()
    assert application.state == "passed"
    assert lender.review_due_at is not None
    assert lender.review_due_at > due


def test_of_two_who_confirm_a_review_at_once_each_is_told_what_became_of_it(two: tuple[Client, Client]) -> None:
    first, second, third = (*(Person.objects.get(login=login) for login in ("ops1", "ops2")),
                            make_person("ops3", Role.OPERATOR, Organisation.objects.get(kind=Kind.OPERATOR)))
    lender, now = make_organisation(name="到期机构"), timezone.now()
    Organisation.objects.filter(pk=lender.pk).update(review_due_at=now)
    lender.refresh_from_db()
    early = Organisation.objects.get(pk=lender.pk)
    assert not confirm_review(lender, by=first, now=now)
    assert [each.organisation for each in reviews_under_way()] == [lender]
    Organisation.objects.filter(pk=lender.pk).update(status="suspended")
    assert not reviews_under_way().exists(), "nobody can confirm it now"
    Organisation.objects.filter(pk=lender.pk).update(status="active")
    assert confirm_review(lender, by=second, now=now)
    with pytest.raises(ReviewNotDue):
        confirm_review(early, by=third, now=now)


def test_administrators_change_their_contacts_and_the_trail_says_who(database: str) -> None:
    lender = make_organisation()
    admin = make_person("admin", Role.LENDER_ADMIN, lender)
    client = signed_in(admin)
    form = {"contact_email": "new@lender.example", "contact_phone": "010-11111111"}
    assert client.post("/organisation", form)["Location"] == "/organisation"
    lender.refresh_from_db()
    assert (lender.contact_email, lender.contact_phone) == ("new@lender.example", "010-11111111")
    event = AuditEntry.objects.get(event="organisation:contacts_changed")
    assert (event.organisation, event.actor) == (lender, f"person:{admin.pk}")
    assert client.post("/organisation", {"contact_email": "x\0"}).status_code == 422
    assert signed_in(make_person("officer", Role.CASE_OFFICER, lender)).get("/organisation").status_code == 403
    assert Membership.objects.filter(organisation=lender).count() == 2
