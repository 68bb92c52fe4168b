"""Rows of batches (批次), beside `evidence.models`, which is as long as a file may be."""
from typing import ClassVar

from django.db import models

from accounts.models import ApiKey, Organisation
from ledger.models import Receipt


class DepositBatch(models.Model):
    """That a machine handed in a batch, and whether it was taken: all of its records, or none.

    In clear stand counts and a stable code only. What was wrong with which record is sealed, for it may quote what was handed in, and is
    let go of after thirty days. Batches from before this table are not in it.
    """

    ref = models.CharField(max_length=32, help_text="批次编号：16 字节随机数，十六进制")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, db_index=False, help_text="提交机构")
    credential = models.ForeignKey(ApiKey, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="提交所用接口密钥")
    request_key = models.CharField(max_length=128, blank=True, help_text="客户端给出的幂等键；没有给出时为空")
    at = models.DateTimeField(help_text="受理或拒绝的时间")
    items = models.PositiveIntegerField(null=True, help_text="批次中的记录数；没有读到时为空")
    receipt = models.ForeignKey(
        Receipt, null=True, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="回执；拒绝时为空")
    refused_code = models.CharField(max_length=64, blank=True, help_text="拒绝的代码；受理时为空")
    faulty = models.PositiveIntegerField(default=0, help_text="有问题的记录数；受理或问题不在某条记录时为 0")
    sealed_faults = models.BinaryField(null=True, help_text="各处问题及其位置，加密；保留三十天")

    objects: ClassVar[models.Manager["DepositBatch"]] = models.Manager()

    class Meta:
        verbose_name = "批次"
        constraints = [
            models.UniqueConstraint(fields=["ref"], name="deposit_batch_ref_unique"),
            models.UniqueConstraint(fields=["receipt"], name="deposit_batch_one_for_a_receipt"),
            models.CheckConstraint(
                condition=models.Q(receipt__isnull=False, refused_code="", faulty=0, sealed_faults=None, items__gt=0)
                | (models.Q(receipt=None) & ~models.Q(refused_code="")),
                name="deposit_batch_taken_or_refused_with_a_code"),
        ]
        indexes = [models.Index(fields=["organisation", "id"], name="deposit_batches_in_order")]
