"""`manage.py scrub`: read every original again now, quarantine what changed, and repair it where it lies a second time.

Exit 1 when one is not what was deposited after that. The monitor does the same by slices, round and round; this is for after a restore,
and for whoever does not want to wait.
"""
import sys
from typing import Any

from django.core.management.base import CommandParser

from common.commands import ServiceCommand
from evidence.copies import waiting_count
from evidence.fixity import look_at_originals


class Command(ServiceCommand):
    help = "立即复核全部原件，不符的隔离 / Read every original again now, and quarantine what changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workers", type=int, choices=range(1, 33), default=1, metavar="N", help="同时读取的个数 / how many at a time")

    def handle(self, *args: Any, **options: Any) -> None:
        after, objects, wrong, repaired = 0, 0, 0, 0
        while True:
            looked = look_at_originals(after, [], workers=options["workers"], reported=False)
            for sentence in (*looked.repaired, *looked.wrong.values()):
                self.stderr.write(sentence)
            after, objects = looked.last, objects + looked.objects
            wrong, repaired = wrong + len(looked.wrong), repaired + len(looked.repaired)
            if after == 0:
                break
        self.stdout.write(f"已复核 {objects} 份原件，{wrong} 份不符或无法读取 / {objects} originals read, {wrong} differ or cannot be read")
        if repaired:
            self.stdout.write(f"{repaired} 份已以第二副本恢复 / {repaired} restored from the second copy")
        if (uncopied := waiting_count()) is not None:
            self.stdout.write(f"{uncopied} 份尚无第二副本 / {uncopied} without a second copy yet")
        if wrong:
            sys.exit(1)
