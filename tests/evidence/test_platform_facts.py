"""What the operator says of the platform: what was valid when, by a table; documents are deposited; ends are announced once."""
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Organisation, Person
from accounts.permissions import Kind, Role
from evidence.errors import FactMalformed, FactTaken
from evidence.models import Evidence, PlatformFact
from evidence.own_deposits import OwnFile
from evidence.platform_facts import FactTold, endings_within, facts_valid_at, record_fact, remind_of_endings
from ledger.policies import adopt_policy
from notifications.models import Notice
from tests.accounts.people import make_organisation, make_person, signed_in
from tests.evidence.letting_in import PDF, paper
from tests.evidence.test_search import put
from tests.ledger.witnesses import local_witnesses, policy
from tests.portal.pages import Page
from tlog.times import CHINA

FactKind = PlatformFact.Kind


@pytest.fixture
def operator(service: str) -> Person:
    return make_person("ops", Role.OPERATOR, make_organisation(Kind.OPERATOR, "运营方"))


def told(once: str, begins: str, ends: str | None, **changes: Any) -> FactTold:
    values = {"kind": FactKind.FILING, "told": once, "number": "京网信备1号", "issuer": "网信办", **changes}
    return FactTold(valid_from=date.fromisoformat(begins), valid_until=ends and date.fromisoformat(ends), once=once, **values)  # type: ignore[arg-type]


def written(by: Person, once: str, begins: str, ends: str | None, **changes: Any) -> PlatformFact:
    return record_fact(told(once, begins, ends, **changes), OwnFile("document.pdf", "application/pdf", PDF), by=by, now=timezone.now())


