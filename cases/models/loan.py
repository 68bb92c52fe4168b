"""The loan: one agreement, its drawdowns (借据), payments (收款) and charges; `cases.reckonings` has them reckoned.

Money is Decimal yuan with two places, rates are fractions of one. What a constraint of one row cannot see, `cases.reckoning.soundness`
judges before anything is written.
"""
from typing import ClassVar

from django.db import models

from cases.models.case import Case
from cases.reckoning.terms import DayCount, Repayment


class Agreement(models.Model):
    case = models.OneToOneField(Case, on_delete=models.CASCADE, related_name="agreement", help_text="案件")
    number = models.CharField(max_length=128, help_text="授信或借款合同编号")
    signed_on = models.DateField(help_text="签订日期")
    day_count = models.CharField(max_length=10, help_text="计息天数惯例")
    penalty_uplift = models.DecimalField(max_digits=10, decimal_places=8, help_text="罚息上浮比例，0.5 为加收百分之五十")
    compound = models.BooleanField(help_text="是否计收复利")
    designation = models.BooleanField(help_text="债务人能否指定清偿的借据")
    within = models.CharField(max_length=80, blank=True, help_text="合同约定的款项抵充顺序，逗号分隔；为空依法定")
    between = models.CharField(max_length=40, null=True, help_text="合同约定的债务抵充顺序，逗号分隔；空值依法定")
    clauses = models.JSONField(default=dict, help_text="合同条款编号，按事项")

    objects: ClassVar[models.Manager["Agreement"]] = models.Manager()

    class Meta:
        verbose_name = "合同"
        constraints = [
            models.CheckConstraint(condition=models.Q(day_count__in=[each.value for each in DayCount]), name="agreement_day_count_known"),
            models.CheckConstraint(condition=models.Q(penalty_uplift__gte=0, penalty_uplift__lte=10), name="agreement_uplift_in_range"),
        ]


class Drawdown(models.Model):
    case = models.ForeignKey(Case, on_delete=models.CASCADE, db_index=False, related_name="drawdowns", help_text="案件")
    reference = models.CharField(max_length=128, help_text="借据编号")
    principal = models.DecimalField(max_digits=15, decimal_places=2, help_text="本金（元）")
    drawn_on = models.DateField(help_text="放款日")
    annual_rate = models.DecimalField(max_digits=10, decimal_places=8, help_text="年利率，0.145 为百分之十四点五")
    months = models.PositiveIntegerField(help_text="期数（月）")
    repayment = models.CharField(max_length=20, help_text="还款方式")
    due_day = models.PositiveSmallIntegerField(null=True, help_text="每月还款日；空值为放款日的对日")
    security = models.DecimalField(max_digits=15, decimal_places=2, default=0, help_text="担保金额（元）")
    accelerated_on = models.DateField(null=True, help_text="宣布提前到期日")

    objects: ClassVar[models.Manager["Drawdown"]] = models.Manager()

    class Meta:
        verbose_name = "借据"
        constraints = [
            models.UniqueConstraint(fields=["case", "reference"], name="drawdown_reference_unique_in_case"),
            models.CheckConstraint(condition=models.Q(principal__gt=0), name="drawdown_principal_above_zero"),
            models.CheckConstraint(condition=models.Q(annual_rate__gte=0, annual_rate__lte=10), name="drawdown_rate_in_range"),
            models.CheckConstraint(condition=models.Q(months__gte=1, months__lte=360), name="drawdown_months_in_range"),
            models.CheckConstraint(condition=models.Q(repayment__in=[each.value for each in Repayment]), name="drawdown_repayment_known"),
            models.CheckConstraint(
                condition=models.Q(due_day=None) | models.Q(due_day__gte=1, due_day__lte=31), name="drawdown_due_day_in_range"),
            models.CheckConstraint(condition=models.Q(security__gte=0), name="drawdown_security_not_negative"),
            models.CheckConstraint(
                condition=models.Q(accelerated_on=None) | models.Q(accelerated_on__gt=models.F("drawn_on")),
                name="drawdown_accelerated_after_it_was_drawn"),
        ]
        # A sheet of payments may name the drawdown alone.
        indexes = [models.Index(fields=["reference"], name="drawdown_by_reference")]


class Payment(models.Model):
    case = models.ForeignKey(Case, on_delete=models.CASCADE, db_index=False, related_name="payments", help_text="案件")
    reference = models.CharField(max_length=128, help_text="收款编号")
    received_on = models.DateField(help_text="收款日")
    amount = models.DecimalField(max_digits=15, decimal_places=2, help_text="金额（元）")
    designation = models.CharField(max_length=128, blank=True, help_text="债务人指定清偿的借据；未指定为空")

    objects: ClassVar[models.Manager["Payment"]] = models.Manager()

    class Meta:
        verbose_name = "收款"
        constraints = [
            models.UniqueConstraint(fields=["case", "reference"], name="payment_reference_unique_in_case"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payment_amount_above_zero"),
        ]


class Charge(models.Model):
    case = models.ForeignKey(Case, on_delete=models.CASCADE, db_index=False, related_name="charges", help_text="案件")
    reference = models.CharField(max_length=128, help_text="费用编号")
    drawdown = models.CharField(max_length=128, help_text="所属借据编号")
    charged_on = models.DateField(help_text="发生日")
    amount = models.DecimalField(max_digits=15, decimal_places=2, help_text="金额（元）")
    is_fee = models.BooleanField(help_text="是否为约定费用；否则为实现债权的费用")

    objects: ClassVar[models.Manager["Charge"]] = models.Manager()

    class Meta:
        verbose_name = "费用"
        constraints = [
            models.UniqueConstraint(fields=["case", "reference"], name="charge_reference_unique_in_case"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="charge_amount_above_zero"),
        ]
