"""Reads of `evidence`, scoped: by the viewer's roots of access, and by record number alone for what is public of any.

A foreign record and an unknown one give the same error.
"""
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.permissions import Act, Kind
from accounts.viewer import Viewer
from cases.models import Case
from cases.models.access import RECEIVERS
from cases.papers import DepositedPaper
from cases.roots import ACCEPTING, accepted_now, assigned_now, granted_now, ordered_now
from common.tenancy import open_record
from evidence.custody import CustodyRow
from evidence.errors import RecordNotFound, RecordNumberMalformed
from evidence.models import Evidence
from evidence.record_keys import claims_in
from evidence.trail import row_of
from tlog.claims import Claim, claim_order
from tlog.errors import VerificationError
from tlog.record_number import normalise_record_number


def canonical_number(text: str) -> str:
    """The grouped form of what a person typed. Raises RecordNumberMalformed before any look-up."""
    try:
        return normalise_record_number(text)
    except VerificationError:
        raise RecordNumberMalformed from None


def records_for(viewer: Viewer, *, now: datetime) -> QuerySet[Evidence]:
    """All records that this viewer may read at this moment, the newest first: of each case as much as some root of access covers."""
    rows = Evidence.objects.select_related("case", "receipt").order_by("-id")
    if not viewer.may(Act.READ_CASE):
        return rows.none()
    return rows.filter(_covered(viewer, now))


def _covered(viewer: Viewer, now: datetime) -> Q:
    """The condition in SQL that `cases.roots.Access.covers` is for one record."""
    own = Q(organisation=viewer.organisation)
    if viewer.kind == Kind.COLLECTION_AGENCY:
        assigned = assigned_now(viewer, now)
        included = Q(case__in=assigned.filter(includes_all=True).values("case_id"))
        return own | included | Q(case__in=assigned.values("case_id"), deposited_by=viewer.organisation)
    if viewer.kind in RECEIVERS:
        own |= Q(case__in=granted_now(viewer, now).values("case_id"))
    if viewer.kind in ACCEPTING:
        submitted = accepted_now(viewer, now).filter(case=OuterRef("case_id"))
        own |= Q(Exists(submitted.filter(Q(up_to=None) | Q(up_to__gte=OuterRef("case_sequence")))))
    if viewer.kind == Kind.COURT:
        ordered = ordered_now(viewer, now).filter(case=OuterRef("case_id"))
        own |= Q(Exists(ordered.filter(Q(order__kinds=None) | Q(order__kinds__kind=OuterRef("kind")))))
    return own


def record_for(viewer: Viewer, number: str, *, now: datetime) -> Evidence:
    """One record that is open to this viewer. Raises RecordNumberMalformed, RecordNotFound."""
    record = records_for(viewer, now=now).filter(record=canonical_number(number)).first()
    if record is None:
        raise RecordNotFound
    return record


def selection_for(viewer: Viewer, numbers: Collection[str], *, now: datetime) -> list[Evidence]:
    """These records, by case and place in it. Raises RecordNotFound when one is not open to this viewer."""
    wanted = {canonical_number(number) for number in numbers}
    found = list(records_for(viewer, now=now).filter(record__in=wanted).order_by("case_id", "case_sequence"))
    if len(found) != len(wanted):
        raise RecordNotFound
    return found


def case_records_for(viewer: Viewer, case: Case, *, now: datetime) -> list[Evidence]:
    """The records of this case that are open to this viewer, by their place in it; all of them, 1 to n, when the case is his own."""
    return list(records_for(viewer, now=now).filter(case=case).order_by("case_sequence"))


def records_counted(viewer: Viewer, case_ids: Sequence[int], now: datetime) -> dict[int, int]:
    """How many records of each of these cases are open to this viewer, by the case's id; a case without any is not there."""
    rows = records_for(viewer, now=now).order_by().filter(case__in=case_ids)
    return dict(rows.values_list("case").annotate(count=Count("pk")))


def is_whole_case(records: Sequence[Evidence]) -> bool:
    """Whether these are all records of their case, which came with them: a signed head over a part of it would be untrue."""
    return bool(records) and len(records) == records[-1].case.sequence


def own_paper(organisation_id: int, typed: str) -> DepositedPaper | None:
    """A record that this organisation deposited itself, as a document; None for anything else."""
    try:
        number = canonical_number(typed)
    except RecordNumberMalformed:
        return None
    mine = Evidence.objects.filter(record=number, organisation_id=organisation_id, deposited_by=None)
    kind = mine.values_list("kind", flat=True).first()
    return None if kind is None else DepositedPaper(number, kind)


def public_record(number: str) -> Evidence:
    """A record of any organisation, for its statement and proofs only. Raises RecordNumberMalformed, RecordNotFound."""
    wanted = canonical_number(number)
    open_record(wanted)
    record = Evidence.objects.select_related("receipt").filter(record=wanted).first()
    if record is None:
        raise RecordNotFound
    return record


def claims_of(record: Evidence) -> list[Claim]:
    """The record's claims with their salts, in the statement's order. Raises ClaimsErased, KeyUnavailable, VerificationError."""
    return sorted(claims_in(record), key=lambda claim: claim_order(claim.name))


def custody_of(record: Evidence) -> list[CustodyRow]:
    """The record's custody trail."""
    return [row_of(event) for event in record.custody.order_by("sequence")]
