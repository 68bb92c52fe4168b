"""A public key of a log, a witness or the service, with the name under which it signs notes.

As text it is a vkey:

    <name>+<key ID, 8 hex digits>+<base64 of (type ‖ public key)>

| type | key | signs | signature |
|---|---|---|---|
| 01 Ed25519 | 32 bytes | the note's text | 64 bytes |
| 02 ECDSA | DER SubjectPublicKeyInfo, P-256, P-384 or P-521 | SHA-256 of the note's text | DER |
| 04 Ed25519 cosignature | 32 bytes | "cosignature/v1", the time, the note's text | 8 bytes of time, 64 bytes |
| 06 ML-DSA-44 cosignature | 1,312 bytes | "subtree/v1", name, time, origin, size, root | 8 bytes of time, 2,420 bytes |

The key ID is the head of SHA-256(name ‖ LF ‖ type ‖ key), for ECDSA of SHA-256(key). It is a label: whoever is trusted was
chosen by the whole key, so a collision of IDs only makes a signature fail.

What it does not do: decide whom to trust (`tlog.policy`) or which lines of a note to judge (`tlog.note`). It has no clock:
a cosignature from the future verifies, and its time is returned to be judged.

Source: C2SP signed-note v1.0.0 (names, IDs, types 01 and 02), tlog-cosignature v1.1.0-rc.1 (types 04 and 06).

>>> Verifier.from_vkey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").name
'example.com/foo'
"""

import hashlib
import importlib
import re
import struct
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from tlog.checkpoint import parse_checkpoint
from tlog.encoding import MAX_NUMBER, decode_base64, encode_base64, plain_text
from tlog.errors import VerificationError

ED25519: Final = 0x01
ECDSA: Final = 0x02
COSIGNATURE: Final = 0x04
MLDSA44: Final = 0x06
KEY_BYTES: Final = {ED25519: 32, COSIGNATURE: 32, MLDSA44: 1312}
KEY_ID_BYTES: Final = 4

_KEY_ID = re.compile("[0-9a-f]{8}")
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


class SignatureCheck(Protocol):
    """A loaded public key: raises `InvalidSignature` unless `signature` is its signature of `message`."""

    def verify(self, signature: bytes, message: bytes, /) -> None:
        """Check one signature."""


@dataclass(frozen=True, slots=True)
class _EcdsaKey:
    key: ec.EllipticCurvePublicKey

    def verify(self, signature: bytes, message: bytes, /) -> None:
        self.key.verify(signature, message, ec.ECDSA(hashes.SHA256()))


def mldsa44_loader(import_module: Callable[[str], ModuleType]) -> Callable[[bytes], SignatureCheck] | None:
    """Return what loads an ML-DSA-44 key of 1,312 bytes; None when the installed `cryptography` or its backend lacks it."""
    try:
        load: Callable[[bytes], SignatureCheck] = import_module(
            "cryptography.hazmat.primitives.asymmetric.mldsa"
        ).MLDSA44PublicKey.from_public_bytes
        load(bytes(KEY_BYTES[MLDSA44]))
    except (ImportError, AttributeError, UnsupportedAlgorithm):
        return None
    return load


_load_mldsa44 = mldsa44_loader(importlib.import_module)


