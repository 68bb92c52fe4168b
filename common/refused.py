"""A form that was refused: what the error summary of its page says, to which field it leads, and what was typed.

A page may hold several forms. The id of a field is its form's name and its own, `grant-purpose`, so a name that stands in two forms is
two fields, and what was typed into one does not appear in the other. The name of a field is that of the member at which the error's
pointer points (`common.errors`); a list of ids has one field for all of them.
"""
from collections.abc import Mapping
from dataclasses import dataclass, field

from common.errors import DomainError


@dataclass(frozen=True, slots=True)
class Refused:
    """`typed` never holds a file: no page can put one back into its field."""

    form: str
    error: DomainError
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def field(self) -> str:
        """The id of the field at fault; "" when the error is about none of them."""
        _, _, pointed = (self.error.pointer or "").partition("/")
        return f"{self.form}-{pointed.partition('/')[0]}" if pointed else ""


def typed_into(refused: Refused | None, form: str, name: str, otherwise: str = "") -> str:
    """What stands in a field when its page is shown: what was typed into it when this form was refused, else `otherwise`."""
    if refused is None or refused.form != form:
        return otherwise
    return str(refused.typed.get(name, ""))
