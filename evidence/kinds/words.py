"""What people read of a kind's fields: labels in the language of the page, and what a record tells. Pure.

What a record does not tell is shown as not given (未提供), whether it was left out or said to be unknown; nothing is guessed.
"""
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from evidence.kinds.schemas import KindSchema, schema_for
from tlog.times import CHINA

Word = str | Promise
PROVENANCE: Mapping[str, Word] = {
    "source_system": gettext_lazy("来源系统"), "generation": gettext_lazy("生成方式"), "collector": gettext_lazy("取证人"),
    "tool": gettext_lazy("取证工具"), "tool_version": gettext_lazy("工具版本"), "captured_from": gettext_lazy("取证开始时间"),
    "captured_until": gettext_lazy("取证时间"), "clock_offset_ms": gettext_lazy("时钟偏差"), "device": gettext_lazy("取证设备"),
}
# SPEC: A1: `environment` maps strings to strings; these of its names are asked for, others are shown as they are.
AUTHORITY, CARRIER, SELF_CHECK, MEASURED = "authority", "original_carrier", "self_check", "clock_measured"
ENVIRONMENT: Mapping[str, Word] = {
    AUTHORITY: gettext_lazy("取证授权"), SELF_CHECK: gettext_lazy("环境自检"), CARRIER: gettext_lazy("原始载体"),
}
MORE: Mapping[str, Word] = {
    "note": gettext_lazy("取证环境"), "latitude": gettext_lazy("纬度"), "longitude": gettext_lazy("经度"),
    "accuracy_m": gettext_lazy("定位精度（米）"),
}
SELF_CHECKS: Mapping[str, Word] = {
    "passed": gettext_lazy("已自检，正常"), "failed": gettext_lazy("已自检，有异常"), "not_done": gettext_lazy("未自检"),
}
MEASURES: Mapping[str, Word] = {"browser": gettext_lazy("提交时由浏览器测得"), "client-time": gettext_lazy("提交时按 Client-Time 测得")}
# LAW: 证据规定 15: audio and video need their original carrier; the screens of a phone are asked for theirs as well.
HAS_CARRIER = frozenset({"call_recording", "video", "photo", "screenshot", "visit"})


class Told(NamedTuple):
    """One thing that a record tells; `value` is None for what it does not tell."""

    label: Word
    value: str | None


def label_of(field: Mapping[str, Any]) -> str:
    return str(field["x-title-en"] if get_language() == "en" else field["title"])


def option_word(field: Mapping[str, Any], option: str) -> str:
    """The label of a choice; the choice itself when the field has no labels."""
    labels = field.get("x-labels") or field.get("items", {}).get("x-labels") or {}
    each = labels.get(option, {})
    return str(each.get("en" if get_language() == "en" else "zh-hans", option))


def shape_of(field: Mapping[str, Any]) -> str:
    """The name of what a field refers to ("" for a choice or a list): `text`, `short`, `day`, `moment`, `amount`, `flag` and so on."""
    return str(field.get("$ref", "")).removeprefix("#/$defs/")


def metadata_told(kind: str, metadata: Mapping[str, Any]) -> list[Told]:
    """Every field of the kind, in the order of its schema; of a record from before the schemas, what it tells under its own names."""
    schema = schema_for(kind, metadata) if "schema" in metadata else None
    if schema is None:
        return [Told(name, _shown(None, value)) for name, value in metadata.items()]
    return [Told(label_of(field), _shown(field, metadata.get(name))) for name, field in schema.fields.items()]


def provenance_told(kind: str, provenance: Mapping[str, Any]) -> list[Told]:
    """Where the record comes from, with what is missing; the original carrier of those kinds alone that have one."""
    environment = provenance.get("environment") or {}
    told = []
    for name, word in PROVENANCE.items():
        value = provenance.get(name)
        shown = offset_words(value, environment.get(MEASURED)) if name == "clock_offset_ms" else _moment_or_text(name, value)
        told.append(Told(word, shown))
    for name, word in ENVIRONMENT.items():
        if name != CARRIER or kind in HAS_CARRIER or name in environment:
            value = environment.get(name)
            told.append(Told(word, str(SELF_CHECKS.get(value, value)) if name == SELF_CHECK and value else value))
    return told + [Told(MORE.get(name, name), value) for name, value in environment.items() if name not in ENVIRONMENT and name != MEASURED]


def missing_from(kind: str, provenance: Mapping[str, Any]) -> list[Word]:
    """What of the provenance is not told."""
    return [each.label for each in provenance_told(kind, provenance) if each.value is None]


def offset_words(offset_ms: int | None, measured: str | None) -> str | None:
    """A source's clock against ours; None when it was not measured."""
    if offset_ms is None:
        return None
    how = MEASURES.get(measured or "")
    return f"{offset_ms:+d} ms" + ("" if how is None else f" · {how}")


def fields_of(schema: KindSchema) -> Mapping[str, Mapping[str, Any]]:
    """The fields that a form asks for: all but the note, which every form has already."""
    return {name: field for name, field in schema.fields.items() if name != "note"}


def _moment_or_text(name: str, value: Any) -> str | None:
    return moment_words(value) if name.startswith("captured_") and value else value


def moment_words(value: str) -> str:
    """A time of a claim as pages tell times: the clock of China, with its offset beside it."""
    return datetime.fromisoformat(value).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S +08:00")


def _shown(field: Mapping[str, Any] | None, value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, list):
        return ", ".join(str(_shown(field, each)) for each in value)
    if isinstance(value, bool):
        return str(_("是") if value else _("否"))
    if field is not None and isinstance(value, str) and ("enum" in field or "items" in field):
        return option_word(field, value)
    return moment_words(value) if field is not None and shape_of(field) == "moment" else str(value)
