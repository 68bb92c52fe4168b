"""Base64, decimal numbers and plain text: one spelling each, everything else refused."""
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlog.encoding import decimal, decode_base64, decode_uncanonical_base64, encode_base64, plain_text
from tlog.errors import VerificationError


@given(st.binary())
def test_bytes_are_read_back_from_base64(data: bytes) -> None:
    assert decode_base64(encode_base64(data)) == decode_base64(encode_base64(data), len(data)) == data


@pytest.mark.parametrize("text", [
    "A", "AA", "AAA", "AA=", "A===", "AAAA=", "AAAA==", "AAAA====", "====", "==", "AA==AA==", "AA=A", "AB==", "AAB=", "A-__", "AA==\n",
    "AA ==", " AA==", "\nAA==", "ＡＡ==", "AAA\u0000", "\ud800AAA", "存证存证",
])  # fmt: skip
def test_a_text_that_is_not_canonical_base64_is_refused(text: str) -> None:
    with pytest.raises(VerificationError):
        decode_base64(text)


def test_unused_bits_and_needless_padding_are_forgiven_only_where_asked_for() -> None:
    assert decode_uncanonical_base64("AB==") == decode_base64("AA==") == b"\0"
    assert decode_uncanonical_base64("AAAA=") == decode_uncanonical_base64("AAAA====") == decode_base64("AAAA") == bytes(3)


@pytest.mark.parametrize("text", ["=", "==", "A", "AA", "AA=", "AA===", "AAA", "AAA==", "AAAAA===", "AAAA=A", "AA==AA==", "AA_="])
def test_what_could_mean_several_things_is_never_base64(text: str) -> None:
    with pytest.raises(VerificationError):
        decode_uncanonical_base64(text)


@pytest.mark.parametrize("length", [0, 1, 3, 4, 32])
def test_base64_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(VerificationError, match="bytes where"):
        decode_base64("AAA=", length)


@given(st.text())
def test_any_text_is_base64_in_one_spelling_or_refused(text: str) -> None:
    try:
        assert encode_base64(decode_base64(text)) == text
    except VerificationError:
        return


@given(st.integers(0, 2**63 - 1))
def test_numbers_are_read_back(number: int) -> None:
    assert decimal(str(number)) == number


@pytest.mark.parametrize("text", [
    "", "00", "01", "-1", "+1", " 1", "1 ", "1\n", "1_0", "0x1", "1e3", "1.0", "٣", "１", "²", "9223372036854775808", "9999999999999999999",
    "10000000000000000000", "\ud800",
])  # fmt: skip
def test_a_text_that_is_no_decimal_below_2_to_the_63_is_refused(text: str) -> None:
    with pytest.raises(VerificationError):
        decimal(text)


def test_a_million_digits_are_refused_at_once() -> None:
    start = time.monotonic()
    for text in ("9" * 10**6, "0" * 10**6, "A" * 10**6 + "!"):
        with pytest.raises(VerificationError):
            decimal(text)
        with pytest.raises(VerificationError):
            decode_base64(text + "=")
    assert time.monotonic() - start < 1


@pytest.mark.parametrize("text", ["", "\n", "存证\n", "\x7f", "\u0085", "\U0001f512", "\ufeff"])
def test_plain_text_is_given_back(text: str) -> None:
    assert plain_text(text) is text


@pytest.mark.parametrize("character", [chr(code) for code in range(32) if code != 10] + ["\ud800", "\udfff"])
def test_control_characters_and_surrogates_are_no_plain_text(character: str) -> None:
    with pytest.raises(VerificationError, match=r"U\+"):
        plain_text(f"a{character}b")
