"""Where a record comes from: clocks are measured, what is missing is shown as missing, and a kind's form asks for exactly its fields."""
import json
import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone, translation

from accounts.permissions import Role
from evidence.kinds import KINDS
from evidence.kinds.schemas import current_schemas
from evidence.kinds.words import fields_of, metadata_told, missing_from, provenance_told
from evidence.models import Evidence
from evidence.portal.kind_forms import kind_form, kind_forms
from evidence.selectors import claims_of
from tests.depositing import Post, batch, document
from tests.evidence.desk import Desk
from tlog.times import format_time

pytestmark = pytest.mark.usefixtures("service")
RECORDING = ("录音.wav", b"RIFF....", "audio/wav")


def values(record: Evidence) -> dict[str, Any]:
    return {claim.name: json.loads(claim.data)["value"] for claim in claims_of(record)}


def test_a_machines_clock_is_measured_when_it_says_what_time_it_has(post_deposit: Post, post_batch: Post) -> None:
    ahead = format_time(timezone.now() + timedelta(minutes=5))
    for answer in (post_deposit(document(provenance={}), b"x", Client_Time=ahead), post_batch(batch(2, provenance={}), Client_Time=ahead)):
        assert answer.status_code == 201, answer.content
    for record in Evidence.objects.all():
        provenance = values(record)["provenance"]
        assert 270_000 < provenance["clock_offset_ms"] <= 300_000
        assert provenance["environment"] == {"clock_measured": "client-time"}


def test_a_clock_that_the_source_measured_itself_stands_and_an_unknown_one_stays_unknown(post_deposit: Post) -> None:
    said = document(provenance={"clock_offset_ms": -12})
    assert post_deposit(said, b"x", Client_Time=format_time(timezone.now())).status_code == 201
    assert post_deposit(document(provenance={}), b"x").status_code == 201
    told = [values(record)["provenance"] for record in Evidence.objects.order_by("id")]
    assert [(each["clock_offset_ms"], each["environment"]) for each in told] == [(-12, None), (None, None)]


def test_a_time_that_cannot_be_read_and_a_measurement_that_is_not_ours_are_refused(post_deposit: Post, post_batch: Post) -> None:
    for said in ("yesterday", "2026-02-30T08:00:00.000Z"):
        assert post_deposit(document(), b"x", Client_Time=said).json()["code"] == "request-malformed"
    forged = {"environment": {"clock_measured": "browser"}}
    one, many = post_deposit(document(provenance=forged), b"x"), post_batch(batch(1, provenance=forged))
    assert [(answer.status_code, answer.json()["errors"][0]["pointer"]) for answer in (one, many)] == [
        (400, "#/provenance/environment/clock_measured"), (400, "#/records/0/provenance/environment/clock_measured")]
    assert Evidence.objects.count() == 0


def test_a_retry_with_another_clock_is_the_same_request(post_deposit: Post) -> None:
    first, second = (post_deposit(document(), b"x", Idempotency_Key="k", Client_Time=format_time(timezone.now() + timedelta(seconds=n)))
                     for n in (0, 9))
    assert first.json()["records"] == second.json()["records"]
    assert Evidence.objects.count() == 1


def test_a_browsers_clock_is_measured_when_its_script_says_what_time_it_has() -> None:
    desk = Desk()
    case = desk.case()
    key = desk.form(f"/work/{case.ref}")
    for behind_s in (60, 61):  # the same form sent again: another clock makes no other record
        answer = desk.say(case, {**key, "client_time": str(round(time.time() * 1000) - behind_s * 1000)}, RECORDING)
        assert answer.status_code == 303, answer.content
    provenance = values(Evidence.objects.get())["provenance"]
    assert -90_000 < provenance["clock_offset_ms"] <= -60_000
    assert provenance["environment"] == {"clock_measured": "browser"}


@pytest.mark.parametrize("said", ["", "soon", "-5", "1", "9" * 16])
def test_a_browser_without_a_clock_has_no_measured_one(said: str) -> None:
    desk = Desk()
    assert desk.send(desk.case(), RECORDING, client_time=said).status_code == 303
    assert set(values(Evidence.objects.get())["provenance"].values()) == {None}


@pytest.mark.parametrize("kind", KINDS)
def test_the_form_of_a_kind_asks_for_exactly_its_fields_each_with_an_unknown(kind: str) -> None:
    desk = Desk()
    case = desk.case()
    html = desk.client.get(f"/work/{case.ref}?kind={kind}").content.decode()
    asked = {name.partition(".")[0] for name in re.findall(r'name="metadata\.([^"]+)"', html)}
    assert asked == set(fields_of(current_schemas()[kind]))
    part = html.partition("data-kind-part")[2].partition("</details>")[0]
    assert part.count("<select") == part.count('<option value="">不清楚</option>')
    assert ("original_carrier" in html) == kind_form(kind).carrier


