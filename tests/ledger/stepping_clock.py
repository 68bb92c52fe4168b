"""The sequencer's process with a clock that a test steps: `python -m tests.ledger.stepping_clock FILE`.

FILE holds the seconds by which its clock is ahead of the machine's; it is read again at every look at the clock. Nothing else differs
from `manage.py sequence`: no test may move the clock of the machine that it runs on.
"""
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.utils import timezone  # noqa: E402 - Django first

from ledger.management.commands import sequence  # noqa: E402


def stepped() -> datetime:
    return timezone.now() + timedelta(seconds=float(Path(sys.argv[1]).read_text(encoding="ascii")))


class Command(sequence.Command):
    clock = staticmethod(stepped)


if __name__ == "__main__":
    Command().run_from_argv(["manage.py", "sequence"])
