"""Writes of notices: left in the transaction of what happened, together with the messages that people chose to have about them."""
import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts.models import Membership
from accounts.viewer import Viewer
from common.jobs import wake_jobs
from notifications.kinds import roles_for
from notifications.models import Channel, Message, Notice, NoticeReading
from notifications.selectors import inbox_of, is_unread

SEND_MESSAGE = "notifications.send-message"
READ_AT_ONCE = 1000


def leave_notices(organisation_ids: Sequence[int], *, kind: str, subject: str, now: datetime, count: int | None = None) -> None:
    """The same notice into the inbox of each of these organisations; `subject` is an id of ours, `count` of cases."""
    _leave([
        Notice(ref=secrets.token_hex(16), organisation_id=id_, kind=kind, subject=subject, count=count, created_at=now)
        for id_ in organisation_ids])


def leave_notice_to(person_id: int, organisation_id: int, *, kind: str, subject: str, now: datetime, count: int) -> None:
    """A notice to one member of the organisation."""
    _leave([Notice(
        ref=secrets.token_hex(16), organisation_id=organisation_id, person_id=person_id, kind=kind, subject=subject, count=count,
        created_at=now)])


def _leave(notices: Sequence[Notice]) -> None:
    """In the caller's transaction: a notice stands and falls with what it tells of, and so do the messages about it."""
    with transaction.atomic():
        made = Notice.objects.bulk_create(notices)
        messages = [message for notice in made for message in _messages(notice)]
        if messages:
            queued = Message.objects.bulk_create(messages)
            wake_jobs(SEND_MESSAGE, [message.pk for message in queued], now=queued[0].created_at)


def _messages(notice: Notice) -> list[Message]:
    """One for each channel of each member whom it concerns."""
    members = Membership.objects.filter(organisation_id=notice.organisation_id, until=None, role__in=sorted(roles_for(notice.kind)))
    if notice.person_id is not None:
        members = members.filter(person_id=notice.person_id)
    channels = Channel.objects.filter(person__in=members.values("person"), person__deactivated_at=None).order_by("id")
    return [Message(
        ref=secrets.token_hex(16), notice=notice, person_id=channel.person_id, channel=channel.kind, created_at=notice.created_at,
        next_attempt_at=notice.created_at) for channel in channels]


def read_by_machine(notice: Notice, *, now: datetime) -> None:
    """A system of the organisation has read it; the first time counts."""
    Notice.objects.filter(pk=notice.pk, read_at=None).update(read_at=max(now, notice.created_at))


def read_notices(viewer: Viewer, *, up_to: int, only: str = "", now: datetime) -> None:
    """The viewer has read what he saw: every notice of his inbox whose id is not above `up_to`; the one of this ref where given."""
    person = viewer.person
    assert person is not None
    rows = inbox_of(viewer).filter(is_unread(person), pk__lte=up_to)
    if only:
        rows = rows.filter(ref=only)
    while ids := list(rows.values_list("id", flat=True)[:READ_AT_ONCE]):
        NoticeReading.objects.bulk_create([NoticeReading(notice_id=id_, person=person, at=now) for id_ in ids], ignore_conflicts=True)
