"""Reads of `evidence`, scoped: by organisation for its own records, by record number alone for what is public of any.

A foreign record and an unknown one give the same error.
"""
from collections.abc import Collection
from datetime import datetime

from django.db.models import QuerySet

from accounts.viewer import Viewer
from cases.selectors import cases_for
from evidence.custody import CustodyRow
from evidence.drafts import unpack_claims
from evidence.errors import ClaimsErased, RecordNotFound, RecordNumberMalformed
from evidence.models import Evidence
from tlog.claims import Claim, claim_order
from tlog.errors import VerificationError
from tlog.record_number import normalise_record_number


def canonical_number(text: str) -> str:
    """The grouped form of what a person typed. Raises RecordNumberMalformed before any look-up."""
    try:
        return normalise_record_number(text)
    except VerificationError:
        raise RecordNumberMalformed from None


def records_of(organisation_id: int) -> QuerySet[Evidence]:
    """All records of one organisation, the newest first."""
    return Evidence.objects.filter(organisation_id=organisation_id).select_related("case", "receipt").order_by("-id")


def record_of(organisation_id: int, number: str) -> Evidence:
    """One record of this organisation. Raises RecordNumberMalformed, RecordNotFound."""
    record = records_of(organisation_id).filter(record=canonical_number(number)).first()
    if record is None:
        raise RecordNotFound
    return record


def records_for(viewer: Viewer, *, now: datetime) -> QuerySet[Evidence]:
    """All records that this viewer may read at this moment, the newest first: those of the cases that are open to him."""
    return Evidence.objects.filter(case__in=cases_for(viewer, now=now).values("pk")).select_related("case", "receipt").order_by("-id")


def record_for(viewer: Viewer, number: str, *, now: datetime) -> Evidence:
    """One record that is open to this viewer. Raises RecordNumberMalformed, RecordNotFound."""
    record = records_for(viewer, now=now).filter(record=canonical_number(number)).first()
    if record is None:
        raise RecordNotFound
    return record


def selection_of(organisation_id: int, numbers: Collection[str]) -> list[Evidence]:
    """These records of this organisation, by case and place in it. Raises RecordNotFound when one is missing."""
    wanted = {canonical_number(number) for number in numbers}
    found = list(records_of(organisation_id).filter(record__in=wanted).order_by("case_id", "case_sequence"))
    if len(found) != len(wanted):
        raise RecordNotFound
    return found


def case_records(record: Evidence) -> list[Evidence]:
    """All records of the record's case, 1 to n."""
    return list(records_of(record.organisation_id).filter(case_id=record.case_id).order_by("case_sequence"))


def public_record(number: str) -> Evidence:
    """A record of any organisation, for its statement and proofs only. Raises RecordNumberMalformed, RecordNotFound."""
    record = Evidence.objects.select_related("receipt").filter(record=canonical_number(number)).first()
    if record is None:
        raise RecordNotFound
    return record


def claims_of(record: Evidence) -> list[Claim]:
    """The record's claims with their salts, in the statement's order. Raises ClaimsErased."""
    if record.sealed_claims is None:
        raise ClaimsErased
    return sorted(unpack_claims(bytes(record.sealed_claims)), key=lambda claim: claim_order(claim.name))


def custody_of(record: Evidence) -> list[CustodyRow]:
    """The record's custody trail."""
    return [
        CustodyRow(row.sequence, row.at, row.event, row.actor, row.organisation_ref, row.purpose, row.previous, row.digest)
        for row in record.custody.order_by("sequence")
    ]
