"""Quarantine: no original is given out, the content stays, its owner and the operator know, and a person ends it for a reason."""
import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.permissions import Role
from evidence.errors import NoQuarantine, OriginalQuarantined, QuarantineUnfounded, StillDamaged
from evidence.facts import facts_of, states_of
from evidence.fixity import look_at_originals
from evidence.fsck import examine_evidence
from evidence.models import Evidence
from evidence.originals import issue_ticket, redeem, ticket_for
from evidence.quarantine import end_after_repair, in_quarantine, quarantine_record, release_record
from evidence.quarantine_rows import Quarantine
from evidence.selectors import custody_of
from ledger.fsck import examine_log
from ledger.incidents import incidents, open_incidents
from ledger.trust import trust_files
from notifications.models import Notice
from tests.api.test_routes import content_of
from tests.cases.cast import Cast
from tests.depositing import deposit_body, document
from tests.tlog.examination.in_memory import failures, left_open, report_on
from tlog import checks
from vault.models import StoredObject


@pytest.fixture
def cast(service: str) -> Cast:
    return Cast()


@pytest.fixture
def record(cast: Cast, client: Client) -> Evidence:
    """A record with its original, of the lender at which `cast.officer` works."""
    cast.case()
    data, kind = deposit_body(document(), b"the original")
    machine = cast.machine("lender", cast.officer.kind)
    answer = client.post("/api/v1/evidence", data, content_type=kind, headers={"Authorization": f"Bearer {cast.keys['lender']}"})
    assert answer.status_code == 201, answer.content
    assert machine.organisation == cast.officer.organisation
    return Evidence.objects.select_related("case", "organisation").get(record=answer.json()["records"][0]["record"])


def original(var_dir: Path) -> Path:
    return var_dir / "vault" / StoredObject.objects.get().name


def test_a_changed_original_is_quarantined_and_everybody_whom_it_concerns_knows(record: Evidence, var_dir: Path) -> None:
    original(var_dir).write_bytes(b"the origina1")
    look_at_originals(0, [])
    look_at_originals(0, [])
    [made] = Quarantine.objects.all()
    assert (made.cause, made.reason) == ("fixity", "files/1: the original has changed")
    [incident] = open_incidents()
    assert (incident.code, incident.subject, incident.facts) == ("original-changed", f"quarantine/{made.pk}", {"quarantine": made.pk})
    assert record.record not in str(incident.facts) + incident.subject, "incidents are public, and a number opens a page"
    [notice] = Notice.objects.filter(kind="record-quarantined")
    assert (notice.organisation, notice.subject) == (record.organisation, record.record)
    row = custody_of(record)[-1]
    assert (row.event, row.actor, row.purpose) == ("record:quarantined", "system", "fixity: files/1: the original has changed")
    assert original(var_dir).read_bytes() == b"the origina1", "nothing is deleted"
    assert (facts_of(record).state, facts_of(record).integrity) == ("QUARANTINED", {"state": "quarantined"})
    assert states_of([record.ticket]) == {record.ticket: "QUARANTINED"}
    assert list(examine_log()) == []


def test_no_original_is_given_out_also_by_a_ticket_from_before(cast: Cast, record: Evidence) -> None:
    token = issue_ticket(cast.officer, record, 1, now=timezone.now())
    quarantine_record(record, reason="Eicar-Signature")
    with pytest.raises(OriginalQuarantined):
        issue_ticket(cast.officer, record, 1, now=timezone.now())
    with pytest.raises(OriginalQuarantined):
        redeem(ticket_for(token, now=timezone.now()), cast.officer, request_id="r", now=timezone.now())
    assert open_incidents() == [], "malware that somebody handed in is no incident of the log's"


def test_a_package_goes_without_the_original_and_says_why(cast: Cast, record: Evidence, client: Client, stamp: Callable[[], None]) -> None:
    stamp()
    quarantine_record(record, reason="Eicar-Signature")
    answer = client.get(f"/api/v1/evidence/{record.record}/package", headers={"Authorization": f"Bearer {cast.keys['lender']}"})
    package = content_of(answer)
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert not [name for name in archive.namelist() if name.startswith("evidence/")]
        assert f"{record.record},evidence/1/录音.wav,quarantined" in archive.read("exceptions.csv").decode()
    report = report_on(package, trust_files(), now=timezone.now() + timedelta(minutes=1))
    assert (failures(report), left_open(report)) == (set(), {checks.ORIGINALS})


