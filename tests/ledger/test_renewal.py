"""Renewal: what is due and what is not, one token for all of it, once; and what a package carries of it."""
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from common import jobs
from common.jobs import RetryLater
from common.object_store import FileObjectStore
from ledger import revocation_sources
from ledger.checkpoint_folders import folder_of, missing_authorities
from ledger.fsck import examine_log
from ledger.incidents import open_incidents
from ledger.models import LogState, Renewal, RenewedCheckpoint, StampRequest
from ledger.renewal import MOST_AT_ONCE, demand_of, keep_renewal, plan_renewal, renew_due_timestamps
from ledger.renewal_standing import NOTHING_DUE, Standing, renewal_standing
from ledger.tasks import RENEW_TIMESTAMPS
from ledger.timestamping import StampedToken
from sandbox.tsa.server import Behaviour, TimestampServer
from tests.ledger.logs import grow, sequencer
from tests.ledger.publishing import publishing_authority
from tlog.digests import sha256
from tlog.examination.renewals import verify_list

NOW = datetime.now(UTC)
SOON = (NOW - timedelta(days=365), NOW + timedelta(days=90))
LATER = (NOW - timedelta(days=365), NOW + timedelta(days=3650))


@pytest.fixture
def ends_soon(store: FileObjectStore, settings: Settings) -> Iterator[TimestampServer]:
    """The one configured authority, whose certificates end in 90 days; no address rests from another test."""
    revocation_sources.RESTING.clear()
    with publishing_authority(settings.VAR_DIR, "soon", period=SOON) as server:
        settings.TSAS = f"soon={server.url}"
        settings.TSA_TIMEOUT_S = 5.0
        yield server


@pytest.fixture
def lasting(ends_soon: TimestampServer, settings: Settings) -> Iterator[TimestampServer]:
    """A second authority, pinned and not configured yet."""
    with publishing_authority(settings.VAR_DIR, "lasting", period=LATER) as server:
        yield server


def stamp_checkpoints(count: int) -> None:
    """Publish and stamp so many checkpoints more, with their archives."""
    log = sequencer()
    for _ in range(count):
        grow(log, LogState.objects.get().size, 1)
        log.publish()
        log.request_stamps()
        for _turn in ("stamp", "archive"):
            for job_id in jobs.due_jobs(timezone.now()):
                jobs.run_job(job_id)


def renewals_of(size: int) -> int:
    folder = folder_of(size)
    assert folder is not None
    return folder.renewals


def test_what_ends_soon_is_renewed_once_by_an_authority_that_lasts(
    ends_soon: TimestampServer, lasting: TimestampServer, settings: Settings
) -> None:
    stamp_checkpoints(3)
    settings.TSAS = f"soon={ends_soon.url} lasting={lasting.url}"
    assert renew_due_timestamps() == 3
    renewal = Renewal.objects.get()
    assert (renewal.authority, renewal.size) == ("lasting", 3)
    assert lasting.queries == 1
    assert renew_due_timestamps() == 0
    assert [renewals_of(size) for size in (1, 2, 3)] == [1, 1, 1]
    assert list(examine_log()) == []


def test_each_path_leads_to_the_one_root(ends_soon: TimestampServer, lasting: TimestampServer, settings: Settings) -> None:
    stamp_checkpoints(5)
    settings.TSAS = f"lasting={lasting.url}"
    assert renew_due_timestamps() == renew_due_timestamps(everything=True) == 5
    roots = {1: bytes(Renewal.objects.earliest("pk").root), 2: bytes(Renewal.objects.latest("pk").root)}
    for size in range(1, 6):
        folder = folder_of(size)
        assert folder is not None
        assert {"soon.tst", "soon.crl", "checkpoint", "renewal-1.txt", "renewal-1.json", "renewal-1.tst"} < folder.files.keys()
        digests = {name: sha256(data) for name, data in folder.files.items()}
        assert {k: verify_list(k, digests, folder.files.__getitem__) for k in roots} == roots
    assert list(examine_log()) == []


def test_nothing_is_due_while_certificates_last(ends_soon: TimestampServer, lasting: TimestampServer, settings: Settings) -> None:
    settings.TSAS = f"lasting={lasting.url}"
    stamp_checkpoints(2)
    assert renew_due_timestamps() == 0
    settings.RENEW_BEFORE_DAYS = 3650
    assert plan_renewal(demand_of(NOW))[0]


