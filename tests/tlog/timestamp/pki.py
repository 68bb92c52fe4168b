"""The tests' own certificates: issues any certificate, right or wrong, and keeps the usual hierarchy and its keys for the session.

`issue` makes what its arguments say. `Pki` is the hierarchy that most tokens rest on: a root, an intermediate, a TSA; keys are made once.
"""
from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.tsa import der
from tlog.timestamp import ber

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
STAMPED_AT = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)
VALID_FROM, VALID_UNTIL = datetime(2024, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
TIME_STAMPING = (ExtendedKeyUsageOID.TIME_STAMPING,)
_SERIALS = count(1000)


def name(common_name: str) -> x509.Name:
    return x509.Name([
        x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "测试机构"),
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
    ])


@functools.cache
def ec_key(label: str) -> ec.EllipticCurvePrivateKey:
    """Give the session's P-256 key of that label."""
    del label
    return ec.generate_private_key(ec.SECP256R1())


@functools.cache
def rsa_key(label: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Give the session's RSA key of that label."""
    del label
    return rsa.generate_private_key(65537, bits)


def key_usage(*bits: str) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
        "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{bit: bit in bits for bit in names})


SIGNS = key_usage("digital_signature", "content_commitment")
CERTIFIES = key_usage("key_cert_sign", "crl_sign")


@dataclass(frozen=True, slots=True)
class Holder:
    """A certificate with its private key; `der` and `subject` are the certificate's."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def subject(self) -> x509.Name:
        return self.certificate.subject


@dataclass(frozen=True, slots=True)
class Extra:
    """An extension to add."""

    value: x509.ExtensionType
    critical: bool = False


def issue(
    subject: str | x509.Name,
    issuer: Holder | None,
    *,
    key: PrivateKey | None = None,
    public_key: CertificatePublicKeyTypes | None = None,
    serial: int | None = None,
    valid: tuple[datetime, datetime] = (VALID_FROM, VALID_UNTIL),
    extensions: Iterable[Extra] = (),
    signed_by: PrivateKey | None = None,
    digest: hashes.SHA256 | hashes.SHA512 | None = None,
    pss: padding.PSS | None = None,
) -> Holder:
    """Issue a certificate with exactly these extensions; without an issuer it is self-signed. `signed_by` replaces the issuer's key."""
    subject = name(subject) if isinstance(subject, str) else subject
    key = key or ec_key(subject.rfc4514_string())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(public_key or key.public_key())
        .serial_number(serial or next(_SERIALS))
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
    )
    for extra in extensions:
        builder = builder.add_extension(extra.value, critical=extra.critical)
    signer = signed_by or (issuer.key if issuer else key)
    return Holder(builder.sign(signer, digest or hashes.SHA256(), rsa_padding=pss), key)


def authority_extensions(path_length: int | None = None, usage: x509.KeyUsage = CERTIFIES) -> tuple[Extra, ...]:
    return (Extra(x509.BasicConstraints(ca=True, path_length=path_length), critical=True), Extra(usage, critical=True))


def tsa_extensions(
    purposes: Iterable[x509.ObjectIdentifier] = TIME_STAMPING, *, critical: bool = True, usage: x509.KeyUsage = SIGNS
) -> tuple[Extra, ...]:
    return (
        Extra(x509.BasicConstraints(ca=False, path_length=None), critical=True),
        Extra(usage, critical=True),
        Extra(x509.ExtendedKeyUsage(list(purposes)), critical=critical),
    )


def resign(
    holder: Holder,
    issuer_key: rsa.RSAPrivateKey,
    algorithm: bytes,
    digest: hashes.HashAlgorithm,
    *,
    pss: padding.PSS | None = None,
    key_algorithm: bytes | None = None,
) -> Holder:
    """Give the same certificate signed with an algorithm that the library refuses to issue with, or naming another one for its key."""
    tbs, *_ = ber.parse(holder.der).children
    fields = [ber.encode(field) for field in tbs.children]
    fields[2] = algorithm
    if key_algorithm is not None:
        fields[6] = der.sequence(key_algorithm, ber.encode(tbs.children[6].children[1]))
    signed = der.sequence(*fields)
    signature = issuer_key.sign(signed, pss or padding.PKCS1v15(), digest)
    encoded = der.sequence(signed, algorithm, der.element(0x03, b"\x00" + signature))
    return Holder(x509.load_der_x509_certificate(encoded), holder.key)


def spoil_signature(holder: Holder) -> Holder:
    """Give the same certificate with the last bit of its signature flipped."""
    encoded = bytearray(holder.der)
    encoded[-1] ^= 1
    return Holder(x509.load_der_x509_certificate(bytes(encoded)), holder.key)


class Pki:
    """The usual hierarchy, made on first use."""

    @functools.cached_property
    def root(self) -> Holder:
        return issue("Test Root", None, extensions=authority_extensions())

    @functools.cached_property
    def intermediate(self) -> Holder:
        return issue("Test Intermediate", self.root, extensions=authority_extensions())

    @functools.cached_property
    def tsa(self) -> Holder:
        return issue("Test TSA", self.intermediate, extensions=tsa_extensions())

    @functools.cached_property
    def rsa_root(self) -> Holder:
        return issue("Test RSA Root", None, key=rsa_key("rsa root"), extensions=authority_extensions())

    @functools.cached_property
    def rsa_tsa(self) -> Holder:
        return issue("Test RSA TSA", self.rsa_root, key=rsa_key("rsa tsa"), extensions=tsa_extensions())


PKI = Pki()
