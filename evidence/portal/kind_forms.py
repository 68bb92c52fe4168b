"""The form of each kind, made of its published schema: exactly its fields, each with an honest unknown, and how what was typed is read.

Pure: no clock, no database. A field that was left empty is unknown and is not told. Times on forms are those of China.
"""
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from evidence.csv_exports import KINDS as EXPORTED
from evidence.errors import InvalidRecord
from evidence.kinds import KINDS, kind_word
from evidence.kinds.schemas import METADATA, current_schemas, kind_faults
from evidence.kinds.words import HAS_CARRIER, SELF_CHECKS, Word, fields_of, label_of, option_word, shape_of

PREFIX = "metadata."
Moment = Callable[[Mapping[str, str], str], str | None]
YUAN = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,2})?", re.ASCII)
WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
# `type` and `inputmode` of an input, and how much it takes.
INPUTS: Mapping[str, tuple[str, str, int]] = {
    "text": ("text", "text", 2000), "short": ("text", "text", 200), "day": ("date", "", 10), "moment": ("datetime-local", "", 30),
    "amount": ("text", "decimal", 20), "decimal": ("text", "decimal", 25), "count": ("text", "numeric", 16), "sha256": ("text", "text", 64),
}


class Input(NamedTuple):
    """One input, with what was typed: of a list of choices one for each. `options` are those of a select, without the unknown."""

    name: str
    label: str
    type: str
    mode: str
    longest: int
    options: Sequence[tuple[str, str]]
    value: str = ""


class KindForm(NamedTuple):
    """`carrier`: whether the original carrier is asked for. `export`: whether its exports are looked into."""

    kind: str
    word: Word
    inputs: Sequence[Input]
    carrier: bool
    export: bool


def kind_form(kind: str, typed: Mapping[str, str] | None = None) -> KindForm:
    """The form of one kind that people deposit, with what was typed into it."""
    said = typed or {}
    inputs = [each._replace(value=said.get(each.name, "")) for name, field in fields_of(current_schemas()[kind]).items()
              for each in _inputs(f"{PREFIX}{name}", field)]
    return KindForm(kind, kind_word(kind), inputs, kind in HAS_CARRIER, kind in EXPORTED)


def kind_forms() -> list[KindForm]:
    """The forms of all kinds that people deposit, in the order in which they are offered."""
    return [kind_form(kind) for kind in KINDS]


def self_checks() -> list[tuple[str, Word]]:
    return list(SELF_CHECKS.items())


def _inputs(name: str, field: Mapping[str, Any]) -> Iterator[Input]:
    label = label_of(field)
    if "enum" in field:
        yield Input(name, label, "select", "", 0, [(option, option_word(field, option)) for option in field["enum"] if option is not None])
    elif shape_of(field) == "flag":
        yield Input(name, label, "select", "", 0, [("yes", _("是")), ("no", _("否"))])
    elif "enum" in field.get("items", {}):
        for option in field["items"]["enum"]:
            yield Input(f"{name}.{option}", f"{label} · {option_word(field, option)}", "checkbox", "", 0, ())
    elif "items" in field:
        yield Input(name, label, "text", "text", 500, ())
    else:
        type_, mode, longest = INPUTS[shape_of(field)]
        yield Input(name, label, type_, mode, longest, ())


def metadata_of(kind: str, fields: Mapping[str, str], *, moment: Moment, note: str | None) -> dict[str, object]:
    """What the form tells of a record of this kind. `moment` reads a time of China. Raises InvalidRecord naming the field."""
    asked = fields_of(current_schemas()[kind])
    told: dict[str, object] = {name: value for name, field in asked.items() if (value := _read(name, field, fields, moment)) is not None}
    if note is not None:
        told["note"] = note
    for name, value in fields.items():
        if name.startswith(PREFIX) and value.strip() and name.removeprefix(PREFIX).partition(".")[0] not in asked:
            raise InvalidRecord(pointer=f"/{name}", reason=_("“{kind}”没有名为“{name}”的字段；请先选择种类，再填写它的字段。").format(
                kind=kind_word(kind), name=name.removeprefix(PREFIX)))
    for pointer, sentence in kind_faults(kind, told, by_service=False):
        name = pointer.removeprefix(f"{METADATA}/").partition("/")[0]
        raise InvalidRecord(pointer=f"/{PREFIX}{name}", reason=f"{label_of(asked[name])}：{sentence}" if name in asked else sentence)
    return told


def _read(name: str, field: Mapping[str, Any], fields: Mapping[str, str], moment: Moment) -> object:
    """As the schema has it where it can be read so; otherwise the text, which the schema refuses in its own words."""
    text, shape = fields.get(f"{PREFIX}{name}", "").strip(), shape_of(field)
    if "enum" in field.get("items", {}):
        return [option for option in field["items"]["enum"] if fields.get(f"{PREFIX}{name}.{option}")] or None
    if not text:
        return None
    if shape == "moment":
        return moment(fields, f"{PREFIX}{name}")
    if shape == "amount":
        return f"{Decimal(text):.2f}" if YUAN.fullmatch(text) else text
    if shape == "flag":
        return {"yes": True, "no": False}.get(text, text)
    if "items" in field:
        return [_whole(part) for part in re.split(r"[\s,，、;；]+", text) if part]
    return _whole(text) if shape == "count" else text


def _whole(text: str) -> object:
    return int(text) if WHOLE.fullmatch(text) else text
