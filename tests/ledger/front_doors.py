"""The service behind a real HTTP address in this process, as a stranger reaches it, with what a test puts in the way of its answers."""
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.core.wsgi import get_wsgi_application
from django.db import connections

from ledger.monitor.rounds import Patience

Answer = tuple[str, bytes]
QUICK = Patience(fetch_s=30.0, growth_s=60.0)


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        return


class FrontDoor:
    """`changes` maps a path to what is answered instead of the service; `asked` has every path."""

    def __init__(self) -> None:
        self.service = get_wsgi_application()
        self.changes: dict[str, Callable[[], Answer]] = {}
        self.asked: list[str] = []
        self.server = WSGIServer(("127.0.0.1", 0), Quiet)
        self.server.set_app(self.answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        self.asked.append(path)
        change = self.changes.get(path)
        if change is None:
            return self.service(environ, start_response)
        status, body = change()
        start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    def show(self, path: str, body: bytes, status: str = "200 OK") -> None:
        """Answer so from now on."""
        self.changes[path] = lambda: (status, body)

    def serve(self) -> None:
        self.server.serve_forever(poll_interval=0.02)
        connections.close_all()


@contextmanager
def front_door() -> Iterator[FrontDoor]:
    """A front door until the block ends; set PUBLIC_URL to its `url`."""
    door = FrontDoor()
    thread = threading.Thread(target=door.serve, daemon=True)
    thread.start()
    try:
        yield door
    finally:
        door.server.shutdown()
        thread.join()
        door.server.server_close()
