"""Where a JSON body has another form than the interface's, and what was expected there: our own sentence, in the reader's language.

msgspec finds the fault and says it in English; of that the kind of fault, the place and the figures are read, and not one of its words is
passed on. What is not known here, because a later version says it otherwise, becomes a sentence that is true of every fault.
What a value must be beyond its form say the rooms' own rules. Source: RFC 6901 (JSON pointers); msgspec 0.19 and 0.20, `_core.c`.
"""
import re
from collections.abc import Callable
from typing import Any

import msgspec
from django.utils.translation import gettext as _
from msgspec import inspect

MALFORMED = (msgspec.DecodeError, UnicodeDecodeError)
# [0-9] and not \d, which in Python also means the digits of other scripts.
TIME_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$(?!\n)"
PATH = re.compile(r"^(?P<reason>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>[^`]*)`)?$", re.DOTALL)
STEP = re.compile(r"\.([^.\[]+)|\[([0-9]+|\.\.\.)\]")
Say = Callable[[re.Match[str]], str]


def located(fault: Exception, expected: Any) -> tuple[str, str]:
    """JSON pointer of the fault that decoding as the type `expected` met, and what is wrong there.

    Of a member that is missing, or that there is none of, what holds it is pointed at, and the sentence names it.
    """
    match = PATH.match(str(fault))
    assert match is not None
    pointer = json_pointer(match["path"] or "")
    if isinstance(fault, UnicodeDecodeError):
        return pointer, _("JSON 不是 UTF-8 编码；请以 UTF-8 重新发送。")
    if re.match(r"Invalid (?:enum )?value ", match["reason"]):
        return pointer, _one_of(_allowed(expected, match["path"] or ""))
    return pointer, _said(match["reason"])


def json_pointer(path: str) -> str:
    """RFC 6901 pointer of msgspec's `.records[3].files[0].name`.

    Of a member of a map msgspec says `[...]` and not which it is, so that the map is pointed at.

    >>> json_pointer(".records[3].files[0].name"), json_pointer(".provenance.environment[...]"), json_pointer("")
    ('/records/3/files/0/name', '/provenance/environment', '')
    """
    steps = [step[1] or step[2] for step in STEP.finditer(path)]
    return "".join(f"/{step}" for step in steps if step != "...")


def _said(reason: str) -> str:
    for pattern, say in FORMS:
        if found := pattern.fullmatch(reason):
            return say(found)
    return _("此处不符合接口文档规定的形式；请对照接口文档修改后重试。")


def _one_of(allowed: tuple[str, ...]) -> str:
    if not allowed:
        return _("不是允许的取值；请对照接口文档修改。")
    return _("不是允许的取值；允许的有：%(values)s。") % {"values": ", ".join(allowed)}


def _type(name: str) -> str:
    """msgspec's name of a type, or of several, as JSON calls them, in the reader's language."""
    names = {
        "str": _("字符串"), "int": _("整数"), "float": _("数"), "bool": _("布尔值"), "array": _("数组"), "object": _("对象（object）"),
        "null": "null",
    }
    return " / ".join(names.get(each, each) for each in name.split(" | "))


def _expected(found: re.Match[str]) -> str:
    return _("此处应为%(wanted)s，收到的是%(got)s。") % {"wanted": _type(found[1]), "got": _type(found[2])}


def _length(found: re.Match[str]) -> str:
    at_least, at_most = {
        "array": (_("至少 %(length)s 项。"), _("至多 %(length)s 项。")),
        "object": (_("至少 %(length)s 个成员。"), _("至多 %(length)s 个成员。")),
    }.get(found[1], (_("至少 %(length)s 个字符。"), _("至多 %(length)s 个字符。")))
    return (at_least if found[2] == ">=" else at_most) % {"length": found[3]}


def _bound(found: re.Match[str]) -> str:
    return (_("应不小于 %(limit)s。") if found[2] == ">=" else _("应不大于 %(limit)s。")) % {"limit": found[3]}


def _pattern(found: re.Match[str]) -> str:
    # msgspec quotes a pattern as Python's `repr` does.
    pattern = found[1].encode().decode("unicode_escape")
    if pattern == TIME_PATTERN:
        return _("时间应为 UTC，写作 2026-11-23T08:00:00.123Z。")
    return _("写法不符合规定：应符合正则表达式 %(pattern)s。") % {"pattern": pattern.removesuffix(r"(?!\n)")}


FORMS: tuple[tuple[re.Pattern[str], Say], ...] = tuple((re.compile(pattern, re.DOTALL), say) for pattern, say in (
    (r"Expected `([^`]+)`, got `([^`]+)`", _expected),
    (r"Expected `([^`]+)`", lambda found: _("此处应为%(wanted)s。") % {"wanted": _type(found[1])}),
    (r"Object contains unknown field `(.*)`", lambda found: _("接口没有成员 %(name)s；请对照接口文档删去或改名。") % {"name": found[1]}),
    (r"Object missing required field `(.*)`", lambda found: _("缺少必填的成员 %(name)s。") % {"name": found[1]}),
    (r"Expected `(\w+)` of length (<=|>=) ([0-9]+)", _length),
    (r"Expected `(int|float)` (<=|>=) (-?[0-9.]+)", _bound),
    (r"Expected `str` matching regex ['\"](.*)['\"]", _pattern),
    (r"(?:Integer value|Number) out of range", lambda _found: _("数值超出范围。")),
    (r"Invalid RFC3339 encoded date", lambda _found: _("应为日期，写作 2026-11-23。")),
    (r"Input data was truncated", lambda _found: _("JSON 没有结束：正文不完整。")),
    (r"JSON is malformed: .* \(byte ([0-9]+)\)", lambda found: _("正文不是正确的 JSON：第 %(byte)s 字节处有误。") % {"byte": found[1]}),
    (r"maximum recursion depth exceeded.*", lambda _found: _("JSON 嵌套过深。")),
))


def _allowed(expected: Any, path: str) -> tuple[str, ...]:
    """The values that the interface's type has at msgspec's path; empty where it is not a closed list."""
    at: list[inspect.Type] = [inspect.type_info(expected)]
    for step in STEP.finditer(path):
        at = [inner for each in at for outer in _alternatives(each) for inner in _inside(outer, step[1])]
    return tuple(str(value) for each in at for one in _alternatives(each) if isinstance(one, inspect.LiteralType) for value in one.values)


def _alternatives(one: inspect.Type) -> tuple[inspect.Type, ...]:
    one = one.type if isinstance(one, inspect.Metadata) else one
    return tuple(inner for each in one.types for inner in _alternatives(each)) if isinstance(one, inspect.UnionType) else (one,)


def _inside(outer: inspect.Type, name: str | None) -> list[inspect.Type]:
    if isinstance(outer, inspect.StructType):
        return [field.type for field in outer.fields if field.encode_name == name]
    if isinstance(outer, inspect.DictType):
        return [outer.value_type]
    return [outer.item_type] if isinstance(outer, inspect.CollectionType) else []
