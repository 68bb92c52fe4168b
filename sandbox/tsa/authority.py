"""The sandbox authority's certificates and keys: made once in a folder, all or nothing, and loaded from then on.

The folder holds `root.pem`, `intermediate.pem`, `tsa.pem` and a key for each (`*.key`, mode 0600). It is filled beside its place and
renamed into it, so that a crash leaves no half of it and two first starts agree on one authority. Keys are not encrypted: they protect
nothing. Source: RFC 3161 section 2.3 for what a TSA's certificate looks like.
"""
from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.tsa.revocation import distribution_point, list_address
from sandbox.tsa.signing import Identity
from sandbox.tsa.status import access_point, responder_address

ROOT, INTERMEDIATE, TSA = "root", "intermediate", "tsa"
_FROM, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC)


class BrokenAuthorityError(Exception):
    """The folder exists but cannot be used; the text is one sentence for whoever started the program."""


@dataclass(frozen=True, slots=True)
class Authority:
    """The whole hierarchy: `tsa` signs timestamps and carries the intermediate's certificate."""

    root: Identity
    intermediate: Identity
    tsa: Identity


def ensure_authority(folder: Path, base_url: str | None = None) -> Authority:
    """Load the authority from `folder`, making it first when there is none; `base_url` is where it will publish revocation
    lists and answer about its certificates.

    Raises: BrokenAuthorityError when something else, or a part of an authority, is there.
    """
    if not folder.exists() or not any(folder.iterdir()):
        folder.parent.mkdir(parents=True, exist_ok=True)
        _place(make_authority(base_url), folder)
    return _load(folder)


def make_authority(
    base_url: str | None = None, *, valid_from: datetime = _FROM, valid_until: datetime = _UNTIL, lists: bool = True, answers: bool = True,
) -> Authority:
    """Make a fresh hierarchy in memory: root, intermediate, TSA certificate, all ECDSA P-256 and of one period.

    With `base_url` the two issued certificates name the revocation lists below it (`revocation`) and the OCSP responder (`status`), or
    only one of the two; without one they name none.
    """
    lists_at, responder = base_url if lists else None, responder_address(base_url if answers else None)
    root = issue(_name("root"), None, is_authority=True, valid_from=valid_from, valid_until=valid_until)
    intermediate = issue(
        _name("intermediate"), root, is_authority=True, valid_from=valid_from, valid_until=valid_until,
        revocation=list_address(lists_at, ROOT), responder=responder)
    tsa = issue(
        _name("TSA"), intermediate, valid_from=valid_from, valid_until=valid_until, revocation=list_address(lists_at, INTERMEDIATE),
        responder=responder)
    return Authority(root, intermediate, tsa)


def issue(
    subject: x509.Name, issuer: Identity | None, *, is_authority: bool = False, valid_from: datetime = _FROM,
    valid_until: datetime = _UNTIL, revocation: str | None = None, responder: str | None = None,
) -> Identity:
    """Issue a certificate with a fresh key: a CA's, or a timestamping one. Without an issuer it signs itself.

    `revocation` is the address of the issuer's revocation list, `responder` that of its OCSP responder; None names none.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid_from)
        .not_valid_after(valid_until)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_key_usage(is_authority=is_authority), critical=True)
    )
    if issuer:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    if revocation:
        builder = builder.add_extension(distribution_point(revocation), critical=False)
    if responder:
        builder = builder.add_extension(access_point(responder), critical=False)
    if not is_authority:
        # SPEC: RFC 3161 2.3: exactly this purpose, and critical.
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    certificate = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    return Identity(key, certificate, (issuer.certificate,) if issuer else ())


def _name(role: str) -> x509.Name:
    return x509.Name([
        x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "TEST authority 测试机构"),
        x509.NameAttribute(NameOID.COMMON_NAME, f"TEST {role} - proves nothing 仅供测试"),
    ])


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority, content_commitment=not is_authority, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=is_authority, crl_sign=is_authority, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _place(authority: Authority, folder: Path) -> None:
    """Write beside the place and rename: whoever comes second finds the folder filled and keeps that one."""
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name in (ROOT, INTERMEDIATE, TSA):
            identity: Identity = getattr(authority, name)
            _write(draft / f"{name}.pem", identity.certificate.public_bytes(serialization.Encoding.PEM), 0o644)
            _write(draft / f"{name}.key", _private_pem(identity.key), 0o600)
        try:
            draft.replace(folder)
        except OSError:
            if not folder.is_dir() or not any(folder.iterdir()):
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write(path: Path, data: bytes, mode: int) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _load(folder: Path) -> Authority:
    try:
        root = _load_identity(folder, ROOT)
        intermediate = _load_identity(folder, INTERMEDIATE)
        tsa = _load_identity(folder, TSA)
    except (OSError, ValueError, TypeError) as error:
        raise BrokenAuthorityError(f"{folder} holds no complete sandbox authority: move it away and a new one is made.") from error
    return Authority(root, intermediate, Identity(tsa.key, tsa.certificate, (intermediate.certificate,)))


def _load_identity(folder: Path, name: str) -> Identity:
    key = serialization.load_pem_private_key((folder / f"{name}.key").read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{name}.key is not an ECDSA key")
    certificate = x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())
    return Identity(key, certificate)
