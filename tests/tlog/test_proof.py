"""Logging proofs: what is written verifies, every part of it matters, and any other bytes are refused."""
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tlog import rfc6962
from tlog.checkpoint import format_checkpoint
from tlog.encoding import encode_base64
from tlog.errors import VerificationError
from tlog.note import CosignatureSigner, Signer, format_note
from tlog.policy import parse_policy
from tlog.proof import Proof, format_proof, parse_proof, verify_proof

ORIGIN = "example.com/log"
LOG = Signer.from_seed(ORIGIN, bytes(32))
WITNESS = CosignatureSigner.from_seed("witness.example", b"w" * 32)
POLICY = parse_policy(f"log {LOG.vkey}\nwitness W {WITNESS.vkey}\nquorum W\n")
SIZE, INDEX = 70, 66
PATH = rfc6962.path(INDEX, 0, SIZE)
LEAF = rfc6962.leaf(INDEX)


def checkpoint(size: int = SIZE, origin: str = ORIGIN, root: bytes | None = None, witness: CosignatureSigner | None = WITNESS) -> bytes:
    text = format_checkpoint(origin=origin, size=size, root=root or rfc6962.mth(0, size))
    return format_note(text, [LOG.sign(text), *([witness.sign(text, 1234)] if witness else [])])


GOOD = format_proof(index=INDEX, hashes=PATH, checkpoint=checkpoint(), extra=b"file name")
HEAD, POINT = GOOD.split(b"\n\n", 1)


@pytest.mark.parametrize("size", [1, 2, 3, 64, 65, 100])
def test_the_proof_of_every_leaf_verifies(size: int) -> None:
    point = checkpoint(size)
    for index in range(size):
        path = rfc6962.path(index, 0, size)
        data = format_proof(index=index, hashes=path, checkpoint=point)
        assert parse_proof(data) == Proof(index, path, point, None)
        verified = verify_proof(data, leaf_hash=rfc6962.leaf(index), policy=POLICY)
        assert (verified.origin, verified.size, verified.root) == (ORIGIN, size, rfc6962.mth(0, size))
        with pytest.raises(VerificationError, match="another root"):
            verify_proof(data, leaf_hash=rfc6962.leaf(index + 1), policy=POLICY)


def test_extra_data_is_given_back_and_proves_nothing() -> None:
    assert parse_proof(GOOD).extra == b"file name"
    for extra in (b"", b"another name"):
        data = format_proof(index=INDEX, hashes=PATH, checkpoint=checkpoint(), extra=extra)
        assert parse_proof(data).extra == extra
        assert verify_proof(data, leaf_hash=LEAF, policy=POLICY).size == SIZE


def test_the_checkpoint_needs_the_log_the_quorum_and_the_origin() -> None:
    assert verify_proof(GOOD, leaf_hash=LEAF, policy=POLICY, origin=ORIGIN).origin == ORIGIN
    with pytest.raises(VerificationError, match="not of the log asked for"):
        verify_proof(GOOD, leaf_hash=LEAF, policy=POLICY, origin="example.org/log")
    for point, reason in [
        (checkpoint(witness=None), "not reached"),
        (checkpoint(witness=CosignatureSigner.from_seed("witness.example", b"x" * 32)), "not reached"),
        (checkpoint(root=bytes(32)), "another root"),
        (checkpoint(size=SIZE + 64), "hashes where"),
        (checkpoint(size=INDEX), "outside the tree"),
        (checkpoint().replace(b"\n70\n", b"\n71\n"), "does not verify"),
    ]:
        with pytest.raises(VerificationError, match=reason):
            verify_proof(format_proof(index=INDEX, hashes=PATH, checkpoint=point), leaf_hash=LEAF, policy=POLICY)
    with pytest.raises(VerificationError, match="no signature by a known key"):
        verify_proof(GOOD, leaf_hash=LEAF, policy=parse_policy("quorum none\n"))


@pytest.mark.parametrize("index", [0, INDEX - 1, INDEX + 1, 2**63 - 1])
def test_a_proof_with_another_index_fails(index: int) -> None:
    with pytest.raises(VerificationError):
        verify_proof(format_proof(index=index, hashes=PATH, checkpoint=checkpoint()), leaf_hash=LEAF, policy=POLICY)


def test_every_flipped_bit_of_every_hash_fails() -> None:
    point = checkpoint()
    for place, item in enumerate(PATH):
        for bit in range(256):
            flipped = (int.from_bytes(item, "big") ^ (1 << bit)).to_bytes(32, "big")
            data = format_proof(index=INDEX, hashes=[*PATH[:place], flipped, *PATH[place + 1 :]], checkpoint=point)
            with pytest.raises(VerificationError, match="another root"):
                verify_proof(data, leaf_hash=LEAF, policy=POLICY)


