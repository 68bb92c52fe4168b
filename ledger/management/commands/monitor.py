"""`manage.py monitor`: one round of watching the log through its public address, as a stranger would.

Exit 0: everything that was checked holds; 1: something contradicts, each an incident; 2: the front door does not answer, so that not
everything could be checked. The worker makes the same rounds by itself (`CUNZHENG_MONITOR_INTERVAL_S`).
"""
import sys
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from common.commands import ServiceCommand
from ledger.monitor.memory import MemoryDamaged
from ledger.monitor.rounds import Patience, Round, watch
from tlog.times import format_time

CONTRADICTED, AWAY = 1, 2
PATIENCE = Patience(fetch_s=10.0, growth_s=300.0)


class Command(ServiceCommand):
    help = "从公开地址核验自己的日志，如同外人 / Verify our own log through its public address, as a stranger would."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = watch(now=timezone.now(), patience=PATIENCE)
        except MemoryDamaged as damaged:
            raise CommandError(str(damaged)) from damaged
        if options["verbosity"]:
            self._tell(made)
        if made.contradicted:
            sys.exit(CONTRADICTED)
        if made.away is not None:
            sys.exit(AWAY)

    def _tell(self, made: Round) -> None:
        for each in made.judgements:
            self.stdout.write(f"{each.subject}: {'holds' if each.fault is None else each.fault}")
        if made.away is not None and made.away_since is not None:
            self.stdout.write(f"away since {format_time(made.away_since)}: {made.away}")
        self.stdout.write(f"verified entries: {made.verified}")
        lag = made.lag
        waiting = {"unpublished": lag.unpublished_since, "unwitnessed": lag.unwitnessed_since, "unstamped": lag.unstamped_since}
        for name, since in waiting.items():
            self.stdout.write(f"oldest {name}: {'none' if since is None else 'since ' + format_time(since)}")
