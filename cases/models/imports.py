"""A file of cases or of payments that was checked and may be imported.

It is kept sealed for a day, and gone as soon as it was imported or refused, or nobody came back. Who confirmed a long one is answered at
once, and a job imports it.
"""
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation


class CaseImport(models.Model):
    class Kind(models.TextChoices):
        """What one row of the file is: a drawdown of a new case, or a payment on a case that has its file."""

        CASES = "cases", "案件"
        PAYMENTS = "payments", "收款"

    class State(models.TextChoices):
        """Where an import stands. Derived from the columns, never stored."""

        CHECKED = "checked", _("已核对，待确认")
        WAITING = "waiting", _("已确认，等待处理")
        JUDGING = "judging", _("正在再次核对各行")
        WRITING = "writing", _("正在写入")
        IMPORTED = "imported", _("已导入")
        REFUSED = "refused", _("未导入")
        EXPIRED = "expired", _("未确认，文件已删除")

    class Refusal(models.TextChoices):
        """Why a confirmed file was not imported: a row is wrong by now, or whoever confirmed may not import any more."""

        ROWS = "rows", _("核对之后案件有变化，有的行现在不对了")
        RIGHT = "right", _("确认人已不能再导入，或机构已停用")

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, help_text="所属机构")
    ref = models.CharField(max_length=32, help_text="导入编号：16 字节随机数，十六进制")
    kind = models.CharField(max_length=8, choices=Kind.choices, default="cases", db_default="cases", help_text="文件种类：案件或收款")
    format = models.CharField(max_length=4, help_text="csv 或 xlsx")
    sha256 = models.BinaryField(max_length=32, null=True, help_text="所核对文件的 SHA-256；文件删除后为空")
    sealed_file = models.BinaryField(null=True, help_text="所核对的文件，加密；导入或到期后为空")
    rows = models.PositiveIntegerField(help_text="数据行数")
    checked_at = models.DateTimeField(help_text="核对时间")
    checked_by = models.CharField(max_length=64, help_text="核对人编号")
    confirmed_at = models.DateTimeField(null=True, help_text="确认导入的时间")
    confirmed_by = models.CharField(max_length=64, blank=True, db_default="", help_text="确认人编号")
    step = models.CharField(max_length=8, blank=True, db_default="", help_text="后台处理到的步骤：judging 或 writing；未开始时为空")
    refused_at = models.DateTimeField(null=True, help_text="后台处理时未导入的时间")
    refused_for = models.CharField(max_length=5, blank=True, db_default="", choices=Refusal.choices, help_text="未导入的原因")
    faults = models.PositiveIntegerField(default=0, db_default=0, help_text="未导入时有问题的处数")
    sealed_report = models.BinaryField(null=True, help_text="未导入时的逐行问题，加密；保留三十天")
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
            models.CheckConstraint(
                condition=models.Q(refused_at=None, refused_for="", faults=0, sealed_report=None)
                | models.Q(refused_at__isnull=False, confirmed_at__isnull=False, imported_at=None, sealed_file=None, refused_for="right",
                           faults=0, sealed_report=None)
                | models.Q(refused_at__isnull=False, confirmed_at__isnull=False, imported_at=None, sealed_file=None, refused_for="rows",
                           faults__gt=0),
                name="case_import_refused_with_a_reason_and_no_file"),
            models.CheckConstraint(
                condition=models.Q(step="") | models.Q(step__in=["judging", "writing"], confirmed_at__isnull=False),
                name="case_import_step_known_and_confirmed"),
        ]
        indexes = [models.Index(fields=["organisation", "-checked_at"], name="case_imports_newest_first")]

    @property
    def state(self) -> State:
        if self.imported_at is not None:
            return self.State.IMPORTED
        if self.refused_at is not None:
            return self.State.REFUSED
        # The digest goes with the file, and is read without it.
        if self.sha256 is None:
            return self.State.EXPIRED
        if self.confirmed_at is None:
            return self.State.CHECKED
        return self.State(self.step or "waiting")

    @property
    def running(self) -> bool:
        """Whether a job has it, so that it will stand elsewhere soon."""
        return self.state in (self.State.WAITING, self.State.JUDGING, self.State.WRITING)
