"""RFC 3161 timestamp tokens: our own verdict on whether a trusted authority saw a digest at a time (formats.md A7).

    verify_token(token, digest=sha256_of_the_stamped_bytes, roots=[der, ...], nonce=nonce_sent, now=clock)

gives a `VerifiedTimestamp` or raises `TimestampRefused`, a `VerificationError` whose text begins with a word of `Reason`. Of the modules
inside, `ber` fences off bombs, `schema` and `cms` read, and the others judge; `verify` is the order in which they do.
This package needs pyasn1 and cryptography's X.509 part, and nothing of `tlog` outside it needs this package.
"""
from tlog.timestamp.cms import extract_token
from tlog.timestamp.reasons import Reason, TimestampRefused
from tlog.timestamp.verify import VerifiedTimestamp, verify_token

__all__ = ["Reason", "TimestampRefused", "VerifiedTimestamp", "extract_token", "verify_token"]
