"""Organisations and the credentials of their machines; people, their memberships, and the invitations that make them; how an organisation's
people are signed in, and its audit log.

Nothing here can be turned back into a usable key, link or password; an identity provider's secret is sealed. Second factors and sessions
are rows of django-allauth.
"""
from datetime import datetime
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from accounts.permissions import CERTIFIED, LICENSED, ROLES, Kind, Role
from accounts.public_keys import Algorithm, PublicKey
from accounts.scopes import SCOPES_OF, Scope, read_scopes
from common.append_only import AppendOnlyModel

# Which role belongs to which kind, as the constraints of two tables state it.
ROLE_FITS_KIND = models.Q(*(
    models.Q(organisation_kind=kind.value, role__in=[role.value for role, permission in ROLES.items() if permission.kind == kind])
    for kind in Kind), _connector=models.Q.OR)
HAS_LICENCE = ~models.Q(role__in=sorted(role.value for role in LICENSED)) | ~models.Q(licence_number="")
HAS_CERTIFICATE = ~models.Q(role__in=sorted(role.value for role in CERTIFIED)) | ~models.Q(certificate_number="")


class Organisation(models.Model):
    class Status(models.TextChoices):
        """How far an organisation was let in. Its people and machines may act in `trial` (`permissions.ON_TRIAL`) and `active` only."""

        APPLIED = "applied", "已申请"
        CHECKED = "checked", "已核查"
        AGREED = "agreed", "已签协议"
        TRIAL = "trial", "试用"
        ACTIVE = "active", "正式"
        SUSPENDED = "suspended", "已停用"

    ref = models.CharField(max_length=32, help_text="对外使用的随机编号，32 位十六进制")
    name = models.CharField(max_length=200, help_text="机构名称")
    kind = models.CharField(max_length=20, help_text="机构类别，建立后不变")
    credit_code = models.CharField(max_length=18, null=True, help_text="统一社会信用代码；由程序建立的机构可以没有")
    status = models.CharField(max_length=10, choices=Status.choices, help_text="准入状态；停用立即生效")
    contact_email = models.CharField(max_length=254, blank=True, help_text="联系邮箱")
    contact_phone = models.CharField(max_length=32, blank=True, help_text="联系电话")
    licence_number = models.CharField(max_length=64, blank=True, help_text="律师事务所执业许可证号，或公证机构执业证号")
    practice_area = models.CharField(max_length=200, blank=True, help_text="公证机构的执业区域")
    review_due_at = models.DateTimeField(null=True, help_text="下次年度复核的期限；为空表示从未转为正式")
    created_at = models.DateTimeField(help_text="建立时间")

    objects: ClassVar[models.Manager["Organisation"]] = models.Manager()

    class Meta:
        verbose_name = "机构"
        constraints = [
            models.UniqueConstraint(fields=["ref"], name="organisation_ref_unique"),
            models.UniqueConstraint(fields=["credit_code"], name="organisation_credit_code_unique"),
            models.CheckConstraint(condition=~models.Q(credit_code=""), name="organisation_credit_code_not_empty"),
            models.CheckConstraint(condition=models.Q(kind__in=[kind.value for kind in Kind]), name="organisation_kind_known"),
            models.CheckConstraint(
                condition=models.Q(status__in=["applied", "checked", "agreed", "trial", "active", "suspended"]),
                name="organisation_status_known"),
            # One neutral party runs the service; two bootstraps at once make one operator.
            models.UniqueConstraint(fields=["kind"], condition=models.Q(kind="operator"), name="organisation_operator_is_one"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def working(self) -> bool:
        """Whether its people and machines may act now."""
        return self.status in (self.Status.TRIAL, self.Status.ACTIVE)

    @property
    def on_trial(self) -> bool:
        """Whether it may do its trial and nothing else: nobody entrusts or opens anything to it."""
        return self.status == self.Status.TRIAL

    @property
    def agreeing(self) -> bool:
        """Whether it was checked and its administrator is still to accept the agreement, or the acceptance to be deposited."""
        return self.status in (self.Status.CHECKED, self.Status.AGREED)


class ApiKey(models.Model):
    """What a machine shows: its secret in each request, or, with an `application`, at the token endpoint only (an OAuth client)."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="api_keys", help_text="所属机构")
    prefix = models.CharField(max_length=12, help_text="密钥前缀，可展示")
    secret_sha256 = models.BinaryField(max_length=32, help_text="密钥的 SHA-256；密钥本身不保存")
    label = models.CharField(max_length=100, help_text="用途说明")
    created_at = models.DateTimeField(help_text="签发时间")
    expires_at = models.DateTimeField(help_text="失效时间")
    revoked_at = models.DateTimeField(null=True, help_text="撤销时间")
    last_used_at = models.DateTimeField(null=True, help_text="最近使用时间，按分钟记录")
    scopes = models.CharField(max_length=200, help_text="权限范围，以空格分隔，签发后不变")
    must_sign = models.BooleanField(default=False, help_text="每个请求必须按 RFC 9421 签名")
    application = models.ForeignKey(
        "oauth2_provider.Application", null=True, on_delete=models.PROTECT, related_name="+", help_text="OAuth 客户端；为空则是接口密钥")
    created_by = models.ForeignKey("Person", null=True, on_delete=models.PROTECT, related_name="+", help_text="签发人；由命令签发的没有")
    revoked_by = models.ForeignKey("Person", null=True, on_delete=models.PROTECT, related_name="+", help_text="撤销人")

    objects: ClassVar[models.Manager["ApiKey"]] = models.Manager()

    class Meta:
        verbose_name = "接口密钥"
        constraints = [
            models.UniqueConstraint(fields=["prefix"], name="api_key_prefix_unique"),
            models.CheckConstraint(condition=models.Q(expires_at__gt=models.F("created_at")), name="api_key_expires_after_creation"),
            models.UniqueConstraint(fields=["application"], name="api_key_application_unique"),
            models.CheckConstraint(
                condition=models.Q(revoked_by=None) | models.Q(revoked_at__isnull=False), name="api_key_revoked_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… {self.label}"

    def usable_at(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at

    @property
    def granted(self) -> frozenset[Scope]:
        """Its scopes, as far as the kind of its organisation may hold them."""
        return read_scopes(self.scopes) & SCOPES_OF[Kind(self.organisation.kind)]


class SigningKey(models.Model):
    """A public key by which an organisation's machines sign their requests. Revoked rows stay, so that none comes back."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="signing_keys", help_text="所属机构")
    thumbprint = models.CharField(max_length=43, help_text="RFC 7638 指纹，即签名中的 keyid")
    algorithm = models.CharField(max_length=20, help_text="签名算法")
    spki = models.BinaryField(max_length=200, help_text="公钥，DER 编码的 SubjectPublicKeyInfo")
    label = models.CharField(max_length=100, help_text="用途说明")
    created_at = models.DateTimeField(help_text="登记时间")
    created_by = models.ForeignKey("Person", null=True, on_delete=models.PROTECT, related_name="+", help_text="登记人")
    revoked_at = models.DateTimeField(null=True, help_text="撤销时间")
    revoked_by = models.ForeignKey("Person", null=True, on_delete=models.PROTECT, related_name="+", help_text="撤销人")

    objects: ClassVar[models.Manager["SigningKey"]] = models.Manager()

    class Meta:
        verbose_name = "签名公钥"
        constraints = [
            models.UniqueConstraint(fields=["organisation", "thumbprint"], name="signing_key_registered_once"),
            models.CheckConstraint(
                condition=models.Q(algorithm__in=[algorithm.value for algorithm in Algorithm]), name="signing_key_algorithm_known"),
            models.CheckConstraint(
                condition=models.Q(revoked_by=None) | models.Q(revoked_at__isnull=False), name="signing_key_revoked_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.thumbprint} {self.label}"

    @property
    def public_key(self) -> PublicKey:
        return PublicKey(Algorithm(self.algorithm), bytes(self.spki), self.thumbprint)


class SignatureNonce(models.Model):
    """A nonce that a signature used up. Kept until that signature would be too old anyway."""

    signing_key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="签名公钥")
    nonce = models.CharField(max_length=128, help_text="签名中的一次性随机数")
    expires_at = models.DateTimeField(db_index=True, help_text="此后可清除")

    objects: ClassVar[models.Manager["SignatureNonce"]] = models.Manager()

    class Meta:
        verbose_name = "已用随机数"
        constraints = [models.UniqueConstraint(fields=["signing_key", "nonce"], name="signature_nonce_used_once")]

    def __str__(self) -> str:
        return f"{self.signing_key_id} {self.nonce}"


class Person(AbstractBaseUser):
    """Somebody who signs in. Rights come from memberships alone; there is no superuser and no staff."""

    login = models.CharField(max_length=254, help_text="登录名：电子邮箱或工作账号，小写")
    display_name = models.CharField(max_length=100, help_text="显示姓名")
    created_at = models.DateTimeField(help_text="建立时间")
    deactivated_at = models.DateTimeField(null=True, help_text="停用时间；停用后不能登录，已有会话立即失效")

    objects: ClassVar[BaseUserManager["Person"]] = BaseUserManager()  # type: ignore[assignment]

    # Set by the gate for a session that one organisation's identity provider vouches for: the person then has his roles there, no others.
    only_at: int | None = None

    USERNAME_FIELD = "login"
    REQUIRED_FIELDS = ["display_name"]

    class Meta:
        verbose_name = "人员"
        constraints = [
            models.UniqueConstraint(fields=["login"], name="person_login_unique"),
            # Two spellings of one login name would be two people.
            models.CheckConstraint(condition=models.Q(login=Lower("login")), name="person_login_is_lower_case"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """What Django and allauth ask by this name; derived, so that no second column can disagree."""
        return self.deactivated_at is None


class Membership(models.Model):
    """One role of one person in one organisation, for a time. Ended rows stay: who could act when is a fact."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships", help_text="人员")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships", help_text="机构")
    organisation_kind = models.CharField(max_length=20, help_text="机构类别，抄自机构，供约束使用")
    role = models.CharField(max_length=30, help_text="角色")
    licence_number = models.CharField(max_length=64, blank=True, help_text="律师执业证号")
    certificate_number = models.CharField(max_length=64, blank=True, help_text="公证员执业证号")
    since = models.DateTimeField(help_text="起始时间")
    until = models.DateTimeField(null=True, help_text="终止时间")

    objects: ClassVar[models.Manager["Membership"]] = models.Manager()

    class Meta:
        verbose_name = "成员关系"
        constraints = [
            models.CheckConstraint(condition=ROLE_FITS_KIND, name="membership_role_fits_kind"),
            models.CheckConstraint(condition=HAS_LICENCE, name="membership_lawyer_has_licence"),
            models.CheckConstraint(condition=HAS_CERTIFICATE, name="membership_notary_has_certificate"),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gte=models.F("since")), name="membership_ends_after_its_start"),
            models.UniqueConstraint(
                fields=["person", "organisation", "role"], condition=models.Q(until=None), name="membership_held_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.role} {self.organisation_id}"

    @property
    def role_of(self) -> Role:
        return Role(self.role)


class Invitation(models.Model):
    """A link, good once, by which one login name takes one role. The link's token is not stored."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="invitations", help_text="机构")
    organisation_kind = models.CharField(max_length=20, help_text="机构类别，抄自机构，供约束使用")
    role = models.CharField(max_length=30, help_text="角色")
    login = models.CharField(max_length=254, help_text="受邀人的登录名")
    display_name = models.CharField(max_length=100, help_text="受邀人姓名")
    licence_number = models.CharField(max_length=64, blank=True, help_text="律师执业证号")
    certificate_number = models.CharField(max_length=64, blank=True, help_text="公证员执业证号")
    resets = models.BooleanField(default=False, help_text="用于已有成员重设密码与第二因素")
    alone = models.BooleanField(default=False, help_text="由唯一的运营人员一人发出；首位同事加入以后不再有")
    token_sha256 = models.BinaryField(max_length=32, help_text="链接令牌的 SHA-256；令牌本身不保存")
    made_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", help_text="邀请人；首位运营人员没有邀请人")
    created_at = models.DateTimeField(help_text="发出时间")
    expires_at = models.DateTimeField(help_text="失效时间")
    withdrawn_at = models.DateTimeField(null=True, help_text="撤回时间")
    accepted_at = models.DateTimeField(null=True, help_text="接受时间")
    accepted_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", help_text="接受者")

    objects: ClassVar[models.Manager["Invitation"]] = models.Manager()

    class Meta:
        verbose_name = "邀请"
        constraints = [
            models.UniqueConstraint(fields=["token_sha256"], name="invitation_token_unique"),
            models.CheckConstraint(condition=ROLE_FITS_KIND, name="invitation_role_fits_kind"),
            models.CheckConstraint(condition=HAS_LICENCE, name="invitation_lawyer_has_licence"),
            models.CheckConstraint(condition=HAS_CERTIFICATE, name="invitation_notary_has_certificate"),
            models.CheckConstraint(condition=models.Q(expires_at__gt=models.F("created_at")), name="invitation_expires_after_creation"),
            models.CheckConstraint(
                condition=models.Q(accepted_at=None, accepted_by=None) | models.Q(
                    accepted_at__isnull=False, accepted_by__isnull=False, withdrawn_at=None),
                name="invitation_accepted_by_somebody"),
            # Whoever is the only operator invites one colleague; every operator after him takes two.
            models.UniqueConstraint(
                fields=["organisation"], condition=models.Q(alone=True, withdrawn_at=None), name="invitation_alone_once"),
            models.CheckConstraint(
                condition=models.Q(alone=False) | models.Q(organisation_kind="operator", resets=False),
                name="invitation_alone_by_operator"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.organisation_id}"

    def open_at(self, now: datetime) -> bool:
        return self.accepted_at is None and self.withdrawn_at is None and now < self.expires_at


class SignInRules(models.Model):
    """How people of an organisation may be signed in: the networks of its workstations, and when one locks. No row: the defaults."""

    IDLE_MINUTES, IDLE_FROM, IDLE_TO = 10, 5, 30

    organisation = models.OneToOneField(Organisation, on_delete=models.PROTECT, related_name="sign_in_rules", help_text="机构")
    networks = models.TextField(blank=True, help_text="工作站所在网段（CIDR），以空格分隔；为空时催收员不能进入")
    idle_minutes = models.PositiveSmallIntegerField(default=IDLE_MINUTES, help_text="工作站闲置多少分钟后锁定，5 至 30")

    objects: ClassVar[models.Manager["SignInRules"]] = models.Manager()

    class Meta:
        verbose_name = "登录规则"
        constraints = [
            models.CheckConstraint(condition=models.Q(idle_minutes__gte=5, idle_minutes__lte=30), name="sign_in_rules_idle_in_range"),
        ]


class IdentityProvider(models.Model):
    """An organisation's own OpenID Connect provider. The client's secret is sealed (`oidc.sealing`): it has to be shown to the provider."""

    organisation = models.OneToOneField(Organisation, on_delete=models.PROTECT, related_name="identity_provider", help_text="机构")
    issuer = models.CharField(max_length=255, help_text="签发方地址，逐字符与身份令牌中的一致")
    client_id = models.CharField(max_length=255, help_text="客户端标识")
    sealed_secret = models.BinaryField(max_length=600, help_text="加密保存的客户端密钥")
    changed_at = models.DateTimeField(help_text="登记或最近变更时间")

    objects: ClassVar[models.Manager["IdentityProvider"]] = models.Manager()

    class Meta:
        verbose_name = "机构身份提供方"
        constraints = [
            models.CheckConstraint(condition=~models.Q(issuer="") & ~models.Q(client_id=""), name="identity_provider_is_named"),
        ]


class LinkedIdentity(models.Model):
    """Which member an identity of an organisation's provider is. It counts at that organisation, and nowhere else."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="机构")
    issuer = models.CharField(max_length=255, help_text="签发方地址")
    subject = models.CharField(max_length=255, help_text="签发方内部的人员标识")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="linked_identities", help_text="人员")
    linked_at = models.DateTimeField(help_text="首次登录时间")

    objects: ClassVar[models.Manager["LinkedIdentity"]] = models.Manager()

    class Meta:
        verbose_name = "已关联身份"
        constraints = [
            models.UniqueConstraint(fields=["organisation", "issuer", "subject"], name="linked_identity_is_one_person"),
            # A second identity for somebody who has one would be a second way in that he knows nothing of.
            models.UniqueConstraint(fields=["organisation", "issuer", "person"], name="linked_identity_one_for_each_person"),
        ]


class WorkstationFactor(models.Model):
    """A passkey that counts as its organisation's workstation: made inside its networks, and approved by whoever manages its members.

    What it is good for ends with the row. `until`: of a factor from before there were such rows, which counts so long without approval.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", help_text="机构")
    authenticator = models.ForeignKey("mfa.Authenticator", on_delete=models.CASCADE, db_index=False, related_name="+", help_text="第二因素")
    registered_at = models.DateTimeField(help_text="登记时间")
    until = models.DateTimeField(null=True, help_text="升级前已有的因素未经批准可用至此时")
    approved_at = models.DateTimeField(null=True, help_text="批准时间；此前不能用以进入")
    approved_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+", help_text="批准人")

    objects: ClassVar[models.Manager["WorkstationFactor"]] = models.Manager()

    class Meta:
        verbose_name = "工作站因素"
        constraints = [
            models.UniqueConstraint(fields=["authenticator", "organisation"], name="workstation_factor_registered_once"),
            models.CheckConstraint(
                condition=models.Q(approved_at=None, approved_by=None) | models.Q(approved_at__isnull=False, approved_by__isnull=False),
                name="workstation_factor_approved_by_somebody"),
        ]


class AuditHead(models.Model):
    """Where an organisation's audit log ends; its lock, too. Without it, nothing would show that the newest rows were removed."""

    organisation = models.OneToOneField(Organisation, on_delete=models.PROTECT, related_name="audit_head", help_text="机构")
    number = models.PositiveBigIntegerField(help_text="最近一条的序号")
    digest = models.CharField(max_length=64, help_text="最近一条的摘要")

    objects: ClassVar[models.Manager["AuditHead"]] = models.Manager()

    class Meta:
        verbose_name = "审计日志末端"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(number=0, digest="") | (models.Q(number__gte=1) & ~models.Q(digest="")), name="audit_head_has_a_digest"),
        ]


class AuditEntry(AppendOnlyModel):
    """One act on an organisation's people, keys, rules, or on who sees cases (`audit.events`), chained by digest within the organisation.

    Ids and closed words, no names and no whole address: a name is looked up when somebody reads. The list of events is code, not a
    constraint: to change a constraint SQLite rebuilds the table, and this one must lie still.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="机构")
    number = models.PositiveBigIntegerField(help_text="机构内序号，从 1 起连续")
    at = models.DateTimeField(help_text="时间")
    event = models.CharField(max_length=40, help_text="事件")
    actor = models.CharField(max_length=40, blank=True, help_text="行为人：person:、api_key: 加编号，或 command；为空表示尚未证明身份")
    subject = models.CharField(max_length=64, blank=True, help_text="涉及对象的编号")
    detail = models.CharField(max_length=255, blank=True, help_text="补充的固定用语：状态、角色、因素、件数、导出的筛选")
    method = models.CharField(max_length=64, blank=True, help_text="登录方式")
    network = models.CharField(max_length=49, blank=True, help_text="网络地址，仅保留 IPv4 前 24 位或 IPv6 前 48 位")
    request_id = models.CharField(max_length=16, blank=True, help_text="同一请求的各条相同")
    previous = models.CharField(max_length=64, blank=True, help_text="上一条的摘要；首条为空")
    digest = models.CharField(max_length=64, help_text="本条除摘要外全部内容的 SHA-256")

    class Meta:
        verbose_name = "审计记录"
        constraints = [
            models.UniqueConstraint(fields=["organisation", "number"], name="audit_entry_number_unique"),
            models.CheckConstraint(
                condition=models.Q(number=1, previous="") | (models.Q(number__gt=1) & ~models.Q(previous="")),
                name="audit_entry_follows_another"),
        ]
        indexes = [models.Index(fields=["organisation", "event", "-number"], name="audit_entry_by_event")]
