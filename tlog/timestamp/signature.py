"""Finds the signer's certificate and verifies what the signer signed: the attributes, and through them the content.

Source: RFC 5652 sections 5.4, 5.6, 11.1, 11.2; RFC 5035 sections 3 to 5; RFC 5816 (ESSCertIDv2 in timestamps).
"""
from __future__ import annotations

import hashlib
from collections.abc import Iterable
from hmac import compare_digest
from typing import Any

from cryptography import x509

from tlog.timestamp import schema
from tlog.timestamp.algorithms import strong_digest, verify_signature
from tlog.timestamp.ber import MAX_BYTES, content_of
from tlog.timestamp.certificates import UNREADABLE, Certificate
from tlog.timestamp.cms import ID_TST_INFO, Algorithm, Signer, UnverifiedToken
from tlog.timestamp.reasons import Reason, TimestampRefused

_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
_DIRECTORY_NAME = b"\xa4"


def verify_signer(token: UnverifiedToken, candidates: Iterable[Certificate]) -> Certificate:
    """Give the certificate of the signer, after verifying the attributes and the signature with its key.

    The certificate's purpose and chain are not judged here. Raises: TimestampRefused.
    """
    signer = token.signer
    certificate = _find_certificate(signer, candidates)
    digest = strong_digest(signer.digest, "the signer's digest algorithm")
    # SPEC: RFC 5652 11.1: the content type attribute is present and equals eContentType.
    if _single(signer, _CONTENT_TYPE, Reason.CONTENT_TYPE_ATTRIBUTE) != schema.encode_oid(ID_TST_INFO):
        raise TimestampRefused(Reason.CONTENT_TYPE_ATTRIBUTE, "the content type that was signed is not id-ct-TSTInfo")
    # SPEC: RFC 5652 11.2, 5.4: the message digest attribute is the digest of the content's octets.
    signed = schema.decode(schema.OCTETS, _single(signer, _MESSAGE_DIGEST, Reason.MESSAGE_DIGEST), "the message digest attribute")
    if not compare_digest(bytes(signed), digest(token.content)):
        raise TimestampRefused(Reason.MESSAGE_DIGEST, "the digest that was signed is not that of the content")
    verify_signature(
        certificate.key(),
        pss_only=certificate.pss_only,
        algorithm=signer.algorithm,
        digest=digest,
        signature=signer.signature,
        message=signer.signed_bytes,
    )
    return certificate


def _find_certificate(signer: Signer, candidates: Iterable[Certificate]) -> Certificate:
    issuer = parse_name(signer.issuer)
    named = [c for c in candidates if c.serial == signer.serial and c.issuer == issuer]
    # SPEC: RFC 5652 5.3: sid names the signer's certificate, which must be at hand.
    if not named:
        raise TimestampRefused(Reason.SIGNER_CERTIFICATE, "the certificate that the signer names is neither in the token nor given")
    # SPEC: RFC 5035 3: the attribute binds the certificate itself, so that another with the same key or the same name cannot replace it.
    identified = [certificate for certificate in named if _identifies(signer, certificate)]
    if not identified:
        raise TimestampRefused(Reason.ESS_CERT_ID, "the signed attributes identify another certificate than the signer's")
    return identified[0]


def _identifies(signer: Signer, certificate: Certificate) -> bool:
    versions = [(name, v2) for name, v2 in ((_SIGNING_CERTIFICATE, False), (_SIGNING_CERTIFICATE_V2, True)) if name in signer.attributes]
    # SPEC: RFC 3161 2.4.2 with RFC 5816 2.2.1: SigningCertificate or SigningCertificateV2 is a signed attribute; if both are, both hold.
    if not versions:
        raise TimestampRefused(Reason.ESS_CERT_ID, "no ESSCertID or ESSCertIDv2 among the signed attributes")
    return all(_matches(_single(signer, name, Reason.ESS_CERT_ID), certificate, v2=v2) for name, v2 in versions)


def _matches(value: bytes, certificate: Certificate, *, v2: bool) -> bool:
    attribute = schema.decode(schema.SIGNING_CERTIFICATE, value, "the signing certificate attribute")
    if not len(attribute["certs"]):
        raise TimestampRefused(Reason.ESS_CERT_ID, "the signing certificate attribute is empty")
    # SPEC: RFC 5035 3, 5: the first identifier is the signer's; later ones limit authorisations and are not asked for here.
    first = bytes(attribute["certs"][0])
    identifier = schema.decode(schema.ESS_CERT_ID_V2 if v2 else schema.ESS_CERT_ID, first, "the certificate identifier")
    fingerprint = _fingerprint_v2(identifier, certificate) if v2 else hashlib.sha1(certificate.der, usedforsecurity=False).digest()
    return compare_digest(bytes(identifier["certHash"]), fingerprint) and _names_issuer(identifier["issuerSerial"], certificate)


def _fingerprint_v2(identifier: Any, certificate: Certificate) -> bytes:
    # SPEC: RFC 5035 4: the default hash algorithm is SHA-256.
    if not identifier["hashAlgorithm"].isValue:
        return hashlib.sha256(certificate.der).digest()
    return strong_digest(Algorithm.of(identifier["hashAlgorithm"]), "ESSCertIDv2")(certificate.der)


def _names_issuer(issuer_serial: Any, certificate: Certificate) -> bool:
    if not issuer_serial.isValue:
        return True
    # SPEC: RFC 5035 5: issuer holds only the issuer's name, as a directoryName.
    names = [bytes(name) for name in issuer_serial["issuer"]]
    if len(names) != 1 or names[0][:1] != _DIRECTORY_NAME:
        return False
    return parse_name(content_of(names[0])) == certificate.issuer and int(issuer_serial["serialNumber"]) == certificate.serial


def parse_name(encoded: bytes) -> x509.Name:
    """Read an encoded distinguished name. Raises: TimestampRefused (malformed)."""
    assert len(encoded) <= MAX_BYTES
    try:
        return x509.Name.from_bytes(encoded)
    except UNREADABLE as error:
        raise TimestampRefused(Reason.MALFORMED, "a distinguished name cannot be read") from error


def _single(signer: Signer, name: str, reason: Reason) -> bytes:
    # SPEC: RFC 5652 11.1, 11.2 and RFC 5035 3: these attributes are signed and have exactly one value.
    values = signer.attributes.get(name, ())
    if len(values) != 1:
        raise TimestampRefused(reason, f"the signed attribute {name} has {len(values)} values, not one")
    return values[0]
