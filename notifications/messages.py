"""Messages about notices, by e-mail and SMS: what they say, sending one, and what becomes of it.

A message says that there is something to read, what sort of thing, its number, and where; no name, no telephone number, nothing of a case.
Sent outside any transaction. A message whose person left, closed the channel, has not confirmed the address or number or has had thirty
today is dropped, and so is one to members of an organisation that is suspended, unless it is for those who are shut out, too.
A crash between the server's yes and our row sends it again, under the same reference.
"""
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import Membership
from common.failpoints import reached
from common.jobs import Job, RunAgain
from notifications.channels import address_of
from notifications.kinds import KINDS, roles_for
from notifications.mail import send_letter
from notifications.models import Channel, Message, Notice
from notifications.noticing import SEND_MESSAGE
from notifications.outside import Away, Refused
from notifications.schedule import KEPT, MOST_A_DAY, next_message_attempt, next_question
from notifications.sms import fate_of, send_sms

FORGOTTEN_AT_ONCE = 1000
SLOW_S, RESTS_S = 3.0, 60.0
RESTING: dict[str, float] = {}
"""Channels whose server kept this process waiting in vain, and until when (monotonic) nothing is tried: the worker has stamps to fetch."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    text: str


def letter_about(notice: Notice) -> Letter:
    """In the active language."""
    said, where = sentence_of(notice), (_("请登录后在通知中心查看："), f"{settings.PUBLIC_URL}/inbox")
    if not notice.organisation.working:
        where = (_("恢复前通知中心不能打开；登录后可在“我的账户”看到机构是否启用，其余请联系运营方："), f"{settings.PUBLIC_URL}/account")
    text = "\n".join([
        said, _("编号：%(ref)s") % {"ref": notice.ref}, "", *where, "",
        _("本邮件由系统自动发送，不含案件内容和个人信息。不想再收到，请在“我的账户”的通知方式中关闭。"), ""])
    return Letter(f"[Cunzheng 存证] {said}", text)


def sms_about(notice: Notice) -> str:
    """In the active language: which service, the notice's short number, where to look; no more, for anybody may see a screen."""
    host = urlsplit(settings.PUBLIC_URL).netloc
    return _("【存证】您有一条新通知（%(ref)s），请登录 %(host)s 查看。") % {"ref": notice.ref[:8], "host": host}


def sentence_of(notice: Notice) -> str:
    """What the notice says, with the number of cases where there is one; in the active language."""
    said = str(KINDS[notice.kind].sentence)
    return said if notice.count is None else _("%(said)s（%(count)s 件）") % {"said": said, "count": notice.count}


def send_message(message_id: int, *, now: Callable[[], datetime] = timezone.now) -> None:
    """Job: the next step of one message. Raises RunAgain when there is another one later."""
    message = Message.objects.select_related("notice__organisation", "person").filter(pk=message_id, outcome="").first()
    if message is None:
        return None
    if message.next_attempt_at > now():
        raise RunAgain(message.next_attempt_at)
    if message.gateway_id:
        # It is on its way, whoever left or closed the channel since: what becomes of it is the gateway's to say.
        return _ask(message, now)
    channel = Channel.objects.filter(person=message.person_id, kind=message.channel).first()
    reason = _why_not(message, channel, now())
    if channel is None or reason:
        _end(message, Message.DROPPED, reason, now=now())
    elif is_resting(message.channel):
        raise RunAgain(resting_until(now=now()))
    else:
        _send(message, channel, now)
    return None


def is_resting(channel: str) -> bool:
    """Whether this process leaves the channel's server alone for now."""
    return RESTING.get(channel, 0.0) > time.monotonic()


def resting_until(*, now: datetime) -> datetime:
    """When a server that is left alone is tried again."""
    return now + timedelta(seconds=RESTS_S)


def rest_if_slow(channel: str, began: float) -> None:
    """Leave the channel's server alone if it has kept this process waiting in vain since `began` (monotonic)."""
    if time.monotonic() - began > SLOW_S:
        RESTING[channel] = time.monotonic() + RESTS_S


