"""What an organisation's systems can be told of, and the bytes that say so.

A body holds the event's kind, its time and a record's number and state: nothing of a person, a case or a file, for it leaves the building
and lies in the receiver's logs. The receiver asks the API, with its key, for the rest.
Source: Standard Webhooks, "Payload structure".
"""
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime

from tlog.times import format_time

MESSAGE_ID = re.compile(r"msg_[0-9a-f]{40}", re.ASCII)
RECORD_TIMESTAMPED = "record.timestamped"
KINDS = frozenset({RECORD_TIMESTAMPED})
"""What an endpoint can subscribe to."""
TEST = "webhook.test"
"""Sent when it is asked for, to any endpoint."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to one record of one organisation, at a time; `state` is the record's state then."""

    kind: str
    organisation_id: int
    record: str
    state: str
    at: datetime


def message_id(event: Event, endpoint_ref: str) -> str:
    """The webhook-id of this event for this endpoint: the same whoever computes it, however often."""
    return "msg_" + hashlib.sha256(f"{event.kind}\n{event.record}\n{endpoint_ref}".encode()).hexdigest()[:40]


def body_of(event: Event) -> str:
    return _body(event.kind, event.at, {"record": event.record, "state": event.state})


def body_of_test(endpoint_ref: str, *, now: datetime) -> str:
    """The body of a test event: which endpoint it is for."""
    return _body(TEST, now, {"webhook": endpoint_ref})


def _body(kind: str, at: datetime, data: dict[str, str]) -> str:
    moment = at.replace(microsecond=at.microsecond // 1000 * 1000)
    return json.dumps({"type": kind, "timestamp": format_time(moment), "data": data}, separators=(",", ":"))
