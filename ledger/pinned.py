"""The pinned roots of timestamping authorities, whether they are asked still or not.

An authority that is not in the setting any more leaves tokens behind: its files stay at `var/trust/tsa/`, are exported with the trust
folder, and judge what it once stamped. Files belong to an authority as `ledger.timestamping` says; nobody removes one.
"""
import re
from collections.abc import Collection
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

from ledger.timestamping import load_authorities

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.pem")


def roots_folder() -> Path:
    """Where the certificates lie, as `<id>*.pem`."""
    return Path(settings.VAR_DIR) / "trust" / "tsa"


def pinned_roots(authority_id: str) -> tuple[bytes, ...]:
    """The certificates (DER) of one authority. Raises ValueError with one sentence when there is none, or one cannot be read."""
    [authority] = load_authorities(f"{authority_id}=http://localhost/", roots_folder())
    return authority.roots


def retired_roots(configured: Collection[str]) -> dict[str, tuple[bytes, ...]]:
    """File name → certificates (DER) of the files that belong to no configured authority. Raises ValueError with one sentence."""
    files = sorted(roots_folder().glob("*.pem"))
    return {file.name: _certificates(file) for file in files if not any(file.name.startswith(id_) for id_ in configured)}


def _certificates(file: Path) -> tuple[bytes, ...]:
    if not _NAME.fullmatch(file.name):
        raise ValueError(f"{file} is not named <id>.pem: letters, digits, '.', '_' and '-'")
    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as error:
        raise ValueError(f"{file} holds no PEM certificate") from error
    return tuple(certificate.public_bytes(Encoding.DER) for certificate in found)
