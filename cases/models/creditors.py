"""Who is owed: creditor sides, the first one as agreed, each later one by an assignment of the debt (债权转让), with its creditors.

The shares of a side sum to 1: no single row can say so, so `cases.fact_faults` judges it before a side is written.
LAW: 民法典 545, 546: a creditor may assign the debt; without notice the assignment has no effect upon the debtor.
"""
from typing import ClassVar

from django.db import models

from cases.models.case import Case


class CreditorSide(models.Model):
    case = models.ForeignKey(Case, on_delete=models.CASCADE, db_index=False, related_name="creditor_sides", help_text="案件")
    sequence = models.PositiveIntegerField(help_text="序号：1 为原债权人一方，其后每次债权转让加一")
    assigned_on = models.DateField(null=True, help_text="债权转让日期；原债权人一方为空")
    notice_record = models.CharField(max_length=25, blank=True, help_text="债权转让通知的存证编号；未知为空")
    claimant_name = models.CharField(max_length=200, blank=True, help_text="代表全体债权人主张权利者；为空则各自主张")
    claimant_basis = models.CharField(max_length=200, blank=True, help_text="其依据，例如联合贷款协议条款")

    objects: ClassVar[models.Manager["CreditorSide"]] = models.Manager()

    class Meta:
        verbose_name = "债权人一方"
        constraints = [
            models.UniqueConstraint(fields=["case", "sequence"], name="creditor_side_sequence_unique"),
            models.CheckConstraint(
                condition=models.Q(sequence=1, assigned_on=None, notice_record="") | models.Q(sequence__gt=1, assigned_on__isnull=False),
                name="creditor_side_assigned_on_a_day"),
            models.CheckConstraint(
                condition=~models.Q(claimant_name="") | models.Q(claimant_basis=""), name="creditor_side_basis_has_a_claimant"),
        ]


class Creditor(models.Model):
    side = models.ForeignKey(CreditorSide, on_delete=models.CASCADE, db_index=False, related_name="creditors", help_text="债权人一方")
    position = models.PositiveIntegerField(help_text="序号，从 1 起")
    name = models.CharField(max_length=200, help_text="债权人名称（机构）")
    credit_code = models.CharField(max_length=18, blank=True, help_text="统一社会信用代码；未知为空")
    share = models.DecimalField(max_digits=9, decimal_places=8, help_text="份额，一方合计为 1")

    objects: ClassVar[models.Manager["Creditor"]] = models.Manager()

    class Meta:
        verbose_name = "债权人"
        constraints = [
            models.UniqueConstraint(fields=["side", "position"], name="creditor_position_unique"),
            models.CheckConstraint(condition=models.Q(share__gt=0, share__lte=1), name="creditor_share_above_zero_to_one"),
        ]
