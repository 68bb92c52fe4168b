"""Completeness: what a procedure needs, by which rule, and whether the case has it, has it weakly, or lacks it."""
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from accounts.permissions import Kind, Role
from accounts.viewer import Viewer
from cases.models import Case, Creditor, CreditorSide
from cases.selectors import case_file_for
from evidence.case_evidence import OF_EACH_KIND, exhibits_of, panels_of, records_that_count
from evidence.completeness import PROCEDURES, Exhibit, Found, completeness
from evidence.kinds import KINDS, SERVICE_KINDS
from evidence.kinds.schemas import current_schemas
from evidence.models import Evidence, Relation, Supersession
from evidence.quarantine import quarantine_record
from evidence.quarantine_rows import Quarantine
from tests.cases.cast import Cast, viewer_of
from tests.depositing import Post, document
from tests.evidence.desk import Desk

DAY = date(2026, 11, 30)


def held(kind: str, number: int = 1, *, carrier: bool = False, corroborated: bool = False, **metadata: Any) -> Exhibit:
    return Exhibit(f"{kind}-{number}", kind, metadata, carrier, corroborated)


def found(procedure: str, *exhibits: Exhibit) -> dict[str, Found]:
    return {each.key: each for each in completeness(procedure, exhibits, day=DAY)}


def state(procedure: str, key: str, *exhibits: Exhibit) -> str:
    return found(procedure, *exhibits)[key].state


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_of_an_empty_case_everything_is_missing_but_what_need_not_have_happened(procedure: str) -> None:
    for each in found(procedure).values():
        may_be_absent = ("settlement", "objection", *(("agreement", "succession") if procedure == "enforcement" else ()))
        assert each.state == ("none" if each.key in may_be_absent else "missing"), each
        assert each.records == ()


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_every_need_is_of_kinds_that_there_are_and_cites_the_law_of_the_day(procedure: str) -> None:
    for need in PROCEDURES[procedure][1]:
        assert set(need.kinds) <= {*KINDS, *SERVICE_KINDS}
        if need.told:
            assert all(need.told in current_schemas()[kind].fields for kind in need.kinds)
        assert need.bases, need.key
    for language, mark in (("zh-hans", "第"), ("en", "Article")):
        with translation.override(language):
            assert all(each.bases and all(mark in basis for basis in each.bases) for each in found(procedure).values())


def test_needs_stand_once_in_each_procedure() -> None:
    for _word, needs in PROCEDURES.values():
        assert len({need.key for need in needs}) == len(needs)


def test_a_lone_screenshot_is_weak_and_another_kind_beside_it_takes_that_away() -> None:
    shot = held("screenshot")
    alone = found("suit", shot)["delivery"]
    assert (alone.state, alone.records) == ("weak", ["screenshot-1"])
    assert "《最高人民法院关于民事诉讼证据的若干规定》（2020年5月1日起施行）第九十条第（四）项" in alone.bases
    assert "不能单独作为认定案件事实的根据" in str(alone.why)
    assert state("suit", "delivery", shot, held("screenshot", 2)) == "weak", "two of one kind are no corroboration"
    assert state("suit", "delivery", shot, held("photo")) == "present"
    assert state("suit", "delivery", shot, held("delivery_receipt", status="signed")) == "present"
    assert state("suit", "delivery", held("screenshot", corroborated=True)) == "present"
    ruling, notarised = held("document", document_type="ruling"), [held("document", n, document_type="notarial") for n in (1, 2)]
    assert state("enforcement", "title", ruling) == state("enforcement", "title", *notarised) == "present"
    assert state("enforcement", "title", notarised[0]) == "weak", "the instrument and the execution certificate are two"


def test_copies_without_an_original_are_weak() -> None:
    copy = found("suit", held("contract", form="photocopy"), held("contract", 2, form="scan"))["contract"]
    assert copy.state == "weak"
    assert any("第九十条第（五）项" in basis for basis in copy.bases)
    for form in ("original", None):
        assert state("suit", "contract", held("contract", form="scan"), held("contract", 2, form=form)) == "present"


def test_a_recording_without_its_carrier_is_weak() -> None:
    assert state("suit", "objection", held("call_recording", outcome="disputed")) == "weak"
    assert state("suit", "objection", held("call_recording", outcome="disputed", carrier=True)) == "present"
    assert state("suit", "objection", held("call_recording", outcome="paid", carrier=True)) == "none"


