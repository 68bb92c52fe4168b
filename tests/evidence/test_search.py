"""What a viewer finds: by number, reference, digest, kind, progress and time; and never a case that is not open to him."""
import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organisation
from accounts.permissions import ROLES, Role
from accounts.services import issue_api_key
from accounts.viewer import Viewer
from cases.models import Case
from evidence.capture import DepositItem, Depositor, FileItem
from evidence.models import Evidence
from evidence.search import Progress, Wanted, cases_found, records_found
from evidence.services import deposit
from tests.accounts.people import make_organisation, make_person
from tests.cases.case_files import IDENTITY, NAME, PHONE, case_body, sender

SHA256 = hashlib.sha256(b"one file").hexdigest()
GROUPED = " ".join(SHA256[at:at + 8] for at in range(0, 64, 8))


def make_viewer(organisation: Organisation, role: Role = Role.LEGAL_OFFICER) -> Viewer:
    person = make_person(f"viewer-{organisation.pk}-{role}", role, organisation)
    return Viewer(organisation, ROLES[role].acts, frozenset({role}), person)


def put(organisation: Organisation, case: str, kind: str = "sms", *, sha256: str = "", now: datetime | None = None) -> Evidence:
    key, _ = issue_api_key(organisation, label="test", now=timezone.now(), valid_for=timedelta(days=1))
    file = FileItem("a.txt", "text/plain", 3, sha256 or hashlib.sha256(case.encode()).hexdigest(), None)
    made = deposit(Depositor(organisation, key.pk), [DepositItem(case, kind, f"标题 {case}", (file,))], now=now or timezone.now())
    return Evidence.objects.select_related("case").get(record=made.records[0])


def found(viewer: Viewer, wanted: Wanted, *, now: datetime | None = None) -> tuple[list[str], list[str]]:
    """The client references of the cases that are found, and the numbers of the records."""
    at = now or timezone.now()
    return ([case.client_reference for case in cases_found(viewer, wanted, now=at)],
            [record.record for record in records_found(viewer, wanted, now=at)])


@pytest.fixture
def lender(service: str) -> Organisation:
    return make_organisation(name="甲方")


def test_what_is_typed_finds_its_case_and_its_record_by_every_name_that_they_have(lender: Organisation) -> None:
    viewer = make_viewer(lender)
    record = put(lender, "LN-1", sha256=SHA256)
    put(lender, "LN-2")
    for text in (record.record, record.record.lower().replace("-", " "), record.case.ref, record.case.ref.upper(), "LN-1", " LN-1 ",
                 SHA256, SHA256.upper(), GROUPED):
        assert found(viewer, Wanted(text=text)) == (["LN-1"], [record.record]), text
    for text in ("LN", "ln-1", "LN-1%", "LN-_", SHA256[:63], "0" * 64, "0" * 32, "CZ-20261123-01234-56789-W", "'"):
        assert found(viewer, Wanted(text=text)) == ([], []), text


def test_nothing_typed_or_chosen_finds_what_belongs_to_another(lender: Organisation) -> None:
    """Both hold the same file under the same reference, and each finds his own."""
    other = make_organisation(name="乙方")
    own, foreign = put(lender, "LN-1", sha256=SHA256), put(other, "LN-1", sha256=SHA256)
    viewer = make_viewer(lender)
    for wanted in (Wanted(), Wanted(text=SHA256), Wanted(text="LN-1"), Wanted(kind="sms"), Wanted(progress=Progress.QUEUED)):
        assert found(viewer, wanted) == (["LN-1"], [own.record]), wanted
    for wanted in (Wanted(text=foreign.record), Wanted(text=foreign.case.ref)):
        assert found(viewer, wanted) == ([], []), wanted
    assert found(viewer, Wanted(case=foreign.case.ref))[1] == []
    assert found(make_viewer(other, Role.LENDER_ADMIN), Wanted()) == ([], []), "a role that reads no case finds none"


