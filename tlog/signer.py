"""The private side of a named key: Ed25519 signers of notes (type 01) and cosigners of checkpoints (types 04 and 06).

What it does not do: keep keys (a seed is an argument, from a file or a key service), read a clock (the time of a
cosignature is an argument), or decide what deserves a signature.

Ed25519 is deterministic: signing the same text again gives the same line, so a retry after a crash changes nothing. ML-DSA-44
is there only where the installed `cryptography` has it.

Source: C2SP signed-note v1.0.0, tlog-cosignature v1.1.0-rc.1, RFC 8032, FIPS 204.

>>> signer = Signer.from_seed("example.com/log", bytes(32))
>>> signer.vkey
'example.com/log+1dde4531+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop'
>>> signer.sign("hello\\n").startswith("— example.com/log Hd5FM")
True
"""

import importlib
import struct
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tlog.encoding import MAX_NUMBER, encode_base64, plain_text
from tlog.errors import VerificationError
from tlog.verifier import COSIGNATURE, ED25519, MLDSA44, Verifier, cosignature_message, subtree_message

SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs notes with an Ed25519 key (type 01) under the name of `verifier`."""

    verifier: Verifier
    key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> "Signer":
        """Return the signer `name` of a seed of 32 random bytes.

        Raises:
            ValueError: the seed is not 32 bytes, or notes do not allow the name.
        """
        return cls(*_key_pair(name, ED25519, seed))

    @property
    def vkey(self) -> str:
        """The public key as text."""
        return self.verifier.vkey

    def sign(self, text: str) -> str:
        """Return the signature line for a note's text, with its newline.

        Raises:
            ValueError: no note can have this text.
        """
        return format_signature_line(self.verifier, self.key.sign(_signable(text).encode()))


@dataclass(frozen=True, slots=True)
class CosignatureSigner:
    """Cosigns checkpoints with an Ed25519 key (type 04) under the name of `verifier`.

    The signature does not cover the name: one seed must not serve two names.
    """

    verifier: Verifier
    key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> "CosignatureSigner":
        """Return the cosigner `name` of a seed of 32 random bytes.

        Raises:
            ValueError: the seed is not 32 bytes, or notes do not allow the name.
        """
        return cls(*_key_pair(name, COSIGNATURE, seed))

    @property
    def vkey(self) -> str:
        """The public key as text."""
        return self.verifier.vkey

    def sign(self, text: str, timestamp: int) -> str:
        """Return the cosignature line, with its newline, for a checkpoint's text seen at `timestamp` (POSIX seconds).

        Raises:
            ValueError: no note can have this text, or not 0 ≤ timestamp < 2^63.
        """
        if not 0 <= timestamp <= MAX_NUMBER:
            raise ValueError("a cosignature's time is below 2^63")
        signature = self.key.sign(cosignature_message(timestamp, _signable(text)))
        return format_signature_line(self.verifier, struct.pack(">Q", timestamp) + signature)


@dataclass(frozen=True, slots=True)
class MlDsaCosignatureSigner:
    """Cosigns checkpoints with an ML-DSA-44 key (type 06) under the name of `verifier`; unlike Ed25519's, two lines may differ."""

    verifier: Verifier
    key: "MlDsaKey" = field(repr=False)

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> "MlDsaCosignatureSigner":
        """Return the cosigner `name` of a seed of 32 random bytes.

        Raises:
            ValueError: the seed is not 32 bytes, notes do not allow the name, or this installation has no ML-DSA-44.
        """
        if len(seed) != SEED_BYTES:
            raise ValueError("an ML-DSA-44 seed is 32 bytes")
        try:
            module = importlib.import_module("cryptography.hazmat.primitives.asymmetric.mldsa")
            key: MlDsaKey = module.MLDSA44PrivateKey.from_seed_bytes(seed)
            return cls(Verifier.from_public_key(name, MLDSA44, key.public_key().public_bytes_raw()), key)
        except (ImportError, AttributeError, UnsupportedAlgorithm):
            raise ValueError("the installed cryptography has no ML-DSA-44") from None
        except VerificationError as error:
            raise ValueError(str(error)) from None

    @property
    def vkey(self) -> str:
        """The public key as text."""
        return self.verifier.vkey

    def sign(self, text: str, timestamp: int) -> str:
        """Return the cosignature line, with its newline, for a checkpoint's text seen at `timestamp` (POSIX seconds).

        Raises:
            ValueError: `text` is no checkpoint, its origin or the name is too long, or not 0 ≤ timestamp < 2^63.
        """
        if not 0 <= timestamp <= MAX_NUMBER:
            raise ValueError("a cosignature's time is below 2^63")
        try:
            message = subtree_message(self.verifier.name, timestamp, text)
        except VerificationError as error:
            raise ValueError(str(error)) from None
        return format_signature_line(self.verifier, struct.pack(">Q", timestamp) + self.key.sign(message))


class MlDsaKey(Protocol):
    """A private ML-DSA-44 key of `cryptography`, which older releases lack."""

    def sign(self, data: bytes, /) -> bytes:
        """Return the signature (2,420 bytes) with the empty context."""

    def public_key(self) -> "MlDsaPublicKey":
        """Return the public key."""


class MlDsaPublicKey(Protocol):
    """A public ML-DSA-44 key of `cryptography`."""

    def public_bytes_raw(self) -> bytes:
        """Return its 1,312 bytes."""


def format_signature_line(verifier: Verifier, signature: bytes) -> str:
    """Return the line, with its newline, of a signature made by the key of `verifier`."""
    return f"— {verifier.name} {encode_base64(verifier.key_id + signature)}\n"


def _key_pair(name: str, type_: int, seed: bytes) -> tuple[Verifier, Ed25519PrivateKey]:
    if len(seed) != SEED_BYTES:
        raise ValueError("an Ed25519 seed is 32 bytes")
    key = Ed25519PrivateKey.from_private_bytes(seed)
    try:
        return Verifier.from_public_key(name, type_, key.public_key().public_bytes_raw()), key
    except VerificationError as error:
        raise ValueError(str(error)) from None


def _signable(text: str) -> str:
    try:
        if plain_text(text).endswith("\n"):
            return text
    except VerificationError as error:
        raise ValueError(str(error)) from None
    raise ValueError("a note's text ends in a newline")
