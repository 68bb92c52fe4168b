"""What the sandbox provider signs: a right ID token, and the wrong ones that a client must refuse."""
from __future__ import annotations

import base64
import enum
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KID = "sandbox-1"
LIFE_S = 300


class Wrong(enum.StrEnum):
    """A token that proves nothing, and why."""

    NONCE = "wrong-nonce"
    NO_NONCE = "no-nonce"
    AUDIENCE = "wrong-audience"
    TWO_AUDIENCES = "two-audiences"
    EXPIRED = "expired"
    FUTURE = "future"
    ISSUER = "other-issuer"
    UNSIGNED = "unsigned"
    PUBLIC_KEY_AS_SECRET = "public-key-as-secret"  # noqa: S105 - the fault's name
    OTHER_KEY = "other-key"
    OWN_KEY_IN_HEADER = "own-key-in-header"
    CRITICAL = "critical-extension"
    CHANGED = "changed-after-signing"
    NO_SUBJECT = "no-subject"
    NOT_ANEW = "not-anew"


@dataclass(frozen=True)
class Signer:
    """A key of the provider, made when it starts."""

    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    stranger: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def jwks(self) -> Mapping[str, Any]:
        return {"keys": [jwk(self.key)]}

    def token(self, claims: Mapping[str, Any], wrong: Wrong | None = None) -> str:
        """`claims` signed with RS256, or what `wrong` makes of it."""
        told, now = dict(claims), time.time()
        match wrong:
            case Wrong.NONCE:
                told["nonce"] = "another"
            case Wrong.NO_NONCE:
                del told["nonce"]
            case Wrong.AUDIENCE:
                told["aud"] = "another-client"
            case Wrong.TWO_AUDIENCES:
                told["aud"] = [told["aud"], "another-client"]
            case Wrong.EXPIRED:
                told["exp"] = now - 120
            case Wrong.FUTURE:
                told["iat"] = now + 3600
            case Wrong.ISSUER:
                told["iss"] = "https://other.example"
            case Wrong.NO_SUBJECT:
                told["sub"] = ""
            case Wrong.NOT_ANEW:
                told["auth_time"] = now - 3600
        return self.compact(told, wrong)

    def compact(self, claims: Mapping[str, Any], wrong: Wrong | None) -> str:
        header: dict[str, Any] = {"alg": "RS256", "typ": "JWT", "kid": KID}
        key = self.key
        match wrong:
            case Wrong.UNSIGNED:
                return f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(claims)}."
            case Wrong.PUBLIC_KEY_AS_SECRET:
                signed = f"{encoded({**header, 'alg': 'HS256'})}.{encoded(claims)}"
                pem = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
                return f"{signed}.{base64url(hmac.digest(pem, signed.encode(), hashlib.sha256))}"
            case Wrong.OTHER_KEY:
                key = self.stranger
            case Wrong.OWN_KEY_IN_HEADER:
                key, header = self.stranger, {**header, "jwk": jwk(self.stranger)}
            case Wrong.CRITICAL:
                header["crit"] = ["exp"]
        signed = f"{encoded(header)}.{encoded(claims)}"
        signature = base64url(key.sign(signed.encode(), padding.PKCS1v15(), SHA256()))
        if wrong is Wrong.CHANGED:
            return f"{encoded(header)}.{encoded({**claims, 'preferred_username': 'admin'})}.{signature}"
        return f"{signed}.{signature}"


def jwk(key: rsa.RSAPrivateKey) -> Mapping[str, Any]:
    numbers = key.public_key().public_numbers()
    n = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KID, "n": base64url(n), "e": "AQAB"}


def encoded(value: Mapping[str, Any]) -> str:
    return base64url(json.dumps(value).encode())


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
