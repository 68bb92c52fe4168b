"""When a delivery is tried, how long an endpoint that fails is left alone, and when it is given up: all of it, and nowhere else.

The ten attempts of the Standard Webhooks specification, over 75 h 35 min. An endpoint that fails is probed with one delivery at a time,
more and more rarely: a receiver that hangs must not hold the worker, which has timestamps to fetch.
Source: Standard Webhooks, "Deliverability and reliability".
"""
from datetime import datetime, timedelta

# The pause before each attempt, the first without one.
PAUSES = (
    timedelta(), timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5),
    timedelta(hours=10), timedelta(hours=14), timedelta(hours=20), timedelta(hours=24),
)
ATTEMPTS = len(PAUSES)
WHOLE = sum(PAUSES, timedelta())
"""From the first attempt to the last one; an endpoint that failed as long as this without one success is disabled."""
LONGEST_REST = timedelta(minutes=15)
KEPT = timedelta(days=30)
"""How long a delivery that has ended stays in the log."""


def next_attempt(made: int, *, now: datetime) -> datetime | None:
    """When a delivery is due again after `made` ≥ 1 failed attempts; None when that was the last one."""
    return now + PAUSES[made] if made < ATTEMPTS else None


def rest(failures: int) -> timedelta:
    """How long an endpoint is left alone after so many (≥ 1) rounds without a success."""
    return min(PAUSES[min(failures, ATTEMPTS - 1)], LONGEST_REST)


def is_given_up(failing_since: datetime, *, now: datetime) -> bool:
    """Whether an endpoint has failed too long."""
    return now - failing_since >= WHOLE


# Messages to people: the pause before each attempt, and before each question to an SMS gateway that took one.
MESSAGE_PAUSES = (timedelta(), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=4), timedelta(hours=12))
MESSAGE_ATTEMPTS = len(MESSAGE_PAUSES)
QUESTION_PAUSES = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=12))
MOST_A_DAY = 30
"""Messages to one person by one channel within 24 hours; whoever has more to read finds it in the inbox."""


def next_message_attempt(made: int, *, now: datetime) -> datetime | None:
    """When a message is tried again after `made` ≥ 1 failed attempts; None when that was the last one."""
    return now + MESSAGE_PAUSES[made] if made < MESSAGE_ATTEMPTS else None


def next_question(asked: int, *, now: datetime) -> datetime | None:
    """When the gateway is asked again after `asked` answers that said nothing; None when it is asked no more."""
    return now + QUESTION_PAUSES[asked] if asked < len(QUESTION_PAUSES) else None
