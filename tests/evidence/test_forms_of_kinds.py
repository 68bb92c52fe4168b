"""The forms by which people deposit ask for all that a kind has, each with an honest unknown: work list, page of a case, phone."""
import json
import re
from itertools import islice
from typing import Any

import pytest
from django.test import Client

from accounts.permissions import Role
from evidence.drafts import fresh_numbers
from evidence.errors import InvalidRecord
from evidence.kinds import KINDS
from evidence.kinds.schemas import current_schemas
from evidence.kinds.words import ENVIRONMENT, HAS_CARRIER, PROVENANCE, fields_of, metadata_told, provenance_told
from evidence.models import Evidence, Relation
from evidence.portal.deposit_form import moment_of
from evidence.portal.kind_forms import PREFIX, kind_form, metadata_of
from evidence.portal.relation_fields import relations_of
from evidence.related import FORWARD
from evidence.selectors import claims_of
from tests.accounts.people import signed_in
from tests.cases.cast import Cast
from tests.depositing import Post, batch, document
from tests.evidence.desk import Desk
from tests.evidence.test_provenance import filled
from tests.portal.pages import Page

pytestmark = pytest.mark.usefixtures("service")
PHOTO = ("门口.jpg", b"\xff\xd8...", "image/jpeg")
# What is measured, and typed by nobody.
MEASURED = "clock_offset_ms"
ASKED = {*PROVENANCE, *ENVIRONMENT} - {MEASURED}


def values(record: Evidence) -> dict[str, Any]:
    return {claim.name: json.loads(claim.data)["value"] for claim in claims_of(record)}


def named(html: str) -> dict[str, str]:
    """The tag of each input, select and area of a part of a page, by its name."""
    return {name: tag for tag, name in re.findall(r'(<(?:input|select|textarea)\b[^>]*?\bname="([^"]+)"[^>]*>)', html)}


def page_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def assert_each_can_be_unknown(html: str, fields: dict[str, str]) -> None:
    """None of them must be filled in; a choice has its unknown, and is on it; a line says that it is unknown while it is empty."""
    for name, tag in fields.items():
        assert " required" not in tag, name
        if tag.startswith("<select"):
            assert f"{tag}<option value=\"\">不清楚</option>" in html, name
        elif 'type="text"' in tag:
            assert ' placeholder="未知"' in tag, name
        elif 'type="checkbox"' in tag:
            assert " checked" not in tag, name
        else:
            assert re.search(r'type="(date|datetime-local)"', tag), name


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_every_kind_and_of_the_provenance_can_be_unknown(kind: str) -> None:
    desk = Desk()
    case = desk.case()
    html = page_of(desk.client, f"/work/{case.ref}?kind={kind}")
    fields = named(html)
    own = {name: tag for name, tag in fields.items() if name.startswith(PREFIX)}
    assert {name.removeprefix(PREFIX).partition(".")[0] for name in own} == set(fields_of(current_schemas()[kind]))
    provenance = {name: fields[name] for name in ASKED if name != "original_carrier" or kind in HAS_CARRIER}
    assert_each_can_be_unknown(html, {**own, **provenance})
    # Sent as it stands: nothing is known, nothing is guessed, and the record says of each that it was not given.
    answer = desk.say(case, {**desk.form(f"/work/{case.ref}"), **dict.fromkeys([*own, *provenance], ""), "kind": kind}, PHOTO)
    assert answer.status_code == 303, answer.content.decode()
    told = values(Evidence.objects.get())
    assert told["subject"]["metadata"] == {"schema": f"{kind}/{current_schemas()[kind].version}"}
    assert set(told["provenance"].values()) == {None}
    assert {each.value for each in metadata_told(kind, told["subject"]["metadata"])} == {None}
    assert {each.value for each in provenance_told(kind, told["provenance"])} == {None}


@pytest.mark.parametrize("kind", KINDS)
def test_each_field_can_be_the_one_that_is_unknown(kind: str) -> None:
    """Left empty it alone is missing from what is told, whatever it is: a line, a day, a time, an amount, a count, a choice, a list."""
    said = filled(kind)
    for name in fields_of(current_schemas()[kind]):
        left = {field: "" if field.removeprefix(PREFIX).partition(".")[0] == name else value for field, value in said.items()}
        told = metadata_of(kind, left, moment=moment_of, note=None)
        assert set(told) == set(fields_of(current_schemas()[kind])) - {name}, name


