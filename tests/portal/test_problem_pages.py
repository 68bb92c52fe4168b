"""Errors as people meet them: a calm page with what to do next, and machines still get their document."""
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client, RequestFactory

from common.errors import DomainError
from common.problems import problem_page, server_error
from evidence.models import Evidence
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
    [line] = [record.getMessage() for record in caplog.records if record.msg == "internal error %s"]
    assert line.removeprefix("internal error ") in page.text


def test_failure_that_only_django_catches_is_the_same_page(service: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "服务内部错误" in answer.content.decode()
    assert "internal error" in caplog.text


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
