"""The words for the four facts, and with each what it means and what it does not prove. No fact is ever a bare tick.

The words are fixed by the house's page rules and kept by a test. Pure: facts in, text out.
"""
from collections.abc import Mapping, Set
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
    "RECEIVED": gettext_lazy("已接收"), "COMMITTED": gettext_lazy("已入链"), "WITNESSED": gettext_lazy("已联署"),
    "TIMESTAMPED": gettext_lazy("已获时间戳"), "QUARANTINED": gettext_lazy("已隔离"),
}
SENTENCES: Mapping[str, Text] = {
    "RECEIVED": gettext_lazy("本服务已受理这份存证并签发了回执，还没有写入日志。"),
    "COMMITTED": gettext_lazy("这份存证已写入日志，正在等待检查点发布和可信时间戳。"),
    "WITNESSED": gettext_lazy("这份存证已写入日志，覆盖它的检查点已由见证节点联署，正在等待可信时间戳。"),
    "TIMESTAMPED": gettext_lazy("这份存证已写入日志，覆盖它的检查点已获时间戳。"),
    "QUARANTINED": gettext_lazy("这份存证的原件与存证时不符或检出恶意程序，已停止提供；内容仍保留，证明仍可核验。"),
}


@dataclass(frozen=True, slots=True)
class FactWords:
    """`tone` is good, wait, bad or none: it chooses icon and colour, which never stand alone."""

    name: Text
    word: Text
    tone: str
    means: Text
    proves_not: Text


def words_for(facts: RecordFacts, *, now: datetime, test_authority: bool, test_witnesses: Set[str]) -> tuple[FactWords, ...]:
    """Integrity, time, log, certificate, in this order."""
    time = time_words(facts.time, test_authority=test_authority)
    return integrity_words(facts.integrity), time, log_words(facts.log, now, test_witnesses), _no_certificate()


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
    if fact["state"] == "quarantined":
        return FactWords(
            name, _("已隔离"), "bad", _("本服务发现原件与存证时不符或检出恶意程序，已停止提供原件。"),
            _("不证明手中的文件被改动；持有文件的人仍可在下方核对。"))
    return FactWords(
        name, _("未核对"), "none", _("本页没有读取原件。手中有文件的人可以在下方核对。"), _("不表示文件被改动，也不表示没有被改动。"))


def time_words(fact: Mapping[str, object], *, test_authority: bool) -> FactWords:
    name = _("时间")
    if fact["state"] == "waiting":
        return FactWords(
            name, _("等待时间戳"), "wait", _("覆盖本存证的检查点还没有时间戳，受理时间目前只有本服务的陈述。"),
            _("取得时间戳之前，不能向第三方证明这份存证的时间。"))
    if fact["state"] == "disputed":
        return _disputed(name, fact)
    means = _("时间戳机构在 %(at)s 为覆盖本存证的检查点签发了时间戳：存证最迟在这一刻已经存在。") % {"at": china_time(_moment(fact["at"]))}
    if fact["missing"]:
        means += _("时间戳机构 %(names)s 也受到申请，但没有给出时间戳，无从比对。") % {"names": _listed(fact["missing"])}
    if test_authority:
        return FactWords(
            name, _("时间戳有效但机构未受信"), "wait", means, _("这个时间戳来自本机的测试机构，只供演示，对外不证明任何时间。"))
    return FactWords(name, _("已获可信时间戳"), "good", means, _("不证明证据在存证之前何时形成，也不证明内容真实。"))


def _disputed(name: str, fact: Mapping[str, object]) -> FactWords:
    times, names = fact["times"], fact["disagreeing"]
    assert isinstance(times, list)
    assert isinstance(names, list)
    given = {each["authority"]: china_time(_moment(each["at"])) for each in times}
    words = {
        "names": _listed(names), "skew": fact["skew_s"], "at": china_time(_moment(fact["at"])),
        "times": _("；").join(_("%(authority)s：%(at)s") % {"authority": authority, "at": at} for authority, at in given.items()),
    }
    means = _("时间戳机构 %(names)s 的时间相差超过 %(skew)s 秒。覆盖本存证的检查点的时间戳：%(times)s。最早的时间是 %(at)s。") % words
    if not given.keys() >= set(names):
        means = _(
            "时间戳机构 %(names)s 的时间相差超过 %(skew)s 秒，其中不可信的时间戳未被采纳。覆盖本存证的检查点的时间戳：%(times)s。") % words
    return FactWords(
        name, _("时间有出入"), "bad", means, _("不能据此断定哪一家机构的时间正确；经过见“透明日志”页的异常事件。"))


def log_words(fact: Mapping[str, object], now: datetime, test_witnesses: Set[str] = frozenset()) -> FactWords:
    name = _("入链")
    if fact["state"] == "queued":
        return _queued(name, _moment(fact["include_by"]), now)
    place = {"index": fact["index"]}
    if fact["state"] == "committed":
        return FactWords(
            name, _("已入链，待联署"), "wait", _("已写入日志，序号 %(index)s；含有它的检查点尚未发布。") % place,
            _("检查点发布之前，外人还不能核对。"))
    if fact["state"] == "witnessed":
        return _witnessed(name, fact, test_witnesses)
    means = _("已写入日志，序号 %(index)s；含有它的检查点已公开，任何人都能核对。本日志目前没有见证节点。") % place
    if fact["witnesses"]:
        means = _("已写入日志，序号 %(index)s；含有它的检查点已公开，任何人都能核对，但见证节点的联署没有达到法定数。") % place
    return FactWords(
        name, _("已入链，待联署"), "wait", means, _("不证明内容真实；没有见证节点联署时，也不排除日志向不同的人出示不同的历史。"))


def _witnessed(name: str, fact: Mapping[str, object], test_witnesses: Set[str]) -> FactWords:
    names, count = fact["cosigned_by"], fact["witnesses"]
    assert isinstance(names, list)
    words = {"k": len(names), "n": count, "index": fact["index"], "names": _("、").join(names)}
    word = _("已入链，检查点已由 %(k)s/%(n)s 个见证节点联署") % words
    means = _("已写入日志，序号 %(index)s；含有它的检查点已公开，并由 %(names)s 联署：它与这些节点此前所见的日志一致。") % words
    if not test_witnesses.isdisjoint(names):
        return FactWords(name, word, "wait", means, _("联署来自本机的测试节点，只供演示，对外不证明任何事。"))
    return FactWords(name, word, "good", means, _("不证明内容真实；见证节点没有接触、没有审查证据内容。"))


def _queued(name: str, include_by: datetime, now: datetime) -> FactWords:
    by = {"by": china_time(include_by)}
    if now > include_by:
        return FactWords(
            name, _("不在链中"), "bad", _("回执承诺的期限 %(by)s 已过，日志中仍没有这份存证：这是本服务的违约。") % by,
            _("不表示文件有问题；持有回执的人可以凭回执证明本服务没有履约。"))
    return FactWords(
        name, _("待入链（至 %(clock)s）") % {"clock": china_clock(include_by)}, "wait",
        _("已受理并签发回执，承诺在 %(by)s 之前写入日志。") % by, _("入链之前，只有回执能证明本服务已经受理。"))


def _listed(names: object) -> str:
    assert isinstance(names, list)
    return _("、").join(names)


def _no_certificate() -> FactWords:
    return FactWords(_("证书"), _("未出证"), "none", _("还没有就这份存证出具证书。"), _("没有证书不影响对日志和时间戳的核验。"))


def _moment(value: object) -> datetime:
    assert isinstance(value, str)
    return parse_time(value)
