"""Evidence records, their files, their custody trail; and what the operator keeps: papers of applications, facts of the platform.

In clear stand numbers, ids, kind, sizes and times only. Claims and salts are one blob under the record's key, file digests a blind index:
clear columns would survive an erasure in WAL, replicas and backups. The statement holds salted digests and may be shown
to whoever has the record number. States are derived (`evidence/facts.py`), never stored.
"""
from typing import ClassVar

from django.db import models

from accounts.models import ApiKey, Application, Organisation, Person
from cases.models import Assignment, Case, Grant, Matter, Order
from common.append_only import AppendOnlyModel
from evidence import batch_rows, quarantine_rows  # noqa: F401 - tables of this app too
from ledger.models import Receipt
from vault.models import StoredObject


class Evidence(models.Model):
    record = models.CharField(max_length=25, help_text="存证编号")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, help_text="存证所属机构，即案件所属机构")
    deposited_by = models.ForeignKey(
        Organisation, null=True, on_delete=models.PROTECT, db_index=False, related_name="+",
        help_text="受托存证的机构；为空表示所属机构自己存证")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, db_index=False, help_text="案件")
    case_sequence = models.BigIntegerField(help_text="在案件中的序号，从 1 起")
    kind = models.CharField(max_length=64, help_text="证据种类")
    received_at = models.DateTimeField(help_text="受理时间")
    credential = models.ForeignKey(
        ApiKey, null=True, on_delete=models.PROTECT, db_index=False, help_text="提交所用接口密钥；人员提交时为空")
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, db_index=False, related_name="deposits", help_text="提交人员；接口密钥提交时为空")
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="records", help_text="回执")
    ticket = models.BigIntegerField(help_text="入队编号")
    statement = models.BinaryField(help_text="证据声明原文")
    wrapped_key = models.BinaryField(null=True, help_text="存证密钥，由所属机构的密钥加密；加密之前入库的为空，销毁后为空")
    sealed_claims = models.BinaryField(null=True, help_text="封存的声明项与盐值；依法销毁后为空")

    objects: ClassVar[models.Manager["Evidence"]] = models.Manager()

    class Meta:
        verbose_name = "存证记录"
        constraints = [
            models.UniqueConstraint(fields=["record"], name="evidence_record_unique"),
            models.UniqueConstraint(fields=["case", "case_sequence"], name="evidence_sequence_unique_in_case"),
            models.UniqueConstraint(fields=["ticket"], name="evidence_ticket_unique"),
            models.CheckConstraint(condition=models.Q(case_sequence__gt=0), name="evidence_sequence_from_one"),
            models.CheckConstraint(
                condition=models.Q(credential=None, person__isnull=False) | models.Q(credential__isnull=False, person=None),
                name="evidence_depositor_is_one"),
        ]
        indexes = [
            # What a person deposited today; the records of machines, which are nearly all, are not in it.
            models.Index(fields=["person", "received_at"], condition=models.Q(person__isnull=False), name="evidence_by_person"),
            # Lists by kind: for a rare one every record was read without it, 600 ms among 300,000 (measured).
            models.Index(fields=["kind", "case"], name="evidence_kind_in_case"),
        ]

    def __str__(self) -> str:
        return self.record


class EvidenceFile(models.Model):
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, db_index=False, related_name="files", help_text="存证记录")
    position = models.PositiveIntegerField(help_text="文件序号，从 1 起")
    size_bytes = models.BigIntegerField(help_text="字节数")
    sha256_hmac = models.BinaryField(max_length=32, help_text="SHA-256 的机构级 HMAC")
    stored_object = models.ForeignKey(
        StoredObject, null=True, on_delete=models.PROTECT, db_index=False, help_text="原件；为空表示由存证方自行保管")
    content_key = models.BinaryField(null=True, help_text="原件密钥，由存证密钥加密；没有原件或加密之前入库的为空")

    objects: ClassVar[models.Manager["EvidenceFile"]] = models.Manager()

    class Meta:
        verbose_name = "证据文件"
        constraints = [
            models.UniqueConstraint(fields=["evidence", "position"], name="evidence_file_position_unique"),
            models.CheckConstraint(condition=models.Q(position__gt=0), name="evidence_file_position_from_one"),
            models.CheckConstraint(
                condition=models.Q(content_key=None) | models.Q(stored_object__isnull=False), name="evidence_file_key_of_an_original"),
        ]
        indexes = [
            models.Index(fields=["sha256_hmac"], name="evidence_file_digest"),
            models.Index(fields=["stored_object"], condition=models.Q(stored_object__isnull=False), name="evidence_file_original"),
        ]


