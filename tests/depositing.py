"""A depositor with a key, and the shortest way to speak to the API."""
import json
import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organisation
from accounts.services import create_organisation, issue_api_key

Post = Callable[..., Any]


@pytest.fixture
def organisation(service: str) -> Organisation:
    return create_organisation("示例消费金融有限公司", now=timezone.now())


@pytest.fixture
def key(organisation: Organisation) -> str:
    return issue_api_key(organisation, label="test", now=timezone.now(), valid_for=timedelta(days=1))[1]


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def document(**changes: Any) -> dict[str, Any]:
    """A `deposit` part for one file."""
    base = {
        "case": "LN-2026-0001",
        "subject": {"kind": "call_recording", "title": "催收通话录音", "metadata": {"direction": "outbound", "duration_ms": 12_000}},
        "files": [{"name": "录音.wav", "media_type": "audio/wav"}],
        "provenance": {"source_system": "外呼系统", "clock_offset_ms": -12},
    }
    return {**base, **changes}


def multipart(parts: Sequence[tuple[str, str, bytes]]) -> tuple[bytes, str]:
    """Body and content type for (name, content type, bytes) parts."""
    boundary = secrets.token_hex(12)
    body = b""
    for name, kind, data in parts:
        filename = '; filename="x"' if name == "file" else ""
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{filename}\r\nContent-Type: {kind}\r\n\r\n'
        body += head.encode() + data + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def deposit_body(body: Any, *files: bytes) -> tuple[bytes, str]:
    text = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return multipart([("deposit", "application/json", text), *(("file", "application/octet-stream", data) for data in files)])


@pytest.fixture
def post_deposit(client: Client, key: str) -> Post:
    """POST one record; keyword arguments are headers (Idempotency_Key=…)."""

    def post(body: Any, *files: bytes, **headers: str) -> Any:
        data, kind = deposit_body(body, *files)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.post("/api/v1/evidence", data, content_type=kind, headers={"Authorization": f"Bearer {key}", **named})

    return post


def batch(count: int, *, case: str = "LN-2026-0001", **changes: Any) -> dict[str, Any]:
    """`count` records by digest."""
    files = [{"name": "a.txt", "media_type": "text/plain", "size_bytes": 3, "sha256": secrets.token_hex(32)}]
    one = {"case": case, "subject": {"kind": "sms", "title": "短信", "metadata": {}}, "files": files, "provenance": {}, **changes}
    return {"records": [one] * count}


@pytest.fixture
def post_batch(client: Client, key: str) -> Post:
    def post(body: Any, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {key}", **named}
        return client.post("/api/v1/evidence/batch", data, content_type="application/json", headers=headers)

    return post
