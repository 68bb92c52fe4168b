"""The room's jobs: import a long file that was confirmed; once a day, let go of files that were checked and never confirmed; tell of
contracts and grants whose period ended, and take back the cases of agents who left.
"""
from datetime import timedelta

from django.utils import timezone

from cases.importing_jobs import run_import
from cases.imports import IMPORT, drop_unconfirmed
from cases.lapsing import take_back_from_who_left, tell_lapses

__all__ = ["DROP_UNCONFIRMED", "IMPORT", "LAPSES_EVERY", "TELL_LAPSES", "drop_unconfirmed_of_the_day", "run_import", "tell_lapses_always"]

DROP_UNCONFIRMED = "cases.drop-unconfirmed-imports"
TELL_LAPSES = "cases.tell-lapses"
LAPSES_EVERY = timedelta(minutes=1)


def drop_unconfirmed_of_the_day(_day: int) -> None:
    drop_unconfirmed(now=timezone.now())


def tell_lapses_always(_subject: int) -> None:
    take_back_from_who_left(now=timezone.now())
    tell_lapses(now=timezone.now())
