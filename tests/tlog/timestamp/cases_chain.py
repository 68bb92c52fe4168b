"""Forgeries of certificates: the signer's purpose, authorities that are none, periods, strength, and chains that lead nowhere."""
from __future__ import annotations

import functools
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding
from cryptography.x509.oid import ExtendedKeyUsageOID

from sandbox.tsa import der
from tests.tlog.timestamp.cases import Case, each, hostile
from tests.tlog.timestamp.factory import RSA_PSS, Recipe, pss_parameters, signed_by
from tests.tlog.timestamp.pki import (
    CERTIFIES,
    PKI,
    SIGNS,
    STAMPED_AT,
    TIME_STAMPING,
    VALID_FROM,
    VALID_UNTIL,
    Extra,
    Holder,
    authority_extensions,
    ec_key,
    issue,
    key_usage,
    resign,
    rsa_key,
    spoil_signature,
    tsa_extensions,
)
from tlog.timestamp import Reason

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
EXPIRED = VALID_FROM, STAMPED_AT - SECOND
NOT_YET = STAMPED_AT + SECOND, VALID_UNTIL
SHA1_WITH_RSA, MD5_WITH_RSA = der.algorithm("1.2.840.113549.1.1.5", der.NULL), der.algorithm("1.2.840.113549.1.1.4", der.NULL)
UNKNOWN = Extra(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), critical=True)


def under(extensions: Iterable[Extra], valid: tuple[datetime, datetime] = (VALID_FROM, VALID_UNTIL), **parts: Any) -> Case:
    """Make a token of a TSA whose certificate has these extensions."""
    return signed_by(issue("Odd TSA", PKI.intermediate, extensions=extensions, valid=valid, **parts), PKI.intermediate)


def over(extensions: Iterable[Extra], **parts: Any) -> Case:
    """Make a token of a right TSA under an intermediate with these extensions."""
    between = issue("Odd Intermediate", PKI.root, extensions=extensions, **parts)
    return signed_by(issue("TSA of an odd one", between, extensions=tsa_extensions()), between)


def under_root(root: Holder) -> Case:
    return signed_by(issue("TSA right under a root", root, extensions=tsa_extensions()), roots=(root,))


def usage(*purposes: x509.ObjectIdentifier, critical: bool = True) -> tuple[Extra, ...]:
    return tsa_extensions(purposes, critical=critical)


def purpose_only_above() -> Case:
    above = (*authority_extensions(), Extra(x509.ExtendedKeyUsage(TIME_STAMPING), critical=True))
    between = issue("Purposeful Intermediate", PKI.root, extensions=above)
    tsa = issue("Purposeless TSA", between, extensions=tsa_extensions([ExtendedKeyUsageOID.CODE_SIGNING]))
    return signed_by(tsa, between)


def by_another_tsa() -> Case:
    return signed_by(issue("TSA by a TSA", PKI.tsa, extensions=tsa_extensions()), PKI.tsa, PKI.intermediate)


# The signer's certificate

each(Reason.EXTENDED_KEY_USAGE, {
    "signer without extended key usage": lambda: under([Extra(SIGNS, critical=True)]),
    "signer whose extended key usage is not critical": lambda: under(usage(*TIME_STAMPING, critical=False)),
    "signer with a purpose more": lambda: under(usage(*TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING)),
    "signer with the purpose twice": lambda: under(usage(*TIME_STAMPING, *TIME_STAMPING)),
    "signer with any purpose": lambda: under(usage(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)),
    "signer for TLS servers": lambda: under(usage(ExtendedKeyUsageOID.SERVER_AUTH)),
    "purpose only in the authority's certificate": purpose_only_above,
    "authority restricted to TLS servers": lambda: over(
        (*authority_extensions(), Extra(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=True))),
})  # fmt: skip

each(Reason.BASIC_CONSTRAINTS, {
    "signer that is an authority too": lambda: under(
        (*authority_extensions(usage=SIGNS), Extra(x509.ExtendedKeyUsage(TIME_STAMPING), critical=True))),
    "intermediate that says it is none": lambda: over(
        [Extra(x509.BasicConstraints(ca=False, path_length=None), critical=True), Extra(CERTIFIES, critical=True)]),
    "intermediate that does not say it is one": lambda: over([Extra(CERTIFIES, critical=True)]),
    "another TSA as intermediate": by_another_tsa,
    "root that does not say it is an authority": lambda: under_root(
        issue("Silent Root", None, extensions=[Extra(CERTIFIES, critical=True)])),
    "root of a version before extensions": lambda: under_root(issue("Ancient Root", None)),
})  # fmt: skip

