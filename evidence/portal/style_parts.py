"""What the style page shows of parts that belong to forms, to letting in and to proofs; made up. Nothing is read from the database."""
from collections.abc import Mapping
from datetime import datetime

from django import forms
from django.utils.translation import gettext as _

from common.refused import Refused
from evidence.errors import RecordNotFound
from evidence.portal.proof_drawing import Drawing, draw
from evidence.portal.proof_path import Step, steps_of

STATUSES = ("applied", "checked", "agreed", "trial", "active", "suspended")
KINDS = ("text", "digits", "date", "area", "select", "names", "file")
LEAF = bytes(32)


class SignInForm(forms.Form):
    """A field with what was typed and a fault, and one whose content never comes back."""

    login = forms.EmailField()
    password = forms.CharField()


def parts(at: datetime, number: str) -> dict[str, object]:
    """What the page's templates read."""
    form = SignInForm({"login": "nobody"}, auto_id="style-%s")
    return {
        "field_form": form, "refusal": Refused("style", RecordNotFound(pointer="/text"), {"text": number}),
        "field_kinds": [
            {"kind": kind, "name": kind, "label": word, "value": "" if kind == "file" else "2026-11-23", "options": (("", _("请选择")),)}
            for kind, word in zip(KINDS, (_("文字"), _("数字"), _("日期"), _("多行"), _("选择"), _("名称"), _("文件")), strict=True)],
        "statuses": STATUSES, "paper_kinds": ("licence", "letter", "other"), "place": place(),
        "notices": [{"kind": kind, "created_at": at} for kind in ("webhook-gone", "webhook-failing")],
        "trials": trials(at, number),
    }


def place() -> Mapping[str, tuple[Step, ...] | Drawing]:
    """The path of the sixth of eight leaves."""
    steps = steps_of(5, 8, LEAF, [bytes([byte] * 32) for byte in (1, 2, 3)])
    return {"steps": steps, "drawing": draw(5, LEAF, steps)}


def trials(at: datetime, number: str) -> list[dict[str, object]]:
    """A trial at its beginning, and at its end."""
    return [
        {"agreement": {"record": ""}, "steps": {"verified": None, "fetched": None}},
        {"agreement": {"record": number}, "steps": {"verified": {"at": at}, "fetched": {"at": at}}}]
