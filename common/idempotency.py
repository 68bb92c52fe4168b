"""Idempotency keys: a retry of the same request gets the same answer, and nothing is done twice.

A row is inserted first in the transaction that does the work, so a concurrent twin waits on the unique constraint and
then finds the finished row. Keys are kept for the record's life. Which answer is repeated is the caller's matter: it stores an id.
Source: draft-ietf-httpapi-idempotency-key-header; design.md §3.
"""
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.bulk import Insert
from common.errors import DomainError

# A space is a character of a header's value like any other, except at its ends, where HTTP drops it (RFC 9110 5.5).
KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?", re.ASCII)


class IdempotencyKeyMalformed(DomainError):
    code = "idempotency-key-malformed"
    title = _("Idempotency-Key 格式不正确")
    detail = _("请使用 1 至 128 个可打印的 ASCII 字符，首尾不得为空格。")


class IdempotencyKeyReused(DomainError):
    code = "idempotency-key-reused"
    status = 422
    title = _("Idempotency-Key 已用于另一请求")
    detail = _("同一密钥只能重试完全相同的请求；新的请求请使用新的密钥。")


class IdempotencyKey(models.Model):
    organisation_id = models.BigIntegerField(help_text="所属机构")
    key = models.CharField(max_length=128, help_text="客户端给出的幂等键")
    fingerprint = models.BinaryField(max_length=32, help_text="请求指纹：SHA-256")
    answer_id = models.BigIntegerField(help_text="首次受理时生成的回执编号")
    created_at = models.DateTimeField(help_text="首次受理时间")

    objects: ClassVar[models.Manager["IdempotencyKey"]] = models.Manager()

    class Meta:
        verbose_name = "幂等键"
        constraints = [models.UniqueConstraint(fields=["organisation_id", "key"], name="idempotency_key_unique_in_organisation")]


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A request that may be retried: its key (≤ 128 printable ASCII characters) and 32-byte fingerprint."""

    key: str
    fingerprint: bytes


def read_key(header: str | None) -> str | None:
    """The header's key; None when the client sent none. Raises IdempotencyKeyMalformed."""
    if header is None:
        return None
    if not KEY.fullmatch(header):
        raise IdempotencyKeyMalformed()
    return header


def fingerprint(endpoint: str, canonical_request: bytes, file_digests: list[bytes]) -> bytes:
    """SHA-256 over endpoint, canonical JSON part and each file's SHA-256 in order; every part is length-prefixed."""
    digest = hashlib.sha256()
    for part in (endpoint.encode(), canonical_request, *file_digests):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def key_row(organisation_id: int, request: IdempotentRequest, answer_id: int, *, now: datetime) -> Insert:
    """The row that claims the key, to be written in the transaction that does the work, before its other rows."""
    row = (organisation_id, request.key, request.fingerprint, answer_id, now)
    return Insert(IdempotencyKey, ("organisation_id", "key", "fingerprint", "answer_id", "created_at"), [row])


def earlier_answer(organisation_id: int, request: IdempotentRequest) -> int | None:
    """The answer id that this key stands for; None when it is new. Raises IdempotencyKeyReused for another fingerprint."""
    row = IdempotencyKey.objects.filter(organisation_id=organisation_id, key=request.key).first()
    if row is None:
        return None
    if bytes(row.fingerprint) != request.fingerprint:
        raise IdempotencyKeyReused()
    return row.answer_id
