"""The six digits that an authenticator app shows, for people who have none at hand. Pure but for the clock. Source: RFC 6238, RFC 4226."""
import hashlib
import hmac
import struct
import time
from base64 import b32decode
from urllib.parse import quote, urlencode

STEP_S = 30


def code_at(secret: str, moment_s: float) -> str:
    """The code of a base32 secret at a moment in seconds since 1970.

    >>> code_at("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 59)  # RFC 6238 appendix B, the last six digits
    '287082'
    """
    digest = hmac.new(b32decode(secret), struct.pack(">Q", int(moment_s) // STEP_S), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


def code_now(secret: str) -> str:
    return code_at(secret, time.time())


def address_of(secret: str, label: str, issuer: str) -> str:
    """What an app reads from a QR code or takes as a link."""
    return f"otpauth://totp/{quote(issuer)}:{quote(label)}?{urlencode({'secret': secret, 'issuer': issuer})}"
