"""An authenticator for tests: makes a passkey and answers with it, as a browser would send it.

Only what the service judges is here: ES256, no attestation, the user's verification stated by a flag.
Source: W3C WebAuthn Level 3, 6.1 and 6.5.
"""
import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor

ORIGIN, RP_ID = "http://testserver", "testserver"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def data_of(words: str) -> bytes:
    return urlsafe_b64decode(words + "=" * (-len(words) % 4))


class Passkey:
    """`origin` and `verified` are what it says of itself: a phishing page has another origin, a finger that was not asked for no flag."""

    def __init__(self, *, origin: str = ORIGIN, rp_id: str = RP_ID, verified: bool = True) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(32)
        self.origin, self.rp_id, self.verified = origin, rp_id, verified
        self.user_handle = b""

    def create(self, options: dict[str, Any]) -> str:
        """The answer to `creation_options.publicKey`, as JSON."""
        self.user_handle = data_of(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        # SPEC: RFC 9053 7.1.1: an EC2 key of curve P-256 for ES256.
        point = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor.encode(point)
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": self._data(ATTESTED) + attested})
        return self._answer({"clientDataJSON": text(self._client("webauthn.create", options)), "attestationObject": text(attestation)})

    def get(self, options: dict[str, Any]) -> str:
        """The answer to `request_options.publicKey`, as JSON."""
        client, data = self._client("webauthn.get", options), self._data(0)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {"clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(signature)}
        return self._answer({**response, "userHandle": text(self.user_handle)})

    def _data(self, more: int) -> bytes:
        flags = PRESENT | more | (VERIFIED if self.verified else 0)
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + bytes(4)

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps({"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}).encode()

    def _answer(self, response: dict[str, str]) -> str:
        return json.dumps({
            "id": text(self.id), "rawId": text(self.id), "type": "public-key", "response": response, "clientExtensionResults": {}})