@dataclass(frozen=True, slots=True)
class Verifier:
    """A named public key; `public_key` is in the encoding of its `type`, `key_id` is 4 bytes.

    `loaded` is the key ready for use; None when this installation cannot verify its type, then its lines are ignored.
    """

    name: str
    key_id: bytes
    type: int
    public_key: bytes = field(repr=False)
    loaded: SignatureCheck | None = field(repr=False, compare=False)

    @classmethod
    def from_public_key(cls, name: str, type: int, public_key: bytes) -> "Verifier":  # noqa: A002 - the specification's word
        """Return the verifier of a raw public key.

        Raises:
            VerificationError: a name that notes do not allow, an unknown type, or bytes that are not a key of that type.
        """
        return cls(verify_key_name(name), _key_id(name, type, public_key), type, public_key, _load(type, public_key))

    @classmethod
    def from_vkey(cls, text: str) -> "Verifier":
        """Return the verifier that a vkey spells.

        Raises:
            VerificationError: not a vkey, a type other than 01, 02, 04 and 06, a malformed key, or an ID of another key.
        """
        # SPEC: signed-note: names may contain "/", base64 may contain "+": only the first two separate.
        name, key_id, key = (*text.split("+", 2), "", "")[:3]
        if not _KEY_ID.fullmatch(key_id):
            raise VerificationError(f"not a vkey: {text[:60]!r}")
        blob = decode_base64(key)
        verifier = cls.from_public_key(name, blob[0] if blob else 0, blob[1:])
        if verifier.key_id.hex() != key_id:
            raise VerificationError("the key ID of the vkey does not belong to its key")
        return verifier

    @property
    def vkey(self) -> str:
        """The key as text."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.type]) + self.public_key)}"

    def verify(self, signature: bytes, text: str) -> int | None:
        """Verify one signature (without its key ID) of a note's text; return the POSIX seconds of a cosignature, else None.

        Raises:
            VerificationError: it does not verify, or this installation cannot tell.
        """
        if self.loaded is None:
            raise VerificationError(f"signatures of type {self.type} cannot be verified by this installation")
        timestamp, signature, message = self._signed(signature, text)
        try:
            self.loaded.verify(signature, message)
        except InvalidSignature:
            raise VerificationError(f"the signature of {self.name!r} does not verify") from None
        return timestamp

    def _signed(self, signature: bytes, text: str) -> tuple[int | None, bytes, bytes]:
        if self.type in (ED25519, ECDSA):
            return None, signature, text.encode()
        if len(signature) < 8:
            raise VerificationError(f"the cosignature of {self.name!r} is too short")
        timestamp: int = struct.unpack(">Q", signature[:8])[0]
        # SPEC: tlog-cosignature: the timestamp MUST NOT exceed 2^63 - 1.
        if timestamp > MAX_NUMBER:
            raise VerificationError(f"the cosignature of {self.name!r} has an impossible time")
        message = cosignature_message(timestamp, text) if self.type == COSIGNATURE else subtree_message(self.name, timestamp, text)
        return timestamp, signature[8:], message


def verify_key_name(name: str) -> str:
    """Return `name` if it may name a key in a note.

    Raises:
        VerificationError: it is empty, or has a plus sign, a Unicode space or a control character.
    """
    # SPEC: signed-note: "Key names MUST be non-empty and MUST NOT contain any Unicode spaces or plus (U+002B) characters."
    if not name or "+" in name or any(c.isspace() or unicodedata.category(c)[0] == "Z" for c in plain_text(name)):
        raise VerificationError(f"not a key name: {name[:60]!r}")
    return name


def cosignature_message(timestamp: int, text: str) -> bytes:
    """Return what a cosigner of type 04 signs for a checkpoint's whole text at `timestamp` (POSIX seconds)."""
    # SPEC: tlog-cosignature, Ed25519 signed message. The header keeps a cosignature from posing as a log's signature.
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


def subtree_message(name: str, timestamp: int, text: str) -> bytes:
    """Return what the cosigner `name` of type 06 signs for a checkpoint at `timestamp` (POSIX seconds).

    Raises:
        VerificationError: `text` is no checkpoint, or its origin or the name is longer than 255 bytes.
    """
    point = parse_checkpoint(text)
    cosigner, origin = name.encode(), point.origin.encode()
    if len(cosigner) > 255 or len(origin) > 255:
        raise VerificationError("name or origin too long for an ML-DSA-44 cosignature")
    # SPEC: tlog-cosignature, ML-DSA-44 signed message: a checkpoint is the subtree from 0 to its size.
    return b"".join((
        b"subtree/v1\n\0", bytes([len(cosigner)]), cosigner, struct.pack(">Q", timestamp),
        bytes([len(origin)]), origin, struct.pack(">QQ", 0, point.size), point.root,
    ))  # fmt: skip


def _key_id(name: str, type_: int, public_key: bytes) -> bytes:
    # SPEC: signed-note: the key ID of ECDSA keys is the truncated SHA-256 of the SubjectPublicKeyInfo alone.
    data = public_key if type_ == ECDSA else name.encode() + b"\n" + bytes([type_]) + public_key
    return hashlib.sha256(data).digest()[:KEY_ID_BYTES]


def _load(type_: int, public_key: bytes) -> SignatureCheck | None:
    if type_ == ECDSA:
        return _load_ecdsa(public_key)
    if len(public_key) != KEY_BYTES.get(type_):
        raise VerificationError("unknown key type, or not the length of such a key")
    if type_ == MLDSA44:
        return _load_mldsa44(public_key) if _load_mldsa44 else None
    return ed25519.Ed25519PublicKey.from_public_bytes(public_key)


def _load_ecdsa(public_key: bytes) -> SignatureCheck:
    try:
        key = serialization.load_der_public_key(public_key)
    except (ValueError, UnsupportedAlgorithm):
        raise VerificationError("not an ECDSA public key") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, _CURVES):
        raise VerificationError("not an ECDSA public key on P-256, P-384 or P-521")
    # One key, one spelling: a policy recognises a key listed twice by its bytes.
    if key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo) != public_key:
        raise VerificationError("ECDSA public key is not in its usual encoding")
    return _EcdsaKey(key)
