"""The archive of revocation lists and OCSP answers: what the certificates name is asked for, judged, kept, and nothing waits for it."""
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from common import jobs
from common.jobs import Job
from common.object_store import FileObjectStore
from ledger import revocation_sources
from ledger.checkpoint_folders import folder_of
from ledger.fsck import examine_log
from ledger.models import ArchivedRevocation, LogState, Timestamp
from ledger.renewal import renew_due_timestamps
from ledger.revocation import ARCHIVE_REVOCATION, GIVE_UP, PAGE, SILENT, archive_revocation
from sandbox.tsa import status
from sandbox.tsa.authority import make_authority
from sandbox.tsa.server import Behaviour, TimestampServer
from tests.ledger.logs import grow, sequencer
from tests.ledger.publishing import pin, publishing_authority
from tests.ledger.test_fsck import findings, unlock
from tlog.timestamp.list_file import parse_lists

KEY_COMPROMISE = x509.ReasonFlags.key_compromise


@pytest.fixture
def tsa(store: FileObjectStore, settings: Settings) -> Iterator[TimestampServer]:
    """The one configured authority, with revocation lists and answers; no address rests from another test."""
    yield from configured(settings)


@pytest.fixture
def lists_only(store: FileObjectStore, settings: Settings) -> Iterator[TimestampServer]:
    yield from configured(settings, answers=False)


@pytest.fixture
def answers_only(store: FileObjectStore, settings: Settings) -> Iterator[TimestampServer]:
    yield from configured(settings, lists=False)


def configured(settings: Settings, *, lists: bool = True, answers: bool = True) -> Iterator[TimestampServer]:
    revocation_sources.RESTING.clear()
    with publishing_authority(settings.VAR_DIR, "publishing", lists=lists, answers=answers) as server:
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
    row = ArchivedRevocation.objects.get(form="crl")
    issuers = [x509.load_der_x509_crl(encoded).issuer for encoded in parse_lists(bytes(row.data))]
    hierarchy = tsa.responder.hierarchy
    assert row.timestamp_id == stamp.pk
    assert issuers == [hierarchy.intermediate.certificate.subject, hierarchy.root.certificate.subject]
    folder = folder_of(stamp.size)
    assert folder is not None
    assert folder.files["publishing.crl"] == bytes(row.data)
    assert archive_job().done_at is not None
    assert list(examine_log()) == []


def test_the_answer_about_the_signer_is_kept_beside_the_lists(tsa: TimestampServer) -> None:
    stamp = stamped()
    work()
    row = ArchivedRevocation.objects.get(form="ocsp")
    answer = ocsp.load_der_ocsp_response(bytes(row.data))
    assert row.timestamp_id == stamp.pk
    assert answer.serial_number == tsa.responder.hierarchy.tsa.certificate.serial_number
    assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    folder = folder_of(stamp.size)
    assert folder is not None
    assert folder.files["publishing.ocsp"] == bytes(row.data)
    assert archive_job().done_at is not None


def test_with_one_of_the_two_that_one_is_kept(lists_only: TimestampServer) -> None:
    stamped()
    work()
    assert list(ArchivedRevocation.objects.values_list("form", flat=True)) == ["crl"]
    assert (archive_job().done_at is None, lists_only.questions, list(examine_log())) == (False, 0, [])


def test_with_the_other_of_the_two_that_one_is_kept(answers_only: TimestampServer) -> None:
    stamped()
    work()
    assert list(ArchivedRevocation.objects.values_list("form", flat=True)) == ["ocsp"]
    assert (archive_job().done_at is None, answers_only.list_requests, list(examine_log())) == (False, 0, [])


def test_they_are_kept_once(tsa: TimestampServer) -> None:
    stamp = stamped()
    archive_revocation(stamp.pk)
    asked = tsa.list_requests, tsa.questions
    archive_revocation(stamp.pk)
    assert (ArchivedRevocation.objects.count(), (tsa.list_requests, tsa.questions)) == (2, asked)


FAULTS = (
    Behaviour.DOWN, Behaviour.SERVER_ERROR, Behaviour.REDIRECT, Behaviour.GARBAGE, Behaviour.TRUNCATED, Behaviour.NOT_HTTP, Behaviour.HUGE,
    Behaviour.ENDLESS, Behaviour.HANG,
)  # fmt: skip