class Rendering(models.Model):
    """That one file was drawn, or why it was not; made when somebody looks, thrown away at any time, and never evidence itself.

    What was drawn lies in the vault, as an original does, and goes with the record's content.
    """

    file = models.OneToOneField(EvidenceFile, on_delete=models.PROTECT, related_name="rendering", help_text="证据文件")
    version = models.PositiveIntegerField(help_text="渲染程序的版本；程序更新后重新生成")
    kind = models.CharField(max_length=8, blank=True, help_text="渲染方式；未渲染时为空")
    refused = models.CharField(max_length=12, blank=True, help_text="未渲染的原因代码")
    cut = models.CharField(max_length=10, blank=True, help_text="未展示部分的代码；全部展示时为空")
    total = models.PositiveIntegerField(null=True, help_text="全文的页数、行数、字数或秒数；不详时为空")
    made_at = models.DateTimeField(help_text="生成时间")

    objects: ClassVar[models.Manager["Rendering"]] = models.Manager()

    class Meta:
        verbose_name = "渲染件"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="", cut="", total=None) & ~models.Q(refused="") | models.Q(refused="") & ~models.Q(kind=""),
                name="rendering_shows_or_says_why"),
        ]


class RenderingPart(models.Model):
    """One picture, one sound or one document of a rendering, in its order."""

    rendering = models.ForeignKey(Rendering, on_delete=models.PROTECT, db_index=False, related_name="parts", help_text="渲染件")
    position = models.PositiveIntegerField(help_text="序号，从 1 起")
    media_type = models.CharField(max_length=20, help_text="本系统编码的类型")
    width = models.PositiveIntegerField(null=True, help_text="宽（像素）；不是图像时为空")
    height = models.PositiveIntegerField(null=True, help_text="高（像素）；不是图像时为空")
    stored_object = models.OneToOneField(StoredObject, on_delete=models.PROTECT, related_name="rendering_part", help_text="保管库中的内容")
    content_key = models.BinaryField(help_text="内容密钥，由记录密钥封存")

    objects: ClassVar[models.Manager["RenderingPart"]] = models.Manager()

    class Meta:
        verbose_name = "渲染件的部分"
        constraints = [
            models.UniqueConstraint(fields=["rendering", "position"], name="rendering_part_position_unique"),
            models.CheckConstraint(condition=models.Q(position__gt=0), name="rendering_part_position_from_one"),
            # Of these types alone a browser is sent bytes that were made of somebody's file (docs/adr/0024).
            models.CheckConstraint(
                condition=models.Q(media_type__in=["application/json", "image/png", "image/jpeg", "audio/wav", "audio/mpeg"]),
                name="rendering_part_media_type_known"),
        ]


OTHERS_ROOTS = ("assigned", "granted", "accepted", "ordered")
"""The roots by which somebody reads what is not his organisation's; a migration has them too."""
CUSTODY_EVENTS = (
    "access:granted", "access:revoked", "record:captured", "record:checked", "record:digested", "record:disclosed", "record:downloaded",
    "record:fetched", "record:ingested", "record:played", "record:quarantined", "record:released", "record:rendered", "record:repaired",
    "record:superseded", "record:verified", "record:viewed", "release:approved", "release:failed", "release:proposed", "release:withdrawn")
"""`evidence.custody.CustodyAction` as the database has it; one more needs a migration, as rows of each are for ever."""


