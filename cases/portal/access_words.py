"""The words of roots, bases and states on pages: who may see a case, on what basis, until when, by whose decision."""
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from cases.models import Assignment, Case, Grant, GrantedCase, Matter, Order, OrderedCase, SubmittedCase
from cases.roots import Root, live_assignment, live_grant, live_order, live_submission

ROOTS = {Root.ASSIGNED: _("委案"), Root.GRANTED: _("授权"), Root.ACCEPTED: _("受理"), Root.ORDERED: _("调取令")}
BASES = {
    Grant.Basis.ENTRUSTED: _("委托处理（个人信息保护法（2021年）第二十一条）"),
    Grant.Basis.PROVIDED: _("向其他处理者提供（个人信息保护法（2021年）第二十三条）"),
    Grant.Basis.DUTY: _("履行法定职责或义务（个人信息保护法（2021年）第十三条第一款第三项）"),
}
# LAW: 个人信息保护法（2021年）第二十一条: who processes for another passes nothing on, and at the end returns it or deletes it.
DUTIES = _("受托处理：不得转委托；委托结束时须向出借机构返还或删除案件信息，不得保留（个人信息保护法（2021年）第二十一条）")
ENDS = {
    Root.ASSIGNED: _("出借机构可随时退案"), Root.GRANTED: _("出借机构可随时撤销"), Root.ACCEPTED: _("受理机构结案且存档期限届满"),
    Root.ORDERED: _("法院；出借机构不能阻止"),
}


T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class State(Protocol[T_contra]):
    """Tone and word of a row's chip at a moment."""

    def __call__(self, row: T_contra, /, *, now: datetime) -> tuple[str, str | Promise]: ...


@dataclass(frozen=True, slots=True)
class Row:
    """One organisation that may see a case now: who, by which root and basis, until when (None: open), and who may end it."""

    who: str
    root: str | Promise
    basis: str | Promise
    until: datetime | None
    by: str | Promise


def rows_of_case(case: Case, *, now: datetime) -> list[Row]:
    """Everybody outside the case's own organisation who may see it at this moment, for the organisation whose case it is.

    Not those on trial: nothing of others is open to them, whatever was opened before (`cases.roots`).
    """
    assigned = Assignment.objects.filter(live_assignment(now), case=case).select_related("entrustment__agency")
    granted = GrantedCase.objects.filter(live_grant(now, "grant__"), case=case).select_related("grant__receiver")
    accepted = SubmittedCase.objects.filter(live_submission(now), case=case).select_related("matter__institution")
    ordered = OrderedCase.objects.filter(live_order(now), case=case).select_related("order__court")
    found: list[tuple[Organisation, Root, str | Promise, datetime | None]] = [
        *((each.entrustment.agency, Root.ASSIGNED, each.entrustment.number, each.entrustment.ends_at) for each in assigned),
        *((each.grant.receiver, Root.GRANTED, BASES[Grant.Basis(each.grant.basis)], each.grant.ends_at) for each in granted),
        *((each.matter.institution, Root.ACCEPTED, each.matter.number, each.matter.open_until) for each in accepted),
        *((each.order.court, Root.ORDERED, each.order.number, each.order.ends_at) for each in ordered),
    ]
    return [Row(who.name, ROOTS[root], basis, until, ENDS[root]) for who, root, basis, until in found if not who.on_trial]


def assignment_state(row: Assignment, *, now: datetime) -> tuple[str, str | Promise]:
    """Tone and word of a chip."""
    contract = row.entrustment
    if row.withdrawn_at is not None:
        return "none", _("已退案")
    if contract.ended_at is not None or contract.ends_at <= now:
        return "none", _("合同已结束")
    return ("good", _("有效")) if contract.starts_at <= now else ("wait", _("未开始"))


def grant_state(row: Grant, *, now: datetime) -> tuple[str, str | Promise]:
    """Tone and word of a chip."""
    if row.revoked_at is not None:
        return "none", _("已撤销")
    if row.ends_at <= now:
        return "none", _("已届满")
    if row.needs_approval:
        return "wait", _("待复核")
    return ("good", _("有效")) if row.starts_at <= now else ("wait", _("未开始"))


def matter_state(row: Matter, *, now: datetime) -> tuple[str, str | Promise]:
    """Tone and word of a chip; a submission whose grant ended is nothing that could be accepted."""
    if row.accepted_at is None:
        return ("wait", _("待受理")) if grant_state(row.grant, now=now)[0] == "good" else ("none", _("授权已结束"))
    if row.closed_at is None:
        return "good", _("已受理")
    return ("none", _("已结案")) if row.open_until is not None and row.open_until <= now else ("wait", _("已结案，存档期内"))


def order_state(row: Order, *, now: datetime) -> tuple[str, str | Promise]:
    """Tone and word of a chip."""
    if row.ended_at is not None or row.ends_at <= now:
        return "none", _("已终止")
    if not row.first_by:
        return "wait", _("待一人确认")
    if row.opened_at is None:
        return "wait", _("待另一人启用")
    return ("good", _("有效")) if row.starts_at <= now else ("wait", _("未开始"))


def with_states(rows: Iterable[T], state: State[T], *, now: datetime) -> list[dict[str, Any]]:
    """Rows with tone and word, as templates read them."""
    return [{"row": row, "tone": tone, "word": word} for row in rows for tone, word in [state(row, now=now)]]
