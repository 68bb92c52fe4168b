"""Forgeries of what the signer signs and how: attributes, certificate identifiers, algorithms, keys, the signature itself."""
from __future__ import annotations

import hashlib
from itertools import count

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa

from sandbox.tsa import der, signing
from sandbox.tsa.signing import ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SIGNING_CERTIFICATE_V2, ID_TST_INFO
from tests.tlog.timestamp.cases import Case, each, hostile
from tests.tlog.timestamp.factory import (
    DIGEST_OIDS,
    ECDSA,
    ID_SIGNING_CERTIFICATE,
    MGF1,
    RSA,
    RSA_PSS,
    Recipe,
    digest_algorithm,
    ess_v1,
    ess_v2,
    issuer_serial,
    issuer_serial_of,
    pss_parameters,
    signed_by,
    signing_certificate,
)
from tests.tlog.timestamp.pki import PKI, Holder, ec_key, issue, name, resign, rsa_key, tsa_extensions
from tlog.timestamp import Reason

CONTENT_TYPE = Recipe().content_type_attribute()


def attributes(*, instead_of: str = "", sent: tuple[bytes, ...] = ()) -> bytes:
    """Make a token whose attribute of that type is replaced by `sent`, and signed so."""
    kept = [attribute for attribute in Recipe().signed_attributes() if not (instead_of and der.oid(instead_of) in attribute[:16])]
    return Recipe(attributes=tuple(sorted((*kept, *sent)))).token()


def identified(*identifiers: bytes, version: str = ID_SIGNING_CERTIFICATE_V2) -> bytes:
    return Recipe(ess=(signing_certificate(version, *identifiers),)).token()


def sorting_after() -> Holder:
    """Give a certificate whose identifier comes after the right one in a sorted set, so that a reader of the first value sees it last."""
    others = (issue("Test TSA", PKI.intermediate, key=PKI.tsa.key, serial=serial, extensions=tsa_extensions()) for serial in count(100))
    return next(holder for holder in others if ess_v2(holder) > ess_v2(PKI.tsa))


def in_both_versions(first: Holder, second: Holder) -> bytes:
    both = signing_certificate(ID_SIGNING_CERTIFICATE, ess_v1(first)), signing_certificate(ID_SIGNING_CERTIFICATE_V2, ess_v2(second))
    return Recipe(ess=both).token()


def naming_issuer(names: bytes, serial: int) -> bytes:
    return identified(ess_v2(PKI.tsa, "sha256", issuer_serial(names, serial)))


def other() -> Holder:
    """A second certificate for the same key and subject."""
    return issue("Test TSA", PKI.intermediate, key=PKI.tsa.key, serial=77, extensions=tsa_extensions())


def token_by(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> Case:
    return signed_by(issue("TSA of another key", PKI.intermediate, key=key, extensions=tsa_extensions()), PKI.intermediate)


def token_with(public_key: rsa.RSAPublicKey | ed25519.Ed25519PublicKey | dsa.DSAPublicKey) -> Case:
    """Make a certificate for a key that cannot sign such tokens; the key is judged before the signature."""
    tsa = issue("TSA of another key", PKI.intermediate, key=PKI.tsa.key, public_key=public_key, extensions=tsa_extensions())
    return signed_by(tsa, PKI.intermediate)


def bound_to_pss() -> Case:
    """Say id-RSASSA-PSS in the certificate's key, and sign by PKCS #1."""
    plain = issue("PSS only TSA", PKI.rsa_root, key=rsa_key("pss only"), extensions=tsa_extensions())
    return signed_by(named_key(plain, der.algorithm(RSA_PSS)), roots=(PKI.rsa_root,))


def on_an_unknown_curve() -> Case:
    plain = issue("TSA on no curve", PKI.rsa_root, extensions=tsa_extensions())
    unknown = der.algorithm("1.2.840.10045.2.1", der.oid("1.2.840.10045.3.1.99"))
    return signed_by(named_key(plain, unknown), roots=(PKI.rsa_root,))


def named_key(holder: Holder, key_algorithm: bytes) -> Holder:
    """Give the certificate with another name for its key's algorithm."""
    algorithm = der.algorithm(RSA["sha256"], der.NULL)
    return resign(holder, rsa_key("rsa root"), algorithm, hashes.SHA256(), key_algorithm=key_algorithm)


PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)


def pss_token(parameters: bytes) -> Case:
    """Make a token signed with PSS, SHA-256 and 32 octets of salt that says something else."""
    return rsa_token(algorithm=der.algorithm(RSA_PSS, parameters), pss=PSS)


def rsa_token(**parts: object) -> Case:
    return signed_by(PKI.rsa_tsa, roots=(PKI.rsa_root,), **parts)


