"""Signatures of webhooks: `v1,` and the base64 of HMAC-SHA256 over `<id>.<timestamp>.<body>`, one for each secret in use.

    webhook-id: msg_2c26b46b68ffc68ff99b453c1d30413413422d70
    webhook-timestamp: 1795420800                         seconds since 1970, of this attempt
    webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4= v1,…

A secret is `whsec_` and the base64 of 24 to 64 random bytes. Pure: no clock, no rows.
Source: Standard Webhooks specification 1.0, "Webhook headers" and "Signature scheme".
"""
import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
SECRET_BYTES = 32


def fresh_secret() -> str:
    """A new secret of 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def secret_bytes(secret: str) -> bytes:
    """The key that a secret's text stands for. Raises ValueError for anything else than 24 to 64 bytes in base64 after the prefix."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    # SPEC: "the secret should be between 24 bytes (192 bits) and 64 bytes (512 bits)".
    if not secret.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError("not a webhook secret")
    return key


def signed_headers(keys: Sequence[bytes], *, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of one attempt, signed with each of `keys`."""
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode() for key in keys)
    return {
        "webhook-id": message_id, "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
