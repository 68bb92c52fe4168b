"""What seldom happens to a witness: a file that fails it, a race inside the program, a stranger's TLS, a key that was taken away."""
import logging
import socket
import sqlite3
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.witness.logs import ORIGIN, WITNESS, Log, body, entries, served
from tests.witness.places import LOG as PLACED
from tests.witness.places import Place
from tlog.checkpoint import format_checkpoint
from tlog.note import sign_note
from witness import __main__ as program
from witness.config import ConfigError, read_config
from witness.cosigning import KnownLog, Witness, statements_of
from witness.fetching import NotReadError, fetch
from witness.rollback import LOOKING, RollbackCheck
from witness.server import MAX_HEAD, Server
from witness.store import Cosigned, Store

LOG = Log(entries(300))
NOWHERE = "http://127.0.0.1:1"
KNOWN = KnownLog(ORIGIN, (LOG.signer.verifier,), NOWHERE)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "witness.sqlite3")
    yield store
    store.close()


def cosigned(store: Store, size: int) -> None:
    assert store.advance(ORIGIN, store.latest(ORIGIN), Cosigned(size, LOG.root(size), LOG.checkpoint(size), 1))


def check(store: Store, read: object, *, resync: bool = False) -> RollbackCheck:
    return RollbackCheck(
        store, (WITNESS.verifier,), peers=(), clock=lambda: 2, first_start=True, resync=resync, read=read)  # type: ignore[arg-type]


# The command line


