"""Judges an OCSP answer about a token's signer: what the signer's own issuer said of it at about the time of the token.

An answer that is given must be usable: one answer, about this very certificate, signed by its issuer or by a delegate whom the issuer
certified for that purpose, and as recent as genTime. "Unknown" is no usable answer. One that says "revoked" refuses the token for the same
reasons as a revocation list does, and that comes before its age: it stays true. Whether the delegate was revoked itself is not asked.
There is no network here.

Source: formats.md A7, RFC 6960 sections 2.2, 3.2, 4.1 and 4.2, RFC 3161 section 4.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from tlog.timestamp import schema
from tlog.timestamp.algorithms import signature_digest, verify_signature
from tlog.timestamp.ber import encode, parse
from tlog.timestamp.certificates import UNREADABLE, Certificate, find_extension, judge_critical_extensions, judge_validity, load_readable
from tlog.timestamp.chain import Path, verify_link
from tlog.timestamp.cms import Algorithm
from tlog.timestamp.reasons import Reason, TimestampRefused
from tlog.timestamp.revocation import judge_revoked

MAX_BYTES = 64 * 1024


def question_about(path: Path) -> bytes:
    """The DER OCSPRequest about the signer of the chain (signer first, root last).

    The issuer is named by SHA-1, which every responder knows: it identifies and proves nothing, because the answer is held against the
    issuer's own name and key. There is no nonce: many answers are made in advance, and their own times say how old they are.
    """
    builder = ocsp.OCSPRequestBuilder().add_certificate(path[0].parsed, path[1].parsed, hashes.SHA1())  # noqa: S303 -- names, not proves
    return builder.build().public_bytes(Encoding.DER)


def judge_answer(path: Path, answer: bytes, gen_time: datetime, *, now: datetime | None = None, skew_s: float = 300) -> None:
    """Judge the signer of the chain (signer first, root last) by one DER OCSPResponse, at most 64 KiB.

    `gen_time` is the token's time, `now` the clock of whoever judges, both aware; with None an answer of the future is not noticed. Clocks
    may differ by `skew_s` seconds.

    Raises: TimestampRefused (too-large, ocsp-malformed, ocsp-status, ocsp-certificate, ocsp-signature, ocsp-responder, weak-digest,
    algorithm, critical-extension, revoked, key-compromise, ocsp-stale, ocsp-ahead).
    """
    signer, issuer = path[0], path[1]
    said = _load(answer)
    _judge_subject(said, signer, issuer)
    responder = _find_responder(said, issuer)
    if said.status is ocsp.OCSPCertStatus.REVOKED:
        assert said.revoked_since is not None
        judge_revoked(signer, said.reason, said.revoked_since, gen_time, signer=True)
    elif said.status is not ocsp.OCSPCertStatus.GOOD:
        raise TimestampRefused(Reason.OCSP_STATUS, "the responder does not know the certificate")
    _judge_time(said, responder, gen_time, now, timedelta(seconds=skew_s))


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer that could be read whole; `subject` is its CertID: digest function, hashes of the issuer's name and key, serial."""

    parsed: ocsp.OCSPResponse
    status: ocsp.OCSPCertStatus
    subject: tuple[hashes.HashAlgorithm, bytes, bytes, int]
    revoked_since: datetime | None
    reason: x509.ReasonFlags | None
    this_update: datetime
    next_update: datetime | None
    produced_at: datetime
    certificates: tuple[Certificate, ...]
    algorithm: Algorithm


def _load(encoded: bytes) -> _Answer:
    if len(encoded) > MAX_BYTES:
        raise TimestampRefused(Reason.TOO_LARGE, f"an OCSP answer of {len(encoded)} bytes")
    try:
        parsed = ocsp.load_der_ocsp_response(encoded)
        if parsed.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise TimestampRefused(Reason.OCSP_STATUS, f"the responder says {parsed.response_status.name.lower()}")
        singles = list(parsed.responses)
        # SPEC: RFC 6960 4.1.1: one answer for each certificate in the request, and one was asked about.
        if len(singles) != 1:
            raise TimestampRefused(Reason.OCSP_CERTIFICATE, f"{len(singles)} answers, where one was asked for")
        return _read(parsed, singles[0], _algorithm(encoded))
    except UNREADABLE as error:
        raise TimestampRefused(Reason.OCSP_MALFORMED, "an OCSP answer cannot be read") from error


