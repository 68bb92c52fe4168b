"""Tokens that public authorities really gave, from `tests/vectors/timestamps.json`, with the oracles' verdicts beside ours."""
from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.tlog.timestamp.cases import Case
from tests.tlog.timestamp.oracles import client_accepts, openssl_accepts
from tlog.timestamp import Reason, TimestampRefused, VerifiedTimestamp, verify_token

VECTORS = {vector["name"]: vector for vector in json.loads((Path(__file__).parents[2] / "vectors" / "timestamps.json").read_text())}
# rfc3161-client wants the signer's certificate in the token, or as a setting of its own.
WITHOUT_SIGNER = {"sigstore-2026"}


def case(vector: dict[str, Any]) -> Case:
    def encoded(name: str) -> tuple[bytes, ...]:
        return tuple(base64.b64decode(text) for text in vector[name])

    when = datetime.fromisoformat(vector["gen_time"])
    return Case(
        token=base64.b64decode(vector["token"]), digest=bytes.fromhex(vector["digest"]), roots=encoded("roots"),
        intermediates=encoded("intermediates"), nonce=None, policy=vector["policy"], now=when, not_before=when, at=when,
    )  # fmt: skip


@pytest.mark.parametrize("name", VECTORS)
def test_a_public_token_is_accepted_by_us_and_by_the_oracles(name: str, tmp_path: Path) -> None:
    vector = VECTORS[name]
    asked = case(vector)
    assert verify_token(asked.token, **asked.told()) == VerifiedTimestamp(
        asked.at, vector["policy"], int(vector["serial"]), vector["tsa_name"], "sha256"
    )
    assert openssl_accepts(asked, tmp_path)
    assert client_accepts(asked) is (name not in WITHOUT_SIGNER)


@pytest.mark.parametrize("name", VECTORS)
def test_a_public_token_under_another_root_is_refused(name: str) -> None:
    asked = case(VECTORS[name])
    others = tuple(root for other in VECTORS if other != name for root in case(VECTORS[other]).roots)
    with pytest.raises(TimestampRefused) as caught:
        verify_token(asked.token, **replace(asked, roots=others).told())
    assert caught.value.reason is Reason.CHAIN


@pytest.mark.parametrize("name", VECTORS)
def test_a_public_token_is_refused_for_another_digest_and_before_its_time(name: str) -> None:
    asked = case(VECTORS[name])
    with pytest.raises(TimestampRefused, match=r"^imprint: "):
        verify_token(asked.token, **replace(asked, digest=bytes(32)).told())
    with pytest.raises(TimestampRefused, match=r"^ahead-of-clock: "):
        verify_token(asked.token, **replace(asked, now=asked.at - timedelta(hours=1)).told())
