"""Rate caps as a lender states them: dated policy with its source, never a law of ours."""
from typing import ClassVar

from django.db import models

from accounts.models import Organisation
from cases.reckoning.terms import DayCount


class RateCapRow(models.Model):
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, db_index=False, help_text="所属机构")
    annual_rate = models.DecimalField(max_digits=10, decimal_places=8, help_text="综合年化上限，0.24 为百分之二十四")
    effective_from = models.DateField(help_text="施行日")
    effective_until = models.DateField(null=True, help_text="失效日（不含）；空值为现行")
    day_count = models.CharField(max_length=10, help_text="计算天数惯例")
    source = models.CharField(max_length=300, help_text="出处：文件名称、文号、条款")
    stated_by = models.CharField(max_length=200, help_text="由谁主张适用")

    objects: ClassVar[models.Manager["RateCapRow"]] = models.Manager()

    class Meta:
        verbose_name = "利率上限"
        constraints = [
            models.UniqueConstraint(fields=["organisation", "effective_from"], name="rate_cap_one_from_a_day"),
            models.CheckConstraint(condition=models.Q(annual_rate__gte=0, annual_rate__lte=10), name="rate_cap_in_range"),
            models.CheckConstraint(
                condition=models.Q(effective_until=None) | models.Q(effective_until__gt=models.F("effective_from")),
                name="rate_cap_ends_after_it_begins"),
            models.CheckConstraint(condition=models.Q(day_count__in=[each.value for each in DayCount]), name="rate_cap_day_count_known"),
            models.CheckConstraint(condition=~models.Q(source="") & ~models.Q(stated_by=""), name="rate_cap_has_its_source"),
        ]
