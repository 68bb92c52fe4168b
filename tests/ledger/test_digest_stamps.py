"""Stamps on a package's manifest: from whoever answers, and never for long from whoever does not."""
import hashlib
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from cryptography import x509
from django.utils import timezone
from pytest_django import Settings

from common.object_store import FileObjectStore
from ledger import revocation_sources
from ledger.digest_stamps import ASKING, RESTING, stamp_digest
from sandbox.tsa.server import Behaviour, TimestampServer
from tests.ledger.authorities import publish_more, work
from tests.ledger.logs import sequencer
from tests.ledger.publishing import publishing_authority

DIGEST = hashlib.sha256(b"manifest").digest()


@pytest.fixture
def tsa(authority: TimestampServer, service: str) -> Iterator[TimestampServer]:
    """The configured authority, well again afterwards."""
    delay_s = authority.delay_s
    yield authority
    authority.behaviour, authority.delay_s = Behaviour.WELL, delay_s
    RESTING.clear()


def test_a_digest_is_stamped_by_the_first_authority_that_answers(tsa: TimestampServer, settings: Settings) -> None:
    settings.TSAS = f"sandbox-tsa-dead=http://127.0.0.1:9/ {settings.TSAS}"
    roots = settings.VAR_DIR / "trust" / "tsa"
    (roots / "sandbox-tsa-dead.pem").write_bytes((roots / "sandbox-tsa.pem").read_bytes())
    assert stamp_digest(DIGEST)
    settings.TSAS = settings.TSAS.split()[0]
    assert stamp_digest(DIGEST) is None


def test_an_authority_that_failed_is_left_alone_for_a_while(tsa: TimestampServer) -> None:
    tsa.behaviour = Behaviour.SERVER_ERROR
    before = tsa.queries
    assert [stamp_digest(DIGEST) for _ in range(3)] == [None] * 3
    assert tsa.queries == before + 1
    tsa.behaviour = Behaviour.WELL
    RESTING["sandbox-tsa"] = time.monotonic() - 1
    assert stamp_digest(DIGEST)


def test_who_finds_a_quarter_of_the_threads_asking_goes_on_without(tsa: TimestampServer) -> None:
    taken = 0
    while ASKING.acquire(blocking=False):
        taken += 1
    before = tsa.queries
    try:
        assert stamp_digest(DIGEST) is None
    finally:
        ASKING.release(taken)
    assert taken == 2, "a quarter of eight threads"
    assert tsa.queries == before


def test_a_burst_is_stamped_in_turns(tsa: TimestampServer) -> None:
    tsa.behaviour, tsa.delay_s = Behaviour.SLOW, 0.02
    tokens: list[bytes | None] = []
    threads = [threading.Thread(target=lambda: tokens.append(stamp_digest(DIGEST))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 4
    assert all(tokens)


def test_a_root_that_is_away_is_no_reason_to_break_off_a_package(tsa: TimestampServer, settings: Settings) -> None:
    (settings.VAR_DIR / "trust" / "tsa" / "sandbox-tsa.pem").unlink()
    assert stamp_digest(DIGEST) is None


def test_a_narrower_skew_holds_for_packages_too(
    tsa: TimestampServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tsa.responder, "clock", lambda: timezone.now() + timedelta(seconds=60))
    assert stamp_digest(DIGEST)
    settings.TIME_SKEW_S = 30.0
    assert stamp_digest(DIGEST) is None


def test_a_certificate_that_the_archive_calls_revoked_stamps_no_package(store: FileObjectStore, settings: Settings) -> None:
    revocation_sources.RESTING.clear()
    with publishing_authority(settings.VAR_DIR, "publishing") as server:
        settings.TSAS = f"publishing={server.url}"
        publish_more(sequencer())
        work()
        assert stamp_digest(DIGEST)
        signer = server.responder.hierarchy.tsa.certificate
        server.revoked[signer.serial_number] = (timezone.now() - timedelta(hours=1), x509.ReasonFlags.superseded)
        publish_more(sequencer())
        work(rounds=2)
        assert stamp_digest(DIGEST) is None
    RESTING.clear()
