"""An order from its form in one step: its document becomes the court's own record, the order waits for a second person, or nothing is."""
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.permissions import Role
from cases.models import Case, Order
from cases.roots import ordered_now
from evidence.models import Evidence
from ledger.models import LogState
from tests.accounts.people import make_organisation, signed_in
from tests.cases.cast import Cast
from tests.portal.pages import Page
from tlog.times import CHINA
from vault.storage import vault_store

LANGUAGES = ("zh-hans", "en")


@pytest.fixture
def cast(service: str) -> Cast:
    return Cast()


@pytest.fixture
def clerk(cast: Cast) -> Client:
    cast.person("clerk", Role.COURT_CLERK)
    return signed_in(cast.people["clerk"])


def form_of(client: Client, case: Case, data: bytes | None = b"%PDF-1.7 order", **changes: Any) -> dict[str, Any]:
    [key] = re.findall(r'name="key" value="([0-9a-f]{32})"', client.get("/orders").content.decode())
    day = (timezone.now() + timedelta(days=30)).astimezone(CHINA)
    file = {} if data is None else {"file": SimpleUploadedFile("调取令.pdf", data, "application/pdf")}
    typed = {"key": key, "number": "（2026）京01调1号", "scope": "通话录音", "cases": case.ref, "ends_at": f"{day:%Y-%m-%d}"}
    return {**typed, **file, **changes}


def records(cast: Cast) -> list[Evidence]:
    """The court's own."""
    return list(Evidence.objects.filter(organisation=cast.organisations["court"]))


