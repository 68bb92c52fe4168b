"""Depositors who do not give up: each request has an Idempotency-Key and is repeated until it is acknowledged.

They speak HTTP to a service that dies under them, and remember what they were promised. What this does not do: judge.
"""
import hashlib
import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.depositing import batch, deposit_body, document

CASES = [f"LN-{number:03}" for number in range(5)]
GIVE_UP_S = 90.0
SINGLE, BATCH = "/api/v1/evidence", "/api/v1/evidence/batch"
RETRIED = (503,)


@dataclass(frozen=True, slots=True, repr=False)  # a failing test would print megabytes of originals
class Request:
    """One deposit as it goes over the wire. The n-th record carries `<serial>/<n>` in its metadata; `originals` are its files' SHA-256."""

    serial: str
    path: str
    body: bytes
    content_type: str
    count: int
    originals: tuple[bytes, ...] = ()

    def serials(self) -> list[str]:
        return [f"{self.serial}/{number}" for number in range(self.count)]


@dataclass(frozen=True, slots=True, repr=False)  # a failing test would print megabytes of originals
class Acknowledged:
    """A request and every 201 that it got: more than one when it was repeated on purpose."""

    request: Request
    answers: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, request: Request, answers: Iterable[dict[str, Any]]) -> "Acknowledged":
        """Without the body, which may be megabytes: what is judged are serials and digests."""
        return cls(replace(request, body=b""), tuple(answers))


def single_request(serial: str, files: tuple[bytes, ...], *, case: str) -> Request:
    listed = [{"name": f"{number}.wav", "media_type": "audio/wav"} for number, _ in enumerate(files)]
    body, kind = deposit_body(document(case=case, subject=subject(f"{serial}/0"), files=listed), *files)
    return Request(serial, SINGLE, body, kind, 1, tuple(hashlib.sha256(data).digest() for data in files))


def batch_request(serial: str, count: int, cases: list[str]) -> Request:
    records = [{**batch(1)["records"][0], "subject": subject(f"{serial}/{n}"), "case": cases[n % len(cases)]} for n in range(count)]
    return Request(serial, BATCH, json.dumps({"records": records}).encode(), "application/json", count)


def subject(serial: str) -> dict[str, Any]:
    return {"kind": "call_recording", "title": "催收通话录音", "metadata": {"call_id": serial}}


@dataclass
class Client:
    """One connection at a time to the service, opened again whenever it breaks."""

    port: int
    key: str
    timeout_s: float = 60.0
    connection: http.client.HTTPConnection | None = None

    def post(self, request: Request) -> tuple[int, Any]:
        """Status and JSON of one try. Raises OSError or HTTPException when there was no whole answer."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout_s)
        headers = {"Content-Type": request.content_type, "Idempotency-Key": request.serial, "Authorization": f"Bearer {self.key}"}
        try:
            self.connection.request("POST", request.path, request.body, headers)
            answer = self.connection.getresponse()
            text = answer.read()
            # A head that is cut short looks like a whole one without the lines that are missing.
            if answer.headers.get("Content-Length") != str(len(text)):
                raise http.client.IncompleteRead(text)
            return answer.status, json.loads(text)
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


@dataclass(repr=False)
class Depositor(threading.Thread):
    """Deposits until `stopping` is set, and then until its last request is acknowledged."""

    name_: str
    client: Client
    chance: random.Random
    stopping: threading.Event
    batches: float = 0.5
    acknowledged: list[Acknowledged] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    surprise: str = ""

    def __post_init__(self) -> None:
        super().__init__(name=self.name_, daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        number = 0
        while not self.stopping.is_set() and not self.surprise:
            request = self.plan(f"{self.name_}-{number}")
            number += 1
            # Now and then an acknowledged request is repeated: it must get the same receipt, across any number of deaths.
            answers = [self.insist(request) for _ in range(self.chance.choice((1, 1, 1, 1, 2)))]
            self.acknowledged.append(Acknowledged.of(request, filter(None, answers)))
        self.client.close()

    def plan(self, serial: str) -> Request:
        if self.chance.random() >= self.batches:
            sizes = [self.chance.choice((1, 10, 5_000, 300_000, 600_000)) for _ in range(self.chance.choice((1, 1, 2, 3)))]
            return single_request(serial, tuple(self.chance.randbytes(size) for size in sizes), case=self.chance.choice(CASES))
        return batch_request(serial, self.chance.choice((1, 3, 10, 40)), self.chance.sample(CASES, 3))

    def insist(self, request: Request) -> dict[str, Any]:
        """The acknowledgement; {} after an answer that nobody should get, which stays in `surprise`."""
        until = time.monotonic() + GIVE_UP_S
        while time.monotonic() < until:
            try:
                status, answer = self.client.post(request)
            except (OSError, http.client.HTTPException) as broken:
                self.outcomes[type(broken).__name__] += 1
                time.sleep(self.chance.uniform(0.005, 0.05))
                continue
            self.outcomes[str(answer.get("code", status))] += 1
            if status == 201:
                return dict(answer)
            if status not in RETRIED:
                self.surprise = f"{request.serial}: {status} {answer}"
                return {}
            time.sleep(self.chance.uniform(0.005, 0.05))
        self.surprise = f"{request.serial}: not acknowledged in {GIVE_UP_S} s"
        return {}
