"""委案: the contract between lender and agency, the cases assigned under it, and which agent works on which of them.

Nothing here lets an agency pass a case on: an entrustment is a lender's, an assignment hangs on one, a distribution names a person.
"""
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from accounts.models import Organisation, Person
from accounts.permissions import Kind
from cases.models.case import Case


class Entrustment(models.Model):
    """An entrustment contract (委托合同). `document`: the record number under which the lender deposited it."""

    ref = models.CharField(max_length=32, help_text="对外使用的随机编号，32 位十六进制")
    lender = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="entrustments_given", help_text="委托的出借机构")
    agency = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="entrustments_held", help_text="受托的催收机构")
    agency_kind = models.CharField(max_length=20, help_text="受托机构类别，抄自机构，供约束使用")
    number = models.CharField(max_length=64, help_text="合同编号")
    scope = models.CharField(max_length=500, help_text="委托范围；不得转委托")
    document = models.CharField(max_length=25, help_text="合同的存证编号")
    starts_at = models.DateTimeField(help_text="起始时间")
    ends_at = models.DateTimeField(help_text="届满时间")
    created_at = models.DateTimeField(help_text="登记时间")
    created_by = models.CharField(max_length=64, help_text="登记人编号")
    ended_at = models.DateTimeField(null=True, help_text="提前终止时间")
    ended_by = models.CharField(max_length=64, blank=True, help_text="终止人编号")
    lapse_told_at = models.DateTimeField(null=True, help_text="双方获告期间届满的时间；提前终止的为空")

    objects: ClassVar[models.Manager["Entrustment"]] = models.Manager()

    class Meta:
        verbose_name = "委托合同"
        constraints = [
            models.UniqueConstraint(fields=["ref"], name="entrustment_ref_unique"),
            models.UniqueConstraint(fields=["lender", "number"], name="entrustment_number_unique_for_lender"),
            models.CheckConstraint(condition=Q(agency_kind=Kind.COLLECTION_AGENCY.value), name="entrustment_is_to_an_agency"),
            models.CheckConstraint(condition=~Q(document=""), name="entrustment_has_document"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="entrustment_ends_after_start"),
            models.CheckConstraint(
                condition=Q(lapse_told_at=None) | Q(lapse_told_at__gte=F("ends_at")), name="entrustment_lapse_told_after_it"),
        ]
        indexes = [
            models.Index(fields=["ends_at"], condition=Q(ended_at=None, lapse_told_at=None), name="entrustment_lapse_untold"),
        ]

    def __str__(self) -> str:
        return self.ref


class Assignment(models.Model):
    """One case with one agency under an entrustment, until it is withdrawn (退案)."""

    ref = models.CharField(max_length=32, help_text="对外使用的随机编号，32 位十六进制")
    entrustment = models.ForeignKey(Entrustment, on_delete=models.PROTECT, related_name="assignments", help_text="委托合同")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="assignments", help_text="案件")
    includes_all = models.BooleanField(default=False, help_text="是否包括出借机构与其他机构在本案的证据")
    assigned_at = models.DateTimeField(help_text="委案时间")
    assigned_by = models.CharField(max_length=64, help_text="委案人编号")
    withdrawn_at = models.DateTimeField(null=True, help_text="退案时间")
    withdrawn_by = models.CharField(max_length=64, blank=True, help_text="退案人编号")

    objects: ClassVar[models.Manager["Assignment"]] = models.Manager()

    class Meta:
        verbose_name = "委案"
        constraints = [
            models.UniqueConstraint(fields=["ref"], name="assignment_ref_unique"),
            models.UniqueConstraint(fields=["entrustment", "case"], condition=Q(withdrawn_at=None), name="assignment_live_once"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(withdrawn_at__gte=F("assigned_at")), name="assignment_withdrawn_after_it_began"),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref_of_case(self) -> str:
        """Of rows that were annotated with it (`cases.case_refs.CaseRef`), as those of the selectors are."""
        return str(vars(self)["case_ref"])


class Distribution(models.Model):
    """分案: one assigned case with one agent of the agency, for a time. Ended rows stay: who worked on it when is a fact."""

    assignment = models.ForeignKey(
        Assignment, on_delete=models.PROTECT, db_index=False, related_name="distributions", help_text="委案")
    agent = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", help_text="催收员")
    since = models.DateTimeField(help_text="起始时间")
    made_by = models.CharField(max_length=64, help_text="分案人编号")
    until = models.DateTimeField(null=True, help_text="终止时间")

    objects: ClassVar[models.Manager["Distribution"]] = models.Manager()

    class Meta:
        verbose_name = "分案"
        constraints = [
            models.UniqueConstraint(fields=["assignment"], condition=Q(until=None), name="distribution_one_agent_at_a_time"),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="distribution_ends_after_its_start"),
        ]
        indexes = [models.Index(fields=["assignment"], name="distribution_of_assignment")]
