"""T20: a customer's address leads nowhere inside. No forbidden address is ever connected to: a server that listens there counts."""
import contextlib
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import SplitResult

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from common.bounded_http import Address, Answered, Limits, NoAnswer, Resolver, Trouble, post_and_hang_up, system_addresses
from common.destinations import guarded, is_public
from tests.notifications.receiver import Answer, Receiver, receiving

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
LIMITS = Limits(timeout_s=5.0, max_bytes=200)

# Hosts that some resolver or other takes for this machine, for its cloud, or for the network around it.
INWARDS = [
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.0.0.1", "017700000001", "0177.0.0.1",
    "127.0.0.01", "0", "0.0.0.0", "localhost", "LOCALHOST", "localhost.", "１２７.０.０.１", "127。0。0。1", "①②⑦.0.0.1",
    "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:0:127.0.0.1]", "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:7f00:1::1]", "[2001:0:7f00:1::]",
    "[fe80::1]", "[fe80::1%25lo]", "[fec0::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[100::1]", "[2001:db8::1]", "[3fff::1]",
    "169.254.169.254", "169.254.170.2", "0xa9fea9fe", "2852039166", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]",
    "100.100.100.200", "100.64.0.1", "168.63.129.16", "192.0.0.192", "10.0.0.1", "172.16.0.1", "192.168.0.1", "198.18.0.1",
    "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "114.114.114.114", "223.5.5.5", "2400:3200::1", "2606:4700:4700::1111", "2001:4860:4860::8888"]


