"""Who else may see a case, by the lender's grant, and the trail of who saw it."""
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from accounts.models import Organisation
from accounts.permissions import Kind
from accounts.viewer import PERSON
from cases.models.case import Case
from common.append_only import AppendOnlyModel

GRANT_ALONE = 100
"""So many cases of one lender's one person opens to one receiver alone (`cases.granting`); beyond, a second legal officer must approve."""
RECEIVERS = (Kind.NOTARY_OFFICE, Kind.LAW_FIRM, Kind.ARBITRATION_BODY, Kind.COURT)
# A grant to an auditor opened nothing, for an auditor reads no case; grants from when it could be given stay.
EVER_RECEIVERS = (*RECEIVERS, Kind.AUDITOR)


class Grant(models.Model):
    """授权: the lender opens cases to one institution, on one basis with its document, for a purpose and a period."""

    class Basis(models.TextChoices):
        """The closed list of what a grant may rest on."""

        # LAW: 个人信息保护法（2021年）第二十一条: a contract; no re-delegation; return or deletion at the end.
        ENTRUSTED = "entrusted", "委托处理"
        # LAW: 个人信息保护法（2021年）第二十三条: the person's separate consent.
        PROVIDED = "provided", "向其他处理者提供"
        # LAW: 个人信息保护法（2021年）第十三条第一款第三项: a duty or power that a statute gives.
        DUTY = "duty", "履行法定职责或义务"

    ref = models.CharField(max_length=32, help_text="对外使用的随机编号，32 位十六进制")
    lender = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="grants_given", help_text="授权的出借机构")
    receiver = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="grants_held", help_text="被授权的机构")
    receiver_kind = models.CharField(max_length=20, help_text="被授权机构类别，抄自机构，供约束使用")
    basis = models.CharField(max_length=10, choices=Basis.choices, help_text="法律依据")
    document = models.CharField(max_length=200, help_text="依据文件：存证编号；向其他处理者提供的，为案件档案所载单独同意的文件")
    purpose = models.CharField(max_length=200, help_text="目的")
    starts_at = models.DateTimeField(help_text="起始时间")
    ends_at = models.DateTimeField(help_text="届满时间")
    case_count = models.PositiveIntegerField(help_text="案件数")
    needs_second = models.BooleanField(help_text="授权时判定须由第二人复核；两道隔离都只看这一栏")
    created_at = models.DateTimeField(help_text="授权时间")
    granted_by = models.CharField(max_length=64, help_text="授权人编号")
    approved_at = models.DateTimeField(null=True, help_text="复核时间；须复核的授权此前不生效")
    approved_by = models.CharField(max_length=64, blank=True, help_text="复核人编号")
    revoked_at = models.DateTimeField(null=True, help_text="撤销时间")
    revoked_by = models.CharField(max_length=64, blank=True, help_text="撤销人编号")
    lapse_told_at = models.DateTimeField(null=True, help_text="双方获告期间届满的时间；撤销的或从未生效的为空")

    objects: ClassVar[models.Manager["Grant"]] = models.Manager()

    class Meta:
        verbose_name = "授权"
        constraints = [
            models.UniqueConstraint(fields=["ref"], name="grant_ref_unique"),
            models.CheckConstraint(
                condition=Q(receiver_kind__in=[kind.value for kind in EVER_RECEIVERS]), name="grant_receiver_may_receive"),
            models.CheckConstraint(condition=Q(basis__in=["entrusted", "provided", "duty"]), name="grant_basis_known"),
            models.CheckConstraint(condition=~Q(document=""), name="grant_has_document"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="grant_ends_after_start"),
            models.CheckConstraint(condition=Q(case_count__gt=0), name="grant_covers_cases"),
            models.CheckConstraint(condition=Q(case_count__lte=GRANT_ALONE) | Q(needs_second=True), name="grant_of_many_needs_a_second"),
            # Two people: a key is in many hands, and grants nothing.
            models.CheckConstraint(
                condition=Q(approved_at=None, approved_by="") | (
                    Q(approved_at__isnull=False, approved_by__startswith=PERSON, granted_by__startswith=PERSON)
                    & ~Q(approved_by=F("granted_by"))),
                name="grant_approved_by_another"),
            models.CheckConstraint(condition=Q(lapse_told_at=None) | Q(lapse_told_at__gte=F("ends_at")), name="grant_lapse_told_after_it"),
        ]
        indexes = [models.Index(fields=["ends_at"], condition=Q(revoked_at=None, lapse_told_at=None), name="grant_lapse_untold")]

    def __str__(self) -> str:
        return self.ref

    @property
    def needs_approval(self) -> bool:
        return self.needs_second and self.approved_at is None


class GrantedCase(models.Model):
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, db_index=False, related_name="cases", help_text="授权")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="grants", help_text="案件")

    objects: ClassVar[models.Manager["GrantedCase"]] = models.Manager()

    class Meta:
        verbose_name = "授权的案件"
        constraints = [models.UniqueConstraint(fields=["grant", "case"], name="granted_case_unique")]


class AccessEvent(AppendOnlyModel):
    """Somebody read a case's or its parties' data, or records of it: written before the data went out. No name stands here.

    `export`: a list that left as a file told of the case. `search`: it was found by the name, the identity number or the phone of a party.
    """

    CASE, RECORDS, EXPORT, SEARCH = "case", "records", "export", "search"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, db_index=False, related_name="accesses", help_text="案件")
    at = models.DateTimeField(help_text="时间")
    what = models.CharField(
        max_length=16, help_text="读取的内容：case 案件与当事人信息、records 存证、export 导出的案件列表、search 按当事人检索到")
    actor = models.CharField(max_length=64, help_text="行为人编号")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", help_text="行为人所在机构")
    roles = models.CharField(max_length=200, help_text="当时的角色；接口密钥为空")
    signed_in = models.CharField(max_length=16, help_text="登录方式：session 会话、key 接口密钥")
    root = models.CharField(max_length=16, help_text="访问根据")
    purpose = models.TextField(null=True, help_text="目的；本机构读取为空，即其岗位职责")
    request_id = models.CharField(max_length=64, help_text="请求编号")

    class Meta:
        verbose_name = "案件访问记录"
        constraints = [
            models.CheckConstraint(condition=Q(what__in=["case", "records", "export", "search"]), name="access_event_what_known"),
            models.CheckConstraint(
                condition=Q(root__in=["own", "assigned", "granted", "accepted", "ordered"]), name="access_event_root_known"),
            models.CheckConstraint(condition=Q(root="own") | Q(purpose__isnull=False), name="access_event_of_others_has_purpose"),
        ]
        indexes = [models.Index(fields=["case", "-id"], name="access_event_of_case")]
