"""Entry bundles: what is written is read back, and any other bytes are refused."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlog.bundles import encode_bundle, parse_bundle
from tlog.errors import VerificationError


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=256))
def test_a_bundle_is_read_back(entries: list[bytes]) -> None:
    data = encode_bundle(entries)
    assert parse_bundle(data) == parse_bundle(data, len(entries)) == entries


@given(st.binary(max_size=600))
def test_any_bytes_are_a_bundle_in_one_spelling_or_refused(data: bytes) -> None:
    try:
        entries = parse_bundle(data)
    except VerificationError:
        return
    assert encode_bundle(entries) == data


def test_the_longest_entry_fits_and_a_longer_one_does_not() -> None:
    assert parse_bundle(encode_bundle([bytes(65_535)])) == [bytes(65_535)]
    with pytest.raises(ValueError, match="1 to 256 entries"):
        encode_bundle([bytes(65_536)])


@pytest.mark.parametrize("count", [1, 256])
def test_the_smallest_and_the_full_bundle_are_read_back(count: int) -> None:
    assert parse_bundle(encode_bundle([b"entry"] * count), count) == [b"entry"] * count


@pytest.mark.parametrize("count", [0, 257])
def test_a_bundle_has_1_to_256_entries(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 256 entries"):
        encode_bundle([b"entry"] * count)
    with pytest.raises(VerificationError):
        parse_bundle(b"\x00\x05entry" * count)


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x01", b"\x00\x00\x00", b"\x00\x02a", b"\xff\xffshort", bytes(10**7)])
def test_a_bundle_that_is_cut_off_or_too_long_is_refused(data: bytes) -> None:
    with pytest.raises(VerificationError):
        parse_bundle(data)


@pytest.mark.parametrize("width", [1, 3, 256])
def test_a_bundle_of_another_width_is_refused(width: int) -> None:
    with pytest.raises(VerificationError, match="entries where"):
        parse_bundle(encode_bundle([b"one", b"two"]), width)
