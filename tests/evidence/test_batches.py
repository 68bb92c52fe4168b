"""批次: every batch that a machine hands in leaves whether it was taken, and people of its organisation read it the next morning."""
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Organisation
from accounts.permissions import Kind, Role
from common.failpoints import plan
from evidence.batch_rows import DepositBatch
from evidence.batches import FAULTS_KEPT_FOR, batches_of, let_faults_go
from evidence.models import Evidence
from tests.accounts.people import make_organisation, make_person, signed_in
from tests.cases.cast import viewer_of
from tests.cases.test_case_pages import page_of
from tests.depositing import Post, batch


@pytest.fixture
def officer(organisation: Organisation) -> Client:
    return signed_in(make_person("officer", Role.CASE_OFFICER, organisation))


def faulty(count: int) -> dict[str, Any]:
    """A batch of which every second record has a sum that is no integer."""
    body: dict[str, Any] = batch(count)
    bad = {"kind": "sms", "title": "t", "metadata": {"sum": 0.5}}
    body["records"] = [{**record, "subject": bad} if n % 2 else record for n, record in enumerate(body["records"])]
    return body


def test_a_batch_that_was_taken_is_listed_with_its_records_and_where_they_stand(post_batch: Post, officer: Client) -> None:
    answer = post_batch(batch(3), Idempotency_Key="nightly 2026-11-30").json()
    numbers = [row["record"] for row in answer["records"]]
    kept = DepositBatch.objects.get()
    assert (kept.items, kept.faulty, kept.refused_code, kept.request_key) == (3, 0, "", "nightly 2026-11-30")
    listed = page_of(officer.get("/evidence/batches"))
    assert "受理 1 批、3 份存证，拒绝 0 批" in listed.text
    assert f"/evidence/batches/{kept.ref}" in listed.source
    page = page_of(officer.get(f"/evidence/batches/{kept.ref}"))
    links = [each.attributes["href"] for each in page.all("a") if each.attributes.get("href", "").startswith("/records/")]
    assert links == [f"/records/{number}" for number in numbers]
    assert "已接收3" in page.text.replace(" ", "")
    assert "nightly 2026-11-30" in page.text
    assert "/evidence/batches" in page_of(officer.get("/evidence")).source


def test_a_retry_of_what_was_taken_is_no_second_batch(post_batch: Post) -> None:
    body = batch(2)
    for _ in range(2):
        assert post_batch(body, Idempotency_Key="k").status_code == 201
    assert DepositBatch.objects.count() == 1


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_refused_batch_says_which_record_and_why_as_it_was_answered(post_batch: Post, officer: Client, language: str) -> None:
    answer = post_batch(faulty(4), Accept_Language=language)
    assert answer.status_code == 422
    kept = DepositBatch.objects.get()
    assert (kept.items, kept.faulty, kept.refused_code, kept.receipt) == (4, 2, "records-invalid", None)
    page = page_of(officer.get(f"/evidence/batches/{kept.ref}"))
    for told in answer.json()["errors"]:
        assert told["pointer"].removeprefix("#") in page.text
        assert told["detail"] in page.text
    english = page_of(officer.get(f"/evidence/batches/{kept.ref}", headers={"Accept-Language": "en"}))
    assert language == "zh-hans" or english.chinese() == []
    listed = page_of(officer.get("/evidence/batches", headers={"Accept-Language": "en"}))
    assert listed.chinese() == []