@pytest.mark.parametrize(("content", "said"), [
    (None, "witness: its database cannot be used: file is not a database.\n"),
    ("folder", "witness: its database cannot be used: unable to open database file.\n"),
])
def test_a_database_that_cannot_be_used_is_one_sentence(
    place: Place, content: str | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    database = read_config(place.config).database
    if content is None:
        database.write_bytes(b"not a database, " * 300)
    else:
        database.mkdir()
    assert program.main(["status", str(place.config)]) == program.COULD_NOT
    assert capsys.readouterr().err == said


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert program.main(["init", str(tmp_path / "file" / "witness"), "--name", "a.example"]) == program.COULD_NOT
    assert capsys.readouterr().err == f"witness: {tmp_path}/file/witness: Not a directory.\n"


def test_no_proofs_of_misbehaviour_are_a_folder_without_any(place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place.start("--first-start")
    assert place.post(PLACED.request(0, 300))[0] == HTTPStatus.OK
    port = place.config.read_text().replace("127.0.0.1:0", f"127.0.0.1:{place.port}")
    place.config.write_text(port)
    assert program.main(["status", str(place.config), "--proofs", str(tmp_path / "proofs")]) == 0
    assert list((tmp_path / "proofs").iterdir()) == []
    assert "verify two of one size" not in capsys.readouterr().err


def test_a_first_look_that_cannot_be_kept_is_said_and_made_again(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config = read_config(place.config)
    store = Store(config.database)
    monkeypatch.setattr(store, "set_trouble", failing)
    ready = RollbackCheck(store, config.verifiers, peers=(), clock=lambda: 2, first_start=True)
    with caplog.at_level(logging.ERROR):
        program._first_look(config, ready)
    assert "the look after the start could not be kept: disk I/O error" in caplog.text
    monkeypatch.undo()
    assert ready(config.logs[ORIGIN]) is None
    store.close()


def failing(*_: object, **__: object) -> None:
    raise sqlite3.OperationalError("disk I/O error")


# The configuration


def test_a_key_that_this_installation_cannot_use_is_said_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert program.main(["init", str(tmp_path), "--name", "a.example", "--ml-dsa"]) == 0
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.mldsa", None)
    with pytest.raises(ConfigError, match=r"witness\.toml: the installed cryptography has no ML-DSA-44"):
        read_config(tmp_path / "witness.toml", logs_needed=False)


# Keeping


@pytest.mark.parametrize("statement", ["DELETE FROM log", "ROLLBACK"])
def test_a_write_that_fails_half_way_leaves_nothing(store: Store, statement: str) -> None:
    """Also where SQLite itself has rolled back already, as it does when a disk is full."""
    cosigned(store, 5)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        write_and_fail(store, statement)
    latest = store.latest(ORIGIN)
    assert latest is not None
    assert latest.size == 5


def write_and_fail(store: Store, statement: str) -> None:
    with store._writing() as cursor:
        cursor.execute(statement)
        cursor.execute("SELECT * FROM absent")


def test_a_note_under_a_key_that_was_taken_away_states_nothing() -> None:
    stored = Cosigned(5, LOG.root(5), LOG.checkpoint(5), 1)
    other = KnownLog(ORIGIN, (Log(entries(1), seed=b"n" * 32).signer.verifier,), NOWHERE)
    assert statements_of(stored, other) == []
    assert [each.size for each in statements_of(stored, KNOWN)] == [5]


# The look after the start


def test_who_waits_too_long_for_anothers_look_is_told_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("witness.rollback.LOOK_S", 0.05)
    looking, goes_on = threading.Event(), threading.Event()

    def slow(*_: object) -> bytes:
        looking.set()
        assert goes_on.wait(30)
        raise NotReadError("away")

    ready = check(store, slow)
    first = threading.Thread(target=ready, args=(KNOWN,))
    first.start()
    assert looking.wait(30)
    assert ready(KNOWN) == LOOKING
    goes_on.set()
    first.join(30)
    assert ready(KNOWN) is None


def test_who_waited_for_a_look_that_passed_needs_none(store: Store) -> None:
    waits, goes_on, looks = threading.Event(), threading.Event(), []

    def read(*_: object) -> bytes:
        looks.append(1)
        waits.set()
        assert goes_on.wait(30)
        raise NotReadError("away")

    ready, answers = check(store, read), []
    threads = [threading.Thread(target=lambda: answers.append(ready(KNOWN))) for _ in range(2)]
    threads[0].start()
    assert waits.wait(30)
    threads[1].start()
    goes_on.set()
    for thread in threads:
        thread.join(30)
    assert (answers, looks) == ([None, None], [1])


def test_an_empty_tree_with_a_root_of_another_counts_as_unread(store: Store) -> None:
    cosigned(store, 5)
    page = sign_note(format_checkpoint(origin=ORIGIN, size=0, root=LOG.root(5)), [LOG.signer])
    ready = RollbackCheck(store, (WITNESS.verifier,), peers=(), clock=lambda: 2, read=lambda *_: page)
    assert "could be read since the start" in str(ready(KNOWN))


def test_a_checkpoint_of_another_log_under_this_logs_key_counts_as_unread(store: Store) -> None:
    cosigned(store, 5)
    page = sign_note(format_checkpoint(origin="other.example/log", size=5, root=LOG.root(5)), [LOG.signer])
    ready = RollbackCheck(store, (WITNESS.verifier,), peers=(), clock=lambda: 2, read=lambda *_: page)
    assert "could be read since the start" in str(ready(KNOWN))


def test_two_pages_that_show_one_checkpoint_are_taken_over_once(store: Store) -> None:
    cosigned(store, 100)
    tiles = {f"/{path}": data for path, data in LOG.tiles.items()}
    with served({"/checkpoint": LOG.cosigned(300), f"/peer/{KNOWN.path}/checkpoint": LOG.cosigned(300), **tiles}) as url:
        ready = RollbackCheck(store, (WITNESS.verifier,), peers=(f"{url}/peer",), clock=lambda: 2, resync=True)
        assert ready(KnownLog(ORIGIN, KNOWN.verifiers, url)) is None
    latest = store.latest(ORIGIN)
    assert latest is not None
    assert latest.size == 300


@pytest.mark.parametrize("gone", ["/tile/0/000", "/tile/0/000.p/100"])
def test_a_tile_that_is_nowhere_makes_no_proof(store: Store, gone: str) -> None:
    cosigned(store, 100)
    tiles = {f"/{path}": data for path, data in LOG.tiles.items() if not f"/{path}".startswith("/tile/0/000")}
    with served({"/checkpoint": LOG.cosigned(300), **tiles}) as url:
        reason = check(store, fetch_by_position, resync=True)(KnownLog(ORIGIN, KNOWN.verifiers, url))
    assert "resync is impossible" in str(reason), gone


def fetch_by_position(url: str, limit: int) -> bytes:
    return fetch(url, limit=limit)


def test_another_process_on_the_same_file_is_noticed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "advance", lambda *_: False)
    with served({"/checkpoint": LOG.cosigned(300)}) as url:
        reason = check(store, fetch_by_position, resync=True)(KnownLog(ORIGIN, KNOWN.verifiers, url))
    assert "another process of this witness" in str(reason)


# The server


@contextmanager
def serving(store: Store) -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), "", Witness({ORIGIN: KNOWN}, (WITNESS,), store, clock=lambda: 2, ready=lambda _: None))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def said(server: Server, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", int(server.server_address[1])), timeout=30) as line:
        line.sendall(request)
        line.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := line.recv(1 << 16):
            answer += piece
        return answer


def posted(data: bytes) -> bytes:
    return b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(data), data)


