"""The memory of a real web worker while it takes a large upload and gives it out again: flat, whatever the file's size.

256 MiB in `make test`, 2 GiB in `make faults`. What is compared is the worker's peak (VmHWM) after a small deposit, which loads
whatever is loaded at first use, and after the large one. The client streams too, so that the machine holds the file nowhere.
"""
import hashlib
import http.client
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.permissions import Role
from common.downloads import repr_digest
from evidence.models import EvidenceFile, OriginalTicket
from evidence.originals import GOOD_FOR, digest_of_token
from tests.accounts.people import make_person
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
BLOCK = os.urandom(MIB)
EVIDENCE_HOST = urlsplit(settings.EVIDENCE_ORIGIN).netloc
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


def blocks(size: int) -> Iterator[bytes]:
    for at in range(0, size, MIB):
        yield BLOCK[: size - at]


def body(size: int) -> Iterator[bytes]:
    yield HEAD
    yield from blocks(size)
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
def test_a_large_upload_does_not_grow_the_worker_that_takes_it_and_gives_it_out(
    web: tuple[int, int], key: str, var_dir: Path
) -> None:
    port, worker = web
    assert upload(port, key, 3 * MIB) == 201
    before = peak_mib(worker)
    assert upload(port, key, LARGE) == 201
    grown = peak_mib(worker) - before
    print(f"{before:.0f} MiB after a small upload, {grown:+.0f} MiB after one of {LARGE // MIB} MiB")
    assert list(StoredObject.objects.order_by("id").values_list("size_bytes", flat=True)) == [3 * MIB, LARGE]
    assert grown <= GROWTH_MIB
    whole, sha256 = EvidenceFile.objects.select_related("stored_object").order_by("id").last(), hashlib.sha256()
    assert whole is not None
    assert whole.stored_object is not None
    for block in blocks(LARGE):
        sha256.update(block)
    before = peak_mib(worker)
    found = hashlib.sha256()
    with download(port, whole) as answer:
        while block := answer.read(MIB):
            found.update(block)
        assert answer.headers["Repr-Digest"] == repr_digest(sha256.digest())
    assert found.digest() == sha256.digest()
    print(f"{peak_mib(worker) - before:+.0f} MiB after a download of {LARGE // MIB} MiB")
    assert peak_mib(worker) - before <= GROWTH_MIB

    path = var_dir / "vault" / whole.stored_object.name
    with path.open("r+b") as stored:
        stored.seek(path.stat().st_size - 20)
        stored.write(b"not what was deposited")
    with download(port, whole) as answer, pytest.raises(http.client.IncompleteRead):
        answer.read()


@contextmanager
def download(port: int, file: EvidenceFile) -> Iterator[http.client.HTTPResponse]:
    """The answer to a fresh ticket at the evidence origin, its body not read yet."""
    token, now, organisation = secrets.token_urlsafe(32), timezone.now(), file.evidence.organisation
    person = make_person(f"reader-{token[:6]}", Role.CASE_OFFICER, organisation)
    OriginalTicket.objects.create(
        token_sha256=digest_of_token(token), file=file, person=person, organisation=organisation, signed_in="password+totp", made_at=now,
        expires_at=now + GOOD_FOR)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request("GET", f"/originals/{token}", headers={"Host": EVIDENCE_HOST})
    answer = connection.getresponse()
    assert answer.status == 200
    yield answer
    connection.close()