def test_a_receipt_that_shows_no_arrival_is_weak_whatever_is_beside_it() -> None:
    for status in ("sent", "bounced", "refused"):
        assert state("demand", "delivery", held("delivery_receipt", status=status)) == "weak"
        assert state("demand", "delivery", held("delivery_receipt", status=status), held("screenshot")) == "weak"
    assert state("demand", "delivery", held("delivery_receipt", status="bounced"), held("delivery_receipt", 2, status="read")) == "present"


def test_a_clause_that_no_record_tells_is_weak() -> None:
    assert state("arbitration", "agreement", held("contract")) == "weak"
    assert state("arbitration", "agreement", held("contract", dispute_clause="11.1")) == "present"
    assert state("notarial_execution", "consent", held("contract", dispute_clause="11.1")) == "weak"


def test_a_signature_is_asked_for_where_the_contract_was_signed_electronically() -> None:
    assert "signature" not in found("suit", held("contract", signing_method="seal"))
    assert state("suit", "signature", held("contract", signing_method="electronic_signature")) == "missing"


def test_documents_count_for_what_they_are() -> None:
    types = ("identity", "ruling", "licence", "authorisation")
    papers = [held("document", number, document_type=type_) for number, type_ in enumerate(types)]
    assert [state("enforcement", key, *papers) for key in ("title", "applicant", "authority")] == ["present"] * 3
    assert found("enforcement", *papers)["title"].records == ["document-1"]
    assert state("suit", "identity", held("document", document_type="other")) == "missing"


TO_APPLY = "《最高人民法院关于人民法院执行工作若干问题的规定（试行）》（2021年1月1日起施行）第十八条"


def test_to_enforce_an_award_the_arbitration_agreement_is_asked_for() -> None:
    judgment = held("document", document_type="ruling", issuer="示例市人民法院")
    awards = [held("document", document_type="ruling", issuer="示例仲裁委员会"),
              held("document", document_type="ruling", document_number="（2026）示仲字第1号")]
    assert found("enforcement", judgment)["agreement"].bases == [TO_APPLY]
    assert state("enforcement", "agreement", judgment) == "none", "a judgment needs none"
    for award in awards:
        assert state("enforcement", "agreement", award) == "missing"
        assert state("enforcement", "agreement", award, held("contract")) == "weak", "the clause is not told"
        assert state("enforcement", "agreement", award, held("contract", dispute_clause="11.1")) == "present"


def test_who_took_the_debt_over_shows_by_what() -> None:
    paper = held("document", document_type="assignment")
    assert found("enforcement")["succession"].bases == [TO_APPLY]
    assert state("enforcement", "succession") == "none", "the first creditor succeeded nobody"
    asked = {each.key: each.state for each in completeness("enforcement", [], day=DAY, assigned=True)}
    assert asked["succession"] == "missing"
    assert state("enforcement", "succession", paper) == "present"
    assert state("enforcement", "succession", held("document", document_type="authorisation")) == "none"


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_the_debtors_objection_rests_on_a_rule_in_every_procedure(procedure: str) -> None:
    assert any("第九十四条" in basis for basis in found(procedure)["objection"].bases)


def test_what_is_in_quarantine_is_to_be_verified_and_neither_stands_nor_helps() -> None:
    away = Exhibit("contract-9", "contract", {"dispute_clause": "11.1"}, quarantined=True)
    told = found("suit", away)["contract"]
    assert (told.state, told.records) == ("weak", ["contract-9"])
    assert "隔离" in str(told.why)
    assert "待核实" in str(told.why)
    assert any("第九十三条" in basis for basis in told.bases)
    assert state("suit", "contract", away, held("contract")) == "present"
    assert state("arbitration", "agreement", away, held("contract")) == "weak", "the clause of the other is not told"
    photo = Exhibit("photo-1", "photo", quarantined=True)
    assert state("suit", "delivery", held("screenshot"), photo) == "weak"
    titles = [Exhibit(f"document-{n}", "document", {"document_type": "notarial"}, quarantined=n == 2) for n in (1, 2)]
    assert state("enforcement", "title", *titles) == "weak", "one of the two is away"


def test_what_favours_the_debtor_counts() -> None:
    told = found("suit", held("repayment_ledger"), held("settlement"), held("complaint"))
    assert {each.key: each.state for each in told.values() if each.debtor} == dict.fromkeys(
        ("ledger", "settlement", "objection"), "present")


