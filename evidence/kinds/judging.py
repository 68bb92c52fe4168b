"""Judges what a depositor tells of a record against its kind's JSON Schema, compiled once. Pure.

It knows the keywords of JSON Schema 2020-12 that our own schemas use, and refuses to compile any other: a rule that is published is never
silently not applied. Of a number it asks more than the standard: a claim holds no floats (formats A1), so 1.0 is no integer here. What is
said of a fault names the field by JSON pointer (RFC 6901) and is in the language of whoever asks.

What it does not do: the rules of every claim (`tlog.claims`). Written here rather than taken from a library: those at hand take 100 times
as long for a batch of 1,000, or are one more binary to keep (docs/adr/0025); in the tests jsonschema-rs judges the same.
"""
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Faults = list[tuple[str, str]]
"""(JSON pointer, sentence) of each fault."""
Check = Callable[[Any, str, Faults], None]
"""Adds the faults of a value, which stands at a pointer, to those that were found."""

TYPES: Mapping[str, tuple[type, Any]] = {
    "string": (str, gettext_lazy("文字")), "integer": (int, gettext_lazy("整数")), "boolean": (bool, gettext_lazy("是或否")),
    "array": (list, gettext_lazy("列表")), "object": (dict, gettext_lazy("对象")), "null": (type(None), gettext_lazy("空")),
}
FLOAT = gettext_lazy("小数")
NUMBER = gettext_lazy("应为存证编号，形如 CZ-20261123-4K7QM-X2R9D-0。")
SHAPES: Mapping[str, Any] = {
    "day": gettext_lazy("应为日期，形如 2026-01-08。"),
    "moment": gettext_lazy("应为 UTC 时间，形如 2026-01-08T02:00:00.000Z。"),
    "amount": gettext_lazy("应为两位小数的金额文字，形如 \"12000.00\"。"),
    "decimal": gettext_lazy("应为写成文字的小数，形如 \"31.2304\"，最多八位小数。"),
    "sha256": gettext_lazy("应为 64 位小写十六进制摘要。"),
    "record": NUMBER, "number": NUMBER,
}
# Said of a schema, and no rule: labels, examples, where it stands.
ANNOTATIONS = frozenset({
    "$schema", "$id", "$defs", "title", "description", "examples", "x-title-en", "x-description-en", "x-kind", "x-version",
    "x-deposited-by", "x-labels"})
BROKEN = re.compile(r"[~/]")


def compile_schema(document: Mapping[str, Any]) -> Check:
    """The check of a schema document. Raises ValueError for a keyword that is not known here."""
    return _compile(document, document.get("$defs", {}), "")


def step(pointer: str, name: str | int) -> str:
    """The pointer one step further. SPEC: RFC 6901 section 3: `~` is `~0` and `/` is `~1`."""
    return f"{pointer}/{BROKEN.sub(lambda found: '~0' if found[0] == '~' else '~1', str(name))}"


def _compile(schema: Mapping[str, Any], defs: Mapping[str, Any], shape: str) -> Check:
    if "$ref" in schema:
        name = str(schema["$ref"]).removeprefix("#/$defs/")
        if not set(schema) <= ANNOTATIONS | {"$ref"} or name not in defs:
            raise ValueError(f"$ref {schema['$ref']!r} with rules beside it, or to nowhere")
        return _compile(defs[name], defs, name)
    rules = {word: value for word, value in schema.items() if word not in ANNOTATIONS}
    allowed = rules.pop("type", None)
    checks = [check for words, make in MAKERS if (check := make(rules, defs, shape, words)) is not None]
    if unknown := set(rules) - {word for words, _make in MAKERS for word in words}:
        raise ValueError(f"keywords that are not known here: {sorted(unknown)}")
    return _all_of(None if allowed is None else _types(allowed), checks)


def _all_of(types: Callable[[Any, str, Faults], bool] | None, checks: Sequence[Check]) -> Check:
    if types is None and len(checks) == 1:
        return checks[0]

    def check(value: Any, pointer: str, found: Faults) -> None:
        if types is None or types(value, pointer, found):
            for each in checks:
                each(value, pointer, found)

    return check


def _types(allowed: str | list[str]) -> Callable[[Any, str, Faults], bool]:
    names = [allowed] if isinstance(allowed, str) else allowed
    classes = frozenset(TYPES[name][0] for name in names)

    def check(value: Any, pointer: str, found: Faults) -> bool:
        # type(): True is an int to isinstance, and JSON's true is no number.
        if type(value) in classes:
            return True
        wanted = [str(TYPES[name][1]) for name in names if name != "null"]
        found.append((pointer, _("应为{wanted}，实为{found}。").format(wanted=" / ".join(wanted), found=_word_of(value))))
        return False

    return check