def filled(kind: str) -> dict[str, str]:
    """Every input of a kind's form, filled in as a person would."""
    by_type = {"date": "2026-01-08", "datetime-local": "2026-01-08T10:00:05", "checkbox": "on"}
    by_mode = {"decimal": "12", "numeric": "3", "text": "甲"}
    said = {}
    for each in kind_form(kind).inputs:
        value = each.options[-1][0] if each.options else by_type.get(each.type) or by_mode[each.mode]
        special = {"metadata.document_sha256": "0" * 64, "metadata.notice_sha256": "0" * 64, "metadata.overdue_instalments": "4, 5"}
        said[each.name] = special.get(each.name, value)
    return said


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_person_fills_in_is_what_the_claim_tells(kind: str) -> None:
    desk, said = Desk(), filled(kind)
    case = desk.case()
    answer = desk.say(case, {"kind": kind, **said}, RECORDING)
    assert answer.status_code == 303, answer.content.decode()
    metadata = values(Evidence.objects.get())["subject"]["metadata"]
    assert set(metadata) == {"schema", *(name.removeprefix("metadata.").partition(".")[0] for name in said)}
    assert all(told.value is not None for told in metadata_told(kind, metadata) if told.label != "备注")


FAULTY: list[tuple[dict[str, str], str]] = [
    ({"kind": "sms", "metadata.message_count": "many"}, "条数：应为整数，实为文字。"),
    ({"kind": "sms", "metadata.direction": "sideways"}, "方向：应为下列之一：outbound, inbound, both。"),
    ({"kind": "sms", "metadata.first_sent_at": "2026-02-30T00:00"}, "时间有误"),
    ({"kind": "contract", "metadata.principal_yuan": "12.345"}, "本金（元）"),
    ({"kind": "contract", "metadata.call_id": "1"}, "“合同”没有名为“call_id”的字段"), ({"self_check": "perfect"}, "环境自检"),
]


@pytest.mark.parametrize(("said", "sentence"), FAULTY)
def test_what_cannot_be_read_is_named_and_nothing_is_deposited(said: dict[str, str], sentence: str) -> None:
    desk = Desk()
    answer = desk.say(desk.case(), said, RECORDING)
    assert answer.status_code == 422
    assert sentence in answer.content.decode().replace("&quot;", '"')
    assert Evidence.objects.count() == 0


def test_the_work_list_has_the_form_of_every_kind_and_none_of_it_has_to_be_filled_in() -> None:
    desk = Desk(Role.CASE_OFFICER)
    desk.case()
    html = desk.client.get("/work").content.decode()
    assert re.findall(r'<template data-of-kind="(\w+)">', html) == [form.kind for form in kind_forms()] == list(KINDS)
    assert html.partition('<template id="desk"')[2].count("required") == 0


def test_what_is_missing_is_shown_as_missing_on_the_record_the_case_and_in_words() -> None:
    desk = Desk()
    case = desk.case()
    desk.say(case, {"kind": "call_recording", "source_system": "外呼系统", "authority": "委托书 3 号", "self_check": "passed",
                    "original_carrier": "录音服务器 REC-GW-01", "metadata.duration_ms": "12000"}, RECORDING)
    record = Evidence.objects.get()
    page = desk.client.get(f"/records/{record.record}").content.decode()
    for told in ("外呼系统", "委托书 3 号", "已自检，正常", "录音服务器 REC-GW-01", "12000"):
        assert told in page
    assert page.count("未提供") >= 12
    with translation.override("zh-hans"):
        missing = [str(word) for word in missing_from(record.kind, values(record)["provenance"])]
    assert missing == ["生成方式", "取证人", "取证工具", "工具版本", "取证开始时间", "取证时间", "时钟偏差", "取证设备"]
    assert f"来源信息未提供：{'、'.join(missing)}" in desk.client.get(f"/cases/{case.ref}").content.decode()


def test_a_record_from_before_the_schemas_tells_what_it_told() -> None:
    assert [tuple(each) for each in metadata_told("gossip", {"call": 1, "parts": [1, None]})] == [("call", "1"), ("parts", "1, None")]
    told = {str(each.label): each.value for each in provenance_told("sms", {"environment": {"os": "Debian 12"}})}
    assert (told["os"], told["来源系统"], "原始载体" in told) == ("Debian 12", None, False)