@pytest.mark.parametrize("behaviour", FAULTS, ids=str)
def test_lists_that_cannot_be_had_hold_up_no_stamp_and_are_asked_for_again(
    lists_only: TimestampServer, behaviour: Behaviour, settings: Settings
) -> None:
    tsa = lists_only
    settings.TSA_TIMEOUT_S = 0.5
    tsa.lists = behaviour
    stamped()
    work()
    assert not ArchivedRevocation.objects.exists()
    assert archive_job().last_error.startswith("revocation-unavailable: ")
    settings.TSA_TIMEOUT_S = 5.0
    assert stamped().size == 2
    tsa.lists = Behaviour.WELL
    revocation_sources.RESTING.clear()
    work(after_s=400)
    assert sorted(ArchivedRevocation.objects.values_list("timestamp__size", flat=True)) == [1, 2]


@pytest.mark.parametrize("behaviour", [*FAULTS, Behaviour.WRONG_CONTENT_TYPE], ids=str)
def test_an_answer_that_cannot_be_had_holds_up_neither_a_stamp_nor_the_lists_and_is_asked_for_again(
    tsa: TimestampServer, behaviour: Behaviour, settings: Settings
) -> None:
    settings.TSA_TIMEOUT_S = 0.5
    tsa.answers = behaviour
    stamped()
    work()
    assert list(ArchivedRevocation.objects.values_list("form", flat=True)) == ["crl"]
    assert archive_job().last_error.startswith("revocation-unavailable: ")
    settings.TSA_TIMEOUT_S = 5.0
    tsa.answers = Behaviour.WELL
    revocation_sources.RESTING.clear()
    asked = tsa.list_requests
    work(after_s=400)
    assert list(ArchivedRevocation.objects.order_by("form").values_list("form", flat=True)) == ["crl", "ocsp"]
    assert (tsa.list_requests, archive_job().done_at is None, list(examine_log())) == (asked, False, [])


def test_lists_that_cannot_be_had_do_not_cost_the_answer(tsa: TimestampServer) -> None:
    tsa.lists = Behaviour.SERVER_ERROR
    stamped()
    work()
    assert list(ArchivedRevocation.objects.values_list("form", flat=True)) == ["ocsp"]
    assert archive_job().done_at is None


def test_an_answer_about_another_certificate_or_of_another_time_is_not_kept(answers_only: TimestampServer) -> None:
    tsa, stamp = answers_only, stamped()
    own, now = tsa.responder.hierarchy, timezone.now
    for hierarchy, clock in (
        (replace(own, tsa=own.intermediate), now),  # a responder that does not know the certificate
        (make_authority(), now),
        (own, lambda: datetime(2021, 1, 1, tzinfo=UTC)),
        (own, lambda: timezone.now() + timedelta(days=1)),
    ):
        tsa.responder.hierarchy, tsa.responder.clock = hierarchy, clock
        with pytest.raises(jobs.RetryLater, match="unusable"):
            archive_revocation(stamp.pk)
        revocation_sources.RESTING.clear()
    tsa.responder.hierarchy, tsa.responder.clock = own, now
    archive_revocation(stamp.pk)
    assert ArchivedRevocation.objects.count() == 1


def test_an_address_that_failed_is_left_alone_for_a_while(tsa: TimestampServer) -> None:
    tsa.answers = tsa.lists = Behaviour.SERVER_ERROR
    stamped()
    stamped()
    work()
    assert (tsa.list_requests, tsa.questions) == (1, 1)
    assert archive_job().last_error == "revocation-unavailable: resting"


def test_after_a_week_a_token_stays_without_lists(tsa: TimestampServer) -> None:
    stamp = stamped()
    tsa.lists = Behaviour.SERVER_ERROR
    archive_revocation(stamp.pk, clock=lambda: timezone.now() + GIVE_UP + timedelta(hours=1))
    assert not ArchivedRevocation.objects.exists()
    assert (tsa.list_requests, tsa.questions) == (0, 0)


def test_a_list_of_another_issuer_or_of_another_time_is_not_kept(lists_only: TimestampServer) -> None:
    tsa, stamp = lists_only, stamped()
    own, foreign = tsa.responder.hierarchy, type(tsa.responder.hierarchy)
    tsa.responder.clock = lambda: datetime(2021, 1, 1, tzinfo=UTC)
    with pytest.raises(jobs.RetryLater, match="unusable"):
        archive_revocation(stamp.pk)
    revocation_sources.RESTING.clear()
    tsa.responder.clock = timezone.now
    tsa.responder.hierarchy = foreign(own.intermediate, own.root, own.tsa)  # the two lists changed places: both are of the chain
    archive_revocation(stamp.pk)
    assert ArchivedRevocation.objects.count() == 1


