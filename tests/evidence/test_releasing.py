"""Ending a quarantine on a page: by two legal officers of the record's owner, for a reason, and only when the originals are right."""
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from accounts.joining import set_active
from accounts.permissions import Kind, Role
from accounts.viewer import Viewer
from cases.errors import SecondPersonNeeded
from common.jobs import Job, run_job
from common.problems import Forbidden
from evidence.errors import NoQuarantine, QuarantineUnfounded, RecordNotFound, ReleaseUnsuitable, ReleaseWaiting
from evidence.fixity import look_at_originals
from evidence.fsck import examine_evidence
from evidence.models import Evidence
from evidence.quarantine import LONGEST_REASON, in_quarantine, quarantine_record, release_record
from evidence.quarantine_rows import Quarantine, Release
from evidence.releasing import RELEASE_RECORD, approve_release, propose_release, quarantines_of, release_when_right, withdraw_release
from evidence.selectors import custody_of
from ledger.incidents import open_incidents
from notifications.models import Notice
from tests.accounts.people import signed_in
from tests.cases.cast import Cast
from tests.depositing import deposit_body, document
from tests.portal.pages import Page
from vault.models import StoredObject


@pytest.fixture
def cast(service: str) -> Cast:
    return Cast()


@pytest.fixture
def second(cast: Cast) -> Viewer:
    return cast.person("second", Role.LEGAL_OFFICER)


@pytest.fixture
def record(cast: Cast, client: Client) -> Evidence:
    """A record of the lender's, in quarantine for malware."""
    cast.machine("lender", Kind.LENDER)
    data, kind = deposit_body(document(), b"the original")
    answer = client.post("/api/v1/evidence", data, content_type=kind, headers={"Authorization": f"Bearer {cast.keys['lender']}"})
    made = Evidence.objects.select_related("case", "organisation").get(record=answer.json()["records"][0]["record"])
    quarantine_record(made, reason="Eicar-Signature")
    return made


def original(var_dir: Path) -> Path:
    return var_dir / "vault" / StoredObject.objects.get().name


def work() -> None:
    for job in Job.objects.filter(kind=RELEASE_RECORD, done_at=None):
        assert run_job(job.pk)


def proposed(viewer: Viewer, record: Evidence, reason: str = "误报，厂商已确认") -> Release:
    return propose_release(viewer, record, reason=reason, now=timezone.now())


def pages(viewer: Viewer) -> Client:
    assert viewer.person is not None
    return signed_in(viewer.person)


def kinds_of_notices() -> list[str]:
    return list(Notice.objects.order_by("id").values_list("kind", flat=True))


def test_two_legal_officers_end_it_and_the_trail_says_who_said_what(cast: Cast, second: Viewer, record: Evidence) -> None:
    release = proposed(cast.legal, record)
    assert in_quarantine([record.pk])
    approve_release(second, record, release, now=timezone.now())
    assert in_quarantine([record.pk]), "the originals are read first"
    work()
    work()
    assert not in_quarantine([record.pk])
    made = Quarantine.objects.get()
    assert (made.ended_by, made.why_ended) == (second.person, "误报，厂商已确认")
    told = [(row.event, row.actor, row.purpose) for row in custody_of(record)][-3:]
    assert told == [
        ("release:proposed", cast.legal.actor, "误报，厂商已确认"), ("release:approved", second.actor, "误报，厂商已确认"),
        ("record:released", "system", "误报，厂商已确认")]
    roles = {row.circumstances.role for row in custody_of(record)[-3:-1] if row.circumstances is not None}
    assert roles == {"legal_officer"}
    assert kinds_of_notices() == ["record-quarantined", "release-waiting", "record-released"]
    assert set(Notice.objects.values_list("organisation", flat=True)) == {record.organisation_id}
    assert [finding for finding in examine_evidence() if "custody" in finding.where] == []


ALONE = {"zh-hans": ("只有您一名法务专员", "管理员邀请另一名法务专员", "manage.py quarantine"),
         "en": ("You are the only legal officer", "administrator to invite another legal officer", "manage.py quarantine")}


