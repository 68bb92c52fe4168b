"""One certificate: reading it whole, and judging it as the signer's or as an authority's of the chain.

Nothing is judged about a certificate's own signature here; that is the chain's business. Policies and name constraints are not
processed: a certificate that marks them critical as constraints is refused. Source: RFC 5280 section 4.2, RFC 3161 section 2.3.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from tlog.timestamp.algorithms import RSA_PSS, PublicKey, strong_key
from tlog.timestamp.ber import encode, parse
from tlog.timestamp.reasons import Reason, TimestampRefused

# What the library raises when a certificate, a list, a name or a key cannot be read. Oddities that it still reads, such as a country of
# three letters, are warnings; a program that turns warnings into errors gets them here as errors.
UNREADABLE = (
    ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
    UserWarning,
)  # fmt: skip

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)

# SPEC: RFC 5280 4.2: a critical extension that is not processed makes the certificate unusable. These are processed, or, as the policies
# and the alternative names, restrict nothing that is asked here.
_PROCESSED = frozenset({
    ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.CERTIFICATE_POLICIES, ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
})  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """A certificate that could be read whole.

    `alternatives` are the subject's alternative names, each an encoded GeneralName; before version 3 there are no extensions.
    """

    der: bytes
    parsed: x509.Certificate
    subject: x509.Name
    issuer: x509.Name
    serial: int
    valid_from: datetime
    valid_until: datetime
    extensions: x509.Extensions
    alternatives: tuple[bytes, ...]

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer are the same name; says nothing about the signature."""
        return self.subject == self.issuer

    @property
    def pss_only(self) -> bool:
        """Whether the key is bound to RSASSA-PSS."""
        return self.parsed.public_key_algorithm_oid.dotted_string == RSA_PSS

    def key(self) -> PublicKey:
        """Give the public key. Raises: TimestampRefused (weak-key, algorithm)."""
        try:
            key = self.parsed.public_key()
        except UNREADABLE as error:
            raise TimestampRefused(Reason.ALGORITHM, f"the key of {self.title()} cannot be read") from error
        return strong_key(key, self.title())

    def title(self) -> str:
        """Name the certificate in a refusal."""
        return repr(self.subject.rfc4514_string()[:200])


def load_certificate(der: bytes) -> Certificate:
    """Read a DER certificate with everything that is asked of it later: the library reads lazily, and fails then.

    Raises: TimestampRefused (malformed).
    """
    try:
        parsed = x509.load_der_x509_certificate(der)
        certificate = Certificate(
            der=der,
            parsed=parsed,
            subject=parsed.subject,
            issuer=parsed.issuer,
            serial=parsed.serial_number,
            valid_from=parsed.not_valid_before_utc,
            valid_until=parsed.not_valid_after_utc,
            extensions=parsed.extensions,
            alternatives=_alternatives(parsed.extensions),
        )
        # SPEC: RFC 5280 4.1.2.2: a serial number is positive. The library still lets others pass, with a warning.
        if certificate.serial <= 0:
            raise ValueError("a serial number that is not positive")
    except UNREADABLE as error:
        raise TimestampRefused(Reason.MALFORMED, "a certificate cannot be read") from error
    return certificate


def load_readable(encodings: Iterable[bytes]) -> tuple[Certificate, ...]:
    """Read those certificates that can be read: a bag may hold anything, and what is needed from it will be missed."""
    found = []
    for der in dict.fromkeys(encodings):
        try:
            found.append(load_certificate(der))
        except TimestampRefused:
            continue
    return tuple(found)


def judge_validity(certificate: Certificate, at: datetime) -> None:
    """Judge the certificate's period at `at`. Raises: TimestampRefused (not-yet-valid, expired)."""
    if at < certificate.valid_from:
        raise TimestampRefused(Reason.NOT_YET_VALID, f"{certificate.title()} was not valid yet at genTime")
    if at > certificate.valid_until:
        raise TimestampRefused(Reason.EXPIRED, f"{certificate.title()} had expired at genTime")


def judge_critical_extensions(certificate: Certificate) -> None:
    """Refuse a critical extension that nothing here processes. Raises: TimestampRefused (critical-extension)."""
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in _PROCESSED:
            detail = f"{extension.oid.dotted_string} in {certificate.title()} is not processed here"
            raise TimestampRefused(Reason.CRITICAL_EXTENSION, detail)


