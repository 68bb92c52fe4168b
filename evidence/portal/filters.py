"""The form above a list: what is typed and chosen, checked, and what of it may stand in an address.

Typed words may be a client's own reference or a file's digest, which never stand in an address: they come in the body of a POST. What
is chosen from lists may, so a narrowed list can be kept as a bookmark.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.portal.words import STAGES
from common.problems import NotFound
from evidence.kinds import KINDS
from evidence.search import CASE_REF, Progress, Wanted

LONGEST_TEXT = 200
PROGRESS_WORDS: Mapping[Progress, str | Promise] = {
    Progress.QUEUED: _("待入链"), Progress.OVERDUE: _("逾期未入链"),
    Progress.LOGGED: _("已入链，等待时间戳"), Progress.STAMPED: _("已获时间戳"),
}
MISTAKEN_WORDS: Mapping[str, str | Promise] = {"yes": _("只看误存"), "no": _("不含误存")}


class FilterForm(forms.Form):
    """Every field may be empty. `text` is read from a body only: what an address says there is ignored."""

    text = forms.CharField(max_length=LONGEST_TEXT, required=False)
    kind = forms.CharField(max_length=64, required=False)
    progress = forms.ChoiceField(choices=[("", ""), *((each.value, word) for each, word in PROGRESS_WORDS.items())], required=False)
    stage = forms.ChoiceField(choices=[("", ""), *((each.value, word) for each, word in STAGES.items())], required=False)
    mistaken = forms.ChoiceField(choices=[("", ""), *MISTAKEN_WORDS.items()], required=False)
    since = forms.DateField(required=False, input_formats=["%Y-%m-%d"], error_messages={"invalid": _("日期形如 2026-11-23。")})
    until = forms.DateField(required=False, input_formats=["%Y-%m-%d"], error_messages={"invalid": _("日期形如 2026-11-23。")})

    def wanted(self, case: str) -> Wanted:
        """What is asked for within one case, or within all for ""; call when the form is valid."""
        given = self.cleaned_data
        since, until = given["since"], given["until"]
        assert since is None or isinstance(since, date)
        assert until is None or isinstance(until, date)
        return Wanted(
            text=given["text"], kind=given["kind"], progress=Progress(given["progress"]) if given["progress"] else None,
            since=since, until=until, case=case, stage=given["stage"],
            mistaken=given["mistaken"] == "yes" if given["mistaken"] else None)


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter as a page shows it: `fields` are (name, value) of all that was given, `after` the cursor, "" on the first page.

    `case` is our reference of the one case that a list of records is about, "" for all.
    """

    form: FilterForm
    fields: tuple[tuple[str, str], ...]
    after: str
    case: str = ""

    def wanted(self) -> Wanted:
        """What is asked for; call when the form is valid."""
        return self.form.wanted(self.case)

    @property
    def kinds(self) -> list[tuple[str, str | Promise]]:
        """Kinds to choose from; one that came in an address and is none of ours is among them, so that the form says what it does."""
        chosen = str(self.form["kind"].value() or "")
        return [*KINDS.items(), *([(chosen, chosen)] if chosen and chosen not in KINDS else [])]

    @property
    def stages(self) -> list[tuple[str, str | Promise]]:
        return [(each.value, word) for each, word in STAGES.items()]

    @property
    def mistaken(self) -> list[tuple[str, str | Promise]]:
        return list(MISTAKEN_WORDS.items())

    @property
    def progress(self) -> list[tuple[str, str | Promise]]:
        return [(each.value, word) for each, word in PROGRESS_WORDS.items()]

    @property
    def confidential(self) -> bool:
        """Whether something was typed, so that no address may repeat this filter."""
        return any(name == "text" for name, _value in self.fields)

    @property
    def told(self) -> str:
        """What narrows the list, in the fixed words of an audit row; of what was typed, only that something was.

        Call when the form is valid.
        """
        wanted = self.wanted()
        words = {
            "kind": wanted.kind if wanted.kind in KINDS else "other" * bool(wanted.kind), "progress": wanted.progress or "",
            "stage": wanted.stage, "mistaken": {None: "", True: "yes", False: "no"}[wanted.mistaken],
            "since": str(wanted.since or ""), "until": str(wanted.until or ""), "case": wanted.case}
        return "+".join(["text"] * bool(wanted.text) + [f"{name}:{word}" for name, word in words.items() if word])

    @property
    def query(self) -> str:
        """The chosen fields for an address, with a question mark; "" when nothing is chosen. What was typed is not in it."""
        chosen = [(name, value) for name, value in self.fields if name != "text"]
        return f"?{urlencode(chosen)}" if chosen else ""


def filter_of(request: HttpRequest) -> Filter:
    """What this request asks for, from its body when it has one, else from its address. Raises NotFound (`case` is no reference)."""
    data = request.POST if request.method == "POST" else _without_text(request.GET)
    form = FilterForm(data, auto_id="%s")
    given = tuple((name, value) for name in (*form.fields, "case") if (value := str(data.get(name, "")).strip()))
    case = dict(given).get("case", "")
    if case and not CASE_REF.fullmatch(case):
        raise NotFound
    return Filter(form, given, str(data.get("after", "")), case)


def _without_text(data: QueryDict) -> QueryDict:
    kept = data.copy()
    kept.pop("text", None)
    return kept
