"""Malware: a hit quarantines and changes nothing, a scanner that does not say leaves the job due, and no deposit waits for it."""
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from common.jobs import LEASE, Job, run_job
from evidence.models import ApplicationPaper, Evidence, PaperTicket
from evidence.quarantine_rows import Quarantine
from evidence.scanning import SCAN_RECORD, scan_record
from evidence.selectors import custody_of
from sandbox.clamd import EICAR, Fault, ScannerServer
from tests.accounts.people import signed_in
from tests.cases.cast import Cast
from tests.depositing import deposit_body, document
from tests.evidence.letting_in import PDF, apply_now, operators, paper

Deposit = Callable[[bytes], Evidence]


@pytest.fixture
def server(settings: Settings) -> Iterator[ScannerServer]:
    made = ScannerServer()
    thread = threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    settings.CLAMD = ("127.0.0.1", made.port)
    yield made
    made.stop()
    thread.join()


@pytest.fixture
def deposit(service: str, client: Client) -> Deposit:
    cast = Cast()
    cast.case()
    cast.machine("lender", cast.officer.kind)

    def send(data: bytes) -> Evidence:
        body, kind = deposit_body(document(), data)
        answer = client.post("/api/v1/evidence", body, content_type=kind, headers={"Authorization": f"Bearer {cast.keys['lender']}"})
        assert answer.status_code == 201, answer.content
        return Evidence.objects.get(record=answer.json()["records"][0]["record"])

    return send


def job_of(record: Evidence) -> Job:
    return Job.objects.get(kind=SCAN_RECORD, subject_id=record.pk)


def test_a_hit_quarantines_the_record_and_what_is_clean_stays(deposit: Deposit, server: ScannerServer) -> None:
    clean, infected = deposit(b"clean"), deposit(b"x" * 300_000 + EICAR)
    assert not Quarantine.objects.exists()
    for record in (clean, infected):
        assert run_job(job_of(record).pk)
        assert job_of(record).done_at is not None
    [made] = Quarantine.objects.all()
    assert (made.evidence_id, made.cause, made.reason) == (infected.pk, "malware", "files/1: Eicar-Test-Signature")
    assert [row.event for row in custody_of(infected)][-1] == "record:quarantined"
    assert server.taken == [5, 300_000 + len(EICAR)]
    # Once more, after a lease that ran out: the quarantine is there already.
    scan_record(infected.pk)
    assert Quarantine.objects.count() == 1


@pytest.mark.parametrize("fault", [Fault.GARBAGE, Fault.LIMIT])
def test_a_scanner_that_does_not_say_is_asked_again(deposit: Deposit, server: ScannerServer, fault: Fault) -> None:
    record = deposit(EICAR)
    server.fault = fault
    assert run_job(job_of(record).pk)
    assert (job_of(record).done_at, job_of(record).last_error) == (None, "scanner-unavailable")
    assert not Quarantine.objects.exists()
    server.fault = Fault.WELL
    assert run_job(job_of(record).pk, now=lambda: timezone.now() + timedelta(minutes=6))
    assert Quarantine.objects.get().evidence_id == record.pk


def test_a_long_scan_keeps_its_lease(deposit: Deposit, server: ScannerServer, monkeypatch: pytest.MonkeyPatch) -> None:
    record, real = deposit(b"y" * 3_000_000), timezone.now
    passed = iter(range(100))
    monkeypatch.setattr("common.jobs.timezone.now", lambda: real() + next(passed) * LEASE / 2)
    Job.objects.filter(pk=job_of(record).pk).update(lease_until=real() + LEASE, attempts=1)
    scan_record(record.pk)
    kept_until = job_of(record).lease_until
    assert kept_until is not None
    assert kept_until > real() + LEASE * 1.4
    assert server.taken == [3_000_000]


def test_without_a_scanner_nothing_is_scanned_and_later_everything_can_be(
    deposit: Deposit, settings: Settings, capsys: pytest.CaptureFixture[str],
) -> None:
    record = deposit(EICAR)
    assert not Job.objects.filter(kind=SCAN_RECORD).exists()
    with pytest.raises(CommandError, match="CUNZHENG_CLAMD"):
        call_command("scan_originals")
    server = ScannerServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    settings.CLAMD = ("127.0.0.1", server.port)
    call_command("scan_originals")
    assert "1 records" in capsys.readouterr().out
    assert run_job(job_of(record).pk)
    server.stop()
    thread.join()
    assert Quarantine.objects.get().evidence_id == record.pk


def test_an_original_that_was_found_stays_as_it_was(deposit: Deposit, server: ScannerServer, var_dir: Path) -> None:
    record = deposit(EICAR)
    before = {path: path.read_bytes() for path in (var_dir / "vault").rglob("*") if path.is_file()}
    assert run_job(job_of(record).pk)
    assert Quarantine.objects.exists()
    assert {path: path.read_bytes() for path in (var_dir / "vault").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_an_operator_gets_no_paper_of_an_application_that_is_malware_or_that_nobody_could_scan(
    service: str, server: ScannerServer, settings: Settings, language: str
) -> None:
    """Each time it is asked for, so that what the scanner learned since counts too; without a scanner papers are given as they came."""
    operator = signed_in(operators()[0])
    clean, infected = paper(), paper(PDF + EICAR)
    _, application = apply_now(licence=infected, letter=clean)
    papers = {kept.kind: f"/applications/{application.reference}/papers/{kept.pk}" for kept in ApplicationPaper.objects.all()}

    def asked(kind: str) -> tuple[int, str]:
        answer = operator.post(papers[kind], headers={"Accept-Language": language})
        return answer.status_code, answer.content.decode()

    assert asked("letter")[0] == 303
    status, page = asked("licence")
    found = {"zh-hans": "材料中查出恶意程序", "en": "Malware was found in this paper"}[language]
    assert (status, found in page) == (409, True)
    assert PaperTicket.objects.count() == 1, "there is no way to what was found"
    server.fault = Fault.GARBAGE
    status, page = asked("letter")
    unsaid = {"zh-hans": "材料暂不能扫描", "en": "The paper cannot be scanned now"}[language]
    assert (status, unsaid in page) == (503, True)
    assert PaperTicket.objects.count() == 1
    settings.CLAMD = None
    assert asked("licence")[0] == 303
