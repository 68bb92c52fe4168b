"""The client of timestamping authorities against a real server on loopback: one good answer, and every way to misbehave."""
from __future__ import annotations

import contextlib
import hashlib
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from common.bounded_http import Limits, NoAnswer, Trouble, get_any, post
from ledger.timestamping import (
    CODES,
    MAX_SKEW_S,
    Authority,
    StampedToken,
    TimesDiffer,
    TimestampUnavailable,
    load_authorities,
    request_timestamp,
)
from sandbox.tsa import authority as sandbox_authority
from sandbox.tsa.answering import POLICY, Responder, WrongAnswer
from sandbox.tsa.authority import make_authority
from sandbox.tsa.server import BEHAVIOURS, Behaviour, TimestampServer
from sandbox.tsa.signing import certificate_der
from tlog.timestamp import verify_token

DIGEST = hashlib.sha256(b"the text of a checkpoint\n").digest()
HIERARCHY = make_authority()
ROOT_PEM = HIERARCHY.root.certificate.public_bytes(Encoding.PEM)
ROOT_DER = certificate_der(HIERARCHY.root.certificate)
SHORT_S = 0.6

EXPECTED = {
    Behaviour.DOWN: "broken-connection",
    Behaviour.HANG: "timeout",
    Behaviour.SLOW: "timeout",
    Behaviour.DRIP: "timeout",
    Behaviour.DRIP_HEADERS: "timeout",
    Behaviour.SERVER_ERROR: "http-status",
    Behaviour.REDIRECT: "redirect",
    Behaviour.HUGE: "too-large",
    Behaviour.ENDLESS: "too-large",
    Behaviour.GARBAGE: "malformed-reply",
    Behaviour.TRUNCATED: "broken-connection",
    Behaviour.WRONG_CONTENT_TYPE: "content-type",
    Behaviour.NOT_HTTP: "broken-connection",
    WrongAnswer.WRONG_IMPRINT: "token-refused",
    WrongAnswer.WRONG_NONCE: "token-refused",
    WrongAnswer.NO_NONCE: "token-refused",
    WrongAnswer.EXPIRED_CERTIFICATE: "token-refused",
    WrongAnswer.OTHER_AUTHORITY: "token-refused",
    WrongAnswer.AN_HOUR_AGO: "token-refused",
    WrongAnswer.AN_HOUR_AHEAD: "token-refused",
    WrongAnswer.A_YEAR_AGO: "token-refused",
    WrongAnswer.A_YEAR_AHEAD: "token-refused",
    WrongAnswer.OTHER_POLICY: "token-refused",
    WrongAnswer.REJECTION: "rejected",
}


