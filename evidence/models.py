"""Evidence records, their files, their custody trail.

In clear stand numbers, ids, kind, sizes and times only. Claims and salts are one sealed blob, file digests a blind index:
clear columns would survive an erasure in WAL, replicas and backups. The statement holds salted digests and may be shown
to whoever has the record number. States are derived (`evidence/facts.py`), never stored.
"""
from typing import ClassVar

from django.db import models

from accounts.models import ApiKey, Organisation
from cases.models import Case
from common.append_only import AppendOnlyModel
from ledger.models import Receipt
from vault.models import StoredObject


class Evidence(models.Model):
    record = models.CharField(max_length=25, help_text="存证编号")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, help_text="存证所属机构，即案件所属机构")
    deposited_by = models.ForeignKey(
        Organisation, null=True, on_delete=models.PROTECT, db_index=False, related_name="+",
        help_text="受托存证的机构；为空表示所属机构自己存证")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, db_index=False, help_text="案件")
    case_sequence = models.BigIntegerField(help_text="在案件中的序号，从 1 起")
    kind = models.CharField(max_length=64, help_text="证据种类")
    received_at = models.DateTimeField(help_text="受理时间")
    credential = models.ForeignKey(ApiKey, on_delete=models.PROTECT, db_index=False, help_text="提交所用凭证")
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="records", help_text="回执")
    ticket = models.BigIntegerField(help_text="入队编号")
    statement = models.BinaryField(help_text="证据声明原文")
    sealed_claims = models.BinaryField(null=True, help_text="封存的声明项与盐值；依法销毁后为空")

    objects: ClassVar[models.Manager["Evidence"]] = models.Manager()

    class Meta:
        verbose_name = "存证记录"
        constraints = [
            models.UniqueConstraint(fields=["record"], name="evidence_record_unique"),
            models.UniqueConstraint(fields=["case", "case_sequence"], name="evidence_sequence_unique_in_case"),
            models.UniqueConstraint(fields=["ticket"], name="evidence_ticket_unique"),
            models.CheckConstraint(condition=models.Q(case_sequence__gt=0), name="evidence_sequence_from_one"),
        ]

    def __str__(self) -> str:
        return self.record


class EvidenceFile(models.Model):
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, db_index=False, related_name="files", help_text="存证记录")
    position = models.PositiveIntegerField(help_text="文件序号，从 1 起")
    size_bytes = models.BigIntegerField(help_text="字节数")
    sha256_hmac = models.BinaryField(max_length=32, help_text="SHA-256 的机构级 HMAC")
    stored_object = models.ForeignKey(
        StoredObject, null=True, on_delete=models.PROTECT, db_index=False, help_text="原件；为空表示由存证方自行保管")

    objects: ClassVar[models.Manager["EvidenceFile"]] = models.Manager()

    class Meta:
        verbose_name = "证据文件"
        constraints = [
            models.UniqueConstraint(fields=["evidence", "position"], name="evidence_file_position_unique"),
            # An index of its own for originals only: most records of a batch have none.
            models.UniqueConstraint(
                fields=["stored_object"], condition=models.Q(stored_object__isnull=False), name="evidence_file_original_unique"),
            models.CheckConstraint(condition=models.Q(position__gt=0), name="evidence_file_position_from_one"),
        ]
        indexes = [models.Index(fields=["sha256_hmac"], name="evidence_file_digest")]


class CustodyEvent(AppendOnlyModel):
    """One row of a record's custody trail, chained by digest (formats.md A5 `custody.json`)."""

    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, db_index=False, related_name="custody", help_text="存证记录")
    sequence = models.PositiveIntegerField(help_text="序号，从 1 起")
    at = models.DateTimeField(help_text="发生时间")
    event = models.CharField(max_length=64, help_text="事件")
    actor = models.CharField(max_length=64, help_text="行为人编号")
    organisation_ref = models.CharField(max_length=64, help_text="机构编号")
    purpose = models.TextField(null=True, help_text="目的")
    root = models.CharField(max_length=16, null=True, help_text="访问根据；只有读取才有")
    previous = models.CharField(max_length=64, null=True, help_text="上一行摘要")
    digest = models.CharField(max_length=64, help_text="本行摘要")

    class Meta:
        verbose_name = "流转记录"
        constraints = [models.UniqueConstraint(fields=["evidence", "sequence"], name="custody_sequence_unique")]


class RecordTimestamp(AppendOnlyModel):
    """A verified RFC 3161 token over the record's own statement, which the depositor asked for; the raw bytes as they came."""

    evidence = models.OneToOneField(Evidence, on_delete=models.PROTECT, related_name="own_timestamp", help_text="存证记录")
    authority = models.CharField(max_length=64, help_text="时间戳机构编号")
    token = models.BinaryField(help_text="时间戳令牌原始字节")
    gen_time = models.DateTimeField(help_text="令牌中的时间")

    class Meta:
        verbose_name = "存证自身的时间戳"


class StampsTold(models.Model):
    """How far the records' owners were told that they are timestamped: the one row, moved by compare-and-swap with the deliveries."""

    size = models.BigIntegerField(default=0, help_text="日志中在此之前的条目，其获得时间戳一事已通知")

    objects: ClassVar[models.Manager["StampsTold"]] = models.Manager()

    class Meta:
        verbose_name = "时间戳通知进度"
        constraints = [models.CheckConstraint(condition=models.Q(pk=1, size__gte=0), name="stamps_told_is_one_row")]


class DisclosureAttempts(models.Model):
    """Wrong digests offered for one record on one UTC day; ten are allowed (design.md §5)."""

    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, db_index=False, help_text="存证记录")
    day = models.DateField(help_text="日期（UTC）")
    wrong = models.PositiveIntegerField(default=0, help_text="错误次数")

    objects: ClassVar[models.Manager["DisclosureAttempts"]] = models.Manager()

    class Meta:
        verbose_name = "披露尝试"
        constraints = [models.UniqueConstraint(fields=["evidence", "day"], name="disclosure_attempts_one_row_a_day")]