@pytest.mark.parametrize("language", ALONE)
def test_the_only_legal_officer_is_told_that_it_takes_another_and_what_to_do(cast: Cast, record: Evidence, language: str) -> None:
    mine = pages(cast.legal)

    def told(client: Client) -> list[bool]:
        answer = client.get(f"/records/{record.record}/release", headers={"Accept-Language": language})
        assert answer.status_code == 200
        page = Page(answer.content.decode())
        assert page.all_faults() == []
        assert language == "zh-hans" or page.chinese() == []
        return [word in page.source for word in ALONE[language]]

    assert told(mine) == [True] * 3
    release = proposed(cast.legal, record)
    assert told(mine) == [True] * 3, "what he proposed waits for nobody"
    # Neither another role, nor another organisation's legal officer, nor one who has left could agree.
    cast.person("case", Role.CASE_OFFICER)
    cast.person("rival", Role.LEGAL_OFFICER, "rival")
    cast.person("left", Role.LEGAL_OFFICER)
    assert told(mine) == [False] * 3
    set_active("left", active=False, now=timezone.now())
    assert told(mine) == [True] * 3
    second = cast.person("second", Role.LEGAL_OFFICER)
    assert (told(mine), told(pages(second))) == ([False] * 3, [False] * 3)
    approve_release(second, record, release, now=timezone.now())
    assert told(mine) == [False] * 3


def test_nobody_is_two_people_and_nobody_else_may(cast: Cast, second: Viewer, record: Evidence) -> None:
    release, now = proposed(cast.legal, record), timezone.now()
    with pytest.raises(SecondPersonNeeded):
        approve_release(cast.legal, record, release, now=now)
    operator, compliance = cast.person("operator", Role.OPERATOR), cast.person("dpo", Role.COMPLIANCE_OFFICER)
    for other in (operator, compliance, cast.officer):
        with pytest.raises(Forbidden):
            propose_release(other, record, reason="x", now=now)
        for act in (approve_release, withdraw_release):
            with pytest.raises(Forbidden):
                act(other, record, release, now=now)
    stranger = cast.person("rival", Role.LEGAL_OFFICER, "rival")
    with pytest.raises(RecordNotFound):
        propose_release(stranger, record, reason="x", now=now)
    for act in (approve_release, withdraw_release):
        with pytest.raises(RecordNotFound):
            act(stranger, record, release, now=now)
    assert quarantines_of(stranger) == []
    assert [row.evidence for row in quarantines_of(second)] == [record]
    assert not Job.objects.filter(kind=RELEASE_RECORD).exists()


@pytest.mark.parametrize("reason", ["", " ", "长" * (LONGEST_REASON + 1), "a\0b", "a\u202eb"])
def test_a_reason_is_asked_for_and_stands_in_a_line(reason: str, cast: Cast, record: Evidence) -> None:
    with pytest.raises(QuarantineUnfounded):
        proposed(cast.legal, record, reason)
    assert not Release.objects.exists()


def test_one_is_proposed_at_a_time_and_it_may_be_taken_back_or_declined(cast: Cast, second: Viewer, record: Evidence) -> None:
    first = proposed(cast.legal, record)
    with pytest.raises(ReleaseWaiting):
        proposed(second, record)
    withdraw_release(cast.legal, record, first, now=timezone.now())
    for again in (approve_release, withdraw_release):
        with pytest.raises(ReleaseUnsuitable):
            again(second, record, first, now=timezone.now())
    declined = proposed(cast.legal, record)
    withdraw_release(second, record, declined, now=timezone.now())
    assert [row.event for row in custody_of(record)][-4:] == ["release:proposed", "release:withdrawn"] * 2
    agreed = proposed(cast.legal, record)
    approve_release(second, record, agreed, now=timezone.now())
    with pytest.raises(ReleaseUnsuitable):
        withdraw_release(cast.legal, record, agreed, now=timezone.now())
    work()
    with pytest.raises(NoQuarantine):
        proposed(cast.legal, record)


def test_while_an_original_is_wrong_nothing_is_given_out_and_both_are_told(
    cast: Cast, second: Viewer, record: Evidence, var_dir: Path
) -> None:
    right = original(var_dir).read_bytes()
    original(var_dir).write_bytes(right[:-1] + bytes([right[-1] ^ 1]))
    approve_release(second, record, proposed(cast.legal, record), now=timezone.now())
    work()
    assert in_quarantine([record.pk])
    assert Release.objects.get().failed_at is not None
    assert (custody_of(record)[-1].event, kinds_of_notices()[-1]) == ("release:failed", "release-failed")
    original(var_dir).write_bytes(right)
    approve_release(second, record, proposed(cast.legal, record, "已从副本恢复"), now=timezone.now())
    work()
    assert not in_quarantine([record.pk])


