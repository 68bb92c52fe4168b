"""Case files for tests: a body that the API takes, and lenders' machines that send it."""
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organisation
from accounts.permissions import Kind
from accounts.services import create_organisation, issue_api_key

NAME, IDENTITY, PHONE, ADDRESS = "张晓明", "11010519491231002X", "13800138000", "北京市朝阳区示例路 1 号 2 单元 301"
PERSONAL = (NAME, IDENTITY, PHONE, ADDRESS)

Send = Callable[..., Any]


def case_body(**changes: Any) -> dict[str, Any]:
    """12,000 yuan at 12 % for three months, interest first, 30/360, half as much again when overdue; one debtor."""
    body = {
        "reference": "LN-2026-0001",
        "creditor_sides": [{"creditors": [{"name": "示例消费金融有限公司", "share": "1"}]}],
        "agreement": {
            "number": "HT-1", "signed_on": "2025-03-01", "day_count": "30/360", "penalty_uplift": "0.5",
            "clauses": {"rate": "3.1", "penalty": "7.2"},
        },
        "drawdowns": [{
            "reference": "JJ-1", "principal": "12000.00", "drawn_on": "2025-03-10", "annual_rate": "0.12", "months": 3,
            "repayment": "interest-first",
        }],
        "parties": [{
            "reference": "debtor", "role": "debtor", "name": NAME, "identity_number": IDENTITY,
            "contact_points": [
                {"kind": "mobile", "value": PHONE, "basis": "contract", "confirmed": True, "last_active_at": "2026-10-01T08:00:00.000Z"},
                {"kind": "address", "value": ADDRESS, "basis": "declared"},
            ],
            "consents": [{"kind": "electronic_service", "document": "借款合同第 9 条", "given_on": "2025-03-01"}],
        }],
    }
    return {**body, **changes}


def sender(client: Client, organisation: Organisation) -> Send:
    """Sends JSON by a key of the organisation; keyword arguments are headers."""
    key = issue_api_key(organisation, label="test", now=timezone.now(), valid_for=timedelta(days=1))[1]

    def send(method: str, path: str, body: Any = None, **headers: str) -> Any:
        named = {"Authorization": f"Bearer {key}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        return client.generic(method, f"/api/v1{path}", b"" if body is None else data, "application/json", headers=named)

    return send


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def lender(service: str) -> Organisation:
    return create_organisation("示例消费金融有限公司", now=timezone.now())


@pytest.fixture
def send(client: Client, lender: Organisation) -> Send:
    return sender(client, lender)


@pytest.fixture
def strangers_send(client: Client, service: str) -> Send:
    return sender(client, create_organisation("另一出借机构", now=timezone.now()))


@pytest.fixture
def agencys_send(client: Client, service: str) -> Send:
    return sender(client, create_organisation("示例催收机构", now=timezone.now(), kind=Kind.COLLECTION_AGENCY))
