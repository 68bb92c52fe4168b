"""The archive of revocation lists: what the certificates name is fetched, judged and kept, and nothing waits for it."""
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from common import jobs
from common.jobs import Job
from common.object_store import FileObjectStore
from ledger import revocation
from ledger.checkpoint_folders import folder_of
from ledger.fsck import examine_log
from ledger.models import ArchivedRevocation, LogState, Timestamp
from ledger.renewal import renew_due_timestamps
from ledger.revocation import ARCHIVE_REVOCATION, GIVE_UP, archive_revocation
from sandbox.tsa.server import Behaviour, TimestampServer
from tests.ledger.logs import grow, sequencer
from tests.ledger.publishing import publishing_authority
from tlog.timestamp.list_file import parse_lists

KEY_COMPROMISE = x509.ReasonFlags.key_compromise


@pytest.fixture
def tsa(store: FileObjectStore, settings: Settings) -> Iterator[TimestampServer]:
    """The one configured authority, with revocation lists; no address rests from another test."""
    revocation.RESTING.clear()
    with publishing_authority(settings.VAR_DIR, "publishing") as server:
        settings.TSAS = f"publishing={server.url}"
        settings.TSA_TIMEOUT_S = 2.0
        yield server


def stamped(count: int = 1) -> Timestamp:
    """Publish `count` entries more and stamp them; no archive is made yet."""
    log = sequencer()
    grow(log, LogState.objects.get().size, count)
    log.publish()
    log.request_stamps()
    work(kind="ledger.stamp-checkpoint")
    stamp = Timestamp.objects.latest("pk")
    assert isinstance(stamp, Timestamp)
    return stamp


def work(*, kind: str = ARCHIVE_REVOCATION, after_s: float = 0) -> None:
    moment = timezone.now() + timedelta(seconds=after_s)
    for job_id in jobs.due_jobs(moment):
        if Job.objects.filter(pk=job_id, kind=kind).exists():
            jobs.run_job(job_id, now=lambda: moment)


def archive_job() -> Job:
    return Job.objects.filter(kind=ARCHIVE_REVOCATION).latest("pk")


def test_every_list_that_the_chain_names_is_kept_beside_the_token(tsa: TimestampServer) -> None:
    stamp = stamped()
    assert not ArchivedRevocation.objects.exists()
    work()
    [row] = ArchivedRevocation.objects.all()
    issuers = [x509.load_der_x509_crl(encoded).issuer for encoded in parse_lists(bytes(row.data))]
    hierarchy = tsa.responder.hierarchy
    assert (row.timestamp_id, row.form) == (stamp.pk, "crl")
    assert issuers == [hierarchy.intermediate.certificate.subject, hierarchy.root.certificate.subject]
    folder = folder_of(stamp.size)
    assert folder is not None
    assert folder.files["publishing.crl"] == bytes(row.data)
    assert archive_job().done_at is not None
    assert list(examine_log()) == []


def test_it_is_kept_once(tsa: TimestampServer) -> None:
    stamp = stamped()
    archive_revocation(stamp.pk)
    asked = tsa.list_requests
    archive_revocation(stamp.pk)
    assert (ArchivedRevocation.objects.count(), tsa.list_requests) == (1, asked)


@pytest.mark.parametrize("behaviour", [
    Behaviour.DOWN, Behaviour.SERVER_ERROR, Behaviour.REDIRECT, Behaviour.GARBAGE, Behaviour.TRUNCATED, Behaviour.NOT_HTTP, Behaviour.HUGE,
    Behaviour.ENDLESS, Behaviour.HANG,
], ids=str)
def test_lists_that_cannot_be_had_hold_up_no_stamp_and_are_asked_for_again(
    tsa: TimestampServer, behaviour: Behaviour, settings: Settings
) -> None:
    settings.TSA_TIMEOUT_S = 0.5
    tsa.lists = behaviour
    stamped()
    work()
    assert not ArchivedRevocation.objects.exists()
    assert archive_job().last_error.startswith("revocation-unavailable: ")
    settings.TSA_TIMEOUT_S = 5.0
    assert stamped().size == 2
    tsa.lists = Behaviour.WELL
    revocation.RESTING.clear()
    work(after_s=400)
    assert sorted(ArchivedRevocation.objects.values_list("timestamp__size", flat=True)) == [1, 2]


