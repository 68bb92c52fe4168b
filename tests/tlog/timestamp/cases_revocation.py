"""Chains that revocation lists refuse, lists that cannot be used; and the lists that change nothing, which are right."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags

from sandbox.tsa import der
from tests.tlog.timestamp.cases import Case, each, good, hostile
from tests.tlog.timestamp.factory import Recipe, signed_by
from tests.tlog.timestamp.pki import PKI, STAMPED_AT, Extra, Holder, authority_extensions, issue, key_usage, rsa_key, tsa_extensions
from tlog.timestamp import Reason, ber

DAY = timedelta(days=1)
UNKNOWN = Extra(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), critical=True)


def entry(
    holder: Holder,
    since: datetime,
    reason: ReasonFlags | None = None,
    *,
    extra: Iterable[Extra] = (),
    invalid_since: datetime | None = None,
) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(holder.certificate.serial_number).revocation_date(since)
    if reason:
        builder = builder.add_extension(x509.CRLReason(reason), critical=False)
    if invalid_since:
        builder = builder.add_extension(x509.InvalidityDate(invalid_since.replace(tzinfo=None)), critical=False)
    for extension in extra:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    return builder.build()


def crl(
    issuer: Holder,
    *entries: x509.RevokedCertificate,
    made: datetime = STAMPED_AT - timedelta(hours=1),
    until: datetime = STAMPED_AT + 30 * DAY,
    extensions: Iterable[Extra] = (),
    key: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject).last_update(made).next_update(until)
    for revoked in entries:
        builder = builder.add_revoked_certificate(revoked)
    for extension in extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    return builder.sign(key or issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def with_crls(*crls: bytes) -> Case:
    return Case(token=Recipe().token(), crls=crls)


def tsa_revoked(since: datetime, reason: ReasonFlags | None = None, *, invalid_since: datetime | None = None) -> Case:
    revoked = entry(PKI.tsa, since, reason, invalid_since=invalid_since)
    return with_crls(crl(PKI.intermediate, revoked, made=max(since, STAMPED_AT), until=since + 900 * DAY))


def scope(**parts: object) -> Extra:
    fields: dict[str, Any] = {
        "full_name": None, "relative_name": None, "only_contains_user_certs": False, "only_contains_ca_certs": False,
        "only_some_reasons": None, "indirect_crl": False, "only_contains_attribute_certs": False,
    }  # fmt: skip
    return Extra(x509.IssuingDistributionPoint(**{**fields, **parts}), critical=True)


def by_authority_without_lists() -> Case:
    between = issue("Listless Intermediate", PKI.root, extensions=authority_extensions(usage=key_usage("key_cert_sign")))
    case = signed_by(issue("TSA of a listless one", between, extensions=tsa_extensions()), between)
    return Case(token=case.token, crls=(crl(between),))


def of_two_minds() -> Case:
    tbs, _, signature = (ber.encode(part) for part in ber.parse(crl(PKI.intermediate)).children)
    return with_crls(der.sequence(tbs, der.algorithm("1.2.840.10045.4.3.3"), signature))


BEFORE, AFTER = STAMPED_AT - DAY, STAMPED_AT + DAY
_HARMLESS = ReasonFlags.superseded

each(Reason.REVOKED, {
    "signer superseded before": lambda: tsa_revoked(BEFORE, _HARMLESS),
    "signer superseded at that very second": lambda: tsa_revoked(STAMPED_AT, _HARMLESS),
    "signer superseded later, invalid before": lambda: tsa_revoked(AFTER, _HARMLESS, invalid_since=BEFORE),
    "signer's authority closed before": lambda: with_crls(
        crl(PKI.root, entry(PKI.intermediate, BEFORE, ReasonFlags.cessation_of_operation))),
    "signer's authority revoked before without a reason": lambda: with_crls(crl(PKI.root, entry(PKI.intermediate, BEFORE))),
    "signer on the second of two lists": lambda: with_crls(crl(PKI.intermediate), crl(PKI.intermediate, entry(PKI.tsa, BEFORE, _HARMLESS))),
    "signer on a list that has ended since": lambda: with_crls(crl(
        PKI.intermediate, entry(PKI.tsa, BEFORE - DAY, _HARMLESS), made=BEFORE - DAY, until=BEFORE)),
})  # fmt: skip

each(Reason.KEY_COMPROMISE, {
    "signer's key compromised before": lambda: tsa_revoked(BEFORE, ReasonFlags.key_compromise),
    "signer's key compromised a year later": lambda: tsa_revoked(STAMPED_AT + 365 * DAY, ReasonFlags.key_compromise),
    "signer's attribute authority compromised later": lambda: tsa_revoked(AFTER, ReasonFlags.aa_compromise),
    "signer revoked later without a reason": lambda: tsa_revoked(AFTER),
    "signer on hold later": lambda: tsa_revoked(AFTER, ReasonFlags.certificate_hold),
    "signer's authority compromised later": lambda: with_crls(crl(PKI.root, entry(PKI.intermediate, AFTER, ReasonFlags.ca_compromise))),
    "authority's key compromised later": lambda: with_crls(crl(PKI.root, entry(PKI.intermediate, AFTER, ReasonFlags.key_compromise))),
})  # fmt: skip

each(Reason.CRL_SIGNATURE, {
    "list by somebody who uses the issuer's name": lambda: with_crls(
        crl(PKI.intermediate, key=ec.generate_private_key(ec.SECP256R1()))),
    "list by a key of another kind": lambda: with_crls(crl(Holder(PKI.intermediate.certificate, rsa_key("impostor")))),
    "list of an authority that is not in the chain": lambda: with_crls(crl(PKI.rsa_root)),
    "list with a flipped bit": lambda: with_crls(crl(PKI.intermediate)[:-1] + bytes([crl(PKI.intermediate)[-1] ^ 1])),
    "list by the signer itself": lambda: with_crls(crl(PKI.tsa)),
    "list of an authority that may not sign lists": by_authority_without_lists,
})  # fmt: skip

each(Reason.CRL_MALFORMED, {
    "list with two names for its signature's algorithm": of_two_minds,
    "list that cannot be read": lambda: with_crls(b"crl"),
    "list in PEM": lambda: with_crls(x509.load_der_x509_crl(crl(PKI.intermediate)).public_bytes(Encoding.PEM)),
    "list with a reason that cannot be read": lambda: with_crls(crl(PKI.intermediate, entry(
        PKI.tsa, AFTER, extra=[Extra(x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.21"), b"\x05\x00"))]))),
})  # fmt: skip

each(Reason.CRL_SCOPE, {
    "list of changes only": lambda: with_crls(crl(PKI.intermediate, extensions=[Extra(x509.DeltaCRLIndicator(1), critical=True)])),
    "list with an unknown critical extension": lambda: with_crls(crl(PKI.intermediate, extensions=[UNKNOWN])),
    "list for other issuers": lambda: with_crls(crl(PKI.intermediate, extensions=[scope(indirect_crl=True)])),
    "list for some reasons": lambda: with_crls(crl(PKI.intermediate, extensions=[
        scope(only_some_reasons=frozenset({ReasonFlags.superseded}))])),
    "list for attribute certificates": lambda: with_crls(crl(PKI.intermediate, extensions=[scope(only_contains_attribute_certs=True)])),
    "revocation with an unknown critical extension": lambda: with_crls(crl(PKI.intermediate, entry(
        PKI.tsa, AFTER, _HARMLESS, extra=[UNKNOWN]))),
})  # fmt: skip

each(Reason.CRL_STALE, {
    "list that ended a day before": lambda: with_crls(crl(PKI.intermediate, made=BEFORE - DAY, until=BEFORE)),
    "one authority's list is fresh, the other's is not": lambda: with_crls(
        crl(PKI.intermediate), crl(PKI.root, made=BEFORE - DAY, until=BEFORE)),
})  # fmt: skip


@hostile(Reason.TOO_LARGE)
def list_of_more_than_32_mib() -> Case:
    return with_crls(bytes(32 * 1024 * 1024 + 1))


@hostile(Reason.WEAK_DIGEST)
def list_signed_with_sha_1() -> Case:
    tbs, _, _ = ber.parse(crl(PKI.rsa_root)).children
    version, _, *rest = (ber.encode(field) for field in tbs.children)
    algorithm = der.algorithm("1.2.840.113549.1.1.5", der.NULL)
    signed = der.sequence(version, algorithm, *rest)
    signature = rsa_key("rsa root").sign(signed, padding.PKCS1v15(), hashes.SHA1())
    weak = der.sequence(signed, algorithm, der.element(0x03, b"\x00" + signature))
    return Case(token=signed_by(PKI.rsa_tsa).token, roots=(PKI.rsa_root.der,), crls=(weak,))


# Lists that change nothing


@good
def clean_list_of_the_signers_issuer() -> Case:
    return with_crls(crl(PKI.intermediate))


@good
def clean_lists_of_the_whole_chain() -> Case:
    return with_crls(crl(PKI.intermediate), crl(PKI.root))


@good
def list_that_revokes_somebody_else() -> Case:
    return with_crls(crl(PKI.intermediate, entry(PKI.rsa_tsa, BEFORE, ReasonFlags.key_compromise)))


@good
def list_for_user_certificates_with_a_number() -> Case:
    return with_crls(crl(PKI.intermediate, extensions=[scope(only_contains_user_certs=True), Extra(x509.CRLNumber(7))]))


@good
def clean_list_made_a_day_later() -> Case:
    return with_crls(crl(PKI.intermediate, made=STAMPED_AT + DAY))


@good
def signer_superseded_later() -> Case:
    return tsa_revoked(AFTER, ReasonFlags.superseded)


@good
def signer_closed_later_and_said_so_in_time() -> Case:
    return tsa_revoked(AFTER, ReasonFlags.cessation_of_operation, invalid_since=AFTER + DAY)


@good
def signers_authority_revoked_later_without_a_reason() -> Case:
    return with_crls(crl(PKI.root, entry(PKI.intermediate, AFTER)))


@good
def old_list_beside_a_fresh_one() -> Case:
    return with_crls(crl(PKI.intermediate, made=BEFORE - DAY, until=BEFORE), crl(PKI.intermediate))