def originals(cast: Cast) -> int:
    return len(list(vault_store().list(f"{cast.organisations['court'].ref}/")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_document_is_deposited_and_its_order_waits_for_a_second_person(cast: Cast, clerk: Client, language: str) -> None:
    case = cast.case()
    page = Page(clerk.get("/orders", headers={"Accept-Language": language}).content.decode())
    assert page.all_faults() == []
    assert language == "zh-hans" or page.chinese() == []
    assert clerk.post("/orders/add", form_of(clerk, case))["Location"] == "/orders"
    order, [record] = Order.objects.get(), records(cast)
    assert (order.document, order.opened_at, order.uploaded_by) == (record.record, None, cast.person("clerk", Role.COURT_CLERK).actor)
    assert (record.kind, record.deposited_by, originals(cast)) == ("court_order", None, 1)
    assert record.person_id == cast.people["clerk"].pk
    judge = cast.person("judge", Role.JUDGE)
    assert not ordered_now(judge, timezone.now()).exists(), "the two people stay two"
    second = signed_in(cast.people["judge"])
    assert f'name="seen" value="{order.first_by}"' in second.get("/orders").content.decode()
    assert second.post(f"/orders/{order.ref}/open", {"seen": ""}).status_code == 409, "he meant to confirm what had been confirmed"
    assert second.post(f"/orders/{order.ref}/open", {"seen": order.first_by}).status_code == 302
    assert ordered_now(judge, timezone.now()).get().case == case


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mistake_in_the_form_costs_no_record(cast: Cast, clerk: Client, language: str) -> None:
    case = cast.case()
    taken = cast.ordered(case).number
    before = len(records(cast))
    for name, value, status in (
        ("number", "", 422), ("number", taken, 409), ("scope", " ", 422), ("cases", "0" * 32, 404), ("cases", "", 422),
        ("ends_at", "2020-01-01", 422), ("starts_at", "x", 422), ("kinds", "长" * 65, 422),
    ):
        answer = clerk.post("/orders/add", {**form_of(clerk, case), name: value}, headers={"Accept-Language": language})
        assert answer.status_code == status, (name, value)
        page = Page(answer.content.decode())
        assert page.all_faults() == []
        assert f'href="#order-{name}"' in page.source
        assert page.by_id(f"order-{name}").attributes["aria-invalid"] == "true"
    for data, field in ((None, "file"), (b"", "file")):
        answer = clerk.post("/orders/add", form_of(clerk, case, data))
        assert answer.status_code == 422
        assert f'href="#order-{field}"' in answer.content.decode()
    assert clerk.post("/orders/add", form_of(clerk, case, key="short")).status_code == 422
    assert (Order.objects.count(), len(records(cast)), originals(cast)) == (1, before, 0)


def test_a_deposit_that_fails_leaves_nothing(cast: Cast, clerk: Client) -> None:
    form = form_of(clerk, cast.case())
    LogState.objects.update(frozen_at=timezone.now())
    answer = clerk.post("/orders/add", form)
    assert answer.status_code >= 400
    assert (Order.objects.count(), records(cast), originals(cast)) == (0, [], 0)


def test_the_same_form_again_makes_no_second_record(cast: Cast, clerk: Client) -> None:
    """As when the connection broke behind the deposit: the second time goes on where the first stopped."""
    case = cast.case()
    form = form_of(clerk, case)
    assert clerk.post("/orders/add", form).status_code == 302
    Order.objects.get().cases.all().delete()
    Order.objects.all().delete()
    again = {**form, "file": SimpleUploadedFile("调取令.pdf", b"%PDF-1.7 order", "application/pdf")}
    assert clerk.post("/orders/add", again).status_code == 302
    assert [record.record for record in records(cast)] == [Order.objects.get().document]


def test_a_document_that_was_deposited_before_may_be_named(cast: Cast, clerk: Client) -> None:
    case, number = cast.case(), cast.paper(cast.person("judge", Role.JUDGE))
    assert clerk.post("/orders/add", form_of(clerk, case, None, document=number)).status_code == 302
    assert Order.objects.get().document == number
    answer = clerk.post("/orders/add", form_of(clerk, case, None, number="2", document=cast.paper(cast.legal)))
    assert (answer.status_code, 'href="#order-document"' in answer.content.decode()) == (422, True)


def test_a_file_that_is_too_large_is_refused_by_its_length(cast: Cast, clerk: Client) -> None:
    case = cast.case()
    form = form_of(clerk, case)
    assert clerk.post("/orders/add", form, headers={"Content-Length": str(21 * 1024**2)}).status_code == 413
    assert not Order.objects.exists()


def test_nobody_but_a_court_writes_orders_down(cast: Cast, clerk: Client) -> None:
    case = cast.case()
    form = form_of(clerk, case)
    for client, status in ((signed_in(cast.people["legal"]), 404), (signed_in(cast.people["clerk"]), 302)):
        fresh = {**form, "file": SimpleUploadedFile("a.pdf", b"%PDF-1.7", "application/pdf")}
        assert client.post("/orders/add", fresh).status_code == status
    assert [record.organisation for record in records(cast)] == [cast.organisations["court"]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_cases_are_named_as_a_court_knows_them_and_each_once(cast: Cast, clerk: Client, language: str) -> None:
    first, second, third = cast.case("LN 7, special"), cast.case("LN-8"), cast.case("LN-9")
    [number] = Evidence.objects.filter(case=second).values_list("record", flat=True)
    lines = f"LN 7, special\n  {number.lower().replace('-', '')} \n{third.ref.upper()}, LN-8\n\n"
    heads = {"Accept-Language": language}
    form = form_of(clerk, first, cases=lines, lender=cast.legal.organisation.ref)
    assert clerk.post("/orders/add", form, headers=heads)["Location"] == "/orders"
    assert {row.case_id for row in Order.objects.get().cases.all()} == {first.pk, second.pk, third.pk}
    page = Page(clerk.get("/orders", headers=heads).content.decode())
    assert page.all_faults() == []
    assert language == "zh-hans" or page.chinese() == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_court_learns_nothing_of_a_case_that_its_order_does_not_name(cast: Cast, clerk: Client, language: str) -> None:
    """A reference of another lender, one of nobody, a record of nobody and one that is no lender's: the same words for each."""
    case, judge = cast.case("LN-1"), cast.person("judge", Role.JUDGE)
    rival = make_organisation(name="乙方")
    Case.objects.create(organisation=rival, ref="d" * 32, client_reference="LN-77", created_at=timezone.now())
    heads, own = {"Accept-Language": language}, cast.paper(judge)
    before = len(records(cast))

    def told(name: str, lender: str) -> str:
        answer = clerk.post("/orders/add", form_of(clerk, case, cases=f"LN-1\n{name}", lender=lender), headers=heads)
        page = Page(answer.content.decode())
        assert (answer.status_code, page.all_faults()) == (404, []), name
        summary = page.source.partition('class="error-summary"')[2].partition("</div>")[0]
        assert name in summary
        assert "LN-1\n" not in summary
        return summary.replace(name, "…")

    mine = cast.legal.organisation.ref
    answers = {told(name, mine) for name in ("LN-77", "LN-404", "CZ-20261123-01234-56789-W", own, "ln-1", "e" * 32, "LN-1%")}
    assert len(answers) == 1, answers
    tried = AuditEntry.objects.filter(organisation=cast.organisations["court"], event="order:names_unknown")
    assert list(tried.values_list("detail", flat=True)) == ["cases:1"] * 7
    for lender in ("", "0" * 32, rival.ref, "x", cast.organisations["court"].ref, "\0"):
        assert clerk.post("/orders/add", form_of(clerk, case, cases="LN-1", lender=lender)).status_code == 404, lender
    assert (Order.objects.count(), len(records(cast))) == (0, before)


def test_more_names_than_an_order_may_have_are_refused_before_any_is_looked_up(cast: Cast, clerk: Client) -> None:
    case = cast.case()
    for cases in ("", "\n \n", "x\n" * 1001, "x " * 5001):
        answer = clerk.post("/orders/add", form_of(clerk, case, cases=cases, lender=cast.legal.organisation.ref))
        assert (answer.status_code, "#order-cases" in answer.content.decode()) == (422, True)
    assert not AuditEntry.objects.filter(event="order:names_unknown").exists()