@contextlib.contextmanager
def serving(server: TimestampServer) -> Iterator[TimestampServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


@pytest.fixture
def tsa() -> Iterator[TimestampServer]:
    with serving(TimestampServer(("127.0.0.1", 0), Responder(HIERARCHY), delay_s=0.1)) as server:
        yield server


def stamp(
    url: str, *, timeout_s: float = 10, digest: bytes = DIGEST, nonce: int = 2**63 + 1, policy: str | None = None, root: bytes = ROOT_DER,
    skew_s: float = MAX_SKEW_S,
) -> StampedToken:
    now = datetime.now(UTC)
    authority = Authority("sandbox-tsa", url, (root,), policy=policy)
    return request_timestamp(
        authority, digest, nonce=nonce, now=now, not_before=now - timedelta(seconds=5), timeout_s=timeout_s, skew_s=skew_s)


def test_a_good_answer_gives_the_token_as_received(tsa: TimestampServer) -> None:
    stamped = stamp(tsa.url)
    assert stamped.authority_id == "sandbox-tsa"
    assert abs(stamped.gen_time - datetime.now(UTC)) < timedelta(seconds=30)
    verified = verify_token(stamped.token, digest=DIGEST, roots=[certificate_der(HIERARCHY.root.certificate)])
    assert verified.gen_time == stamped.gen_time
    assert "TEST" in verified.tsa_name


def test_every_misbehaviour_of_the_sandbox_is_expected_here() -> None:
    assert {item.value for item in EXPECTED} == BEHAVIOURS.keys() - {"well"}
    assert len(EXPECTED) >= 12


@pytest.mark.parametrize(("behaviour", "code"), EXPECTED.items(), ids=str)
def test_a_misbehaving_authority_is_named_within_the_deadline(tsa: TimestampServer, behaviour: Behaviour | WrongAnswer, code: str) -> None:
    tsa.behaviour = behaviour
    # SLOW answers right, but after the deadline; no other answer depends on time.
    tsa.delay_s = 2 * SHORT_S if behaviour is Behaviour.SLOW else 0.1
    started = time.monotonic()
    with pytest.raises(TimestampUnavailable) as caught:
        stamp(tsa.url, timeout_s=SHORT_S if code == "timeout" else 20, policy=POLICY)
    assert caught.value.code == code
    assert code in CODES
    if code == "timeout":
        assert time.monotonic() - started < SHORT_S + 2


@pytest.mark.parametrize(("policy", "code"), [(POLICY, None), ("2.999.1", "rejected")])
def test_the_policy_is_asked_for(tsa: TimestampServer, policy: str, code: str | None) -> None:
    if code is None:
        assert verify_token(stamp(tsa.url, policy=policy).token, digest=DIGEST, roots=[ROOT_DER]).policy == policy
        return
    with pytest.raises(TimestampUnavailable) as caught:
        stamp(tsa.url, policy=policy)
    assert caught.value.code == code


def test_a_token_under_another_policy_than_was_asked_for_is_refused(tsa: TimestampServer) -> None:
    tsa.behaviour = WrongAnswer.OTHER_POLICY
    with pytest.raises(TimestampUnavailable, match=r"policy: the policy is 2\.999\.3161, not"):
        stamp(tsa.url, policy=POLICY)


@pytest.mark.parametrize(("wrong", "offset"), [
    (WrongAnswer.AN_HOUR_AHEAD, timedelta(hours=1)), (WrongAnswer.AN_HOUR_AGO, timedelta(hours=-1)),
    (WrongAnswer.A_YEAR_AHEAD, timedelta(days=365)), (WrongAnswer.A_YEAR_AGO, timedelta(days=-365)),
])
def test_a_token_that_is_right_but_for_its_time_says_which_time_that_was(
    tsa: TimestampServer, wrong: WrongAnswer, offset: timedelta
) -> None:
    tsa.behaviour = wrong
    with pytest.raises(TimesDiffer) as caught:
        stamp(tsa.url)
    assert abs(caught.value.gen_time - datetime.now(UTC) - offset) < timedelta(seconds=30)


def test_a_time_that_nobody_signed_for_says_nothing_about_clocks(tsa: TimestampServer) -> None:
    """Of another authority, and an hour ahead: whoever sits on the line could send that."""
    stranger = make_authority()
    tsa.behaviour = WrongAnswer.AN_HOUR_AHEAD
    with pytest.raises(TimestampUnavailable, match="chain") as caught:
        stamp(tsa.url, root=certificate_der(stranger.root.certificate))
    assert not isinstance(caught.value, TimesDiffer)


def test_a_narrower_skew_refuses_what_the_widest_takes(tsa: TimestampServer) -> None:
    clock, tsa.responder.clock = tsa.responder.clock, lambda: datetime.now(UTC) + timedelta(seconds=200)
    try:
        assert stamp(tsa.url).token
        with pytest.raises(TimesDiffer):
            stamp(tsa.url, skew_s=60)
    finally:
        tsa.responder.clock = clock


def test_the_next_request_succeeds_once_the_authority_has_recovered(tsa: TimestampServer) -> None:
    tsa.behaviour = Behaviour.DOWN
    with pytest.raises(TimestampUnavailable):
        stamp(tsa.url)
    tsa.behaviour = Behaviour.WELL
    assert stamp(tsa.url).token


def test_a_slow_answer_within_the_deadline_is_taken(tsa: TimestampServer) -> None:
    tsa.behaviour = Behaviour.SLOW
    assert stamp(tsa.url).token


def test_a_redirect_is_not_followed(tsa: TimestampServer) -> None:
    tsa.behaviour = Behaviour.REDIRECT
    with pytest.raises(TimestampUnavailable):
        stamp(tsa.url)
    assert tsa.queries == 1


def test_nobody_listening_is_unreachable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(TimestampUnavailable) as caught:
            stamp(f"http://127.0.0.1:{port}/")
    assert caught.value.code == "unreachable"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".example"])
