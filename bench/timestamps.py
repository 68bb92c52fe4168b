"""The sandbox's timestamp authority on one core: tokens a second through HTTP, one query after another on one connection.

Client and server are processes of their own, on different cores. Afterwards every token is shown to rfc3161-client, a verifier that is
not ours, and those of one round to `openssl ts -verify`; a single one that either refuses ends the measurement.
"""
import hashlib
import http.client
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from rfc3161_client import HashAlgorithm, TimeStampRequest, TimestampRequestBuilder, VerifierBuilder, decode_timestamp_response

from bench.figures import PAIRS, Figure, rate
from bench.service import ROOT

COUNT = 1000
BY_OPENSSL = 100
Exchange = tuple[bytes, TimeStampRequest, bytes]


def timestamp_figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="cunzheng-bench-", dir=os.environ.get("BENCH_DIR")) as name:
        folder, cores = Path(name), sorted(os.sched_getaffinity(0))
        process, port = started(folder / "tsa")
        os.sched_setaffinity(process.pid, {cores[0]})
        os.sched_setaffinity(0, set(cores[1:]) or {cores[0]})
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            rounds = [exchanges(turn) for turn in range(PAIRS + 1)]
            before = cpu_s(process.pid)
            rates = [rate(lambda turn=turn: ask(connection, turn)) for turn in rounds]  # type: ignore[misc]
            connection.close()
            by_cpu = len(rounds) * COUNT / (cpu_s(process.pid) - before)
        finally:
            os.sched_setaffinity(0, set(cores))
            process.terminate()
            process.wait(30)
        judge([exchange for turn in rounds for exchange in turn], folder / "tsa" / "root.pem")
        judge_with_openssl(rounds[-1][:BY_OPENSSL], folder)
    value = sorted(rates[1:])[PAIRS // 2]
    told = f"{value:,.0f}/s, {by_cpu:,.0f} for each second of its CPU time"
    yield Figure("sandbox TSA: tokens on one core through HTTP", "–", 300, "", value, told)


def started(folder: Path) -> "tuple[subprocess.Popen[str], int]":
    """A new authority; its process and port."""
    words = [sys.executable, "-m", "sandbox.tsa", "--port", "0", "--dir", str(folder)]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline().partition("127.0.0.1:")[2].partition("/")[0])


def cpu_s(pid: int) -> float:
    """What a process has used of all cores, in seconds: on a machine with other work, the figure that says what the program can do."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def exchanges(turn: int) -> list[Exchange]:
    """Messages with their queries, each with a nonce of its own; the answers are still empty."""
    messages = [hashlib.sha256(b"%d %d" % (turn, number)).digest() for number in range(COUNT)]
    return [(message, TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256).build(), b"") for message in messages]


def ask(connection: http.client.HTTPConnection, turn: list[Exchange]) -> int:
    for place, (message, asked, _) in enumerate(turn):
        connection.request("POST", "/", asked.as_bytes(), {"Content-Type": "application/timestamp-query"})
        answer = connection.getresponse()
        turn[place] = message, asked, answer.read()
        if answer.status != 200:
            raise RuntimeError(f"the authority answered {answer.status}")
    return len(turn)


def judge(made: list[Exchange], root: Path) -> None:
    """Raises what rfc3161-client raises for the first token that it does not accept."""
    certificate = x509.load_pem_x509_certificate(root.read_bytes())
    for message, asked, answer in made:
        stranger = VerifierBuilder.from_request(asked).add_root_certificate(certificate).build()
        if not stranger.verify_message(decode_timestamp_response(answer), message):
            raise RuntimeError("rfc3161-client refuses a token")


def judge_with_openssl(made: list[Exchange], folder: Path) -> None:
    """Raises CalledProcessError for the first token that openssl does not accept."""
    for _, asked, answer in made:
        (folder / "query").write_bytes(asked.as_bytes())
        (folder / "answer").write_bytes(answer)
        words = ["openssl", "ts", "-verify", "-in", "answer", "-queryfile", "query", "-CAfile", "tsa/root.pem"]
        subprocess.run(words, cwd=folder, check=True, capture_output=True)
