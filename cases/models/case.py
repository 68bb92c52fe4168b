"""Case: a client's case reference, our opaque one, the head of its chain of deposits, and how far the matter has come.

A deposit under a new reference opens a case without a file (`file_version` 0); the file is everything else in this package.
"""
from typing import ClassVar

from django.db import models

from accounts.models import Organisation
from common.append_only import AppendOnlyModel


class Case(models.Model):
    class Stage(models.TextChoices):
        """Where the matter stands for the creditor; a closed list, moved by hand."""

        OPEN = "open", "在管"
        ENTRUSTED = "entrusted", "委外催收"
        DEMANDED = "demanded", "已催告"
        NOTARY = "notary", "公证办理中"
        ARBITRATION = "arbitration", "仲裁中"
        LITIGATION = "litigation", "诉讼中"
        ENFORCEMENT = "enforcement", "执行中"
        SETTLED = "settled", "已结清"
        CLOSED = "closed", "已结案"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, help_text="所属机构")
    ref = models.CharField(max_length=32, help_text="本服务的案件编号：16 字节随机数，十六进制")
    client_reference = models.CharField(max_length=128, help_text="客户自己的案件编号，不写入日志与网址")
    sequence = models.BigIntegerField(default=0, help_text="已存证份数")
    head_sha256 = models.BinaryField(max_length=32, null=True, help_text="最后一份证据声明的 SHA-256")
    created_at = models.DateTimeField(help_text="建立时间")
    stage = models.CharField(max_length=16, choices=Stage.choices, default="open", db_default="open", help_text="案件阶段")
    file_version = models.BigIntegerField(default=0, db_default=0, help_text="案件档案的版本；0 表示只有存证，尚无档案")

    objects: ClassVar[models.Manager["Case"]] = models.Manager()

    class Meta:
        verbose_name = "案件"
        constraints = [
            models.UniqueConstraint(fields=["ref"], name="case_ref_unique"),
            models.UniqueConstraint(fields=["organisation", "client_reference"], name="case_reference_unique_in_organisation"),
            models.CheckConstraint(
                condition=models.Q(sequence=0, head_sha256=None) | models.Q(sequence__gt=0, head_sha256__isnull=False),
                name="case_head_matches_sequence",
            ),
            models.CheckConstraint(
                condition=models.Q(stage__in=[
                    "open", "entrusted", "demanded", "notary", "arbitration", "litigation", "enforcement", "settled", "closed"]),
                name="case_stage_known",
            ),
            models.CheckConstraint(condition=models.Q(file_version__gte=0), name="case_file_version_not_negative"),
        ]

    def __str__(self) -> str:
        return self.ref

    def head(self) -> bytes | None:
        """SHA-256 of the last statement, 32 bytes; None while the case is empty."""
        return None if self.head_sha256 is None else bytes(self.head_sha256)


class CaseRevision(AppendOnlyModel):
    """That a case's file or stage was changed, by whom and when; never what it said."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, db_index=False, related_name="revisions", help_text="案件")
    sequence = models.PositiveIntegerField(help_text="序号，从 1 起")
    at = models.DateTimeField(help_text="发生时间")
    change = models.CharField(max_length=16, help_text="变更种类")
    detail = models.CharField(max_length=64, help_text="版本号或阶段，不含个人信息")
    actor = models.CharField(max_length=64, help_text="行为人编号")

    class Meta:
        verbose_name = "案件变更"
        constraints = [
            models.UniqueConstraint(fields=["case", "sequence"], name="case_revision_sequence_unique"),
            models.CheckConstraint(condition=models.Q(change__in=["file", "stage", "import"]), name="case_revision_change_known"),
        ]
