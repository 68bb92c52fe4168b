"""Which digests, keys and signatures are accepted, and the verification of one signature.

Accepted: SHA-256, SHA-384, SHA-512; RSA of 2,048 to 8,192 bits with PKCS #1 v1.5 or PSS; ECDSA on P-256, P-384, P-521. MD5 and SHA-1 are
refused as weak, everything else as unknown. Upper bounds keep a hostile key from costing seconds.

Source: formats.md A7; RFC 8017, RFC 4055 and RFC 4056 (PSS), RFC 5753 and RFC 5754.
"""
from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from tlog.timestamp import schema
from tlog.timestamp.cms import Algorithm
from tlog.timestamp.reasons import Reason, TimestampRefused

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
RSA_PSS = "1.2.840.113549.1.1.10"
_MGF1 = "1.2.840.113549.1.1.8"
_MIN_RSA_BITS, _MAX_RSA_BITS = 2048, 8192
_SHA1 = "1.3.14.3.2.26"
_NULL = b"\x05\x00"


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest function: its name as in hashlib, and its algorithm for signatures."""

    name: str
    algorithm: hashes.HashAlgorithm

    def __call__(self, data: bytes) -> bytes:
        """Hash `data`."""
        return hashlib.new(self.name, data).digest()


_SHA256, _SHA384, _SHA512 = Digest("sha256", hashes.SHA256()), Digest("sha384", hashes.SHA384()), Digest("sha512", hashes.SHA512())
STRONG_DIGESTS = frozenset({"sha256", "sha384", "sha512"})
_DIGESTS = {"2.16.840.1.101.3.4.2.1": _SHA256, "2.16.840.1.101.3.4.2.2": _SHA384, "2.16.840.1.101.3.4.2.3": _SHA512}
_WEAK_DIGESTS = {"1.2.840.113549.2.2": "MD2", "1.2.840.113549.2.4": "MD4", "1.2.840.113549.2.5": "MD5", _SHA1: "SHA-1"}
_RSA_SIGNATURES = {
    "1.2.840.113549.1.1.11": _SHA256,
    "1.2.840.113549.1.1.12": _SHA384,
    "1.2.840.113549.1.1.13": _SHA512,
}
_ECDSA_SIGNATURES = {"1.2.840.10045.4.3.2": _SHA256, "1.2.840.10045.4.3.3": _SHA384, "1.2.840.10045.4.3.4": _SHA512}
_WEAK_SIGNATURES = {
    "1.2.840.113549.1.1.2": "MD2", "1.2.840.113549.1.1.3": "MD4", "1.2.840.113549.1.1.4": "MD5", "1.2.840.113549.1.1.5": "SHA-1",
    "1.2.840.10045.4.1": "SHA-1",
}  # fmt: skip


def strong_digest(algorithm: Algorithm, where: str) -> Digest:
    """Give the digest function that `algorithm` names; `where` says in the refusal what it was to protect.

    Raises: TimestampRefused (weak-digest, algorithm).
    """
    if algorithm.oid in _WEAK_DIGESTS:
        raise TimestampRefused(Reason.WEAK_DIGEST, f"{_WEAK_DIGESTS[algorithm.oid]} in {where}")
    # SPEC: RFC 5754 2: parameters of the SHA-2 identifiers are absent, or NULL.
    if algorithm.oid not in _DIGESTS or algorithm.parameters not in (None, _NULL):
        raise TimestampRefused(Reason.ALGORITHM, f"{algorithm.oid} in {where}")
    return _DIGESTS[algorithm.oid]


def strong_key(key: object, whose: str) -> PublicKey:
    """Give the key back as one of the accepted types.

    Raises: TimestampRefused (weak-key, algorithm).
    """
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < _MIN_RSA_BITS:
            raise TimestampRefused(Reason.WEAK_KEY, f"RSA of {key.key_size} bits, the key of {whose}")
        if key.key_size > _MAX_RSA_BITS:
            raise TimestampRefused(Reason.ALGORITHM, f"RSA of {key.key_size} bits, the key of {whose}")
        return key
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in ("secp256r1", "secp384r1", "secp521r1"):
            raise TimestampRefused(Reason.ALGORITHM, f"the curve {key.curve.name}, the key of {whose}")
        return key
    raise TimestampRefused(Reason.ALGORITHM, f"a kind of key that is not accepted, the key of {whose}")


def signature_digest(algorithm: Algorithm, where: str) -> Digest:
    """Give the digest function that a signature algorithm names by itself; `where` says in the refusal whose signature it is.

    Raises: TimestampRefused (weak-digest, algorithm, malformed, trailing-bytes).
    """
    if algorithm.oid in _WEAK_SIGNATURES:
        raise TimestampRefused(Reason.WEAK_DIGEST, f"{_WEAK_SIGNATURES[algorithm.oid]} in the signature of {where}")
    if algorithm.oid == RSA_PSS:
        return _pss_digest(_pss_parameters(algorithm)["hashAlgorithm"], f"the PSS signature of {where}")
    named = _RSA_SIGNATURES.get(algorithm.oid) or _ECDSA_SIGNATURES.get(algorithm.oid)
    if named is None:
        raise TimestampRefused(Reason.ALGORITHM, f"{algorithm.oid} in the signature of {where}")
    return named


def verify_signature(key: PublicKey, *, pss_only: bool, algorithm: Algorithm, digest: Digest, signature: bytes, message: bytes) -> None:
    """Verify the token's signature over `message`; `pss_only` when the certificate binds its key to RSASSA-PSS.

    Raises: TimestampRefused (signature, algorithm, weak-digest).
    """
    if algorithm.oid in _WEAK_SIGNATURES:
        raise TimestampRefused(Reason.WEAK_DIGEST, f"{_WEAK_SIGNATURES[algorithm.oid]} in the token's signature")
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, _rsa_padding(algorithm, digest, pss_only=pss_only), digest.algorithm)
        else:
            _must_agree(_ECDSA_SIGNATURES.get(algorithm.oid), digest, algorithm)
            key.verify(signature, message, ec.ECDSA(digest.algorithm))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise TimestampRefused(Reason.SIGNATURE, "the signature does not fit the signed attributes and the signer's key") from error


def _rsa_padding(algorithm: Algorithm, digest: Digest, *, pss_only: bool) -> padding.AsymmetricPadding:
    if algorithm.oid == RSA_PSS:
        return _pss_padding(algorithm, digest)
    # SPEC: RFC 4055 1.2: a key whose certificate says id-RSASSA-PSS is for that scheme only.
    if pss_only:
        raise TimestampRefused(Reason.ALGORITHM, "the certificate binds its key to RSASSA-PSS, the signature is another")
    # SPEC: RFC 5754 3.2: rsaEncryption names no digest of its own: the signer's digest algorithm holds.
    if algorithm.oid != RSA_ENCRYPTION:
        _must_agree(_RSA_SIGNATURES.get(algorithm.oid), digest, algorithm)
    return padding.PKCS1v15()


def _pss_padding(algorithm: Algorithm, digest: Digest) -> padding.PSS:
    parameters = _pss_parameters(algorithm)
    # SPEC: RFC 4056 3: the digest of the signature is that of the message digest attribute.
    _must_agree(_pss_digest(parameters["hashAlgorithm"], "the PSS signature"), digest, algorithm)
    # SPEC: RFC 4055 3.1: absent means MGF1 with SHA-1, 20 octets of salt, trailer 1.
    generator = Algorithm.of(parameters["maskGenAlgorithm"]) if parameters["maskGenAlgorithm"].isValue else Algorithm(_MGF1, None)
    if generator.oid != _MGF1:
        raise TimestampRefused(Reason.ALGORITHM, "a PSS mask generation function other than MGF1")
    inner = schema.decode(schema.ALGORITHM_IDENTIFIER, generator.parameters, "the digest of MGF1") if generator.parameters else None
    mask = _pss_digest(inner, "the PSS mask generation function")
    salt = int(parameters["saltLength"]) if parameters["saltLength"].isValue else 20
    if not 0 <= salt <= _MAX_RSA_BITS // 8 or (parameters["trailerField"].isValue and int(parameters["trailerField"]) != 1):
        raise TimestampRefused(Reason.ALGORITHM, "a PSS salt length beyond any key, or a trailer field other than 1")
    return padding.PSS(padding.MGF1(mask.algorithm), salt)


def _pss_parameters(algorithm: Algorithm) -> Any:
    return schema.decode(schema.PSS_PARAMETERS, algorithm.parameters or b"\x30\x00", "the PSS parameters")


def _pss_digest(identifier: Any, where: str) -> Digest:
    # SPEC: RFC 4055 3.1: an absent digest means SHA-1, which is refused as such.
    absent = identifier is None or not identifier.isValue
    return strong_digest(Algorithm(_SHA1, None) if absent else Algorithm.of(identifier), where)


def _must_agree(named: Digest | None, digest: Digest, algorithm: Algorithm) -> None:
    if named is None:
        raise TimestampRefused(Reason.ALGORITHM, f"{algorithm.oid} is no signature algorithm for the signer's key that is accepted")
    # SPEC: RFC 5652 5.3 with RFC 5754 3: one digest serves the message digest attribute and the signature.
    if named.name != digest.name:
        raise TimestampRefused(Reason.ALGORITHM, f"the signature uses {named.name}, the digest algorithm is {digest.name}")
