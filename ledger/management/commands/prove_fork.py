"""`manage.py prove_fork`: make the proof that this log's key signed two histories, from our tiles and somebody else's.

Exit 0: proven, OUT/a and OUT/b are the proof; 2: nothing is proven; 1: it could not be run. Nothing in the service is changed.
"""
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from common.bounded_http import NoAnswer
from common.commands import ServiceCommand
from ledger.forks import Verdict, examine, open_seen, tiles_at, tiles_in
from ledger.models import Checkpoint
from ledger.policies import policies
from ledger.selectors import log_state
from ledger.storage import log_store, tile_reader
from tlog.errors import VerificationError
from tlog.note import Verifier

MAX_NOTE = 1 << 20
NOT_PROVEN = 2


class Command(ServiceCommand):
    help = "以两份瓦片制作日志分叉的证明 / Prove from two sets of tiles that one key signed two histories."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("out", type=Path, help="证明写入的文件夹（a、b 两个文件） / folder for the files a and b")
        parser.add_argument("--note", type=Path, required=True, help="另一历史的检查点 / the signed checkpoint of the other history")
        parser.add_argument("--other", help="另一历史的瓦片：网址或文件夹 / tiles of the other history: an address or a folder")

    def handle(self, *args: Any, **options: Any) -> None:
        keys = log_keys()
        try:
            seen = options["note"].read_bytes()[:MAX_NOTE]
            ours = our_note(open_seen(seen, keys, log_state().origin).size)
            others = [] if options["other"] is None else [tiles_of(options["other"])]
            found = examine(ours, seen, read_ours=tile_reader(log_store()), others=others, verifiers=keys)
        except (VerificationError, NoAnswer, OSError) as fault:
            raise CommandError(f"无法制作证明：{fault} / could not be run: {fault}") from fault
        if found.verdict != Verdict.PROVEN:
            self.stderr.write(f"未能证明 / NOT PROVEN: {found.verdict} ({found.reason})")
            sys.exit(NOT_PROVEN)
        write(options["out"], found.files)
        words = " ".join(f"--log {key.vkey}" for key in keys)
        self.stdout.write(f"已证明 / PROVEN: {found.reason}")
        self.stdout.write(f"python -m tlog verify-fork {options['out']}/a {options['out']}/b {words}")


def log_keys() -> tuple[Verifier, ...]:
    """Every key that was ever this log's: the proof stands under the one that signed both sides."""
    known = {key for period in policies() for key in period.policy.log_verifiers} | {Verifier.from_vkey(log_state().vkey)}
    return tuple(sorted(known, key=lambda key: key.vkey))


def our_note(size: int) -> bytes:
    """Our checkpoint of that size, else the newest. Raises CommandError when nothing was signed yet."""
    row = Checkpoint.objects.filter(size=size).first() or Checkpoint.objects.order_by("-size").first()
    if row is None:
        raise CommandError("本日志尚未签署检查点 / this log has not signed a checkpoint yet.")
    return bytes(row.note)


def tiles_of(place: str) -> Any:
    return tiles_at(place) if place.startswith(("http://", "https://")) else tiles_in(Path(place))


def write(folder: Path, files: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
