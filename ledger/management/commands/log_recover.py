"""`manage.py log_recover`: after an old backup was restored, or into an empty database, take from storage what the database lost.

Exit 0: recovered, or there was nothing to recover; 1: recovered, but statements are lost, one line and one incident for each; 2: the
log is frozen; 3: refused, nothing was changed. Interrupted, it is simply run again.
"""
import sys
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from common.commands import ServiceCommand
from ledger.recovery import open_incidents_of_losses, recover
from ledger.sequencer.refusals import LostRace, Refusal
from ledger.storage import log_store

LOST, FROZEN, REFUSED = 1, 2, 3


class Command(ServiceCommand):
    help = "恢复旧备份后，由瓦片补回日志条目；不一致则冻结日志 / Replay entries from storage after a restore, or freeze the log."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            recovery = recover(log_store(), timezone.now)
        except Refusal as refusal:
            raise CommandError(str(refusal), returncode=REFUSED) from refusal
        except LostRace as race:
            raise CommandError(f"定序进程仍在运行，请先停止。A sequencer is running ({race}): stop it first.", returncode=REFUSED) from race
        if recovery.frozen is not None:
            self.stderr.write(f"数据库与存储不属于同一历史，日志已冻结。The log is frozen: {recovery.frozen}.")
            sys.exit(FROZEN)
        self.stdout.write(f"已补回 {recovery.replayed} 条。Replayed {recovery.replayed} entries; published size {recovery.published_size}.")
        opened = 0
        for lost in open_incidents_of_losses(timezone.now):
            opened += 1
            self.stdout.write(" ".join(["incident", *(f"{name}={value}" for name, value in lost.facts.items())]))
        if opened:
            self.stderr.write(f"{opened} 条声明遗失，已记为异常事件。{opened} statements are lost; each is an incident, in the log too.")
            sys.exit(LOST)
