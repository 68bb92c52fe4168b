"""A witness alone on one core: cosignatures a second, each durable, asked over one connection; and its memory.

And the log with three of them on loopback: from a deposit's commit to its published, cosigned checkpoint.
"""
import hashlib
import http.client
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.deposits import PATH, WITNESSED, latency_figures
from bench.figures import PAIRS, Figure, rate
from bench.service import ROOT, batch_body, post_all, service
from tlog.checkpoint import format_checkpoint
from tlog.encoding import encode_base64
from tlog.merkle import leaf_hash
from tlog.note import Signer, sign_note
from tlog.tile_edge import TileEdge
from tlog.tiles import consistency_proof
from witness.config import read_config

ORIGIN, STEP, COUNT = "bench.example/log", 37, 1000
LOG = Signer.from_seed(ORIGIN, hashlib.sha256(b"bench").digest())


def witness_figures() -> Iterator[Figure]:
    requests = list(growing(COUNT * (PAIRS + 1)))
    with tempfile.TemporaryDirectory(prefix="cunzheng-bench-", dir=os.environ.get("BENCH_DIR")) as name:
        process, port = started(Path(name), "bench.example/witness", ORIGIN, LOG.vkey)
        os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            rates = [rate(lambda turn=turn: ask(connection, requests[turn * COUNT:(turn + 1) * COUNT]))  # type: ignore[misc]
                     for turn in range(PAIRS + 1)]
            connection.close()
            found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text(encoding="ascii"))
        finally:
            end(process)
    value = sorted(rates[1:])[PAIRS // 2]
    yield Figure("witness: cosignatures on one core, each durable", "–", 500, "", value, f"{value:,.0f}/s")
    assert found is not None
    yield Figure("memory: witness", "–", 128, "flat", int(found[1]) / 1024, f"{int(found[1]) / 1024:.0f} MiB", at_most=True)


def witnessed_figures() -> Iterator[Figure]:
    """Half of the rate at which the log was found to go on for long, one notary and any one of two courts."""
    with ExitStack() as stack:
        run = stack.enter_context(service(workers=2))
        (origin, vkey), = run.query("SELECT origin, vkey FROM ledger_logstate")
        lines = [f"log {vkey}"]
        for name in ("notary", "court-1", "court-2"):
            process, port = started(run.var / name, f"bench.example/{name}", origin, vkey)
            stack.callback(end, process)
            lines.append(f"witness {name} {public_key(run.var / name)} http://127.0.0.1:{port}")
        lines += ["group courts any court-1 court-2", "group needed all notary courts", "quorum needed", ""]
        (run.var / "policy.txt").write_text("\n".join(lines), encoding="utf-8")
        run.environment["CUNZHENG_POLICY"] = str(run.var / "policy.txt")
        run.start_sequencer()
        post_all(run, PATH, [batch_body(0)], clients=1)
        run.wait_until_published()
        yield from latency_figures(run, 5000, WITNESSED)


def end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    process.wait(30)


def public_key(folder: Path) -> str:
    [signer] = read_config(folder / "witness.toml").signers
    return signer.vkey


def growing(count: int) -> Iterator[bytes]:
    """Requests of a log that grows by `STEP` entries at a time."""
    edge = TileEdge()
    tiles: dict[tuple[int, int], bytes] = {}

    def read(level: int, index: int, width: int) -> bytes:
        return tiles[level, index][:width * 32]

    for number in range(count):
        old = edge.size
        full = edge.extend([leaf_hash(b"%d" % n) for n in range(old, old + STEP)])
        tiles.update({(name.level, name.index): data for name, data in [*full, *edge.partial_tiles()]})
        proof = consistency_proof(old, edge.size, read) if number else []
        checkpoint = sign_note(format_checkpoint(origin=ORIGIN, size=edge.size, root=edge.compact_range().root()), [LOG])
        yield "\n".join([f"old {old}", *map(encode_base64, proof), "", ""]).encode() + checkpoint


def started(folder: Path, name: str, origin: str, vkey: str) -> "tuple[subprocess.Popen[str], int]":
    """A new witness of this log; its process and port."""
    run = [sys.executable, "-m", "witness"]
    subprocess.run([*run, "init", str(folder), "--name", name], cwd=ROOT, check=True, capture_output=True)
    config = folder / "witness.toml"
    text = config.read_text(encoding="utf-8").replace("127.0.0.1:8101", "127.0.0.1:0")
    config.write_text(f'{text}\n[[log]]\norigin = "{origin}"\nvkeys = ["{vkey}"]\nurl = "http://127.0.0.1:1"\n', encoding="utf-8")
    process = subprocess.Popen(
        [*run, "serve", str(config), "--first-start"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline().rpartition(":")[2])


def ask(connection: http.client.HTTPConnection, requests: list[bytes]) -> int:
    for data in requests:
        connection.request("POST", "/add-checkpoint", data)
        answer = connection.getresponse()
        if (answer.status, len(answer.read()) > 0) != (200, True):
            raise RuntimeError(f"the witness answered {answer.status}")
    return len(requests)
