"""Asks RFC 3161 authorities for timestamps: builds the request, sends it within limits, and judges the answer by `tlog.timestamp` only.

An adapter: no rows, no retries, no clock of its own. The token is kept exactly as it came, because it is the evidence; rfc3161ng builds
the request and is never asked for a verdict. Source: RFC 3161 sections 2.4 and 3.4, formats.md A7.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import rfc3161ng
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ledger.bounded_http import Limits, NoAnswer, Trouble, post
from tlog.timestamp import Reason, TimestampRefused, extract_token, verify_token

MAX_REPLY_BYTES = 64 * 1024
REJECTED = "rejected"
MALFORMED_REPLY = "malformed-reply"
TOKEN_REFUSED = "token-refused"  # noqa: S105 -- a code, not a secret
CODES = frozenset({*(trouble.value for trouble in Trouble), REJECTED, MALFORMED_REPLY, TOKEN_REFUSED})

_DIGEST_BYTES = 32
_UNREADABLE = (Reason.MALFORMED, Reason.TRAILING_BYTES, Reason.TOO_LARGE)
_ID = re.compile(r"(?!renewal-)[a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Authority:
    """A timestamping authority: its id in file names, its URL, and its pinned certificates (DER; only the self-issued ones anchor)."""

    id: str
    url: str
    roots: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class StampedToken:
    """A verified token: the TimeStampToken's bytes as received, its time (aware UTC), and who gave it."""

    token: bytes
    gen_time: datetime
    authority_id: str


class TimestampUnavailable(Exception):
    """No token that stands; `code` is one of `CODES`, `detail` is for the log and holds nothing personal."""

    def __init__(self, code: str, detail: str) -> None:
        assert code in CODES
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def request_timestamp(
    authority: Authority, digest: bytes, *, nonce: int, now: datetime, not_before: datetime | None, timeout_s: float
) -> StampedToken:
    """Get a token over `digest` (SHA-256, 32 bytes) from `authority` within `timeout_s` seconds.

    `nonce` is random and positive, fresh for each request; `now` is our clock; the token's time is not before `not_before` less the skew.
    Blocks on the network: never call it inside a transaction. Raises: TimestampUnavailable.
    """
    try:
        reply = post(
            authority.url,
            _query(digest, nonce),
            content_type="application/timestamp-query",
            accept="application/timestamp-reply",
            limits=Limits(timeout_s, MAX_REPLY_BYTES),
        )
        token = extract_token(reply)
        verified = verify_token(token, digest=digest, roots=authority.roots, nonce=nonce, now=now, not_before=not_before)
    except NoAnswer as error:
        raise TimestampUnavailable(error.trouble, error.detail) from error
    except TimestampRefused as error:
        raise TimestampUnavailable(_code(error.reason), str(error)) from error
    return StampedToken(token, verified.gen_time, authority.id)


def load_authorities(text: str, folder: Path) -> tuple[Authority, ...]:
    """Read "id=url id2=url2" and each authority's `<id>*.pem` in `folder`; a file belongs to the longest id that it begins with.

    Raises: ValueError with one sentence when the setting or the folder is wrong.
    """
    urls: dict[str, str] = {}
    for word in text.split():
        name, _, url = word.partition("=")
        if not _ID.fullmatch(name) or name in urls:
            raise ValueError(f"{name!r} is no fresh id of a timestamping authority: a-z, 0-9 and '-', not beginning with 'renewal-'")
        urls[name] = _checked_url(url)
    return tuple(Authority(name, url, _roots(name, folder, tuple(urls))) for name, url in urls.items())


def _query(digest: bytes, nonce: int) -> bytes:
    if nonce <= 0 or len(digest) != _DIGEST_BYTES:
        raise ValueError("a nonce is positive, and a digest is 32 bytes")
    request = rfc3161ng.make_timestamp_request(digest=digest, hashname="sha256", include_tsa_certificate=True, nonce=nonce)
    return bytes(rfc3161ng.encode_timestamp_request(request))


def _code(reason: Reason) -> str:
    if reason is Reason.STATUS:
        return REJECTED
    return MALFORMED_REPLY if reason in _UNREADABLE else TOKEN_REFUSED


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        whole = False
    if not whole or not url.isascii() or not url.isprintable() or "@" in url or "#" in url:
        raise ValueError(f"{url!r} is no http or https URL of a timestamping authority, without user and fragment")
    return url


def _roots(name: str, folder: Path, names: tuple[str, ...]) -> tuple[bytes, ...]:
    files = [path for path in sorted(folder.glob(f"{name}*.pem")) if max((n for n in names if path.name.startswith(n)), key=len) == name]
    found: list[bytes] = []
    for path in files:
        try:
            found += [certificate.public_bytes(Encoding.DER) for certificate in x509.load_pem_x509_certificates(path.read_bytes())]
        except (OSError, ValueError) as error:
            raise ValueError(f"{path} holds no PEM certificate") from error
    if not found:
        raise ValueError(f"{folder} has no root certificate {name}*.pem for the timestamping authority {name}")
    return tuple(found)
