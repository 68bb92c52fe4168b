"""Content-Digest of a request body, checked while it streams. Source: RFC 9530 (sha-256 and sha-512; other algorithms are ignored)."""
import base64
import binascii
import hashlib
import re
from typing import TYPE_CHECKING

from common.faults import ContentDigestMismatch, HeaderMalformed

if TYPE_CHECKING:
    from hashlib import _Hash

ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512"}
WRITTEN = "sha-256=:<Base64>:"
MEMBER = re.compile(r"\s*([a-z][a-z0-9*.-]*)=:([A-Za-z0-9+/]*={0,2}):\s*", re.ASCII)


class BodyDigest:
    """The header's promises; `update` with every byte of the body, then `verify`."""

    def __init__(self, header: str | None) -> None:
        self._expected: list[tuple[_Hash, bytes]] = []
        for text in header.split(",") if header else []:
            member = MEMBER.fullmatch(text)
            if member is None:
                raise HeaderMalformed(header="Content-Digest", wanted=WRITTEN)
            if member[1] in ALGORITHMS:
                self._expected.append((hashlib.new(ALGORITHMS[member[1]]), _decoded(member[2])))

    def update(self, chunk: bytes) -> None:
        for digest, _ in self._expected:
            digest.update(chunk)

    def verify(self) -> None:
        """Raises ContentDigestMismatch."""
        if any(digest.digest() != expected for digest, expected in self._expected):
            raise ContentDigestMismatch


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise HeaderMalformed(header="Content-Digest", wanted=WRITTEN) from None