REFUSALS: dict[str, tuple[Callable[[], Any], str, int | None]] = {
    "no JSON": (lambda: b"{", "request-malformed", None),
    "another shape": (lambda: json.dumps(batch(2)).replace('"size_bytes": 3', '"size_bytes": -3').encode(), "request-malformed", None),
    "too many": (lambda: batch(3), "too-many-records", 3),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_whatever_else_refuses_a_batch_is_kept_by_its_code(post_batch: Post, officer: Client, settings: Settings, name: str) -> None:
    settings.MAX_BATCH_RECORDS = 2
    body, code, items = REFUSALS[name]
    assert post_batch(body()).json()["code"] == code
    kept = DepositBatch.objects.get()
    assert (kept.refused_code, kept.items) == (code, items)
    assert code in page_of(officer.get(f"/evidence/batches/{kept.ref}")).text


def test_what_was_handed_in_stands_nowhere_in_clear_and_is_let_go_of(post_batch: Post, officer: Client) -> None:
    body = faulty(2)
    body["records"][1]["subject"]["metadata"] = {"zhangsan_13800138000": 1}
    assert post_batch(body).status_code == 422
    [row] = DepositBatch.objects.values()
    assert "13800138000" not in repr(row).replace(repr(row["sealed_faults"]), "")
    assert b"13800138000" not in bytes(row["sealed_faults"] or b"13800138000")
    assert "zhangsan_13800138000" in page_of(officer.get(f"/evidence/batches/{row['ref']}")).text
    assert let_faults_go(now=timezone.now() + FAULTS_KEPT_FOR - timedelta(hours=1)) == 0
    assert let_faults_go(now=timezone.now() + FAULTS_KEPT_FOR + timedelta(hours=1)) == 1
    DepositBatch.objects.update(at=timezone.now() - FAULTS_KEPT_FOR - timedelta(days=1))
    page = page_of(officer.get(f"/evidence/batches/{row['ref']}"))
    assert "13800138000" not in page.text
    assert "只保留三十天" in page.text


def test_a_deposit_that_was_rolled_back_leaves_no_batch_that_was_taken(post_batch: Post) -> None:
    with plan("evidence.deposit-before-commit=fail"):
        assert post_batch(batch(2)).status_code == 503
    assert (Evidence.objects.count(), DepositBatch.objects.filter(refused_code="").count()) == (0, 0)


def test_whoever_asks_too_often_writes_no_rows(post_batch: Post, settings: Settings) -> None:
    settings.DEPOSITS_PER_MINUTE = 1
    answers = [post_batch(batch(1)).status_code for _ in range(4)]
    assert answers.count(429) >= 2
    assert list(DepositBatch.objects.values_list("refused_code", flat=True)) == [""] * answers.count(201)


def test_batches_are_their_own_organisations_and_no_agents(post_batch: Post, organisation: Organisation) -> None:
    post_batch(batch(1))
    ref = DepositBatch.objects.get().ref
    for kind, role, status in ((Kind.LENDER, Role.CASE_OFFICER, 404), (Kind.COLLECTION_AGENCY, Role.AGENCY_SUPERVISOR, 404),
                               (Kind.COLLECTION_AGENCY, Role.COLLECTION_AGENT, 403), (Kind.COURT, Role.JUDGE, 403)):
        somebody = signed_in(make_person(f"{role}", role, make_organisation(kind, f"{role}")))
        assert somebody.get(f"/evidence/batches/{ref}").status_code == status, role
        assert ref not in somebody.get("/evidence/batches").content.decode()
        assert somebody.get(f"/evidence/batches?after={ref}").status_code == status
    auditor = make_person("compliance", Role.COMPLIANCE_OFFICER, organisation)
    assert signed_in(auditor).get("/evidence/batches").status_code == 403


def test_the_list_goes_on_by_pages(post_batch: Post, organisation: Organisation) -> None:
    post_batch(batch(1))
    first = DepositBatch.objects.values("credential_id").get()
    DepositBatch.objects.bulk_create(
        DepositBatch(ref=f"{n:032x}", organisation=organisation, at=timezone.now(), refused_code="x", **first) for n in range(60))
    person = make_person("officer", Role.CASE_OFFICER, organisation)
    browser = signed_in(person)
    seen, address = [], "/evidence/batches"
    while address:
        page = page_of(browser.get(address))
        hrefs = [each.attributes.get("href", "") for each in page.all("a")]
        seen += [href.rpartition("/")[2] for href in hrefs if href.startswith("/evidence/batches/")]
        address = next((each.attributes["href"] for each in page.all("a") if each.attributes.get("rel") == "next"), "")
    assert seen == [row.ref for row in batches_of(viewer_of(person))]
    assert len(seen) == 61
