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
from accounts.selectors import acting_operators
from accounts.services import REVIEWED_EVERY

AHEAD = timedelta(days=30)


def reviews_due(*, now: datetime) -> QuerySet[Organisation]:
    """Active organisations whose review is due within thirty days, or overdue; the most overdue first."""
    return Organisation.objects.filter(status=Organisation.Status.ACTIVE, review_due_at__lte=now + AHEAD).order_by("review_due_at", "id")


def review_under_way(organisation: Organisation) -> AnnualReview | None:
    """The first confirmation for the date that is due; None when nobody has confirmed who is an operator now."""
    if organisation.review_due_at is None:
        return None
    rows = _halves().filter(organisation=organisation, due_at=organisation.review_due_at)
    return rows.select_related("first_by").first()


def reviews_under_way() -> QuerySet[AnnualReview]:
    """First confirmations of every active organisation for the date that is due there now; another operator is to confirm."""
    rows = _halves().filter(due_at=F("organisation__review_due_at"), organisation__status=Organisation.Status.ACTIVE)
    return rows.select_related("organisation", "first_by").order_by("id")


def confirm_review(organisation: Organisation, *, by: Person, now: datetime) -> bool:
    """One operator confirms; True when he is the second and the review is over until next year. Raises ReviewNotDue, SamePersonTwice."""
    due = organisation.review_due_at
    if organisation.status != Organisation.Status.ACTIVE or due is None or due > now + AHEAD:
        raise ReviewNotDue
    if review_under_way(organisation) is None and _is_first(organisation, due, by, now):
        return False
    here = _halves().filter(organisation=organisation, due_at=due)
    with transaction.atomic():
        if here.exclude(first_by=by).update(second_by=by, second_at=now) != 1:
            raise SamePersonTwice if here.exists() else ReviewNotDue
        if Organisation.objects.filter(pk=organisation.pk, review_due_at=due).update(review_due_at=max(due, now) + REVIEWED_EVERY) != 1:
            raise ReviewNotDue
        note_with_operator(Event.REVIEW_CONFIRMED, organisation, at=now, detail="second")
    return True


def _halves() -> QuerySet[AnnualReview]:
    """First confirmations by those who are operators now, without a second one."""
    return AnnualReview.objects.filter(second_by=None, first_by__in=acting_operators())


def _is_first(organisation: Organisation, due: datetime, by: Person, now: datetime) -> bool:
    """Whether this is the first confirmation, in the place of one by somebody who left; False when another operator was faster."""
    given = AnnualReview.objects.filter(organisation=organisation, due_at=due, second_by=None)
    try:
        with transaction.atomic():
            if given.exclude(first_by__in=acting_operators()).update(first_by=by, first_at=now) != 1:
                AnnualReview.objects.create(organisation=organisation, due_at=due, first_by=by, first_at=now)
            note_with_operator(Event.REVIEW_CONFIRMED, organisation, at=now, detail="first")
    except IntegrityError:
        return False
    return True
