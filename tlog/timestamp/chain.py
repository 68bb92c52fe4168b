"""Builds the chain from the signer's certificate to a pinned root, judged at genTime.

Anchors are pinned certificates that are self-issued certification authorities. Any other certificate, pinned, passed or embedded, is only
an intermediate and never ends a chain; the signer's own certificate is never an anchor either. A root's signature over itself is not
judged (pinning stands for it), but its key, period and constraints are.

The search is complete and cannot explode: what has failed once with the same number of certificates below it is not tried again, and each
signature is checked once. Source: RFC 5280 section 6.1, without policies and name constraints.
"""
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding

from tlog.timestamp.algorithms import RSA_PSS, STRONG_DIGESTS
from tlog.timestamp.certificates import UNREADABLE, Certificate, judge_authority, load_readable
from tlog.timestamp.reasons import Reason, TimestampRefused

_MAX_LENGTH = 8  # certificates in a chain, both ends included
Path = tuple[Certificate, ...]


def find_chain(signer: Certificate, *, roots: Iterable[Certificate], pool: Iterable[Certificate], at: datetime) -> Path:
    """Give the chain from the signer (first) to a pinned root (last), every link of which holds at `at`.

    Raises: TimestampRefused: what was wrong with the first chain that came closest, or `chain` when none leads to a root.
    """
    pinned = tuple(roots)
    anchors = tuple(root for root in pinned if root.self_issued)
    others = tuple(certificate for certificate in (*pinned, *pool) if certificate.der not in {root.der for root in anchors})
    search = _Search(anchors, others, at)
    path = search.climb(signer, length=1, below=0)
    if path is None:
        raise search.failure or TimestampRefused(Reason.CHAIN, f"no chain from {signer.title()} to a pinned root")
    return path


def load_roots(roots: Iterable[bytes]) -> Path:
    """Read the pinned DER certificates. Raises: TimestampRefused (roots) when there is none that can be read."""
    found = load_readable(roots)
    if not found:
        raise TimestampRefused(Reason.ROOTS, "no pinned root certificate that can be read")
    return found


def judge_signature_algorithm(signed: x509.Certificate | x509.CertificateRevocationList, what: str) -> None:
    """Refuse a certificate or revocation list signed with a weak or unknown digest. Raises: TimestampRefused (weak-digest, algorithm)."""
    try:
        names = {signed.signature_hash_algorithm.name if signed.signature_hash_algorithm else "none"}
        if signed.signature_algorithm_oid.dotted_string == RSA_PSS:
            parameters = signed.signature_algorithm_parameters
            assert isinstance(parameters, padding.PSS)
            assert isinstance(parameters.mgf, padding.MGF1)
            names.add(parameters.mgf._algorithm.name)
    except UNREADABLE as error:
        raise TimestampRefused(Reason.ALGORITHM, f"the signature algorithm of {what} is not known") from error
    weak = sorted(names - STRONG_DIGESTS)
    if weak:
        reason = Reason.WEAK_DIGEST if weak[0] in ("md5", "sha1", "sha224") else Reason.ALGORITHM
        raise TimestampRefused(reason, f"{weak[0]} in the signature of {what}")


def verify_link(child: Certificate, issuer: Certificate) -> None:
    """Verify that `issuer` issued `child`: names, strength and signature, no purpose and no time.

    Raises: TimestampRefused (chain-signature, weak-digest, weak-key, algorithm).
    """
    try:
        judge_signature_algorithm(child.parsed, child.title())
        issuer.key()
        child.parsed.verify_directly_issued_by(issuer.parsed)
    except (InvalidSignature, *UNREADABLE) as error:
        detail = f"{child.title()} is not signed by the key of {issuer.title()}"
        raise TimestampRefused(Reason.CHAIN_SIGNATURE, detail) from error


class _Search:
    """Depth first from the signer upwards; `failure` is the first failure that is more than a signature that does not fit."""

    def __init__(self, anchors: Path, others: Path, at: datetime) -> None:
        self.anchors = anchors
        self.others = others
        self.at = at
        self.failure: TimestampRefused | None = None
        self._dead: set[tuple[bytes, int, int]] = set()
        self._links: dict[tuple[bytes, bytes], TimestampRefused | None] = {}

    def climb(self, child: Certificate, *, length: int, below: int) -> Path | None:
        """Find the rest of the chain over `child`, the `length`-th certificate, with `below` intermediates under its issuer."""
        if (child.der, length, below) in self._dead:
            return None
        self._dead.add((child.der, length, below))
        if length == _MAX_LENGTH:
            self._note(TimestampRefused(Reason.CHAIN, f"a chain of more than {_MAX_LENGTH} certificates"))
            return None
        for root in self.anchors:
            if self._holds(child, root, below):
                return (child, root)
        for authority in self.others:
            if self._holds(child, authority, below):
                rest = self.climb(authority, length=length + 1, below=below + (not authority.self_issued))
                if rest is not None:
                    return (child, *rest)
        return None

    def _holds(self, child: Certificate, issuer: Certificate, below: int) -> bool:
        if issuer.subject != child.issuer or issuer.der == child.der:
            return False
        try:
            self._verify_link(child, issuer)
            judge_authority(issuer, self.at, below)
        except TimestampRefused as error:
            self._note(error)
            return False
        return True

    def _verify_link(self, child: Certificate, issuer: Certificate) -> None:
        link = (child.der, issuer.der)
        if link not in self._links:
            self._links[link] = _examine_link(child, issuer)
        failure = self._links[link]
        if failure is not None:
            raise failure

    def _note(self, failure: TimestampRefused) -> None:
        # A stranger of the same name is in nobody's chain: what is wrong with the real issuer is the better answer.
        if self.failure is None or self.failure.reason is Reason.CHAIN_SIGNATURE:
            self.failure = failure


def _examine_link(child: Certificate, issuer: Certificate) -> TimestampRefused | None:
    try:
        verify_link(child, issuer)
    except TimestampRefused as error:
        return error
    return None