def at(day: str, clock: str = "12:00:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=CHINA)


def filing_at(moment: datetime) -> str | None:
    [slot] = [slot for slot in facts_valid_at(moment) if slot.kind == FactKind.FILING]
    return slot.fact.told if slot.fact else None


def test_what_was_valid_when(operator: Person) -> None:
    """One filing, its renewal that overlaps, a gap, a third without an end; and a mistake that was replaced."""
    written(operator, "first", "2024-01-01", "2025-06-30")
    written(operator, "renewed", "2025-06-01", "2025-12-31")
    wrong = written(operator, "wrong", "2026-02-01", None)
    written(operator, "third", "2026-03-01", None, replaces=wrong)
    table = {
        at("2023-12-31", "23:59:59"): None, at("2024-01-01", "00:00:00"): "first", at("2025-05-31", "23:59:59"): "first",
        at("2025-06-01", "00:00:00"): "renewed", at("2025-06-30"): "renewed", at("2025-12-31", "23:59:59"): "renewed",
        at("2026-01-01", "00:00:00"): None, at("2026-02-15"): None, at("2026-03-01", "00:00:00"): "third", at("2036-01-01"): "third",
    }
    assert {moment: filing_at(moment) for moment in table} == table
    # Days are China's: 16:00 UTC is the next day there.
    assert filing_at(datetime.fromisoformat("2023-12-31T16:00:00+00:00")) == "first"
    assert filing_at(datetime.fromisoformat("2023-12-31T15:59:59+00:00")) is None


def test_every_kind_is_there_and_what_nobody_gave_is_said_to_be_missing(operator: Person) -> None:
    first, second = make_organisation(name="甲方"), make_organisation(name="乙方")
    relation = {"kind": FactKind.RELATION, "number": "", "issuer": ""}
    written(operator, "a", "2026-01-01", None, organisation=first, relation="affiliate", **relation)
    witness = {"kind": FactKind.WITNESS_RUNNER, "number": "", "issuer": ""}
    written(operator, "w1", "2026-01-01", None, name="court", **witness)
    written(operator, "w2", "2026-01-01", "2026-02-01", name="notary", **witness)
    moment = at("2026-06-01")
    assert [slot.kind for slot in facts_valid_at(at("2025-01-01"))] == list(FactKind), "one line for each, and nothing in it"
    about = {each: [(slot.organisation_id, slot.fact and slot.fact.relation) for slot in facts_valid_at(moment, organisation=each)
                    if slot.kind == FactKind.RELATION] for each in (first, second)}
    assert about == {first: [(first.pk, "affiliate")], second: [(second.pk, None)]}
    runners = [(slot.name, slot.fact and slot.fact.told) for slot in facts_valid_at(moment) if slot.kind == FactKind.WITNESS_RUNNER]
    assert runners == [("court", "w1"), ("notary", None)]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_each_tenant_and_witness_of_whom_nothing_was_told_stands_beside_the_others(
    operator: Person, tmp_path: Path, settings: Settings, language: str
) -> None:
    """Also once one relation was told: silence about the rest is no answer, and none is made up."""
    names = ("甲方", "乙方", "停用方")
    first, second, third = (make_organisation(name=name) for name in names)
    Organisation.objects.filter(pk=third.pk).update(status="suspended")
    applied = make_organisation(name="申请方")
    Organisation.objects.filter(pk=applied.pk).update(status="checked")
    silent = {"zh-hans": "未说明", "en": "Not stated"}[language]

    def relations(on: str = "", by: Person | None = operator) -> dict[str, str]:
        answer = (signed_in(by) if by else Client()).get("/platform-facts", {"on": on} if on else {}, headers={"Accept-Language": language})
        page = Page(answer.content.decode())
        assert page.all_faults() == []
        rows = re.findall(r"<tr>(.*?)</tr>", page.source.partition("<tbody>")[2].partition("</tbody>")[0], re.DOTALL)
        text = [re.sub(r"<[^>]+>", " ", row) for row in rows]
        return {name: row for row in text for name in (*names, "申请方", "运营方", "court-w", "notary-w") if name in row}

    before = relations()
    assert set(before) == set(names), "neither the operator itself nor who is not let in"
    assert all(silent in row for row in before.values())
    relation = {"kind": FactKind.RELATION, "number": "", "issuer": ""}
    written(operator, "a", "2026-01-01", None, organisation=first, relation="affiliate", **relation)
    after = relations()
    assert {name: silent in row for name, row in after.items()} == {"甲方": False, "乙方": True, "停用方": True}
    assert relations("2025-01-01") == {}, "on that day none of them was here"
    assert set(relations(by=None)) == {"甲方"}, "whose tenant a lender is it tells itself, or the operator under a document"
    assert set(relations(by=make_person("own", Role.CASE_OFFICER, second))) == {"甲方", "乙方"}
    hidden = {"zh-hans": "另有租户机构 2 个", "en": "There are 2 more tenants"}[language]
    assert hidden in Client().get("/platform-facts", headers={"Accept-Language": language}).content.decode()
    with local_witnesses(tmp_path / "witnesses", "court-w", "notary-w") as started:
        (tmp_path / "policy.txt").write_text(policy(started, "group both all court-w notary-w", "quorum both"))
    settings.POLICY = str(tmp_path / "policy.txt")
    adopt_policy(now=timezone.now())
    written(operator, "w", "2026-01-01", None, kind=FactKind.WITNESS_RUNNER, number="", issuer="", name="court-w")
    runners = relations()
    missing = {"zh-hans": "未提供", "en": "Not given"}[language]
    assert {name: missing in runners[name] for name in ("court-w", "notary-w")} == {"court-w": False, "notary-w": True}
    assert {slot.organisation_id for slot in facts_valid_at(timezone.now()) if slot.kind == FactKind.RELATION} == {
        first.pk, second.pk, third.pk}


def test_a_document_is_deposited_once_and_a_row_never_changes(operator: Person) -> None:
    fact = written(operator, "one", "2026-01-01", None)
    record = Evidence.objects.get(record=fact.record)
    assert (record.organisation.kind, record.kind) == (Kind.OPERATOR, "platform_fact")
    with pytest.raises(FactTaken):
        written(operator, "one", "2026-01-01", None)
    written(operator, "two", "2026-02-01", None, replaces=fact)
    with pytest.raises(FactTaken):
        written(operator, "three", "2026-02-01", None, replaces=fact)
    assert Evidence.objects.filter(kind="platform_fact").count() == 3


@pytest.mark.parametrize("changes", [
    {"number": ""}, {"issuer": ""}, {"told": ""}, {"name": "x"}, {"kind": FactKind.MANUAL, "name": ""}, {"relation": "none"},
    {"kind": FactKind.RELATION, "relation": "none"},
])
def test_a_fact_that_says_too_little_or_too_much_is_refused(changes: dict[str, Any], operator: Person) -> None:
    with pytest.raises(FactMalformed):
        written(operator, "one", "2026-01-01", None, **changes)
    with pytest.raises(FactMalformed):
        written(operator, "one", "2026-01-02", "2026-01-01")
    assert not Evidence.objects.exists()


def test_ends_are_announced_once_at_each_threshold(operator: Person) -> None:
    today = timezone.now().astimezone(CHINA).date()

    def day(left: int) -> str:
        return (today + timedelta(days=left)).isoformat()

    names = {left: written(operator, f"c{left}", "2024-01-01", day(left), kind=FactKind.CERTIFICATE, name=f"n{left}").record
             for left in (-1, 0, 7, 8, 30, 31, 90, 91)}
    written(operator, "old", "2024-01-01", day(5), kind=FactKind.CRYPTO_ASSESSMENT)
    written(operator, "new", day(6), day(400), kind=FactKind.CRYPTO_ASSESSMENT)
    for _ in range(2):
        remind_of_endings(0)
    told_of = sorted(Notice.objects.filter(kind="platform-fact-ending").values_list("subject", flat=True))
    expected = {0: 7, 7: 7, 8: 30, 30: 30, 31: 90, 90: 90}
    assert told_of == sorted(f"{names[left]}:{days}" for left, days in expected.items())
    assert [left for _, left in endings_within(7, now=timezone.now())] == [0, 7]


def test_the_page_of_a_record_leads_to_what_was_valid_when_it_was_deposited(operator: Person) -> None:
    """One second before midnight in China, and at midnight, between two filings."""
    written(operator, "first", "2026-01-01", "2026-11-22", number="备案甲号")
    written(operator, "renewed", "2026-11-23", None, number="备案乙号")
    lender = make_organisation(name="甲方")
    for received, day, shown in (
        (datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC), "2026-11-22", "备案甲号"),
        (datetime(2026, 11, 22, 16, 0, 0, tzinfo=UTC), "2026-11-23", "备案乙号"),
    ):
        page = Client().get(f"/records/{put(lender, 'LN-1', now=received).record}").content.decode()
        assert f'href="/platform-facts?on={day}"' in page
        facts = Client().get("/platform-facts", {"on": day}).content.decode()
        valid = facts.partition("<tbody>")[2].partition("</tbody>")[0]
        assert [number for number in ("备案甲号", "备案乙号") if number in valid] == [shown], day


