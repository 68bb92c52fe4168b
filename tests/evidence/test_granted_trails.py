"""Grants in the trails of the records that were read by them: each once, and its revocation, whoever asks and however often."""
from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.permissions import Kind, Role
from cases.granting import revoke_grant
from cases.models import Case, Grant
from evidence.custody import CustodyAction
from evidence.custody_batches import commit_custody
from evidence.fsck import examine_evidence
from evidence.granted_trails import note_ended_grants
from evidence.models import CustodyEvent, CustodyHead, Evidence, GrantedTrail
from evidence.reading import note_reading
from evidence.selectors import custody_of
from tests.cases.cast import Cast


@pytest.fixture
def cast(service: str) -> Cast:
    return Cast()


@pytest.fixture
def granted(cast: Cast) -> Case:
    case = cast.case(records=2)
    cast.granted(case, "law_firm", Kind.LAW_FIRM, purpose="代理诉讼")
    return case


def read(cast: Cast, case: Case) -> Evidence:
    record = Evidence.objects.filter(case=case).order_by("case_sequence")[0]
    note_reading(cast.person("lawyer", Role.LAWYER, "law_firm"), [record], CustodyAction.VIEWED, request_id="r", now=timezone.now())
    return record


def test_the_first_reading_by_a_grant_says_which_grant_that_is_and_no_other_does(cast: Cast, granted: Case) -> None:
    read(cast, granted)
    record = read(cast, granted)
    rows = custody_of(record)
    assert [row.event for row in rows] == ["record:ingested", "access:granted", "record:viewed", "record:viewed"]
    grant = Grant.objects.get()
    told = str(rows[1].purpose)
    assert told.startswith(f"grant {grant.ref} to {grant.receiver.ref}, ")
    assert f" by {grant.granted_by}, until " in told
    assert told.endswith(": 代理诉讼")
    assert (rows[1].actor, rows[1].circumstances and rows[1].circumstances.on_behalf_of) == ("system", grant.lender.ref)
    assert CustodyEvent.objects.filter(event="access:granted").count() == 1, "nothing in the trail of what nobody read"


def test_what_is_read_by_another_root_knows_of_no_grant(cast: Cast, granted: Case) -> None:
    record = Evidence.objects.filter(case=granted)[0]
    note_reading(cast.officer, [record], CustodyAction.VIEWED, request_id="r", now=timezone.now())
    assert not GrantedTrail.objects.exists()


def test_a_revocation_is_told_once_to_the_trails_that_know_of_the_grant(
    cast: Cast, granted: Case, publish: Callable[[], None]
) -> None:
    record = read(cast, granted)
    assert note_ended_grants(now=timezone.now()) == 0
    grant = Grant.objects.get()
    revoke_grant(cast.legal, grant, now=timezone.now())
    commit_custody(0)
    commit_custody(0)
    grant.refresh_from_db()
    row = custody_of(record)[-1]
    assert (row.event, row.actor) == ("access:revoked", "system")
    assert str(row.purpose).endswith(f" by {grant.revoked_by}")
    assert CustodyEvent.objects.filter(event="access:revoked").count() == 1
    assert CustodyHead.objects.filter(event__evidence=record, event__sequence=row.sequence).count() == 1
    publish()
    assert list(examine_evidence()) == []
