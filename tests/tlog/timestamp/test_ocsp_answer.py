"""OCSP answers about a token's signer: the good ones are taken, every other is refused for its reason, and OpenSSL is asked, too."""
from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ReasonFlags, ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from sandbox.tsa import der, status
from tests.tlog.timestamp.factory import Recipe
from tests.tlog.timestamp.pki import (
    PKI,
    STAMPED_AT,
    VALID_FROM,
    VALID_UNTIL,
    Extra,
    Holder,
    ec_key,
    issue,
    key_usage,
    rsa_key,
    spoil_signature,
)
from tests.tlog.timestamp.test_robustness import mutated
from tlog.timestamp import Reason, TimestampRefused
from tlog.timestamp.backing import backing_of
from tlog.timestamp.certificates import load_certificate
from tlog.timestamp.ocsp_answer import MAX_BYTES, judge_answer, question_about

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PATH = backing_of(Recipe().token(), roots=[PKI.root.der]).path
NOW = STAMPED_AT + HOUR
SERIAL = PKI.tsa.certificate.serial_number
ECDSA_SHA256, RSA_SHA256, RSA_SHA1 = "1.2.840.10045.4.3.2", "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.5"
RSA_PSS, MGF1, SHA256 = "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8", "2.16.840.1.101.3.4.2.1"


