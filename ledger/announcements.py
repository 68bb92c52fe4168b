"""The changes of key and policy that the log itself announced, and whether each was announced in time.

A `key` entry with the claim `policy` holds the policies that are to come, each with its beginning. They take effect when the entry was in a
published checkpoint, which bears the quorum of the policy before them, at least `SETTLED` before the first of them begins; otherwise the
announcement has lapsed and changes nothing. Both follow from rows that are never changed, so every process comes to the same answer.

    policy            {"periods": [{"from", "text"}, …], "log_keys": [{"vkey", "from", "until"}, …]}     null: before, or for good
    policy_in_force   {"from", "sha256"}             written when one of the periods begins; hex SHA-256 of its text

What this does not do: write an announcement (`ledger.announcing`), or record what took effect (`ledger.policies`).

Source: formats A1, A2 (entry kind `key`), A6; threats, "Log-key compromise".
"""
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.core.exceptions import ImproperlyConfigured

from ledger.models import OwnStatement
from ledger.own_claims import claims_of
from ledger.policy_text import Period
from ledger.selectors import facts_for
from tlog.canonical import Json
from tlog.errors import VerificationError
from tlog.times import format_time, parse_time

POLICY, IN_FORCE = "policy", "policy_in_force"
SETTLED = timedelta(seconds=5)
"""Longer than a publication takes to reach every process: none publishes under the old policy when another has changed to the new one."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """The policies that a `key` entry announced, in order; `published_at`: when a checkpoint with it was published, None while none was."""

    record: str
    periods: tuple[Period, ...]
    published_at: datetime | None

    @property
    def takes_effect(self) -> bool:
        return self.published_at is not None and self.published_at <= self.latest

    @property
    def latest(self) -> datetime:
        """The moment by which it has to be published."""
        return self.periods[0].since - SETTLED

    def is_open(self, now: datetime) -> bool:
        """Whether something of it is still to come: until its last policy begins, or until it has lapsed."""
        return now < self.periods[-1].since if self.takes_effect else self.published_at is None and now < self.latest


def announcements() -> list[Announcement]:
    """Every announcement, in the order in which they were written. Raises ImproperlyConfigured when one cannot be read."""
    found = [(own, periods) for own, claims in _statements() if (periods := _periods(claims.get(POLICY)))]
    facts = facts_for([own.ticket for own, _ in found]) if found else {}
    return [Announcement(own.record, periods, facts[own.ticket].published_at) for own, periods in found]


def said_in_force() -> set[datetime]:
    """The beginnings of policies of which the log says that they are in force."""
    values = [claims.get(IN_FORCE) for _, claims in _statements()]
    return {parse_time(str(value["from"])) for value in values if isinstance(value, dict)}


def policy_claims(periods: Sequence[Period], keys: Sequence[tuple[str, datetime | None, datetime | None]]) -> dict[str, dict[str, object]]:
    """The claims of an announcement; `keys` are (vkey, signs from, signs until): None when it signs already, or for good."""
    return {POLICY: {
        "periods": [{"from": format_time(period.since), "text": period.text} for period in periods],
        "log_keys": [{"vkey": vkey, "from": _time(since), "until": _time(until)} for vkey, since, until in keys],
    }}


def in_force_claims(period: Period) -> dict[str, dict[str, object]]:
    """The claims of the statement that a policy is in force."""
    return {IN_FORCE: {"from": format_time(period.since), "sha256": hashlib.sha256(period.text.encode()).hexdigest()}}


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)


def _statements() -> Iterator[tuple[OwnStatement, Mapping[str, Json]]]:
    for own in OwnStatement.objects.filter(kind="key").order_by("id"):
        yield own, _claims(own.record, bytes(own.statement), bytes(own.claims))


# The rows are never changed, and every page asks for them.
@lru_cache(maxsize=64)
def _claims(record: str, statement: bytes, claims: bytes) -> Mapping[str, Json]:
    try:
        return claims_of(OwnStatement(record=record, statement=statement, claims=claims))
    except VerificationError as damaged:
        raise ImproperlyConfigured(f"The statement {record} cannot be read ({damaged}): run `manage.py fsck`.") from damaged


def _periods(value: Json) -> tuple[Period, ...]:
    """The periods in the claim `policy`; () without one. What stands in it was written by `policy_claims`, and its salted digests held."""
    if not isinstance(value, dict):
        return ()
    periods = value["periods"]
    assert isinstance(periods, list)
    return tuple(Period(parse_time(str(each["from"])), str(each["text"])) for each in periods if isinstance(each, dict))