def test_the_phones_form_and_the_work_lists_ask_for_what_the_cases_form_asks_for() -> None:
    desk = Desk()
    case = desk.case()
    visit, work = page_of(desk.client, "/visit"), page_of(desk.client, "/work")
    own = {each.name for each in kind_form("visit").inputs}
    related = {f"relation.{relation}" for relation in FORWARD}
    phone = named(visit.partition("data-visit")[2].partition("</form>")[0])
    assert own | ASKED | related | {"note", "title", "case", "photo"} <= set(phone)
    assert_each_can_be_unknown(visit, {name: phone[name] for name in own | ASKED})
    row = named(work.partition('<template id="desk"')[2].partition("</template>")[0])
    assert ASKED - {"original_carrier"} | related <= set(row)
    for kind in KINDS:
        part = work.partition(f'data-of-kind="{kind}"')[2].partition("</template>")[0]
        assert {each.name for each in kind_form(kind).inputs} <= set(named(part)), kind
        assert ("original_carrier" in named(part)) == (kind in HAS_CARRIER), kind
    assert set(named(page_of(desk.client, f"/work/{case.ref}?kind=visit"))) >= own | ASKED | related
    assert Page(visit).all_faults() == []


PLACE = {"latitude": "30.123456", "longitude": "120.654321", "accuracy_m": "12"}


def test_every_case_of_a_visitor_can_be_chosen_whether_deposited_in_today_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    cases = [desk.case(f"LN-{number}") for number in range(5)]
    monkeypatch.setattr("evidence.worklist.PAGE", 2)
    assert desk.send(cases[0], ("a.jpg", b"x")).status_code == 303
    offered = re.findall(r'<option value="([0-9a-f]{32})"', desk.client.get("/visit").content.decode())
    assert set(offered) == {case.ref for case in cases}
    monkeypatch.setattr("evidence.portal.work.OFFERED", 2)
    asked = desk.client.get(f"/visit?case={cases[0].ref}").content.decode()
    assert f'<option value="{cases[0].ref}" selected>' in asked
    assert f'href="/visit?case={cases[0].ref}"' in desk.client.get(f"/work/{cases[0].ref}").content.decode()


def test_the_place_of_a_visit_is_told_where_its_kind_has_it() -> None:
    desk = Desk()
    sent = {f"{PREFIX}{name}": value for name, value in PLACE.items()}
    assert desk.say(desk.case(), {"kind": "visit", **sent}, PHOTO).status_code == 303
    told = values(Evidence.objects.get())
    assert told["subject"]["metadata"] == {"schema": "visit/1", **PLACE}
    assert told["provenance"]["environment"] is None


def test_an_item_that_a_phone_has_kept_since_the_earlier_version_is_accepted_and_its_place_is_moved() -> None:
    desk = Desk()
    case = desk.case()
    taken = "2026-11-30T10:00:05"
    kept = {**desk.form(f"/work/{case.ref}"), "kind": "visit", "captured_from": taken, "captured_until": taken,
            "note": "在门口", **PLACE, "metadata.met": "nobody"}
    first, again = (desk.say(case, {**kept, "client_time": str(n)}, PHOTO, headers={"Accept": "application/json"}) for n in (1, 2))
    assert (first.status_code, first.json()["record"]) == (201, again.json()["record"])
    told = values(Evidence.objects.get())
    assert told["subject"]["metadata"] == {"schema": "visit/1", "met": "nobody", "note": "在门口", **PLACE}
    assert told["provenance"]["environment"] is None


def test_of_two_places_the_one_that_was_typed_is_the_visits_and_the_other_is_not_lost() -> None:
    desk = Desk()
    assert desk.say(desk.case(), {"kind": "visit", **PLACE, "metadata.latitude": "31"}, PHOTO).status_code == 303
    told = values(Evidence.objects.get())
    assert (told["subject"]["metadata"]["latitude"], told["provenance"]["environment"]) == ("31", PLACE)
    assert "longitude" not in told["subject"]["metadata"]


def test_a_kind_without_a_place_keeps_it_with_the_provenance() -> None:
    desk = Desk()
    assert desk.say(desk.case(), {"kind": "photo", **PLACE}, PHOTO).status_code == 303
    assert values(Evidence.objects.get())["provenance"]["environment"] == PLACE


