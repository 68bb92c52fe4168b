"""A file of cases or of payments that was checked and may be imported.

It is kept sealed for a day, and gone as soon as it was imported or nobody came back.
"""
from typing import ClassVar

from django.db import models

from accounts.models import Organisation


class CaseImport(models.Model):
    class Kind(models.TextChoices):
        """What one row of the file is: a drawdown of a new case, or a payment on a case that has its file."""

        CASES = "cases", "案件"
        PAYMENTS = "payments", "收款"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, help_text="所属机构")
    ref = models.CharField(max_length=32, help_text="导入编号：16 字节随机数，十六进制")
    kind = models.CharField(max_length=8, choices=Kind.choices, default="cases", db_default="cases", help_text="文件种类：案件或收款")
    format = models.CharField(max_length=4, help_text="csv 或 xlsx")
    sha256 = models.BinaryField(max_length=32, null=True, help_text="所核对文件的 SHA-256；文件删除后为空")
    sealed_file = models.BinaryField(null=True, help_text="所核对的文件，加密；导入或到期后为空")
    rows = models.PositiveIntegerField(help_text="数据行数")
    checked_at = models.DateTimeField(help_text="核对时间")
    checked_by = models.CharField(max_length=64, help_text="核对人编号")
    imported_at = models.DateTimeField(null=True, help_text="导入时间")
    cases = models.PositiveIntegerField(default=0, help_text="导入的案件数；收款文件为登记了收款的案件数")
    payments = models.PositiveIntegerField(default=0, db_default=0, help_text="登记的收款笔数")

    objects: ClassVar[models.Manager["CaseImport"]] = models.Manager()

    class Meta:
        verbose_name = "案件导入"
        constraints = [
            models.UniqueConstraint(fields=["ref"], name="case_import_ref_unique"),
            models.CheckConstraint(condition=models.Q(format__in=["csv", "xlsx"]), name="case_import_format_known"),
            models.CheckConstraint(condition=models.Q(kind__in=["cases", "payments"]), name="case_import_kind_known"),
            # A digest of a form that can be guessed goes with the form.
            models.CheckConstraint(
                condition=models.Q(sha256=None, sealed_file=None) | models.Q(sha256__isnull=False, sealed_file__isnull=False),
                name="case_import_file_with_its_digest"),
            models.CheckConstraint(
                condition=models.Q(imported_at=None, cases=0, payments=0)
                | models.Q(kind="cases", imported_at__isnull=False, cases__gt=0, payments=0, sealed_file=None)
                # Another file may have brought the same payments since the check: then this one leaves none.
                | models.Q(kind="payments", imported_at__isnull=False, cases=0, payments=0, sealed_file=None)
                | models.Q(kind="payments", imported_at__isnull=False, cases__gt=0, payments__gte=models.F("cases"), sealed_file=None),
                name="case_import_leaves_what_its_kind_has_and_no_file"),
        ]