def test_an_unknown_host_is_unreachable(host: str) -> None:
    with pytest.raises(TimestampUnavailable) as caught:
        stamp(f"http://{host}/")
    assert caught.value.code == "unreachable"


def test_a_host_that_takes_no_connections_costs_no_more_than_the_deadline() -> None:
    with socket.socket() as full:
        # A listener with a full queue leaves further connections hanging.
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(full.getsockname())
            started = time.monotonic()
            with pytest.raises(TimestampUnavailable) as caught:
                stamp(f"http://127.0.0.1:{full.getsockname()[1]}/", timeout_s=SHORT_S)
    assert caught.value.code == "timeout"
    assert time.monotonic() - started < SHORT_S + 2


def test_a_body_of_no_stated_length_that_the_deadline_cuts_is_no_whole_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def begin_and_hang() -> None:
            accepted, _ = listening.accept()
            with accepted:
                accepted.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n12")
                while accepted.recv(1024):
                    pass

        hanging = threading.Thread(target=begin_and_hang)
        hanging.start()
        with pytest.raises(NoAnswer) as caught:
            get_any(f"http://127.0.0.1:{listening.getsockname()[1]}/", limits=Limits(SHORT_S, 10))
        hanging.join()
    assert caught.value.trouble is Trouble.TIMEOUT