def _word_of(value: Any) -> str:
    return next((str(word) for type_, word in TYPES.values() if type(value) is type_), str(FLOAT))


def _object(rules: Mapping[str, Any], defs: Mapping[str, Any], _shape: str, words: Sequence[str]) -> Check | None:
    if not set(words) & set(rules):
        return None
    if rules.get("additionalProperties") is not False:
        raise ValueError("an object of ours names its fields and has no others")
    fields = {name: _compile(each, defs, "") for name, each in rules.get("properties", {}).items()}
    required = rules.get("required", ())

    def check(value: Any, pointer: str, found: Faults) -> None:
        if type(value) is not dict:
            return
        for name, part in value.items():
            field = fields.get(name)
            if field is None:
                found.append((step(pointer, name), _("没有名为“{name}”的字段。").format(name=name)))
            else:
                field(part, f"{pointer}/{name}", found)
        found += [(pointer, _("缺少字段“{name}”。").format(name=name)) for name in required if name not in value]

    return check


def _array(rules: Mapping[str, Any], defs: Mapping[str, Any], _shape: str, words: Sequence[str]) -> Check | None:
    if not set(words) & set(rules):
        return None
    item, most, unique = _compile(rules["items"], defs, ""), rules["maxItems"], rules.get("uniqueItems", False)

    def check(value: Any, pointer: str, found: Faults) -> None:
        if type(value) is not list:
            return
        if len(value) > most:
            found.append((pointer, _("最多 {most} 项。").format(most=most)))
        if unique and any(each in value[:number] for number, each in enumerate(value[:most])):
            found.append((pointer, _("不能有重复的项。")))
        for number, each in enumerate(value[:most]):
            item(each, f"{pointer}/{number}", found)

    return check


def _choice(rules: Mapping[str, Any], _defs: Mapping[str, Any], _shape: str, words: Sequence[str]) -> Check | None:
    if not set(words) & set(rules):
        return None
    options = [rules["const"]] if "const" in rules else rules["enum"]
    if not all(option is None or isinstance(option, str) for option in options):
        raise ValueError("what is chosen among is texts, and null")

    def check(value: Any, pointer: str, found: Faults) -> None:
        if (value is None or type(value) is str) and value in options:
            return
        listed = ", ".join(option for option in options if option is not None)
        found.append((pointer, _("应为下列之一：{options}。").format(options=listed)))

    return check


def _text(rules: Mapping[str, Any], _defs: Mapping[str, Any], shape: str, words: Sequence[str]) -> Check | None:
    if not set(words) & set(rules):
        return None
    least, most = rules.get("minLength", 0), rules.get("maxLength")
    if {"pattern", "format"} & set(rules) and shape not in SHAPES:
        raise ValueError(f"nobody could be told what a text of the shape {shape!r} looks like")
    # `$` of Python would let a final newline pass, that of the standard does not.
    matches, reads = re.compile(rules.get("pattern", "").replace("$", r"\Z")).search, FORMATS[rules.get("format")]

    def check(value: Any, pointer: str, found: Faults) -> None:
        if type(value) is not str:
            return
        if len(value) < least:
            found.append((pointer, _("不能是空文字；不知道就写 null，或者不写。")))
        elif most is not None and len(value) > most:
            found.append((pointer, _("最多 {most} 个字符。").format(most=most)))
        elif not matches(value) or (reads is not None and not _readable(reads, value)):
            found.append((pointer, str(SHAPES[shape])))

    return check


def _readable(reads: Callable[[str], object], text: str) -> bool:
    try:
        reads(text)
    except ValueError:
        return False
    return True


# Patterns have seen to the spelling, so that what is left is whether there is such a day and minute.
FORMATS: Mapping[str | None, Callable[[str], object] | None] = {
    None: None, "date": date.fromisoformat, "date-time": datetime.fromisoformat}


def _number(rules: Mapping[str, Any], _defs: Mapping[str, Any], _shape: str, words: Sequence[str]) -> Check | None:
    if not set(words) & set(rules):
        return None
    least, most = rules["minimum"], rules["maximum"]

    def check(value: Any, pointer: str, found: Faults) -> None:
        if type(value) is int and not least <= value <= most:
            found.append((pointer, _("应在 {least} 至 {most} 之间。").format(least=least, most=most)))

    return check


Maker = Callable[[Mapping[str, Any], Mapping[str, Any], str, Sequence[str]], Check | None]
MAKERS: Sequence[tuple[Sequence[str], Maker]] = (
    (("const", "enum"), _choice), (("minLength", "maxLength", "pattern", "format"), _text), (("minimum", "maximum"), _number),
    (("items", "maxItems", "uniqueItems"), _array), (("properties", "required", "additionalProperties"), _object),
)