def test_kind_and_days_narrow_both_lists(lender: Organisation) -> None:
    viewer = make_viewer(lender)
    # One second before and at midnight in China.
    late = put(lender, "LN-1", now=datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC))
    early = put(lender, "LN-2", "contract", now=datetime(2026, 11, 22, 16, 0, 0, tzinfo=UTC))
    day, next_day = date(2026, 11, 22), date(2026, 11, 23)
    assert found(viewer, Wanted(kind="contract")) == (["LN-2"], [early.record])
    assert found(viewer, Wanted(kind="no such kind")) == ([], [])
    assert found(viewer, Wanted(until=day)) == (["LN-1"], [late.record])
    assert found(viewer, Wanted(since=next_day)) == (["LN-2"], [early.record])
    assert found(viewer, Wanted(since=day, until=next_day, kind="sms")) == (["LN-1"], [late.record])
    assert found(viewer, Wanted(until=date.max))[0] == ["LN-2", "LN-1"]
    assert found(viewer, Wanted(case=late.case.ref, kind="contract"))[1] == []


def test_a_case_is_as_far_as_the_record_that_is_least_far(
    lender: Organisation, publish: Callable[[], None], stamp: Callable[[], None]
) -> None:
    viewer = make_viewer(lender)
    stamped = [put(lender, "done"), put(lender, "mixed")]
    stamp()
    published = put(lender, "mixed")
    publish()
    queued = put(lender, "new")

    def by(progress: Progress, now: datetime | None = None) -> tuple[list[str], list[str]]:
        return found(viewer, Wanted(progress=progress), now=now)

    assert by(Progress.QUEUED) == (["new"], [queued.record])
    assert by(Progress.LOGGED) == (["mixed"], [published.record])
    assert by(Progress.STAMPED) == (["done"], [record.record for record in reversed(stamped)])
    assert found(viewer, Wanted(progress=Progress.STAMPED, kind=stamped[0].kind))[0] == ["done"]
    assert found(viewer, Wanted(progress=Progress.STAMPED, kind="visit")) == ([], [])
    assert by(Progress.OVERDUE) == ([], [])
    assert by(Progress.OVERDUE, timezone.now() + timedelta(days=2)) == (["new"], [queued.record])


def test_a_party_is_found_by_name_number_or_phone_and_a_stage_narrows(lender: Organisation) -> None:
    """Another lender has the same debtor, and each finds his own case."""
    other, viewer = make_organisation(name="乙方"), make_viewer(lender)
    for owner, reference in ((lender, "LN-1"), (other, "LN-1")):
        assert sender(Client(), owner)("POST", "/cases", case_body(reference=reference)).status_code == 201
    record = put(lender, "LN-1")
    put(lender, "LN-2")
    for text in (NAME, IDENTITY, IDENTITY.lower(), PHONE, "138 0013 8000"):
        assert found(viewer, Wanted(text=text)) == (["LN-1"], [record.record]), text
    assert found(viewer, Wanted(text=NAME[:2])) == ([], [])
    # A mobile is one number, with China's code or without it, when it was entered and when it is looked for.
    for reference, value in (("LN-3", f"+86 {PHONE}"), ("LN-4", f"86{PHONE}")):
        entered = [{"kind": "mobile", "value": value, "basis": "contract"}]
        body = case_body(reference=reference)
        body["parties"][0]["contact_points"] = entered
        assert sender(Client(), lender)("POST", "/cases", body).status_code == 201
    for text in (PHONE, f"+86{PHONE}", f"86 {PHONE}", f"＋86-{PHONE}"):
        assert found(viewer, Wanted(text=text))[0] == ["LN-4", "LN-3", "LN-1"], text
    assert found(viewer, Wanted(text=f"+1{PHONE}"))[0] == []
    Case.objects.filter(client_reference="LN-2").update(stage="litigation")
    assert found(viewer, Wanted(stage="litigation"))[0] == ["LN-2"]
    assert found(viewer, Wanted(stage="open"))[0] == ["LN-4", "LN-3", "LN-1"]
    assert found(viewer, Wanted(stage="litigation", text=NAME))[0] == []
