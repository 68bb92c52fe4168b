"""The room's job: once a day, let go of files of cases that were checked and never imported."""
from django.utils import timezone

from cases.imports import drop_unconfirmed

DROP_UNCONFIRMED = "cases.drop-unconfirmed-imports"


def drop_unconfirmed_of_the_day(_day: int) -> None:
    drop_unconfirmed(now=timezone.now())
