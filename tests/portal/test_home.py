"""The home page: each account of where the log stands, and the promises with how to check them."""
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from ledger.models import LogQueue, LogState
from ledger.portal.standing import ACCOUNTS, standing
from ledger.receipts import receipt_vkey
from ledger.selectors import published_note
from tests.portal.conftest import Deposit, Open


def age_queue(seconds: float) -> None:
    LogQueue.objects.update(queued_at=timezone.now() - timedelta(seconds=seconds))


def test_empty_log_says_what_to_expect(service: str, open_page: Open) -> None:
    text = open_page("/").text
    assert "尚未收到第一份存证" in text
    assert "收到第一份存证后约一秒，这里出现第一个检查点。" in text


def test_log_with_everything_published_is_normal(make_record: Deposit, stamp: Callable[[], None], open_page: Open) -> None:
    make_record()
    stamp()
    page = open_page("/")
    note = published_note()
    assert note is not None
    assert "收到的存证已全部写入日志并发布。" in page.text
    assert note.decode() in [element.text for element in page.all("code")]
    assert "覆盖前 1 条" in page.text


@pytest.mark.parametrize(("age_s", "state"), [(0, "waiting"), (61, "late"), (86_401, "breach")])
def test_waiting_records_are_told_by_how_long_they_wait(make_record: Deposit, open_page: Open, age_s: int, state: str) -> None:
    make_record()
    age_queue(age_s)
    page = open_page("/")
    assert standing(timezone.now()).state == state
    assert str(ACCOUNTS[state].sentence) in page.text
    assert "待发布 1 条" in page.text
    assert ("有回执逾期未兑现" in page.text.replace("没有回执逾期未兑现", "")) == (state == "breach")


def test_frozen_log_says_so(make_record: Deposit, open_page: Open) -> None:
    LogState.objects.update(frozen_at=timezone.now())
    assert "日志已冻结，停止受理新的存证" in open_page("/").text


def test_keys_and_policy_are_shown_and_linked(service: str, open_page: Open) -> None:
    page = open_page("/")
    codes = [element.text for element in page.all("code")]
    assert receipt_vkey() in codes
    assert LogState.objects.get().vkey in codes
    assert {"/log/vkey", "/log/policy", "/log/checkpoint"} <= {link.attributes["href"] for link in page.all("a")}


COSIGNATURE = (
    "见证节点联署仅表明：该检查点与该节点此前所见日志一致。节点未接触、未审查证据内容；"
    "联署不构成公证、鉴定、律师见证或人民法院的确认。"
)


def test_missing_witnesses_are_told_plainly_with_what_a_cosignature_is(service: str, open_page: Open) -> None:
    text = open_page("/").text
    assert "目前没有见证节点。" in text
    assert COSIGNATURE in text


def test_test_authority_is_called_one_and_a_real_one_is_not(service: str, open_page: Open, settings: Settings) -> None:
    settings.TSAS = "sandbox-tsa=http://127.0.0.1:8001/"
    assert "这里是演示环境" in open_page("/").text
    settings.TSAS = "first=https://tsa.example.org/ second=https://tsa.example.net/"
    text = open_page("/").text
    assert "演示" not in text
    assert "tsa.example.org" in text
    settings.TSAS = ""
    assert "没有配置时间戳机构，存证不会获得可信时间戳。" in open_page("/").text


def test_promise_is_the_one_of_the_settings(service: str, open_page: Open, settings: Settings) -> None:
    settings.RECEIPT_PROMISE_S = 5400
    assert "受理即签发回执，90 分钟内写入日志并发布" in open_page("/").text
    assert "within 90 min" in open_page("/", language="en").text
