"""The practice record: one small file of the operator's, in the log like any other record, for organisations on trial to verify and fetch.

Whoever is on trial has no case of anybody's to look at, and is to be shown none. So the operator deposits one file that says what it is
for, and every organisation on trial may fetch its package. It is a record like any other: nothing about it is simulated.
"""
from datetime import datetime

from accounts.models import Organisation
from accounts.permissions import Kind
from common.tenancy import on_behalf_of, open_record
from evidence.errors import RecordNotFound
from evidence.models import Evidence
from evidence.own_deposits import OwnDeposit, OwnFile, deposit_own
from evidence.selectors import canonical_number, public_record

CASE, KEY = "cunzheng:practice", "cunzheng-practice-1"
FILE_NAME = "practice.txt"
PRACTICE_FILE = (
    "存证服务练习文件\n\n本文件由运营方存证，供试用机构完成一次核验和一次证据包调取。内容为虚构，不涉及任何人或案件。\n\n"
    "Practice file\n\nDeposited by the operator for organisations on trial: verify it once and fetch its package once.\n"
).encode()


def make_practice_record(*, now: datetime) -> str:
    """The practice record's number; it is deposited by the first call. Raises what `deposit_own` raises."""
    return deposit_own(OwnDeposit(
        KEY, CASE, "practice", "试用练习文件", [OwnFile(FILE_NAME, "text/plain", PRACTICE_FILE)], {"purpose": "trial"}), now=now)


def practice_record() -> Evidence | None:
    """None until the first organisation went on trial."""
    operator = Organisation.objects.filter(kind=Kind.OPERATOR).order_by("id").first()
    if operator is None:
        return None
    with on_behalf_of(operator.pk):
        found = Evidence.objects.filter(organisation=operator, case__client_reference=CASE)
        return found.select_related("case", "receipt", "organisation").order_by("id").first()


def open_on_trial(organisation: Organisation, number: str) -> Evidence | None:
    """The record under this number when it is the practice record and this organisation is on trial; None otherwise."""
    if organisation.status != Organisation.Status.TRIAL:
        return None
    record, wanted = practice_record(), canonical_number(number)
    if record is None or record.record != wanted:
        return None
    open_record(wanted)
    return record


def practice_for(organisation: Organisation) -> Evidence:
    """The practice record, for an organisation on trial. Raises RecordNotFound for any other."""
    record = practice_record()
    if record is None or organisation.status != Organisation.Status.TRIAL:
        raise RecordNotFound
    return public_record(record.record)
