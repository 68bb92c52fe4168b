"""The sandbox authority's OCSP responder, as OpenSSL sees it."""
import http.client
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from sandbox.tsa.authority import Authority
from sandbox.tsa.server import TimestampServer
from tests.ledger.publishing import publishing_authority


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TimestampServer]:
    with publishing_authority(tmp_path, "tsa") as server:
        yield server


def openssl(server: TimestampServer, folder: Path, issuer: x509.Certificate, certificate: x509.Certificate | int) -> str:
    """What it says of a certificate, or of a serial of the issuer's."""
    asked = f"-serial {certificate}" if isinstance(certificate, int) else "-cert asked.pem"
    files = {"issuer": issuer, "root": server.responder.hierarchy.root.certificate}
    for name, each in (files if isinstance(certificate, int) else {**files, "asked": certificate}).items():
        (folder / f"{name}.pem").write_bytes(each.public_bytes(Encoding.PEM))
    words = f"ocsp -issuer issuer.pem {asked} -url {server.url}status -CAfile root.pem -no_nonce"
    done = subprocess.run(["openssl", *words.split()], cwd=folder, check=False, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_openssl_verifies_what_it_says_of_both_certificates(server: TimestampServer, tmp_path: Path) -> None:
    hierarchy: Authority = server.responder.hierarchy
    root, intermediate, tsa = (each.certificate for each in (hierarchy.root, hierarchy.intermediate, hierarchy.tsa))
    for issuer, asked in ((intermediate, tsa), (root, intermediate)):
        said = openssl(server, tmp_path, issuer, asked)
        assert "Response verify OK" in said
        assert "asked.pem: good" in said
    server.revoked[tsa.serial_number] = (datetime.now(UTC) - timedelta(hours=1), x509.ReasonFlags.superseded)
    said = openssl(server, tmp_path, intermediate, tsa)
    assert ("asked.pem: revoked" in said, "Reason: superseded" in said) == (True, True)
    assert "77: unknown" in openssl(server, tmp_path, intermediate, 77)
    assert "unauthorized" in openssl(server, tmp_path, tsa, root)


def test_what_is_no_question_gets_an_answer_that_says_so(server: TimestampServer) -> None:
    for content_type, expected in (("application/ocsp-request", (200, b"\x30\x03\x0a\x01\x01")), ("text/plain", (415, None))):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
        connection.request("POST", "/status", b"question", {"Content-Type": content_type})
        with connection.getresponse() as response:
            assert (response.status, response.read() if expected[1] else None) == expected
        connection.close()
    assert server.questions == 1
