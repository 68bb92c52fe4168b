"""The sandbox timestamping authority as a program: its folder, its port, its answers and its control path."""
from __future__ import annotations

import contextlib
import hashlib
import http.client
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import rfc3161ng
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, VerifierBuilder, decode_timestamp_response

from sandbox.tsa import der
from sandbox.tsa.answering import POLICY, RejectedRequestError, Responder, parse_request
from sandbox.tsa.authority import BrokenAuthorityError, ensure_authority, make_authority
from sandbox.tsa.server import Behaviour, TimestampServer
from sandbox.tsa.signing import certificate_der, imprint
from tlog.errors import VerificationError
from tlog.timestamp import verify_token

ROOT = Path(__file__).parents[2]
DIGEST = hashlib.sha256(b"checkpoint").digest()
Post = Callable[..., tuple[int, bytes]]


def query(*, digest: bytes = DIGEST, hashname: str = "sha256", nonce: int | None = 7, policy: str | None = None) -> bytes:
    request = rfc3161ng.make_timestamp_request(
        digest=digest, hashname=hashname, nonce=nonce, include_tsa_certificate=True, tsa_policy_id=policy
    )
    return bytes(rfc3161ng.encode_timestamp_request(request))


@pytest.fixture
def server() -> Iterator[TimestampServer]:
    tsa = TimestampServer(("127.0.0.1", 0), Responder(make_authority()))
    thread = threading.Thread(target=tsa.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield tsa
    tsa.stop()
    thread.join()


@pytest.fixture
def ask(server: TimestampServer) -> Post:
    def send(
        method: str, path: str, body: bytes = b"", *, content_type: str = "application/timestamp-query", length: str | None = None
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
        headers = {"Content-Type": content_type} | ({"Content-Length": length} if length else {})
        connection.request(method, path, body, headers)
        with connection.getresponse() as response:
            answer = response.status, response.read()
        connection.close()
        return answer

    return send


# The folder


def test_first_start_makes_the_authority_and_the_next_one_keeps_it(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "sandbox-tsa"
    first = ensure_authority(folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "intermediate.key", "intermediate.pem", "root.key", "root.pem", "tsa.key", "tsa.pem",
    ]  # fmt: skip
    assert ensure_authority(folder).root.certificate == first.root.certificate
    assert x509.load_pem_x509_certificate((folder / "root.pem").read_bytes()) == first.root.certificate
    assert [path.name for path in folder.parent.iterdir()] == ["sandbox-tsa"]


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    ensure_authority(tmp_path / "tsa")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "tsa").glob("*.key")}
    assert modes == {"root.key": 0o600, "intermediate.key": 0o600, "tsa.key": 0o600}


def test_every_certificate_says_that_it_is_a_test(tmp_path: Path) -> None:
    hierarchy = ensure_authority(tmp_path / "tsa")
    for identity in (hierarchy.root, hierarchy.intermediate, hierarchy.tsa):
        assert "TEST authority 测试机构" in identity.certificate.subject.rfc4514_string()


def test_starts_at_the_same_time_agree_on_one_authority(tmp_path: Path) -> None:
    found: list[bytes] = []

    def begin() -> None:
        found.append(certificate_der(ensure_authority(tmp_path / "tsa").root.certificate))

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize("name", ["tsa.key", "root.pem", "intermediate.key"])
def test_a_folder_with_a_part_missing_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    ensure_authority(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(BrokenAuthorityError, match="move it away"):
        ensure_authority(tmp_path)
    assert len(list(tmp_path.iterdir())) == 5


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    ensure_authority(tmp_path)
    rsa = subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, check=True).stdout
    (tmp_path / "tsa.key").write_bytes(rsa)
    with pytest.raises(BrokenAuthorityError, match="move it away"):
        ensure_authority(tmp_path)


def test_a_folder_that_cannot_be_made_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        ensure_authority(tmp_path / "file" / "tsa")


# Answers


def test_a_query_is_answered_with_a_token_that_openssl_and_we_accept(server: TimestampServer, ask: Post, tmp_path: Path) -> None:
    status, answer = ask("POST", "/", query())
    root = server.responder.hierarchy.root.certificate
    assert status == 200
    verified = verify_token(answer, digest=DIGEST, roots=[certificate_der(root)], nonce=7, policy=POLICY, now=datetime.now(UTC))
    assert "TEST" in verified.tsa_name
    for name, data in (("answer", answer), ("query", query()), ("root.pem", root.public_bytes(Encoding.PEM))):
        (tmp_path / name).write_bytes(data)
    command = ["openssl", "ts", "-verify", "-in", "answer", "-queryfile", "query", "-CAfile", "root.pem"]
    assert b"Verification: OK" in subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout


def test_the_clock_can_be_set() -> None:
    when = datetime(2031, 5, 6, 7, 8, 9, 120_000, tzinfo=UTC)
    hierarchy = make_authority()
    answer = Responder(hierarchy, clock=lambda: when).answer(query(nonce=None))
    assert verify_token(answer, digest=DIGEST, roots=[certificate_der(hierarchy.root.certificate)]).gen_time == when


REJECTED = {
    "nothing": b"",
    "trailing bytes": query() + b"\x00",
    "another digest function": query(digest=bytes(64), hashname="sha512"),
    "a digest of another length": der.sequence(der.integer(1), imprint(b"short")),
    "another policy": query(policy="1.2.3.4"),
    "another version": der.sequence(der.integer(2), imprint(DIGEST)),
    "an extension": der.sequence(
        der.integer(1), imprint(DIGEST), der.explicit(0, der.sequence(der.oid("1.2.3"), der.octets(b""))),
    ),
}  # fmt: skip


# PKIFailureInfo by the names of RFC 3161 2.4.2 and by the words of `openssl ts -reply -text`.
FAILURES = {
    "nothing": ("badDataFormat", "the data submitted has the wrong format"),
    "trailing bytes": ("badRequest", "transaction not permitted or supported"),
    "another digest function": ("badAlg", "unrecognized or unsupported algorithm identifier"),
    "a digest of another length": ("badDataFormat", "the data submitted has the wrong format"),
    "another policy": ("unacceptedPolicy", "the requested TSA policy is not supported by the TSA"),
    "another version": ("badRequest", "transaction not permitted or supported"),
    "an extension": ("badRequest", "transaction not permitted or supported"),
}


@pytest.mark.parametrize("name", REJECTED)
def test_a_query_that_cannot_be_granted_is_rejected_with_its_reason(name: str, ask: Post, tmp_path: Path) -> None:
    with pytest.raises(RejectedRequestError):
        parse_request(REJECTED[name])
    status, answer = ask("POST", "/", REJECTED[name])
    assert status == 200
    response = rfc3161ng.decode_timestamp_response(answer)
    assert int(response["status"]["status"]) == 2
    word, sentence = FAILURES[name]
    [bit] = [number for number, value in enumerate(response["status"]["failInfo"]) if value]
    assert dict(response["status"]["failInfo"].namedValues)[word] == bit
    (tmp_path / "answer").write_bytes(answer)
    command = ["openssl", "ts", "-reply", "-in", "answer", "-text"]
    assert sentence in subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, text=True).stdout