def test_a_form_says_how_the_record_belongs_to_others_of_its_case() -> None:
    desk = Desk()
    case = desk.case()
    for name in ("一", "二"):
        desk.say(case, {"kind": "sms"}, (f"{name}.txt", name.encode()))
    first, second = Evidence.objects.order_by("id").values_list("record", flat=True)
    # As people type and paste them.
    said = {"relation.reply_to": f" {first.lower().replace('-', '')}、{second} ", "relation.corroborates": f"{first}\n{first}"}
    answer = desk.say(case, {"kind": "sms", **said}, ("三.txt", b"3"))
    assert answer.status_code == 303, answer.content.decode()
    third = Evidence.objects.order_by("id").last()
    assert third is not None
    assert values(third)["subject"]["metadata"]["relations"] == [
        {"relation": relation, "record": record} for relation, record in (
            ("corroborates", first), ("reply_to", first), ("reply_to", second))]
    assert sorted(Relation.objects.values_list("relation", "source__record", "target__record")) == sorted(
        [("corroborates", third.record, first), ("reply_to", third.record, first), ("reply_to", third.record, second)])
    assert page_of(desk.client, f"/records/{third.record}").count(first) >= 2


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_relation_of_a_form_is_judged_as_the_apis_and_what_was_typed_is_kept(language: str) -> None:
    desk = Desk()
    case, other = desk.case(), desk.case("LN-2")
    desk.say(other, {"kind": "sms"}, ("别案.txt", b"0"))
    elsewhere = Evidence.objects.get().record
    spoken = {"zh-hans": ("不是存证编号", f"本案中没有存证 {elsewhere}"),
              "en": ("is no record number", f"This case has no record {elsewhere}")}[language]
    for typed, sentence in (("CZ-1", spoken[0]), (elsewhere, spoken[1])):
        answer = desk.say(case, {"kind": "sms", "relation.derived_from": typed}, ("a.txt", b"a"), headers={"Accept-Language": language})
        html = answer.content.decode()
        assert (answer.status_code, sentence in html) == (422, True), html
        assert re.search(rf'name="relation\.derived_from"[^>]*value="{typed}"', html)
    assert (Evidence.objects.count(), Relation.objects.count()) == (1, 0)


def test_a_form_says_twenty_relations_at_most() -> None:
    numbers = list(islice(fresh_numbers("20261130", 21), 21))
    assert len(relations_of({"relation.derived_from": " ".join(numbers[:20])})) == 20
    with pytest.raises(InvalidRecord) as refused:
        relations_of({"relation.derived_from": " ".join(numbers)})
    assert (refused.value.pointer, "20" in refused.value.sentence()) == ("/relation.derived_from", True)


def test_an_agency_names_by_its_form_what_is_open_to_it_and_nothing_else() -> None:
    cast = Cast()
    case = cast.case("LN-1")
    agent = cast.person("agent", Role.COLLECTION_AGENT)
    cast.assigned(case, to="agent")
    desk = Desk.__new__(Desk)
    lenders = Evidence.objects.get(case=case).record
    assert agent.person is not None
    desk.person, desk.organisation = agent.person, agent.organisation
    desk.client = signed_in(agent.person, Client(enforce_csrf_checks=True, raise_request_exception=False))
    refused = desk.say(case, {"kind": "sms", "relation.reply_to": lenders}, ("a.txt", b"a"))
    assert (refused.status_code, "或者它不向您开放" in refused.content.decode()) == (422, True)
    assert desk.say(case, {"kind": "sms"}, ("a.txt", b"a")).status_code == 303
    own = Evidence.objects.order_by("id").last()
    assert own is not None
    assert desk.say(case, {"kind": "sms", "relation.reply_to": own.record}, ("b.txt", b"b")).status_code == 303
    assert Relation.objects.get().target == own


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_self_check_has_one_of_three_results_or_is_not_told(post_deposit: Post, post_batch: Post, language: str) -> None:
    for result in ("passed", "failed", "not_done"):
        assert post_deposit(document(provenance={"environment": {"self_check": result}}), b"x").status_code == 201
    said: dict[str, Any] = {"provenance": {"environment": {"self_check": "perfect"}}}
    one = post_deposit(document(**said), b"x", Accept_Language=language)
    many = post_batch(batch(2, **said), Accept_Language=language)
    assert [(answer.status_code, answer.json()["errors"][0]["pointer"]) for answer in (one, many)] == [
        (422, "#/provenance/environment/self_check"), (422, "#/records/0/provenance/environment/self_check")]
    for answer in (one, many):
        assert "passed, failed, not_done" in answer.json()["errors"][0]["detail"]
        assert bool(re.search("[\u4e00-\u9fff]", answer.json()["errors"][0]["detail"])) == (language == "zh-hans")
    assert Evidence.objects.count() == 3
