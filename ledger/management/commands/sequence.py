"""`manage.py sequence`: the sequencer process. One at a time; a second one started by mistake harms nothing and says so."""
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ledger.keys import log_signer
from ledger.selectors import log_origin
from ledger.sequencer.refusals import Refusal
from ledger.sequencer.service import Sequencer, run
from ledger.storage import log_store

REFUSED = 3


class Command(BaseCommand):
    help = "运行日志定序进程，直到收到停止信号 / Run the sequencer of the log until told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        try:
            run(lambda: Sequencer(log_store(), log_signer(log_origin()), timezone.now), stop)
        except Refusal as refusal:
            raise CommandError(str(refusal), returncode=REFUSED) from refusal