class CustodyEvent(AppendOnlyModel):
    """One row of a record's custody trail, chained by digest (formats.md A5 `custody.json`)."""

    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, db_index=False, related_name="custody", help_text="存证记录")
    sequence = models.PositiveIntegerField(help_text="序号，从 1 起")
    at = models.DateTimeField(help_text="发生时间")
    event = models.CharField(max_length=64, help_text="事件")
    actor = models.CharField(max_length=64, help_text="行为人编号")
    organisation_ref = models.CharField(max_length=64, help_text="机构编号")
    purpose = models.TextField(null=True, help_text="目的")
    root = models.CharField(max_length=16, null=True, help_text="访问根据；只有读取才有")
    signed_in = models.CharField(max_length=64, null=True, help_text="登录方式；旧格式的行为空")
    role = models.CharField(max_length=200, null=True, help_text="当时的角色；接口密钥与系统为空")
    on_behalf_of = models.CharField(max_length=64, null=True, help_text="受托为其办理的机构编号")
    request_id = models.CharField(max_length=64, null=True, help_text="请求编号")
    previous = models.CharField(max_length=64, null=True, help_text="上一行摘要")
    digest = models.CharField(max_length=64, help_text="本行摘要")

    class Meta:
        verbose_name = "流转记录"
        constraints = [
            models.UniqueConstraint(fields=["evidence", "sequence"], name="custody_sequence_unique"),
            models.CheckConstraint(condition=models.Q(event__in=CUSTODY_EVENTS), name="custody_event_known"),
        ]
        # Few rows of a long table: what dashboards count is who else read, and who verified.
        indexes = [
            models.Index(fields=["at"], condition=models.Q(root__in=OTHERS_ROOTS), name="custody_read_by_others"),
            models.Index(fields=["at"], condition=models.Q(event="record:verified"), name="custody_verified"),
        ]


PAPERS = ("grant", "assignment", "matter", "order")
"""By which of them others come to a record. Each has a column of its own in the table below."""


class GrantedTrail(models.Model):
    """That a record's trail has a row of the paper by which somebody first read it, and one of that paper's end, once somebody ended it."""

    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="存证记录")
    grant = models.ForeignKey(Grant, null=True, on_delete=models.PROTECT, related_name="+", help_text="授权")
    assignment = models.ForeignKey(Assignment, null=True, on_delete=models.PROTECT, related_name="+", help_text="委案")
    matter = models.ForeignKey(Matter, null=True, on_delete=models.PROTECT, related_name="+", help_text="受理事项")
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="+", help_text="调取令")
    ended_at = models.DateTimeField(null=True, help_text="终止写入流转记录的时间")

    objects: ClassVar[models.Manager["GrantedTrail"]] = models.Manager()

    class Meta:
        verbose_name = "访问根据的流转记录"
        constraints = [
            models.UniqueConstraint(fields=["evidence", "grant"], name="granted_trail_told_once"),
            models.UniqueConstraint(fields=["evidence", "assignment"], name="granted_trail_assignment_told_once"),
            models.UniqueConstraint(fields=["evidence", "matter"], name="granted_trail_matter_told_once"),
            models.UniqueConstraint(fields=["evidence", "order"], name="granted_trail_order_told_once"),
            models.CheckConstraint(
                condition=models.Q(*(models.Q(*((f"{each}__isnull", each != one) for each in PAPERS)) for one in PAPERS), _connector="OR"),
                name="granted_trail_of_one_paper"),
        ]


class CustodyCommitment(AppendOnlyModel):
    """A statement of kind `custody` in the log: where some trails had got to. Its claims are told one by one, and none is kept here."""

    record = models.CharField(max_length=25, help_text="编号")
    received_at = models.DateTimeField(help_text="记入时间")
    statement = models.BinaryField(help_text="声明原文")
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="custody_commitments", help_text="回执")
    ticket = models.BigIntegerField(help_text="入队编号")

    class Meta:
        verbose_name = "流转记录入链"
        constraints = [
            models.UniqueConstraint(fields=["record"], name="custody_commitment_record_unique"),
            models.UniqueConstraint(fields=["ticket"], name="custody_commitment_ticket_unique"),
        ]

    def __str__(self) -> str:
        return self.record


class CustodyHead(AppendOnlyModel):
    """One claim of such a statement, `heads/<position>`: the end of one record's trail at that time; made of the row, salted by `salt`."""

    commitment = models.ForeignKey(CustodyCommitment, on_delete=models.PROTECT, db_index=False, related_name="heads", help_text="入链声明")
    position = models.PositiveIntegerField(help_text="声明项序号，从 1 起")
    event = models.ForeignKey(CustodyEvent, on_delete=models.PROTECT, db_index=False, related_name="heads", help_text="流转记录的末行")
    salt = models.BinaryField(max_length=32, help_text="声明项的盐值")

    class Meta:
        verbose_name = "已入链的流转末行"
        constraints = [
            models.UniqueConstraint(fields=["commitment", "position"], name="custody_head_position_unique"),
            models.UniqueConstraint(fields=["event"], name="custody_head_of_an_event_once"),
            models.CheckConstraint(condition=models.Q(position__gt=0), name="custody_head_position_from_one"),
        ]


