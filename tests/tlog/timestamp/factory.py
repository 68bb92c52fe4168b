"""Writes timestamp tokens, right by default and wrong in any one place: a `Recipe` with a part replaced, or a piece of its own.

A recipe knows how to make each part from the others, so that a forged TSTInfo is still digested and signed, as an attacker who holds the
key would do it. `Recipe()` is a right ECDSA token over `DIGEST` with nonce and policy.
"""
from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from sandbox.tsa import der, signing
from sandbox.tsa.signing import ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SIGNING_CERTIFICATE_V2, ID_TST_INFO
from tests.tlog.timestamp.cases import DIGEST, NONCE, POLICY, Case
from tests.tlog.timestamp.pki import PKI, STAMPED_AT, Holder

ID_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
ECDSA = {"sha256": "1.2.840.10045.4.3.2", "sha384": "1.2.840.10045.4.3.3", "sha512": "1.2.840.10045.4.3.4"}
RSA = {"sha256": "1.2.840.113549.1.1.11", "sha384": "1.2.840.113549.1.1.12", "sha512": "1.2.840.113549.1.1.13"}
RSA_ENCRYPTION, RSA_PSS, MGF1 = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8"
DIGEST_OIDS = {
    "md5": "1.2.840.113549.2.5",
    "sha1": "1.3.14.3.2.26",
    "sha224": "2.16.840.1.101.3.4.2.4",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
ALGORITHMS: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(), "sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512(),
}  # fmt: skip


def digest_algorithm(which: str) -> bytes:
    return der.algorithm(DIGEST_OIDS[which])


def directory_name(holder: Holder) -> bytes:
    """GeneralName of a subject."""
    return der.explicit(4, holder.subject.public_bytes())


def gen_time(moment: datetime) -> bytes:
    return der.generalized_time(moment)


def gen_time_text(text: str, tag: int = 0x18) -> bytes:
    return der.element(tag, text.encode())


def ess_v1(holder: Holder, *more: bytes) -> bytes:
    """ESSCertID."""
    return der.sequence(der.octets(hashlib.sha1(holder.der).digest()), *more)


def ess_v2(holder: Holder, which: str = "sha256", *more: bytes) -> bytes:
    """ESSCertIDv2; SHA-256 is the default and left out."""
    algorithm = b"" if which == "sha256" else digest_algorithm(which)
    return der.sequence(algorithm, der.octets(hashlib.new(which, holder.der).digest()), *more)


def signed_by(signer: Holder, *between: Holder, roots: tuple[Holder, ...] | None = None, **parts: object) -> Case:
    """Make a token of `signer` with the intermediates `between` in it, under the usual root or others."""
    bag = tuple(sorted(holder.der for holder in (signer, *between)))
    return Case(token=Recipe(signer=signer, certificates=bag).but(**parts).token(), roots=tuple(root.der for root in roots or (PKI.root,)))


def issuer_serial(names: bytes, serial: int) -> bytes:
    return der.sequence(der.sequence(names), der.integer(serial))


def issuer_serial_of(holder: Holder) -> bytes:
    issuer = der.explicit(4, holder.certificate.issuer.public_bytes())
    return issuer_serial(issuer, holder.certificate.serial_number)


def signing_certificate(name: str, *identifiers: bytes) -> bytes:
    """SigningCertificate or SigningCertificateV2 attribute."""
    return signing.attribute(name, der.sequence(der.sequence(*identifiers)))


