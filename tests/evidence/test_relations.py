"""Relations between records: said at the deposit or later by another record, shown on both ends, and only to who may see both."""
import json
from typing import Any

import pytest
from django.test import Client

from accounts.permissions import Kind, Role
from accounts.viewer import Viewer
from cases.models import Assignment
from evidence.capture import DepositItem, Depositor
from evidence.fsck import examine_evidence
from evidence.models import Evidence, EvidenceFile, Relation
from evidence.related import equal_to, related_faults, relations_of, relations_said
from evidence.selectors import claims_of
from tests.cases.cast import Cast
from tests.depositing import Post, batch, document
from tests.evidence.desk import Desk

pytestmark = pytest.mark.usefixtures("service")
RELATIONS = ("derived_from", "corroborates", "replaces", "reply_to")


def made(answer: Any) -> str:
    assert answer.status_code == 201, answer.content
    return str(answer.json()["records"][0]["record"])


def sms(*relations: tuple[str, str], **changes: Any) -> dict[str, Any]:
    told = [{"relation": relation, "record": record} for relation, record in relations]
    return document(subject={"kind": "sms", "title": "短信", "metadata": {"relations": told}}, **changes)


def listed(client: Client, key: str, record: str) -> list[tuple[str, str, str]]:
    answer = client.get(f"/api/v1/evidence/{record}/relations", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.content
    return [(row["relation"], row["direction"], row["record"]) for row in answer.json()["relations"]]


def test_a_deposit_says_how_it_belongs_to_others_and_both_ends_show_it(post_deposit: Post, client: Client, key: str) -> None:
    first = made(post_deposit(document(), b"x"))
    second = made(post_deposit(sms(*((relation, first) for relation in RELATIONS)), b"y"))
    assert listed(client, key, second) == [(relation, "from_here", first) for relation in RELATIONS]
    assert listed(client, key, first) == [(relation, "to_here", second) for relation in RELATIONS]
    [subject] = [json.loads(claim.data)["value"] for claim in claims_of(Evidence.objects.get(record=second)) if claim.name == "subject"]
    assert subject["metadata"]["relations"] == [{"relation": relation, "record": first} for relation in RELATIONS]
    assert list(examine_evidence()) == []


def test_a_batch_names_every_relation_to_nothing_and_takes_none(post_deposit: Post, post_batch: Post) -> None:
    first = made(post_deposit(document(), b"x"))
    elsewhere = made(post_deposit(document(case="LN-OTHER"), b"x"))
    body = batch(3)
    nowhere = "CZ-20261123-4K7QM-X2R9D-0"
    told = [[("reply_to", first)], [("reply_to", nowhere)], [("reply_to", first), ("derived_from", elsewhere)]]
    body["records"] = [{**record, "subject": sms(*each)["subject"]} for record, each in zip(body["records"], told, strict=True)]
    answer = post_batch(body)
    assert (answer.status_code, answer.json()["code"], answer.json()["count"]) == (422, "records-invalid", 2)
    faults = [(row["pointer"], row["detail"]) for row in answer.json()["errors"]]
    assert faults == [
        (f"#/records/{place}/record", f"本案中没有存证 {number}，或者它不向您开放。")
        for place, number in (("1/subject/metadata/relations/0", nowhere), ("2/subject/metadata/relations/1", elsewhere))]
    assert (Evidence.objects.count(), Relation.objects.count()) == (2, 0)


def test_a_retry_gets_its_receipt_though_the_relation_would_be_refused_now(post_deposit: Post) -> None:
    first = made(post_deposit(document(), b"x"))
    one, two = (post_deposit(sms(("reply_to", first)), b"y", Idempotency_Key="k") for _ in range(2))
    assert made(one) == made(two)
    assert Relation.objects.count() == 1


def test_another_organisations_record_is_as_if_it_were_not_there(post_deposit: Post) -> None:
    desk = Desk()
    assert desk.send(desk.case("LN-2026-0001"), ("a.txt", b"a")).status_code == 303
    theirs = Evidence.objects.get().record
    answer = post_deposit(sms(("reply_to", theirs)), b"y")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/subject/metadata/relations/0/record")


def test_a_person_says_it_later_by_a_record_that_changes_nothing_of_the_two() -> None:
    desk = Desk(Role.CASE_OFFICER)
    case = desk.case()
    for name in ("one", "two"):
        desk.send(case, (f"{name}.txt", name.encode()))
    one, two = Evidence.objects.order_by("id")
    before = [bytes(record.statement) for record in (one, two)]
    page = f"/records/{one.record}/relate"
    form = desk.form(page)
    for _ in range(2):  # the same form sent twice makes one record
        answer = desk.client.post(page, {**form, "relation": "derived_from", "record": two.record.lower(), "reason": "截取自通话"})
        assert (answer.status_code, answer["Location"]) == (303, f"/records/{one.record}"), answer.content
    said = Evidence.objects.get(kind="relation")
    told = {claim.name: json.loads(claim.data)["value"] for claim in claims_of(said)}
    assert told["subject"]["metadata"] == {
        "source": one.record, "relation": "derived_from", "target": two.record, "reason": "截取自通话", "schema": "relation/1"}
    for record, word, other in ((one, "来源于", two), (two, "派生出", one)):
        html = desk.client.get(f"/records/{record.record}").content.decode()
        assert f'{word} <a class="mono" href="/records/{other.record}">' in html
        assert said.record in html
    assert [bytes(record.statement) for record in Evidence.objects.order_by("id")[:2]] == before
    assert list(examine_evidence()) == []


def test_a_row_that_no_claim_says_and_a_claim_without_its_row_are_found(post_deposit: Post) -> None:
    first = made(post_deposit(document(), b"x"))
    second = made(post_deposit(sms(("reply_to", first)), b"y"))
    one, two = (Evidence.objects.get(record=number) for number in (first, second))
    Relation.objects.create(said_by=one, source=one, relation="corroborates", target=two)
    assert [finding.where for finding in examine_evidence()] == [f"evidence_relation of {first}"]
    told = {"schema": "sms/1", "relations": [{"relation": "reply_to", "record": first}]}
    assert relations_said(second, told) == {(second, "reply_to", first)}
    assert relations_said(second, {"relations": "of before"}) == set()


def test_what_is_no_relation_is_refused_in_words() -> None:
    desk = Desk(Role.CASE_OFFICER)
    case, other = desk.case(), desk.case("LN-2")
    for where in (case, other):
        desk.send(where, ("a.txt", b"a"))
    one, elsewhere = Evidence.objects.order_by("id")
    page = f"/records/{one.record}/relate"
    form = desk.form(page)
    for said, sentence in (
            ({"relation": "likes", "record": elsewhere.record}, "请从列表中选择关联。"),
            ({"relation": "reply_to", "record": elsewhere.record}, "同一案件的另一份存证"),
            ({"relation": "reply_to", "record": one.record}, "同一案件的另一份存证"),
            ({"relation": "reply_to", "record": "CZ-20261123-4K7QM-X2R9D-0"}, "没有这份存证"),
            ({"relation": "reply_to", "record": "nothing"}, "存证编号有误"),
            ({"relation": "reply_to", "record": one.record, "reason": "x" * 1001}, "说明不超过 1000 字")):
        answer = desk.client.post(page, {**form, **said})
        assert answer.status_code in (404, 422, 400), said
        assert sentence in answer.content.decode(), said
    assert (Evidence.objects.count(), Relation.objects.count()) == (2, 0)


def test_a_relation_is_shown_only_to_who_may_see_both_ends() -> None:
    """An order for one kind of evidence opens that kind alone, and an assignment without the lender's records those of the agency."""
    cast = Cast()
    [contract] = cast.deposit(cast.legal, "LN-1", kind="contract")
    [message] = cast.deposit(cast.legal, "LN-1", kind="sms")
    case = Evidence.objects.get(record=contract).case
    one, two = (Evidence.objects.get(record=number) for number in (contract, message))
    Relation.objects.create(said_by=one, source=one, relation="corroborates", target=two)
    cast.ordered(case, kinds=("contract",))
    cast.ordered(case, court="whole")
    judge, other = cast.person("court-judge", Role.JUDGE, "court"), cast.person("whole-judge", Role.JUDGE, "whole")
    def seen(viewer: Viewer) -> list[tuple[str, str | None]]:
        return [(row.record.record, row.said_by) for row in relations_of(viewer, one, now=cast.now)]

    assert [seen(viewer) for viewer in (cast.legal, judge, other)] == [[(message, contract)], [], [(message, contract)]]
    [said] = cast.deposit(cast.legal, "LN-1", kind="photo")
    Relation.objects.create(said_by=Evidence.objects.get(record=said), source=two, relation="reply_to", target=one)
    cast.ordered(case, court="both", kinds=("contract", "sms"))
    assert seen(cast.person("both-judge", Role.JUDGE, "both")) == [(message, contract), (message, None)]


def test_an_agency_names_what_is_open_to_it_and_nothing_else() -> None:
    cast = Cast()
    case = cast.case()
    cast.assigned(case)
    agency = cast.machine("collection_agency", Kind.COLLECTION_AGENCY)
    theirs, [own] = Evidence.objects.get(case=case).record, cast.deposit(agency, case.ref)
    key = agency.key
    assert key is not None
    depositor = Depositor(agency.organisation, key.pk)
    items = [DepositItem(case.ref, "sms", "短信", (), {"relations": [{"relation": "reply_to", "record": number}]})
             for number in (theirs, own)]
    assert [len(faults) for faults in related_faults(depositor, items, now=cast.now)] == [1, 0]
    Assignment.objects.update(includes_all=True)
    assert [len(faults) for faults in related_faults(depositor, items, now=cast.now)] == [0, 0]
    Assignment.objects.update(withdrawn_at=cast.now)
    assert [len(faults) for faults in related_faults(depositor, items, now=cast.now)] == [1, 1]


def test_records_with_an_equal_file_are_linked() -> None:
    desk = Desk(Role.CASE_OFFICER)
    case, other = desk.case(), desk.case("LN-2")
    for where, data in ((case, b"the same"), (other, b"the same"), (other, b"another")):
        desk.send(where, ("a.txt", data))
    one, two, three = Evidence.objects.order_by("id")
    for record, linked in ((one, two), (two, one), (three, None)):
        html = desk.client.get(f"/records/{record.record}").content.decode()
        assert ("含有相同文件的存证" in html) == (linked is not None)
        assert linked is None or f'href="/records/{linked.record}"' in html


def test_nobody_learns_of_an_equal_file_in_a_record_that_is_not_open_to_him() -> None:
    cast = Cast()
    [contract] = cast.deposit(cast.legal, "LN-1", kind="contract")
    [message] = cast.deposit(cast.legal, "LN-1", kind="sms")
    one = Evidence.objects.get(record=contract)
    EvidenceFile.objects.update(sha256_hmac=bytes(32))
    cast.ordered(one.case, kinds=("contract",))
    judge, rival = cast.person("court-judge", Role.JUDGE, "court"), cast.organisation("rival", Kind.LENDER)
    seen = [[row.record for row in equal_to(viewer, one, now=cast.now)] for viewer in (cast.legal, judge)]
    assert seen == [[message], []]
    Evidence.objects.filter(record=message).update(organisation=rival)
    assert equal_to(cast.legal, one, now=cast.now) == []
