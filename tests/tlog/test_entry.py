"""Log entries: four lines, nothing else, true to the statement by both digests."""

import hashlib
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tlog.mutants import each_bit_flipped, each_byte_lost_or_doubled, each_byte_replaced
from tlog.digests import sm3
from tlog.entry import KINDS, Entry, commit, format_entry, parse_entry, verify_entry
from tlog.errors import VerificationError

STATEMENT = b'{"any":"bytes"}'
SHA256 = b64encode(hashlib.sha256(STATEMENT).digest()).decode()
SM3 = b64encode(sm3(STATEMENT)).decode()
DIGESTS = st.binary(min_size=32, max_size=32)


@pytest.mark.parametrize("kind", KINDS)
def test_the_bytes_are_those_of_the_format(kind: str) -> None:
    data = format_entry(kind, STATEMENT)
    assert data == f"cunzheng/entry/v1\n{kind}\nsha256 {SHA256}\nsm3 {SM3}\n".encode()
    assert parse_entry(data) == commit(kind, STATEMENT) == verify_entry(data, kind=kind, statement=STATEMENT)


def test_the_kinds_are_those_that_verifiers_know_for_ever() -> None:
    assert KINDS == ("deposit", "custody", "procedure", "erasure", "incident", "key")


@given(st.sampled_from(KINDS), DIGESTS, DIGESTS)
def test_an_entry_reads_back(kind: str, sha256: bytes, sm3_digest: bytes) -> None:
    entry = Entry(kind, sha256, sm3_digest)
    assert parse_entry(entry.encode()) == entry


@pytest.mark.parametrize("entry", [
    Entry("Deposit", bytes(32), bytes(32)), Entry("deposit", bytes(31), bytes(32)), Entry("deposit", bytes(32), bytes(33)),
])  # fmt: skip
def test_writer_refuses(entry: Entry) -> None:
    with pytest.raises(ValueError, match="known kind and two digests of 32 bytes"):
        entry.encode()


def test_writer_refuses_a_kind_that_is_none() -> None:
    with pytest.raises(ValueError, match="known kind"):
        format_entry("deposit\n", STATEMENT)


GOOD = format_entry("deposit", STATEMENT)


@pytest.mark.parametrize("data", [
    b"", b"\n", GOOD[:-1], GOOD + b"\n", b"\n" + GOOD, GOOD + GOOD, GOOD.replace(b"\n", b"\r\n"), GOOD.replace(b" ", b"  ", 1),
    GOOD.replace(b"v1", b"v2"),
    GOOD.replace(b"deposit", b"Deposit"), GOOD.replace(b"deposit", b"other"), GOOD.replace(b"deposit", b""), GOOD.replace(b"sm3", b"sm4"),
    GOOD.replace(b"=", b""), GOOD.replace(b"=", b"=="), GOOD.replace(b"sha256 ", b"sha256\t"), b"\xef\xbb\xbf" + GOOD, GOOD.upper(),
    b"cunzheng/entry/v1\ndeposit\nsm3 " + SM3.encode() + b"\nsha256 " + SHA256.encode() + b"\n",
    f"cunzheng/entry/v1\ndeposit\nsha256 {hashlib.sha256(STATEMENT).hexdigest()}\nsm3 {sm3(STATEMENT).hex()}\n".encode(),
    b"cunzheng/entry/v1\ndeposit\nsha256 " + b"A" * 44 + b"\nsm3 " + b"A" * 43 + b"=\n",  # 33 bytes
    b"cunzheng/entry/v1\ndeposit\nsha256 " + b"A" * 42 + b"B=\nsm3 " + b"A" * 43 + b"=\n",  # unused bits that are not zero
    b"cunzheng/entry/v1\ndeposit\nsha256 " + b"-" * 43 + b"=\nsm3 " + b"A" * 43 + b"=\n",  # the alphabet of URLs
])  # fmt: skip
def test_reader_refuses(data: bytes) -> None:
    with pytest.raises(VerificationError):
        parse_entry(data)


@pytest.mark.parametrize(("data", "kind", "statement", "reason"), [
    (GOOD, "custody", STATEMENT, "of kind deposit where the statement is of kind custody"),
    (GOOD, "deposit", STATEMENT + b" ", "another SHA-256"),
    (Entry("deposit", bytes(32), sm3(STATEMENT)).encode(), "deposit", STATEMENT, "another SHA-256"),
    (Entry("deposit", hashlib.sha256(STATEMENT).digest(), bytes(32)).encode(), "deposit", STATEMENT, "another SM3"),
])  # fmt: skip
def test_an_entry_of_another_statement_is_refused(data: bytes, kind: str, statement: bytes, reason: str) -> None:
    with pytest.raises(VerificationError, match=reason):
        verify_entry(data, kind=kind, statement=statement)


def test_no_damage_passes() -> None:
    for mutant in (*each_byte_replaced(GOOD), *each_byte_lost_or_doubled(GOOD)):
        with pytest.raises(VerificationError):
            verify_entry(mutant, kind="deposit", statement=STATEMENT)
    for statement in each_bit_flipped(STATEMENT):
        with pytest.raises(VerificationError, match="another SHA-256"):
            verify_entry(GOOD, kind="deposit", statement=statement)


@given(st.binary() | st.text("cunzheng/entry/v1\ndeposit sha256sm3=AB", max_size=60).map(str.encode))
def test_reader_is_total(data: bytes) -> None:
    try:
        entry = parse_entry(data)
    except VerificationError:
        return
    assert entry.encode() == data


def test_a_megabyte_is_refused() -> None:
    for piece in (b"\n", b"A", b"sha256 ", b"\xff", GOOD):
        with pytest.raises(VerificationError):
            parse_entry(piece * 1_000_000)
