"""Why a sequencer does not go on: a lost race (it loads anew) or a refusal (it ends, with one sentence in both languages)."""
from typing import ClassVar


class LostRace(Exception):
    """Another sequencer moved the log's state first: forget everything and load it again."""


class Refusal(Exception):
    """The log must not go on like this; a person has to look. `code` is stable."""

    code: ClassVar[str]
    chinese: ClassVar[str]
    english: ClassVar[str]

    def __init__(self, **data: str | int) -> None:
        super().__init__(f"[{self.code}] {self.chinese.format(**data)} {self.english.format(**data)}")


class GuardMissing(Refusal):
    code = "guard-missing"
    chinese = "数据库缺少只增不改的触发器：{names}。"
    english = "The database lacks append-only guards: {names}. Find out who dropped them, run `manage.py fsck`, then put them back."


class NotDurable(Refusal):
    code = "database-not-durable"
    chinese = "PostgreSQL 的 {setting} 为 off，已确认的存证可能丢失。"
    english = "PostgreSQL runs with {setting}=off: what was acknowledged could be lost. Turn it on."


class LogIsFrozen(Refusal):
    code = "log-frozen"
    chinese = "日志已冻结，不再收录条目。"
    english = "The log is frozen since {since}: nothing is added or signed any more; a successor log has to be opened."


class LogIsClosed(Refusal):
    """The one that is no trouble: there is nothing left to do."""

    code = "log-closed"
    chinese = "日志 {origin} 已关闭，最终检查点为 {size} 条，定序进程无事可做。"
    english = "The log {origin} is closed at size {size}, its final checkpoint is published: nothing is left to do."


class OtherKey(Refusal):
    code = "other-key"
    chinese = "{what}不属于本日志 {origin}（密钥或名称不同）。"
    english = "{what} belongs to another key or origin than the log {origin} of this database: this would be another log."


class KeyMissing(Refusal):
    code = "log-key-missing"
    chinese = "{folder} 中没有日志现行密钥 {vkey} 的文件，拒绝签名。"
    english = (
        "No key file in {folder} is {vkey}, a key of the log that is in force: put that file back. A log's key is changed with "
        "`manage.py announce_policy --new-log-key`, never by replacing the file."
    )


class WitnessAhead(Refusal):
    code = "witness-ahead"
    chinese = "见证节点 {witness} 已联署 {size} 条的检查点，而数据库只有 {ours} 条：数据库与存储是旧副本，继续运行会使日志分叉。"
    english = (
        "The witness {witness} has cosigned a checkpoint of size {size}, and this database ends at {ours}: database and storage are an "
        "old copy, and going on would fork the log. Restore a newer backup, or run `manage.py log_recover` with the newest storage."
    )


class DatabaseOlder(Refusal):
    code = "database-older"
    chinese = "数据库旧于存储中的日志（数据库 {database}，存储 {storage}：{where}），继续运行会使日志分叉。"
    english = (
        "The database is older than the log in storage (database {database}, storage {storage}: {where}): going on would fork the log. "
        "Restore a newer backup, or run `manage.py log_recover`."
    )


class OtherHistory(Refusal):
    code = "other-history"
    chinese = "数据库与存储中大小为 {size} 的已发布检查点不同，日志可能已分叉。"
    english = "Database and storage hold different checkpoints of size {size}: one is of another history. Run `manage.py fsck`."


class StorageOlder(Refusal):
    code = "storage-older"
    chinese = "存储缺少数据库已记载的瓦片：{name}。"
    english = "Storage lacks {name}, which was written according to the database: it is an older copy, or another folder. Restore it."


class ClockBehind(Refusal):
    code = "clock-behind"
    chinese = "系统时钟比日志最近一次记录的时间慢 {seconds} 秒，拒绝回拨时间。"
    english = "The clock is {seconds} s behind the last time in the log ({last}): time in the log never goes back. Set the clock right."


class RootMismatch(Refusal):
    code = "root-mismatch"
    chinese = "{step}：两种方法算出的树根不同（大小 {size}），拒绝继续。"
    english = "{step}: two ways to compute the root of size {size} disagree; a bit is wrong. Nothing was signed. Run `manage.py fsck`."


class LeafMismatch(Refusal):
    code = "leaf-mismatch"
    chinese = "{what}的叶哈希与条目不符，拒绝继续。"
    english = "{what}: the entry does not have the leaf hash that was promised. Nothing of it was signed. Run `manage.py fsck`."


class StorageConflict(Refusal):
    code = "storage-conflict"
    chinese = "存储中已有同名但内容不同的对象 {name}。"
    english = "Storage holds other bytes under {name}, a name that is written once. Nothing was overwritten. Run `manage.py fsck`."


class StorageDamaged(Refusal):
    code = "storage-damaged"
    chinese = "存储中的瓦片已损坏：{detail}。"
    english = "A stored tile or bundle is damaged: {detail}. Nothing was signed. Run `manage.py fsck`."


class QueueChanged(Refusal):
    code = "queue-changed"
    chinese = "入队记录被其他程序改动（应删除 {expected} 行，实际 {found} 行）。"
    english = "Queue rows vanished under the sequencer ({found} of {expected} there): nothing was committed. Find out who deletes them."


class RowsMissing(Refusal):
    code = "rows-missing"
    chinese = "数据库缺少序号 {start} 至 {end} 之间的日志条目。"
    english = "The database lacks entries between {start} and {end} that the log holds. Run `manage.py fsck`."


class DatabaseRefuses(Refusal):
    code = "constraint-violated"
    chinese = "数据库约束被违反：{detail}。"
    english = "The database refused a row that only the sequencer may write ({detail}). Run `manage.py fsck`."
