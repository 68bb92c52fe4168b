"""The words for the four facts, and with each what it means and what it does not prove. No fact is ever a bare tick.

The words are fixed by the house's page rules and kept by a test. Pure: facts in, text out.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.pages import china_clock, china_time
from evidence.facts import RecordFacts
from tlog.times import parse_time

Text = str | Promise

STATES: Mapping[str, Text] = {
    "RECEIVED": gettext_lazy("已接收"), "COMMITTED": gettext_lazy("已入链"), "TIMESTAMPED": gettext_lazy("已获时间戳"),
}
SENTENCES: Mapping[str, Text] = {
    "RECEIVED": gettext_lazy("本服务已受理这份存证并签发了回执，还没有写入日志。"),
    "COMMITTED": gettext_lazy("这份存证已写入日志，正在等待可信时间戳。"),
    "TIMESTAMPED": gettext_lazy("这份存证已写入日志，覆盖它的检查点已获时间戳。"),
}


@dataclass(frozen=True, slots=True)
class FactWords:
    """`tone` is good, wait, bad or none: it chooses icon and colour, which never stand alone."""

    name: Text
    word: Text
    tone: str
    means: Text
    proves_not: Text


def words_for(facts: RecordFacts, *, now: datetime, test_authority: bool) -> tuple[FactWords, ...]:
    """Integrity, time, log, certificate, in this order."""
    time = time_words(facts.time, test_authority=test_authority)
    return integrity_words(facts.integrity), time, log_words(facts.log, now), _no_certificate()


def integrity_words(fact: Mapping[str, object]) -> FactWords:
    name = _("完整性")
    if fact["state"] == "same":
        return FactWords(
            name, _("与存证时一致"), "good", _("您提供的摘要，就是本存证所承诺的这份文件的摘要。"),
            _("不证明文件内容真实，也不证明存证之前没有被改动。"))
    if fact["state"] == "different":
        return FactWords(
            name, _("不一致"), "bad", _("您提供的摘要不属于本存证的任何一个文件。"),
            _("不证明原件被篡改：可能选错了文件，也可能文件被另存或转码过。"))
    return FactWords(
        name, _("未核对"), "none", _("本页没有读取原件。手中有文件的人可以在下方核对。"), _("不表示文件被改动，也不表示没有被改动。"))


def time_words(fact: Mapping[str, object], *, test_authority: bool) -> FactWords:
    name = _("时间")
    if fact["state"] != "stamped":
        return FactWords(
            name, _("等待时间戳"), "wait", _("覆盖本存证的检查点还没有时间戳，受理时间目前只有本服务的陈述。"),
            _("取得时间戳之前，不能向第三方证明这份存证的时间。"))
    means = _("时间戳机构在 %(at)s 为覆盖本存证的检查点签发了时间戳：存证最迟在这一刻已经存在。") % {"at": china_time(_moment(fact["at"]))}
    if test_authority:
        return FactWords(
            name, _("已获可信时间戳"), "wait", means, _("这个时间戳来自本机的测试机构，只供演示，对外不证明任何时间。"))
    return FactWords(name, _("已获可信时间戳"), "good", means, _("不证明证据在存证之前何时形成，也不证明内容真实。"))


def log_words(fact: Mapping[str, object], now: datetime) -> FactWords:
    name = _("入链")
    if fact["state"] == "queued":
        return _queued(name, _moment(fact["include_by"]), now)
    place = {"index": fact["index"]}
    if fact["state"] == "committed":
        return FactWords(
            name, _("已入链，待联署"), "wait", _("已写入日志，序号 %(index)s；含有它的检查点尚未发布。") % place,
            _("检查点发布之前，外人还不能核对。"))
    means = _("已写入日志，序号 %(index)s；含有它的检查点已公开，任何人都能核对。本日志目前没有见证节点。") % place
    return FactWords(
        name, _("已入链，待联署"), "wait", means, _("不证明内容真实；没有见证节点联署时，也不排除日志向不同的人出示不同的历史。"))


def _queued(name: str, include_by: datetime, now: datetime) -> FactWords:
    by = {"by": china_time(include_by)}
    if now > include_by:
        return FactWords(
            name, _("不在链中"), "bad", _("回执承诺的期限 %(by)s 已过，日志中仍没有这份存证：这是本服务的违约。") % by,
            _("不表示文件有问题；持有回执的人可以凭回执证明本服务没有履约。"))
    return FactWords(
        name, _("待入链（至 %(clock)s）") % {"clock": china_clock(include_by)}, "wait",
        _("已受理并签发回执，承诺在 %(by)s 之前写入日志。") % by, _("入链之前，只有回执能证明本服务已经受理。"))


def _no_certificate() -> FactWords:
    return FactWords(_("证书"), _("未出证"), "none", _("还没有就这份存证出具证书。"), _("没有证书不影响对日志和时间戳的核验。"))


def _moment(value: object) -> datetime:
    assert isinstance(value, str)
    return parse_time(value)
