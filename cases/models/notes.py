"""Notes on a case. That a note was made, by whom, when and for whom, can never be changed; its text can only be erased.

`shared` is the writer's choice: without it a note is his own organisation's alone (`cases.sight`). `sequence` counts the notes of all
organisations on the case; nobody is told it, for it would say how many the others wrote.

The text stands in a table of its own, sealed and bound to its note, because a table that refuses every UPDATE could not lose it.
"""
from typing import ClassVar

from django.db import models

from cases.models.case import Case
from common.append_only import AppendOnlyModel


class Note(AppendOnlyModel):
    case = models.ForeignKey(Case, on_delete=models.PROTECT, db_index=False, related_name="notes", help_text="案件")
    sequence = models.PositiveIntegerField(help_text="序号，从 1 起")
    at = models.DateTimeField(help_text="记录时间")
    actor = models.CharField(max_length=64, help_text="记录人编号")
    organisation_ref = models.CharField(max_length=64, help_text="记录人所在机构编号")
    shared = models.BooleanField(default=False, db_default=False, help_text="是否供可查看案件档案的其他机构查看")

    class Meta:
        verbose_name = "案件备注"
        constraints = [models.UniqueConstraint(fields=["case", "sequence"], name="note_sequence_unique")]


class NoteText(models.Model):
    note = models.OneToOneField(Note, on_delete=models.PROTECT, related_name="text", help_text="备注")
    sealed_text = models.BinaryField(null=True, help_text="备注内容，加密；依法删除后为空")
    erased_at = models.DateTimeField(null=True, help_text="删除时间")

    objects: ClassVar[models.Manager["NoteText"]] = models.Manager()

    class Meta:
        verbose_name = "备注内容"
        constraints = [models.CheckConstraint(
            condition=models.Q(erased_at=None, sealed_text__isnull=False) | models.Q(erased_at__isnull=False, sealed_text=None),
            name="note_text_there_or_erased")]
