"""`/healthz`: this process answers. `/readyz`: the service can keep its promises now, or a word for each thing that is wrong.

Words only: the addresses are public. Nothing here mends anything.
"""
import logging
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from common.failures import DATABASE_FAILURES
from ledger.models import Checkpoint, LogBatch, LogQueue
from ledger.selectors import Backlog, log_backlog
from ledger.trust import quorum_missing_since, witness_verifiers
from ledger.witness_silence import unheard_since
from tlog.times import format_time

logger = logging.getLogger(__name__)

OK, CLOSED, UNAVAILABLE, UNKNOWN, NOT_SET_UP, FROZEN, BEHIND, SILENT, NO_QUORUM, NO_POLICY = (
    "ok", "closed", "unavailable", "unknown", "not-set-up", "frozen", "behind", "silent", "quorum-missing", "policy-unusable")
# SPEC: formats A3: "Alarm already when a record is unpublished for 60 s."
SILENCE = timedelta(seconds=60)


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})


@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """200 `{"ready": true, "checks": {"database": "ok", …}}`, or 503 and what is wrong in place of "ok"; "closed" is not wrong."""
    checks, missing = _checks(timezone.now())
    # Without a quorum deposits go on until half of the receipts' promise is gone, and then the log is "behind": no load balancer is
    # to take the service away before, so neither this word nor the sequencer's may do it.
    # A closed log is read for ever.
    ready = {word for name, word in checks.items() if name != "witnesses"} <= {OK, CLOSED}
    since = {} if missing is None else {"quorum_missing_since": format_time(missing)}
    return JsonResponse({"ready": ready, "checks": checks, **since}, status=200 if ready else 503, headers={"Cache-Control": "no-store"})


def checks_at(now: datetime) -> dict[str, str]:
    """A word for each part of the service, as `/readyz` has them."""
    return _checks(now)[0]


def _checks(now: datetime) -> tuple[dict[str, str], datetime | None]:
    """The words, and since when the policy's quorum is missing, None when it is not."""
    database, backlog = _database()
    witnesses, missing = _witnesses(backlog, now)
    return {
        "database": database, "storage": _storage(), "log": _log(backlog, now), "sequencer": _sequencer(backlog, missing, now),
        "witnesses": witnesses,
    }, missing


def _witnesses(backlog: Backlog | None, now: datetime) -> tuple[str, datetime | None]:
    """A word, and since when the policy's quorum is missing, None when it is not."""
    if backlog is None:
        return UNKNOWN, None
    try:
        missing = quorum_missing_since(now)
        witness_verifiers()
    except (ImproperlyConfigured, OSError) as unusable:
        logger.error("not well: %s", unusable)
        return NO_POLICY, None
    except DATABASE_FAILURES as broken:
        logger.error("not ready: database", exc_info=broken)
        return UNKNOWN, None
    return (OK, None) if missing is None else (NO_QUORUM, missing)


def _database() -> tuple[str, Backlog | None]:
    try:
        return OK, log_backlog()
    except ImproperlyConfigured:
        return NOT_SET_UP, None
    except DATABASE_FAILURES as broken:
        logger.error("not ready: database", exc_info=broken)
        return UNAVAILABLE, None


def _storage() -> str:
    """Writes a file without a name: a full or read-only disk shows, and nothing is left behind."""
    try:
        with tempfile.TemporaryFile(dir=Path(settings.VAR_DIR)) as file:
            file.write(bytes(4096))
    except OSError as broken:
        logger.error("not ready: storage", exc_info=broken)
        return UNAVAILABLE
    return OK


def _log(backlog: Backlog | None, now: datetime) -> str:
    """Deposits are taken while this is well (`ledger.services.refuse_when_behind`)."""
    if backlog is None:
        return UNKNOWN
    if backlog.frozen:
        return FROZEN
    if backlog.closed:
        return CLOSED
    return BEHIND if _waits(backlog, now) > timedelta(seconds=settings.RECEIPT_PROMISE_S) / 2 else OK


def _sequencer(backlog: Backlog | None, quorum_missing: datetime | None, now: datetime) -> str:
    """The sequencer's heartbeat are its published checkpoints: while nothing waits for one, its silence means nothing.

    While the quorum is missing nothing is published, and its heartbeat are the checkpoints that it signs all the same; while no witness
    has answered since its start it signs nothing either, and says that.
    """
    if backlog is None:
        return UNKNOWN
    try:
        if unheard_since(now) is not None:
            return OK
        since = backlog.oldest_unpublished_at if quorum_missing is None else _unsigned_since()
    except DATABASE_FAILURES as broken:
        logger.error("not ready: database", exc_info=broken)
        return UNKNOWN
    return SILENT if since is not None and now - since > SILENCE else OK


def _unsigned_since() -> datetime | None:
    """When the oldest entry was queued that no signed checkpoint covers; None when there is none."""
    signed = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first() or 0
    batch = LogBatch.objects.filter(size__gt=signed).order_by("size").values_list("oldest_queued_at", flat=True).first()
    return batch or LogQueue.objects.order_by("id").values_list("queued_at", flat=True).first()


def _waits(backlog: Backlog, now: datetime) -> timedelta:
    return timedelta(0) if backlog.oldest_unpublished_at is None else now - backlog.oldest_unpublished_at
