"""`manage.py renew_timestamps`: renew what is due at once, or with `--all` every stamped checkpoint."""
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser

from common.commands import ServiceCommand
from common.jobs import RetryLater
from ledger.errors import AuthoritiesMisconfigured
from ledger.renewal import renew_due_timestamps


class Command(ServiceCommand):
    help = "为即将失效的时间戳续期 / Renew timestamps whose certificates end soon or whose algorithms weaken."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="为全部已获时间戳的检查点续期 / every stamped checkpoint, due or not")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = renew_due_timestamps(everything=options["all"])
        except AuthoritiesMisconfigured as wrong:
            raise CommandError(f"CUNZHENG_TSAS: {wrong.__cause__}") from wrong
        except ImproperlyConfigured as wrong:
            raise CommandError(str(wrong)) from wrong
        except RetryLater as later:
            raise CommandError(f"{later.code}: nothing is lost; run it again") from later
        self.stdout.write(f"已为 {count} 个检查点续期 / {count} checkpoints renewed")