@pytest.mark.parametrize("reason", [KEY_COMPROMISE, x509.ReasonFlags.superseded], ids=str)
@pytest.mark.parametrize("publishing", ["lists_only", "answers_only"])
def test_a_word_that_says_revoked_is_kept_and_no_further_token_of_that_certificate_is(
    request: pytest.FixtureRequest, publishing: str, reason: x509.ReasonFlags
) -> None:
    tsa = request.getfixturevalue(publishing)
    stamped()
    revoke(tsa, reason)
    work()
    assert ArchivedRevocation.objects.count() == 1
    assert [finding.what for finding in examine_log() if "was revoked" in finding.what]
    ask_for_one_more()
    assert Timestamp.objects.count() == 1
    assert Job.objects.filter(kind="ledger.stamp-checkpoint", done_at=None).get().last_error == "timestamp-unavailable: token-refused"


def revoke(tsa: TimestampServer, reason: x509.ReasonFlags = x509.ReasonFlags.superseded) -> None:
    tsa.revoked[tsa.responder.hierarchy.tsa.certificate.serial_number] = (timezone.now() - timedelta(hours=1), reason)


def ask_for_one_more(*, after_s: float = 400) -> None:
    log = sequencer()
    grow(log, LogState.objects.get().size, 1)
    log.publish()
    log.request_stamps()
    work(kind="ledger.stamp-checkpoint", after_s=after_s)


@pytest.mark.parametrize("publishing", ["lists_only", "answers_only"])
def test_an_authority_that_takes_turns_with_two_chains_hides_no_revocation(
    request: pytest.FixtureRequest, publishing: str, settings: Settings
) -> None:
    """The names are the same in both; the keys are not. The newest word is of the other chain."""
    tsa = request.getfixturevalue(publishing)
    first = tsa.responder.hierarchy
    second = make_authority(tsa.url, lists=publishing == "lists_only", answers=publishing == "answers_only")
    pin(settings.VAR_DIR, "publishing-second", second)
    stamped()
    revoke(tsa)
    work()
    tsa.responder.hierarchy = second
    for _ in range(PAGE + 1):  # more than are read at once
        stamped()
        work()
    assert ArchivedRevocation.objects.count() == Timestamp.objects.count() == PAGE + 2
    tsa.responder.hierarchy = first
    ask_for_one_more()
    assert Timestamp.objects.count() == PAGE + 2
    tsa.responder.hierarchy = second
    ask_for_one_more(after_s=800)
    assert Timestamp.objects.count() == PAGE + 3


def test_a_chain_of_which_nothing_was_archived_is_looked_for_once_and_heard_when_something_is(
    answers_only: TimestampServer, settings: Settings
) -> None:
    tsa = answers_only
    for _ in range(2):
        stamped()
        work()
    tsa.responder.hierarchy = make_authority(tsa.url, lists=False)
    pin(settings.VAR_DIR, "publishing-second", tsa.responder.hierarchy)
    known = len(SILENT)
    stamp = stamped()
    assert len(SILENT) > known
    revoke(tsa)
    archive_revocation(stamp.pk)
    ask_for_one_more()
    assert Timestamp.objects.count() == 3


def test_the_archive_of_a_form_that_is_missing_or_foreign_is_a_finding(tsa: TimestampServer) -> None:
    stamp = stamped()
    work()
    unlock()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_archivedrevocation WHERE form = 'ocsp'")
    assert any("the row of the form ocsp is missing" in finding for finding in findings())
    foreign = make_authority(tsa.url)
    serial = foreign.tsa.certificate.serial_number
    moment = timezone.now().replace(microsecond=0)
    question = ocsp.OCSPRequestBuilder().add_certificate(foreign.tsa.certificate, foreign.intermediate.certificate, hashes.SHA1()).build()
    answer = status.answer(question.public_bytes(Encoding.DER), [foreign.intermediate], moment, [serial], {})
    ArchivedRevocation.objects.create(timestamp=stamp, form="ocsp", data=answer, fetched_at=ArchivedRevocation.objects.get().fetched_at)
    assert any("ocsp-certificate: what is archived is not of this chain" in finding for finding in findings())


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
    assert ArchivedRevocation.objects.count() == 2
