"""`manage.py open_successor FILE`: open the log of this installation as the successor of a closed one; `close_log` runs it.

FILE is the `predecessor.json` that `close_log` wrote. The environment is the successor's own. May be repeated. Exit 1: one sentence.
"""
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from common.commands import ServiceCommand
from ledger.selectors import log_origin
from ledger.succession import open_successor, read_handover
from tlog.errors import VerificationError


class Command(ServiceCommand):
    help = "以已关闭日志的后继身份开启本日志 / Open this installation's log as the successor of a closed one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="close_log 写出的 predecessor.json")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            handover = read_handover(options["file"])
            call_command("migrate", interactive=False, verbosity=0)
            opened = open_successor(handover, now=timezone.now())
        except (ImproperlyConfigured, VerificationError) as unusable:
            raise CommandError(str(unusable)) from unusable
        except DatabaseError as broken:
            raise CommandError(f"后继日志的数据库不可用。The successor's database does not work ({type(broken).__name__}).") from broken
        word = "已开启 / is open" if opened else "此前已开启 / was open already"
        self.stdout.write(f"后继日志 {log_origin()} {word}")