ISSUER = der.explicit(4, name("Test Intermediate").public_bytes())


def serial() -> int:
    return PKI.tsa.certificate.serial_number


# Attributes

each(Reason.ATTRIBUTES, {
    "no signed attributes": lambda: Recipe(attributes=(), signed=Recipe().content()).token(),
    "content type twice": lambda: attributes(sent=(CONTENT_TYPE,)),
    "message digest twice, the first one right": lambda: attributes(sent=(signing.attribute(ID_MESSAGE_DIGEST, der.octets(b"\xff" * 32)),)),
    "an attribute twice that is not known here": lambda: attributes(sent=(signing.attribute("1.2.3", der.NULL),) * 2),
})  # fmt: skip

each(Reason.CONTENT_TYPE_ATTRIBUTE, {
    "no content type attribute": lambda: attributes(instead_of=ID_CONTENT_TYPE),
    "content type attribute of plain data": lambda: attributes(
        instead_of=ID_CONTENT_TYPE, sent=(signing.attribute(ID_CONTENT_TYPE, der.oid("1.2.840.113549.1.7.1")),)),
    "content type attribute with two values": lambda: attributes(
        instead_of=ID_CONTENT_TYPE, sent=(signing.attribute(ID_CONTENT_TYPE, der.oid(ID_TST_INFO), der.oid("1.2.3")),)),
    "content type attribute without a value": lambda: attributes(instead_of=ID_CONTENT_TYPE, sent=(signing.attribute(ID_CONTENT_TYPE),)),
})  # fmt: skip

each(Reason.MESSAGE_DIGEST, {
    "no message digest attribute": lambda: attributes(instead_of=ID_MESSAGE_DIGEST),
    "message digest of something else": lambda: attributes(
        instead_of=ID_MESSAGE_DIGEST, sent=(signing.attribute(ID_MESSAGE_DIGEST, der.octets(hashlib.sha256(b"else").digest())),)),
    "message digest with two values": lambda: attributes(
        instead_of=ID_MESSAGE_DIGEST, sent=(signing.attribute(ID_MESSAGE_DIGEST, der.octets(b"\x01" * 32), der.octets(b"\x02" * 32)),)),
    "message digest that is empty": lambda: attributes(
        instead_of=ID_MESSAGE_DIGEST, sent=(signing.attribute(ID_MESSAGE_DIGEST, der.octets(b"")),)),
    "content exchanged after signing": lambda: Recipe(serial=der.integer(1), attributes=Recipe().signed_attributes()).token(),
})  # fmt: skip


@hostile(Reason.MALFORMED)
def message_digest_that_is_no_octet_string() -> bytes:
    return attributes(instead_of=ID_MESSAGE_DIGEST, sent=(signing.attribute(ID_MESSAGE_DIGEST, der.integer(5)),))


# Certificate identifiers

each(Reason.ESS_CERT_ID, {
    "no certificate identifier": lambda: attributes(instead_of=ID_SIGNING_CERTIFICATE_V2),
    "certificate identifier of the intermediate": lambda: identified(ess_v2(PKI.intermediate)),
    "certificate identifier of another certificate of the same key": lambda: identified(ess_v2(other())),
    "the right certificate identifier second": lambda: identified(ess_v2(PKI.intermediate), ess_v2(PKI.tsa)),
    "version 1 identifier of another certificate": lambda: identified(ess_v1(PKI.intermediate), version=ID_SIGNING_CERTIFICATE),
    "version 1 right and version 2 wrong": lambda: in_both_versions(PKI.tsa, other()),
    "version 1 wrong and version 2 right": lambda: in_both_versions(other(), PKI.tsa),
    "no identifier in the attribute": identified,
    "two certificate identifier attributes in one": lambda: Recipe(ess=(signing.attribute(ID_SIGNING_CERTIFICATE_V2, *(
        der.sequence(der.sequence(ess_v2(holder))) for holder in (PKI.tsa, sorting_after()))),)).token(),
    "certificate identifier with another serial number": lambda: naming_issuer(ISSUER, 4711),
    "certificate identifier with another issuer": lambda: naming_issuer(der.explicit(4, name("Nobody").public_bytes()), serial()),
    "certificate identifier with two issuers": lambda: naming_issuer(ISSUER * 2, serial()),
    "certificate identifier with a host name for issuer": lambda: naming_issuer(der.element(0x82, b"ca.example"), serial()),
    "version 1 identifier with another serial number": lambda: identified(
        ess_v1(PKI.tsa, issuer_serial_of(other())), version=ID_SIGNING_CERTIFICATE),
    "certificate identifier cut short": lambda: identified(der.sequence(der.octets(hashlib.sha256(PKI.tsa.der).digest()[:16]))),
})  # fmt: skip

