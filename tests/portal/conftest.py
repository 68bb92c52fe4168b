"""Records in each state, made through the deposit's own service, and a reader who opens pages."""
import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organisation
from accounts.services import create_organisation, issue_api_key
from evidence.capture import DepositItem, Depositor, FileItem
from evidence.services import deposit
from ledger.keys import log_signer
from ledger.selectors import log_origin
from ledger.sequencer.service import Sequencer
from ledger.storage import log_store
from tests.portal.pages import Page

FILE = "借款合同 <b>第一页</b>".encode()
FILE_SHA256 = hashlib.sha256(FILE).hexdigest()
SECRETS = ("LN-SECRET-1", "保密机构有限公司", "保密标题", "保密文件.pdf", "outbound-secret", "secret-crm")

Deposit = Callable[..., str]
Open = Callable[..., Page]


@pytest.fixture
def organisation(service: str) -> Organisation:
    return create_organisation("保密机构有限公司", now=timezone.now())


@pytest.fixture
def make_record(organisation: Organisation) -> Deposit:
    """Deposits one record of `files` files and gives its number; the first file is FILE."""
    key, _ = issue_api_key(organisation, label="test", now=timezone.now(), valid_for=timedelta(days=1))

    def make(files: int = 1) -> str:
        held = [FileItem("保密文件.pdf", "application/pdf", len(FILE), FILE_SHA256, None)]
        held += [FileItem(f"附件{n}.pdf", "application/pdf", 9, hashlib.sha256(b"%d" % n).hexdigest(), None) for n in range(2, files + 1)]
        item = DepositItem(
            "LN-SECRET-1", "call_recording", "保密标题", tuple(held),
            {"direction": "outbound", "caller": "outbound-secret"}, {"source_system": "secret-crm"})
        return deposit(Depositor(organisation, key.pk), [item], now=timezone.now()).records[0]

    return make


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def open_page(client: Client) -> Open:
    """GET a path in a language ("zh-hans" unless told), check the status, parse the page."""

    def get(path: str, *, language: str = "zh-hans", status: int = 200, **data: Any) -> Page:
        answer = client.get(path, data or None, headers={"Accept-Language": language})
        assert answer.status_code == status, answer.content
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        return Page(answer.content.decode())

    return get


@pytest.fixture
def commit(service: str) -> Callable[[], None]:
    """Puts what is queued into the log and writes its tiles, but signs and publishes nothing."""

    def sequence() -> None:
        sequencer = Sequencer(log_store(), log_signer(log_origin()), timezone.now)
        while sequencer.sequence():
            continue

    return sequence
