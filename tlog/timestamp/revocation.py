"""Judges a chain by the certificate revocation lists that were archived with the token or fetched later.

A list that is given must be usable: readable, signed by an authority of this very chain, not a delta, and as recent as genTime. Whether
lists are complete for the chain is the caller's policy: without lists nothing is judged. Lists embedded in a token are not read.

Source: formats.md A7, RFC 3161 section 4 (what a revocation's reason means for old timestamps), RFC 5280 sections 5 and 6.3.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID

from tlog.timestamp.certificates import UNREADABLE, Certificate, may_sign_revocation_lists
from tlog.timestamp.chain import Path, judge_signature_algorithm
from tlog.timestamp.reasons import Reason, TimestampRefused

_MAX_BYTES = 32 * 1024 * 1024
_PROCESSED = frozenset({ExtensionOID.CRL_NUMBER, ExtensionOID.AUTHORITY_KEY_IDENTIFIER, ExtensionOID.ISSUING_DISTRIBUTION_POINT})
_PROCESSED_IN_ENTRY = frozenset({CRLEntryExtensionOID.CRL_REASON, CRLEntryExtensionOID.INVALIDITY_DATE})
_COMPROMISE = frozenset({x509.ReasonFlags.key_compromise, x509.ReasonFlags.ca_compromise, x509.ReasonFlags.aa_compromise})
# SPEC: RFC 3161 4: with one of these reasons an authority's tokens from before the revocation stay valid; without a reason none does.
_HARMLESS = frozenset({
    x509.ReasonFlags.unspecified, x509.ReasonFlags.affiliation_changed, x509.ReasonFlags.superseded,
    x509.ReasonFlags.cessation_of_operation,
})  # fmt: skip


def judge_revocation(path: Path, crls: Iterable[bytes], gen_time: datetime) -> None:
    """Judge every certificate of the chain (signer first, root last) by the DER lists given.

    Raises: TimestampRefused (crl-malformed, crl-signature, crl-scope, crl-stale, weak-digest, critical-extension, revoked, key-compromise).
    """
    stale: set[x509.Name] = set()
    fresh: set[x509.Name] = set()
    for encoded in crls:
        crl = _load(encoded)
        _verify(crl, path)
        for certificate in path[:-1]:
            if certificate.issuer == crl.issuer:
                _judge_entry(crl.parsed, certificate, gen_time, signer=certificate is path[0])
        # SPEC: RFC 5280 6.3.3: a list says nothing about the time after its nextUpdate.
        current = crl.next_update is None or crl.next_update >= gen_time
        (fresh if current else stale).add(crl.issuer)
    if stale - fresh:
        raise TimestampRefused(Reason.CRL_STALE, "a revocation list ends before genTime and says nothing about it")


@dataclass(frozen=True, slots=True)
class _List:
    """A list that could be read whole, but for its entries."""

    parsed: x509.CertificateRevocationList
    issuer: x509.Name
    next_update: datetime | None


def _load(encoded: bytes) -> _List:
    if len(encoded) > _MAX_BYTES:
        raise TimestampRefused(Reason.TOO_LARGE, f"a revocation list of {len(encoded)} bytes")
    try:
        parsed = x509.load_der_x509_crl(encoded)
        crl = _List(parsed, parsed.issuer, parsed.next_update_utc)
        extensions = list(parsed.extensions)
    except UNREADABLE as error:
        raise TimestampRefused(Reason.CRL_MALFORMED, "a revocation list cannot be read") from error
    for extension in extensions:
        if extension.critical and extension.oid not in _PROCESSED:
            raise TimestampRefused(Reason.CRL_SCOPE, f"a revocation list with the critical extension {extension.oid.dotted_string}")
        point = extension.value
        if isinstance(point, x509.IssuingDistributionPoint) and (
            point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs
        ):
            raise TimestampRefused(Reason.CRL_SCOPE, "a revocation list for other issuers, some reasons or attribute certificates only")
    return crl


def _verify(crl: _List, path: Path) -> None:
    judge_signature_algorithm(crl.parsed, "a revocation list")
    if not any(_signed_by(crl, authority) for authority in path[1:]):
        raise TimestampRefused(Reason.CRL_SIGNATURE, "a revocation list is not signed by an authority of this chain")


def _signed_by(crl: _List, authority: Certificate) -> bool:
    return authority.subject == crl.issuer and may_sign_revocation_lists(authority) and crl.parsed.is_signature_valid(authority.key())


def _judge_entry(crl: x509.CertificateRevocationList, certificate: Certificate, gen_time: datetime, *, signer: bool) -> None:
    entry = crl.get_revoked_certificate_by_serial_number(certificate.serial)
    if entry is None:
        return
    reason, since = _read_entry(entry)
    judge_revoked(certificate, reason, since, gen_time, signer=signer)


def judge_revoked(certificate: Certificate, reason: x509.ReasonFlags | None, since: datetime, gen_time: datetime, *, signer: bool) -> None:
    """Judge a token of genTime by a certificate of its chain that was revoked; `signer` tells whether it is the one that signed the token.

    Raises: TimestampRefused (revoked, key-compromise), unless it was revoked later and for a reason that leaves older tokens as they are.
    """
    if reason in _COMPROMISE or (signer and reason not in _HARMLESS):
        raise TimestampRefused(Reason.KEY_COMPROMISE, f"{certificate.title()} was revoked for a reason that spoils every timestamp")
    if since <= gen_time:
        raise TimestampRefused(Reason.REVOKED, f"{certificate.title()} was revoked before genTime")


def _read_entry(entry: x509.RevokedCertificate) -> tuple[x509.ReasonFlags | None, datetime]:
    reason = None
    try:
        since = entry.revocation_date_utc
        extensions = list(entry.extensions)
    except UNREADABLE as error:
        raise TimestampRefused(Reason.CRL_MALFORMED, "an entry of a revocation list cannot be read") from error
    for extension in extensions:
        if extension.critical and extension.oid not in _PROCESSED_IN_ENTRY:
            raise TimestampRefused(Reason.CRL_SCOPE, f"a revocation with the critical extension {extension.oid.dotted_string}")
        if isinstance(extension.value, x509.CRLReason):
            reason = extension.value.reason
        if isinstance(extension.value, x509.InvalidityDate):
            # SPEC: RFC 5280 5.3.2: the key may have been lost before the revocation was written down; the earlier date counts.
            since = min(since, extension.value.invalidity_date_utc)
    return reason, since