each(Reason.MALFORMED, {
    "certificate identifier that is a number": lambda: identified(der.integer(1)),
    "certificate identifier with an unreadable issuer": lambda: identified(
        ess_v2(PKI.tsa, "sha256", issuer_serial(der.explicit(4, der.octets(b"?")), 1))),
})  # fmt: skip

each(Reason.WEAK_DIGEST, {
    "version 2 identifier by SHA-1": lambda: identified(ess_v2(PKI.tsa, "sha1")),
    "version 2 identifier by MD5": lambda: identified(ess_v2(PKI.tsa, "md5")),
})  # fmt: skip


@hostile(Reason.ALGORITHM)
def version_2_identifier_by_sha_224() -> bytes:
    return identified(ess_v2(PKI.tsa, "sha224"))


# The wrong certificate among several


@hostile(Reason.SIGNATURE)
def signer_named_is_a_neighbour_of_the_same_name_with_another_key() -> bytes:
    neighbour = issue("Test TSA", PKI.intermediate, key=rsa_key("neighbour"), extensions=tsa_extensions())
    bag = tuple(sorted((PKI.tsa.der, neighbour.der, PKI.intermediate.der)))
    ess = (signing_certificate(ID_SIGNING_CERTIFICATE_V2, ess_v2(neighbour)),)
    algorithm = der.algorithm(RSA["sha256"], der.NULL)
    sid = signing.issuer_and_serial(neighbour.certificate)
    return Recipe(certificates=bag, ess=ess, sid=sid, algorithm=algorithm).token()


@hostile(Reason.ESS_CERT_ID)
def signer_named_is_a_neighbour_with_the_same_key() -> bytes:
    bag = tuple(sorted((PKI.tsa.der, other().der, PKI.intermediate.der)))
    return Recipe(certificates=bag, sid=signing.issuer_and_serial(other().certificate)).token()


@hostile(Reason.ESS_CERT_ID)
def signer_exchanged_for_a_certificate_with_the_same_issuer_and_serial_number() -> bytes:
    twin = issue("Test TSA", PKI.intermediate, serial=PKI.tsa.certificate.serial_number, extensions=tsa_extensions())
    return Recipe(certificates=tuple(sorted((twin.der, PKI.intermediate.der)))).token()


@hostile(Reason.SIGNATURE)
def signer_is_a_twin_of_the_same_issuer_and_serial_number_with_another_key() -> bytes:
    keys = (ec.generate_private_key(ec.SECP256R1()) for _ in count())
    number = PKI.tsa.certificate.serial_number
    twins = (issue("Test TSA", PKI.intermediate, key=key, serial=number, extensions=tsa_extensions()) for key in keys)
    # The one that really signed comes first: a reader who takes the first of that name and number is content.
    twin = next(holder for holder in twins if holder.der > PKI.tsa.der)
    bag = tuple(sorted((PKI.tsa.der, twin.der, PKI.intermediate.der)))
    return Recipe(certificates=bag, ess=(signing_certificate(ID_SIGNING_CERTIFICATE_V2, ess_v2(twin)),)).token()


# The signature


def flipped(signature: bytes) -> bytes:
    return Recipe(signature=signature[:-1] + bytes([signature[-1] ^ 1])).token()


each(Reason.SIGNATURE, {
    "signature with a flipped bit": lambda: flipped(Recipe().signature_bytes()),
    "signature that is empty": lambda: Recipe(signature=b"").token(),
    "signature by another key": lambda: Recipe(
        signature=ec_key("stranger").sign(der.set_of(*Recipe().signed_attributes()), ec.ECDSA(hashes.SHA256()))).token(),
    "signature over the content instead of the attributes": lambda: Recipe(signed=Recipe().content()).token(),
    "signature over the attributes with the tag of transmission": lambda: Recipe(
        signed=der.explicit(0, b"".join(Recipe().signed_attributes()))).token(),
    "signature over attributes in an order that is not DER": lambda: Recipe(
        attributes=tuple(reversed(Recipe().signed_attributes())),
        signed=der.element(0x31, b"".join(reversed(Recipe().signed_attributes())))).token(),
    "attribute added after signing": lambda: Recipe(
        attributes=tuple(sorted((*Recipe().signed_attributes(), signing.attribute("1.2.3", der.NULL)))),
        signed=der.set_of(*Recipe().signed_attributes())).token(),
    "attribute removed after signing": lambda: Recipe(
        signed=der.set_of(*Recipe().signed_attributes(), signing.attribute("1.2.3", der.NULL))).token(),
    "RSA signature of zeros": lambda: rsa_token(signature=bytes(256)),
    "PSS signature checked as PKCS #1": lambda: rsa_token(pss=PSS),
    "PKCS #1 signature checked as PSS": lambda: rsa_token(algorithm=der.algorithm(RSA_PSS, pss_parameters())),
    "PSS signature with another salt length than it says": lambda: pss_token(pss_parameters(salt=20)),
    "PSS salt longer than the key allows": lambda: pss_token(pss_parameters(salt=1000)),
})  # fmt: skip