def judge_signer(certificate: Certificate, at: datetime) -> None:
    """Judge a certificate as that of a timestamping authority's signing key. Raises: TimestampRefused."""
    judge_validity(certificate, at)
    judge_critical_extensions(certificate)
    usage = find_extension(certificate.extensions, x509.ExtendedKeyUsage)
    # SPEC: RFC 3161 2.3: the certificate has exactly one extended key usage, id-kp-timeStamping, and the extension is critical.
    if usage is None or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING] or not usage.critical:
        raise TimestampRefused(Reason.EXTENDED_KEY_USAGE, "the signer's extended key usage is not timeStamping alone and critical")
    constraints = find_extension(certificate.extensions, x509.BasicConstraints)
    # SPEC: RFC 3161 2.3: the key is reserved for timestamps; a CA certificate says that it signs certificates.
    if constraints is not None and constraints.value.ca:
        raise TimestampRefused(Reason.BASIC_CONSTRAINTS, "the signer's certificate is that of a certification authority")
    bits = find_extension(certificate.extensions, x509.KeyUsage)
    # SPEC: RFC 5280 4.2.1.12: consistent with timeStamping are digitalSignature and nonRepudiation, and no other bit.
    if bits is not None and not _signs_only(bits.value):
        raise TimestampRefused(Reason.KEY_USAGE, "the signer's key usage is not digitalSignature and nonRepudiation, or one of them")


def judge_authority(certificate: Certificate, at: datetime, below: int) -> None:
    """Judge a certificate as that of a certification authority with `below` intermediates under it. Raises: TimestampRefused."""
    judge_validity(certificate, at)
    judge_critical_extensions(certificate)
    constraints = find_extension(certificate.extensions, x509.BasicConstraints)
    # SPEC: RFC 5280 6.1.4 (k): basicConstraints is present and says cA.
    if constraints is None or not constraints.value.ca:
        raise TimestampRefused(Reason.BASIC_CONSTRAINTS, f"{certificate.title()} is no certification authority")
    # SPEC: RFC 5280 6.1.4 (m): at most pathLenConstraint intermediates, self-issued ones not counted, stand under it.
    limit = constraints.value.path_length
    if limit is not None and below > limit:
        raise TimestampRefused(Reason.PATH_LENGTH, f"{certificate.title()} allows {limit} authorities under it, {below} are there")
    bits = find_extension(certificate.extensions, x509.KeyUsage)
    # SPEC: RFC 5280 6.1.4 (n): keyUsage, if present, has keyCertSign.
    if bits is not None and not bits.value.key_cert_sign:
        raise TimestampRefused(Reason.KEY_USAGE, f"{certificate.title()} may not sign certificates")
    usage = find_extension(certificate.extensions, x509.ExtendedKeyUsage)
    # An authority that is restricted to other purposes, such as TLS servers, cannot lend a purpose that it does not have.
    allowed = (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    if usage is not None and not any(purpose in usage.value for purpose in allowed):
        raise TimestampRefused(Reason.EXTENDED_KEY_USAGE, f"{certificate.title()} is restricted to purposes other than timestamps")


def may_sign_revocation_lists(certificate: Certificate) -> bool:
    """Whether keyUsage allows CRLs: cRLSign, or no keyUsage at all."""
    bits = find_extension(certificate.extensions, x509.KeyUsage)
    return bits is None or bits.value.crl_sign


def _signs_only(bits: x509.KeyUsage) -> bool:
    others = (bits.key_encipherment, bits.data_encipherment, bits.key_agreement, bits.key_cert_sign, bits.crl_sign)
    return (bits.digital_signature or bits.content_commitment) and not any(others)


def _alternatives(extensions: x509.Extensions) -> tuple[bytes, ...]:
    found = find_extension(extensions, x509.SubjectAlternativeName)
    return tuple(encode(name) for name in parse(found.value.public_bytes()).children) if found else ()


def find_extension(extensions: x509.Extensions, kind: type[_Kind]) -> x509.Extension[_Kind] | None:
    """Give the extension of this kind, None without one."""
    try:
        return extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None
