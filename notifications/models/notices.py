"""Notices to an organisation or to one of its members, and who has read them. Nothing in them is personal."""
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from accounts.models import Organisation, Person
from notifications.kinds import KINDS


class Notice(models.Model):
    """A row of an organisation's inbox: what happened (`kind`) to what (`subject`, an opaque id), and when one of its machines read it.

    With a `person` it concerns that member alone, and is none of the machines'.
    """

    ref = models.CharField(max_length=32, help_text="对外使用的随机编号，32 位十六进制")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, db_index=False, related_name="notices", help_text="所属机构")
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, db_index=False, related_name="notices", help_text="只与此人有关；为空则与机构有关")
    kind = models.CharField(max_length=40, help_text="种类")
    subject = models.CharField(max_length=64, help_text="涉及对象的编号，不含个人信息")
    count = models.PositiveIntegerField(null=True, help_text="涉及的案件数")
    created_at = models.DateTimeField(help_text="通知时间")
    read_at = models.DateTimeField(null=True, help_text="机构系统的阅读时间")

    objects: ClassVar[models.Manager["Notice"]] = models.Manager()

    class Meta:
        verbose_name = "站内通知"
        constraints = [
            models.UniqueConstraint(fields=["ref"], name="notice_ref_unique"),
            models.CheckConstraint(condition=Q(kind__in=sorted(KINDS)), name="notice_kind_known"),
            models.CheckConstraint(condition=Q(read_at=None) | Q(read_at__gte=F("created_at")), name="notice_read_after_it_came"),
            models.CheckConstraint(condition=Q(count=None) | Q(count__gt=0), name="notice_counts_something"),
        ]
        indexes = [models.Index(fields=["organisation", "-id"], name="notice_inbox")]


class NoticeReading(models.Model):
    """That a person has read a notice; for everybody else it stays unread."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, db_index=False, related_name="readings", help_text="通知")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", help_text="阅读人")
    at = models.DateTimeField(help_text="阅读时间")

    objects: ClassVar[models.Manager["NoticeReading"]] = models.Manager()

    class Meta:
        verbose_name = "通知阅读"
        constraints = [models.UniqueConstraint(fields=["notice", "person"], name="notice_read_once")]
