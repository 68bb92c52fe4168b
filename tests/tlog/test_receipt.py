"""Receipts and case heads: what is promised, by the receipt key of one origin only, in one spelling."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tlog.mutants import each_bit_flipped, each_byte_lost_or_doubled
from tlog.encoding import encode_base64
from tlog.errors import VerificationError
from tlog.note import CosignatureSigner, Signer, sign_note
from tlog.receipt import CaseHead, Receipt, format_case_head, format_receipt, open_case_head, open_receipt, parse_receipt_keys
from tlog.record_number import number_from

SIGNER = Signer.from_seed("example.com/log/receipt", bytes(32))
NEXT = Signer.from_seed("example.com/log/receipt", bytes([1] * 32))
LOG = Signer.from_seed("example.com/log", bytes([2] * 32))
ELSEWHERE = Signer.from_seed("example.org/log/receipt", bytes([3] * 32))
KEYS = [SIGNER.verifier]

NUMBER = "CZ-20261123-4K7QM-X2R9D-0"
OTHER = "CZ-20261123-01234-56789-W"
LEAF = bytes(range(32))
TIMES = st.integers(0, 2**63 - 2)
HASHES = st.binary(min_size=32, max_size=32)
NUMBERS = st.builds(number_from, st.just("20261123"), st.binary(min_size=10, max_size=10)).filter(bool)

RECEIPT = f"cunzheng/receipt/v1\n1795420800\n1795507200\n{NUMBER} {encode_base64(LEAF)}\n{OTHER} {encode_base64(bytes(32))}\n"
HEAD = f"cunzheng/case-head/v1\n{'0f' * 16}\n7\n{'ab' * 32}\n1795420800\n"


def signed(text: str, *signers: Signer) -> bytes:
    return sign_note(text, signers or [SIGNER])


def test_a_receipt_is_the_text_of_the_format() -> None:
    leaves = ((NUMBER, LEAF), (OTHER, bytes(32)))
    assert format_receipt(received=1795420800, include_by=1795507200, leaves=leaves) == RECEIPT
    assert open_receipt(signed(RECEIPT), KEYS) == Receipt(1795420800, 1795507200, leaves)


def test_a_case_head_is_the_text_of_the_format() -> None:
    head = CaseHead("0f" * 16, 7, b"\xab" * 32, 1795420800)
    assert format_case_head(ref=head.ref, sequence=7, statement_sha256=head.statement_sha256, time=1795420800) == HEAD
    assert open_case_head(signed(HEAD), KEYS) == head


@given(TIMES, st.integers(1, 2**62), st.dictionaries(NUMBERS, HASHES, min_size=1, max_size=5))
def test_receipts_read_back(received: int, promise: int, leaves: dict[str, bytes]) -> None:
    include_by = min(received + promise, 2**63 - 1)
    text = format_receipt(received=received, include_by=include_by, leaves=list(leaves.items()))
    assert open_receipt(signed(text), KEYS) == Receipt(received, include_by, tuple(leaves.items()))


@given(st.binary(min_size=16, max_size=16), st.integers(1, 2**63 - 1), HASHES, TIMES)
def test_case_heads_read_back(ref: bytes, sequence: int, digest: bytes, time: int) -> None:
    text = format_case_head(ref=ref.hex(), sequence=sequence, statement_sha256=digest, time=time)
    assert open_case_head(signed(text), KEYS) == CaseHead(ref.hex(), sequence, digest, time)


def test_a_retry_gives_the_same_bytes() -> None:
    assert signed(RECEIPT) == signed(RECEIPT)


def test_a_receipt_of_a_thousand_records_is_read_in_order() -> None:
    draws = (number_from("20261123", bytes([n % 32, n // 32 % 32, n // 1024, *[0] * 7])) for n in range(1200))
    leaves = tuple((number, LEAF) for number in draws if number)[:1000]
    assert len(leaves) == 1000
    assert open_receipt(signed(format_receipt(received=0, include_by=1, leaves=leaves)), KEYS).leaves == leaves


LINE = f"{NUMBER} {encode_base64(LEAF)}\n"
BAD_RECEIPTS = {
    "another type": RECEIPT.replace("v1", "v2"),
    "a case head": HEAD,
    "a checkpoint": f"example.com/log\n5\n{encode_base64(LEAF)}\n",
    "capital type": RECEIPT.replace("cunzheng", "Cunzheng"),
    "empty line at the end": RECEIPT + "\n",
    "empty line within": RECEIPT.replace(LINE, "\n" + LINE),
    "no line after the type": "cunzheng/receipt/v1\n",
    "no times": f"cunzheng/receipt/v1\n{LINE}",
    "one time": f"cunzheng/receipt/v1\n1\n{LINE}",
    "no record": "cunzheng/receipt/v1\n1\n2\n",
    "include-by before received": f"cunzheng/receipt/v1\n2\n1\n{LINE}",
    "include-by at received": f"cunzheng/receipt/v1\n2\n2\n{LINE}",
    "negative time": f"cunzheng/receipt/v1\n-1\n2\n{LINE}",
    "leading zero": f"cunzheng/receipt/v1\n01\n2\n{LINE}",
    "fraction": f"cunzheng/receipt/v1\n1.5\n2\n{LINE}",
    "time beyond 63 bits": f"cunzheng/receipt/v1\n1\n{2**63}\n{LINE}",
    "fullwidth digits": f"cunzheng/receipt/v1\n１\n2\n{LINE}",
    "record twice": RECEIPT + LINE,
    "record twice with another leaf": RECEIPT + f"{NUMBER} {encode_base64(bytes(32))}\n",
    "wrong check character": RECEIPT.replace(NUMBER, NUMBER[:-1] + "1"),
    "number in lower case": RECEIPT.replace(NUMBER, NUMBER.lower()),
    "number without hyphens": RECEIPT.replace(NUMBER, NUMBER.replace("-", "")),
    "two spaces": RECEIPT.replace(f"{NUMBER} ", f"{NUMBER}  "),
    "no space": RECEIPT.replace(f"{NUMBER} ", NUMBER),
    "no hash": RECEIPT + f"{number_from('20261123', bytes(10))}\n",
    "hash in hex": RECEIPT.replace(encode_base64(LEAF), LEAF.hex()),
    "hash of 31 bytes": RECEIPT.replace(encode_base64(LEAF), encode_base64(LEAF[1:])),
    "hash without padding": RECEIPT.replace("=", ""),
    "hash respelled": RECEIPT.replace("Hh8=", "Hh9="),
    "three words": RECEIPT.replace(LINE, LINE[:-1] + " x\n"),
    "space at the end": RECEIPT.replace("1795420800\n", "1795420800 \n"),
}


@pytest.mark.parametrize("text", BAD_RECEIPTS.values(), ids=BAD_RECEIPTS)
def test_a_signed_text_that_is_no_receipt_is_refused(text: str) -> None:
    assert text != RECEIPT
    with pytest.raises(VerificationError):
        open_receipt(signed(text), KEYS)


BAD_HEADS = {
    "another type": HEAD.replace("v1", "v2"),
    "a receipt": RECEIPT,
    "a line more": HEAD + "1\n",
    "empty line at the end": HEAD + "\n",
    "a line less": HEAD.removesuffix("1795420800\n"),
    "sequence 0": HEAD.replace("\n7\n", "\n0\n"),
    "sequence with a zero": HEAD.replace("\n7\n", "\n07\n"),
    "negative sequence": HEAD.replace("\n7\n", "\n-7\n"),
    "sequence beyond 63 bits": HEAD.replace("\n7\n", f"\n{2**63}\n"),
    "ref in capitals": HEAD.replace("0f", "0F"),
    "ref too short": HEAD.replace("0f" * 16, "0f" * 15),
    "digest in capitals": HEAD.replace("ab", "AB"),
    "digest too long": HEAD.replace("ab" * 32, "ab" * 33),
    "digest in base64": HEAD.replace("ab" * 32, encode_base64(b"\xab" * 32)),
    "time missing": HEAD.replace("1795420800", ""),
    "time as text": HEAD.replace("1795420800", "2026-11-23T08:00:00.000Z"),
}


@pytest.mark.parametrize("text", BAD_HEADS.values(), ids=BAD_HEADS)
def test_a_signed_text_that_is_no_case_head_is_refused(text: str) -> None:
    assert text != HEAD
    with pytest.raises(VerificationError):
        open_case_head(signed(text), KEYS)


@pytest.mark.parametrize("fields", [
    {"leaves": []}, {"leaves": [(NUMBER, LEAF), (NUMBER, LEAF)]}, {"leaves": [(NUMBER.lower(), LEAF)]}, {"leaves": [(NUMBER, LEAF[1:])]},
    {"leaves": [(NUMBER, b"")]}, {"leaves": [(LINE + OTHER, LEAF)]}, {"received": -1}, {"received": 2}, {"include_by": 2**63},
    {"received": True}, {"include_by": 2.5},
])  # fmt: skip
def test_writer_refuses_a_receipt_that_nobody_could_read(fields: dict[str, Any]) -> None:
    good: dict[str, Any] = {"received": 1, "include_by": 2, "leaves": [(NUMBER, LEAF)]}
    assert format_receipt(**good)
    with pytest.raises(ValueError, match="format_receipt"):
        format_receipt(**{**good, **fields})


@pytest.mark.parametrize("fields", [
    {"ref": "0F" * 16}, {"ref": ""}, {"sequence": 0}, {"sequence": -1}, {"statement_sha256": bytes(31)}, {"time": -1}, {"time": 2**63},
    {"ref": "0f" * 16 + "\n"},
])  # fmt: skip
def test_writer_refuses_a_case_head_that_nobody_could_read(fields: dict[str, Any]) -> None:
    good: dict[str, Any] = {"ref": "0f" * 16, "sequence": 1, "statement_sha256": LEAF, "time": 0}
    assert format_case_head(**good)
    with pytest.raises(ValueError, match="format_case_head"):
        format_case_head(**{**good, **fields})


def test_only_the_receipt_key_signs_receipts_and_case_heads() -> None:
    for opened, text in ((open_receipt, RECEIPT), (open_case_head, HEAD)):
        assert opened(signed(text, SIGNER, LOG), KEYS) == opened(signed(text), KEYS)
        with pytest.raises(VerificationError, match="no signature by a known key"):
            opened(signed(text, LOG), KEYS)
        with pytest.raises(VerificationError, match="no signature by a known key"):
            opened(signed(text, NEXT), KEYS)
        with pytest.raises(VerificationError, match="no signature by a known key"):
            opened(signed(text), [])
        # Whoever trusts too many keys is not fooled: the log's key, given as a receipt key, is refused.
        with pytest.raises(VerificationError, match="receipt key of one origin"):
            opened(signed(text, LOG), [LOG.verifier])
        with pytest.raises(VerificationError, match="receipt key of one origin"):
            opened(signed(text, SIGNER, LOG), [SIGNER.verifier, LOG.verifier])
        with pytest.raises(VerificationError, match="receipt key of one origin"):
            opened(signed(text, SIGNER, ELSEWHERE), [SIGNER.verifier, ELSEWHERE.verifier])


def test_two_keys_of_one_origin_may_sign_while_one_replaces_the_other() -> None:
    keys = [SIGNER.verifier, NEXT.verifier]
    for signers in ([SIGNER], [NEXT], [SIGNER, NEXT]):
        assert open_receipt(signed(RECEIPT, *signers), keys).received == 1795420800


def test_no_damage_passes() -> None:
    for opened, text in ((open_receipt, RECEIPT), (open_case_head, HEAD)):
        note = signed(text)
        for mutant in (*each_bit_flipped(note), *each_byte_lost_or_doubled(note)):
            with pytest.raises(VerificationError):
                opened(mutant, KEYS)


@given(st.binary() | st.text("cunzheng/receipt/v1case-head\n 0123456789—=", max_size=80).map(str.encode))
def test_readers_are_total(data: bytes) -> None:
    for opened in (open_receipt, open_case_head):
        with pytest.raises(VerificationError):
            opened(data, KEYS)


LINES = st.sampled_from(["", "0", "1", "7", "99", "x", NUMBER, LINE.strip(), "0f" * 16, "ab" * 32, " ", "cunzheng/receipt/v1"])


@given(st.sampled_from(["cunzheng/receipt/v1", "cunzheng/case-head/v1"]), st.lists(LINES, max_size=6))
def test_readers_are_total_for_signed_texts(first: str, lines: list[str]) -> None:
    note = signed("\n".join([first, *lines]) + "\n")
    for opened in (open_receipt, open_case_head):
        try:
            opened(note, KEYS)
        except VerificationError:
            continue
        assert "" not in lines


def test_receipt_keys_are_read_one_a_line() -> None:
    assert parse_receipt_keys(SIGNER.vkey) == parse_receipt_keys(f"\n{SIGNER.vkey}\n\n") == (SIGNER.verifier,)
    assert parse_receipt_keys(f"{SIGNER.vkey}\n{NEXT.vkey}\n") == (SIGNER.verifier, NEXT.verifier)


@pytest.mark.parametrize("text", [
    "", "\n", LOG.vkey, f"{SIGNER.vkey}\n{LOG.vkey}\n", CosignatureSigner.from_seed("example.com/log/receipt", bytes(32)).vkey,
    SIGNER.vkey + " ", SIGNER.vkey + "\r\n", SIGNER.vkey.replace("receipt", "receipts"), "# comment\n" + SIGNER.vkey, "\0",
])  # fmt: skip
def test_keys_that_are_no_receipt_keys_are_refused(text: str) -> None:
    with pytest.raises(VerificationError):
        parse_receipt_keys(text)
