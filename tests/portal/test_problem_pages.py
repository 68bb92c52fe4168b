"""Errors as people meet them: a calm page with what to do next, and machines still get their document."""
import json
import logging
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import IntegrityError, connection
from django.test import Client, RequestFactory

from accounts.permissions import Role
from common.errors import DomainError
from common.problems import as_domain_error, problem_page, server_error
from evidence.models import Evidence
from tests.accounts.people import make_person, signed_in
from tests.portal.conftest import Deposit, Open
from tests.portal.pages import POLICY, Page


class Sample(DomainError):
    code = "sample"
    status = 503
    title = "标题 <b>"
    detail = "第 {n} 项 <script>"


def test_unknown_address_is_a_page_for_people_and_a_document_for_machines(service: str, client: Client, open_page: Open) -> None:
    page = open_page("/nowhere", status=404)
    assert "没有这个地址或记录" in page.text
    assert "not-found" in page.text
    assert "/records" in [link.attributes["href"] for link in page.all("a")]
    for path in ("/api/v1/nowhere", "/log/nowhere"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert json.loads(answer.content)["code"] == "not-found"


@pytest.mark.parametrize(("method", "path"), [
    ("post", "/"), ("delete", "/records"), ("put", "/records/CZ-20261123-01234-56789-W"), ("put", "/records/x/check"),
    ("get", "/preferences"),
])
@pytest.mark.parametrize(("language", "title"), [
    ("zh-hans", "该地址不支持此方法"), ("en", "This address does not support the method"),
])
def test_method_that_a_page_does_not_have_is_a_page_that_says_so(
    service: str, client: Client, method: str, path: str, language: str, title: str
) -> None:
    answer = client.generic(method.upper(), path, headers={"Accept-Language": language})
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) & {"GET", "POST"}
    assert method.upper() not in answer.headers["Allow"]
    assert answer.headers["Content-Language"] == language
    assert answer.headers["Content-Security-Policy"] == POLICY
    page = Page(answer.content.decode())
    assert page.all_faults() == []
    assert page.one("h1").text == title
    assert "method-not-allowed" in page.text
    assert bool(page.chinese()) is (language == "zh-hans")


@pytest.mark.parametrize("path", ["/log/checkpoint", "/log/tile/0/000", "/log/policy", "/log/vkey"])
def test_method_that_the_log_does_not_have_is_a_document(service: str, client: Client, path: str) -> None:
    answer = client.post(path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.content)["code"] == "method-not-allowed"


def test_unforeseen_failure_is_a_calm_page_whose_number_stands_in_the_log(
    make_record: Deposit, open_page: Open, caplog: pytest.LogCaptureFixture
) -> None:
    number = make_record()
    Evidence.objects.update(statement=b"not a statement: secret words")
    with caplog.at_level(logging.ERROR):
        page = open_page(f"/records/{number}", status=500)
    assert page.all_faults() == []
    assert "服务内部错误" in page.text
    assert "secret" not in page.source
    assert "Traceback" not in page.source
    [line] = [record.getMessage() for record in caplog.records if record.msg == "internal error %s: %s"]
    assert line.removeprefix("internal error ").partition(":")[0] in page.text
    assert "secret" not in caplog.text


def test_failure_that_only_django_catches_is_the_same_page(service: str, caplog: pytest.LogCaptureFixture) -> None:
    quoted = secrets.token_hex(8)
    try:
        raise KeyError(quoted)
    except KeyError:
        answer = server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "服务内部错误" in answer.content.decode()
    [line] = [record.getMessage() for record in caplog.records if record.msg == "internal error %s: %s"]
    log_id, _, told = line.removeprefix("internal error ").partition(": ")
    assert log_id in answer.content.decode()
    assert told.startswith("KeyError\n")
    assert "in test_failure_that_only_django_catches_is_the_same_page" in told
    assert quoted not in caplog.text


def test_a_database_that_fails_before_the_view_is_503_and_stands_in_the_log(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The gate asks for the roles of whoever is signed in before any page; Django hands what that raises to no middleware."""
    client = signed_in(make_person("an-1", Role.LENDER_ADMIN))
    client.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_membership RENAME TO elsewhere")
    answer = client.get("/account")
    assert answer.status_code == 503
    assert "storage-unavailable" in answer.content.decode()
    assert answer["Retry-After"]
    assert "storage refused: " in caplog.text
    assert "in process_view" in caplog.text


def test_what_is_logged_of_a_failure_quotes_neither_it_nor_its_causes(caplog: pytest.LogCaptureFixture) -> None:
    """PostgreSQL says which row it refuses: `DETAIL: Failing row contains (13800138000, …)`."""
    # Made here: frames show lines of the program, this one too.
    number = "".join(map(str, range(11)))
    for kind in (IntegrityError, KeyError, OSError):
        try:
            try:
                raise ValueError(number)
            except ValueError as inner:
                raise kind(f"Failing row contains ({number})") from inner
        except kind as failure:
            error = as_domain_error(failure)
        assert error.status in (500, 503)
        assert f"{kind.__name__}\n" in caplog.text
        assert "ValueError\n" in caplog.text
        assert "test_what_is_logged_of_a_failure_quotes_neither" in caplog.text
    assert number not in caplog.text


def test_unreadable_storage_is_503_with_a_time_to_come_back(
    make_record: Deposit, publish: Callable[[], None], client: Client, var_dir: Path
) -> None:
    numbers = [make_record() for _ in range(3)]
    publish()
    shutil.rmtree(var_dir / "log" / "tile")
    answer = client.get(f"/records/{numbers[0]}")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "存储暂不可用" in answer.content.decode()


def test_text_of_a_refusal_is_escaped() -> None:
    answer = problem_page(RequestFactory().get("/x"), Sample(n=3, retry_after_s=7))
    assert answer.headers["Retry-After"] == "7"
    body = answer.content.decode()
    assert "标题 &lt;b&gt;" in body
    assert "第 3 项 &lt;script&gt;" in body


def test_request_for_another_host_is_a_page_that_says_so(service: str, client: Client) -> None:
    answer = client.get("/", SERVER_NAME="evil.example")
    assert answer.status_code == 400
    assert "请求无法理解" in answer.content.decode()
    assert "evil.example" not in answer.content.decode()
