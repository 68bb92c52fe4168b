"""Public keys of machines that sign their requests: Ed25519 and ECDSA P-256, from PEM or JWK, known by their thumbprint. Pure.

Source: RFC 8032, RFC 9421 3.3.4 (ECDSA as r ‖ s), RFC 7517 and 8037 (JWK), RFC 7638 (thumbprint).
"""
import base64
import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key, load_pem_public_key

MAX_KEY_CHARACTERS = 4096
COORDINATE_BYTES = 32
# What the two parsers raise for text that is not what they take.
MALFORMED = (ValueError, TypeError, KeyError, RecursionError, UnsupportedAlgorithm)


class Algorithm(StrEnum):
    """As RFC 9421 6.2.2 registers them."""

    ED25519 = "ed25519"
    ECDSA_P256_SHA256 = "ecdsa-p256-sha256"


class KeyTextMalformed(Exception):
    """The text holds no public key of a kind that is taken here."""


class KeyTextPrivate(Exception):
    """The text holds a private key, which nobody but its owner should ever see."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`spki`: the key as DER SubjectPublicKeyInfo. `thumbprint`: 43 characters, the `keyid` of signatures."""

    algorithm: Algorithm
    spki: bytes
    thumbprint: str

    def signed(self, signature: bytes, message: bytes) -> bool:
        """Whether these 64 bytes are this key's signature of `message`."""
        key = load_der_public_key(self.spki)
        try:
            if isinstance(key, Ed25519PublicKey):
                key.verify(signature, message)
            else:
                assert isinstance(key, EllipticCurvePublicKey)
                r, s = int.from_bytes(signature[:COORDINATE_BYTES]), int.from_bytes(signature[COORDINATE_BYTES:])
                key.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


def read_public_key(text: str) -> PublicKey:
    """The key in `text`, PEM or JWK. Raises KeyTextPrivate, KeyTextMalformed."""
    if len(text) > MAX_KEY_CHARACTERS:
        raise KeyTextMalformed
    if "PRIVATE KEY" in text:
        raise KeyTextPrivate
    try:
        return _described(_from_jwk(json.loads(text)) if text.lstrip().startswith("{") else load_pem_public_key(text.strip().encode()))
    except MALFORMED:
        raise KeyTextMalformed from None


def _from_jwk(jwk: dict[str, Any]) -> object:
    if "d" in jwk:
        raise KeyTextPrivate
    if (jwk["kty"], jwk["crv"]) == ("OKP", "Ed25519"):
        return Ed25519PublicKey.from_public_bytes(_coordinate(jwk["x"]))
    if (jwk["kty"], jwk["crv"]) == ("EC", "P-256"):
        x, y = (int.from_bytes(_coordinate(jwk[name])) for name in ("x", "y"))
        return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
    raise KeyTextMalformed


def _coordinate(text: str) -> bytes:
    found = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    if len(found) != COORDINATE_BYTES:
        raise KeyTextMalformed
    return found


def _described(key: object) -> PublicKey:
    if isinstance(key, Ed25519PublicKey):
        raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return _named(key, Algorithm.ED25519, {"crv": "Ed25519", "kty": "OKP", "x": _base64url(raw)})
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        numbers = key.public_numbers()
        x, y = (_base64url(number.to_bytes(COORDINATE_BYTES)) for number in (numbers.x, numbers.y))
        return _named(key, Algorithm.ECDSA_P256_SHA256, {"crv": "P-256", "kty": "EC", "x": x, "y": y})
    raise KeyTextMalformed


def _named(key: Ed25519PublicKey | EllipticCurvePublicKey, algorithm: Algorithm, members: dict[str, str]) -> PublicKey:
    # SPEC: RFC 7638 3: the required members only, in the order of their names, without whitespace.
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(algorithm, spki, _base64url(hashlib.sha256(text.encode()).digest()))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
