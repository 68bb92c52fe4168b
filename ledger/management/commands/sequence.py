"""`manage.py sequence`: the sequencer process. One at a time; a second one started by mistake harms nothing and says so.

Exit 0: told to stop, or the log is closed and nothing is left to do; 3: refused, with one sentence that is a CRITICAL line of the log.
"""
import logging
import sys
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from common.commands import ServiceCommand
from common.stopping import stop_at_signals
from ledger.keys import log_signer
from ledger.selectors import log_origin
from ledger.sequencer.memory import Clock
from ledger.sequencer.refusals import LogIsClosed, Refusal
from ledger.sequencer.service import Sequencer, run
from ledger.storage import log_store

logger = logging.getLogger(__name__)

REFUSED = 3


class Command(ServiceCommand):
    clock: Clock = staticmethod(timezone.now)
    help = "运行日志定序进程，直到收到停止信号 / Run the sequencer of the log until told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = stop_at_signals()
        try:
            run(lambda: Sequencer(log_store(), log_signer(log_origin()), self.clock), stop)
        except LogIsClosed as closed:
            self.stdout.write(str(closed))
        except (Refusal, ImproperlyConfigured) as refusal:
            # What an operator's alerting looks for: from here on nothing is sequenced or signed, and deposits wait.
            logger.critical("SEQUENCER STOPPED %s", refusal)
            sys.exit(REFUSED)
