"""One fictitious deposit, for the tests of claims and statements: a call recording that the depositor keeps."""

from collections.abc import Mapping
from typing import Any

from tlog.claims import Claim, make_claim
from tlog.statement import format_statement

RECORD = "CZ-20261123-4K7QM-X2R9D-0"
RECEIVED_AT = "2026-11-23T08:00:00.123Z"

VALUES: Mapping[str, Mapping[str, Any]] = {
    "depositor": {
        "organisation": "org_7f3a", "organisation_name": "示例消费金融有限公司", "agent": None, "credential": "api_key:ab12cd34",
    },
    "case": {"ref": "00112233445566778899aabbccddeeff", "sequence": 7, "previous": "ab" * 32},
    "subject": {
        "kind": "call_recording", "title": "催收通话录音", "metadata": {"callee": "13800138000", "duration_s": "270.5", "parts": [1, None]},
    },
    "files/1": {
        "name": "通话录音 0755.wav", "media_type": "audio/wav", "size_bytes": 4_321_000, "sha256": "cd" * 32, "sm3": "ef" * 32,
        "custody": "vault",
    },
    "provenance": {
        "source_system": "collect-crm 4.2", "generation": "automatic", "collector": None, "tool": "recorder", "tool_version": "2.8.1",
        "captured_from": "2026-11-23T07:55:00.000Z", "captured_until": "2026-11-23T07:59:30.500Z", "clock_offset_ms": -42,
        "device": "pbx-07", "environment": {"os": "Debian 12"},
    },
}  # fmt: skip


def changed(name: str, fields: Mapping[str, object]) -> dict[str, Any]:
    """The value of the claim `name` with some fields changed."""
    return {**VALUES[name], **fields}


def salt(number: int) -> bytes:
    """A salt for tests: 32 bytes that differ by `number`. Real ones are random."""
    return number.to_bytes(32)


def sample_claims() -> list[Claim]:
    """The claims of the deposit, each with its own salt, in no particular order."""
    return [make_claim(name, value, salt(number)) for number, (name, value) in enumerate(VALUES.items())]


def sample_statement() -> bytes:
    """The statement of the deposit."""
    return format_statement(kind="deposit", record=RECORD, received_at=RECEIVED_AT, claims=sample_claims())
