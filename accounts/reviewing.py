"""The annual review: two operators confirm that the papers of an organisation still hold, or somebody suspends it.

What this does not do: suspend by itself when a review is overdue. That would cut a court off from its files because the operator is late.
"""
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from accounts.audit.events import Event
from accounts.audit.recording import note_with_operator
from accounts.errors import ReviewNotDue, SamePersonTwice
from accounts.models import AnnualReview, Organisation, Person
from accounts.services import REVIEWED_EVERY

AHEAD = timedelta(days=30)


def reviews_due(*, now: datetime) -> QuerySet[Organisation]:
    """Active organisations whose review is due within thirty days, or overdue; the most overdue first."""
    return Organisation.objects.filter(status=Organisation.Status.ACTIVE, review_due_at__lte=now + AHEAD).order_by("review_due_at", "id")


def review_under_way(organisation: Organisation) -> AnnualReview | None:
    """The first confirmation for the date that is due; None when nobody has confirmed."""
    if organisation.review_due_at is None:
        return None
    rows = AnnualReview.objects.filter(organisation=organisation, due_at=organisation.review_due_at, second_by=None)
    return rows.select_related("first_by").first()


def reviews_under_way() -> QuerySet[AnnualReview]:
    """First confirmations of every organisation for the date that is due there now; another operator is to confirm."""
    rows = AnnualReview.objects.filter(second_by=None, due_at=F("organisation__review_due_at"))
    return rows.select_related("organisation", "first_by").order_by("id")


def confirm_review(organisation: Organisation, *, by: Person, now: datetime) -> bool:
    """One operator confirms; True when he is the second and the review is over until next year. Raises ReviewNotDue, SamePersonTwice."""
    due = organisation.review_due_at
    if organisation.status != Organisation.Status.ACTIVE or due is None or due > now + AHEAD:
        raise ReviewNotDue
    if review_under_way(organisation) is None:
        return _first(organisation, due, by, now)
    mine = AnnualReview.objects.filter(organisation=organisation, due_at=due, second_by=None)
    with transaction.atomic():
        if mine.exclude(first_by=by).update(second_by=by, second_at=now) != 1:
            raise SamePersonTwice
        if Organisation.objects.filter(pk=organisation.pk, review_due_at=due).update(review_due_at=max(due, now) + REVIEWED_EVERY) != 1:
            raise ReviewNotDue
        note_with_operator(Event.REVIEW_CONFIRMED, organisation, at=now, detail="second")
    return True


def _first(organisation: Organisation, due: datetime, by: Person, now: datetime) -> bool:
    try:
        with transaction.atomic():
            AnnualReview.objects.create(organisation=organisation, due_at=due, first_by=by, first_at=now)
            note_with_operator(Event.REVIEW_CONFIRMED, organisation, at=now, detail="first")
    except IntegrityError:
        # Somebody else was faster, and his is the first confirmation.
        raise ReviewNotDue from None
    return False
