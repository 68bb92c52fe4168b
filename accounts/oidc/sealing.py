"""A client's secret as rows hold it: AES-256-GCM under a key derived from the service's secret, bound to organisation and issuer.

A dump of the database holds no usable secret, and a row that was moved, or whose issuer was changed behind the service's back, does not
open: the secret would go to whoever changed it. It does not protect against whoever runs code as the service.
As for second factors (`sign_in.SecondFactorAdapter`): whoever changes CUNZHENG_SECRET_KEY enters the secrets anew.
Source: NIST SP 800-38D.
"""
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NONCE_BYTES = 12


def seal_secret(secret: str, organisation_ref: str, issuer: str) -> bytes:
    """nonce ‖ ciphertext ‖ tag."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _cipher().encrypt(nonce, secret.encode(), f"{organisation_ref}\n{issuer}".encode())


def open_secret(sealed: bytes, organisation_ref: str, issuer: str) -> str | None:
    """The secret of a row; None when it was not sealed by this service's key for this organisation and issuer."""
    try:
        return _cipher().decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], f"{organisation_ref}\n{issuer}".encode()).decode()
    except InvalidTag:
        return None


def _cipher() -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"cunzheng identity providers").derive(settings.SECRET_KEY.encode()))
