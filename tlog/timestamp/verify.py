"""Verifies an RFC 3161 timestamp token: that a trusted authority saw this digest at this time.

The caller gives what it trusts and knows: pinned roots, the digest of the stamped bytes, its clock, the nonce it sent. There is no
network here and no clock. Checks and their order are the numbered steps of `verify_token`; each has its own word in `reasons.Reason`.

Not judged: the accuracy that the authority claims, certificate policies, OCSP answers, revocation lists embedded in the token. That the
imprint is SHA-256 is fixed by formats.md A7; a successor of SHA-256 is an ADR.

Source: formats.md A7 and part C, RFC 3161 sections 2.2, 2.3 and 2.4.2, RFC 5816.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest

from tlog.timestamp.algorithms import strong_digest
from tlog.timestamp.ber import content_of
from tlog.timestamp.certificates import Certificate, judge_signer, load_readable
from tlog.timestamp.chain import find_chain, load_roots
from tlog.timestamp.cms import open_token
from tlog.timestamp.reasons import Reason, TimestampRefused
from tlog.timestamp.revocation import judge_revocation
from tlog.timestamp.signature import parse_name, verify_signer
from tlog.timestamp.tst_info import TstInfo, parse_tst_info

_DIGEST_BYTES = 32
_DIRECTORY_NAME = b"\xa4"


@dataclass(frozen=True, slots=True)
class VerifiedTimestamp:
    """What a verified token says.

    `gen_time` is aware UTC, cut to microseconds; `policy` a dotted oid; `serial` the token's own number; `tsa_name` the subject of the
    signer's certificate as RFC 4514 writes it; `digest_algorithm` the imprint's, always "sha256".
    """

    gen_time: datetime
    policy: str
    serial: int
    tsa_name: str
    digest_algorithm: str


def verify_token(  # noqa: PLR0913 -- formats.md part C fixes the names
    token: bytes,
    *,
    digest: bytes,
    roots: Iterable[bytes],
    intermediates: Iterable[bytes] = (),
    nonce: int | None = None,
    policy: str | None = None,
    now: datetime | None = None,
    not_before: datetime | None = None,
    skew_s: float = 300,
    crls: Iterable[bytes] = (),
) -> VerifiedTimestamp:
    """Verify a TimeStampToken or TimeStampResp (DER or BER, at most 256 KiB) over `digest` (32 bytes, SHA-256 of the stamped bytes).

    `roots`, `intermediates`: DER certificates; only self-issued authorities among the roots are anchors. `crls`: DER lists. `nonce`,
    `policy`, `now`, `not_before`: None means not checked; times are aware, and genTime may exceed `now` or precede `not_before` by
    `skew_s` seconds.

    Raises: TimestampRefused (a VerificationError) for anything wrong with the token; ValueError or TypeError for bad arguments.
    """
    _check_arguments(digest, now, not_before)
    # 1. The envelope: status, signed data, content type, exactly one signer, attributes.
    opened = open_token(token)
    # 2. The statement: version, one strictly written time, known extensions.
    info = parse_tst_info(opened.content)
    # 3. The signer: by issuer and serial, identified by ESSCertID; digests and signature over the signed attributes.
    pool = load_readable((*intermediates, *opened.certificates))
    certificate = verify_signer(opened, pool)
    # 4. It speaks about our digest, answers our request, and at a time that can be.
    _judge_imprint(info, digest)
    _judge_request(info, nonce, policy)
    _judge_time(info.gen_time, now, not_before, timedelta(seconds=skew_s))
    # 5. The signer is a timestamping authority, the one that the token names.
    judge_signer(certificate, info.gen_time)
    _judge_tsa_name(info.tsa, certificate)
    # 6. A pinned root stands behind it, and nobody revoked it.
    path = find_chain(certificate, roots=load_roots(roots), pool=pool, at=info.gen_time)
    judge_revocation(path, crls, info.gen_time)
    return VerifiedTimestamp(info.gen_time, info.policy, info.serial, certificate.subject.rfc4514_string(), "sha256")


def _check_arguments(digest: bytes, *times: datetime | None) -> None:
    if len(digest) != _DIGEST_BYTES:
        raise ValueError(f"digest is {_DIGEST_BYTES} bytes, not {len(digest)}")
    if any(time is not None and time.utcoffset() is None for time in times):
        raise ValueError("now and not_before are aware times")


def _judge_imprint(info: TstInfo, digest: bytes) -> None:
    # SPEC: RFC 3161 2.2, 2.4.2: the message imprint is that of the request, algorithm and bytes. The same 32 bytes under another
    # algorithm would be a statement about something else.
    try:
        algorithm = strong_digest(info.imprint_algorithm, "the imprint")
    except TimestampRefused as error:
        raise TimestampRefused(Reason.IMPRINT_ALGORITHM, str(error)) from error
    if algorithm.name != "sha256":
        raise TimestampRefused(Reason.IMPRINT_ALGORITHM, f"{algorithm.name} instead of sha256")
    if not compare_digest(info.imprint, digest):
        raise TimestampRefused(Reason.IMPRINT, "the token is about other bytes")


def _judge_request(info: TstInfo, nonce: int | None, policy: str | None) -> None:
    # SPEC: RFC 3161 2.4.2: a nonce that was sent comes back with the same value; an old answer that is replayed has another.
    if nonce is not None and info.nonce != nonce:
        raise TimestampRefused(Reason.NONCE, "the nonce is missing" if info.nonce is None else "the nonce is not the one that was sent")
    # SPEC: RFC 3161 2.4.2: the policy is the one that was asked for.
    if policy is not None and info.policy != policy:
        raise TimestampRefused(Reason.POLICY, f"the policy is {info.policy}, not {policy}")


def _judge_time(gen_time: datetime, now: datetime | None, not_before: datetime | None, skew: timedelta) -> None:
    if now is not None and gen_time - now > skew:
        raise TimestampRefused(Reason.AHEAD_OF_CLOCK, f"genTime {gen_time.isoformat()} is ahead of our clock")
    # What is stamped did not exist before: an earlier time is a lie, or a clock that is wrong.
    if not_before is not None and not_before - gen_time > skew:
        raise TimestampRefused(Reason.TOO_EARLY, f"genTime {gen_time.isoformat()} is earlier than what it stamps")


def _judge_tsa_name(name: bytes | None, certificate: Certificate) -> None:
    # SPEC: RFC 3161 2.4.2: the tsa field, if present, is one of the subject names of the signer's certificate.
    if name is None:
        return
    if name[:1] == _DIRECTORY_NAME:
        alternatives = [parse_name(content_of(other)) for other in certificate.alternatives if other[:1] == _DIRECTORY_NAME]
        matches = parse_name(content_of(name)) in (certificate.subject, *alternatives)
    else:
        matches = name in certificate.alternatives
    if not matches:
        raise TimestampRefused(Reason.TSA_NAME, "the authority named in the token is not the one that signed it")
