"""Real authorities for tests of archive and renewal: each a server on loopback with certificates of a given period, which publishes
revocation lists and answers OCSP questions."""
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from sandbox.tsa.answering import Responder
from sandbox.tsa.authority import Authority, make_authority
from sandbox.tsa.server import TimestampServer

PERIOD = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC))


def pin(var: Path, name: str, hierarchy: Authority) -> None:
    roots = var / "trust" / "tsa"
    roots.mkdir(parents=True, exist_ok=True)
    (roots / f"{name}.pem").write_bytes(hierarchy.root.certificate.public_bytes(Encoding.PEM))


@contextmanager
def publishing_authority(
    var: Path, name: str, *, period: tuple[datetime, datetime] = PERIOD, clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    lists: bool = True, answers: bool = True,
) -> Iterator[TimestampServer]:
    """An authority whose certificates name the revocation lists that it publishes and the OCSP responder that it is, or one of the two.

    Its root is pinned as `<name>.pem` below `var`.
    """
    server = TimestampServer(("127.0.0.1", 0), Responder(make_authority(), clock))
    hierarchy = make_authority(server.url, valid_from=period[0], valid_until=period[1], lists=lists, answers=answers)
    server.responder.hierarchy = hierarchy
    pin(var, name, hierarchy)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
