"""Two timestamp authorities of different operators, each a real server with keys, certificates and a clock of its own."""
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.utils import timezone
from pytest_django import Settings

from common import jobs
from ledger import digest_stamps
from ledger.models import LogState, PublishedCheckpoint
from ledger.sequencer.service import Sequencer
from sandbox.tsa.answering import Responder
from sandbox.tsa.authority import make_authority
from sandbox.tsa.server import TimestampServer
from tests.ledger.logs import grow

POLICIES = ("2.999.1", "2.999.2")


class Two(NamedTuple):
    """`one` has the id tsa-one, is asked first and is run by op-one; likewise `two`."""

    one: TimestampServer
    two: TimestampServer


@contextmanager
def _serving(policy: str) -> Iterator[TimestampServer]:
    server = TimestampServer(("127.0.0.1", 0), Responder(make_authority(), policies=[policy]), delay_s=0.1)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


@pytest.fixture
def two_authorities(service: str, var_dir: Path, settings: Settings) -> Iterator[Two]:
    """The service asks both; nobody has seen either fail."""
    digest_stamps.RESTING.clear()
    roots = var_dir / "trust" / "tsa"
    roots.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        two = Two(*(stack.enter_context(_serving(policy)) for policy in POLICIES))
        settings.TSAS = " ".join(f"{id_}={server.url}|op-{id_}|{policy}"
                                 for id_, server, policy in zip(("tsa-one", "tsa-two"), two, POLICIES, strict=True))
        for id_, server in zip(("tsa-one", "tsa-two"), two, strict=True):
            (roots / f"{id_}.pem").write_bytes(server.responder.hierarchy.root.certificate.public_bytes(Encoding.PEM))
        yield two
    digest_stamps.RESTING.clear()


def set_clock(server: TimestampServer, ahead_s: float) -> None:
    """From now on its clock is ahead of the true time by so much; negative is behind."""
    server.responder.clock = lambda: datetime.now(UTC) + timedelta(seconds=ahead_s)


def publish_more(log: Sequencer) -> PublishedCheckpoint:
    """One entry more, a published checkpoint, and the request for its stamps."""
    grow(log, LogState.objects.get().size, 1)
    log.publish()
    log.request_stamps()
    newest = PublishedCheckpoint.objects.order_by("-size").first()
    assert isinstance(newest, PublishedCheckpoint)
    return newest


def work(*, rounds: int = 1) -> None:
    """Run the worker's jobs so many times, each time an hour later, so that whatever failed is tried again."""
    for turn in range(rounds):
        moment = timezone.now() + timedelta(hours=turn)
        for job_id in jobs.due_jobs(moment):
            jobs.run_job(job_id, now=lambda moment=moment: moment)  # type: ignore[misc]
