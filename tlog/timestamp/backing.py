"""What stands behind a token: how long its chain holds, by which algorithms, and where its issuers say who was revoked.

    found = backing_of(token, roots=[der, ...])
    found.valid_until, found.algorithms, found.lists, found.responder

It is asked of tokens that were verified: the signer and the chain are judged here as `verify_token` does, the imprint, the nonce and
revocation are not. Addresses come from certificates that chain to a pinned root, so nobody else chooses where a caller connects; still
only plain http and https addresses are given out. There is no network here.

Source: RFC 5280 sections 4.2.1.13 (CRL distribution points) and 4.2.2.1 (authority information access); formats.md A7.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import AuthorityInformationAccessOID

from tlog.timestamp.algorithms import strong_digest
from tlog.timestamp.certificates import Certificate, find_extension, judge_signer, load_readable
from tlog.timestamp.chain import Path, find_chain, load_roots
from tlog.timestamp.cms import open_token
from tlog.timestamp.reasons import TimestampRefused
from tlog.timestamp.signature import verify_signer
from tlog.timestamp.tst_info import parse_tst_info

# Without a user, which could pose as the host, and without a fragment.
_ADDRESS = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([1-9][0-9]{0,4}))?(?:/[!\"$-~]*)?")
_CURVES = {"secp256r1": "ecdsa-p256", "secp384r1": "ecdsa-p384", "secp521r1": "ecdsa-p521"}


@dataclass(frozen=True, slots=True)
class Backing:
    """The chain of one token, judged at its genTime (aware UTC).

    `valid_until` is when the first certificate of the chain ends; `algorithms` are words such as `sha256`, `rsa-2048`, `ecdsa-p256`.
    `lists` has the addresses of each revocation list that the chain names, alternatives of one list together; `responder` is where the
    signer's issuer answers OCSP questions, None when nowhere. `path` is the chain, signer first, root last.
    """

    gen_time: datetime
    valid_until: datetime
    algorithms: frozenset[str]
    lists: tuple[tuple[str, ...], ...]
    responder: str | None
    path: Path


def backing_of(token: bytes, *, roots: Iterable[bytes], intermediates: Iterable[bytes] = ()) -> Backing:
    """Find what stands behind a token; `roots` and `intermediates` are DER certificates, as for `verify_token`.

    Raises: TimestampRefused: the signer or the chain does not hold.
    """
    opened = open_token(token)
    info = parse_tst_info(opened.content)
    pool = load_readable((*intermediates, *opened.certificates))
    signer = verify_signer(opened, pool)
    judge_signer(signer, info.gen_time)
    path = find_chain(signer, roots=load_roots(roots), pool=pool, at=info.gen_time)
    digests = {strong_digest(opened.signer.digest, "the signer's digest algorithm").name, "sha256"}
    return Backing(
        gen_time=info.gen_time,
        valid_until=min(certificate.valid_until for certificate in path),
        algorithms=frozenset(digests) | _algorithms(path),
        lists=tuple(dict.fromkeys(found for certificate in path[:-1] if (found := _list_addresses(certificate)))),
        responder=next(iter(_responders(signer)), None),
        path=path,
    )


def names_revocation(token: bytes) -> bool:
    """Tell whether any certificate inside a token says where to ask about revocation; nothing is verified, and False on garbage."""
    try:
        certificates = load_readable(open_token(token).certificates)
    except TimestampRefused:
        return False
    return any(_list_addresses(certificate) or _responders(certificate) for certificate in certificates)


def _algorithms(path: Path) -> frozenset[str]:
    """The chain's keys, and the digests of the signatures on it; the root's own signature protects nothing."""
    digests = (certificate.parsed.signature_hash_algorithm for certificate in path[:-1])
    return frozenset({digest.name for digest in digests if digest is not None} | {_key_word(certificate) for certificate in path})


def _key_word(certificate: Certificate) -> str:
    key = certificate.key()
    return f"rsa-{key.key_size}" if isinstance(key, rsa.RSAPublicKey) else _CURVES[key.curve.name]


def _list_addresses(certificate: Certificate) -> tuple[str, ...]:
    points = find_extension(certificate.extensions, x509.CRLDistributionPoints)
    # SPEC: RFC 5280 4.2.1.13: a point for some reasons, or of another issuer, is no whole list of this one.
    whole = [point for point in points.value if point.reasons is None and point.crl_issuer is None] if points else []
    return _addresses([name for point in whole for name in point.full_name or ()])


def _responders(certificate: Certificate) -> tuple[str, ...]:
    access = find_extension(certificate.extensions, x509.AuthorityInformationAccess)
    described = access.value if access else ()
    return _addresses([each.access_location for each in described if each.access_method == AuthorityInformationAccessOID.OCSP])


def _addresses(names: Sequence[x509.GeneralName]) -> tuple[str, ...]:
    """The http and https addresses among these names; ldap and the rest are not spoken here."""
    found = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    return tuple(dict.fromkeys(address for address in found if _is_plain(address)))


def _is_plain(address: str) -> bool:
    match = _ADDRESS.fullmatch(address)
    return match is not None and int(match[1] or 80) <= 65535
