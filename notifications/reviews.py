"""The operator is told of each annual review once, when it falls due within thirty days (`accounts.reviewing`)."""
from datetime import datetime

from django.db import transaction

from accounts.models import Organisation
from accounts.permissions import Kind
from accounts.reviewing import reviews_due
from notifications.kinds import REVIEW_DUE
from notifications.models import Notice
from notifications.noticing import leave_notices
from tlog.times import CHINA


def tell_of_reviews(*, now: datetime) -> int:
    """Leave a notice for each review that nobody was told of; how many. A review's notice names organisation and day."""
    told = 0
    with transaction.atomic():
        # The operator's row is the lock: two workers of one day take turns.
        operator = Organisation.objects.select_for_update().filter(kind=Kind.OPERATOR).first()
        if operator is None:
            return 0
        for organisation in reviews_due(now=now):
            assert organisation.review_due_at is not None
            subject = f"{organisation.ref}:{organisation.review_due_at.astimezone(CHINA):%Y-%m-%d}"
            if not Notice.objects.filter(organisation=operator, kind=REVIEW_DUE, subject=subject).exists():
                leave_notices([operator.pk], kind=REVIEW_DUE, subject=subject, now=now)
                told += 1
    return told
