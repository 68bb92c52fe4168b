"""Sending letters about addresses, and codes to telephones: what they say, one attempt, and what becomes of it.

No letter names a person or an organisation: who reads it may be whoever was written to by mistake. Sent outside any transaction, as
messages about notices are. A crash between the server's yes and our row sends it again, under the same reference, with another link.
"""
import hashlib
import secrets
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from common.failpoints import reached
from common.jobs import Job, RunAgain
from notifications.channels import address_of
from notifications.letters import ASKING, CODE_LASTS, SEND_LETTER, address_of_letter, code_of
from notifications.mail import send_letter
from notifications.messages import FORGOTTEN_AT_ONCE, Letter, is_resting, rest_if_slow, resting_until
from notifications.models import AddressLetter, Channel
from notifications.outside import Away, Refused
from notifications.schedule import KEPT, next_message_attempt
from notifications.sms import send_sms

LINK_LASTS = timedelta(days=3)


def send_address_letter(letter_id: int, *, now: Callable[[], datetime] = timezone.now) -> None:
    """Job: one attempt to send one letter. Raises RunAgain when there is another one later."""
    letter = AddressLetter.objects.select_related("person", "application").filter(pk=letter_id, outcome="").first()
    if letter is None:
        return None
    if letter.next_attempt_at > now():
        raise RunAgain(letter.next_attempt_at)
    asks = letter.kind in ASKING.values()
    if asks and not _waits(letter):
        return _end(letter, AddressLetter.DROPPED, "not-concerned", now=now())
    if is_resting(_channel(letter)):
        raise RunAgain(resting_until(now=now()))
    return _send_code(letter, now) if letter.kind == AddressLetter.CODE else _send(letter, now)


def _channel(letter: AddressLetter) -> str:
    return Channel.SMS if letter.kind == AddressLetter.CODE else Channel.EMAIL


def _waits(letter: AddressLetter) -> bool:
    """Whether the address is still its person's, and not confirmed yet."""
    assert letter.person is not None
    channel = Channel.objects.filter(person=letter.person_id, kind=_channel(letter), confirmed_at=None).first()
    return channel is not None and letter.person.is_active and address_of(channel) == address_of_letter(letter)


def _send(letter: AddressLetter, now: Callable[[], datetime]) -> None:
    link, began = "", time.monotonic()
    if letter.kind == AddressLetter.CONFIRM:
        token = secrets.token_urlsafe(32)
        link = settings.PUBLIC_URL + reverse("address-confirmation", args=[token])
        digest = hashlib.sha256(token.encode()).digest()
        if _mine(letter).update(token_sha256=digest, expires_at=now() + LINK_LASTS) != 1:
            return None
    says, made = text_of(letter, link), letter.attempts + 1
    try:
        send_letter(address_of_letter(letter), says.subject, says.text, ref=letter.ref)
    except Refused as refused:
        return _end(letter, AddressLetter.FAILED, refused.code, now=now(), attempts=made)
    except Away as away:
        rest_if_slow(Channel.EMAIL, began)
        return _later(letter, next_message_attempt(made, now=now()), away.code, now=now(), attempts=made)
    reached("notifications.letter-sent")
    return _end(letter, AddressLetter.SENT, "", now=now(), attempts=made)


def _send_code(letter: AddressLetter, now: Callable[[], datetime]) -> None:
    """What a gateway took counts as sent: whoever has no SMS asks for another code before its fate is known."""
    made, began = letter.attempts + 1, time.monotonic()
    if letter.sealed_code is None or letter.expires_at is None or letter.expires_at <= now():
        return _end(letter, AddressLetter.DROPPED, "expired", now=now())
    try:
        with override(letter.language):
            send_sms(address_of_letter(letter), sms_with(code_of(letter)), ref=letter.ref)
    except Refused as refused:
        return _end(letter, AddressLetter.FAILED, refused.code, now=now(), attempts=made)
    except Away as away:
        rest_if_slow(Channel.SMS, began)
        return _later(letter, next_message_attempt(made, now=now()), away.code, now=now(), attempts=made)
    reached("notifications.letter-sent")
    return _end(letter, AddressLetter.SENT, "", now=now(), attempts=made)


