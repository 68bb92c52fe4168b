"""`manage.py log_recover`: after an old backup was restored, take from storage what the database lost.

Exit 0: recovered, or there was nothing to recover; 1: recovered, but statements are lost, one line for each; 2: the log
is frozen; 3: refused, nothing was changed.
"""
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ledger.recovery import recover
from ledger.sequencer.refusals import LostRace, Refusal
from ledger.storage import log_store
from tlog.encoding import encode_base64

LOST, FROZEN, REFUSED = 1, 2, 3


class Command(BaseCommand):
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
        for lost in recovery.lost:
            self.stdout.write(
                f"incident index={lost.index} kind={lost.kind} statement_sha256={lost.statement_sha256.hex()} "
                f"leaf_hash={encode_base64(lost.leaf_hash)}"
            )
        if recovery.lost:
            sys.exit(LOST)
