"""Guessing: who has every entry and statement, and knows the template to the letter, still learns no phone number.

The attacker tries ten thousand numbers, one of them the right one, in every shape that a careless service might have
hashed. A test that finds nothing proves little, so the same attack is let loose on careless services too, and must win.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.tlog.deposits import RECEIVED_AT, RECORD, VALUES, changed
from tlog.canonical import canonical_json
from tlog.claims import Claim, ClaimDigest, make_claim
from tlog.digests import sm3
from tlog.encoding import decode_base64
from tlog.entry import format_entry
from tlog.statement import format_statement

SPACE = range(13800130000, 13800140000)
SECRET = 13800137351
SALTS = {name: hashlib.sha256(b"random in real life" + name.encode()).digest() for name in VALUES}
"""What the attacker does not have."""


def subject(phone: int) -> dict[str, Any]:
    return changed("subject", {"metadata": {"callee": str(phone), "duration_s": "270.5", "parts": [1, None]}})


def published(subject_claim: Claim | ClaimDigest) -> tuple[bytes, bytes]:
    """Statement and entry of a deposit with this claim; all other claims are salted as they should be."""
    others = [make_claim(name, value, SALTS[name]) for name, value in VALUES.items() if name != "subject"]
    statement = format_statement(kind="deposit", record=RECORD, received_at=RECEIVED_AT, claims=[subject_claim, *others])
    return statement, format_entry("deposit", statement)


def digests_in(statement: bytes, entry: bytes) -> set[bytes]:
    """Every 32-byte value that the two public documents hold, however it is spelled."""
    in_hex = re.findall(rb"[0-9a-f]{64}", statement + entry)
    in_base64 = re.findall(rb"[A-Za-z0-9+/]{43}=", statement + entry)
    return {bytes.fromhex(found.decode()) for found in in_hex} | {decode_base64(found.decode()) for found in in_base64}


def shapes(phone: int) -> Iterator[bytes]:
    """What a careless service could have hashed of this number: bare, in a value, in a claim, in a whole statement."""
    number = str(phone)
    value, claim = canonical_json(subject(phone)), canonical_json({"name": "subject", "value": subject(phone)})
    yield from (number.encode(), f"+86{number}".encode(), f'"{number}"'.encode(), canonical_json({"callee": number}), value, claim)
    yield from (bytes(32) + claim, RECORD.encode() + claim, RECEIVED_AT.encode() + claim, RECORD.encode() + number.encode())


def guessed(statement: bytes, entry: bytes) -> set[int]:
    """The numbers for which some shape has one of the digests that are public."""
    public = digests_in(statement, entry)
    return {
        phone for phone in SPACE for shape in shapes(phone) if hashlib.sha256(shape).digest() in public or sm3(shape) in public
    }  # fmt: skip


def bare(digested: bytes) -> ClaimDigest:
    """The digests of a service that forgot the salt."""
    return ClaimDigest("subject", hashlib.sha256(digested).hexdigest(), sm3(digested).hex())


def test_salted_claims_tell_nothing_about_ten_thousand_numbers() -> None:
    claim = make_claim("subject", subject(SECRET), SALTS["subject"])
    statement, entry = published(claim)
    assert bytes.fromhex(claim.sha256) in digests_in(statement, entry)
    assert hashlib.sha256(statement).digest() in digests_in(statement, entry)
    assert len(digests_in(statement, entry)) == 12
    assert guessed(statement, entry) == set()


@pytest.mark.parametrize("digested", [
    str(SECRET).encode(), canonical_json({"callee": str(SECRET)}), canonical_json({"name": "subject", "value": subject(SECRET)}),
    bytes(32) + canonical_json({"name": "subject", "value": subject(SECRET)}),
], ids=["bare number", "bare metadata", "claim without salt", "claim with a constant salt"])  # fmt: skip
def test_the_same_attack_finds_the_number_where_the_salt_was_forgotten(digested: bytes) -> None:
    assert guessed(*published(bare(digested))) == {SECRET}


def test_one_salted_digest_is_not_enough_if_the_other_is_bare() -> None:
    claim = make_claim("subject", subject(SECRET), SALTS["subject"])
    assert guessed(*published(ClaimDigest("subject", claim.sha256, sm3(claim.data).hex()))) == {SECRET}


def test_with_the_salt_the_claim_is_shown_at_once() -> None:
    """Disclosure is what salts are for: the holder of a salt can check the number, the others cannot."""
    statement, _ = published(make_claim("subject", subject(SECRET), SALTS["subject"]))
    right = [phone for phone in SPACE if make_claim("subject", subject(phone), SALTS["subject"]).sha256.encode() in statement]
    assert right == [SECRET]
