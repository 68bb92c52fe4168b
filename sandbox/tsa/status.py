"""What the sandbox authority answers when it is asked about one of its own certificates (OCSP), freshly signed by that one's issuer.

    POST /status    a question about the intermediate or the TSA's certificate: good, revoked as its list says, or unknown

Certificates name the address when the authority was made with `base_url`; one that was made before goes on without. The pieces take what
they are given and check nothing, so that a test can put a wrong part in one place and leave the rest right.
Source: RFC 6960 sections 4.1 and 4.2, appendix A.
"""
from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from sandbox.tsa import der
from sandbox.tsa.revocation import Revoked
from sandbox.tsa.signing import ECDSA_WITH_SHA256, Identity

PATH = "/status"
QUESTION_TYPE, ANSWER_TYPE = "application/ocsp-request", "application/ocsp-response"
GOOD, UNKNOWN = b"\x80\x00", b"\x82\x00"
MALFORMED_REQUEST, UNAUTHORIZED = 1, 6
_BASIC = "1.3.6.1.5.5.7.48.1.1"
_LIVES = timedelta(days=7)
_DIGESTS = {"sha1": "1.3.14.3.2.26", "sha256": "2.16.840.1.101.3.4.2.1"}
_REASONS = (
    x509.ReasonFlags.unspecified, x509.ReasonFlags.key_compromise, x509.ReasonFlags.ca_compromise, x509.ReasonFlags.affiliation_changed,
    x509.ReasonFlags.superseded, x509.ReasonFlags.cessation_of_operation, x509.ReasonFlags.certificate_hold,
)  # fmt: skip


def responder_address(base_url: str | None) -> str | None:
    """Where an authority answers; None when it does not."""
    return f"{base_url.rstrip('/')}{PATH}" if base_url else None


def access_point(address: str) -> x509.AuthorityInformationAccess:
    """The extension that names the responder."""
    return x509.AuthorityInformationAccess([
        x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(address))])


def cert_id(issuer: x509.Certificate, serial: int, digest: str = "sha1") -> bytes:
    """CertID: the hashes of an issuer's name and (elliptic) key, and a serial of its."""
    name, key = _identify(issuer, digest)
    return der.sequence(der.algorithm(_DIGESTS[digest], der.NULL), der.octets(name), der.octets(key), der.integer(serial))


def revoked(since: datetime, reason: x509.ReasonFlags | None = None) -> bytes:
    """CertStatus revoked."""
    number = b"" if reason is None else der.explicit(0, der.element(0x0A, bytes([_REASONS.index(reason)])))
    return der.element(0xA1, der.generalized_time(since) + number)


def single(about: bytes, status: bytes, this_update: datetime, next_update: datetime | None, *, extensions: bytes = b"") -> bytes:
    """SingleResponse; `extensions` are encoded ones, one after the other."""
    until = b"" if next_update is None else der.explicit(0, der.generalized_time(next_update))
    more = der.explicit(1, der.sequence(extensions)) if extensions else b""
    return der.sequence(about, status, der.generalized_time(this_update), until, more)


def response_data(responder: x509.Name, produced_at: datetime, singles: Iterable[bytes], *, extensions: bytes = b"") -> bytes:
    """ResponseData, the part that is signed."""
    more = der.explicit(1, der.sequence(extensions)) if extensions else b""
    return der.sequence(
        der.explicit(1, responder.public_bytes()), der.generalized_time(produced_at), der.sequence(*singles), more)


def successful(signed: bytes, algorithm: bytes, signature: bytes, certificates: Iterable[x509.Certificate] = ()) -> bytes:
    """OCSPResponse around a signed ResponseData; without certificates there is no bag for them."""
    bag = [certificate.public_bytes(Encoding.DER) for certificate in certificates]
    inside = der.explicit(0, der.sequence(*bag)) if bag else b""
    basic = der.sequence(signed, algorithm, der.element(0x03, b"\x00" + signature), inside)
    return der.sequence(der.element(0x0A, b"\x00"), der.explicit(0, der.sequence(der.oid(_BASIC), der.octets(basic))))


def unsuccessful(status: int) -> bytes:
    """OCSPResponse that says why there is no answer."""
    return der.sequence(der.element(0x0A, bytes([status])))


def answer(question: bytes, issuers: Sequence[Identity], now: datetime, known: Iterable[int], gone: Revoked) -> bytes:
    """Give the OCSPResponse to an encoded OCSPRequest about a certificate of one of the issuers; any bytes get one.

    `known` are the serials that were issued, `gone` those that were revoked; the answer is good for a week.
    """
    try:
        asked = ocsp.load_der_ocsp_request(question)
        digest, hashed = asked.hash_algorithm.name, (asked.issuer_name_hash, asked.issuer_key_hash)
    except (ValueError, NotImplementedError):
        # The second is how the library says that a request asks about several certificates, or about none; nobody here sends such a one.
        return unsuccessful(MALFORMED_REQUEST)
    issuer = next((each for each in issuers if digest in _DIGESTS and _identify(each.certificate, digest) == hashed), None)
    if issuer is None:
        return unsuccessful(UNAUTHORIZED)
    serial, moment = asked.serial_number, now.replace(microsecond=0)
    status = revoked(*_whole(gone[serial])) if serial in gone else GOOD if serial in known else UNKNOWN
    one = single(cert_id(issuer.certificate, serial, digest), status, moment, moment + _LIVES)
    signed = response_data(issuer.certificate.subject, moment, [one])
    return successful(signed, ECDSA_WITH_SHA256, issuer.key.sign(signed, ec.ECDSA(hashes.SHA256())))


def _identify(issuer: x509.Certificate, digest: str) -> tuple[bytes, bytes]:
    key = issuer.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return hashlib.new(digest, issuer.subject.public_bytes()).digest(), hashlib.new(digest, point).digest()


def _whole(since: tuple[datetime, x509.ReasonFlags]) -> tuple[datetime, x509.ReasonFlags]:
    # SPEC: RFC 5280 4.1.2.5.2: no fractions of a second.
    return since[0].replace(microsecond=0), since[1]
