"""A case file that people keep from its page: payments, contact points, consents and their withdrawal; faults beside the field."""
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Organisation, Person
from accounts.permissions import ROLES, Act, Kind, Role
from cases.errors import CaseChanged
from cases.facts import ConsentFacts, ConsentKind, ContactFacts, PartyFacts
from cases.granting import Opening, grant_access, revoke_grant
from cases.keeping import withdraw_consent
from cases.models import Case, CaseRevision, ContactPoint, Grant, Party
from cases.rows import facts_of, with_file
from notifications.kinds import CONSENT_LOST
from notifications.models import Notice
from notifications.selectors import inbox_of
from tests.accounts.people import make_organisation, make_person, signed_in
from tests.cases.case_files import NAME, Send, case_body, client, lender, send
from tests.cases.cast import viewer_of
from tests.evidence.test_case_acts import opened, refused
from tests.portal.pages import Page

__all__ = ["client", "lender", "send"]
LANGUAGES = ("zh-hans", "en")
PAYMENT = {"reference": "SK-1", "received_on": "2025-05-10", "amount": "1,000.50", "designation": "JJ-1"}
CONTACT = {"party": "debtor", "kind": "mobile", "value": "13900139000", "basis": "declared", "confirmed": "on"}
CONSENT = {"party": "debtor", "kind": "provision", "given_on": "2025-06-01", "document": "Consent 7", "record": ""}
WITHDRAWAL = {"consent": "1/debtor", "withdrawn_on": "2025-07-01"}
SUCCESSION = {
    "creditors": "Buyer Asset Management\n", "assigned_on": "2025-06-02", "notice_record": "", "claimant_name": "", "claimant_basis": ""}
ACCELERATION = {"drawdown": "/JJ-1", "accelerated_on": "2025-05-20"}
FORMS = {
    "payments": PAYMENT, "contacts": CONTACT, "consents": CONSENT, "consents/withdrawal": WITHDRAWAL, "creditors": SUCCESSION,
    "acceleration": ACCELERATION}


@pytest.fixture
def officer(lender: Organisation) -> Client:
    return signed_in(make_person("officer", Role.CASE_OFFICER, lender))


@pytest.fixture
def ref(send: Send) -> str:
    return str(send("POST", "/cases", case_body()).json()["case"])


def file_of(ref: str) -> Any:
    return facts_of(with_file(Case.objects.filter(ref=ref)).get())


