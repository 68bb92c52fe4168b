"""SHA-256 and SM3: published values, in one piece and in many, from either library."""
import hashlib

from hypothesis import given
from hypothesis import strategies as st

from tlog.digests import CryptographySm3, Hasher, new_sha256, new_sm3, sha256, sm3, sm3_source

# GB/T 32905-2016, appendix A.
SM3_ABC = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
SM3_ABCD_16 = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


def test_sm3_has_the_values_of_the_standard() -> None:
    assert [sm3(b"abc").hex(), sm3(b"abcd" * 16).hex()] == [SM3_ABC, SM3_ABCD_16]


def test_sm3_comes_from_cryptography_where_hashlib_lacks_it() -> None:
    assert sm3_source(()) is CryptographySm3
    assert sm3_source(())(b"abc").digest().hex() == SM3_ABC


def test_the_source_of_sm3_is_the_fastest_that_is_there() -> None:
    assert sm3_source({"sha256", "sm3"}) is not CryptographySm3
    assert sm3_source(hashlib.algorithms_available)(b"abc").digest() == CryptographySm3(b"abc").digest()


@given(st.lists(st.binary()))
def test_pieces_give_the_digest_of_the_whole(pieces: list[bytes]) -> None:
    makers: list[tuple[Hasher, bytes]] = [
        (new_sha256(), sha256(b"".join(pieces))), (new_sm3(), sm3(b"".join(pieces))), (CryptographySm3(), sm3(b"".join(pieces))),
    ]  # fmt: skip
    for hasher, whole in makers:
        for piece in pieces:
            hasher.update(piece)
        assert hasher.digest() == hasher.digest() == whole


@given(st.binary(), st.binary(), st.binary())
def test_a_copy_goes_its_own_way(start: bytes, one: bytes, other: bytes) -> None:
    for make, digest in ((new_sha256, sha256), (new_sm3, sm3), (CryptographySm3, sm3)):
        hasher: Hasher = make()
        hasher.update(start)
        copy = hasher.copy()
        hasher.update(one)
        copy.update(other)
        assert (hasher.digest(), copy.digest()) == (digest(start + one), digest(start + other))
        assert new_sm3().digest() == sm3(b"")
