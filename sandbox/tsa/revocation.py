"""What the sandbox authority publishes about its own certificates: a revocation list for each of its two issuers, freshly signed.

    GET /revoked/root.crl            signed by the root: says that the intermediate is in order, or not
    GET /revoked/intermediate.crl    signed by the intermediate: says the same of the TSA's certificate

Certificates name these addresses when the authority was made with `base_url`; one that was made before goes on without.
Source: RFC 5280 sections 4.2.1.13 and 5.
"""
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from sandbox.tsa.signing import Identity

PREFIX = "/revoked/"
LIST_TYPE = "application/pkix-crl"
_LIVES = timedelta(days=7)
Revoked = Mapping[int, tuple[datetime, x509.ReasonFlags]]
"""Serial number → since when, and why."""


def list_address(base_url: str | None, role: str) -> str | None:
    """Where the issuer `role` (root, intermediate) publishes its list; None when the authority publishes none."""
    return f"{base_url.rstrip('/')}{PREFIX}{role}.crl" if base_url else None


def distribution_point(address: str) -> x509.CRLDistributionPoints:
    """The extension that names one list."""
    return x509.CRLDistributionPoints([x509.DistributionPoint([x509.UniformResourceIdentifier(address)], None, None, None)])


def revocation_list(issuer: Identity, now: datetime, revoked: Revoked | None = None, *, lives: timedelta = _LIVES) -> bytes:
    """The DER list of `issuer` at `now` (aware), good for a week."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    builder = builder.last_update(now).next_update(now + lives).add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
    for serial, (since, reason) in (revoked or {}).items():
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
        builder = builder.add_revoked_certificate(entry.add_extension(x509.CRLReason(reason), critical=False).build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)
