"""A large download, decrypted and digested again on the way, against nginx with the same bytes; and the worker's memory meanwhile."""
import http.client
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator

from bench.figures import Figure, rates_in_turn, ratio
from bench.service import ROOT, Service, service
from bench.uploads import MIB, nginx, peak_mib, put, upload

PAIRS = 3
EVIDENCE_HOST = "originals.localhost"


def download_figures(size_mib: int) -> Iterator[Figure]:
    """`size_mib` MiB, alternately from us and from nginx."""
    if shutil.which("nginx") is None:
        raise FileNotFoundError("nginx is missing: install it (Debian, Ubuntu: apt install nginx-light) to measure downloads.")
    size = size_mib * MIB
    with service(workers=1) as run, nginx() as port:
        upload(run, 3 * MIB)
        fetch(run.port, f"/originals/{tickets(run, 1)[0]}", 3 * MIB)
        before = peak_mib(run)
        upload(run, size)
        put(port, size, "/original")
        waiting = iter(tickets(run, PAIRS + 1))
        ours, theirs = rates_in_turn(
            lambda: fetch(run.port, f"/originals/{next(waiting)}", size), lambda: fetch(port, "/original", size), pairs=PAIRS)
        grown = peak_mib(run) - before
    value = ratio(ours, theirs)
    shown = f"{value:.2f} ({statistics.median(ours) / 1e6:,.0f} against {statistics.median(theirs) / 1e6:,.0f} MB/s)"
    yield Figure(f"{size_mib} MiB download, decrypted and re-digested", "nginx GET of the same bytes", 0.3, "0.5", value, shown)
    yield Figure(
        f"memory: growth of the web worker by {size_mib} MiB up and down", "–", 64, "flat", grown, f"{grown:+.0f} MiB", at_most=True)


def tickets(run: Service, count: int) -> list[str]:
    command = [sys.executable, "-m", "bench.tickets", str(count)]
    return subprocess.run(command, cwd=ROOT, env=run.environment, check=True, capture_output=True, text=True).stdout.split()


def fetch(port: int, path: str, size: int) -> int:
    """Read the answer to its end into one buffer; returns the size. Raises RuntimeError when it is not whole."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request("GET", path, headers={"Host": f"{EVIDENCE_HOST}:{port}"})
    answer, buffer, seen = connection.getresponse(), bytearray(MIB), 0
    while count := answer.readinto(buffer):
        seen += count
    connection.close()
    if answer.status != 200 or seen != size:
        raise RuntimeError(f"GET {path[:10]}: {answer.status}, {seen} of {size} bytes")
    return size
