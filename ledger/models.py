"""Rows of the log. Queue rows come and go; receipts, entries, batches, checkpoints and timestamps never change.

Order of the durable writes: see `ledger/sequencer/`. Source: design.md §3; C2SP tlog-tiles, tlog-checkpoint; RFC 3161.
"""
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from common.append_only import AppendOnlyModel


class LogState(models.Model):
    """The one row that every step moves by compare-and-swap: sizes only grow, and each is at most the one before."""

    origin = models.CharField(max_length=255, help_text="日志标识")
    vkey = models.CharField(max_length=400, help_text="日志签名公钥")
    size = models.BigIntegerField(default=0, help_text="已提交的条目数")
    root = models.BinaryField(max_length=32, help_text="该大小的树根")
    applied_size = models.BigIntegerField(default=0, help_text="瓦片已落盘的条目数")
    published_size = models.BigIntegerField(default=0, help_text="最新已发布检查点的大小")
    stamped_size = models.BigIntegerField(default=0, help_text="最新已获时间戳的检查点大小")
    collected_size = models.BigIntegerField(default=0, help_text="在此大小之前写满的瓦片，其不完整版本已清理")
    closing_at = models.DateTimeField(null=True, help_text="停止受理的时间；此后只把已受理的条目写完并发布最终检查点")
    frozen_at = models.DateTimeField(null=True, help_text="冻结时间；冻结后不再收录条目")

    objects: ClassVar[models.Manager["LogState"]] = models.Manager()

    class Meta:
        verbose_name = "日志状态"
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="log_state_is_one_row"),
            models.CheckConstraint(condition=Q(applied_size__lte=F("size")), name="log_applied_at_most_size"),
            models.CheckConstraint(condition=Q(published_size__lte=F("applied_size")), name="log_published_at_most_applied"),
            models.CheckConstraint(condition=Q(stamped_size__lte=F("published_size")), name="log_stamped_at_most_published"),
            models.CheckConstraint(condition=Q(collected_size__lte=F("published_size")), name="log_collected_at_most_published"),
            models.CheckConstraint(condition=Q(stamped_size__gte=0, collected_size__gte=0), name="log_sizes_not_negative"),
        ]


class LogQueue(models.Model):
    """An entry that is promised and not yet in the log; its id is the ticket by which the depositor finds its place later."""

    entry = models.BinaryField(max_length=65_535, help_text="日志条目原文")
    leaf_hash = models.BinaryField(max_length=32, help_text="叶哈希，回执中已承诺")
    queued_at = models.DateTimeField(help_text="入队时间")

    objects: ClassVar[models.Manager["LogQueue"]] = models.Manager()

    class Meta:
        verbose_name = "待入链条目"


class LogEntry(AppendOnlyModel):
    """An entry in its place; its leaf hash is computed, its time is its batch's.

    `ticket` is its number in the queue; None when it was replayed from storage and its queue row is lost.
    """

    index = models.BigIntegerField(primary_key=True, help_text="在日志中的位置，从 0 起")
    ticket = models.BigIntegerField(null=True, help_text="入队编号；为空表示由瓦片恢复，入队记录已丢失")
    entry = models.BinaryField(max_length=65_535, help_text="日志条目原文")

    class Meta:
        verbose_name = "日志条目"
        constraints = [
            models.CheckConstraint(condition=Q(index__gte=0), name="log_entry_index_not_negative"),
            models.UniqueConstraint(fields=["ticket"], name="log_entry_ticket_unique"),
        ]


class LogBatch(AppendOnlyModel):
    """One commit of the sequencer: the entries from the previous batch's size up to `size`.

    The tree says nothing of tickets and times. `rows_sha256` covers them, and the previous batch's digest, so that a row
    changed by hand is found and named.
    """

    size = models.BigIntegerField(primary_key=True, help_text="提交后的条目数")
    root = models.BinaryField(max_length=32, help_text="提交后的树根")
    sequenced_at = models.DateTimeField(help_text="入链时间")
    oldest_queued_at = models.DateTimeField(help_text="本批最早的入队时间")
    rows_sha256 = models.BinaryField(max_length=32, help_text="本批各行与上一批的摘要")

    class Meta:
        verbose_name = "入链批次"
        constraints = [models.CheckConstraint(condition=Q(size__gt=0), name="log_batch_not_empty")]


class Receipt(AppendOnlyModel):
    """The promise given with one acknowledgement, a row of the deposit's own transaction; it is signed after commit."""

    text = models.TextField(help_text="回执正文")
    key_id = models.CharField(max_length=8, help_text="签名密钥编号，十六进制")
    received_at = models.DateTimeField(help_text="受理时间")
    include_by = models.DateTimeField(help_text="承诺入链期限")

    class Meta:
        verbose_name = "回执"
        constraints = [
            models.CheckConstraint(condition=Q(include_by__gt=F("received_at")), name="receipt_promise_after_received"),
        ]