HASH = encode_base64(bytes(32)).encode()
HASH_LINES = b"".join(b"\n" + encode_base64(item).encode() for item in PATH)
BAD = {
    "nothing": b"",
    "an empty line": b"\n\n",
    "only the head": HEAD,
    "only the checkpoint": POINT,
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "another version": GOOD.replace(b"@v1", b"@v2"),
    "a space behind the first line": GOOD.replace(b"@v1", b"@v1 "),
    "no index": GOOD.replace(b"\nindex 66", b""),
    "an index without number": GOOD.replace(b"index 66", b"index"),
    "an empty index": GOOD.replace(b"index 66", b"index "),
    "a leading zero": GOOD.replace(b"index 66", b"index 066"),
    "an index of 2^63": GOOD.replace(b"index 66", b"index 9223372036854775808"),
    "a million digits": GOOD.replace(b"index 66", b"index " + b"6" * 10**6),
    "another keyword": GOOD.replace(b"index", b"Index"),
    "two indexes": GOOD.replace(b"index 66", b"index 66\nindex 66"),
    "the index before the extra line": GOOD.replace(b"extra ZmlsZSBuYW1l\nindex 66", b"index 66\nextra ZmlsZSBuYW1l"),
    "two extra lines": GOOD.replace(b"extra ZmlsZSBuYW1l", b"extra ZmlsZSBuYW1l\nextra ZmlsZSBuYW1l"),
    "extra data that is no base64": GOOD.replace(b"extra ZmlsZSBuYW1l", b"extra file name"),
    "extra data and nothing else": b"c2sp.org/tlog-proof@v1\nextra AAAA\n\n" + POINT,
    "a hash of 31 bytes": GOOD.replace(HASH_LINES, b"\n" + encode_base64(bytes(31)).encode()),
    "a hash that is not canonical": GOOD.replace(HASH_LINES, b"\n" + HASH.replace(b"A=", b"B=")),
    "a space behind a hash": GOOD.replace(HASH_LINES, HASH_LINES + b" "),
    "a head that is not ASCII": GOOD.replace(b"index 66", "index ６６".encode()),
    "a head that is no UTF-8": GOOD.replace(b"index 66", b"index 66\xff"),
    "carriage returns": GOOD.replace(b"\n", b"\r\n"),
    "64 hashes": GOOD.replace(HASH_LINES, (b"\n" + HASH) * 64),
    "64 hashes and no extra line": GOOD.replace(HASH_LINES, (b"\n" + HASH) * 64).replace(b"extra ZmlsZSBuYW1l\n", b""),
    "a million hashes": GOOD.replace(HASH_LINES, (b"\n" + HASH) * 10**5),
    "a million newlines": b"c2sp.org/tlog-proof@v1" + b"\n" * 2**20,
    "an empty checkpoint": HEAD + b"\n\n",
    "a checkpoint without signatures": HEAD + b"\n\n" + POINT.split(b"\n\n")[0],
    "an empty line too many": HEAD + b"\n\n\n" + POINT.split(b"\n\n")[0],
    "a signature line that is no base64": GOOD[:-3] + b"!!\n",
    "a signature line that is too short": GOOD + "— short AAAA\n".encode(),
    "bytes behind the last line": GOOD + b"x",
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_what_is_no_proof_is_refused_at_once(data: bytes) -> None:
    assert data != GOOD
    start = time.monotonic()
    with pytest.raises(VerificationError):
        parse_proof(data)
    with pytest.raises(VerificationError):
        verify_proof(data, leaf_hash=LEAF, policy=POLICY)
    assert time.monotonic() - start < 1


def test_a_proof_has_up_to_63_hashes() -> None:
    data = GOOD.replace(HASH_LINES, (b"\n" + HASH) * 63)
    assert parse_proof(data).hashes == [bytes(32)] * 63
    assert parse_proof(data.replace(b"extra ZmlsZSBuYW1l\n", b"")).extra is None


@pytest.mark.parametrize("change", [
    {"index": -1}, {"index": 2**63}, {"hashes": [bytes(31)]}, {"hashes": [bytes(32)] * 64}, {"checkpoint": b"no note"}, {"checkpoint": b""},
])  # fmt: skip
def test_a_proof_is_not_made_of_parts_that_do_not_fit(change: dict[str, Any]) -> None:
    parts: dict[str, Any] = {"index": 0, "hashes": [], "checkpoint": checkpoint(), **change}
    with pytest.raises(ValueError):  # noqa: PT011 - the message is that of the parser
        format_proof(**parts)


@given(st.integers(0, 2**63 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=63), st.none() | st.binary())
def test_every_proof_is_read_back(index: int, hashes: list[bytes], extra: bytes | None) -> None:
    data = format_proof(index=index, hashes=hashes, checkpoint=POINT, extra=extra)
    assert parse_proof(data) == Proof(index, hashes, POINT, extra)


@given(st.binary())
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(VerificationError):
        parse_proof(data)
    with pytest.raises(VerificationError):
        parse_proof(b"c2sp.org/tlog-proof@v1\n" + data)


@given(st.integers(0, len(GOOD)), st.integers(0, 9), st.binary(max_size=9))
def test_a_damaged_proof_is_refused_or_proves_the_same(start: int, cut: int, put: bytes) -> None:
    data = GOOD[:start] + put + GOOD[start + cut :]
    try:
        point = verify_proof(data, leaf_hash=LEAF, policy=POLICY)
    except VerificationError:
        return
    assert (point.origin, point.size, point.root) == (ORIGIN, SIZE, rfc6962.mth(0, SIZE))
