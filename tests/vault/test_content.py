"""Originals at rest: what was encrypted opens in its place with its key; what was altered, moved or cut off never reads as whole."""
import io
import secrets
from collections.abc import Iterator

import pytest

from vault.content import decrypted, encrypted, fresh_content_key
from vault.errors import OriginalDamaged

NAME = "ab/cd/ef"
MIB = 1 << 20


def sealed(data: bytes, key: bytes, *, name: str = NAME, piece: int = 1 << 18) -> bytes:
    return b"".join(encrypted((data[at : at + piece] for at in range(0, len(data), piece)), key, name))


def opened(stored: bytes, key: bytes, *, name: str = NAME) -> bytes:
    with decrypted(io.BytesIO(stored), key, name) as file:
        return b"".join(iter(lambda: file.read(100_000), b""))


@pytest.mark.parametrize("size", [0, 1, 55, MIB - 57, MIB - 56, MIB, MIB + 1, 3 * MIB + 7])
def test_every_size_opens_as_it_was_and_tells_nothing(size: int) -> None:
    data, key = secrets.token_bytes(size), fresh_content_key()
    stored = sealed(data, key)
    assert opened(stored, key) == data
    assert size < 32 or data[:32] not in stored
    assert sealed(data, key) != stored, "equal originals do not look equal"


def test_it_reads_in_any_pieces_and_into_a_buffer() -> None:
    data, key = secrets.token_bytes(2 * MIB + 3), fresh_content_key()
    stored = sealed(data, key, piece=70_001)
    with decrypted(io.BytesIO(stored), key, NAME) as file:
        assert file.readable()
        assert file.read(1) == data[:1]
        rest = io.BufferedReader(file)  # type: ignore[type-var]  # a raw stream
        assert rest.read() == data[1:]
    with decrypted(io.BytesIO(stored), key, NAME) as file:
        assert file.read() == data


@pytest.mark.parametrize("size", [0, 10, 3 * MIB])
def test_wherever_it_is_cut_off_reading_ends_with_an_error(size: int) -> None:
    key = fresh_content_key()
    stored = sealed(bytes(size), key)
    for kept in {0, 1, 39, 40, 41, len(stored) // 2, MIB, 2 * MIB, 2 * MIB + 1, len(stored) - 16, len(stored) - 1}.intersection(
            range(len(stored))):
        with pytest.raises(OriginalDamaged):
            opened(stored[:kept], key)


def test_one_changed_byte_anywhere_or_one_more_is_an_error() -> None:
    key = fresh_content_key()
    stored = sealed(bytes(MIB + 100), key)
    for at in (0, 1, 20, 39, 40, 500, MIB - 1, MIB, len(stored) - 1):
        changed = bytearray(stored)
        changed[at] ^= 1
        with pytest.raises(OriginalDamaged):
            opened(bytes(changed), key)
    with pytest.raises(OriginalDamaged):
        opened(stored + b"x", key)


def test_another_key_and_another_place_open_nothing() -> None:
    key = fresh_content_key()
    stored = sealed(b"evidence", key)
    with pytest.raises(OriginalDamaged):
        opened(stored, fresh_content_key())
    with pytest.raises(OriginalDamaged):
        opened(stored, key, name="ab/cd/other")
    with pytest.raises(OriginalDamaged):
        opened(stored, key[:-1])


def test_segments_of_one_original_cannot_change_places() -> None:
    key = fresh_content_key()
    stored = sealed(secrets.token_bytes(3 * MIB), key)
    swapped = stored[:MIB] + stored[2 * MIB : 3 * MIB] + stored[MIB : 2 * MIB] + stored[3 * MIB :]
    with pytest.raises(OriginalDamaged):
        opened(swapped, key)


def test_after_an_error_nothing_more_is_given() -> None:
    key = fresh_content_key()
    stored = bytearray(sealed(bytes(3 * MIB), key))
    stored[MIB + 5] ^= 1
    with decrypted(io.BytesIO(bytes(stored)), key, NAME) as file:
        for _ in range(2):
            with pytest.raises(OriginalDamaged):
                file.read()


def test_closing_closes_what_is_read_from_and_the_sender_may_fail() -> None:
    key, source = fresh_content_key(), io.BytesIO(b"")
    decrypted(source, key, NAME).close()
    assert source.closed

    def chunks() -> Iterator[bytes]:
        yield b"x"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        list(encrypted(chunks(), key, NAME))