class OwnStatement(AppendOnlyModel):
    """A statement of the service about itself: an incident, or a change of the log's keys. It is promised and logged like a deposit.

    Nothing in it is personal, so its claims with their salts stand in clear and are public.
    """

    record = models.CharField(max_length=25, help_text="编号")
    kind = models.CharField(max_length=16, help_text="种类：incident 异常事件、key 密钥与见证策略的变更")
    received_at = models.DateTimeField(help_text="记入时间")
    statement = models.BinaryField(help_text="声明原文")
    claims = models.BinaryField(help_text="声明项与盐值")
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="own_statements", help_text="回执")
    ticket = models.BigIntegerField(help_text="入队编号")

    class Meta:
        verbose_name = "服务自身声明"
        constraints = [
            models.UniqueConstraint(fields=["record"], name="own_statement_record_unique"),
            models.UniqueConstraint(fields=["ticket"], name="own_statement_ticket_unique"),
            models.CheckConstraint(condition=Q(kind__in=["incident", "key"]), name="own_statement_kind_known"),
        ]

    def __str__(self) -> str:
        return self.record


class Incident(AppendOnlyModel):
    """Something that must not happen and did; public, for ever. It is over when it has an `IncidentEnd`.

    One `code` and `subject` has one incident at a time: the `episode` counts them from 1. `statement` is empty when the log could
    not take an entry any more.
    """

    code = models.CharField(max_length=40, help_text="事件代码")
    subject = models.CharField(max_length=255, help_text="涉及的对象：见证节点、时间戳机构、回执编号等，不含个人信息")
    episode = models.PositiveIntegerField(help_text="同一代码与对象的第几次，从 1 起")
    facts = models.JSONField(help_text="事实：文本与整数")
    opened_at = models.DateTimeField(help_text="发现时间")
    statement = models.OneToOneField(OwnStatement, null=True, on_delete=models.PROTECT, related_name="incident", help_text="日志中的声明")

    class Meta:
        verbose_name = "异常事件"
        constraints = [
            models.UniqueConstraint(fields=["code", "subject", "episode"], name="incident_episode_unique"),
            models.CheckConstraint(condition=Q(episode__gt=0), name="incident_episode_from_one"),
        ]
        indexes = [models.Index(fields=["opened_at"], name="incident_opened_at")]


class IncidentEnd(AppendOnlyModel):
    """When an incident was over, and how that was known: by itself, or by an operator's word."""

    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="end", help_text="异常事件")
    ended_at = models.DateTimeField(help_text="结束时间")
    how = models.CharField(max_length=200, help_text="如何得知已结束")
    statement = models.OneToOneField(
        OwnStatement, null=True, on_delete=models.PROTECT, related_name="incident_end", help_text="日志中的声明")

    class Meta:
        verbose_name = "异常事件的结束"


class Checkpoint(AppendOnlyModel):
    """A tree head that the log signed. One size has one row: two would be a fork."""

    size = models.BigIntegerField(help_text="条目数")
    root = models.BinaryField(max_length=32, help_text="树根")
    note = models.BinaryField(help_text="带日志签名的检查点原文")
    signed_at = models.DateTimeField(help_text="签署时间")

    class Meta:
        verbose_name = "检查点"
        constraints = [
            models.UniqueConstraint(fields=["size"], name="checkpoint_size_unique"),
            models.CheckConstraint(condition=Q(size__gt=0), name="checkpoint_not_empty"),
        ]


class PublishedCheckpoint(AppendOnlyModel):
    """What `/log/checkpoint` served for this size, with every cosignature it had then."""

    checkpoint = models.OneToOneField(Checkpoint, on_delete=models.PROTECT, help_text="检查点")
    size = models.BigIntegerField(help_text="条目数")
    previous_size = models.BigIntegerField(help_text="上一次发布的条目数；首次为 0")
    note = models.BinaryField(help_text="已发布的检查点原文")
    published_at = models.DateTimeField(help_text="发布时间")

    class Meta:
        verbose_name = "已发布检查点"
        constraints = [
            models.UniqueConstraint(fields=["size"], name="published_checkpoint_size_unique"),
            # A chain without branches: nothing is published beside, and a row that vanishes leaves a gap.
            models.UniqueConstraint(fields=["previous_size"], name="published_checkpoint_previous_unique"),
            models.CheckConstraint(condition=Q(previous_size__gte=0, previous_size__lt=F("size")), name="published_checkpoint_grows"),
        ]