def test_where_todays_number_is_not_known_the_earlier_one_is_cited_with_a_caution() -> None:
    assert found("arbitration")["agreement"].bases == ["《中华人民共和国仲裁法》（2018年1月1日起施行）第十六条（现行版本的条号尚未核实）"]
    on_that_day = completeness("arbitration", [], day=date(2026, 2, 28))
    assert on_that_day[0].bases == ["《中华人民共和国仲裁法》（2018年1月1日起施行）第十六条"]


@pytest.mark.usefixtures("service")
def test_the_api_tells_it_of_the_records_that_are_open(post_deposit: Post, client: Client, key: str) -> None:
    told = {"kind": "contract", "title": "合同", "metadata": {"form": "scan", "dispute_clause": "11.1"}}
    number = post_deposit(document(subject=told), b"x").json()["records"][0]["record"]
    case = Evidence.objects.get().case
    url, headers = f"/api/v1/cases/{case.ref}/completeness", {"Authorization": f"Bearer {key}"}
    answer = client.get(url, headers=headers)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert body["whole_case"] is True
    assert [each["procedure"] for each in body["procedures"]] == list(PROCEDURES)
    needs = {each["need"]: each for each in body["procedures"][2]["needs"]}
    assert (needs["contract"]["state"], needs["contract"]["records"]) == ("weak", [number])
    assert needs["disbursement"]["state"] == "missing"
    english = client.get(url, headers={**headers, "Accept-Language": "en"}).json()
    assert english["procedures"][2]["title"] == "Arbitration"
    assert client.get(f"/api/v1/cases/{'0' * 32}/completeness", headers=headers).status_code == 404


def exhibits(cast: Cast, viewer: Viewer, case: Case) -> list[Exhibit]:
    return exhibits_of(viewer, records_that_count(viewer, case, now=cast.now), now=cast.now)


@pytest.mark.usefixtures("service")
def test_a_relation_to_another_record_that_is_open_makes_a_record_stand() -> None:
    cast = Cast()
    kinds = ("screenshot", "photo", "sms", "screenshot")
    [shot, photo, message, other] = [cast.deposit(cast.legal, "LN-1", kind=kind)[0] for kind in kinds]
    records = {number: Evidence.objects.get(record=number) for number in (shot, photo, message, other)}
    case = records[shot].case

    def backed(viewer: Any) -> set[str]:
        return {each.record for each in exhibits(cast, viewer, case) if each.corroborated}

    assert backed(cast.legal) == set()
    for relation in ("corroborates", "derived_from"):
        Relation.objects.create(said_by=records[shot], relation=relation, source=records[shot], target=records[other])
    assert backed(cast.legal) == set(), "two of one kind are no corroboration"
    for source, relation, target in ((shot, "derived_from", message), (message, "corroborates", photo)):
        ends = {"source": records[source], "target": records[target]}
        Relation.objects.create(said_by=records[source], relation=relation, **ends)
    assert backed(cast.legal) == {shot, message, photo}
    cast.ordered(case, kinds=("screenshot",))
    assert backed(cast.person("court-judge", Role.JUDGE, "court")) == set()
    Supersession.objects.create(superseded=records[message], correction=records[photo])
    assert backed(cast.legal) == set()
    assert {each.record for each in exhibits(cast, cast.legal, case)} == {shot, photo, other}


def replaces(source: Evidence, target: Evidence) -> None:
    Relation.objects.create(said_by=source, relation="replaces", source=source, target=target)


@pytest.mark.usefixtures("service")
def test_for_a_replaced_record_its_replacement_counts() -> None:
    cast = Cast()
    numbers = cast.deposit(cast.legal, "LN-1", kind="contract", count=4)
    first, second, third, other = (Evidence.objects.get(record=number) for number in numbers)
    case = first.case

    def counted(viewer: Any = cast.legal) -> set[str]:
        return {each.record for each in exhibits(cast, viewer, case)}

    replaces(second, first)
    assert counted() == {second.record, third.record, other.record}
    replaces(third, second)
    assert counted() == {third.record, other.record}, "the last of a chain stands for all before it"
    Supersession.objects.create(superseded=third, correction=other)
    assert counted() == {second.record, other.record}, "what was deposited by mistake replaces nothing"


@pytest.mark.usefixtures("service")
def test_of_records_that_replace_each_other_none_is_lost() -> None:
    cast = Cast()
    one, two, three = (Evidence.objects.get(record=number) for number in cast.deposit(cast.legal, "LN-1", kind="contract", count=3))
    replaces(one, two)
    replaces(two, one)
    assert len(exhibits(cast, cast.legal, one.case)) == 3
    replaces(three, one)
    assert {each.record for each in exhibits(cast, cast.legal, one.case)} == {three.record}


