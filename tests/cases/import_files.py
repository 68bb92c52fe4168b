"""Files of cases and of payments for tests, and a lender's machine that uploads them."""
import io
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organisation
from accounts.services import issue_api_key
from cases.importing.columns import COLUMNS, Column

Upload = Callable[..., Any]


@pytest.fixture
def upload(client: Client, lender: Organisation) -> Upload:
    """Has a file checked, of cases or (`sheet`) of payments."""
    key = issue_api_key(lender, label="upload", now=timezone.now(), valid_for=timedelta(days=1))[1]

    def send(data: bytes, kind: str = "application/octet-stream", language: str = "zh-hans", sheet: str = "") -> Any:
        headers = {"Authorization": f"Bearer {key}", "Accept-Language": language}
        return client.post(f"/api/v1/cases/imports{sheet and f'/{sheet}'}", data, content_type=kind, headers=headers)

    return send


def csv_of(*rows: dict[str, str], columns: Sequence[Column] = COLUMNS, encoding: str = "utf-8") -> bytes:
    """Rows by the titles of the columns."""
    titles = [column.title for column in columns]
    lines = [titles, *([each.get(title, "") for title in titles] for each in rows)]
    return "\r\n".join(",".join(line) for line in lines).encode(encoding)


def xlsx_of(*rows: list[object], columns: Sequence[Column] = COLUMNS) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for each in ([column.title for column in columns], *rows):
        sheet.append(each)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()
