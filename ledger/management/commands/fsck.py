"""`manage.py fsck`: examine the log, and what other rooms add, from the entries up; exit 1 when something is wrong."""
import sys
from typing import Any

from django.core.management.base import CommandParser

from common.commands import ServiceCommand
from ledger.fsck import EXAMINATIONS, examine_bundles, examine_log


class Command(ServiceCommand):
    help = "从日志条目重新推导并核对全部数据 / Derive everything again from the entries and name what is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from-bundles", action="store_true", help="只核对存储中的条目包与已发布检查点（快速）")

    def handle(self, *args: Any, **options: Any) -> None:
        examinations = [examine_bundles] if options["from_bundles"] else [examine_log, *EXAMINATIONS.values()]
        found = 0
        for examine in examinations:
            for finding in examine():
                found += 1
                self.stdout.write(str(finding))
        if found:
            self.stderr.write(f"fsck：发现 {found} 处问题 / {found} finding(s)")
            sys.exit(1)
        if options["verbosity"]:
            self.stdout.write("fsck：未发现问题 / nothing is wrong")
