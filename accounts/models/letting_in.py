"""How organisations are let in and stay in: applications and their checks, agreements, trials, annual reviews.

What was done about an organisation stands in its audit log; here is what it rests on.
"""
from typing import ClassVar

from django.db import models

from accounts.models.people import Membership, Organisation, Person
from accounts.permissions import Kind, invited_by_operator
from common.append_only import AppendOnlyModel

OPERATOR_INVITES = sorted(role.value for kind in Kind for role in invited_by_operator(kind))


class Application(models.Model):
    """Somebody asks to be let in. Two operators check each round of papers; new papers begin a new round, in which nobody has checked."""

    class State(models.TextChoices):
        OPEN = "open", "待核查"
        PASSED = "passed", "已通过"
        REFUSED = "refused", "未通过"
        WITHDRAWN = "withdrawn", "已撤回"

    reference = models.CharField(max_length=12, help_text="申请编号：随机，12 位十六进制")
    token_sha256 = models.BinaryField(max_length=32, help_text="申请人链接令牌的 SHA-256；令牌本身不保存")
    kind = models.CharField(max_length=20, help_text="机构类别")
    name = models.CharField(max_length=200, help_text="机构名称")
    credit_code = models.CharField(max_length=18, help_text="统一社会信用代码")
    contact_email = models.CharField(max_length=254, help_text="联系邮箱")
    contact_phone = models.CharField(max_length=32, help_text="联系电话")
    purpose = models.CharField(max_length=500, help_text="使用目的")
    administrator_name = models.CharField(max_length=100, help_text="拟任管理员姓名")
    administrator_login = models.CharField(max_length=254, help_text="拟任管理员登录名")
    licence_number = models.CharField(max_length=64, blank=True, help_text="律师事务所执业许可证号，或公证机构执业证号")
    practice_area = models.CharField(max_length=200, blank=True, help_text="公证机构的执业区域")
    state = models.CharField(max_length=10, choices=State.choices, help_text="申请状态")
    round = models.PositiveIntegerField(default=1, help_text="第几轮材料；补充材料后须重新核查")
    first_checker = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", help_text="本轮首位核查人")
    second_checker = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", help_text="本轮第二位核查人")
    organisation = models.OneToOneField(
        Organisation, null=True, on_delete=models.PROTECT, related_name="application", help_text="通过后建立的机构")
    created_at = models.DateTimeField(help_text="申请时间")

    objects: ClassVar[models.Manager["Application"]] = models.Manager()

    class Meta:
        verbose_name = "准入申请"
        constraints = [
            models.UniqueConstraint(fields=["reference"], name="application_reference_unique"),
            models.UniqueConstraint(fields=["token_sha256"], name="application_token_unique"),
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in Kind if kind != Kind.OPERATOR]), name="application_kind_known"),
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "passed", "refused", "withdrawn"]), name="application_state_known"),
            # A court comes about by two people, whatever a page of ours forgets.
            models.CheckConstraint(
                condition=models.Q(second_checker=None) | ~models.Q(second_checker=models.F("first_checker")),
                name="application_checked_by_two_people"),
            models.CheckConstraint(
                condition=models.Q(
                    state="passed", first_checker__isnull=False, second_checker__isnull=False, organisation__isnull=False,
                ) | ~models.Q(state="passed") & models.Q(second_checker=None, organisation=None),
                name="application_passed_by_two_checks"),
        ]

    def __str__(self) -> str:
        return self.reference


class ApplicationCheck(AppendOnlyModel):
    """What one operator found in one round: each register and call ticked by himself, his decision and its reason."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="checks", help_text="准入申请")
    round = models.PositiveIntegerField(help_text="第几轮材料")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", help_text="核查人")
    at = models.DateTimeField(help_text="核查时间")
    passes = models.BooleanField(help_text="是否通过")
    reason = models.CharField(max_length=500, help_text="理由")
    credit_code_found = models.BooleanField(help_text="统一社会信用代码已在登记机关查询核对")
    licence_valid = models.BooleanField(help_text="执业许可或设立文件有效")
    letter_sealed = models.BooleanField(help_text="授权书已加盖公章")
    contact_called = models.BooleanField(help_text="已按公开渠道的电话回访联系人")

    class Meta:
        verbose_name = "准入核查"
        constraints = [
            models.UniqueConstraint(fields=["application", "round", "by"], name="application_check_once_a_round"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="application_check_has_reason"),
            models.CheckConstraint(
                condition=models.Q(passes=False) | models.Q(
                    credit_code_found=True, licence_valid=True, letter_sealed=True, contact_called=True),
                name="application_check_passes_complete"),
        ]


class PlatformAgreement(models.Model):
    """An administrator accepted one version of the agreement; `record` is empty until the acceptance is deposited."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="agreements", help_text="机构")
    version = models.CharField(max_length=20, help_text="协议版本")
    text_sha256 = models.BinaryField(max_length=32, help_text="中文协议文本的 SHA-256")
    accepted_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", help_text="接受人")
    accepted_at = models.DateTimeField(help_text="接受时间")
    record = models.CharField(max_length=25, blank=True, help_text="存证编号")

    objects: ClassVar[models.Manager["PlatformAgreement"]] = models.Manager()

    class Meta:
        verbose_name = "接入协议"
        db_table = "accounts_agreement"  # as it was called before the loan's agreement took the word
        constraints = [models.UniqueConstraint(fields=["organisation", "version"], name="agreement_once_a_version")]