def _read(parsed: ocsp.OCSPResponse, single: ocsp.OCSPSingleResponse, algorithm: Algorithm) -> _Answer:
    since = single.revocation_time_utc
    for extension in (*parsed.extensions, *parsed.single_extensions):
        if extension.critical:
            raise TimestampRefused(Reason.CRITICAL_EXTENSION, f"an OCSP answer with the critical extension {extension.oid.dotted_string}")
        if since is not None and isinstance(extension.value, x509.InvalidityDate):
            # SPEC: RFC 6960 4.4.5, RFC 5280 5.3.2: the key may have been lost before that was written down; the earlier date counts.
            since = min(since, extension.value.invalidity_date_utc)
    return _Answer(
        parsed=parsed,
        status=single.certificate_status,
        subject=(single.hash_algorithm, single.issuer_name_hash, single.issuer_key_hash, single.serial_number),
        revoked_since=since,
        reason=single.revocation_reason,
        this_update=single.this_update_utc,
        next_update=single.next_update_utc,
        produced_at=parsed.produced_at_utc,
        certificates=load_readable(certificate.public_bytes(Encoding.DER) for certificate in parsed.certificates),
        algorithm=algorithm,
    )


def _algorithm(encoded: bytes) -> Algorithm:
    """How the answer is signed, with the parameters that the library does not give; `encoded` was read by it."""
    # SPEC: RFC 6960 4.2.1: OCSPResponse { status, [0] { type, OCTET STRING { tbs, signatureAlgorithm, signature, certs } } }
    wrapped = parse(encoded).children[1].children[0].children[1].content
    assert isinstance(wrapped, bytes)
    return Algorithm.of(schema.decode(schema.ALGORITHM_IDENTIFIER, encode(parse(wrapped).children[1]), "the signature algorithm"))


def _judge_subject(said: _Answer, signer: Certificate, issuer: Certificate) -> None:
    digest, name_hash, key_hash, serial = said.subject
    asked = ocsp.OCSPRequestBuilder().add_certificate(signer.parsed, issuer.parsed, digest).build()
    # SPEC: RFC 6960 3.2 (1): the certificate in the answer is the one that was asked about. A serial alone is another issuer's, too.
    if (name_hash, key_hash, serial) != (asked.issuer_name_hash, asked.issuer_key_hash, asked.serial_number):
        raise TimestampRefused(Reason.OCSP_CERTIFICATE, f"the answer is not about {signer.title()}")


def _find_responder(said: _Answer, issuer: Certificate) -> Certificate:
    """The issuer, or its delegate: whoever's key signed the answer."""
    digest = signature_digest(said.algorithm, "an OCSP answer")
    for candidate in (issuer, *said.certificates):
        try:
            verify_signature(
                candidate.key(), pss_only=candidate.pss_only, algorithm=said.algorithm, digest=digest,
                signature=said.parsed.signature, message=said.parsed.tbs_response_bytes,
            )  # fmt: skip
        except TimestampRefused:
            continue
        if candidate is not issuer:
            _judge_delegate(candidate, issuer, said.produced_at)
        return candidate
    raise TimestampRefused(Reason.OCSP_SIGNATURE, "an OCSP answer is signed neither by the issuer nor by a certificate inside")


def _judge_delegate(certificate: Certificate, issuer: Certificate, at: datetime) -> None:
    try:
        # SPEC: RFC 6960 4.2.2.2: "issued directly by the CA that is identified in the request"; without that anyone could be one.
        verify_link(certificate, issuer)
        judge_validity(certificate, at)
        judge_critical_extensions(certificate)
    except TimestampRefused as refused:
        raise TimestampRefused(Reason.OCSP_RESPONDER, str(refused)) from refused
    usage = find_extension(certificate.extensions, x509.ExtendedKeyUsage)
    # SPEC: RFC 6960 4.2.2.2: id-kp-OCSPSigning itself, which no other purpose implies: every certificate of the issuer could answer else.
    if usage is None or ExtendedKeyUsageOID.OCSP_SIGNING not in usage.value:
        raise TimestampRefused(Reason.OCSP_RESPONDER, f"{certificate.title()} is not certified to sign OCSP answers")


def _judge_time(said: _Answer, responder: Certificate, gen_time: datetime, now: datetime | None, skew: timedelta) -> None:
    # SPEC: RFC 6960 4.2.2.1: without nextUpdate newer information is there at all times, so an older answer says nothing about genTime.
    current = said.next_update >= gen_time if said.next_update is not None else said.this_update + skew >= gen_time
    # A delegate's key whose certificate had ended by then is watched by nobody: it could be made to say anything about an earlier time.
    if not current or responder.valid_until < gen_time:
        raise TimestampRefused(Reason.OCSP_STALE, "an OCSP answer ends before genTime and says nothing about it")
    if now is not None and max(said.this_update, said.produced_at) > now + skew:
        raise TimestampRefused(Reason.OCSP_AHEAD, "an OCSP answer is ahead of our clock")