each(Reason.KEY_USAGE, {
    "signer for encryption only": lambda: under(tsa_extensions(usage=key_usage("key_encipherment"))),
    "signer for encryption besides": lambda: under(tsa_extensions(usage=key_usage("digital_signature", "key_encipherment"))),
    "signer for certificates besides": lambda: under(tsa_extensions(usage=key_usage("digital_signature", "key_cert_sign"))),
    "intermediate that may not sign certificates": lambda: over(authority_extensions(usage=key_usage("digital_signature", "crl_sign"))),
    "root that may not sign certificates": lambda: under_root(
        issue("Idle Root", None, extensions=authority_extensions(usage=key_usage("crl_sign")))),
})  # fmt: skip

each(Reason.CRITICAL_EXTENSION, {
    "unknown critical extension in the signer's certificate": lambda: under((*tsa_extensions(), UNKNOWN)),
    "unknown critical extension in the intermediate": lambda: over((*authority_extensions(), UNKNOWN)),
    "unknown critical extension in the root": lambda: under_root(issue("Odd Root", None, extensions=(*authority_extensions(), UNKNOWN))),
    "critical name constraints in the intermediate": lambda: over((*authority_extensions(), Extra(
        x509.NameConstraints(None, [x509.DNSName("example")]), critical=True))),
    "critical policy constraints in the intermediate": lambda: over((*authority_extensions(), Extra(
        x509.PolicyConstraints(0, None), critical=True))),
})  # fmt: skip


# Periods


def two_expired() -> Case:
    """Two certificates of one authority, the second one expired long ago: the first failure is the one that is told."""
    first = issue("Twice Expired", PKI.root, valid=EXPIRED, extensions=authority_extensions())
    second = issue("Twice Expired", PKI.root, key=first.key, valid=(VALID_FROM, VALID_FROM + DAY), extensions=authority_extensions())
    return signed_by(issue("TSA of a twice expired one", first, extensions=tsa_extensions()), first, second)


each(Reason.EXPIRED, {
    "signer expired a second before": lambda: under(tsa_extensions(), EXPIRED),
    "intermediate expired": lambda: over(authority_extensions(), valid=EXPIRED),
    "both intermediates of that name expired": two_expired,
    "root expired": lambda: under_root(issue("Expired Root", None, valid=EXPIRED, extensions=authority_extensions())),
})  # fmt: skip

each(Reason.NOT_YET_VALID, {
    "signer valid a second later": lambda: under(tsa_extensions(), NOT_YET),
    "intermediate valid later": lambda: over(authority_extensions(), valid=NOT_YET),
    "root valid later": lambda: under_root(issue("Future Root", None, valid=NOT_YET, extensions=authority_extensions())),
})  # fmt: skip

# Strength


def weak_tsa(algorithm: bytes, digest: hashes.HashAlgorithm) -> Case:
    key = rsa_key("rsa root")
    tsa = resign(issue("Weakly signed TSA", PKI.rsa_root, extensions=tsa_extensions()), key, algorithm, digest)
    return signed_by(tsa, roots=(PKI.rsa_root,))


def weak_intermediate() -> Case:
    between = issue("Weakly signed Intermediate", PKI.rsa_root, extensions=authority_extensions())
    between = resign(between, rsa_key("rsa root"), SHA1_WITH_RSA, hashes.SHA1())
    return signed_by(issue("TSA of a weak one", between, extensions=tsa_extensions()), between, roots=(PKI.rsa_root,))


def pss_signed_tsa() -> Case:
    """Sign the TSA's certificate with PSS, SHA-256 and a mask by SHA-1."""
    pss = padding.PSS(padding.MGF1(hashes.SHA1()), 32)
    tsa = issue("TSA by PSS", PKI.rsa_root, extensions=tsa_extensions())
    algorithm = der.algorithm(RSA_PSS, pss_parameters(mask="sha1"))
    return signed_by(resign(tsa, rsa_key("rsa root"), algorithm, hashes.SHA256(), pss=pss), roots=(PKI.rsa_root,))


each(Reason.WEAK_DIGEST, {
    "signer's certificate signed with SHA-1": lambda: weak_tsa(SHA1_WITH_RSA, hashes.SHA1()),
    "signer's certificate signed with MD5": lambda: weak_tsa(MD5_WITH_RSA, hashes.MD5()),
    "intermediate signed with SHA-1": weak_intermediate,
    "signer's certificate signed with a PSS mask by SHA-1": pss_signed_tsa,
    "signer's certificate signed with SHA-224": lambda: weak_tsa(der.algorithm("1.2.840.113549.1.1.14", der.NULL), hashes.SHA224()),
})  # fmt: skip

each(Reason.WEAK_KEY, {
    "intermediate with RSA of 1,024 bits": lambda: over(authority_extensions(), key=rsa_key("weak intermediate", 1024)),
    "root with RSA of 1,024 bits": lambda: under_root(
        issue("Weak Root", None, key=rsa_key("weak root", 1024), extensions=authority_extensions())),
})  # fmt: skip


