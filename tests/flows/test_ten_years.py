"""Ten years with a clock in the hand: authorities come and go, three of their certificates end, and every package verifies at the end.

The real services run on the clock: deposits, sequencer, stamps and their archives, renewals, packages; the authorities are real servers.
"""
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Organisation
from accounts.services import issue_api_key
from common.jobs import Job
from common.object_store import FileObjectStore
from evidence.capture import DepositItem, Depositor, FileItem
from evidence.models import Evidence
from evidence.packages.archive import stream_package
from evidence.packages.assembly import gather_package
from evidence.packages.contents import PackageContents
from evidence.services import deposit
from ledger import revocation_sources
from ledger.fsck import examine_log
from ledger.models import ArchivedRevocation, Renewal, StampRequest, Timestamp
from ledger.renewal import renew_due_timestamps
from ledger.revocation import archive_revocation
from ledger.sequencer.service import Sequencer
from ledger.stamping import authorities, checkpoint_digest, fresh_nonce, keep_timestamp
from ledger.timestamping import request_timestamp
from ledger.trust import trust_files
from tests.depositing import organisation
from tests.ledger.conftest import store
from tests.ledger.logs import Clock, sequencer
from tests.ledger.publishing import publishing_authority
from tlog import checks
from tlog.package import examine_package
from tlog.report import Report
from vault.storage import vault_store
from vault.uploads import store_upload

__all__ = ["organisation", "store"]

YEAR = timedelta(days=365)
# Who is asked in which years, and after how many his certificates end: each hands over a year before that.
ASKED = {"first": range(2), "second": range(2, 5), "third": range(5, 8), "fourth": range(8, 11)}
ENDS = {"first": 3, "second": 6, "third": 9, "fourth": 14}


@dataclass(frozen=True, slots=True)
class Decade:
    """The service on its clock; packages go to the folder by name."""

    clock: Clock
    log: Sequencer
    depositor: Depositor
    folder: Path
    urls: dict[str, str]
    settings: Settings

    def ask_authority_of(self, year: int) -> None:
        name = next(name for name, years in ASKED.items() if year in years)
        self.settings.TSAS = f"{name}={self.urls[name]}"

    def live_through(self, year: int) -> None:
        """One deposit, published, stamped, archived and packed; then the year goes by, with a look at what is due in each quarter."""
        self.ask_authority_of(year)
        self.deposit(year)
        self.publish_and_stamp()
        self.pack(f"year {year}, fresh", self.contents())
        for quarter in range(4):
            renew_due_timestamps(clock=self.clock)
            self.pack(f"year {year}, quarter {quarter}", self.contents())
            self.clock.advance(YEAR.total_seconds() / 4)

    def deposit(self, year: int) -> None:
        stored = store_upload(vault_store(), self.depositor.organisation.ref, [b"evidence of year %d" % year])
        file = FileItem("短信.txt", "text/plain", stored.size_bytes, stored.sha256.hex(), stored.sm3.hex(), stored)
        deposit(self.depositor, [DepositItem("LN-1", "sms", f"year {year}", (file,))], now=self.clock())

    def publish_and_stamp(self) -> None:
        while self.log.sequence():
            continue
        assert self.log.publish()
        self.log.request_stamps()
        request = StampRequest.objects.select_related("checkpoint").get(outcome="")
        now = self.clock()
        stamped = request_timestamp(
            authorities()[0], checkpoint_digest(request.checkpoint), nonce=fresh_nonce(), now=now, not_before=now, timeout_s=10)
        assert keep_timestamp(request, stamped, now=now)
        archive_revocation(Timestamp.objects.latest("pk").pk, clock=self.clock)
        Job.objects.filter(done_at=None).update(done_at=now)

    def contents(self) -> PackageContents:
        return gather_package(list(Evidence.objects.order_by("case_sequence")), scope="case", now=self.clock())

    def pack(self, name: str, contents: PackageContents) -> Path:
        path = self.folder / f"{name}.asice"
        path.write_bytes(b"".join(stream_package(contents, stamp=self.token)))
        return path

    def token(self, digest: bytes) -> bytes:
        now = self.clock()
        return request_timestamp(authorities()[0], digest, nonce=fresh_nonce(), now=now, not_before=now, timeout_s=10).token