# Algorithms and keys

each(Reason.WEAK_DIGEST, {
    "signer's digest SHA-1": lambda: rsa_token(digest="sha1", algorithm=der.algorithm("1.2.840.113549.1.1.5", der.NULL)),
    "signer's digest MD5": lambda: rsa_token(digest="md5", algorithm=der.algorithm("1.2.840.113549.1.1.4", der.NULL)),
    "RSA signature named SHA-1": lambda: rsa_token(algorithm=der.algorithm("1.2.840.113549.1.1.5", der.NULL)),
    "ECDSA signature named SHA-1": lambda: Recipe(algorithm=der.algorithm("1.2.840.10045.4.1")).token(),
    "PSS without parameters, which means SHA-1": lambda: pss_token(b""),
    "PSS mask without a digest, which means SHA-1": lambda: pss_token(der.sequence(
        der.explicit(0, digest_algorithm("sha256")), der.explicit(1, der.algorithm(MGF1)))),
    "PSS with defaults for the mask, which mean SHA-1": lambda: pss_token(der.sequence(der.explicit(0, digest_algorithm("sha256")))),
    "PSS with SHA-1": lambda: pss_token(pss_parameters(digest="sha1")),
    "PSS with a mask by SHA-1": lambda: rsa_token(
        algorithm=der.algorithm(RSA_PSS, pss_parameters(mask="sha1")), pss=padding.PSS(padding.MGF1(hashes.SHA1()), 32)),
})  # fmt: skip

each(Reason.ALGORITHM, {
    "signer's digest unknown": lambda: Recipe(raw_digest=der.algorithm("1.2.3.4")).token(),
    "signer's digest with parameters": lambda: Recipe(raw_digest=der.algorithm(DIGEST_OIDS["sha256"], der.integer(1))).token(),
    "signer's digest SHA-224": lambda: Recipe(raw_digest=digest_algorithm("sha224")).token(),
    "signature algorithm unknown": lambda: Recipe(algorithm=der.algorithm("1.2.3.4")).token(),
    "RSA algorithm for an ECDSA key": lambda: Recipe(algorithm=der.algorithm(RSA["sha256"], der.NULL)).token(),
    "ECDSA algorithm for an RSA key": lambda: rsa_token(algorithm=der.algorithm(ECDSA["sha256"])),
    "ECDSA with another digest than the signer's": lambda: Recipe(algorithm=der.algorithm(ECDSA["sha512"])).token(),
    "RSA with another digest than the signer's": lambda: rsa_token(algorithm=der.algorithm(RSA["sha512"], der.NULL)),
    "PSS with another digest than the signer's": lambda: pss_token(pss_parameters(digest="sha512")),
    "PSS with another trailer": lambda: pss_token(pss_parameters(trailer=2)),
    "PSS with an unknown mask generator": lambda: pss_token(pss_parameters(generator="1.2.3")),
    "PSS with a negative salt length": lambda: pss_token(pss_parameters(salt=-1)),
    "PSS with a salt length beyond any key": lambda: pss_token(pss_parameters(salt=2**31)),
    "PKCS #1 by a key bound to PSS": bound_to_pss,
    "key on P-224": lambda: token_by(ec.generate_private_key(ec.SECP224R1())),
    "key on a Koblitz curve": lambda: token_by(ec.generate_private_key(ec.SECP256K1())),
    "key of Ed25519": lambda: token_with(ed25519.Ed25519PrivateKey.generate().public_key()),
    "key of DSA": lambda: token_with(dsa.generate_private_key(1024).public_key()),
    "RSA key of 8,200 bits": lambda: token_with(rsa.RSAPublicNumbers(65537, (1 << 8199) + 1).public_key()),
    "key on a curve that nobody knows": on_an_unknown_curve,
})  # fmt: skip

each(Reason.WEAK_KEY, {
    "RSA key of 1,024 bits": lambda: token_by(rsa_key("weak", 1024)),
    "RSA key of 2,047 bits": lambda: token_with(rsa.RSAPublicNumbers(65537, (1 << 2046) + 1).public_key()),
})  # fmt: skip

each(Reason.MALFORMED, {
    "PSS parameters that are a number": lambda: pss_token(der.integer(1)),
})  # fmt: skip