def _why_not(message: Message, channel: Channel | None, now: datetime) -> str:
    """Why the message is not to be sent any more; "" when it is."""
    notice = message.notice
    shut_out = KINDS[notice.kind].shut_out
    member = Q(until=None) | Q(until__gte=notice.created_at) if shut_out else Q(until=None)
    here = Membership.objects.filter(
        member, person=message.person_id, organisation=notice.organisation_id, role__in=sorted(roles_for(notice.kind)))
    if channel is None:
        return "channel-closed"
    if channel.confirmed_at is None:
        return "address-unconfirmed"
    if not notice.organisation.working and not shut_out:
        return "organisation-suspended"
    if not message.person.is_active or not here.exists():
        return "not-concerned"
    if not message.attempts:
        tried = Message.objects.filter(person=message.person_id, channel=message.channel, attempts__gt=0, created_at__gt=now - DAY)
        if tried.count() >= MOST_A_DAY:
            return "too-many-today"
    return ""


def _send(message: Message, channel: Channel, now: Callable[[], datetime]) -> None:
    address, gateway_id, began = address_of(channel), "", time.monotonic()
    try:
        with override(channel.language):
            if message.channel == Channel.SMS:
                gateway_id = send_sms(address, sms_about(message.notice), ref=message.ref)
            else:
                letter = letter_about(message.notice)
                send_letter(address, letter.subject, letter.text, ref=message.ref)
    except Refused as refused:
        return _end(message, Message.FAILED, refused.code, now=now(), attempts=message.attempts + 1)
    except Away as away:
        made = message.attempts + 1
        rest_if_slow(message.channel, began)
        return _later(message, next_message_attempt(made, now=now()), Message.FAILED, now=now(), attempts=made, trouble=away.code)
    reached("notifications.message-sent")
    if not gateway_id:
        return _end(message, Message.SENT, "", now=now(), attempts=message.attempts + 1)
    return _later(message, next_question(0, now=now()), Message.ACCEPTED, now=now(), attempts=message.attempts + 1, gateway_id=gateway_id,
                  trouble="")


def _ask(message: Message, now: Callable[[], datetime]) -> None:
    """What the gateway says of what it took."""
    trouble, asked = "", message.asked + 1
    try:
        delivered = fate_of(message.gateway_id, ref=message.ref)
    except Away as away:
        delivered, trouble = None, away.code
    if delivered is None:
        return _later(message, next_question(asked, now=now()), Message.ACCEPTED, now=now(), asked=asked, trouble=trouble)
    return _end(message, Message.SENT if delivered else Message.FAILED, "" if delivered else "sms-not-delivered", now=now(), asked=asked)


def _later(message: Message, at: datetime | None, last: str, *, now: datetime, **values: object) -> None:
    """Write the step down and come again at `at`; where that is None, it ends as `last`."""
    if at is None:
        return _end(message, last, str(values.pop("trouble", "")), now=now, **values)
    if _mine(message).update(next_attempt_at=at, **values) == 1:
        raise RunAgain(at)
    return None


def _end(message: Message, outcome: str, trouble: str, *, now: datetime, **values: object) -> None:
    _mine(message).update(outcome=outcome, trouble=trouble, ended_at=now, **values)


def _mine(message: Message) -> QuerySet[Message]:
    """The row, unless a worker that had outlived its lease has moved it already."""
    return Message.objects.filter(pk=message.pk, attempts=message.attempts, asked=message.asked, outcome="")


def forget_messages(*, now: datetime) -> int:
    """Remove messages that ended more than a month ago, with their jobs; how many."""
    forgotten, old = 0, Message.objects.filter(ended_at__lt=now - KEPT).order_by("ended_at").values_list("id", flat=True)
    while ids := list(old[:FORGOTTEN_AT_ONCE]):
        with transaction.atomic():
            Job.objects.filter(kind=SEND_MESSAGE, subject_id__in=ids).delete()
            Message.objects.filter(pk__in=ids).delete()
        forgotten += len(ids)
    return forgotten