def debtor(ref: str) -> PartyFacts:
    [party] = file_of(ref).parties
    assert isinstance(party, PartyFacts)
    return party


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_form_writes_one_entry_however_often_it_is_sent(ref: str, officer: Client, language: str) -> None:
    heads = {"Accept-Language": language}
    page = opened(officer, f"/cases/{ref}", language)
    assert page.all_faults() == []
    assert language == "zh-hans" or page.chinese() == []
    for part, form in FORMS.items():
        assert f'action="/cases/{ref}/{part}"' in page.source
        before = CaseRevision.objects.count()
        for _press in range(2):
            done = officer.post(f"/cases/{ref}/{part}", form, headers=heads)
            assert (done.status_code, done["Location"].partition("#")[0]) == (303, f"/cases/{ref}"), (part, done.content.decode()[-3000:])
        assert CaseRevision.objects.count() == before + 1, part
    [payment], party = file_of(ref).payments, debtor(ref)
    assert (payment.reference, payment.received_on, payment.amount, payment.designation) == (
        "SK-1", date(2025, 5, 10), Decimal("1000.50"), "JJ-1")
    assert [(each.value, each.confirmed) for each in party.contact_points][2:] == [("13900139000", True)]
    assert [(each.kind, each.withdrawn_on) for each in party.consents] == [
        (ConsentKind.ELECTRONIC_SERVICE, date(2025, 7, 1)), (ConsentKind.PROVISION, None)]
    assert party.name == NAME, "what stood there stands as it was"
    sides, [drawdown] = file_of(ref).sides, file_of(ref).drawdowns
    assert [(each.assigned_on, [creditor.name for creditor in each.creditors]) for each in sides][1:] == [
        (date(2025, 6, 2), ["Buyer Asset Management"])]
    assert drawdown.accelerated_on == date(2025, 5, 20)
    shown = opened(officer, f"/cases/{ref}", language)
    assert "1,000.50" in shown.text
    assert "13900139000" not in shown.source, "masked, as everything personal"
    assert shown.all_faults() == []
    assert 'value="1/debtor"' not in shown.source, "a consent that was withdrawn is not withdrawn again"
    assert CaseRevision.objects.latest("id").actor.startswith("person:")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_typed_wrong_stands_beside_its_field_and_nothing_is_written(ref: str, officer: Client, language: str) -> None:
    heads = {"Accept-Language": language}
    assert officer.post(f"/cases/{ref}/payments", PAYMENT).status_code == 303
    before = (Case.objects.get().file_version, CaseRevision.objects.count())
    for part, form, changes in (
        ("payments", "payment", (
            ("reference", "", ), ("reference", "x" * 129), ("reference", "SK-1"), ("received_on", "2020-01-01"), ("received_on", "x"),
            ("received_on", "2026-02-30"), ("amount", "0"), ("amount", "1.234"), ("amount", "-5"), ("amount", "1e3"),
            ("designation", "JJ-9"))),
        ("contacts", "contact", (
            ("party", "nobody"), ("kind", "fax"), ("value", ""), ("value", "12"), ("value", "a" * 201), ("basis", "guessed"))),
        ("consents", "consent", (
            ("party", ""), ("kind", "x"), ("given_on", ""), ("document", ""), ("document", "x" * 201), ("record", "CZ-1"))),
        ("consents/withdrawal", "withdrawal", (
            ("consent", ""), ("consent", "9/debtor"), ("consent", "1/nobody"), ("withdrawn_on", ""), ("withdrawn_on", "2025-02-01"))),
        ("creditors", "succession", (
            ("creditors", ""), ("creditors", "A; 0.5\nB; 0.4"), ("creditors", "A\nB"), ("creditors", "A; 2"), ("creditors", "; 1"),
            ("creditors", "A; 1; 911000001000013429"), ("creditors", "A; 1; x; y"), ("creditors", "x" * 201), ("creditors", "A\n" * 21),
            ("assigned_on", ""), ("notice_record", "CZ-1"), ("claimant_name", "x" * 201), ("claimant_basis", "clause 3"))),
        ("acceleration", "acceleration", (
            ("drawdown", ""), ("drawdown", "/JJ-9"), ("drawdown", "2026-13-40/JJ-1"), ("drawdown", "x/JJ-1"), ("accelerated_on", "x"),
            ("accelerated_on", "2025-03-10"), ("accelerated_on", "2099-01-01"))),
    ):
        for name, value in changes:
            more = {"amount": "7"} if (part, value) == ("payments", "SK-1") else {"reference": "SK-2"} if part == "payments" else {}
            typed = {**FORMS[part], **more, name: value}
            page = refused(officer.post(f"/cases/{ref}/{part}", typed, headers=heads), 422, f"{form}-{name}", language)
            assert page.source.count("<details class=\"screen\" open>") == 1, "the form at fault is open"
    assert (Case.objects.get().file_version, CaseRevision.objects.count()) == before


def test_a_file_of_which_something_was_erased_grows_and_what_was_erased_stays_erased(ref: str, officer: Client) -> None:
    Party.objects.update(sealed_name=None, name_index=None, sealed_identity=None, identity_index=None, erased_at=timezone.now())
    ContactPoint.objects.filter(position=1).update(sealed_value=None, value_index=None, erased_at=timezone.now())
    for part, form in FORMS.items():
        assert officer.post(f"/cases/{ref}/{part}", form).status_code == 303, part
    party = debtor(ref)
    assert (party.name, [each.value is None for each in party.contact_points]) == (None, [True, False, False])


def test_a_case_without_a_file_gets_its_first_one_whole(lender: Organisation, officer: Client, send: Send) -> None:
    bare = Case.objects.create(organisation=lender, ref="a" * 32, client_reference="LN-9", created_at=timezone.now())
    for language in LANGUAGES:
        page = opened(officer, f"/cases/{bare.ref}", language)
        assert 'href="/cases/import"' in page.source
        assert f"/cases/{bare.ref}/payments" not in page.source
        for part, form in FORMS.items():
            answer = officer.post(f"/cases/{bare.ref}/{part}", form, headers={"Accept-Language": language})
            assert answer.status_code in (409, 422), part
            assert Page(answer.content.decode()).all_faults() == []
    assert send("GET", f"/cases/{bare.ref}").json()["version"] == 0


