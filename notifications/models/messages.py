"""Where a person wants messages about new notices, and the messages: e-mail and SMS, each tried until it ended.

Addresses and numbers are sealed (`notifications.sealing`), bound to the person and the channel. A message holds no text: that is made
from the notice when it is sent. Rows go a month after they ended.
"""
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from accounts.models import Person
from notifications.models.notices import Notice
from notifications.schedule import MESSAGE_ATTEMPTS


class Channel(models.Model):
    """One way to a person, which he chose. No row: he gets nothing that way.

    `confirmed_at`: when whoever reads an address or a telephone said that it is his; until then nothing is sent there but how to say so.
    """

    EMAIL, SMS = "email", "sms"

    person = models.ForeignKey(Person, on_delete=models.PROTECT, db_index=False, related_name="channels", help_text="人员")
    kind = models.CharField(max_length=8, help_text="email 电子邮件、sms 短信")
    sealed_address = models.BinaryField(max_length=400, help_text="加密保存的邮箱或手机号码")
    language = models.CharField(max_length=10, help_text="语言")
    changed_at = models.DateTimeField(help_text="选择时间")
    confirmed_at = models.DateTimeField(null=True, help_text="邮箱或号码由其持有人确认的时间；为空则不向其发送通知")

    objects: ClassVar[models.Manager["Channel"]] = models.Manager()

    class Meta:
        verbose_name = "通知方式"
        constraints = [
            models.UniqueConstraint(fields=["person", "kind"], name="channel_one_of_a_kind"),
            models.CheckConstraint(condition=Q(kind__in=["email", "sms"]), name="channel_kind_known"),
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | Q(confirmed_at__gte=F("changed_at")), name="channel_confirmed_after_it_was_chosen"),
        ]


class Message(models.Model):
    """One notice for one person by one channel. `outcome` is empty while it is under way.

    `gateway_id`: what the gateway called it when it took it; it is asked then what became of it, `asked` times so far.
    """

    SENT, ACCEPTED, FAILED, DROPPED = "sent", "accepted", "failed", "dropped"

    ref = models.CharField(max_length=32, help_text="消息编号，每次尝试相同")
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, db_index=False, related_name="messages", help_text="通知")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, db_index=False, related_name="messages", help_text="收件人")
    channel = models.CharField(max_length=8, help_text="email 电子邮件、sms 短信")
    created_at = models.DateTimeField(help_text="生成时间")
    attempts = models.PositiveIntegerField(default=0, help_text="已尝试次数")
    asked = models.PositiveIntegerField(default=0, help_text="已查询状态的次数")
    next_attempt_at = models.DateTimeField(help_text="下次尝试或查询的时间")
    gateway_id = models.CharField(max_length=64, blank=True, help_text="短信网关的受理编号")
    trouble = models.CharField(max_length=40, blank=True, help_text="最近一次未成功的原因代码")
    outcome = models.CharField(max_length=10, blank=True, help_text="结果：sent 已送出、accepted 网关已受理、failed 失败、dropped 未发送")
    ended_at = models.DateTimeField(null=True, help_text="结束时间")

    objects: ClassVar[models.Manager["Message"]] = models.Manager()

    class Meta:
        verbose_name = "通知消息"
        constraints = [
            models.UniqueConstraint(fields=["ref"], name="message_ref_unique"),
            models.UniqueConstraint(fields=["notice", "person", "channel"], name="message_once_by_each_channel"),
            models.CheckConstraint(condition=Q(channel__in=["email", "sms"]), name="message_channel_known"),
            models.CheckConstraint(condition=Q(attempts__lte=MESSAGE_ATTEMPTS), name="message_attempts_bounded"),
            models.CheckConstraint(
                condition=Q(outcome="", ended_at=None) | Q(outcome__in=["sent", "accepted", "failed", "dropped"], ended_at__isnull=False),
                name="message_outcome_known"),
        ]
        indexes = [
            models.Index(fields=["person", "-id"], name="message_of_person"),
            models.Index(fields=["ended_at"], name="message_ended"),
        ]