def test_an_algorithm_that_weakens_makes_due_what_rests_on_it(
    ends_soon: TimestampServer, lasting: TimestampServer, settings: Settings
) -> None:
    settings.TSAS = f"lasting={lasting.url}"
    stamp_checkpoints(1)
    for word, due in (("sha512", 0), ("ecdsa-p256", 1), ("sha256", 1), ("rsa-2048", 0)):
        settings.WEAKENING = [word]
        assert len(plan_renewal(demand_of(timezone.now()))[0]) == due
    # Every authority here signs with what weakens, so none may renew.
    settings.WEAKENING = ["ecdsa-p256"]
    assert renew_due_timestamps() == 0
    assert not Renewal.objects.exists()


def test_a_word_that_is_no_algorithm_is_refused(store: FileObjectStore, settings: Settings) -> None:
    settings.WEAKENING = ["SHA-1"]
    with pytest.raises(ImproperlyConfigured, match="SHA-1"):
        renew_due_timestamps()
    with pytest.raises(CommandError, match="SHA-1"):
        call_command("renew_timestamps")


def test_an_authority_that_ends_first_renews_nothing(ends_soon: TimestampServer, caplog: pytest.LogCaptureFixture) -> None:
    stamp_checkpoints(1)
    assert renew_due_timestamps() == 0
    assert "no authority of CUNZHENG_TSAS lasts beyond" in caplog.text


def test_what_nobody_outlives_is_counted_and_becomes_an_incident_when_half_of_the_time_is_gone(
    ends_soon: TimestampServer, lasting: TimestampServer, settings: Settings
) -> None:
    stamp_checkpoints(2)
    settings.RENEW_BEFORE_DAYS = 170
    assert renew_due_timestamps() == 0
    assert renewal_standing() == Standing(2, SOON[1].replace(microsecond=0))
    assert open_incidents() == []
    settings.RENEW_BEFORE_DAYS = 182
    assert renew_due_timestamps() == 0
    [incident] = open_incidents()
    assert (incident.code, incident.subject) == ("renewal-overdue", "timestamps")
    assert incident.facts == {"checkpoints": 2, "ends_at": f"{SOON[1]:%Y-%m-%dT%H:%M:%S.000Z}"}
    settings.TSAS = f"soon={ends_soon.url} lasting={lasting.url}"
    assert renew_due_timestamps() == 2
    assert (renewal_standing(), open_incidents()) == (NOTHING_DUE, [])


def test_what_could_not_be_renewed_because_nobody_answers_is_told_all_the_same(
    ends_soon: TimestampServer, lasting: TimestampServer, settings: Settings
) -> None:
    stamp_checkpoints(1)
    settings.TSAS = f"lasting={lasting.url}"
    settings.RENEW_BEFORE_DAYS = 400
    lasting.behaviour = Behaviour.SERVER_ERROR
    with pytest.raises(RetryLater):
        renew_due_timestamps()
    assert renewal_standing().due == 1
    assert [incident.code for incident in open_incidents()] == ["renewal-overdue"]


def test_an_algorithm_that_weakens_leaves_time(lasting: TimestampServer, settings: Settings) -> None:
    settings.TSAS = f"lasting={lasting.url}"
    stamp_checkpoints(1)
    settings.WEAKENING = ["ecdsa-p256"]
    assert renew_due_timestamps() == 0
    assert (renewal_standing().due, open_incidents()) == (1, [])


def test_a_half_written_standing_says_nothing(store: FileObjectStore, settings: Settings) -> None:
    (settings.VAR_DIR / "metrics").mkdir(exist_ok=True)
    for text in ("", "{}", "[]", '{"due": 1, "ends_at": 2}', '{"due": 1, "ends_at": "soon"}'):
        (settings.VAR_DIR / "metrics" / "renewal.json").write_text(text)
        assert renewal_standing() == NOTHING_DUE


def test_an_authority_that_does_not_answer_postpones_the_renewal(
    ends_soon: TimestampServer, lasting: TimestampServer, settings: Settings
) -> None:
    stamp_checkpoints(1)
    settings.TSAS = f"soon={ends_soon.url} lasting={lasting.url}"
    lasting.behaviour = Behaviour.SERVER_ERROR
    with pytest.raises(RetryLater, match="renewal-unavailable: http-status"):
        renew_due_timestamps()
    with pytest.raises(CommandError, match="run it again"):
        call_command("renew_timestamps")
    lasting.behaviour = Behaviour.WELL
    assert renew_due_timestamps() == 1


@pytest.mark.parametrize("behind_s", [3600, -3600], ids=["behind", "ahead"])
def test_an_authority_whose_clock_is_wrong_renews_nothing_though_what_it_would_renew_is_older(
    ends_soon: TimestampServer, lasting: TimestampServer, settings: Settings, behind_s: int
) -> None:
    stamp_checkpoints(1)
    settings.TSAS = f"lasting={lasting.url}"
    now = timezone.now() + timedelta(hours=2)
    lasting.responder.clock = lambda: now - timedelta(seconds=behind_s)
    with pytest.raises(RetryLater, match="renewal-unavailable: token-refused"):
        renew_due_timestamps(clock=lambda: now)
    lasting.responder.clock = lambda: now
    assert renew_due_timestamps(clock=lambda: now) == 1