def test_what_may_be_left_out_is_not_asked_for_when_it_is_too_long(ref: str, officer: Client) -> None:
    for name, asked in (("document", False), ("record", False)):
        page = refused(officer.post(f"/cases/{ref}/consents", {**CONSENT, name: "x" * 201}), 422, f"consent-{name}", "zh-hans")
        assert ("须填写，不超过" in page.text, "不超过 " in page.text) == (asked, True)
    page = refused(officer.post(f"/cases/{ref}/contacts", {**CONTACT, "value": "x" * 201}), 422, "contact-value", "zh-hans")
    assert "须填写，不超过 200 字" in page.text


def provided(lender: Organisation, ref: str, document: str) -> Grant:
    legal, firm = make_person(f"legal-{document[-1]}", Role.LEGAL_OFFICER, lender), make_organisation(Kind.LAW_FIRM, f"律所 {document}")
    now = timezone.now()
    return grant_access(viewer_of(legal), Opening(
        firm.ref, Grant.Basis.PROVIDED, document, "诉讼代理", now, now + timedelta(days=30), [ref]), now=now)


def parties_of(page: Page) -> str:
    return page.source.partition('<h2 id="parties">')[2].partition("</section>")[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lender_is_told_of_grants_whose_consent_was_withdrawn_and_the_page_names_them(
    ref: str, officer: Client, lender: Organisation, language: str,
) -> None:
    for document in ("Consent 7", "Consent 8"):
        assert officer.post(f"/cases/{ref}/consents", {**CONSENT, "document": document}).status_code == 303
    lost, kept = provided(lender, ref, "Consent 7"), provided(lender, ref, "Consent 8")
    assert lost.receiver.name not in parties_of(opened(officer, f"/cases/{ref}", language))
    for _press in range(2):
        done = officer.post(f"/cases/{ref}/consents/withdrawal", {"consent": "2/debtor", "withdrawn_on": "2025-07-01"})
        assert done.status_code == 303
    told = Notice.objects.filter(kind=CONSENT_LOST)
    assert [(each.organisation, each.subject, each.count) for each in told] == [(lender, lost.ref, 1)]
    assert [each.kind for each in inbox_of(viewer_of(Person.objects.get(login="legal-7")))] == [CONSENT_LOST]
    page = opened(officer, f"/cases/{ref}", language)
    assert language == "zh-hans" or page.chinese() == []
    assert (lost.receiver.name in parties_of(page), kept.receiver.name in parties_of(page)) == (True, False)
    # A grant that was revoked is nobody's concern any more.
    revoke_grant(viewer_of(Person.objects.get(login="legal-7")), lost, now=timezone.now())
    assert lost.receiver.name not in parties_of(opened(officer, f"/cases/{ref}", language))


def test_a_file_that_is_written_anew_without_the_consent_tells_the_lender_too(ref: str, lender: Organisation, send: Send) -> None:
    consent = {"kind": "provision", "document": "Consent 7", "given_on": "2025-03-01"}

    def write(consents: list[dict[str, str]], version: int) -> None:
        body = case_body()
        body["parties"][0]["consents"] = consents
        del body["reference"]
        assert send("PUT", f"/cases/{ref}", {**body, "version": version}).status_code == 200

    write([consent], 1)
    grant = provided(lender, ref, "Consent 7")
    write([consent], 2)
    assert not Notice.objects.filter(kind=CONSENT_LOST).exists()
    write([], 3)
    write([], 4)
    assert [each.subject for each in Notice.objects.filter(kind=CONSENT_LOST)] == [grant.ref]


def test_a_contact_point_that_is_entered_again_takes_the_basis_and_the_confirmation_that_are_told_now(ref: str, officer: Client) -> None:
    before = debtor(ref).contact_points
    again = {**CONTACT, "value": before[0].value, "basis": "repaired"}
    for typed, told in ((again, ("repaired", True)), ({**again, "basis": "public", "confirmed": ""}, ("public", True))):
        assert officer.post(f"/cases/{ref}/contacts", typed).status_code == 303
        first, *others = debtor(ref).contact_points
        assert (first.value, first.basis, first.confirmed, first.last_active_at) == (before[0].value, *told, before[0].last_active_at)
        assert tuple(others) == before[1:]
    unconfirmed = {name: value for name, value in again.items() if name != "confirmed"}
    assert officer.post(f"/cases/{ref}/contacts", unconfirmed).status_code == 303
    assert [each.confirmed for each in debtor(ref).contact_points] == [False, False]


def test_a_consent_that_was_withdrawn_by_mistake_is_recorded_again(ref: str, officer: Client) -> None:
    for part, form in (("consents", CONSENT), ("consents/withdrawal", {"consent": "2/debtor", "withdrawn_on": "2025-07-01"}),
                       ("consents", CONSENT), ("consents", CONSENT)):
        assert officer.post(f"/cases/{ref}/{part}", form).status_code == 303
    assert [(each.document, each.withdrawn_on) for each in debtor(ref).consents][1:] == [
        ("Consent 7", date(2025, 7, 1)), ("Consent 7", None)]


def test_of_two_who_withdraw_a_consent_on_different_days_the_second_is_told(ref: str, lender: Organisation) -> None:
    viewer, case = viewer_of(make_person("officer", Role.CASE_OFFICER, lender)), Case.objects.get(ref=ref)
    seen = debtor(ref).consents[0]
    withdraw_consent(viewer, case, "debtor", 1, date(2025, 7, 1), seen=seen, now=timezone.now())
    with pytest.raises(CaseChanged), transaction.atomic():
        withdraw_consent(viewer, case, "debtor", 1, date(2025, 8, 1), seen=seen, now=timezone.now())
    another = ConsentFacts(seen.kind, date(2025, 3, 2), "x")
    with pytest.raises(CaseChanged):
        withdraw_consent(viewer, case, "debtor", 1, date(2025, 7, 1), seen=another, now=timezone.now())
    assert debtor(ref).consents[0].withdrawn_on == date(2025, 7, 1)
    assert isinstance(debtor(ref).contact_points[0], ContactFacts)


def test_an_assignment_names_several_creditors_with_their_shares_and_one_that_claims_for_all(ref: str, officer: Client) -> None:
    typed = {
        "creditors": "甲资产公司；0.6；911000001000013428\n乙资产公司;0.4", "assigned_on": "2025-06-02", "notice_record": "",
        "claimant_name": "甲资产公司", "claimant_basis": "联合受让协议第 3 条"}
    assert officer.post(f"/cases/{ref}/creditors", typed).status_code == 303
    last = file_of(ref).sides[-1]
    assert [(each.name, each.share, each.credit_code) for each in last.creditors] == [
        ("甲资产公司", Decimal("0.6"), "911000001000013428"), ("乙资产公司", Decimal("0.4"), "")]
    assert (last.claimant_name, last.claimant_basis) == ("甲资产公司", "联合受让协议第 3 条")
    page = opened(officer, f"/cases/{ref}").source
    assert "债权受让人 2025-06-02" in page
    refused(officer.post(f"/cases/{ref}/creditors", {**typed, "assigned_on": "2025-06-01"}), 422, "succession-assigned_on", "zh-hans")
    assert len(file_of(ref).sides) == 2, "one that came before cannot be told after"


def test_a_day_on_which_all_became_due_is_changed_by_who_saw_it_and_taken_back(ref: str, officer: Client) -> None:
    path = f"/cases/{ref}/acceleration"
    assert officer.post(path, ACCELERATION).status_code == 303
    assert 'value="2025-05-20/JJ-1"' in opened(officer, f"/cases/{ref}").source
    late = officer.post(path, {"drawdown": "/JJ-1", "accelerated_on": "2025-05-25"})
    assert (late.status_code, "case-changed" in late.content.decode()) == (409, True), "somebody else was faster"
    for day, there in (("2025-05-25", date(2025, 5, 25)), ("", None)):
        seen = file_of(ref).drawdowns[0].accelerated_on
        assert officer.post(path, {"drawdown": f"{seen}/JJ-1", "accelerated_on": day}).status_code == 303
        assert file_of(ref).drawdowns[0].accelerated_on == there


def test_whoever_keeps_no_files_and_whoever_is_another_writes_nothing(ref: str, lender: Organisation) -> None:
    before = file_of(ref)
    for role, permission in ROLES.items():
        at_home = permission.kind == Kind.LENDER
        browser = signed_in(make_person(f"a-{role}", role, lender if at_home else None))
        for part, form in FORMS.items():
            if Act.KEEP_CASE not in permission.acts:
                assert browser.post(f"/cases/{ref}/{part}", form).status_code == 403, role
        if at_home and permission.acts & {Act.READ_CASE} and Act.KEEP_CASE not in permission.acts:
            assert f"/cases/{ref}/payments" not in opened(browser, f"/cases/{ref}").source
    stranger = signed_in(make_person("stranger", Role.CASE_OFFICER))
    for part, form in FORMS.items():
        assert stranger.post(f"/cases/{ref}/{part}", form).status_code == 404
    assert file_of(ref) == before