def test_a_record_is_quarantined_once_at_a_time(record: Evidence) -> None:
    assert quarantine_record(record, reason="one") is not None
    assert quarantine_record(record, reason="two") is None
    assert in_quarantine([record.pk]) == {record.pk}
    assert len([row for row in custody_of(record) if row.event == "record:quarantined"]) == 1


@pytest.mark.parametrize("repaired", [True, False])
def test_an_original_that_changes_while_malware_holds_it_back_is_an_incident_too(
    cast: Cast, record: Evidence, var_dir: Path, *, repaired: bool
) -> None:
    held, right = quarantine_record(record, reason="Eicar-Signature"), original(var_dir).read_bytes()
    assert held is not None
    original(var_dir).write_bytes(b"the origina1")
    for _ in range(2):
        look_at_originals(0, [])
    [incident] = open_incidents()
    assert (incident.code, incident.subject) == ("original-changed", f"quarantine/{held.pk}")
    told = [row.purpose for row in custody_of(record) if row.event == "record:quarantined"]
    assert told == ["malware: Eicar-Signature", "fixity: files/1: the original has changed"]
    original(var_dir).write_bytes(right)
    if repaired:
        end_after_repair(record, now=timezone.now())
        assert in_quarantine([record.pk]) == {record.pk}, "a repair lets no malware out"
    else:
        operator = cast.person("operator", Role.OPERATOR).person
        assert operator is not None
        release_record(record, operator, why="误报", still_damaged=False, now=timezone.now())
    assert open_incidents() == []


def test_a_person_ends_it_for_a_reason_when_the_original_is_right_again(cast: Cast, record: Evidence, var_dir: Path) -> None:
    right = original(var_dir).read_bytes()
    original(var_dir).write_bytes(b"the origina1")
    look_at_originals(0, [])
    operator = cast.person("operator", Role.OPERATOR).person
    assert operator is not None
    with pytest.raises(CommandError, match="仍与存证时不符"):
        call_command("quarantine", record.record, person="operator", reason="已从副本恢复")
    original(var_dir).write_bytes(right)
    with pytest.raises(CommandError, match="写明理由"):
        call_command("quarantine", record.record, person="operator")
    with pytest.raises(CommandError, match="login"):
        call_command("quarantine", record.record, person="nobody", reason="已从副本恢复")
    with pytest.raises(CommandError, match="no such record"):
        call_command("quarantine", "CZ-20261123-4K7QM-X2R9D-0", person="operator", reason="已从副本恢复")
    call_command("quarantine", record.record, person="operator", reason="已从副本恢复")
    made = Quarantine.objects.get()
    assert (made.ended_by, made.why_ended) == (operator, "已从副本恢复")
    row = custody_of(record)[-1]
    assert (row.event, row.actor, row.purpose) == ("record:released", f"person:{operator.pk}", "已从副本恢复")
    assert open_incidents() == []
    assert [incident.code for incident in incidents()] == ["original-changed"]
    assert issue_ticket(cast.officer, record, 1, now=timezone.now())
    assert [finding for finding in examine_evidence() if "custody" in finding.where] == []


def test_it_is_ended_once_and_never_while_an_original_is_damaged(cast: Cast, record: Evidence) -> None:
    operator = cast.person("operator", Role.OPERATOR).person
    assert operator is not None
    quarantine_record(record, reason="one")
    with pytest.raises(StillDamaged):
        release_record(record, operator, why="好了", still_damaged=True, now=timezone.now())
    for why in ("", " ", "长" * 501):
        with pytest.raises(QuarantineUnfounded):
            release_record(record, operator, why=why, still_damaged=False, now=timezone.now())
    release_record(record, operator, why="误报", still_damaged=False, now=timezone.now())
    with pytest.raises(NoQuarantine):
        release_record(record, operator, why="误报", still_damaged=False, now=timezone.now())


def test_malware_is_let_out_by_somebody_and_never_by_a_repair(record: Evidence) -> None:
    quarantine_record(record, reason="Eicar-Signature")
    end_after_repair(record, now=timezone.now())
    assert in_quarantine([record.pk]) == {record.pk}
    with pytest.raises(IntegrityError, match="quarantine_ended_by_somebody_for_a_reason"), transaction.atomic():
        Quarantine.objects.update(ended_at=timezone.now(), why_ended="restored")


def test_the_command_lists_what_is_in_quarantine(record: Evidence, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("quarantine")
    assert capsys.readouterr().out == ""
    quarantine_record(record, reason="Eicar-Signature")
    call_command("quarantine")
    assert f"{record.record}  " in (out := capsys.readouterr().out)
    assert "malware  Eicar-Signature" in out
