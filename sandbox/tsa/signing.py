"""Writes timestamp tokens and responses: the pieces of RFC 3161 and CMS, and their usual composition.

The pieces take encoded parts and check nothing, so that a test can put a wrong part in one place and leave the rest right.
Source: RFC 3161 section 2.4.2, RFC 5652 section 5, RFC 5035 section 3.
"""
from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.tsa import der

ID_SIGNED_DATA = "1.2.840.113549.1.7.2"
ID_TST_INFO = "1.2.840.113549.1.9.16.1.4"
ID_CONTENT_TYPE = "1.2.840.113549.1.9.3"
ID_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
ID_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
SHA256 = der.algorithm("2.16.840.1.101.3.4.2.1")
ECDSA_WITH_SHA256 = der.algorithm("1.2.840.10045.4.3.2")
REJECTION = 2


@dataclass(frozen=True, slots=True)
class Identity:
    """A key, its certificate, and the certificates above it that go into tokens."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()


def certificate_der(certificate: x509.Certificate) -> bytes:
    """Encode a certificate."""
    return certificate.public_bytes(serialization.Encoding.DER)


def imprint(digest: bytes, algorithm: bytes = SHA256) -> bytes:
    """MessageImprint."""
    return der.sequence(algorithm, der.octets(digest))


def tst_info(*, policy: str, message_imprint: bytes, serial: int, gen_time: datetime, nonce: int | None, tsa: x509.Name) -> bytes:
    """TSTInfo of version 1 with an accuracy of one second and the authority's name."""
    return der.sequence(
        der.integer(1),
        der.oid(policy),
        message_imprint,
        der.integer(serial),
        der.generalized_time(gen_time),
        der.sequence(der.integer(1)),
        b"" if nonce is None else der.integer(nonce),
        der.explicit(0, der.explicit(4, tsa.public_bytes())),
    )


def attribute(name: str, *values: bytes) -> bytes:
    """Attribute with encoded values."""
    return der.sequence(der.oid(name), der.set_of(*values))


def signing_certificate_v2(certificate: x509.Certificate) -> bytes:
    """SigningCertificateV2 attribute with the default digest, SHA-256."""
    identifier = der.sequence(der.octets(hashlib.sha256(certificate_der(certificate)).digest()))
    return attribute(ID_SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(identifier)))


def issuer_and_serial(certificate: x509.Certificate) -> bytes:
    """IssuerAndSerialNumber of a certificate."""
    return der.sequence(certificate.issuer.public_bytes(), der.integer(certificate.serial_number))


def signed_attributes(content: bytes, certificate: x509.Certificate) -> tuple[bytes, ...]:
    """Give the three attributes that a token needs."""
    return (
        attribute(ID_CONTENT_TYPE, der.oid(ID_TST_INFO)),
        attribute(ID_MESSAGE_DIGEST, der.octets(hashlib.sha256(content).digest())),
        signing_certificate_v2(certificate),
    )


def signer_info(*, sid: bytes, digest: bytes, attributes: tuple[bytes, ...], algorithm: bytes, signature: bytes) -> bytes:
    """SignerInfo of version 1; the attributes stand in the order given."""
    signed = der.explicit(0, b"".join(attributes)) if attributes else b""
    return der.sequence(der.integer(1), sid, digest, signed, algorithm, der.octets(signature))


def signed_data(*, content: bytes, certificates: tuple[bytes, ...], signers: tuple[bytes, ...], digest: bytes = SHA256) -> bytes:
    """SignedData of version 3 around a TSTInfo; the certificates stand in the order given, which DER wants sorted."""
    bag = der.explicit(0, b"".join(certificates)) if certificates else b""
    inner = der.sequence(der.oid(ID_TST_INFO), der.explicit(0, der.octets(content)))
    return der.sequence(der.integer(3), der.set_of(digest), inner, bag, der.set_of(*signers))


def content_info(data: bytes) -> bytes:
    """ContentInfo around SignedData: the token."""
    return der.sequence(der.oid(ID_SIGNED_DATA), der.explicit(0, data))


def sign_token(content: bytes, identity: Identity, *, with_certificates: bool) -> bytes:
    """Sign an encoded TSTInfo with ECDSA and SHA-256: the whole token."""
    attributes = tuple(sorted(signed_attributes(content, identity.certificate)))
    signature = identity.key.sign(der.set_of(*attributes), ec.ECDSA(hashes.SHA256()))
    signer = signer_info(
        sid=issuer_and_serial(identity.certificate),
        digest=SHA256,
        attributes=attributes,
        algorithm=ECDSA_WITH_SHA256,
        signature=signature,
    )
    bag = (identity.certificate, *identity.chain) if with_certificates else ()
    return content_info(signed_data(content=content, certificates=tuple(sorted(map(certificate_der, bag))), signers=(signer,)))


def granted(token: bytes) -> bytes:
    """TimeStampResp with status granted."""
    return der.sequence(der.sequence(der.integer(0)), token)


def rejected(text: str, failure_bit: int) -> bytes:
    """TimeStampResp with status rejection, a text and one bit of PKIFailureInfo."""
    size = failure_bit // 8 + 1
    bits = (0x80 >> failure_bit % 8).to_bytes(1, "big").rjust(size, b"\x00")
    failure = der.element(0x03, bytes([7 - failure_bit % 8]) + bits)
    return der.sequence(der.sequence(der.integer(REJECTION), der.sequence(der.utf8(text)), failure))
