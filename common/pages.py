"""What every page shares: times as people in China read them, ages, digests in groups. A template library, loaded everywhere.

Pure formatting: no clock, no database. Asia/Shanghai is the fixed offset +08:00 (`tlog.times.CHINA`).
"""
import json
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.template import Library
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.refused import Refused, typed_into
from tlog.times import CHINA, format_time

register = Library()
GROUP, CENT = 8, Decimal("0.01")
AGO_DAYS, AGO_HOURS, AGO_MINUTES = gettext_lazy("%(n)s 天前"), gettext_lazy("%(n)s 小时前"), gettext_lazy("%(n)s 分钟前")
HOURS, MINUTES = gettext_lazy("%(n)s 小时"), gettext_lazy("%(n)s 分钟")


@register.filter
def china_time(moment: datetime) -> str:
    """`2026-11-23 16:00:00 +08:00`: the offset always stands beside the time."""
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M:%S} +08:00"


@register.filter
def china_clock(moment: datetime) -> str:
    """`16:00`, for places where the day stands beside it."""
    return f"{moment.astimezone(CHINA):%H:%M}"


@register.filter
def utc_time(moment: datetime) -> str:
    """The machine-readable form for `<time datetime>`."""
    return format_time(moment)


@register.filter
def ago(moment: datetime, now: datetime) -> str:
    """How long before `now`, in the largest unit of which there are two."""
    seconds = max(0, int((now - moment).total_seconds()))
    for size, text in ((86_400, AGO_DAYS), (3600, AGO_HOURS), (60, AGO_MINUTES)):
        if seconds >= 2 * size:
            return str(text) % {"n": seconds // size}
    return _("%(n)s 秒前") % {"n": seconds}


@register.filter
def span(seconds: float) -> str:
    """A length of time in the largest unit that divides it: `24 小时`, `90 秒`."""
    for size, text in ((3600, HOURS), (60, MINUTES)):
        if seconds >= size and seconds % size == 0:
            return str(text) % {"n": int(seconds // size)}
    return _("%(n)s 秒") % {"n": f"{seconds:g}"}


@register.filter
def yuan(amount: Decimal) -> str:
    """An amount to the cent, with its thousands apart, the same in both languages.

    >>> yuan(Decimal("1234567.5")), yuan(Decimal("0.005"))
    ('1,234,567.50', '0.01')
    """
    return f"{amount.quantize(CENT, ROUND_HALF_UP):,}"


@register.filter
def percent(rate: Decimal) -> str:
    """A rate as contracts write it, exactly.

    >>> percent(Decimal("0.144000")), percent(Decimal("0.12")), percent(Decimal("1"))
    ('14.4%', '12%', '100%')
    """
    return f"{(rate * 100).normalize():f}%"


@register.filter
def groups(text: str) -> list[str]:
    """A digest in groups of eight characters; nothing is cut off."""
    return [text[start : start + GROUP] for start in range(0, len(text), GROUP)]


@register.filter
def as_json(value: object) -> str:
    """JSON for a `data-` attribute, where the template escapes it; a script element could not be refused by the policy."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.filter
def hex_of(data: bytes) -> str:
    return bytes(data).hex()


@register.inclusion_tag("parts/hash.html")
def digest(text: str, label: str) -> dict[str, str]:
    """A digest to read, compare and copy; `label` names it for those who hear the page."""
    return {"text": text, "label": label}


@register.inclusion_tag("parts/form_field.html")
def form_field(refused: Refused | None, form: str, name: str, label: str | Promise, **more: Any) -> dict[str, object]:
    """A labelled field of a form, with what was typed and what was wrong with it. `refused` is the page's refusal, None without one.

    `more`: `hint`; `kind`, the type of an input, `digits`, `area` for several lines, `select` for one of `options`, which are
    (value, word), or `names` where the words are names in Chinese; `value`, what stands there untyped; `required`, which it is.
    """
    refused = refused or None  # what a template does not know is "" there
    id_ = f"{form}-{name}"
    fault = refused.error.sentence() if refused is not None and refused.field == id_ else ""
    describing = " ".join(f"{id_}-{part}" for part, text in (("hint", more.get("hint")), ("fault", fault)) if text)
    told = format_html(' aria-describedby="{}"', describing) if describing else ""
    return {
        "kind": "text", "required": True, **more, "id": id_, "name": name, "label": label, "fault": fault,
        "value": typed_into(refused, form, name, more.get("value", "")),
        "told": format_html('{} aria-invalid="true"', told) if fault else told,
    }