@hostile(Reason.ALGORITHM)
def signers_certificate_signed_with_an_unknown_algorithm() -> Case:
    tsa = issue("Oddly signed TSA", PKI.rsa_root, extensions=tsa_extensions())
    return signed_by(resign(tsa, rsa_key("rsa root"), der.algorithm("1.2.3.4"), hashes.SHA256()), roots=(PKI.rsa_root,))


@hostile(Reason.ALGORITHM)
def signers_certificate_signed_with_sha3() -> Case:
    tsa = issue("SHA-3 TSA", PKI.rsa_root, extensions=tsa_extensions())
    sha3 = der.algorithm("2.16.840.1.101.3.4.3.14", der.NULL)
    return signed_by(resign(tsa, rsa_key("rsa root"), sha3, hashes.SHA3_256()), roots=(PKI.rsa_root,))


@hostile(Reason.ALGORITHM)
def intermediate_with_a_key_of_ed25519() -> Case:
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    between = issue("Edwards Intermediate", PKI.root, public_key=public, extensions=authority_extensions())
    tsa = issue("TSA of an Edwards", between, extensions=tsa_extensions())
    return signed_by(tsa, between)


# Chains that lead nowhere


@functools.cache
def self_signed() -> Holder:
    return issue("TSA of its own", None, extensions=tsa_extensions())


def spoilt_tsa() -> Case:
    return signed_by(spoil_signature(PKI.tsa), PKI.intermediate)


def spoilt_intermediate() -> Case:
    return signed_by(PKI.tsa, spoil_signature(PKI.intermediate))


def with_lengths(root_length: int | None, between_length: int | None) -> Case:
    root = issue("Root with a length", None, extensions=authority_extensions(root_length))
    between = issue("Intermediate with a length", root, extensions=authority_extensions(between_length))
    return signed_by(issue("TSA at a length", between, extensions=tsa_extensions()), between, roots=(root,))


def with_two_intermediates() -> Case:
    upper = issue("Upper", PKI.root, extensions=authority_extensions(0))
    lower = issue("Lower", upper, extensions=authority_extensions())
    return signed_by(issue("TSA below Lower", lower, extensions=tsa_extensions()), lower, upper)


def nine_certificates() -> Case:
    chain = [PKI.root]
    for number in range(7):
        chain.append(issue(f"Step {number}", chain[-1], extensions=authority_extensions()))
    tsa = issue("TSA at the end of a long way", chain[-1], extensions=tsa_extensions())
    return signed_by(tsa, *chain[1:])


each(Reason.CHAIN, {
    "root of somebody else": lambda: Case(token=Recipe().token(), roots=(PKI.rsa_root.der,)),
    "intermediate missing": lambda: Recipe(certificates=(PKI.tsa.der,)).token(),
    "intermediate pinned instead of a root": lambda: Case(token=Recipe().token(), roots=(PKI.intermediate.der,)),
    "root given as an intermediate only": lambda: Case(token=Recipe().token(), roots=(PKI.rsa_root.der,), intermediates=(PKI.root.der,)),
    "root in the token only": lambda: Case(
        token=Recipe(certificates=tuple(sorted((PKI.tsa.der, PKI.intermediate.der, PKI.root.der)))).token(), roots=(PKI.rsa_root.der,)),
    "signer's certificate pinned": lambda: Case(token=Recipe(certificates=(PKI.tsa.der,)).token(), roots=(PKI.tsa.der,)),
    "signer that signed itself, unpinned": lambda: signed_by(self_signed()),
    "signer that signed itself, pinned": lambda: signed_by(self_signed(), roots=(self_signed(),)),
    "nine certificates": nine_certificates,
})  # fmt: skip

each(Reason.ROOTS, {
    "no roots": lambda: Case(token=Recipe().token(), roots=()),
    "root that cannot be read": lambda: Case(token=Recipe().token(), roots=(b"root",)),
})  # fmt: skip

each(Reason.CHAIN_SIGNATURE, {
    "signer's certificate with a broken signature": spoilt_tsa,
    "intermediate with a broken signature": spoilt_intermediate,
    "root of the same name with another key": lambda: Case(
        token=Recipe().token(), roots=(issue("Test Root", None, key=ec_key("impostor"), extensions=authority_extensions()).der,)),
    "signer's certificate by somebody who uses the issuer's name": lambda: under(tsa_extensions(), signed_by=ec_key("impostor")),
    "signer's certificate by a key of another kind": lambda: under(tsa_extensions(), signed_by=rsa_key("impostor")),
})  # fmt: skip

each(Reason.PATH_LENGTH, {
    "root that allows no intermediate": lambda: with_lengths(0, None),
    "intermediate that allows none under it": with_two_intermediates,
})  # fmt: skip
