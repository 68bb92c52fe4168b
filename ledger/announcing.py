"""Changing the log's key or its policy: the change is announced in the log, under the key and the quorum of before, and then takes effect.

    announced ──► in a published checkpoint ──► the first period begins ──► the second begins (a new key only)
                  (old key, old quorum)         both keys sign               the new key signs alone

What this does not do: ask anybody outside. Each witness's operator adds the new key by hand, after comparing its fingerprint; a witness
never learns a key from the log.

Source: threats, "Log-key compromise": "Rotation = new key in a statement logged under the old key and cosigned"; formats A5, A6.
"""
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from ledger.announcements import announcements, in_force_claims, policy_claims, said_in_force
from ledger.keys import make_log_key
from ledger.models import LogState, OwnStatement
from ledger.own_statements import write_own_statement
from ledger.policies import log_keys_at, policy_at
from ledger.policy_text import MOMENT, Period, demands, under_keys
from ledger.selectors import log_origin, log_state
from tlog.note import Verifier

LEAST_LEAD = timedelta(seconds=15)
"""Below that an announcement could hardly be published in time. A real one is made days before: witnesses are institutions."""
LEAD, OVERLAP = timedelta(days=1), timedelta(days=7)
"""What an operator who says nothing gets."""


class AnnouncementRefused(Exception):
    """Nothing was announced; one sentence that says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Change:
    """What was announced: its record number, the policies that will hold, and the new key of the log, if there is one."""

    record: str
    periods: tuple[Period, ...]
    new_key: Verifier | None


def announce(text: str, *, since: datetime, until: datetime | None, now: datetime) -> Change:
    """Announce that the policy `text` holds from `since`; with `until`, under a new key of the log, and the old one signs until then, too.

    `text` was judged (`ledger.policies.read_policy`); its lines of this log's own keys are written anew. `since` and `until` are whole
    seconds. Raises AnnouncementRefused; OSError when the key cannot be kept; LogClosed, LogFrozen.
    """
    _require_time(since, until, now)
    with transaction.atomic():
        # The row's lock: of two announcements at one moment, the second finds the first.
        LogState.objects.select_for_update().get(pk=1)
        _require_free(now)
        _require_change(text, since, with_key=until is not None)
        old = log_keys_at(now)
        key = None if until is None else make_log_key(log_origin()).verifier
        periods = _periods(text, [each.vkey for each in old], key, since, until)
        record = write_own_statement("key", policy_claims(periods, _signing(old, key, since, until)), now=now).record
    return Change(record, periods, key)


def _require_time(since: datetime, until: datetime | None, now: datetime) -> None:
    if since < now + LEAST_LEAD:
        raise AnnouncementRefused(f"The change must lie at least {LEAST_LEAD.seconds} s ahead: today's witnesses have to cosign it before.")
    if until is not None and until < since + LEAST_LEAD:
        raise AnnouncementRefused(f"Both keys must sign for at least {LEAST_LEAD.seconds} s, and for as long as the witnesses need.")


def _require_free(now: datetime) -> None:
    for announced in announcements():
        if announced.is_open(now):
            ends = announced.periods[-1].since
            raise AnnouncementRefused(f"The change {announced.record} is announced already: announce the next one after {ends:{MOMENT}}.")


def _require_change(text: str, since: datetime, *, with_key: bool) -> None:
    origin = log_origin()
    same = demands(Period(since, text).policy, origin) == demands(policy_at(since).policy, origin)
    if same and not with_key:
        raise AnnouncementRefused("The policy demands what the one in force does: nothing is to be announced. Addresses may change freely.")
    if not log_state().published_size and not with_key:
        raise AnnouncementRefused("Nothing was published yet: put the policy at CUNZHENG_POLICY, it holds from the beginning.")


def _periods(text: str, old: Sequence[str], key: Verifier | None, since: datetime, until: datetime | None) -> tuple[Period, ...]:
    first = Period(since, under_keys(text, log_origin(), [*old, key.vkey] if key else old))
    if key is None or until is None:
        return (first,)
    return first, Period(until, under_keys(text, log_origin(), [key.vkey]))


def _signing(
    old: Sequence[Verifier], key: Verifier | None, since: datetime, until: datetime | None
) -> list[tuple[str, datetime | None, datetime | None]]:
    """Which key signs from when until when; None: already, or until a later change."""
    kept: list[tuple[str, datetime | None, datetime | None]] = [(each.vkey, None, until) for each in old]
    return [*kept, (key.vkey, since, None)] if key else kept


def say_in_force(period: Period, *, now: datetime) -> OwnStatement | None:
    """Put in the log, once, that an announced policy is in force: a checkpoint under it follows at once, be there deposits or not."""
    announced = {each.since for change in announcements() if change.takes_effect for each in change.periods}
    if period.since not in announced or period.since in said_in_force():
        return None
    with transaction.atomic():
        state = LogState.objects.select_for_update().get(pk=1)
        if state.closing_at is not None or state.frozen_at is not None or period.since in said_in_force():
            return None
        return write_own_statement("key", in_force_claims(period), now=now)