def test_an_original_that_cannot_be_read_just_now_is_tried_again(cast: Cast, second: Viewer, record: Evidence, var_dir: Path) -> None:
    right = original(var_dir).read_bytes()
    original(var_dir).unlink()
    approve_release(second, record, proposed(cast.legal, record), now=timezone.now())
    work()
    job = Job.objects.get(kind=RELEASE_RECORD)
    assert (job.done_at, job.last_error, len(in_quarantine([record.pk]))) == (None, "original-unreadable", 1)
    original(var_dir).write_bytes(right)
    release_when_right(Release.objects.get().pk)
    assert not in_quarantine([record.pk])


def test_an_incident_ends_with_the_quarantine_and_a_command_that_was_faster_leaves_nothing_to_do(
    cast: Cast, second: Viewer, record: Evidence, var_dir: Path
) -> None:
    by = cast.legal.person
    assert by is not None
    release_record(record, by, why="误报", still_damaged=False, now=timezone.now())
    right = original(var_dir).read_bytes()
    original(var_dir).write_bytes(right[:-1] + bytes([right[-1] ^ 1]))
    look_at_originals(0, [])
    original(var_dir).write_bytes(right)
    assert [each.code for each in open_incidents()] == ["original-changed"]
    waiting = proposed(cast.legal, record)
    release_record(record, by, why="已恢复", still_damaged=False, now=timezone.now())
    with pytest.raises(ReleaseUnsuitable):
        approve_release(second, record, waiting, now=timezone.now())
    assert open_incidents() == []


def test_the_pages_lead_two_people_through_it(cast: Cast, second: Viewer, record: Evidence) -> None:
    first, other = pages(cast.legal), pages(second)
    address, chinese = f"/records/{record.record}/release", {"Accept-Language": "zh-hans"}
    page = first.get(f"/records/{record.record}", headers=chinese).content.decode()
    assert all(part in page for part in ("已隔离", "检出恶意程序", "Eicar-Signature", f'href="{address}"'))
    assert record.record in first.get("/quarantines").content.decode()
    refused = first.post(address, {"act": "propose", "reason": " "}, headers=chinese)
    assert (refused.status_code, "quarantine-unfounded" in refused.content.decode()) == (422, True)
    assert first.post(address, {"act": "propose", "reason": "误报"}).status_code == 303
    waiting = str(Release.objects.get().pk)
    assert "复核同意" not in first.get(address, headers=chinese).content.decode()
    assert first.post(address, {"act": "approve", "release": waiting}).status_code == 403
    assert "复核同意" in other.get(address, headers=chinese).content.decode()
    for wrong in ({"act": "approve", "release": "0"}, {"act": "approve"}, {"act": "x", "release": waiting}, {}):
        assert other.post(address, wrong).status_code == 409
    assert other.post(address, {"act": "approve", "release": waiting}).status_code == 303
    assert "正在重新核对" in first.get(address, headers=chinese).content.decode()
    work()
    page = first.get(f"/records/{record.record}", headers=chinese).content.decode()
    assert 'class="result bad"' not in page
    assert "不在隔离中" in first.get(address, headers=chinese).content.decode()
    assert record.record not in first.get("/quarantines").content.decode()


def test_whose_evidence_it_is_not_sees_the_state_and_no_way_to_act(cast: Cast, record: Evidence) -> None:
    cast.granted(record.case, "firm", Kind.LAW_FIRM)
    lawyer = cast.person("lawyer", Role.LAWYER, "firm")
    rival = cast.person("rival", Role.LEGAL_OFFICER, "rival")
    page = pages(lawyer).get(f"/records/{record.record}", headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "检出恶意程序" in page
    assert "/release" not in page
    assert pages(lawyer).get(f"/records/{record.record}/release").status_code == 403
    assert pages(lawyer).get("/quarantines").status_code == 403
    assert pages(rival).get(f"/records/{record.record}/release").status_code == 404
    assert pages(rival).post(f"/records/{record.record}/release", {"act": "propose", "reason": "x"}).status_code == 404
    assert record.record not in pages(rival).get("/quarantines").content.decode()
    assert not Release.objects.exists()