def test_an_address_of_a_family_that_this_machine_lacks_is_passed_over(tsa: TimestampServer, monkeypatch: pytest.MonkeyPatch) -> None:
    real, unknown = socket.getaddrinfo, (255, socket.SOCK_STREAM, 0, "", ("::1", 1, 0, 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *words, **named: [unknown, *real(*words, **named)])
    assert stamp(tsa.url).token


@pytest.mark.parametrize("url", ["http://[/", "http://127.0.0.1:99999/"])
def test_an_address_that_is_none_gives_no_answer(url: str) -> None:
    with pytest.raises(NoAnswer) as caught:
        get_any(url, limits=Limits(SHORT_S, 10))
    assert caught.value.trouble is Trouble.UNREACHABLE


@pytest.mark.parametrize(("digest", "nonce"), [(DIGEST, 0), (DIGEST, -1), (DIGEST[:20], 1)])
def test_a_request_without_nonce_or_with_another_digest_is_our_own_mistake(digest: bytes, nonce: int) -> None:
    with pytest.raises(ValueError, match="nonce"):
        stamp("http://127.0.0.1:9/", digest=digest, nonce=nonce)


# TLS


@pytest.fixture
def secure_tsa(tmp_path: Path) -> Iterator[TimestampServer]:
    """The same server behind TLS, with a certificate for `localhost` by an authority whose PEM is in tmp_path/ca.pem."""
    name, key = tmp_path / "server.pem", tmp_path / "server.key"
    root, server = issue_web_certificate()
    (tmp_path / "ca.pem").write_bytes(root)
    name.write_bytes(server[0])
    key.write_bytes(server[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(name, key)
    tsa = TimestampServer(("127.0.0.1", 0), Responder(HIERARCHY))
    tsa.socket = context.wrap_socket(tsa.socket, server_side=True)
    with serving(tsa):
        yield tsa


def issue_web_certificate() -> tuple[bytes, tuple[bytes, bytes]]:
    root = HIERARCHY.root
    leaf = sandbox_authority.issue(x509.Name([]), root).key
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(root.certificate.subject)
        .public_key(leaf.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key()), critical=False)
    )
    certificate = builder.sign(root.key, hashes.SHA256())
    return ROOT_PEM, (certificate.public_bytes(Encoding.PEM), leaf.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def test_https_is_verified_against_the_systems_certificates(
    secure_tsa: TimestampServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert stamp(f"https://localhost:{secure_tsa.server_port}/").token


def test_https_with_an_unknown_certificate_is_refused(secure_tsa: TimestampServer) -> None:
    with pytest.raises(TimestampUnavailable) as caught:
        stamp(f"https://localhost:{secure_tsa.server_port}/")
    assert caught.value.code == "tls"
    assert secure_tsa.queries == 0


def test_a_silent_tls_handshake_ends_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(NoAnswer) as caught:
            post(f"https://127.0.0.1:{silent.getsockname()[1]}/", b"", content_type="a/b", accept="a/b", limits=Limits(SHORT_S, 10))
    assert caught.value.trouble is Trouble.TIMEOUT
    assert time.monotonic() - started < SHORT_S + 2


# The setting


def write_root(folder: Path, name: str) -> bytes:
    (folder / name).write_bytes(ROOT_PEM)
    return certificate_der(HIERARCHY.root.certificate)


def test_authorities_are_read_from_the_setting_and_the_folder(tmp_path: Path) -> None:
    root = write_root(tmp_path, "tsa.pem")
    for name in ("tsa-old.pem", "tsa2.pem", "tsa2-old.pem", "unrelated.pem"):
        write_root(tmp_path, name)
    first, second = load_authorities(" tsa=http://127.0.0.1:8001/  tsa2=https://tsa.example/path?x=1 ", tmp_path)
    assert first == Authority("tsa", "http://127.0.0.1:8001/", (root, root), operator="127.0.0.1", policy=None)
    assert (second.id, second.url, len(second.roots)) == ("tsa2", "https://tsa.example/path?x=1", 2)


def test_an_authority_may_state_its_operator_and_its_policy(tmp_path: Path) -> None:
    write_root(tmp_path, "tsa.pem")
    read = {text: load_authorities(f"tsa=http://h:9/x{text}", tmp_path)[0] for text in ("|示范授时中心|1.2.156.3", "|op", "||2.999.1", "|")}
    assert [(each.url, each.operator, each.policy) for each in read.values()] == [
        ("http://h:9/x", "示范授时中心", "1.2.156.3"), ("http://h:9/x", "op", None), ("http://h:9/x", "h", "2.999.1"),
        ("http://h:9/x", "h", None)]


def test_one_file_may_hold_several_roots(tmp_path: Path) -> None:
    (tmp_path / "tsa.pem").write_bytes(ROOT_PEM + ROOT_PEM)
    assert len(load_authorities("tsa=http://h/", tmp_path)[0].roots) == 2


def test_no_authorities_are_none(tmp_path: Path) -> None:
    assert load_authorities("", tmp_path) == ()


@pytest.mark.parametrize(
    "text",
    [
        "tsa", "=http://h/", "TSA=http://h/", "t_a=http://h/", "renewal-1=http://h/", "tsa=http://h/ tsa=http://i/", "tsa=ftp://h/",
        "tsa=h",
        "tsa=http://", "tsa=http://user:secret@h/", "tsa=http://h:0/", "tsa=http://h:99999/", "tsa=http://h/#x", "tsa=http://[h/",
        "tsa=http://h/å",
        "tsa=http://h/|op|any", "tsa=http://h/|op|1.2.03", "tsa=http://h/|op|3.1", "tsa=http://h/|op|1.2|3", "tsa=|op|1.2",
    ],
)  # fmt: skip
def test_a_wrong_setting_is_refused_with_a_sentence(text: str, tmp_path: Path) -> None:
    write_root(tmp_path, "tsa.pem")
    with pytest.raises(ValueError, match="timestamping authority"):
        load_authorities(text, tmp_path)


def test_an_authority_without_a_root_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no root certificate"):
        load_authorities("tsa=http://h/", tmp_path)


def test_a_root_file_without_a_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tsa.pem").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="holds no PEM certificate"):
        load_authorities("tsa=http://h/", tmp_path)
    shutil.rmtree(tmp_path)