class Stub:
    """A resolver of the test's own: gives its answers in turn, the last one for ever, and counts."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self, target: SplitResult) -> list[Address]:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        port = target.port or (443 if target.scheme == "https" else 80)
        return [(socket.AF_INET6, (host, port, 0, 0)) if ":" in host else (socket.AF_INET, (host, port)) for host in answer]


def post(url: str, resolve: Resolver, limits: Limits = LIMITS) -> Answered:
    return post_and_hang_up(url, b"{}", headers={"Content-Type": "application/json"}, limits=limits, resolve=resolve)


def refused(url: str, resolve: Resolver) -> Trouble:
    with pytest.raises(NoAnswer) as none:
        post(url, resolve)
    return none.value.trouble


@pytest.fixture
def both() -> Iterator[Sequence[Receiver]]:
    """Receivers on 127.0.0.1 and ::1, one port; whatever connects is counted."""
    with receiving() as four, receiving("::1", four.server_port) as six:
        yield [four, six]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_form_of_an_inward_address_is_connected_to(both: Sequence[Receiver], scheme: str) -> None:
    for host in INWARDS:
        trouble = refused(f"{scheme}://{host}:{both[0].server_port}/", guarded(()))
        # Some forms are no address to this machine's resolver; nobody connects either way.
        assert trouble in (Trouble.FORBIDDEN, Trouble.UNREACHABLE), host
    assert [server.connects for server in both] == [0, 0]


def test_the_same_servers_are_reached_where_the_operator_opened_their_network(both: Sequence[Receiver]) -> None:
    """Else the test before this one would count nothing because nothing listens."""
    for host in ("127.0.0.1", "2130706433", "[::1]"):
        assert post(f"http://{host}:{both[0].server_port}/", guarded(LOOPBACK)).status == 200
    assert [server.connects for server in both] == [2, 1]


def literals(hosts: Sequence[str]) -> Iterator[str]:
    """Those that Python reads as addresses."""
    for host in hosts:
        with contextlib.suppress(ValueError):
            yield str(ipaddress.ip_address(host.strip("[]").replace("%25", "%")))


@pytest.mark.parametrize("host", sorted(literals(INWARDS)))
def test_an_inward_address_is_not_public(host: str) -> None:
    assert not is_public(ipaddress.ip_address(host))


@pytest.mark.parametrize("host", PUBLIC)
def test_public_addresses_are_public(host: str) -> None:
    assert is_public(ipaddress.ip_address(host))


def test_an_address_that_carries_another_one_is_not_opened_with_it(both: Sequence[Receiver]) -> None:
    for host in ("::ffff:127.0.0.1", "64:ff9b::7f00:1", "::127.0.0.1"):
        assert refused(f"http://hook.example:{both[0].server_port}/", guarded(LOOPBACK, Stub([host]))) is Trouble.FORBIDDEN
    assert [server.connects for server in both] == [0, 0]


def test_a_name_is_looked_up_once_and_its_second_answer_is_never_used() -> None:
    """DNS rebinding: the name is open while it is judged, and leads to another address a moment later."""
    opened = (ipaddress.ip_network("127.0.0.2/32"),)
    with receiving() as inside, receiving("127.0.0.2", inside.server_port) as outside:
        stub = Stub(["127.0.0.2"], ["127.0.0.1"])
        assert post(f"http://hook.example:{inside.server_port}/", guarded(opened, stub)).status == 200
        assert (stub.asked, outside.connects, inside.connects) == (1, 1, 0)
        assert refused(f"http://hook.example:{inside.server_port}/", guarded(opened, stub)) is Trouble.FORBIDDEN
        assert (stub.asked, outside.connects, inside.connects) == (2, 1, 0)


def test_one_forbidden_address_among_allowed_ones_refuses_the_name() -> None:
    opened = (ipaddress.ip_network("127.0.0.2/32"),)
    with receiving() as inside, receiving("127.0.0.2", inside.server_port) as outside:
        for answer in (["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"], ["1.1.1.1", "::1"]):
            assert refused(f"https://hook.example:{inside.server_port}/", guarded(opened, Stub(answer))) is Trouble.FORBIDDEN
        assert (outside.connects, inside.connects) == (0, 0)


def test_without_tls_only_what_the_operator_opened_is_spoken_to() -> None:
    assert refused("http://hook.example/", guarded(LOOPBACK, Stub(["1.1.1.1"]))) is Trouble.FORBIDDEN


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "//127.0.0.1/"])
def test_other_schemes_go_nowhere(url: str) -> None:
    assert refused(url, guarded(LOOPBACK)) is Trouble.FORBIDDEN


def test_a_redirect_to_the_metadata_is_told_and_not_followed() -> None:
    with receiving() as server, receiving() as elsewhere:
        server.answer, server.elsewhere = Answer.REDIRECT, elsewhere.url
        assert post(server.url, guarded(LOOPBACK)).status == 302
        assert elsewhere.connects == 0


@pytest.mark.parametrize("answer", [Answer.HANG, Answer.DRIP_HEADERS, Answer.DRIP])
def test_a_receiver_that_drips_or_hangs_is_left_at_the_deadline(answer: Answer) -> None:
    with receiving() as server:
        server.answer = answer
        began = time.monotonic()
        with pytest.raises(NoAnswer) as none:
            post(server.url, guarded(LOOPBACK), Limits(timeout_s=0.4, max_bytes=200))
        assert none.value.trouble is Trouble.TIMEOUT
        assert time.monotonic() - began < 1.5


@pytest.mark.parametrize(("answer", "status"), [(Answer.HUGE, 200), (Answer.ENDLESS, 500)])
def test_of_a_huge_answer_only_the_beginning_is_read(answer: Answer, status: int) -> None:
    with receiving() as server:
        server.answer = answer
        found = post(server.url, guarded(LOOPBACK))
    assert (found.status, len(found.body)) == (status, 200)


def test_a_look_up_that_never_ends_is_left() -> None:

    def slow(_target: SplitResult) -> list[Address]:
        time.sleep(1)
        return []

    began = time.monotonic()
    assert refused("https://slow.example/", guarded((), slow, lookup_s=0.1)) is Trouble.TIMEOUT
    assert time.monotonic() - began < 0.8


def test_a_name_that_nobody_knows_is_unreachable() -> None:
    def unknown(_target: SplitResult) -> list[Address]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert refused("https://nobody.invalid/", guarded((), unknown)) is Trouble.UNREACHABLE
    assert refused("https://nobody.invalid/", guarded((), Stub([]))) is Trouble.UNREACHABLE


def certificate(folder: Path, name: str) -> ssl.SSLContext:
    """A server's context for `name`, and its own root at `<folder>/root.pem`."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    signed = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    (folder / "root.pem").write_bytes(signed.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "root.pem", folder / "key.pem")
    return context


@pytest.mark.parametrize(("asked", "trouble"), [("hook.example", None), ("other.example", Trouble.TLS)])
def test_a_pinned_connection_is_still_held_to_the_name_in_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, trouble: Trouble | None
) -> None:
    context = certificate(tmp_path, "hook.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))
    with receiving(context=context) as server:
        url, resolve = f"https://{asked}:{server.server_port}/", guarded(LOOPBACK, Stub(["127.0.0.1"]))
        if trouble is None:
            assert post(url, resolve).status == 200
            assert server.received[0].headers["host"] == f"hook.example:{server.server_port}"
        else:
            assert refused(url, resolve) is trouble
            assert server.received == []


def test_the_system_resolver_gives_each_address_with_the_port_of_the_url() -> None:
    assert system_addresses(SplitResult("https", "127.0.0.1", "/", "", "")) == [(socket.AF_INET, ("127.0.0.1", 443))]