def test_anybody_reads_the_page_of_any_day_and_operators_write_it(operator: Person) -> None:
    client = signed_in(operator)
    form = {"kind": "operating_entity", "told": "示例科技有限公司运营", "valid_from": "2026-01-01", "once": "0" * 32}
    assert client.post("/platform-facts/new", {**form, "document": paper(b"<html>")}).status_code == 422
    assert client.post("/platform-facts/new", form).status_code == 422
    assert client.post("/platform-facts/new", {**form, "valid_from": "soon", "document": paper()}).status_code == 422
    assert client.post("/platform-facts/new", {**form, "replaces": "CZ-x", "document": paper()}).status_code == 422
    assert client.post("/platform-facts/new", {**form, "document": paper()})["Location"] == "/platform-facts"
    again = client.post("/platform-facts/new", {**form, "document": paper()})
    assert (again.status_code, PlatformFact.objects.count()) == (409, 1)
    fact = PlatformFact.objects.get()
    page = Client().get("/platform-facts").content.decode()
    assert fact.record in page
    assert "未提供" in page
    before = Client().get("/platform-facts", {"on": "2025-12-31"}).content.decode()
    assert before.count("示例科技有限公司运营") == 1, "in the list of all versions only"
    assert Client().get("/platform-facts", {"on": "\0"}).status_code == 200