def test_the_policy_that_is_asked_for_is_the_policy_of_the_token() -> None:
    hierarchy = make_authority()
    responder, roots = Responder(hierarchy, policies=["2.999.1", "2.999.2"]), [certificate_der(hierarchy.root.certificate)]
    answers = [responder.answer(query(policy=asked)) for asked in (None, "2.999.2", "2.999.1")]
    assert [verify_token(answer, digest=DIGEST, roots=roots).policy for answer in answers] == ["2.999.1", "2.999.2", "2.999.1"]
    with pytest.raises(VerificationError, match="status"):
        verify_token(responder.answer(query(policy=POLICY)), digest=DIGEST, roots=roots)


def test_serials_are_unique_across_threads_and_starts(tmp_path: Path) -> None:
    serials: list[int] = []

    def collect(responder: Responder) -> None:
        roots = [certificate_der(responder.hierarchy.root.certificate)]
        serials.extend(verify_token(responder.answer(query()), digest=DIGEST, roots=roots).serial for _ in range(50))

    for _ in range(3):
        responder = Responder(ensure_authority(tmp_path / "tsa"))
        threads = [threading.Thread(target=collect, args=(responder,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(serials) == len(set(serials)) == 600
    assert min(serials) > 0


def test_tokens_over_one_connection_are_accepted_by_openssl_and_rfc3161_client(server: TimestampServer, tmp_path: Path) -> None:
    """Fifty of them, asked without a pause between two: what a client sees that stamps in bulk."""
    root = server.responder.hierarchy.root.certificate
    (tmp_path / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)) as connection:
        for number in range(50):
            message = b"checkpoint %d" % number
            asked = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256).build()
            connection.request("POST", "/", asked.as_bytes(), {"Content-Type": "application/timestamp-query"})
            with connection.getresponse() as response:
                answer = response.read()
            stranger = VerifierBuilder.from_request(asked).add_root_certificate(root).build()
            assert stranger.verify_message(decode_timestamp_response(answer), message)
            (tmp_path / "answer").write_bytes(answer)
            (tmp_path / "query").write_bytes(asked.as_bytes())
            command = ["openssl", "ts", "-verify", "-in", "answer", "-queryfile", "query", "-CAfile", "root.pem"]
            assert b"Verification: OK" in subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout
    assert server.queries == 50


def test_certificates_stay_out_unless_they_are_asked_for() -> None:
    hierarchy = make_authority()
    with_them, without = (Responder(hierarchy).answer(asked) for asked in (query(), der.sequence(der.integer(1), imprint(DIGEST))))
    tsa = certificate_der(hierarchy.tsa.certificate)
    assert tsa in with_them
    assert tsa not in without
    given = [tsa, certificate_der(hierarchy.intermediate.certificate)]
    verified = verify_token(without, digest=DIGEST, roots=[certificate_der(hierarchy.root.certificate)], intermediates=given)
    assert verified.policy == POLICY


# The control path and bad requests


def test_the_control_path_sets_and_heals_a_behaviour(server: TimestampServer, ask: Post) -> None:
    assert ask("POST", "/control/server-error") == (200, b"server-error\n")
    assert ask("GET", "/control") == (200, b"server-error\n")
    assert ask("POST", "/", query())[0] == 500
    assert ask("POST", "/control/well")[0] == 200
    assert ask("POST", "/", query())[0] == 200
    assert server.behaviour is Behaviour.WELL


def test_an_unknown_behaviour_is_not_found(ask: Post) -> None:
    status, text = ask("POST", "/control/mood")
    assert status == 404
    assert b"wrong-imprint" in text


def test_the_front_page_says_that_it_is_a_test(ask: Post) -> None:
    assert b"TEST" in ask("GET", "/")[1]


def test_another_content_type_is_refused(ask: Post) -> None:
    assert ask("POST", "/", query(), content_type="text/plain")[0] == 415


@pytest.mark.parametrize("length", ["1000000", "-1", "many"])
def test_a_query_of_unknown_or_great_length_is_refused(ask: Post, length: str) -> None:
    assert ask("POST", "/", length=length)[0] == 400


def test_stopping_frees_whoever_hangs(server: TimestampServer) -> None:
    server.behaviour, server.delay_s = Behaviour.DRIP, 3600.0
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=20) as waiting:
        body = query()
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/timestamp-query\r\nContent-Length: {len(body)}\r\n\r\n"
        waiting.sendall(head.encode() + body)
        assert waiting.recv(5) == b"HTTP/"
        server.stopping.set()
        while waiting.recv(65536):
            pass


# The program


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sandbox.tsa", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_serves_until_it_is_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    with start("--port", "0", "--dir", str(tmp_path / "tsa"), "--behaviour", "down") as program:
        assert program.stdout is not None
        line = program.stdout.readline()
        assert line.startswith("TEST timestamping authority on http://127.0.0.1:")
        program.send_signal(number)
        assert program.wait(timeout=20) == 0


def test_a_taken_port_is_one_clear_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with start("--port", port, "--dir", str(tmp_path / "tsa")) as program:
            _, error = program.communicate(timeout=20)
    assert program.returncode == 1
    assert error.count("\n") == 1
    assert f"port {port}" in error
    assert "in use" in error


def test_a_broken_folder_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_text("not a certificate")
    with start("--port", "0", "--dir", str(tmp_path)) as program:
        _, error = program.communicate(timeout=20)
    assert program.returncode == 1
    assert error == f"{tmp_path} holds no complete sandbox authority: move it away and a new one is made.\n"
    shutil.rmtree(tmp_path)