@pytest.mark.usefixtures("service")
def test_an_agency_replaces_nothing_of_the_lenders_and_what_is_closed_replaces_nothing() -> None:
    cast = Cast()
    case = cast.case()
    cast.assigned(case)
    machine = cast.machine("collection_agency", Kind.COLLECTION_AGENCY)
    lenders, theirs, again = (Evidence.objects.get(record=number) for number in (
        cast.deposit(cast.legal, "LN-1", kind="contract")[0], *cast.deposit(machine, case.ref, kind="contract", count=2)))
    replaces(theirs, lenders)
    assert lenders.record in {each.record for each in exhibits(cast, cast.legal, case)}
    replaces(again, theirs)
    assert theirs.record not in {each.record for each in exhibits(cast, cast.legal, case)}
    letter = Evidence.objects.get(record=cast.deposit(cast.legal, "LN-1", kind="letter")[0])
    replaces(letter, lenders)
    assert lenders.record not in {each.record for each in exhibits(cast, cast.legal, case)}
    cast.ordered(case, kinds=("contract",))
    judge = cast.person("court-judge", Role.JUDGE, "court")
    assert lenders.record in {each.record for each in exhibits(cast, judge, case)}


@pytest.mark.usefixtures("service")
def test_a_record_in_quarantine_is_weak_on_the_cases_page_and_corroborates_nothing() -> None:
    desk = Desk(Role.LEGAL_OFFICER)
    case = desk.case()
    for kind in ("disbursement", "screenshot", "photo"):
        assert desk.send(case, (f"{kind}.png", b"x"), kind=kind).status_code == 303
    paid, shot, photo = Evidence.objects.order_by("id")
    Relation.objects.create(said_by=photo, relation="corroborates", source=photo, target=shot)
    viewer = viewer_of(desk.person)
    before = {each.record: each for each in exhibits_of(viewer, records_that_count(viewer, case, now=timezone.now()), now=timezone.now())}
    assert (before[shot.record].corroborated, before[paid.record].quarantined) == (True, False)
    for record in (paid, photo):
        quarantine_record(record, reason="sample", cause=Quarantine.Cause.MALWARE)
    after = {each.record: each for each in exhibits_of(viewer, records_that_count(viewer, case, now=timezone.now()), now=timezone.now())}
    assert (after[shot.record].corroborated, after[paid.record].quarantined) == (False, True)
    html = desk.client.get(f"/cases/{case.ref}").content.decode()
    assert "原件已被隔离，待核实" in html


@pytest.mark.usefixtures("service")
def test_a_debt_that_was_assigned_needs_its_proof() -> None:
    cast = Cast()
    case = cast.case()
    now = timezone.now()

    def asked() -> str:
        panel = panels_of(cast.legal, case_file_for(cast.legal, case.ref, now=now), [], now=now)[-1]
        return {each.key: each.state for each in panel.needs}["succession"]

    assert asked() == "none"
    for sequence, day in ((1, None), (2, DAY)):
        side = CreditorSide.objects.create(case=case, sequence=sequence, assigned_on=day)
        Creditor.objects.create(side=side, position=1, name="甲", share=1)
    assert asked() == "missing"


@pytest.mark.usefixtures("service")
def test_what_is_closed_does_not_count_and_of_each_kind_the_newest_are_looked_at() -> None:
    cast = Cast()
    case = cast.case()
    cast.deposit(cast.legal, "LN-1", kind="contract", count=OF_EACH_KIND + 1)
    assert [each.kind for each in exhibits(cast, cast.legal, case)].count("contract") == OF_EACH_KIND
    cast.ordered(case, kinds=("sms",))
    judge = cast.person("court-judge", Role.JUDGE, "court")
    assert {each.kind for each in exhibits(cast, judge, case)} == {"sms"}
    assert exhibits(cast, cast.machine("stranger", Kind.LENDER), case) == []


@pytest.mark.usefixtures("service")
def test_the_case_page_shows_each_procedure_with_its_law() -> None:
    desk = Desk()
    case = desk.case()
    desk.send(case, ("截图.png", b"x"), kind="screenshot")
    html = desk.client.get(f"/cases/{case.ref}").content.decode()
    assert html.count("data-procedure=") == len(PROCEDURES)
    for told in ("材料齐备度", "薄弱", "缺少", "第九十条第（四）项", "不判断证据的真实性和证明力"):
        assert told in html