class FixityRound(models.Model):
    """One round of the scrub over all originals, from the first to the last; how far the present one is, and what each found."""

    began_at = models.DateTimeField(help_text="开始时间")
    seen_at = models.DateTimeField(help_text="最近一批的时间")
    ended_at = models.DateTimeField(null=True, help_text="完成时间；为空表示仍在进行")
    objects_read = models.BigIntegerField(default=0, help_text="已重新计算摘要的原件数")
    bytes_read = models.BigIntegerField(default=0, help_text="已读字节数")
    wrong = models.BigIntegerField(default=0, help_text="不符或无法读取、且未能恢复的原件数")
    repaired = models.BigIntegerField(default=0, help_text="以第二副本恢复的原件数")

    objects: ClassVar[models.Manager["FixityRound"]] = models.Manager()

    class Meta:
        verbose_name = "原件复核"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(seen_at__gte=models.F("began_at"), objects_read__gte=0, bytes_read__gte=0, wrong__gte=0, repaired__gte=0)
                & (models.Q(ended_at=None) | models.Q(ended_at__gte=models.F("began_at"))), name="fixity_round_goes_on"),
        ]


class Supersession(AppendOnlyModel):
    """A record that was deposited by mistake (误存), and the record that says so. Why, by whom and when stand in the latter's claims."""

    superseded = models.ForeignKey(Evidence, on_delete=models.PROTECT, db_index=False, related_name="supersessions", help_text="误存的记录")
    correction = models.ForeignKey(Evidence, on_delete=models.PROTECT, db_index=False, related_name="corrects", help_text="更正记录")
    replaced_by = models.ForeignKey(
        Evidence, null=True, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="应以此为准的记录；没有则为空")

    class Meta:
        verbose_name = "误存更正"
        constraints = [
            models.UniqueConstraint(fields=["superseded"], name="supersession_of_a_record_once"),
            models.UniqueConstraint(fields=["correction"], name="supersession_by_a_record_once"),
            models.CheckConstraint(
                condition=~models.Q(superseded=models.F("correction"))
                & (models.Q(replaced_by=None)
                   | ~models.Q(replaced_by=models.F("superseded")) & ~models.Q(replaced_by=models.F("correction"))),
                name="supersession_by_another_record"),
        ]


class Relation(AppendOnlyModel):
    """How one record belongs to another of its case: said by itself at its deposit, or later by a third one that says nothing else."""

    class Kind(models.TextChoices):
        DERIVED_FROM = "derived_from", "来源于"
        CORROBORATES = "corroborates", "印证"
        REPLACES = "replaces", "替代"
        REPLY_TO = "reply_to", "回复"

    said_by = models.ForeignKey(
        Evidence, on_delete=models.PROTECT, db_index=False, related_name="says", help_text="声明项中说明此关联的存证")
    source = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="relations", help_text="存证")
    relation = models.CharField(max_length=16, choices=Kind.choices, help_text="关联")
    target = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="related", help_text="关联的存证")

    class Meta:
        verbose_name = "存证关联"
        constraints = [
            models.UniqueConstraint(fields=["said_by", "source", "relation", "target"], name="relation_said_once"),
            models.CheckConstraint(
                condition=models.Q(relation__in=["derived_from", "corroborates", "replaces", "reply_to"]), name="relation_known"),
            models.CheckConstraint(
                condition=~models.Q(source=models.F("target")) & ~models.Q(said_by=models.F("target")), name="relation_to_another_record"),
        ]


