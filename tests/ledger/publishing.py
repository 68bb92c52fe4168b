"""Real authorities for tests of archive and renewal: each a server on loopback with certificates of a given period and revocation lists."""
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from sandbox.tsa.answering import Responder
from sandbox.tsa.authority import make_authority
from sandbox.tsa.server import TimestampServer

PERIOD = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC))


@contextmanager
def publishing_authority(
    var: Path, name: str, *, period: tuple[datetime, datetime] = PERIOD, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Iterator[TimestampServer]:
    """An authority whose certificates name the revocation lists that it publishes; its root is pinned as `<name>.pem` below `var`."""
    server = TimestampServer(("127.0.0.1", 0), Responder(make_authority(), clock))
    server.responder.hierarchy = make_authority(server.url, valid_from=period[0], valid_until=period[1])
    roots = var / "trust" / "tsa"
    roots.mkdir(parents=True, exist_ok=True)
    (roots / f"{name}.pem").write_bytes(server.responder.hierarchy.root.certificate.public_bytes(Encoding.PEM))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