def sms_with(code: str) -> str:
    """In the active language: what the code is for, and nothing of whose account it is."""
    minutes = CODE_LASTS // timedelta(minutes=1)
    return _("【存证】验证码 %(code)s，用于确认接收通知的手机号码，%(minutes)d 分钟内有效。如非本人操作，请忽略。") % {
        "code": code, "minutes": minutes}


def text_of(letter: AddressLetter, link: str) -> Letter:
    """In the person's language; an applicant, whose language nobody knows, reads both."""
    if letter.application is not None:
        said = []
        for language, _name in settings.LANGUAGES:
            with override(language):
                said.append(_about_decision(letter.application.reference))
        return Letter("[Cunzheng 存证] " + " · ".join(each.subject for each in said), "\n".join(each.text for each in said))
    with override(letter.language):
        said_once = _please_confirm(link) if letter.kind == AddressLetter.CONFIRM else _no_longer_used()
    return Letter(f"[Cunzheng 存证] {said_once.subject}", said_once.text)


def _please_confirm(link: str) -> Letter:
    return Letter(_("请确认此邮箱"), "\n".join([
        _("有用户填写了此邮箱，用于接收通知。如果是您，请打开以下链接并点击“确认”："), link, "",
        _("链接 %(days)d 天内有效，只能使用一次；重新发送后以最新一封为准。") % {"days": LINK_LASTS.days},
        _("如果不是您，请不必理会：未经确认，不会向此邮箱发送通知。"), ""]))


def _no_longer_used() -> Letter:
    return Letter(_("此邮箱不再用于接收通知"), "\n".join([
        _("您的账户更换或关闭了接收通知的邮箱，今后不再向此邮箱发送通知。"), "",
        _("如果不是您本人操作，请立即登录检查通知方式、登录记录和第二因素，并告知本机构管理员："), f"{settings.PUBLIC_URL}/account", ""]))


def _about_decision(reference: str) -> Letter:
    return Letter(_("准入申请有了结果"), "\n".join([
        _("编号 %(reference)s 的准入申请已有核查结果，请打开提交申请时保存的申请链接查看。") % {"reference": reference},
        _("本邮件由系统自动发送，不含申请内容。如果您没有提交过申请，请不必理会。"), ""]))


def _later(letter: AddressLetter, at: datetime | None, trouble: str, *, now: datetime, attempts: int) -> None:
    if at is None:
        return _end(letter, AddressLetter.FAILED, trouble, now=now, attempts=attempts)
    if _mine(letter).update(next_attempt_at=at, trouble=trouble, attempts=attempts) == 1:
        raise RunAgain(at)
    return None


def _end(letter: AddressLetter, outcome: str, trouble: str, *, now: datetime, **values: int) -> None:
    _mine(letter).update(outcome=outcome, trouble=trouble, ended_at=now, **values)


def _mine(letter: AddressLetter) -> QuerySet[AddressLetter]:
    """The row, unless another address or a worker that had outlived its lease has moved it already."""
    return AddressLetter.objects.filter(pk=letter.pk, attempts=letter.attempts, outcome="")


def forget_letters(*, now: datetime) -> int:
    """Remove letters that ended more than a month ago, with their jobs; how many. Their links ended long before."""
    forgotten, old = 0, AddressLetter.objects.filter(ended_at__lt=now - KEPT).order_by("ended_at").values_list("id", flat=True)
    while ids := list(old[:FORGOTTEN_AT_ONCE]):
        with transaction.atomic():
            Job.objects.filter(kind=SEND_LETTER, subject_id__in=ids).delete()
            AddressLetter.objects.filter(pk__in=ids).delete()
        forgotten += len(ids)
    return forgotten