class Replacement(models.Model):
    """更换管理员: one operator proposes an administrator of an organisation, another one confirms; only then is there an invitation.

    At the operator itself it proposes an operator, or that the sign-in of one is set up anew (`resets`).
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="replacements", help_text="机构")
    login = models.CharField(max_length=254, help_text="新管理员的登录名")
    display_name = models.CharField(max_length=100, help_text="新管理员姓名")
    role = models.CharField(max_length=30, help_text="角色")
    replaces = models.ForeignKey(
        Membership, null=True, on_delete=models.PROTECT, related_name="+", help_text="确认时终止的成员关系；为空表示只增加管理员")
    resets = models.BooleanField(default=False, help_text="不终止，而是为该成员重设登录；仅限运营方")
    reason = models.CharField(max_length=500, help_text="理由")
    proposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", help_text="提出人")
    proposed_at = models.DateTimeField(help_text="提出时间")
    confirmed_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", help_text="确认人")
    confirmed_at = models.DateTimeField(null=True, help_text="确认时间")
    withdrawn_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", help_text="撤回人")
    withdrawn_at = models.DateTimeField(null=True, help_text="撤回时间")

    objects: ClassVar[models.Manager["Replacement"]] = models.Manager()

    class Meta:
        verbose_name = "更换管理员"
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"], condition=models.Q(confirmed_at=None, withdrawn_at=None), name="replacement_open_once"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="replacement_has_reason"),
            models.CheckConstraint(condition=models.Q(role__in=OPERATOR_INVITES), name="replacement_role_is_an_administrators"),
            models.CheckConstraint(
                condition=models.Q(resets=False) | models.Q(role="operator", replaces__isnull=False),
                name="replacement_resets_an_operator"),
            # Nobody takes over a court alone, whatever a page of ours forgets.
            models.CheckConstraint(
                condition=models.Q(confirmed_at=None, confirmed_by=None) | (
                    models.Q(confirmed_at__isnull=False, confirmed_by__isnull=False) & ~models.Q(confirmed_by=models.F("proposed_by"))),
                name="replacement_confirmed_by_another"),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at=None, withdrawn_by=None) | models.Q(
                    withdrawn_at__isnull=False, withdrawn_by__isnull=False, confirmed_at=None),
                name="replacement_withdrawn_instead"),
        ]


class TrialStep(models.Model):
    """What an organisation on trial has done in earnest, once each."""

    class Step(models.TextChoices):
        VERIFIED = "verified", "核验"
        FETCHED = "fetched", "调取证据包"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="trial_steps", help_text="机构")
    step = models.CharField(max_length=10, choices=Step.choices, help_text="试用步骤")
    actor = models.CharField(max_length=64, help_text="行为人编号")
    at = models.DateTimeField(help_text="完成时间")

    objects: ClassVar[models.Manager["TrialStep"]] = models.Manager()

    class Meta:
        verbose_name = "试用步骤"
        constraints = [
            models.UniqueConstraint(fields=["organisation", "step"], name="trial_step_once"),
            models.CheckConstraint(condition=models.Q(step__in=["verified", "fetched"]), name="trial_step_known"),
        ]


class AnnualReview(models.Model):
    """One organisation's review for one due date; the second operator's confirmation moves the date."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="reviews", help_text="机构")
    due_at = models.DateTimeField(help_text="复核期限")
    first_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", help_text="首位复核人")
    first_at = models.DateTimeField(help_text="首次确认时间")
    second_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", help_text="第二位复核人")
    second_at = models.DateTimeField(null=True, help_text="第二次确认时间")

    objects: ClassVar[models.Manager["AnnualReview"]] = models.Manager()

    class Meta:
        verbose_name = "年度复核"
        constraints = [
            models.UniqueConstraint(fields=["organisation", "due_at"], name="annual_review_once_a_date"),
            models.CheckConstraint(
                condition=models.Q(second_by=None) | ~models.Q(second_by=models.F("first_by")), name="annual_review_by_two_people"),
        ]
