"""A large upload with both digests, durable, against nginx PUT with no hash; and what a web worker's memory does meanwhile."""
import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import PAIRS, Figure, rate, rates_in_turn, ratio
from bench.service import Service, batch_body, free_port, post_all, service
from tlog.digests import new_sm3

MIB = 1 << 20


def upload_figures(memory_mib: int) -> Iterator[Figure]:
    """100 MB against nginx; then `memory_mib` MiB and a batch of 1,000 while the workers' peak is watched."""
    with service(workers=1) as run:
        before = peak_mib(run)
        post_all(run, "/api/v1/evidence/batch", [batch_body(0)], clients=1)
        upload(run, memory_mib * MIB)
        after = peak_mib(run)
        yield Figure(f"memory: web worker, {memory_mib} MiB upload and 1,000-record batch", "–", 128, "flat", after, f"{after:.0f} MiB "
                     f"({after - before:+.0f} over an idle worker)", at_most=True)
        if shutil.which("nginx") is None:
            raise FileNotFoundError("nginx is missing: install it (Debian, Ubuntu: apt install nginx-light) to measure uploads.")
        with nginx() as port:
            ours, theirs = rates_in_turn(lambda: upload(run, 100_000_000), lambda: put(port, 100_000_000))
    value = ratio(ours, theirs)
    shown = f"{value:.2f} ({statistics.median(ours) / 1e6:,.0f} against {statistics.median(theirs) / 1e6:,.0f} MB/s)"
    yield Figure("100 MB upload: both digests, encrypted, durable", "nginx PUT with no hash", 0.35, "0.5", value, shown)
    bare = [rate(lambda: sm3_alone(100_000_000)) for _ in range(PAIRS)]
    value = ratio(bare, theirs)
    yield Figure("SM3 of 100 MB in one thread, nothing else", "the same nginx", None, "", value,
                 f"{value:.2f} ({statistics.median(bare) / 1e6:,.0f} MB/s)")


def blocks(size: int) -> Iterator[bytes]:
    block = os.urandom(MIB)
    for at in range(0, size, MIB):
        yield block[: size - at]


def upload(run: Service, size: int) -> int:
    """One multipart deposit with a file of `size` bytes; returns the size."""
    document = {"case": "LN-1", "subject": {"kind": "call_recording", "title": "录音"}, "files": [{"name": "a", "media_type": "audio/wav"}]}
    head = b'--b\r\nContent-Disposition: form-data; name="deposit"\r\nContent-Type: application/json\r\n\r\n'
    head += json.dumps(document).encode()
    head += b'\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    tail = b"\r\n--b--\r\n"

    def body() -> Iterator[bytes]:
        yield head
        yield from blocks(size)
        yield tail

    length = str(len(head) + size + len(tail))
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": length, "Authorization": f"Bearer {run.key}"}
    _send("POST", run.port, "/api/v1/evidence", body(), headers)
    return size


def sm3_alone(size: int) -> int:
    """SM3 is a chain: one file's digest cannot be computed by two threads, so no upload is faster than this."""
    hasher = new_sm3()
    for block in blocks(size):
        hasher.update(block)
    hasher.digest()
    return size


def put(port: int, size: int, path: str | None = None) -> int:
    _send("PUT", port, path or f"/{time.time_ns()}", blocks(size), {"Content-Length": str(size)})
    return size


def _send(method: str, port: int, path: str, body: Iterator[bytes], headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status not in (201, 204):
        raise RuntimeError(f"{method} {path}: {answer.status} {text[:200]!r}")


def peak_mib(run: Service) -> float:
    """The largest peak (VmHWM) of the web processes."""
    children = subprocess.run(["pgrep", "-P", str(run.web.pid)], capture_output=True, text=True, check=False).stdout.split()
    peaks = [re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()) for pid in children]
    return max(int(found[1]) / 1024 for found in peaks if found)


@contextmanager
def nginx() -> Iterator[int]:
    """A plain nginx that takes PUT into a folder beside the service's vault."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="cunzheng-bench-", dir=os.environ.get("BENCH_DIR")) as name:
        folder = Path(name)
        for place in ("files", "bodies"):
            (folder / place).mkdir()
            (folder / place).chmod(0o777)
        folder.chmod(0o755)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"{user} daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1; events {{}}\n"
            f"http {{ access_log off; client_body_temp_path {folder}/bodies; server {{ listen 127.0.0.1:{port}; root {folder}/files;\n"
            "client_max_body_size 0; location / { dav_methods PUT; } } }\n")
        process = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf"), "-p", name])
        time.sleep(1)
        try:
            yield port
        finally:
            process.terminate()
            process.wait(20)
