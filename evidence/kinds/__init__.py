"""Kinds of evidence that people choose among, and the guess that a file's name allows. Pure.

The list is closed; what each kind's metadata may hold is published (`evidence.kinds.schemas`). A guess is a proposal: whoever deposits may
change it.
"""
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.evidence_kinds import EVIDENCE_KINDS

KINDS: Mapping[str, str | Promise] = EVIDENCE_KINDS
OTHER = "document"
COURT_ORDER = "court_order"
"""The kind of an order's document, which a court deposits as its own (调取令); the page of orders chooses it, and nobody else."""
CORRECTION = "correction"
"""The kind of a record that says that another was deposited by mistake (误存); nobody chooses it."""
RELATION = "relation"
"""The kind of a record that says how two others belong together (关联说明); nobody chooses it."""
SERVICE_KINDS: Mapping[str, str | Promise] = {
    "reckoning_sheet": _("计算表"), CORRECTION: _("误存更正"), RELATION: _("关联说明"), COURT_ORDER: _("调取令文书"),
    "platform_agreement": _("接入协议的接受"), "platform_fact": _("平台事项文件"), "practice": _("练习存证"),
}
"""What the service itself deposits, and nobody else may."""


class Rule(NamedTuple):
    """A name that holds one of the words, or ends with one of the suffixes, suggests the kind; the first rule that fits decides."""

    kind: str
    words: Sequence[str]
    suffixes: Sequence[str]


# The pages' script reads the same rules; it must not guess otherwise than we do.
RULES: Sequence[Rule] = (
    Rule("call_recording", ("录音", "recording"), (".wav", ".mp3", ".m4a", ".amr", ".aac", ".ogg", ".flac", ".opus")),
    Rule("screenshot", ("截图", "截屏", "屏幕快照", "screenshot", "screen shot"), ()),
    Rule("sms", ("短信", "sms"), ()),
    Rule("instant_message", ("微信", "聊天", "wechat", "chat"), ()),
    Rule("delivery_receipt", ("送达", "回执", "签收", "receipt"), ()),
    Rule("repayment_ledger", ("流水", "还款", "ledger", "repayment"), ()),
    Rule("settlement", ("和解", "减免", "settlement"), ()),
    Rule("complaint", ("投诉", "异议", "complaint"), ()),
    Rule("demand_notice", ("催款", "律师函", "demand"), ()),
    Rule("web_capture", ("网页", "webpage"), (".mhtml", ".mht", ".warc")),
    Rule("contract", ("合同", "协议", "contract", "agreement"), ()),
    Rule("email", (), (".eml", ".msg")),
    Rule("video", (), (".mp4", ".mov", ".webm", ".avi", ".mkv")),
    Rule("screenshot", (), (".png",)),
    Rule("photo", (), (".jpg", ".jpeg", ".heic", ".webp")),
)


def kind_word(kind: str) -> str | Promise:
    """What pages call a kind; one of the time before the list was closed is shown as it is."""
    return SERVICE_KINDS.get(kind) or KINDS.get(kind, kind)


def proposed_kind(name: str) -> str:
    """The kind that the name of a file suggests; OTHER when it suggests none."""
    lower = name.lower()
    for rule in RULES:
        if any(word in lower for word in rule.words) or lower.endswith(tuple(rule.suffixes)):
            return rule.kind
    return OTHER
