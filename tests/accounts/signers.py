"""Private keys of machines for tests, and requests signed by the public http-message-signatures package: the oracle of our own parser."""
import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms

from accounts.public_keys import PublicKey, read_public_key

Private = Ed25519PrivateKey | EllipticCurvePrivateKey


def new_private(kind: str) -> Private:
    return Ed25519PrivateKey.generate() if kind == "ed25519" else generate_private_key(SECP256R1())


def pem_of(private: Private) -> str:
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def described(private: Private) -> PublicKey:
    return read_public_key(pem_of(private))


def content_digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


class OneKey(HTTPSignatureKeyResolver):
    """The oracle asks by key id; here there is one key."""

    def __init__(self, private: Private) -> None:
        self.private = private

    def resolve_public_key(self, key_id: str) -> Any:
        return self.private.public_key()

    def resolve_private_key(self, key_id: str) -> Any:
        return self.private


@dataclass
class Message:
    """As much of a request as the oracle reads."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def signed(private: Private, message: Message, *, at: datetime | None = None, nonce: str | None = None, **changes: Any) -> Message:
    """`message` with a digest of its body and a signature over all that must be covered."""
    covered = ["@method", "@target-uri"]
    if message.body:
        message.headers.setdefault("Content-Digest", content_digest(message.body))
        covered.append("content-digest")
    algorithm = algorithms.ED25519 if isinstance(private, Ed25519PrivateKey) else algorithms.ECDSA_P256_SHA256
    signer = HTTPMessageSigner(signature_algorithm=algorithm, key_resolver=OneKey(private))
    told: dict[str, Any] = {
        "key_id": described(private).thumbprint, "created": at or datetime.now(UTC), "nonce": nonce or secrets.token_urlsafe(16),
        "label": "sig1", "include_alg": True, "covered_component_ids": covered, "use_existing_digest": bool(message.body), **changes,
    }
    signer.sign(message, **told)
    return message


def jwk_of(private: Private) -> dict[str, str]:
    """Written by hand from RFC 7517 and 8037."""
    def text(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    if isinstance(private, Ed25519PrivateKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": text(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))}
    numbers = private.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": text(numbers.x.to_bytes(32)), "y": text(numbers.y.to_bytes(32)), "use": "sig"}
