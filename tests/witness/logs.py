"""A small log under the test's control: it can be honest, fork, change its key, and serve its tiles over HTTP."""
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tlog.checkpoint import format_checkpoint
from tlog.encoding import encode_base64
from tlog.merkle import leaf_hash, root_hash
from tlog.note import CosignatureSigner, Signer, format_note, sign_note
from tlog.tile_edge import TileEdge
from tlog.tiles import consistency_proof

ORIGIN = "log.example/cunzheng"
WITNESS = CosignatureSigner.from_seed("notary.example/witness", b"w" * 32)


class Log:
    """`entries` decide everything; two logs with one signer and other entries are a fork."""

    def __init__(self, entries: Sequence[bytes], *, origin: str = ORIGIN, seed: bytes = b"l" * 32) -> None:
        self.leaves = [leaf_hash(entry) for entry in entries]
        self.origin, self.signer = origin, Signer.from_seed(origin, seed)
        edge = TileEdge()
        self.tiles = {tile[0].path: tile[1] for tile in edge.extend(self.leaves)}
        self.tiles |= {name.path: data for name, data in edge.partial_tiles()}

    def root(self, size: int) -> bytes:
        return root_hash(self.leaves[:size])

    def checkpoint(self, size: int) -> bytes:
        return sign_note(format_checkpoint(origin=self.origin, size=size, root=self.root(size)), [self.signer])

    def cosigned(self, size: int, signer: CosignatureSigner = WITNESS, timestamp: int = 1) -> bytes:
        text = format_checkpoint(origin=self.origin, size=size, root=self.root(size))
        return format_note(text, [self.signer.sign(text), signer.sign(text, timestamp)])

    def proof(self, old: int, new: int) -> list[bytes]:
        if not 0 < old < new:
            return []
        edge = TileEdge()
        tiles = {(name.level, name.index): data for name, data in edge.extend(self.leaves[:new])}
        tiles |= {(name.level, name.index): data for name, data in edge.partial_tiles()}
        return consistency_proof(old, new, lambda level, index, width: tiles[level, index][:width * 32])

    def request(self, old: int, new: int) -> bytes:
        return body(old, self.proof(old, new), self.checkpoint(new))


def body(old: object, proof: Sequence[bytes], checkpoint: bytes) -> bytes:
    lines = [f"old {old}", *map(encode_base64, proof), "", ""]
    return "\n".join(lines).encode() + checkpoint


def entries(count: int, word: str = "entry") -> list[bytes]:
    return [f"{word} {number}".encode() for number in range(count)]


@contextmanager
def served(pages: dict[str, bytes]) -> Iterator[str]:
    """The pages (by path) on a loopback port, until the block ends; `pages` may change meanwhile. The address without a slash."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = pages.get(self.path)
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
