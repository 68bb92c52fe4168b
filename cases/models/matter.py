"""What an institution holds of its own right: matters that it accepted (受理), and a court's orders (调取令、调查令).

Neither ends by the lender's will. A matter takes the place of nothing that the procedures will know better: one accept, one close.
"""
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from accounts.models import Organisation
from accounts.viewer import PERSON
from cases.models.access import Grant
from cases.models.case import Case

LONGEST_FILE_DAYS = 36_500


class Matter(models.Model):
    """A submission under a grant, and what became of it: accepted, then closed; open to the institution until `open_until`."""

    ref = models.CharField(max_length=32, help_text="对外使用的随机编号，32 位十六进制")
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="matters", help_text="据以提交的授权")
    institution = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="matters", help_text="受理机构")
    purpose = models.CharField(max_length=200, help_text="提交目的")
    submitted_at = models.DateTimeField(help_text="提交时间")
    submitted_by = models.CharField(max_length=64, help_text="提交人编号")
    number = models.CharField(max_length=64, blank=True, help_text="受理机构的案号")
    accepted_at = models.DateTimeField(null=True, help_text="受理时间")
    accepted_by = models.CharField(max_length=64, blank=True, help_text="受理人编号")
    file_days = models.PositiveIntegerField(null=True, help_text="结案后的存档期限（天），受理时确定")
    closed_at = models.DateTimeField(null=True, help_text="结案时间")
    closed_by = models.CharField(max_length=64, blank=True, help_text="结案人编号")
    open_until = models.DateTimeField(null=True, help_text="存档期限届满时间")

    objects: ClassVar[models.Manager["Matter"]] = models.Manager()

    class Meta:
        verbose_name = "受理事项"
        constraints = [
            models.UniqueConstraint(fields=["ref"], name="matter_ref_unique"),
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_by="", file_days=None, closed_at=None) | (
                    Q(accepted_at__isnull=False, file_days__isnull=False, file_days__lte=LONGEST_FILE_DAYS) & ~Q(accepted_by="")),
                name="matter_accepted_with_a_file_period"),
            models.CheckConstraint(
                condition=Q(closed_at=None, open_until=None) | Q(
                    closed_at__isnull=False, open_until__isnull=False, open_until__gte=F("closed_at")),
                name="matter_closed_with_an_end"),
        ]

    def __str__(self) -> str:
        return self.ref


class SubmittedCase(models.Model):
    """One case of a submission. `up_to`: the last place in its chain that was submitted; None for the whole case, as it grows."""

    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, db_index=False, related_name="cases", help_text="受理事项")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="submissions", help_text="案件")
    up_to = models.BigIntegerField(null=True, help_text="提交至案件内第几份存证；为空表示整个案件")
    as_of = models.DateTimeField(null=True, help_text="上述范围确定的时间：提交时，或授权撤销时；为空表示整个案件")

    objects: ClassVar[models.Manager["SubmittedCase"]] = models.Manager()

    class Meta:
        verbose_name = "提交的案件"
        constraints = [
            models.UniqueConstraint(fields=["matter", "case"], name="submitted_case_unique"),
            models.CheckConstraint(condition=Q(up_to=None) | Q(up_to__gte=0), name="submitted_case_up_to_not_negative"),
            models.CheckConstraint(
                condition=Q(up_to=None, as_of=None) | Q(up_to__isnull=False, as_of__isnull=False), name="submitted_case_up_to_a_moment"),
        ]


class Order(models.Model):
    """A court's order. `document`: the record number under which the court deposited it. It works once a second person opened it.

    `first_by` is the first *person* who answers for it: whoever uploaded it, or whoever confirmed what a machine uploaded.
    """

    ref = models.CharField(max_length=32, help_text="对外使用的随机编号，32 位十六进制")
    court = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="orders", help_text="签发法院")
    court_kind = models.CharField(max_length=20, help_text="机构类别，抄自机构，供约束使用")
    number = models.CharField(max_length=64, help_text="文书编号")
    document = models.CharField(max_length=25, help_text="调取令的存证编号")
    scope = models.CharField(max_length=500, help_text="调取范围与事由")
    starts_at = models.DateTimeField(help_text="起始时间")
    ends_at = models.DateTimeField(help_text="届满时间")
    uploaded_at = models.DateTimeField(help_text="上传时间")
    uploaded_by = models.CharField(max_length=64, help_text="上传人编号")
    first_at = models.DateTimeField(null=True, help_text="首位经办人登记或确认的时间；系统登记的，确认前为空")
    first_by = models.CharField(max_length=64, blank=True, help_text="首位经办人编号，必为自然人")
    opened_at = models.DateTimeField(null=True, help_text="启用时间")
    opened_by = models.CharField(max_length=64, blank=True, help_text="启用人编号")
    ended_at = models.DateTimeField(null=True, help_text="法院提前终止的时间")
    ended_by = models.CharField(max_length=64, blank=True, help_text="终止人编号")

    objects: ClassVar[models.Manager["Order"]] = models.Manager()

    class Meta:
        verbose_name = "调取令"
        constraints = [
            models.UniqueConstraint(fields=["ref"], name="order_ref_unique"),
            models.UniqueConstraint(fields=["court", "number"], name="order_number_unique_in_court"),
            models.CheckConstraint(condition=Q(court_kind="court"), name="order_is_of_a_court"),
            models.CheckConstraint(condition=~Q(document=""), name="order_has_document"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="order_ends_after_start"),
            # A key is in many hands: of the two who answer for an order, neither is one.
            models.CheckConstraint(
                condition=Q(first_at=None, first_by="") | Q(first_at__isnull=False, first_by__startswith=PERSON),
                name="order_first_by_a_person"),
            models.CheckConstraint(
                condition=Q(opened_at=None, opened_by="") | (
                    Q(opened_at__isnull=False, opened_by__startswith=PERSON, first_at__isnull=False) & ~Q(opened_by=F("first_by"))),
                name="order_opened_by_another"),
        ]

    def __str__(self) -> str:
        return self.ref


class OrderedCase(models.Model):
    order = models.ForeignKey(Order, on_delete=models.PROTECT, db_index=False, related_name="cases", help_text="调取令")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="orders", help_text="案件")

    objects: ClassVar[models.Manager["OrderedCase"]] = models.Manager()

    class Meta:
        verbose_name = "调取的案件"
        constraints = [models.UniqueConstraint(fields=["order", "case"], name="ordered_case_unique")]


class OrderedKind(models.Model):
    """A kind of evidence that the order is limited to; an order without such rows is for every kind."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, db_index=False, related_name="kinds", help_text="调取令")
    kind = models.CharField(max_length=64, help_text="证据种类")

    objects: ClassVar[models.Manager["OrderedKind"]] = models.Manager()

    class Meta:
        verbose_name = "调取的证据种类"
        constraints = [models.UniqueConstraint(fields=["order", "kind"], name="ordered_kind_unique")]
