"""Letters to an e-mail address that are about no notice: please confirm it, it is used no longer, an application has a result; and the SMS
with the code that confirms a telephone number.

Addresses are sealed: a person's as his channel's is, an applicant's bound to his application. A letter holds no text, and of the link to
confirm only the token's digest, from when it is sent until it is used. A code of six digits would be guessed from its digest, so it is
sealed, until it is used, void or typed wrong too often. Rows go a month after they ended.
"""
from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.models import Application, Person
from notifications.schedule import MESSAGE_ATTEMPTS

MOST_TRIES = 5
"""How often a code may be typed. Of a million codes five are guessed once in 200,000 letters, and a day has five."""


class AddressLetter(models.Model):
    """One letter. `outcome` is empty while it is under way."""

    CONFIRM, REPLACED, DECIDED, CODE = "confirm", "replaced", "decided", "code"
    SENT, FAILED, DROPPED = "sent", "failed", "dropped"

    ref = models.CharField(max_length=32, help_text="信件编号，每次尝试相同")
    kind = models.CharField(max_length=10, help_text="confirm 请确认邮箱、replaced 邮箱不再使用、decided 准入申请有了结果、code 手机验证码")
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="邮箱所属人员")
    application = models.ForeignKey(
        Application, null=True, on_delete=models.PROTECT, related_name="+", help_text="准入申请；此时收件人是其联系邮箱")
    sealed_address = models.BinaryField(max_length=400, help_text="加密保存的邮箱或手机号码")
    language = models.CharField(max_length=10, blank=True, help_text="语言；为空则两种语言")
    created_at = models.DateTimeField(help_text="生成时间")
    attempts = models.PositiveIntegerField(default=0, help_text="已尝试次数")
    next_attempt_at = models.DateTimeField(help_text="下次尝试时间")
    trouble = models.CharField(max_length=40, blank=True, help_text="最近一次未成功的原因代码")
    outcome = models.CharField(max_length=10, blank=True, help_text="结果：sent 已送出、failed 失败、dropped 未发送")
    ended_at = models.DateTimeField(null=True, help_text="结束时间")
    token_sha256 = models.BinaryField(null=True, max_length=32, help_text="确认链接令牌的 SHA-256；令牌本身不保存")
    expires_at = models.DateTimeField(null=True, help_text="确认链接的失效时间")
    sealed_code = models.BinaryField(null=True, max_length=400, help_text="加密保存的验证码；使用、作废后不再保存")
    tries = models.PositiveSmallIntegerField(default=0, help_text="验证码已输入的次数")
    used_at = models.DateTimeField(null=True, help_text="确认链接或验证码的使用时间")

    objects: ClassVar[models.Manager["AddressLetter"]] = models.Manager()

    class Meta:
        verbose_name = "邮箱信件"
        constraints = [
            models.UniqueConstraint(fields=["ref"], name="address_letter_ref_unique"),
            models.UniqueConstraint(fields=["token_sha256"], name="address_letter_token_unique"),
            models.CheckConstraint(
                condition=Q(kind__in=["confirm", "replaced", "code"], person__isnull=False, application=None) | Q(
                    kind="decided", person=None, application__isnull=False),
                name="address_letter_to_somebody"),
            models.CheckConstraint(
                condition=Q(token_sha256=None, sealed_code=None, expires_at=None) | Q(
                    kind="confirm", token_sha256__isnull=False, sealed_code=None, expires_at__isnull=False, used_at=None) | Q(
                    kind="code", token_sha256=None, sealed_code__isnull=False, expires_at__isnull=False, used_at=None),
                name="address_letter_token_is_live"),
            models.CheckConstraint(condition=Q(used_at=None) | Q(kind__in=["confirm", "code"]), name="address_letter_used_to_confirm"),
            models.CheckConstraint(condition=Q(tries__lte=MOST_TRIES), name="address_letter_tries_bounded"),
            models.CheckConstraint(condition=Q(attempts__lte=MESSAGE_ATTEMPTS), name="address_letter_attempts_bounded"),
            models.CheckConstraint(
                condition=Q(outcome="", ended_at=None) | Q(outcome__in=["sent", "failed", "dropped"], ended_at__isnull=False),
                name="address_letter_outcome_known"),
        ]
        indexes = [
            models.Index(fields=["person", "-id"], name="address_letter_of_person"),
            models.Index(fields=["ended_at"], name="address_letter_ended"),
        ]