def test_what_cannot_be_kept_or_read_is_a_503_and_no_signature(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    request = body(0, [], LOG.checkpoint(5))
    with serving(store) as server:
        monkeypatch.setattr(store, "latest", failing)
        refused = said(server, posted(request))
        monkeypatch.undo()
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert b"nothing was signed" in refused
        assert said(server, posted(request)).startswith(b"HTTP/1.1 200 ")
        monkeypatch.setattr(server.witness, "checkpoint", failing)
        unread = said(server, b"GET /%s/checkpoint HTTP/1.1\r\n\r\n" % KNOWN.path.encode())
    assert unread.startswith(b"HTTP/1.1 503 ")
    assert unread.endswith(b"the witness cannot read its state\n")


@pytest.mark.parametrize(("fault", "told"), [(KeyError("a bug"), True), (ConnectionResetError(), False), (TimeoutError(), False)])
def test_a_mistake_of_ours_is_told_with_its_traceback_and_a_client_that_went_away_is_not(
    store: Store, fault: Exception, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(store) as server, caplog.at_level(logging.ERROR):
        try:
            raise fault
        except (KeyError, OSError):
            server.handle_error(None, None)
    assert ("a request could not be answered" in caplog.text) is told


def test_a_thread_that_cannot_be_started_gives_its_place_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(store) as server:
        free = server._free._value
        ours, theirs = socket.socketpair()
        with monkeypatch.context() as patch, ours, theirs:
            patch.setattr(threading.Thread, "start", cannot_start)
            with pytest.raises(RuntimeError, match="can't start new thread"):
                server.process_request(ours, ("127.0.0.1", 1))
        assert server._free._value == free
        assert said(server, b"HEAD / HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\n")


def test_a_head_without_end_is_refused_at_its_limit(store: Store) -> None:
    with serving(store) as server:
        answer = said(server, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * (MAX_HEAD // 6) + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 431 ")


def test_a_request_of_1991_is_a_broken_line(store: Store) -> None:
    with serving(store) as server:
        assert said(server, b"GET /\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def cannot_start(*_: object) -> None:
    raise RuntimeError("can't start new thread")


# What is read of strangers over TLS


def test_a_page_is_read_over_tls_from_whom_the_machine_trusts_and_from_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = self_signed()
    (tmp_path / "server.pem").write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with answering_once_each(context) as url:
        with pytest.raises(NotReadError, match="does not answer"):
            fetch(url, limit=100)
        (tmp_path / "roots.pem").write_bytes(certificate)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "roots.pem"))
        assert fetch(url, limit=100) == b"here"


@contextmanager
def answering_once_each(context: ssl.SSLContext) -> Iterator[str]:
    """A TLS server that answers two connections, one after the other, as far as they come."""

    def answer() -> None:
        for _ in range(2):
            line, _address = listener.accept()
            try:
                with context.wrap_socket(line, server_side=True) as secure:
                    secure.recv(1 << 16)
                    secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere")
            except OSError:
                line.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/checkpoint"
        thread.join(30)
        assert not thread.is_alive()


def self_signed() -> tuple[bytes, bytes]:
    """A certificate for 127.0.0.1 that is its own root, and its key, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(serialization.Encoding.PEM), private