def pss_parameters(*, digest: str = "sha256", mask: str = "sha256", salt: int = 32, trailer: int = 1, generator: str = MGF1) -> bytes:
    return der.sequence(
        der.explicit(0, digest_algorithm(digest)),
        der.explicit(1, der.algorithm(generator, digest_algorithm(mask))),
        der.explicit(2, der.integer(salt)),
        der.explicit(3, der.integer(trailer)) if trailer != 1 else b"",
    )


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Every part of a token; None means "as it should be". `attributes` are in the order sent, and signed as a sorted set."""

    signer: Holder = field(default_factory=lambda: PKI.tsa)
    certificates: tuple[bytes, ...] | None = None
    # TSTInfo
    version: bytes = der.integer(1)
    policy: bytes = der.oid(POLICY)
    imprint: bytes = signing.imprint(DIGEST)
    serial: bytes = der.integer(2026_1123)
    time: bytes = field(default_factory=lambda: gen_time(STAMPED_AT))
    accuracy: bytes = b""
    ordering: bytes = b""
    nonce: bytes = der.integer(NONCE)
    tsa: bytes | None = None
    extensions: bytes = b""
    rest: bytes = b""
    raw_content: bytes | None = None
    # SignedData
    digest: str = "sha256"
    raw_digest: bytes | None = None
    sid: bytes | None = None
    ess: tuple[bytes, ...] | None = None
    attributes: tuple[bytes, ...] | None = None
    signed: bytes | None = None
    algorithm: bytes | None = None
    pss: padding.PSS | None = None
    signature: bytes | None = None
    signers: tuple[bytes, ...] | None = None

    def but(self, **changes: object) -> Recipe:
        """Give the same recipe with other parts."""
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]  # the fields' own types are checked where they are read

    def content(self) -> bytes:
        if self.raw_content is not None:
            return self.raw_content
        tsa = directory_name(self.signer) if self.tsa is None else self.tsa
        return der.sequence(
            self.version, self.policy, self.imprint, self.serial, self.time, self.accuracy, self.ordering, self.nonce,
            der.explicit(0, tsa) if tsa else b"", self.extensions, self.rest,
        )  # fmt: skip

    def content_type_attribute(self) -> bytes:
        return signing.attribute(ID_CONTENT_TYPE, der.oid(ID_TST_INFO))

    def message_digest_attribute(self) -> bytes:
        return signing.attribute(ID_MESSAGE_DIGEST, der.octets(hashlib.new(self.digest, self.content()).digest()))

    def signed_attributes(self) -> tuple[bytes, ...]:
        if self.attributes is not None:
            return self.attributes
        ess = self.ess if self.ess is not None else (signing_certificate(ID_SIGNING_CERTIFICATE_V2, ess_v2(self.signer)),)
        return tuple(sorted((self.content_type_attribute(), self.message_digest_attribute(), *ess)))

    def signature_bytes(self) -> bytes:
        if self.signature is not None:
            return self.signature
        message = der.set_of(*self.signed_attributes()) if self.signed is None else self.signed
        key = self.signer.key
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(message, ec.ECDSA(ALGORITHMS[self.digest]))
        return key.sign(message, self.pss or padding.PKCS1v15(), ALGORITHMS[self.digest])

    def signature_algorithm(self) -> bytes:
        if self.algorithm is not None:
            return self.algorithm
        known = ECDSA if isinstance(self.signer.key, ec.EllipticCurvePrivateKey) else RSA
        return der.algorithm(known[self.digest])

    def signer_info(self) -> bytes:
        return signing.signer_info(
            sid=signing.issuer_and_serial(self.signer.certificate) if self.sid is None else self.sid,
            digest=self.signer_digest(),
            attributes=self.signed_attributes(),
            algorithm=self.signature_algorithm(),
            signature=self.signature_bytes(),
        )

    def bag(self) -> tuple[bytes, ...]:
        return tuple(sorted((self.signer.der, PKI.intermediate.der))) if self.certificates is None else self.certificates

    def signer_digest(self) -> bytes:
        return digest_algorithm(self.digest) if self.raw_digest is None else self.raw_digest

    def signed_data(self) -> bytes:
        signers = (self.signer_info(),) if self.signers is None else self.signers
        return signing.signed_data(content=self.content(), certificates=self.bag(), signers=signers, digest=self.signer_digest())

    def token(self) -> bytes:
        return signing.content_info(self.signed_data())