@pytest.fixture
def decade(store: FileObjectStore, organisation: Organisation, settings: Settings, tmp_path: Path) -> Iterator[Decade]:
    revocation_sources.RESTING.clear()
    start = timezone.now().replace(microsecond=0)
    clock = Clock(start)
    with ExitStack() as running:
        urls = {
            name: running.enter_context(publishing_authority(
                settings.VAR_DIR, name, period=(start - YEAR, start + years * YEAR), clock=clock)).url
            for name, years in ENDS.items()
        }
        key, _ = issue_api_key(organisation, label="test", now=start, valid_for=YEAR)
        folder = tmp_path / "packages"
        folder.mkdir()
        yield Decade(clock, sequencer(clock=clock), Depositor(organisation, key.pk), folder, urls, settings)


def trust_folder(folder: Path) -> Path:
    for name, data in trust_files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def examined(path: Path, trust: Path, now: datetime) -> tuple[Report, list[str]]:
    """The report, and what in it is not as it should be: anything that is required and did not pass."""
    report = examine_package(path, trust=trust, now=now)
    return report, [f"{path.name}: {each.name}: {each.reason}" for each in report.checks if each.required and each.outcome != "passed"]


@pytest.mark.slow
def test_every_package_of_ten_years_and_three_expiries_verifies_at_the_end(decade: Decade, tmp_path: Path) -> None:
    for year in range(10):
        decade.live_through(year)
    decade.ask_authority_of(10)
    decade.pack("the end", decade.contents())
    end = decade.clock()
    trust = trust_folder(tmp_path / "trusted")
    assert sorted(path.stem for path in (trust / "tsa").iterdir()) == sorted(ENDS)
    # Three times an authority's certificates came near their end, and each time one token renewed all that rested on them.
    assert list(Renewal.objects.order_by("pk").values_list("authority", "size")) == [("second", 2), ("third", 5), ("fourth", 8)]
    assert Timestamp.objects.count() == 10
    assert [ArchivedRevocation.objects.filter(form=form).count() for form in ("crl", "ocsp")] == [10, 10]
    packages = sorted(decade.folder.iterdir())
    assert len(packages) == 10 * 5 + 1
    assert [problem for path in packages for problem in examined(path, trust, end)[1]] == []
    without_renewals_fails(decade, trust, end)
    # fsck has a clock of its own, for which all of this lies in the future.
    assert [str(finding) for finding in examine_log() if "out of order" not in finding.what] == []


def without_renewals_fails(decade: Decade, trust: Path, end: datetime) -> None:
    """The package of the end, but for the renewals: nothing in it is forged, and it does not pass."""
    contents = decade.contents()
    bare = [replace(folder, renewals=()) for folder in contents.logs]
    report, problems = examined(decade.pack("never renewed", replace(contents, logs=bare)), trust, end)
    assert report.exit_code == 3
    assert len(problems) == 8
    assert all(f": {checks.RENEWALS}: log/" in problem for problem in problems)
    # And nobody gets round it by leaving out the roots of those who are not asked any more.
    (trust / "tsa" / "first.pem").unlink()
    assert examined(decade.folder / "the end.asice", trust, end)[0].exit_code == 2


def test_the_digests_of_a_package_name_the_archived_lists_and_answers(decade: Decade) -> None:
    decade.ask_authority_of(0)
    decade.deposit(0)
    decade.publish_and_stamp()
    [folder] = decade.contents().logs
    [stamp] = folder.stamps.values()
    assert (stamp.crl is None, stamp.ocsp is None) == (False, False)
    assert {"crl": stamp.crl, "ocsp": stamp.ocsp} == {row.form: bytes(row.data) for row in ArchivedRevocation.objects.all()}
