"""`manage.py announce_policy [FILE]`: announce in the log that another policy, or another key of the log, is to come.

Exit 0: announced, and what to do next is printed; 1: nothing was announced, with one sentence.
"""
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from common.commands import ServiceCommand
from ledger.announcing import LEAD, OVERLAP, AnnouncementRefused, Change, announce
from ledger.errors import LogClosed, LogFrozen
from ledger.keys import log_key_path
from ledger.policies import configured_text, read_policy
from ledger.policy_text import MOMENT, fingerprint


class Command(ServiceCommand):
    help = "在日志中公告新的见证策略或日志密钥 / Announce another policy, or another key of the log, in the log itself."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="新策略文件；默认为 CUNZHENG_POLICY")
        parser.add_argument("--new-log-key", action="store_true", help="生成新的日志密钥，并公告两把密钥同时签名的期间")
        parser.add_argument("--from", dest="since", type=_moment, metavar="YYYYMMDDTHHMMSSZ", help="生效时间（UTC）；默认一天后")
        parser.add_argument("--until", type=_moment, metavar="YYYYMMDDTHHMMSSZ", help="旧密钥停止签名的时间（UTC）；默认生效七天后")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["until"] and not options["new_log_key"]:
            raise CommandError("--until says how long two keys sign: it needs --new-log-key.")
        now = timezone.now()
        since = options["since"] or (now + LEAD).replace(microsecond=0) + timedelta(seconds=1)
        until = (options["until"] or since + OVERLAP) if options["new_log_key"] else None
        file: Path | None = options["file"]
        try:
            text = configured_text() if file is None else read_policy(file, where=str(file))
            change = announce(text, since=since, until=until, now=now)
        except (AnnouncementRefused, ImproperlyConfigured) as refusal:
            raise CommandError(str(refusal)) from refusal
        except (LogClosed, LogFrozen) as over:
            raise CommandError(f"The log takes no entry any more ({over.code}): nothing can be announced in it.") from over
        except OSError as broken:
            raise CommandError(f"The new key cannot be kept: {broken.filename}: {broken.strerror}.") from broken
        for line in told(change, file):
            self.stdout.write(line)


def _moment(text: str) -> datetime:
    return datetime.strptime(text, MOMENT).replace(tzinfo=UTC)


def told(change: Change, file: Path | None) -> list[str]:
    """What was announced, and what its operator and the witnesses' do next."""
    first = change.periods[0]
    lines = [
        f"announced   {change.record}",
        f"in force    {first.since:{MOMENT}}, if a checkpoint with today's quorum holds the announcement by then; otherwise it lapses",
    ]
    if change.new_key is not None:
        lines += [
            f"alone       {change.periods[-1].since:{MOMENT}}: until then both keys sign, from then on the new one only",
            f"new key     {change.new_key.vkey}",
            f"fingerprint {fingerprint(change.new_key)}",
            f"key file    {log_key_path(change.new_key.key_id)}: back it up now; a key in force without its file stops the log",
            "next        Each witness adds the new key to vkeys by hand, comparing the fingerprint by telephone, before the old one ends.",
        ]
    if file is not None:
        lines.append(f"next        Put {file} at CUNZHENG_POLICY now: it is taken from the announcement on.")
    return [*lines, "next        When it is in force: manage.py export_trust, and publish that folder anew."]
