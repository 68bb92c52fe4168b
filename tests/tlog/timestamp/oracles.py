"""The two oracles: `openssl ts -verify` (the program) and rfc3161-client (its own copy of OpenSSL under Rust), told the same as we are.

Both judge certificates at the time that they are given, the token's own. Neither can be told our clock, and rfc3161-client no revocation
lists: it is not asked about those cases.
"""
from __future__ import annotations

import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

from sandbox.tsa import der, signing
from tests.tlog.timestamp.cases import Case
from tlog.timestamp import TimestampRefused, ber


def openssl_accepts(case: Case, folder: Path) -> bool:
    """Ask `openssl ts -verify`."""
    (folder / "token").write_bytes(case.token)
    (folder / "query").write_bytes(_query(case))
    crls = b"".join(_pem_crl(crl) for crl in case.crls)
    (folder / "roots.pem").write_bytes(_pem(case.roots) + crls)
    (folder / "others.pem").write_bytes(_pem(case.intermediates) or _pem(case.roots))
    command = [
        "openssl", "ts", "-verify", "-in", "token", "-queryfile", "query", "-CAfile", "roots.pem", "-untrusted", "others.pem",
        "-attime", str(int(case.at.timestamp())),
    ]  # fmt: skip
    command += [] if _is_response(case.token) else ["-token_in"]
    command += ["-crl_check"] if crls else []
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=False)
    return done.returncode == 0 and b"Verification: OK" in done.stdout


def client_accepts(case: Case) -> bool:
    """Ask rfc3161-client; it takes responses only, so a bare token is put into one."""
    response = case.token if _is_response(case.token) else signing.granted(case.token)
    try:
        builder = VerifierBuilder(
            policy_id=x509.ObjectIdentifier(case.policy) if case.policy else None,
            intermediates=[x509.load_der_x509_certificate(certificate) for certificate in case.intermediates],
            roots=[x509.load_der_x509_certificate(root) for root in case.roots],
            nonce=case.nonce,
        )
        return builder.build().verify(decode_timestamp_response(response), case.digest)
    except (VerificationError, ValueError, TypeError, OverflowError, AttributeError):
        return False


def _is_response(token: bytes) -> bool:
    try:
        parts = ber.parse(token).children
    except TimestampRefused:
        return False
    return bool(parts) and parts[0].tag == b"\x30"


def _query(case: Case) -> bytes:
    return der.sequence(
        der.integer(1),
        signing.imprint(case.digest),
        der.oid(case.policy) if case.policy else b"",
        der.integer(case.nonce) if case.nonce is not None else b"",
        der.boolean(True),
    )


def _pem(certificates: tuple[bytes, ...]) -> bytes:
    found = []
    for certificate in certificates:
        try:
            found.append(x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM))
        except ValueError:
            continue
    return b"".join(found)


def _pem_crl(crl: bytes) -> bytes:
    try:
        return x509.load_der_x509_crl(crl).public_bytes(Encoding.PEM)
    except ValueError:
        return b""