class StampRequest(models.Model):
    """One published checkpoint to be stamped by one authority; the subject of a job row.

    `outcome` is empty while the job is at work: `stamped` has a timestamp, `superseded` was overtaken by a newer
    checkpoint, `dropped` asks an authority that is not configured any more.
    """

    STAMPED, SUPERSEDED, DROPPED = "stamped", "superseded", "dropped"

    checkpoint = models.ForeignKey(PublishedCheckpoint, on_delete=models.PROTECT, related_name="stamp_requests", help_text="已发布检查点")
    authority = models.CharField(max_length=64, help_text="时间戳机构编号")
    requested_at = models.DateTimeField(help_text="排队时间")
    outcome = models.CharField(max_length=16, blank=True, help_text="结果：stamped 已获、superseded 被更新的检查点取代、dropped 机构已停用")

    objects: ClassVar[models.Manager["StampRequest"]] = models.Manager()

    class Meta:
        verbose_name = "时间戳申请"
        constraints = [
            models.UniqueConstraint(fields=["checkpoint", "authority"], name="stamp_request_unique"),
            models.CheckConstraint(condition=Q(outcome__in=["", "stamped", "superseded", "dropped"]), name="stamp_request_outcome_known"),
        ]


class Timestamp(AppendOnlyModel):
    """A verified RFC 3161 token over a published checkpoint's text, the raw bytes as the authority sent them."""

    checkpoint = models.ForeignKey(PublishedCheckpoint, on_delete=models.PROTECT, related_name="timestamps", help_text="已发布检查点")
    size = models.BigIntegerField(help_text="该检查点的条目数")
    authority = models.CharField(max_length=64, help_text="时间戳机构编号")
    token = models.BinaryField(help_text="时间戳令牌原始字节")
    gen_time = models.DateTimeField(help_text="令牌中的时间")
    received_at = models.DateTimeField(help_text="收到时间")

    class Meta:
        verbose_name = "时间戳"
        constraints = [models.UniqueConstraint(fields=["checkpoint", "authority"], name="timestamp_unique_for_authority")]
        # "The first stamped checkpoint that covers a record" is asked for every row of every list.
        indexes = [models.Index(fields=["size", "gen_time"], name="timestamp_first_covering")]


class ArchivedRevocation(AppendOnlyModel):
    """What an authority's issuers said of its certificates when its token was taken: `<tsa>.crl` or `<tsa>.ocsp` in a package."""

    timestamp = models.ForeignKey(Timestamp, on_delete=models.PROTECT, related_name="revocations", help_text="时间戳")
    form = models.CharField(max_length=4, help_text="形式：crl 或 ocsp")
    data = models.BinaryField(help_text="签发机构的原始字节")
    fetched_at = models.DateTimeField(help_text="取得时间")

    class Meta:
        verbose_name = "吊销信息存档"
        constraints = [
            models.UniqueConstraint(fields=["timestamp", "form"], name="archived_revocation_unique"),
            models.CheckConstraint(condition=Q(form__in=["crl", "ocsp"]), name="archived_revocation_form_known"),
        ]


class Renewal(AppendOnlyModel):
    """One token over the folders of many checkpoints, before what stamped them weakens; `root` is that of the tree over their lists."""

    authority = models.CharField(max_length=64, help_text="时间戳机构编号")
    size = models.PositiveIntegerField(help_text="续期的检查点数")
    root = models.BinaryField(max_length=32, help_text="各检查点清单的树根")
    token = models.BinaryField(help_text="时间戳令牌原始字节")
    gen_time = models.DateTimeField(help_text="令牌中的时间")
    received_at = models.DateTimeField(help_text="收到时间")

    class Meta:
        verbose_name = "时间戳续期"
        constraints = [models.CheckConstraint(condition=Q(size__gt=0), name="renewal_not_empty")]


class RenewedCheckpoint(AppendOnlyModel):
    """One checkpoint's list in a renewal: `renewal-<number>.txt`, and its place among the leaves."""

    renewal = models.ForeignKey(Renewal, on_delete=models.PROTECT, related_name="checkpoints", help_text="续期")
    position = models.PositiveIntegerField(help_text="在续期树中的位置，从 0 起")
    checkpoint = models.ForeignKey(PublishedCheckpoint, on_delete=models.PROTECT, related_name="renewals", help_text="已发布检查点")
    number = models.PositiveIntegerField(help_text="该检查点的第几次续期，从 1 起")
    list_text = models.BinaryField(help_text="清单原文，sha256sum 格式")

    class Meta:
        verbose_name = "已续期的检查点"
        constraints = [
            models.UniqueConstraint(fields=["renewal", "position"], name="renewed_checkpoint_position_unique"),
            models.UniqueConstraint(fields=["checkpoint", "number"], name="renewed_checkpoint_number_unique"),
            models.CheckConstraint(condition=Q(number__gt=0), name="renewed_checkpoint_number_from_one"),
        ]


class WitnessSilence(models.Model):
    """The sequencer's word that it writes nothing because no witness has answered it yet; one row, there while that lasts."""

    since = models.DateTimeField(help_text="自何时起没有任何见证节点应答")
    said_at = models.DateTimeField(help_text="最近一次确认的时间，约每秒一次")

    objects: ClassVar[models.Manager["WitnessSilence"]] = models.Manager()

    class Meta:
        verbose_name = "见证节点均无应答"
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="witness_silence_is_one_row"),
            models.CheckConstraint(condition=Q(said_at__gte=F("since")), name="witness_silence_said_after_its_start"),
        ]
