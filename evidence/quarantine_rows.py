"""Rows of quarantines (隔离) and of how people end them, beside `evidence.models`, which is as long as a file may be."""
from typing import ClassVar

from django.db import models

from accounts.models import Person


class Quarantine(models.Model):
    """A record's originals are not given out, because they changed or hold malware. People end it, for a reason; or a repair, nobody."""

    class Cause(models.TextChoices):
        FIXITY = "fixity", "原件与存证时不符"
        MALWARE = "malware", "检出恶意程序"

    evidence = models.ForeignKey(
        "evidence.Evidence", on_delete=models.PROTECT, db_index=False, related_name="quarantines", help_text="存证记录")
    cause = models.CharField(max_length=16, choices=Cause.choices, help_text="原因种类")
    reason = models.CharField(max_length=500, help_text="发现的情况")
    began_at = models.DateTimeField(help_text="隔离时间")
    ended_at = models.DateTimeField(null=True, help_text="解除时间")
    ended_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="解除人")
    why_ended = models.CharField(max_length=500, blank=True, help_text="解除理由")

    objects: ClassVar[models.Manager["Quarantine"]] = models.Manager()

    class Meta:
        verbose_name = "隔离"
        constraints = [
            models.UniqueConstraint(fields=["evidence"], condition=models.Q(ended_at=None), name="quarantine_one_at_a_time"),
            models.CheckConstraint(condition=models.Q(cause__in=["fixity", "malware"]), name="quarantine_cause_known"),
            models.CheckConstraint(
                condition=models.Q(ended_at=None, ended_by=None, why_ended="")
                | (models.Q(ended_at__gte=models.F("began_at")) & (models.Q(ended_by__isnull=False) | models.Q(cause="fixity"))
                   & ~models.Q(why_ended="")),
                name="quarantine_ended_by_somebody_for_a_reason"),
        ]


class Release(models.Model):
    """That somebody asks for the end of a quarantine, for a reason; a second person agrees, and then the originals are read again."""

    quarantine = models.ForeignKey(Quarantine, on_delete=models.PROTECT, db_index=False, related_name="releases", help_text="隔离")
    reason = models.CharField(max_length=500, help_text="解除理由")
    proposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="提出人")
    proposed_at = models.DateTimeField(help_text="提出时间")
    approved_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="复核人")
    approved_at = models.DateTimeField(null=True, help_text="复核时间")
    withdrawn_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="撤回人")
    withdrawn_at = models.DateTimeField(null=True, help_text="撤回时间")
    failed_at = models.DateTimeField(null=True, help_text="重新核对仍不符的时间")

    objects: ClassVar[models.Manager["Release"]] = models.Manager()

    class Meta:
        verbose_name = "解除隔离"
        constraints = [
            models.UniqueConstraint(
                fields=["quarantine"], condition=models.Q(withdrawn_at=None, failed_at=None), name="release_one_at_a_time"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="release_for_a_reason"),
            models.CheckConstraint(
                condition=models.Q(approved_at=None, approved_by=None)
                | (models.Q(approved_at__gte=models.F("proposed_at"), approved_by__isnull=False)
                   & ~models.Q(approved_by=models.F("proposed_by"))),
                name="release_approved_by_another"),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at=None, withdrawn_by=None)
                | models.Q(withdrawn_at__gte=models.F("proposed_at"), withdrawn_by__isnull=False, approved_at=None),
                name="release_withdrawn_before_it_is_approved"),
            models.CheckConstraint(
                condition=models.Q(failed_at=None) | models.Q(failed_at__gte=models.F("approved_at"), approved_at__isnull=False),
                name="release_failed_after_it_was_approved"),
        ]