class OriginalTicket(models.Model):
    """Leave to fetch one original once, within a minute, from the evidence origin. The address's token is not stored."""

    token_sha256 = models.BinaryField(max_length=32, help_text="地址令牌的 SHA-256；令牌本身不保存")
    file = models.ForeignKey(EvidenceFile, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="证据文件")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="取用人")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="取用人所在机构")
    signed_in = models.CharField(max_length=64, help_text="取用人签发凭据时的登录方式")
    made_at = models.DateTimeField(help_text="签发时间")
    expires_at = models.DateTimeField(help_text="失效时间")
    used_at = models.DateTimeField(null=True, help_text="取用时间")

    objects: ClassVar[models.Manager["OriginalTicket"]] = models.Manager()

    class Meta:
        verbose_name = "原件取用凭据"
        constraints = [
            models.UniqueConstraint(fields=["token_sha256"], name="original_ticket_token_unique"),
            models.CheckConstraint(
                condition=models.Q(used_at=None) | models.Q(used_at__gte=models.F("made_at"), used_at__lt=models.F("expires_at")),
                name="original_ticket_used_in_time"),
        ]


class RecordTimestamp(AppendOnlyModel):
    """A verified RFC 3161 token over the record's own statement, which the depositor asked for; the raw bytes as they came."""

    evidence = models.OneToOneField(Evidence, on_delete=models.PROTECT, related_name="own_timestamp", help_text="存证记录")
    authority = models.CharField(max_length=64, help_text="时间戳机构编号")
    token = models.BinaryField(help_text="时间戳令牌原始字节")
    gen_time = models.DateTimeField(help_text="令牌中的时间")

    class Meta:
        verbose_name = "存证自身的时间戳"


class StampsTold(models.Model):
    """How far the records' owners were told that they are timestamped: the one row, moved by compare-and-swap with the deliveries."""

    size = models.BigIntegerField(default=0, help_text="日志中在此之前的条目，其获得时间戳一事已通知")

    objects: ClassVar[models.Manager["StampsTold"]] = models.Manager()

    class Meta:
        verbose_name = "时间戳通知进度"
        constraints = [models.CheckConstraint(condition=models.Q(pk=1, size__gte=0), name="stamps_told_is_one_row")]


class DisclosureAttempts(models.Model):
    """Wrong digests offered for one record on one UTC day; ten are allowed (design.md §5)."""

    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, db_index=False, help_text="存证记录")
    day = models.DateField(help_text="日期（UTC）")
    wrong = models.PositiveIntegerField(default=0, help_text="错误次数")

    objects: ClassVar[models.Manager["DisclosureAttempts"]] = models.Manager()

    class Meta:
        verbose_name = "披露尝试"
        constraints = [models.UniqueConstraint(fields=["evidence", "day"], name="disclosure_attempts_one_row_a_day")]


class ApplicationPaper(models.Model):
    """One file that came with an application. The operator's papers, not evidence: neither in the log nor in any package."""

    class Kind(models.TextChoices):
        LICENCE = "licence", "营业执照、执业许可证或设立文件"
        LETTER = "letter", "授权书"
        OTHER = "other", "其他材料"

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="papers", help_text="准入申请")
    round = models.PositiveIntegerField(help_text="第几轮材料")
    kind = models.CharField(max_length=10, choices=Kind.choices, help_text="材料种类")
    media_type = models.CharField(max_length=20, help_text="按内容判定的类型")
    stored_object = models.OneToOneField(StoredObject, on_delete=models.PROTECT, related_name="paper", help_text="保管库中的原件")
    wrapped_key = models.BinaryField(null=True, help_text="原件密钥，由运营方的密钥加密；加密之前入库的为空")

    objects: ClassVar[models.Manager["ApplicationPaper"]] = models.Manager()

    class Meta:
        verbose_name = "准入材料"
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=["licence", "letter", "other"]), name="application_paper_kind_known"),
            models.CheckConstraint(
                condition=models.Q(media_type__in=["application/pdf", "image/jpeg", "image/png"]),
                name="application_paper_media_type_known"),
        ]


class PaperTicket(models.Model):
    """Leave to fetch one paper of an application once, within a minute, from the evidence origin. Of evidence it knows nothing."""

    token_sha256 = models.BinaryField(max_length=32, help_text="地址令牌的 SHA-256；令牌本身不保存")
    paper = models.ForeignKey(ApplicationPaper, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="准入材料")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="取用的运营人员")
    made_at = models.DateTimeField(help_text="签发时间")
    expires_at = models.DateTimeField(help_text="失效时间")
    used_at = models.DateTimeField(null=True, help_text="取用时间")

    objects: ClassVar[models.Manager["PaperTicket"]] = models.Manager()

    class Meta:
        verbose_name = "准入材料取用凭据"
        constraints = [
            models.UniqueConstraint(fields=["token_sha256"], name="paper_ticket_token_unique"),
            models.CheckConstraint(
                condition=models.Q(used_at=None) | models.Q(used_at__gte=models.F("made_at"), used_at__lt=models.F("expires_at")),
                name="paper_ticket_used_in_time"),
        ]


