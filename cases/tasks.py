"""The room's jobs: import a long file that was confirmed; once a day, let go of files that were checked and never confirmed."""
from django.utils import timezone

from cases.importing_jobs import run_import
from cases.imports import IMPORT, drop_unconfirmed

DROP_UNCONFIRMED = "cases.drop-unconfirmed-imports"

__all__ = ["DROP_UNCONFIRMED", "IMPORT", "drop_unconfirmed_of_the_day", "run_import"]


def drop_unconfirmed_of_the_day(_day: int) -> None:
    drop_unconfirmed(now=timezone.now())
