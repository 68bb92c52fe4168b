"""The case file over HTTP: what was sent comes back, what is wrong is pointed at, who is nobody here sees nothing."""
import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from cases.models import Case, CaseRevision, ContactPoint, Party
from tests.cases.case_files import IDENTITY, NAME, PERSONAL, PHONE, Send, case_body
from tests.depositing import batch


def opened(send: Send, **changes: Any) -> str:
    answer = send("POST", "/cases", case_body(**changes))
    assert answer.status_code == 201, answer.content
    return str(answer.json()["case"])


def filled(body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Of the answer, what the body said."""
    def same(said: Any, kept: Any) -> Any:
        if isinstance(said, dict):
            return {name: same(each, kept[name]) for name, each in said.items()}
        return [same(one, other) for one, other in zip(said, kept, strict=True)] if isinstance(said, list) else kept

    return {name: same(each, answer[name]) for name, each in body.items()}


def test_a_file_comes_back_as_it_was_sent(send: Send) -> None:
    body = case_body(
        payments=[{"reference": "SK-1", "received_on": "2025-04-10", "amount": "120.00", "designation": "JJ-1"}],
        charges=[{"reference": "F-1", "drawdown": "JJ-1", "charged_on": "2025-05-01", "amount": "35.50", "is_fee": True}],
        creditor_sides=[
            {"creditors": [{"name": "甲银行", "share": "0.7", "credit_code": "911000001000013428"}, {"name": "乙信托", "share": "0.3"}],
             "claimant_name": "甲银行", "claimant_basis": "联合贷款协议第 8 条"},
            {"creditors": [{"name": "丙资产管理公司", "share": "1"}], "assigned_on": "2025-06-01",
             "notice_record": "CZ-20261123-01234-56789-W"}])
    ref = opened(send, **body)
    answer = send("GET", f"/cases/{ref}").json()
    assert filled(body, answer) == body
    assert (answer["version"], answer["stage"], answer["deposits"]) == (1, "open", 0)
    again = send("PUT", f"/cases/{ref}", {**{name: answer[name] for name in body if name != "reference"}, "version": 1})
    assert again.status_code == 200
    assert {**again.json(), "version": 1} == answer


def test_a_deposit_opens_a_case_that_gets_its_file_once(send: Send) -> None:
    assert send("POST", "/evidence/batch", batch(2)).status_code == 201
    [row] = send("GET", "/cases").json()["cases"]
    assert (row["reference"], row["version"], row["deposits"]) == ("LN-2026-0001", 0, 2)
    assert opened(send) == row["case"]
    refused = send("POST", "/cases", case_body())
    assert (refused.status_code, refused.json()["code"]) == (409, "case-exists")
    assert send("GET", f"/cases/{row['case']}").json()["deposits"] == 2


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"creditor_sides": [{"creditors": [{"name": "甲", "share": "0.7"}, {"name": "乙", "share": "0.2"}]}]}, "/creditor_sides/0/creditors"),
    ({"creditor_sides": [{"creditors": [{"name": "甲", "share": "1"}], "assigned_on": "2025-01-01"}]}, "/creditor_sides/0/assigned_on"),
    ({"creditor_sides": [{"creditors": [{"name": "甲", "share": "1"}]}] * 2}, "/creditor_sides/1/assigned_on"),
    ({"creditor_sides": [{"creditors": [{"name": "甲", "share": "1"}], "notice_record": "CZ-20261123-01234-56789-W"}]},
     "/creditor_sides/0/notice_record"),
    ({"creditor_sides": [{"creditors": [{"name": "甲", "share": "1"}], "claimant_basis": "第 8 条"}]}, "/creditor_sides/0/claimant_basis"),
    ({"agreement": None}, "/agreement"),
    ({"payments": [{"reference": "S", "received_on": "2025-01-01", "amount": "1"}]}, "/payments/0/received_on"),
    ({"charges": [{"reference": "F", "drawdown": "?", "charged_on": "2025-05-01", "amount": "1"}]}, "/charges/0/drawdown"),
    ({"parties": [{"reference": "a", "role": "debtor", "name": "甲", "identity_number": "110105194912310021"}]},
     "/parties/0/identity_number"),
    ({"parties": [{"reference": reference, "role": "debtor", "name": "甲"} for reference in "ab"]}, "/parties"),
    ({"parties": [{"reference": "a", "role": role, "name": "甲"} for role in ("debtor", "spouse")]}, "/parties/1/reference"),
    ({"parties": [{"reference": "a", "role": "debtor", "name": "甲",
                   "contact_points": [{"kind": "mobile", "value": "1234", "basis": "contract"}]}]}, "/parties/0/contact_points/0/value"),
    ({"parties": [{"reference": "a", "role": "debtor", "name": "甲", "contact_points": [
        {"kind": "wechat", "value": "x", "basis": "contract", "last_active_at": "2025-02-30T00:00:00.000Z"}]}]},
     "/parties/0/contact_points/0/last_active_at"),
    ({"parties": [{"reference": "a", "role": "debtor", "name": "甲", "contact_points": [
        {"kind": "wechat", "value": "x", "basis": "contract", "last_active_at": "9999-12-31T23:00:00.000Z"}]}]},
     "/parties/0/contact_points/0/last_active_at"),
    ({"parties": [{"reference": "a", "role": "debtor", "name": "甲", "consents": [{"kind": "recording", "given_on": "2025-01-01"}]}]},
     "/parties/0/consents/0/document"),
    ({"parties": [{"reference": "a", "role": "debtor", "name": "甲", "consents": [
        {"kind": "recording", "given_on": "2025-01-02", "withdrawn_on": "2025-01-01", "record": "CZ-20261123-01234-56789-0"}]}]},
     "/parties/0/consents/0/withdrawn_on"),
]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_each_fault_is_pointed_at_in_the_readers_language_and_nothing_is_written(send: Send, language: str) -> None:
    for changes, pointer in WRONG:
        answer = send("POST", "/cases", case_body(**changes), Accept_Language=language)
        assert (answer.status_code, answer.json()["code"]) == (422, "case-invalid"), answer.content
        told = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
        assert f"#{pointer}" in told, (changes, told)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in told[f"#{pointer}"]) == (language == "zh-hans")
        assert not [value for value in PERSONAL if value in answer.content.decode()]
    assert not Case.objects.exists()


def test_the_later_of_two_writers_is_told_and_overwrites_nothing(send: Send) -> None:
    ref = opened(send)
    body = {**case_body(), "version": 1}
    del body["reference"]
    assert send("PUT", f"/cases/{ref}", body).json()["version"] == 2
    late = send("PUT", f"/cases/{ref}", {**body, "parties": []})
    assert (late.status_code, late.json()["code"]) == (409, "case-changed")
    assert len(send("GET", f"/cases/{ref}").json()["parties"]) == 1
    moves = [send("PUT", f"/cases/{ref}/stage", {"stage": "demanded", "seen": "open"}) for _ in range(2)]
    assert [move.status_code for move in moves] == [200, 409]
    assert [(row.change, row.detail) for row in CaseRevision.objects.order_by("sequence")] == [
        ("file", "1"), ("file", "2"), ("stage", "demanded")]


def test_a_case_is_found_by_exactly_what_is_known_and_by_nothing_less(send: Send, strangers_send: Send) -> None:
    ref, other = opened(send), opened(send, reference="LN-2", parties=[])
    for sought in ({"reference": "LN-2026-0001"}, {"name": NAME}, {"identity_number": IDENTITY.lower()}, {"phone": " 138-0013-8000"},
                   {"name": NAME, "identity_number": IDENTITY, "phone": PHONE}):
        answer = send("POST", "/cases/search", sought)
        assert [case["case"] for case in answer.json()["cases"]] == [ref], sought
        assert strangers_send("POST", "/cases/search", sought).json()["cases"] == []
    for sought in ({"reference": "LN-2026-000"}, {"name": NAME[:2]}, {"phone": IDENTITY}, {"name": NAME, "phone": "13900139000"}):
        assert send("POST", "/cases/search", sought).json()["cases"] == [], sought
    for wrong in ({}, {"reference": "x", "name": "y"}):
        assert send("POST", "/cases/search", wrong).json()["code"] == "case-search-invalid"
    page = send("GET", f"/cases?cursor={other}").json()
    assert [case["case"] for case in page["cases"]] == [ref]


def test_nothing_personal_stands_in_the_database(send: Send) -> None:
    """Neither in clear nor as a digest that somebody without the key could make."""
    ref = opened(send)
    send("POST", f"/cases/{ref}/notes", {"text": f"致电 {PHONE}，{NAME} 接听"})
    dump = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            values = [value for row in cursor.fetchall() for value in row]
            dump += [bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode() for value in values]
    everything = b"\n".join(dump)
    assert b"LN-2026-0001" in everything
    assert not [value for value in PERSONAL if value.encode() in everything]


def test_notes_are_kept_in_order_and_stay_as_they_are(send: Send, strangers_send: Send) -> None:
    ref = opened(send)
    for text in ("首次致电，无人接听", "约定周五还款\n已告知后果"):
        assert send("POST", f"/cases/{ref}/notes", {"text": text}).status_code == 201
    assert [(note["number"], note["text"]) for note in send("GET", f"/cases/{ref}").json()["notes"]] == [
        (2, "约定周五还款\n已告知后果"), (1, "首次致电，无人接听")]
    assert strangers_send("POST", f"/cases/{ref}/notes", {"text": "x"}).status_code == 404
    for nothing in ("\u0000", "", " ", "\n\u3000 "):
        assert send("POST", f"/cases/{ref}/notes", {"text": nothing}).status_code == 400, "a form refuses it, too"


def test_a_stranger_learns_nothing_and_an_agency_keeps_no_files(send: Send, strangers_send: Send, agencys_send: Send) -> None:
    ref = opened(send)
    for method, path, body in (
        ("GET", "", None), ("PUT", "", {**case_body(), "version": 1}), ("PUT", "/stage", {"stage": "closed", "seen": "open"}),
        ("GET", "/reckoning", None), ("GET", "/reckoning.csv", None), ("POST", "/reckoning/deposit", {"on": "2025-06-01"}),
    ):
        foreign, unknown = strangers_send(method, f"/cases/{ref}{path}", body), strangers_send(method, f"/cases/{'0' * 32}{path}", body)
        assert foreign.status_code == 404
        assert foreign.content == unknown.content
    assert agencys_send("POST", "/cases", case_body()).status_code == 403
    assert agencys_send("GET", f"/cases/{ref}").status_code == 404
    assert strangers_send("GET", "/cases").json()["cases"] == []
    for odd in ("%00", "'", "x" * 500):
        assert send("GET", f"/cases/{odd}").status_code == 404


def test_the_rows_that_hold_a_person_can_lose_him_and_the_file_still_reads(send: Send) -> None:
    """What an erasure will do: everything personal at once, or the database refuses."""
    ref = opened(send)
    now = Case.objects.get(ref=ref).created_at
    gone = {"sealed_name": None, "name_index": None, "sealed_identity": None, "identity_index": None, "erased_at": now}
    assert Party.objects.update(**gone) == 1
    assert ContactPoint.objects.update(sealed_value=None, value_index=None, erased_at=now) == 2
    [party] = send("GET", f"/cases/{ref}").json()["parties"]
    assert (party["name"], party["identity_number"], [each["value"] for each in party["contact_points"]]) == (None, None, [None, None])
    assert send("POST", "/cases/search", {"name": NAME}).json()["cases"] == []


def test_reads_cost_the_same_for_large_files(send: Send, client: Client, django_assert_max_num_queries: Any) -> None:
    many = [{**case_body()["parties"][0], "reference": f"p{n}", "role": "guarantor"} for n in range(20)]
    ref = opened(send, parties=many)
    with django_assert_max_num_queries(20):
        assert send("GET", f"/cases/{ref}").status_code == 200


def owed(send: Send, ref: str, on: str) -> dict[str, Decimal]:
    answer = send("GET", f"/cases/{ref}/reckoning?on={on}")
    assert answer.status_code == 200, answer.content
    return {name: Decimal(amount) for name, amount in answer.json()["total"].items() if name not in ("drawdown", "due_since")}


def test_what_is_owed_is_what_a_clerk_reckons_by_hand(send: Send) -> None:
    """12,000 × 12 % ÷ 12 = 120.00 a month, due on the 10th; 40.00 for the ten days of 30/360 from 10 to 20 May.

    After 10 June the principal is overdue at 18 %: 12,000 × 0.18 × 20 ÷ 360 = 120.00 until 30 June.
    """
    ref = opened(send)
    assert owed(send, ref, "2025-05-20") | {"withheld": 0} == {
        "principal": 12000, "principal_due": 0, "interest": 280, "penalty": 0, "compound": 0, "fees": 0, "costs": 0, "withheld": 0,
        "total": 12280}
    late = owed(send, ref, "2025-06-30")
    assert [late["interest"], late["penalty"], late["total"]] == [360, 120, 12480]
    body = {**case_body(payments=[{"reference": "SK-1", "received_on": "2025-04-10", "amount": "120.00"}]), "version": 1}
    del body["reference"]
    assert send("PUT", f"/cases/{ref}", body).status_code == 200
    assert owed(send, ref, "2025-05-20")["total"] == 12160


def test_a_cap_withholds_what_is_above_it_and_says_by_whom_it_was_stated(send: Send) -> None:
    """12,000 × 6 % × 71 days ÷ 365 = 140.05 is allowed until 20 May; of 280.00 charged, 139.95 is withheld."""
    ref = opened(send)
    cap = {"annual_rate": "0.06", "effective_from": "2020-01-01", "source": "内部定价制度第 3 条", "stated_by": "示例消费金融有限公司"}
    assert send("PUT", "/rate-caps", {"caps": [cap]}).json() == {"caps": [{**cap, "effective_until": None, "day_count": "actual/365"}]}
    found = owed(send, ref, "2025-05-20")
    assert (found["interest"], found["withheld"], found["total"]) == (Decimal("140.05"), Decimal("139.95"), Decimal("12140.05"))
    assert "内部定价制度第 3 条" in send("GET", f"/cases/{ref}/reckoning.csv?on=2025-05-20").content.decode()
    late = {**cap, "effective_from": "2025-04-01"}
    assert send("PUT", "/rate-caps", {"caps": [late]}).status_code == 200
    assert send("GET", f"/cases/{ref}/reckoning?on=2025-05-20").json()["code"] == "reckoning-impossible"
    assert send("PUT", "/rate-caps", {"caps": [cap, late]}).json()["code"] == "rate-caps-invalid"
    assert send("GET", "/rate-caps").json()["caps"][0]["effective_from"] == "2025-04-01"
    assert send("PUT", "/rate-caps", {"caps": []}).json() == {"caps": []}


def test_days_and_files_that_cannot_be_reckoned_are_refused(send: Send) -> None:
    ref, empty = opened(send), opened(send, reference="LN-2", agreement=None, drawdowns=[])
    for day in ("2025-02-30", "20250101", "1979-12-31", "2100-01-01", "x", "٢٠٢٥-01-01"):
        assert send("GET", f"/cases/{ref}/reckoning?on={day}").json()["code"] == "day-malformed", day
    assert send("GET", f"/cases/{empty}/reckoning").json()["code"] == "reckoning-impossible"
    assert owed(send, ref, "2025-01-01")["total"] == 0


def test_the_deposited_sheet_is_the_sheet_that_was_shown(send: Send, stamp: Any) -> None:
    ref = opened(send)
    path, shown = f"/cases/{ref}/reckoning/deposit", send("GET", f"/cases/{ref}/reckoning?on=2025-05-20").content
    first = send("POST", path, {"on": "2025-05-20"}, Idempotency_Key="sheet-1")
    assert first.status_code == 201, first.content
    body = {**case_body(payments=[{"reference": "SK-1", "received_on": "2025-04-10", "amount": "120.00"}]), "version": 1}
    del body["reference"]
    assert send("PUT", f"/cases/{ref}", body).status_code == 200
    again = send("POST", path, {"on": "2025-05-20"}, Idempotency_Key="sheet-1")
    assert again.json() == first.json(), "a retry gets its first answer, whatever the file says by now"
    assert send("POST", path, {"on": "2025-05-21"}, Idempotency_Key="sheet-1").json()["code"] == "idempotency-key-reused"
    [record] = send("GET", "/evidence").json()["records"]
    assert (record["kind"], record["case"]["ref"]) == ("reckoning_sheet", ref)
    stamp()
    package = b"".join(send("GET", f"/evidence/{record['record']}/package").streaming_content)
    assert shown in package, "originals are stored, not compressed"
    assert json.loads(shown)["total"]["total"] == "12280.00"
