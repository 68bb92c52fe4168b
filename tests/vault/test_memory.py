"""The memory of a real web worker while it takes a large upload: flat, whatever the file's size.

256 MiB in `make test`, 2 GiB in `make faults`. What is compared is the worker's peak (VmHWM) after a small deposit, which loads
whatever is loaded at first use, and after the large one. The client streams too, so that the machine holds the file nowhere.
"""
import http.client
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Start
from tests.faults.programs import port_for_a_server_that_dies
from tests.faults.sizes import sized
from tests.ledger.processes import wait_until
from vault.models import StoredObject

MIB = 1 << 20
LARGE = sized(256, 2048) * MIB
GROWTH_MIB = 64
SUBJECT = {"kind": "call_recording", "title": "录音"}
DOCUMENT = {"case": "LN-1", "subject": SUBJECT, "files": [{"name": "a", "media_type": "audio/wav"}]}
HEAD = (
    b'--b\r\nContent-Disposition: form-data; name="deposit"\r\nContent-Type: application/json\r\n\r\n'
    + json.dumps(DOCUMENT).encode() + b'\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
)
TAIL = b"\r\n--b--\r\n"


@pytest.fixture
def web(start: Start, var_dir: Path) -> tuple[int, int]:
    """One gunicorn worker of the Procfile's kind: its port and process id."""
    port = port_for_a_server_that_dies()
    words = "-m gunicorn config.wsgi --config python:config.gunicorn --worker-class gthread --workers 1 --threads 8 --no-control-socket"
    master = start(*words.split(), "--bind", f"127.0.0.1:{port}", "--timeout", "300").pid
    children = Path(f"/proc/{master}/task/{master}/children")
    wait_until(lambda: answers(port), within_s=60)
    [worker] = children.read_text().split()
    return port, int(worker)


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def body(size: int) -> Iterator[bytes]:
    block = os.urandom(MIB)
    yield HEAD
    for at in range(0, size, MIB):
        yield block[: size - at]
    yield TAIL


def upload(port: int, key: str, size: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    headers = {
        "Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(len(HEAD) + size + len(TAIL)),
        "Authorization": f"Bearer {key}",
    }
    connection.request("POST", "/api/v1/evidence", body(size), headers)
    status = connection.getresponse().status
    connection.close()
    return status


def peak_mib(process: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


@pytest.mark.slow
def test_a_large_upload_does_not_grow_the_worker_that_takes_it(web: tuple[int, int], key: str) -> None:
    port, worker = web
    assert upload(port, key, 3 * MIB) == 201
    before = peak_mib(worker)
    assert upload(port, key, LARGE) == 201
    grown = peak_mib(worker) - before
    print(f"{before:.0f} MiB after a small upload, {grown:+.0f} MiB after one of {LARGE // MIB} MiB")
    assert list(StoredObject.objects.order_by("id").values_list("size_bytes", flat=True)) == [3 * MIB, LARGE]
    assert grown <= GROWTH_MIB
