"""Webhook endpoints with their secrets, deliveries and attempts.

No row holds anything personal: a delivery's body names a record by its number and says what happened to it and when. Rows go when their
endpoint is deleted, or a month after a delivery ended: this is a log for integrators, and no evidence.
"""
from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.models import Organisation
from notifications.events import KINDS, TEST
from notifications.schedule import ATTEMPTS

ANSWER_CHARACTERS = 200


class WebhookEndpoint(models.Model):
    """One address of an organisation's. `failures`: rounds without a success since the last one; `failing_since`: when they began."""

    GONE, FAILING = "gone", "failing"

    ref = models.CharField(max_length=32, help_text="对外使用的随机编号，32 位十六进制")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="webhooks", help_text="所属机构")
    url = models.CharField(max_length=500, help_text="接收地址")
    created_at = models.DateTimeField(help_text="建立时间")
    failures = models.PositiveIntegerField(default=0, help_text="自上次成功以来连续失败的轮数")
    failing_since = models.DateTimeField(null=True, help_text="连续失败的开始时间")
    rests_until = models.DateTimeField(null=True, help_text="失败后在此之前不再尝试")
    disabled_at = models.DateTimeField(null=True, help_text="停用时间")
    disabled_for = models.CharField(max_length=16, blank=True, help_text="停用原因：gone 接收方答复 410、failing 长期失败")

    objects: ClassVar[models.Manager["WebhookEndpoint"]] = models.Manager()

    class Meta:
        verbose_name = "事件推送地址"
        constraints = [
            models.UniqueConstraint(fields=["ref"], name="webhook_endpoint_ref_unique"),
            models.CheckConstraint(
                condition=Q(disabled_at=None, disabled_for="") | Q(disabled_at__isnull=False, disabled_for__in=["gone", "failing"]),
                name="webhook_endpoint_disabled_for_a_reason"),
            models.CheckConstraint(
                condition=Q(failures=0, failing_since=None, rests_until=None) | Q(failures__gt=0, failing_since__isnull=False),
                name="webhook_endpoint_fails_since_a_time"),
        ]

    def __str__(self) -> str:
        return self.ref


class WebhookSubscription(models.Model):
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.PROTECT, db_index=False, related_name="subscriptions", help_text="推送地址")
    event = models.CharField(max_length=40, help_text="事件种类")

    objects: ClassVar[models.Manager["WebhookSubscription"]] = models.Manager()

    class Meta:
        verbose_name = "订阅的事件"
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="webhook_subscription_unique"),
            models.CheckConstraint(condition=Q(event__in=sorted(KINDS)), name="webhook_subscription_event_known"),
        ]


class WebhookSecret(models.Model):
    """A signing secret, sealed (`notifications.sealing`). The current one has no end; the one before it signs too until its own."""

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, related_name="secrets", help_text="推送地址")
    sealed = models.BinaryField(max_length=128, help_text="加密保存的签名密钥")
    created_at = models.DateTimeField(help_text="生成时间")
    ends_at = models.DateTimeField(null=True, help_text="此后不再用于签名；为空表示当前密钥")

    objects: ClassVar[models.Manager["WebhookSecret"]] = models.Manager()

    class Meta:
        verbose_name = "推送签名密钥"
        constraints = [
            models.UniqueConstraint(fields=["endpoint"], condition=Q(ends_at=None), name="webhook_secret_one_current"),
            models.UniqueConstraint(fields=["endpoint"], condition=Q(ends_at__isnull=False), name="webhook_secret_one_ending"),
        ]


class WebhookDelivery(models.Model):
    """One event for one endpoint; `message_id` is its webhook-id in every attempt. `outcome` is empty while it is under way."""

    DELIVERED, FAILED, DROPPED = "delivered", "failed", "dropped"

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, db_index=False, related_name="deliveries", help_text="推送地址")
    message_id = models.CharField(max_length=64, help_text="消息编号，每次尝试相同")
    event = models.CharField(max_length=40, help_text="事件种类")
    body = models.TextField(help_text="发送的正文")
    created_at = models.DateTimeField(help_text="生成时间")
    attempts = models.PositiveIntegerField(default=0, help_text="已尝试次数")
    next_attempt_at = models.DateTimeField(help_text="下次尝试时间")
    outcome = models.CharField(max_length=16, blank=True, help_text="结果：delivered 已送达、failed 次数用尽、dropped 因停用放弃")
    ended_at = models.DateTimeField(null=True, help_text="结束时间")

    objects: ClassVar[models.Manager["WebhookDelivery"]] = models.Manager()

    class Meta:
        verbose_name = "事件推送"
        constraints = [
            models.UniqueConstraint(fields=["message_id"], name="webhook_delivery_message_unique"),
            models.UniqueConstraint(fields=["endpoint"], condition=Q(event=TEST, outcome=""), name="webhook_delivery_one_open_test"),
            models.CheckConstraint(condition=Q(attempts__lte=ATTEMPTS), name="webhook_delivery_attempts_bounded"),
            models.CheckConstraint(
                condition=Q(outcome="", ended_at=None) | Q(outcome__in=["delivered", "failed", "dropped"], ended_at__isnull=False),
                name="webhook_delivery_outcome_known"),
        ]
        indexes = [
            models.Index(fields=["endpoint", "next_attempt_at"], condition=Q(outcome=""), name="webhook_delivery_due"),
            models.Index(fields=["endpoint", "-id"], name="webhook_delivery_log"),
            models.Index(fields=["ended_at"], name="webhook_delivery_ended"),
        ]


class WebhookAttempt(models.Model):
    """One request of a delivery: the answer's status, or the reason why there was none; of the answer's body a neutralised beginning."""

    delivery = models.ForeignKey(
        WebhookDelivery, on_delete=models.PROTECT, db_index=False, related_name="log", help_text="推送")
    number = models.PositiveIntegerField(help_text="第几次尝试，从 1 起")
    at = models.DateTimeField(help_text="开始时间")
    duration_ms = models.PositiveIntegerField(help_text="用时（毫秒）")
    status = models.PositiveIntegerField(null=True, help_text="应答的 HTTP 状态码；为空表示没有应答")
    trouble = models.CharField(max_length=40, blank=True, help_text="没有应答的原因代码")
    answer = models.CharField(max_length=ANSWER_CHARACTERS, blank=True, help_text="应答正文的开头，控制字符已替换")

    objects: ClassVar[models.Manager["WebhookAttempt"]] = models.Manager()

    class Meta:
        verbose_name = "推送尝试"
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="webhook_attempt_number_unique"),
            models.CheckConstraint(condition=Q(number__gte=1, number__lte=ATTEMPTS), name="webhook_attempt_number_in_range"),
            models.CheckConstraint(
                condition=Q(status__isnull=False, trouble="") | (Q(status=None) & ~Q(trouble="")),
                name="webhook_attempt_answer_or_trouble"),
        ]
