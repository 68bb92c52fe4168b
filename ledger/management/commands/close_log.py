"""`manage.py close_log`: close the log for good, and open its successor; of a log that was frozen, open the successor alone.

From the moment that the last entry is committed, deposits get 410. The command waits until the sequencer has published the final
checkpoint; killed at any moment, it is simply run again. Exit 0: closed, and the successor, if one was named, is open; 1: one sentence.
"""
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from common.commands import ServiceCommand
from ledger.closing import ChangeUnderWay, OtherSuccessor, close_log
from ledger.closing_copy import keep_copy
from ledger.errors import LogFrozen
from ledger.selectors import Closing, Successor, is_complete, log_state
from ledger.storage import log_store
from ledger.succession import hand_over, prepare
from tlog.errors import VerificationError

POLL_S = 0.1
TELL_AFTER_S = 5.0


class Command(ServiceCommand):
    help = "关闭日志：写入最后一条、发布最终检查点，并开启后继日志 / Close the log for good, and open its successor."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--successor-origin", metavar="ORIGIN", default="", help="后继日志的名称，例如 log.example.cn/2027")
        parser.add_argument("--into", metavar="FOLDER", type=Path, help="后继日志自己的 var 目录")
        parser.add_argument("--successor-url", metavar="URL", default="", help="后继服务的公开地址，写入 410 应答")
        parser.add_argument("--successor-database", metavar="URL", default="", help="后继日志的数据库；默认为其目录中的 SQLite")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["successor_origin"]) != bool(options["into"]):
            raise CommandError("--successor-origin 与 --into 须一并给出。Give both --successor-origin and --into, or neither.")
        try:
            successor = prepare(options["into"], options["successor_origin"], options["successor_url"]) if options["into"] else None
            said = self._close(successor)
            if successor is not None:
                self._open(successor, said, options)
        except OtherSuccessor as other:
            raise CommandError("日志关闭时指定了另一后继，不可更改。The log was closed with another successor; that is final.") from other
        except ChangeUnderWay as change:
            raise CommandError(
                "已公告的密钥或见证策略变更尚未生效，请在其生效后再关闭。"
                "A change of key or policy is announced and still to come: close the log after it.") from change
        except (ImproperlyConfigured, VerificationError, OSError) as unusable:
            raise CommandError(str(unusable)) from unusable
        except DatabaseError as away:
            raise CommandError("数据库未应答，请重新运行本命令。The database does not answer; run the command again.") from away

    def _close(self, successor: Successor | None) -> Closing | None:
        """Close the log and wait for its final checkpoint; None for a frozen one, which says nothing more."""
        try:
            said = close_log(successor, timezone.now)
        except LogFrozen as frozen:
            if successor is None:
                raise CommandError("日志已因内容矛盾而冻结，不能再关闭。The log is frozen by a contradiction, not closed.") from frozen
            self.stdout.write("日志已因内容矛盾而冻结，只开启后继。The log is frozen by a contradiction: only its successor is opened.")
            return None
        keep_copy(log_store())
        self._wait(said)
        return said

    def _wait(self, said: Closing) -> None:
        """Until the sequencer has published everything that was promised."""
        self.stdout.write(f"日志自 {said.at:%Y-%m-%d %H:%M:%S}Z 起不再受理。Closed since then; deposits get 410.")
        began, told = time.monotonic(), False
        while not is_complete():
            if not told and time.monotonic() - began > TELL_AFTER_S:
                told = True
                self.stdout.write("等待定序进程发布最终检查点。Waiting for the sequencer to publish the final checkpoint.")
            time.sleep(POLL_S)
        state = log_state()
        self.stdout.write(f"最终检查点已发布，共 {state.size} 条。The final checkpoint is published, size {state.size}.")

    def _open(self, successor: Successor, said: Closing | None, options: dict[str, Any]) -> None:
        folder: Path = options["into"].resolve()
        file = hand_over(folder, successor, said)
        found = {
            "CUNZHENG_VAR": str(folder), "CUNZHENG_ORIGIN": successor.origin,
            "DATABASE_URL": options["successor_database"] or f"sqlite:///{folder / 'db.sqlite3'}",
            **({"CUNZHENG_POLICY": str(folder / "policy.txt")} if settings.POLICY else {}),
            **({"CUNZHENG_URL": successor.url} if successor.url else {}),
        }
        words = [sys.executable, str(settings.BASE_DIR / "manage.py"), "open_successor", str(file)]
        # A process of its own, because the successor is an installation of its own: other settings, other database.
        if subprocess.run(words, env={**os.environ, **found}, check=False).returncode:  # noqa: S603
            raise CommandError("后继日志未能开启，原因见上；排除后重新运行。The successor is not open: see above, then run this again.")
        self.stdout.write("后继服务的环境变量 / the successor's environment:")
        self.stdout.write("\n".join(f"  {name}={value}" for name, value in found.items() if name != "DATABASE_URL"))
