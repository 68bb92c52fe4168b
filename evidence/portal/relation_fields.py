"""The relations that a deposit form asks for: one input for each relation, which takes the numbers of records of the same case.

Pure. An input that was left empty says nothing: that a record belongs to no other is never said. Whether a record is there and open to who
deposits is judged as the API's deposits are (`evidence.related`).
"""
import re
from collections.abc import Mapping

from django.utils.translation import gettext as _

from evidence.errors import InvalidRecord
from evidence.portal.kind_forms import Input
from evidence.related import FORWARD
from tlog.errors import VerificationError
from tlog.record_number import normalise_record_number

PREFIX = "relation."
MOST = 20
LONGEST = 600
BETWEEN = re.compile(r"[\s,，、;；]+")


def relation_inputs(typed: Mapping[str, str] | None = None) -> list[Input]:
    """With what was typed."""
    said = typed or {}
    return [Input(f"{PREFIX}{relation}", str(word), "text", "text", LONGEST, (), said.get(f"{PREFIX}{relation}", ""))
            for relation, word in FORWARD.items()]


def relations_of(fields: Mapping[str, str]) -> list[dict[str, str]]:
    """What the form says, as a record's metadata has it; each once. Raises InvalidRecord naming the field."""
    found: list[dict[str, str]] = []
    for relation in FORWARD:
        for typed in BETWEEN.split(fields.get(f"{PREFIX}{relation}", "").strip()):
            each = {"relation": relation, "record": _number(relation, typed)} if typed else None
            if each is not None and each not in found:
                found.append(each)
        if len(found) > MOST:
            raise InvalidRecord(pointer=f"/{PREFIX}{relation}", reason=_("关联最多 {most} 项；其余可在存证后另作说明。").format(most=MOST))
    return found


def _number(relation: str, typed: str) -> str:
    try:
        return normalise_record_number(typed)
    except VerificationError:
        raise InvalidRecord(pointer=f"/{PREFIX}{relation}", reason=_(
            "“{typed}”不是存证编号；请填写本案其他存证的编号，形如 CZ-20261123-4K7QM-X2R9D-0，几个编号之间用空格分开。"
        ).format(typed=typed[:40])) from None
