"""How renewal stands: how many checkpoints are due and could not be renewed, and when the first of them is left without a lasting token.

    var/metrics/renewal.json      {"due", "ends_at"}

Whoever renewed says it afterwards, once a day; `/metrics` reads it. While it is far from the end, an authority that was away may be back
tomorrow. When less than half of `CUNZHENG_RENEW_BEFORE_DAYS` is left, a person has to act, and an incident says so: no record that rests
on these checkpoints may be left with keys that nobody watches any more. It ends by itself with the renewal.

The file is not evidence and not durable: the next day's round writes it again. Source: formats A7.
"""
import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from ledger.incidents import RENEWAL_OVERDUE, end_incident, open_incident
from tlog.errors import VerificationError
from tlog.times import format_time, parse_time

SUBJECT = "timestamps"


@dataclass(frozen=True, slots=True)
class Standing:
    """`due`: checkpoints that are still due for renewal; `ends_at` (aware): when the first of them loses its last token, None for none."""

    due: int
    ends_at: datetime | None


NOTHING_DUE = Standing(0, None)


def tell_standing(standing: Standing, *, now: datetime) -> None:
    """Write it down for `/metrics`, and open or end the incident."""
    with suppress(OSError):
        _file().parent.mkdir(parents=True, exist_ok=True)
        partial = _file().with_suffix(".partial")
        data = {"due": standing.due, "ends_at": standing.ends_at and format_time(standing.ends_at)}
        partial.write_text(json.dumps(data), encoding="utf-8")
        partial.replace(_file())
    if standing.ends_at is not None and standing.ends_at - now < timedelta(days=settings.RENEW_BEFORE_DAYS) / 2:
        open_incident(RENEWAL_OVERDUE, SUBJECT, {"checkpoints": standing.due, "ends_at": format_time(standing.ends_at)}, now=now)
    else:
        end_incident(RENEWAL_OVERDUE, SUBJECT, how="renewed" if standing.due == 0 else "time is left again", now=now)


def renewal_standing() -> Standing:
    """What was told last; nothing is due before the first time, and when a power failure left half a file."""
    try:
        data = json.loads(_file().read_text(encoding="utf-8"))
        return Standing(int(data["due"]), data["ends_at"] and parse_time(data["ends_at"]))
    except (OSError, ValueError, KeyError, TypeError, VerificationError):
        return NOTHING_DUE


def _file() -> Path:
    return Path(settings.VAR_DIR) / "metrics" / "renewal.json"
