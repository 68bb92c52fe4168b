"""The ledger's jobs; each takes an id and calls one service."""
from django.utils import timezone

from ledger.alarm import WATCH_PUBLICATION, watch_publication
from ledger.alerts import mail_incident
from ledger.audit import audit_receipts
from ledger.incidents import MAIL_INCIDENT
from ledger.monitor.rounds import watch
from ledger.renewal import renew_due_timestamps
from ledger.revocation import ARCHIVE_REVOCATION, archive_revocation
from ledger.stamping import STAMP_CHECKPOINT, stamp_checkpoint

__all__ = [
    "ARCHIVE_REVOCATION", "AUDIT_RECEIPTS", "MAIL_INCIDENT", "RENEW_TIMESTAMPS", "STAMP_CHECKPOINT", "WATCH_LOG", "WATCH_PUBLICATION",
    "archive_revocation", "audit_receipts_of_the_day", "mail_incident", "renew_timestamps_of_the_day", "stamp_checkpoint", "watch_log",
    "watch_publication_always",
]

AUDIT_RECEIPTS = "ledger.audit-receipts"
RENEW_TIMESTAMPS = "ledger.renew-timestamps"
WATCH_LOG = "ledger.watch-log"


def audit_receipts_of_the_day(_day: int) -> None:
    audit_receipts(now=timezone.now())


def renew_timestamps_of_the_day(_day: int) -> None:
    renew_due_timestamps()


def watch_log(_always: int) -> None:
    watch(now=timezone.now())


def watch_publication_always(_always: int) -> None:
    watch_publication(now=timezone.now())
