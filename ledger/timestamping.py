"""Asks RFC 3161 authorities for timestamps: builds the request, sends it within limits, and judges the answer by `tlog.timestamp` only.

An adapter: no rows, no retries, no clock of its own. The token is kept exactly as it came, because it is the evidence; rfc3161ng builds
the request and is never asked for a verdict. Source: RFC 3161 sections 2.4 and 3.4, formats.md A7.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from common.bounded_http import Limits, NoAnswer, Trouble, post
from ledger.authorities import host_of, spelled_authorities
from ledger.measurements import AUTHORITY, measured
from tlog.timestamp import Reason, TimestampRefused, VerifiedTimestamp, extract_token, verify_token

MAX_REPLY_BYTES = 64 * 1024
MAX_SKEW_S = 300.0
"""Seconds that two clocks may differ: the verifier's own bound, which a setting may narrow and nobody can widen."""
REJECTED = "rejected"
MALFORMED_REPLY = "malformed-reply"
TOKEN_REFUSED = "token-refused"  # noqa: S105 -- a code, not a secret
CODES = frozenset({*(trouble.value for trouble in Trouble), REJECTED, MALFORMED_REPLY, TOKEN_REFUSED})

_DIGEST_BYTES = 32
_UNREADABLE = (Reason.MALFORMED, Reason.TRAILING_BYTES, Reason.TOO_LARGE)
_OF_TIME = (Reason.AHEAD_OF_CLOCK, Reason.TOO_EARLY)
_ID = re.compile(r"(?!renewal-)[a-z0-9-]+")
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")


@dataclass(frozen=True, slots=True)
class Authority:
    """A timestamping authority: its id in file names, its URL, and its pinned certificates (DER; only the self-issued ones anchor).

    `operator`: who runs it; two authorities of one operator are one witness of time. `policy`: the dotted oid that is asked for and that
    its tokens must state, None when any will do.
    """

    id: str
    url: str
    roots: tuple[bytes, ...]
    operator: str = ""
    policy: str | None = None


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


class TimesDiffer(TimestampUnavailable):
    """A fresh token that is right in everything but its time, `gen_time`: the authority's clock or ours is wrong by more than the skew."""

    def __init__(self, detail: str, gen_time: datetime) -> None:
        super().__init__(TOKEN_REFUSED, detail)
        self.gen_time = gen_time


def request_timestamp(
    authority: Authority, digest: bytes, *, nonce: int, now: datetime, not_before: datetime | None, timeout_s: float,
    skew_s: float = MAX_SKEW_S,
) -> StampedToken:
    """Get a token over `digest` (SHA-256, 32 bytes) from `authority` within `timeout_s` seconds.

    `nonce` is random and positive, fresh for each request; `now` is our clock; the token's time is not before `not_before` less `skew_s`,
    nor after `now` plus `skew_s`. Blocks on the network: never call it inside a transaction. Raises: TimestampUnavailable, and its
    subclass TimesDiffer when it is the time alone that is wrong.
    """
    try:
        with measured(AUTHORITY, authority.id):
            reply = post(
                authority.url,
                _query(digest, nonce, authority.policy),
                content_type="application/timestamp-query",
                accept="application/timestamp-reply",
                limits=Limits(timeout_s, MAX_REPLY_BYTES),
            )
            token = extract_token(reply)
            judge = partial(verify_token, token, digest=digest, roots=authority.roots, nonce=nonce, policy=authority.policy, skew_s=skew_s)
            verified = _in_time(judge, now=now, not_before=not_before)
    except NoAnswer as error:
        raise TimestampUnavailable(error.trouble, error.detail) from error
    except TimestampRefused as error:
        raise TimestampUnavailable(_code(error.reason), str(error)) from error
    return StampedToken(token, verified.gen_time, authority.id)


def load_authorities(text: str, folder: Path) -> tuple[Authority, ...]:
    """Read "id=URL id2=URL|operator|policy" and each authority's `<id>*.pem` in `folder`; a file belongs to the longest id that it begins
    with. An operator that is not stated is the host name.

    Raises: ValueError with one sentence when the setting or the folder is wrong.
    """
    words = spelled_authorities(text)
    names = tuple(word.id for word in words)
    for word in words:
        if not _ID.fullmatch(word.id) or names.count(word.id) > 1:
            raise ValueError(f"{word.id!r} is no fresh id of a timestamping authority: a-z, 0-9 and '-', not beginning with 'renewal-'")
        _check_url(word.url)
        if word.policy and not _OID.fullmatch(word.policy):
            raise ValueError(f"{word.policy!r} is no policy of the timestamping authority {word.id}: a dotted object identifier")
    return tuple(
        Authority(word.id, word.url, _roots(word.id, folder, names), word.operator or host_of(word.url), word.policy or None)
        for word in words)


def _in_time(judge: Callable[..., VerifiedTimestamp], *, now: datetime, not_before: datetime | None) -> VerifiedTimestamp:
    """The verdict with both clocks. Raises TimestampRefused, or TimesDiffer when the times alone stand in the way."""
    try:
        return judge(now=now, not_before=not_before)
    except TimestampRefused as refused:
        if refused.reason not in _OF_TIME:
            raise
        # Only a token whose signature and chain stand says anything about a clock: whoever sits on the line may send any time.
        raise TimesDiffer(str(refused), judge().gen_time) from refused


def _query(digest: bytes, nonce: int, policy: str | None) -> bytes:
    if nonce <= 0 or len(digest) != _DIGEST_BYTES:
        raise ValueError("a nonce is positive, and a digest is 32 bytes")
    # Here, because it brings requests and some twenty modules of ASN.1 along, and every process of the service reads this file.
    import rfc3161ng  # noqa: PLC0415

    request = rfc3161ng.make_timestamp_request(
        digest=digest, hashname="sha256", include_tsa_certificate=True, nonce=nonce, tsa_policy_id=policy)
    return bytes(rfc3161ng.encode_timestamp_request(request))


def _code(reason: Reason) -> str:
    if reason is Reason.STATUS:
        return REJECTED
    return MALFORMED_REPLY if reason in _UNREADABLE else TOKEN_REFUSED


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        whole = False
    if not whole or not url.isascii() or not url.isprintable() or "@" in url or "#" in url:
        raise ValueError(f"{url!r} is no http or https URL of a timestamping authority, without user and fragment")


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