def test_an_address_that_failed_is_left_alone_for_a_while(tsa: TimestampServer) -> None:
    tsa.lists = Behaviour.SERVER_ERROR
    stamped()
    stamped()
    work()
    assert tsa.list_requests == 1
    assert archive_job().last_error == "revocation-unavailable: resting"


def test_after_a_week_a_token_stays_without_lists(tsa: TimestampServer) -> None:
    stamp = stamped()
    tsa.lists = Behaviour.SERVER_ERROR
    archive_revocation(stamp.pk, clock=lambda: timezone.now() + GIVE_UP + timedelta(hours=1))
    assert not ArchivedRevocation.objects.exists()
    assert tsa.list_requests == 0


def test_a_list_of_another_issuer_or_of_another_time_is_not_kept(tsa: TimestampServer) -> None:
    stamp = stamped()
    own, foreign = tsa.responder.hierarchy, type(tsa.responder.hierarchy)
    tsa.responder.clock = lambda: datetime(2021, 1, 1, tzinfo=UTC)
    with pytest.raises(jobs.RetryLater, match="unusable"):
        archive_revocation(stamp.pk)
    revocation.RESTING.clear()
    tsa.responder.clock = timezone.now
    tsa.responder.hierarchy = foreign(own.intermediate, own.root, own.tsa)  # the two lists changed places: both are of the chain
    archive_revocation(stamp.pk)
    assert ArchivedRevocation.objects.count() == 1


@pytest.mark.parametrize("reason", [KEY_COMPROMISE, x509.ReasonFlags.superseded], ids=str)
def test_a_list_that_says_revoked_is_kept_and_no_further_token_of_that_certificate_is(
    tsa: TimestampServer, reason: x509.ReasonFlags
) -> None:
    stamped()
    signer = tsa.responder.hierarchy.tsa.certificate
    tsa.revoked[signer.serial_number] = (timezone.now() - timedelta(hours=1), reason)
    work()
    assert ArchivedRevocation.objects.count() == 1
    assert [finding.what for finding in examine_log() if "was revoked" in finding.what]
    log = sequencer()
    grow(log, 1, 1)
    log.publish()
    log.request_stamps()
    work(kind="ledger.stamp-checkpoint")
    assert Timestamp.objects.count() == 1
    assert Job.objects.filter(kind="ledger.stamp-checkpoint", done_at=None).get().last_error == "timestamp-unavailable: token-refused"


def test_nothing_is_added_to_a_folder_that_was_renewed(tsa: TimestampServer) -> None:
    stamp = stamped()
    Job.objects.filter(kind=ARCHIVE_REVOCATION).update(done_at=timezone.now())
    assert renew_due_timestamps(everything=True) == 1
    archive_revocation(stamp.pk)
    assert not ArchivedRevocation.objects.exists()


def test_certificates_that_name_no_list_need_no_archive(store: FileObjectStore, authority: TimestampServer) -> None:
    stamp = stamped()
    assert not Job.objects.filter(kind=ARCHIVE_REVOCATION).exists()
    archive_revocation(stamp.pk)
    assert not ArchivedRevocation.objects.exists()
    assert list(examine_log()) == []


def test_roots_that_are_away_postpone_the_archive(tsa: TimestampServer, settings: Settings) -> None:
    stamp = stamped()
    (settings.VAR_DIR / "trust" / "tsa" / "publishing.pem").unlink()
    with pytest.raises(jobs.RetryLater, match="revocation-unavailable: roots"):
        archive_revocation(stamp.pk)


def test_two_workers_that_fetched_for_one_token_keep_one_archive(tsa: TimestampServer) -> None:
    stamp = stamped()

    def fetch() -> None:
        archive_revocation(stamp.pk)
        connection.close()

    both = [threading.Thread(target=fetch) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert ArchivedRevocation.objects.count() == 1