def test_an_authority_whose_certificate_was_revoked_renews_nothing(
    ends_soon: TimestampServer, lasting: TimestampServer, settings: Settings
) -> None:
    signer = lasting.responder.hierarchy.tsa.certificate
    lasting.revoked[signer.serial_number] = (NOW - timedelta(hours=1), x509.ReasonFlags.superseded)
    settings.TSAS = f"soon={ends_soon.url} lasting={lasting.url}"
    stamp_checkpoints(1)
    with pytest.raises(RetryLater, match="renewal-unavailable: token-refused"):
        renew_due_timestamps()
    assert not Renewal.objects.exists()


def test_the_daily_job_and_the_command_renew(
    ends_soon: TimestampServer, lasting: TimestampServer, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    stamp_checkpoints(2)
    settings.TSAS = f"lasting={lasting.url}"
    jobs.HANDLERS[RENEW_TIMESTAMPS](1)
    assert Renewal.objects.get().size == 2
    call_command("renew_timestamps")
    call_command("renew_timestamps", "--all")
    assert capsys.readouterr().out.count("0 checkpoints renewed") == 1
    assert list(Renewal.objects.values_list("size", flat=True)) == [2, 2]
    assert RENEW_TIMESTAMPS in jobs.DAILY


def test_a_checkpoint_with_work_left_waits_for_the_next_renewal(
    ends_soon: TimestampServer, lasting: TimestampServer, settings: Settings
) -> None:
    ends_soon.lists = Behaviour.SERVER_ERROR
    stamp_checkpoints(1)
    ends_soon.lists = Behaviour.WELL
    revocation_sources.RESTING.clear()
    stamp_checkpoints(2)
    StampRequest.objects.filter(checkpoint__size=3).update(outcome="")
    settings.TSAS = f"lasting={lasting.url}"
    assert renew_due_timestamps() == 1
    assert [renewals_of(size) for size in (1, 2, 3)] == [0, 1, 0]


def test_two_runs_at_once_make_one_renewal(ends_soon: TimestampServer, lasting: TimestampServer, settings: Settings) -> None:
    stamp_checkpoints(4)
    settings.TSAS = f"lasting={lasting.url}"
    counts: list[int] = []

    def renew() -> None:
        counts.append(renew_due_timestamps())
        connection.close()

    both = [threading.Thread(target=renew) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(counts) == [0, 4]
    assert (Renewal.objects.count(), RenewedCheckpoint.objects.count()) == (1, 4)
    assert list(examine_log()) == []


def test_rows_that_changed_since_the_token_was_asked_for_are_not_called_renewed(
    ends_soon: TimestampServer, lasting: TimestampServer, settings: Settings
) -> None:
    stamp_checkpoints(2)
    settings.TSAS = f"lasting={lasting.url}"
    ids, root, _ = plan_renewal(demand_of(timezone.now()))
    assert renew_due_timestamps() == 2
    stale = StampedToken(b"", timezone.now(), "lasting")
    assert not keep_renewal(ids, root, stale, now=timezone.now())
    assert (Renewal.objects.count(), RenewedCheckpoint.objects.count()) == (1, 2)


def test_a_token_whose_roots_are_gone_stops_no_renewal(
    ends_soon: TimestampServer, lasting: TimestampServer, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    stamp_checkpoints(2)
    (settings.VAR_DIR / "trust" / "tsa" / "soon.pem").unlink()
    settings.TSAS = f"lasting={lasting.url}"
    assert renew_due_timestamps() == 0
    assert caplog.text.count("a token of soon cannot be judged") == 1


def test_one_renewal_holds_a_hundred_thousand_checkpoints() -> None:
    assert MOST_AT_ONCE >= 100_000


def test_an_authority_that_joined_later_lacks_in_no_older_folder(
    ends_soon: TimestampServer, lasting: TimestampServer, settings: Settings
) -> None:
    stamp_checkpoints(1)
    settings.TSAS = f"soon={ends_soon.url} lasting={lasting.url}"
    first = folder_of(1)
    assert first is not None
    assert missing_authorities(first) == []
    with ExitStack() as healed:
        ends_soon.behaviour = Behaviour.SERVER_ERROR
        healed.callback(setattr, ends_soon, "behaviour", Behaviour.WELL)
        stamp_checkpoints(1)
    second = folder_of(2)
    assert second is not None
    assert (missing_authorities(first), missing_authorities(second)) == ([], ["soon"])