def _ecdsa(holder: Holder, signed: bytes) -> bytes:
    assert isinstance(holder.key, ec.EllipticCurvePrivateKey)
    return holder.key.sign(signed, ec.ECDSA(hashes.SHA256()))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer in the making: right as it stands, and each test makes one part wrong."""

    about: bytes = status.cert_id(PKI.intermediate.certificate, SERIAL)
    status: bytes = status.GOOD
    this_update: datetime = STAMPED_AT
    next_update: datetime | None = STAMPED_AT + DAY
    produced_at: datetime = STAMPED_AT
    responder: Holder = PKI.intermediate
    bag: tuple[Holder, ...] = ()
    more: tuple[bytes, ...] = ()
    single_extensions: bytes = b""
    extensions: bytes = b""
    algorithm: bytes = der.algorithm(ECDSA_SHA256)
    sign: Callable[[Holder, bytes], bytes] = _ecdsa

    def bytes(self) -> bytes:
        one = status.single(self.about, self.status, self.this_update, self.next_update, extensions=self.single_extensions)
        signed = status.response_data(self.responder.subject, self.produced_at, [one, *self.more], extensions=self.extensions)
        return status.successful(signed, self.algorithm, self.sign(self.responder, signed), [each.certificate for each in self.bag])


GOOD = Answer()


def _rsa(digest: hashes.HashAlgorithm, scheme: padding.AsymmetricPadding | None = None) -> Callable[[Holder, bytes], bytes]:
    def sign(holder: Holder, signed: bytes) -> bytes:
        assert isinstance(holder.key, rsa.RSAPrivateKey)
        return holder.key.sign(signed, scheme or padding.PKCS1v15(), digest)

    return sign


def delegate(
    issuer: Holder = PKI.intermediate,
    *,
    purposes: Iterable[x509.ObjectIdentifier] | None = (ExtendedKeyUsageOID.OCSP_SIGNING,),
    valid: tuple[datetime, datetime] = (VALID_FROM, VALID_UNTIL),
    extra: Iterable[Extra] = (),
    label: str = "Test Responder",
) -> Holder:
    named = [Extra(x509.ExtendedKeyUsage(list(purposes)))] if purposes is not None else []
    return issue(label, issuer, valid=valid, extensions=[*named, Extra(x509.OCSPNoCheck()), *extra])


def by(holder: Holder) -> Answer:
    return replace(GOOD, responder=holder, bag=(holder,))


def of_rsa(**parts: object) -> Answer:
    """An answer of an authority with an RSA key; the chain to judge it by is `RSA_PATH`."""
    about = status_id_of_rsa()
    return replace(GOOD, responder=PKI.rsa_root, about=about, algorithm=der.algorithm(RSA_SHA256, der.NULL), sign=_rsa(hashes.SHA256()),
                   **parts)  # type: ignore[arg-type]


def status_id_of_rsa() -> bytes:
    asked = ocsp.OCSPRequestBuilder().add_certificate(PKI.rsa_tsa.certificate, PKI.rsa_root.certificate, hashes.SHA1()).build()
    return der.sequence(
        der.algorithm("1.3.14.3.2.26", der.NULL), der.octets(asked.issuer_name_hash), der.octets(asked.issuer_key_hash),
        der.integer(PKI.rsa_tsa.certificate.serial_number))


RSA_PATH = (load_certificate(PKI.rsa_tsa.der), load_certificate(PKI.rsa_root.der))
INVALID_SINCE = "2.5.29.24"


def extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    return der.sequence(der.oid(oid), der.boolean(True) if critical else b"", der.octets(value))


def revoked(since: datetime, reason: ReasonFlags | None = ReasonFlags.superseded) -> bytes:
    return status.revoked(since, reason)


RIGHT: dict[str, Callable[[], bytes]] = {
    "by the issuer": GOOD.bytes,
    "with the issuer's certificate inside": replace(GOOD, bag=(PKI.intermediate,)).bytes,
    "about a certificate that SHA-256 names": replace(GOOD, about=status.cert_id(PKI.intermediate.certificate, SERIAL, "sha256")).bytes,
    "by a delegate": lambda: by(delegate()).bytes(),
    "by a delegate among strangers": lambda: replace(by(delegate()), bag=(PKI.rsa_root, delegate())).bytes(),
    "by a delegate of later days": lambda: replace(
        by(delegate(valid=(STAMPED_AT + 2 * HOUR, VALID_UNTIL))), produced_at=STAMPED_AT + 3 * HOUR).bytes(),
    "without an end, and of the moment": replace(GOOD, next_update=None).bytes,
    "without an end, by a clock that is a little behind": replace(
        GOOD, next_update=None, this_update=STAMPED_AT - timedelta(seconds=299)).bytes,
    "that ends with the token": replace(GOOD, this_update=STAMPED_AT - DAY, next_update=STAMPED_AT).bytes,
    "made in advance": replace(GOOD, this_update=STAMPED_AT - 3 * DAY, produced_at=STAMPED_AT - 3 * DAY).bytes,
    "fetched days later": replace(GOOD, this_update=STAMPED_AT + 5 * DAY, next_update=STAMPED_AT + 6 * DAY).bytes,
    "with an extension that nobody needs to know": replace(GOOD, extensions=extension("1.2.3.4", der.NULL)).bytes,
    "of a certificate that was superseded later": replace(GOOD, status=revoked(STAMPED_AT + HOUR)).bytes,
}


@pytest.mark.parametrize("title", RIGHT)
def test_a_right_answer_refuses_nothing(title: str) -> None:
    assert refusal(RIGHT[title](), now=STAMPED_AT + 6 * DAY) is None


def expired() -> Holder:
    return delegate(valid=(VALID_FROM, STAMPED_AT - DAY))


def _about_nobody() -> bytes:
    signed = status.response_data(PKI.intermediate.subject, STAMPED_AT, [])
    return status.successful(signed, GOOD.algorithm, _ecdsa(PKI.intermediate, signed))


WRONG: dict[str, tuple[Reason, Callable[[], bytes]]] = {
    "nothing": (Reason.OCSP_MALFORMED, lambda: b""),
    "cut off": (Reason.OCSP_MALFORMED, lambda: GOOD.bytes()[:-1]),
    "with bytes after it": (Reason.OCSP_MALFORMED, lambda: GOOD.bytes() + b"\x00"),
    "too large": (Reason.TOO_LARGE, lambda: GOOD.bytes() + bytes(MAX_BYTES)),
    "that names the issuer by an unknown digest": (
        Reason.OCSP_MALFORMED, lambda: replace(GOOD, about=GOOD.about.replace(der.oid("1.3.14.3.2.26"), der.oid("1.3.14.3.2.27"))).bytes()),
    "try later": (Reason.OCSP_STATUS, lambda: status.unsuccessful(3)),
    "unknown": (Reason.OCSP_STATUS, lambda: replace(GOOD, status=status.UNKNOWN).bytes()),
    "about nobody": (Reason.OCSP_CERTIFICATE, _about_nobody),
    "about two": (Reason.OCSP_CERTIFICATE, lambda: replace(
        GOOD, more=(status.single(GOOD.about, status.GOOD, STAMPED_AT, None),)).bytes()),
    "about another serial": (
        Reason.OCSP_CERTIFICATE, lambda: replace(GOOD, about=status.cert_id(PKI.intermediate.certificate, SERIAL + 1)).bytes()),
    "about another issuer's certificate of that serial": (
        Reason.OCSP_CERTIFICATE, lambda: replace(GOOD, about=status.cert_id(PKI.root.certificate, SERIAL)).bytes()),
    "about the same names and another key": (Reason.OCSP_CERTIFICATE, lambda: replace(GOOD, about=status.cert_id(
        issue("Test Intermediate", PKI.root, key=ec_key("other")).certificate, SERIAL)).bytes()),
    "without a signature": (Reason.OCSP_SIGNATURE, lambda: replace(GOOD, sign=lambda _holder, _signed: b"").bytes()),
    "of a stranger without his certificate": (Reason.OCSP_SIGNATURE, lambda: replace(GOOD, responder=PKI.root).bytes()),
    "with another content than what was signed": (
        Reason.OCSP_SIGNATURE, lambda: GOOD.bytes().replace(b"20261123080000Z", b"20261123080001Z")),
    "by a stranger who certified himself": (Reason.OCSP_RESPONDER, lambda: by(delegate(issue("Stranger", None))).bytes()),
    "by a stranger who has the issuer's name": (
        Reason.OCSP_RESPONDER, lambda: by(delegate(Holder(PKI.intermediate.certificate, ec_key("impostor")))).bytes()),
    "by the root's delegate": (Reason.OCSP_RESPONDER, lambda: by(delegate(PKI.root)).bytes()),
    "by the root": (Reason.OCSP_RESPONDER, lambda: by(PKI.root).bytes()),
    "by the signer itself": (Reason.OCSP_RESPONDER, lambda: by(PKI.tsa).bytes()),
    "by a delegate without a purpose": (Reason.OCSP_RESPONDER, lambda: by(delegate(purposes=None)).bytes()),
    "by a delegate for any purpose": (
        Reason.OCSP_RESPONDER, lambda: by(delegate(purposes=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])).bytes()),
    "by a delegate for timestamps": (
        Reason.OCSP_RESPONDER, lambda: by(delegate(purposes=[ExtendedKeyUsageOID.TIME_STAMPING])).bytes()),
    "by a delegate who had expired": (Reason.OCSP_RESPONDER, lambda: by(expired()).bytes()),
    "by a delegate who was not one yet": (
        Reason.OCSP_RESPONDER, lambda: by(delegate(valid=(STAMPED_AT + HOUR, VALID_UNTIL))).bytes()),
    "by a delegate with a critical extension that nobody knows": (Reason.OCSP_RESPONDER, lambda: by(delegate(
        extra=[Extra(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), critical=True)])).bytes()),
    "by a delegate whose certificate has a flipped bit": (Reason.OCSP_RESPONDER, lambda: by(spoil_signature(delegate())).bytes()),
    "that is dated back to when its delegate had not expired": (Reason.OCSP_STALE, lambda: replace(
        by(expired()), produced_at=STAMPED_AT - 2 * DAY, this_update=STAMPED_AT - 2 * DAY).bytes()),
    "that ended before": (Reason.OCSP_STALE, lambda: replace(
        GOOD, this_update=STAMPED_AT - DAY, next_update=STAMPED_AT - timedelta(seconds=1)).bytes()),
    "without an end, of an hour before": (
        Reason.OCSP_STALE, lambda: replace(GOOD, next_update=None, this_update=STAMPED_AT - HOUR).bytes()),
    "of the future": (Reason.OCSP_AHEAD, lambda: replace(GOOD, this_update=NOW + HOUR, next_update=NOW + DAY).bytes()),
    "made in the future": (Reason.OCSP_AHEAD, lambda: replace(GOOD, produced_at=NOW + HOUR).bytes()),
    "with a critical extension": (
        Reason.CRITICAL_EXTENSION, lambda: replace(GOOD, extensions=extension("1.2.3.4", der.NULL, critical=True)).bytes()),
    "with a critical extension about the certificate": (
        Reason.CRITICAL_EXTENSION, lambda: replace(GOOD, single_extensions=extension("1.2.3.4", der.NULL, critical=True)).bytes()),
    "by an algorithm that nobody knows": (Reason.ALGORITHM, lambda: replace(GOOD, algorithm=der.algorithm("1.2.3.4")).bytes()),
    "superseded before": (Reason.REVOKED, lambda: replace(GOOD, status=revoked(STAMPED_AT - HOUR)).bytes()),
    "superseded at that very second": (Reason.REVOKED, lambda: replace(GOOD, status=revoked(STAMPED_AT)).bytes()),
    "superseded later, invalid before": (Reason.REVOKED, lambda: replace(
        GOOD, status=revoked(STAMPED_AT + HOUR),
        single_extensions=extension(INVALID_SINCE, der.generalized_time(STAMPED_AT - HOUR))).bytes()),
    "superseded before, says an answer of old": (Reason.REVOKED, lambda: replace(
        GOOD, status=revoked(STAMPED_AT - 9 * DAY), this_update=STAMPED_AT - 9 * DAY, next_update=STAMPED_AT - 8 * DAY).bytes()),
    "superseded before, says a delegate of old": (Reason.REVOKED, lambda: replace(
        by(expired()), status=revoked(STAMPED_AT - 9 * DAY), produced_at=STAMPED_AT - 9 * DAY).bytes()),
    "revoked later without a reason": (Reason.KEY_COMPROMISE, lambda: replace(GOOD, status=revoked(STAMPED_AT + HOUR, None)).bytes()),
    "compromised later": (
        Reason.KEY_COMPROMISE, lambda: replace(GOOD, status=revoked(STAMPED_AT + HOUR, ReasonFlags.key_compromise)).bytes()),
}


@pytest.mark.parametrize("title", WRONG)
def test_a_wrong_answer_is_refused_for_its_reason(title: str) -> None:
    reason, build = WRONG[title]
    assert refusal(build(), now=NOW) is reason


def refusal(answer: bytes, *, now: datetime | None = None, path: tuple[object, ...] = PATH) -> Reason | None:
    try:
        judge_answer(path, answer, STAMPED_AT, now=now)  # type: ignore[arg-type]
    except TimestampRefused as refused:
        return refused.reason
    return None


def test_every_reason_that_is_an_answer_s_own_has_one_that_is_refused_for_it() -> None:
    assert {reason for reason, _ in WRONG.values()} >= {reason for reason in Reason if reason.startswith("ocsp-")}


def test_without_a_clock_an_answer_of_the_future_is_not_noticed() -> None:
    assert refusal(WRONG["of the future"][1]()) is None


def pss(mask: str = SHA256) -> bytes:
    generator = der.algorithm(MGF1, der.algorithm(mask))
    return der.algorithm(RSA_PSS, der.sequence(
        der.explicit(0, der.algorithm(SHA256)), der.explicit(1, generator), der.explicit(2, der.integer(32))))


@pytest.mark.parametrize(("parts", "reason"), [
    ({}, None),
    ({"algorithm": pss(), "sign": _rsa(hashes.SHA256(), padding.PSS(padding.MGF1(hashes.SHA256()), 32))}, None),
    ({"algorithm": der.algorithm(RSA_SHA1, der.NULL), "sign": _rsa(hashes.SHA1())}, Reason.WEAK_DIGEST),
    ({"algorithm": der.algorithm("1.2.840.113549.1.1.4", der.NULL)}, Reason.WEAK_DIGEST),
    ({"algorithm": der.algorithm(RSA_PSS, der.sequence())}, Reason.WEAK_DIGEST),
    ({"algorithm": der.algorithm(ECDSA_SHA256)}, Reason.OCSP_SIGNATURE),
], ids=["PKCS #1", "PSS", "SHA-1", "MD5", "PSS with its defaults", "another kind of algorithm"])
def test_an_answer_signed_with_rsa(parts: dict[str, object], reason: Reason | None) -> None:
    assert refusal(replace(of_rsa(), **parts).bytes(), path=RSA_PATH) is reason  # type: ignore[arg-type]


def test_a_delegate_with_a_weak_key_signs_nothing() -> None:
    weak = issue("Weak Responder", PKI.intermediate, key=rsa_key("weak", 1024), extensions=[
        Extra(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])), Extra(key_usage("digital_signature"))])
    answer = replace(by(weak), algorithm=der.algorithm(RSA_SHA256, der.NULL), sign=_rsa(hashes.SHA256())).bytes()
    assert refusal(answer) is Reason.OCSP_SIGNATURE


def test_nothing_that_is_done_to_an_answer_gets_more_out_of_it_than_a_refusal() -> None:
    dice, plain = random.Random(3), by(delegate()).bytes()
    passed = [changed for changed in (mutated(plain, dice) for _ in range(3000)) if changed != plain and refusal(changed) is None]
    assert passed == []


def test_the_question_is_one_that_openssl_answers_and_its_answer_is_taken(tmp_path: Path) -> None:
    """OpenSSL is the responder, with a delegate's certificate; it answers by the machine's clock."""
    responder = delegate(label="OpenSSL Responder")
    token = Recipe().token()
    path = backing_of(token, roots=[PKI.root.der]).path
    for name, holder in (("issuer", PKI.intermediate), ("responder", responder), ("tsa", PKI.tsa)):
        (tmp_path / f"{name}.pem").write_bytes(holder.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "responder.key").write_bytes(_pem(responder))
    (tmp_path / "question").write_bytes(question_about(path))
    (tmp_path / "index.txt").write_text(f"V\t{VALID_UNTIL:%y%m%d%H%M%SZ}\t\t{SERIAL:X}\tunknown\t/CN=Test TSA\n")
    words = "ocsp -index index.txt -CA issuer.pem -rsigner responder.pem -rkey responder.key -reqin question -respout answer -ndays 1"
    subprocess.run(["openssl", *words.split()], cwd=tmp_path, check=True, capture_output=True)
    answer = (tmp_path / "answer").read_bytes()
    said = ocsp.load_der_ocsp_response(answer)
    judge_answer(path, answer, said.this_update_utc)
    with pytest.raises(TimestampRefused, match="ocsp-stale"):
        judge_answer(path, answer, said.this_update_utc + 2 * DAY)


@pytest.mark.parametrize("title", ["by the issuer", "by a delegate", "without a signature", "by a delegate without a purpose"])
def test_openssl_agrees_about_who_may_answer(title: str, tmp_path: Path) -> None:
    answer = RIGHT[title]() if title in RIGHT else WRONG[title][1]()
    (tmp_path / "answer").write_bytes(answer)
    for name, holder in (("root", PKI.root), ("issuer", PKI.intermediate), ("tsa", PKI.tsa)):
        (tmp_path / f"{name}.pem").write_bytes(holder.certificate.public_bytes(Encoding.PEM))
    words = f"ocsp -issuer issuer.pem -cert tsa.pem -respin answer -CAfile root.pem -no_nonce -attime {int(STAMPED_AT.timestamp())}"
    done = subprocess.run(["openssl", *words.split()], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert ("Response verify OK" in done.stdout + done.stderr) is (title in RIGHT), done.stderr


def _pem(holder: Holder) -> bytes:
    return holder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
