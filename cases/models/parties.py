"""Who owes and who stands beside him: parties, how they can be reached, what they agreed to.

Names, identity numbers and contact values are sealed (`vault.personal`) and found by a blind index only. An erasure empties both and writes
`erased_at`; the row stays, so that what refers to the party still stands. A constraint says that it is all or nothing.
"""
from typing import ClassVar

from django.db import models

from cases.facts import ConsentKind, ContactBasis, ContactKind, PartyKind, PartyRole
from cases.models.case import Case


class Party(models.Model):
    case = models.ForeignKey(Case, on_delete=models.CASCADE, db_index=False, related_name="parties", help_text="案件")
    reference = models.CharField(max_length=64, help_text="当事人在案件中的代号")
    role = models.CharField(max_length=16, help_text="在案件中的身份")
    kind = models.CharField(max_length=16, help_text="自然人或组织")
    sealed_name = models.BinaryField(null=True, help_text="姓名或名称，加密；依法删除后为空")
    name_index = models.BinaryField(max_length=32, null=True, help_text="姓名的机构级 HMAC，用于精确检索")
    sealed_identity = models.BinaryField(null=True, help_text="证件号码，加密；未知或依法删除后为空")
    identity_index = models.BinaryField(max_length=32, null=True, help_text="证件号码的机构级 HMAC")
    erased_at = models.DateTimeField(null=True, help_text="个人信息删除时间")

    objects: ClassVar[models.Manager["Party"]] = models.Manager()

    class Meta:
        verbose_name = "当事人"
        constraints = [
            models.UniqueConstraint(fields=["case", "reference"], name="party_reference_unique_in_case"),
            models.CheckConstraint(condition=models.Q(role__in=[each.value for each in PartyRole]), name="party_role_known"),
            models.CheckConstraint(condition=models.Q(kind__in=[each.value for each in PartyKind]), name="party_kind_known"),
            models.CheckConstraint(
                condition=models.Q(erased_at=None, sealed_name__isnull=False, name_index__isnull=False)
                | models.Q(erased_at__isnull=False, sealed_name=None, name_index=None, sealed_identity=None),
                name="party_named_or_erased"),
            models.CheckConstraint(
                condition=models.Q(sealed_identity=None, identity_index=None)
                | models.Q(sealed_identity__isnull=False, identity_index__isnull=False),
                name="party_identity_with_its_index"),
            # SPEC: a case is one debtor × one creditor side.
            models.UniqueConstraint(fields=["case"], condition=models.Q(role="debtor"), name="party_one_debtor_in_case"),
        ]
        indexes = [
            models.Index(fields=["name_index"], name="party_name_index"),
            models.Index(fields=["identity_index"], name="party_identity_index"),
        ]


class ContactPoint(models.Model):
    party = models.ForeignKey(Party, on_delete=models.CASCADE, db_index=False, related_name="contact_points", help_text="当事人")
    position = models.PositiveIntegerField(help_text="序号，从 1 起")
    kind = models.CharField(max_length=16, help_text="联系方式种类")
    sealed_value = models.BinaryField(null=True, help_text="联系方式，加密；依法删除后为空")
    value_index = models.BinaryField(max_length=32, null=True, help_text="联系方式的机构级 HMAC")
    basis = models.CharField(max_length=16, help_text="取得依据")
    confirmed = models.BooleanField(help_text="是否经当事人确认")
    last_active_at = models.DateTimeField(null=True, help_text="最近一次确认可联系的时间")
    erased_at = models.DateTimeField(null=True, help_text="个人信息删除时间")

    objects: ClassVar[models.Manager["ContactPoint"]] = models.Manager()

    class Meta:
        verbose_name = "联系方式"
        constraints = [
            models.UniqueConstraint(fields=["party", "position"], name="contact_point_position_unique"),
            models.CheckConstraint(condition=models.Q(kind__in=[each.value for each in ContactKind]), name="contact_point_kind_known"),
            models.CheckConstraint(condition=models.Q(basis__in=[each.value for each in ContactBasis]), name="contact_point_basis_known"),
            models.CheckConstraint(
                condition=models.Q(erased_at=None, sealed_value__isnull=False, value_index__isnull=False)
                | models.Q(erased_at__isnull=False, sealed_value=None, value_index=None),
                name="contact_point_valued_or_erased"),
        ]
        indexes = [models.Index(fields=["value_index"], name="contact_point_value_index")]


class Consent(models.Model):
    party = models.ForeignKey(Party, on_delete=models.CASCADE, db_index=False, related_name="consents", help_text="当事人")
    position = models.PositiveIntegerField(help_text="序号，从 1 起")
    kind = models.CharField(max_length=24, help_text="同意事项")
    document = models.CharField(max_length=200, blank=True, help_text="载明同意的文件及条款")
    record = models.CharField(max_length=25, blank=True, help_text="该文件的存证编号")
    given_on = models.DateField(help_text="作出日期")
    withdrawn_on = models.DateField(null=True, help_text="撤回日期")

    objects: ClassVar[models.Manager["Consent"]] = models.Manager()

    class Meta:
        verbose_name = "同意"
        constraints = [
            models.UniqueConstraint(fields=["party", "position"], name="consent_position_unique"),
            models.CheckConstraint(condition=models.Q(kind__in=[each.value for each in ConsentKind]), name="consent_kind_known"),
            models.CheckConstraint(condition=~models.Q(document="", record=""), name="consent_has_a_document_or_record"),
            models.CheckConstraint(
                condition=models.Q(withdrawn_on=None) | models.Q(withdrawn_on__gte=models.F("given_on")),
                name="consent_withdrawn_after_it_was_given"),
        ]