class PlatformFact(AppendOnlyModel):
    """One thing that the operator says of the platform, for a time, with the record of the document that shows it.

    Days are those of China, the last one included. Rows stay; a mistake is replaced by another row that names it.
    """

    class Kind(models.TextChoices):
        OPERATING_ENTITY = "operating_entity", "运营主体"
        RELATION = "relation", "与租户机构的关系"
        LOG_RUNNER = "log_runner", "日志运行方"
        VAULT_RUNNER = "vault_runner", "保管库运行方"
        WITNESS_RUNNER = "witness_runner", "见证节点运行方"
        FILING = "filing", "区块链信息服务备案"
        CLASSIFIED_PROTECTION = "classified_protection", "网络安全等级保护"
        CRYPTO_ASSESSMENT = "crypto_assessment", "商用密码应用安全性评估"
        CERTIFICATE = "certificate", "其他资质证书"
        MANUAL = "manual", "管理制度与操作手册"
        SOFTWARE_VERSION = "software_version", "软件版本"

    class Relation(models.TextChoices):
        NONE = "none", "无关联"
        AFFILIATE = "affiliate", "关联企业"
        SAME_ENTITY = "same_entity", "同一主体"

    kind = models.CharField(max_length=24, choices=Kind.choices, help_text="事项种类")
    name = models.CharField(max_length=100, blank=True, help_text="同类事项中的名称：见证节点、证书或手册名")
    organisation = models.ForeignKey(
        Organisation, null=True, on_delete=models.PROTECT, related_name="platform_facts", help_text="关系所及的租户机构")
    relation = models.CharField(max_length=12, blank=True, choices=Relation.choices, help_text="与该机构的关系")
    told = models.CharField(max_length=500, help_text="内容")
    number = models.CharField(max_length=100, blank=True, help_text="备案号或证书编号")
    issuer = models.CharField(max_length=200, blank=True, help_text="备案或发证机关")
    valid_from = models.DateField(help_text="起始日，含当日")
    valid_until = models.DateField(null=True, help_text="截止日，含当日；为空表示未定")
    record = models.CharField(max_length=25, help_text="文件的存证编号")
    replaces = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", help_text="更正的上一条")
    recorded_at = models.DateTimeField(help_text="登记时间")
    recorded_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", help_text="登记人")

    class Meta:
        verbose_name = "平台事项"
        constraints = [
            models.UniqueConstraint(fields=["record"], name="platform_fact_record_unique"),
            models.UniqueConstraint(fields=["replaces"], name="platform_fact_replaced_once"),
            models.CheckConstraint(condition=models.Q(kind__in=[
                "operating_entity", "relation", "log_runner", "vault_runner", "witness_runner", "filing", "classified_protection",
                "crypto_assessment", "certificate", "manual", "software_version"]), name="platform_fact_kind_known"),
            models.CheckConstraint(
                condition=models.Q(kind="relation", organisation__isnull=False, relation__in=["none", "affiliate", "same_entity"])
                | ~models.Q(kind="relation") & models.Q(organisation=None, relation=""),
                name="platform_fact_relation_to_somebody"),
            models.CheckConstraint(
                condition=models.Q(valid_until=None) | models.Q(valid_until__gte=models.F("valid_from")),
                name="platform_fact_ends_after_its_start"),
        ]


class PlatformReminder(models.Model):
    """The operator was told that this fact ends within so many days."""

    fact = models.ForeignKey(PlatformFact, on_delete=models.PROTECT, related_name="reminders", help_text="平台事项")
    days = models.PositiveIntegerField(help_text="提前天数")
    told_at = models.DateTimeField(help_text="通知时间")

    objects: ClassVar[models.Manager["PlatformReminder"]] = models.Manager()

    class Meta:
        verbose_name = "平台事项到期提醒"
        constraints = [
            models.UniqueConstraint(fields=["fact", "days"], name="platform_reminder_once"),
            models.CheckConstraint(condition=models.Q(days__in=[90, 30, 7]), name="platform_reminder_days_known"),
        ]
