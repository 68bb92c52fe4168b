"""Originals at rest: Tink's streaming AEAD, AES256-GCM-HKDF with segments of 1 MiB, a key of its own for each object.

The format is Tink's, documented and read by its libraries in C++, Java, Go and Python: a header with a salt, then segments, each with a tag
and a number that also says which is the last. So nothing altered, moved, repeated or cut off is ever given out as read. The key is kept
as Tink's own serialised keyset; the additional data is the object's name, so that a ciphertext opens in its place only.
What this does not do: seal the keyset (`evidence.record_keys` does, with the record's key); read from the middle: Tink's Python cannot:
whoever needs a later part reads up to it (docs/adr/0021). Source: developers.google.com/tink/streaming-aead.
"""
import io
from collections.abc import Iterable, Iterator
from functools import cache
from typing import BinaryIO, Final, cast

import tink
from tink import proto_keyset_format, secret_key_access, streaming_aead

from vault.errors import OriginalDamaged

ONE_READ: Final = 1 << 20
PURPOSE: Final = b"cunzheng/original/v1\n"


def fresh_content_key() -> bytes:
    """A new key for one object, as a serialised keyset of 128 bytes or a little more: secret."""
    return bytes(proto_keyset_format.serialize(tink.new_keyset_handle(_template()), secret_key_access.TOKEN))


def encrypted(chunks: Iterable[bytes], content_key: bytes, name: str) -> Iterator[bytes]:
    """The ciphertext of the chunks, as they come; an error of `chunks` passes and ends it. Memory: a dozen MiB."""
    collected = _Collected()
    stream = _primitive(content_key).new_encrypting_stream(cast("BinaryIO", collected), PURPOSE + name.encode())
    for chunk in chunks:
        stream.write(chunk)
        if collected.parts:
            yield collected.taken()
    stream.close()
    yield collected.taken()


def decrypted(stored: BinaryIO, content_key: bytes, name: str) -> BinaryIO:
    """The plaintext of an opened object, to be read forward; closing it closes `stored`. Reads raise OriginalDamaged, OSError."""
    try:
        primitive = _primitive(content_key)
        return cast("BinaryIO", _Decrypted(stored, primitive.new_decrypting_stream(stored, PURPOSE + name.encode())))
    except tink.TinkError as wrong:
        stored.close()
        raise OriginalDamaged from wrong


class _Decrypted(io.RawIOBase):
    """Tink's stream with our error. After an error nothing more is given: every further read raises again."""

    def __init__(self, stored: BinaryIO, stream: BinaryIO) -> None:
        super().__init__()
        self._stored = stored
        # Tink's buffer would copy every block once more; `read` puts together what its raw stream gives in parts.
        self._raw = cast("io.BufferedReader", stream).detach()
        self._broken = False

    def readable(self) -> bool:
        return True

    def read1(self, size: int = ONE_READ, /) -> bytes:
        """What comes in one go, at most `size` bytes; b"" at the end."""
        if self._broken:
            raise OriginalDamaged
        try:
            return self._raw.read(size) or b""
        except tink.TinkError as wrong:
            self._broken = True
            raise OriginalDamaged from wrong

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = float("inf") if size is None or size < 0 else size
        parts, seen = [], 0
        while seen < wanted and (part := self.read1(int(min(wanted - seen, ONE_READ)))):
            parts.append(part)
            seen += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]  # whatever may be written to
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stored.close()
        super().close()


class _Collected(io.RawIOBase):
    """Where Tink writes to: what has come since it was last asked."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # type: ignore[override]  # Tink hands over bytes
        self.parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        data = b"".join(self.parts)
        self.parts.clear()
        return data


@cache
def _template() -> object:
    streaming_aead.register()
    return streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_1MB


def _primitive(content_key: bytes) -> streaming_aead.StreamingAead:
    _template()  # registers the kind of key
    return proto_keyset_format.parse(content_key, secret_key_access.TOKEN).primitive(streaming_aead.StreamingAead)
