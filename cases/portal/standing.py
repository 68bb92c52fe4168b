"""How an institution stands to a matter, an order or a grant at a moment: by which root it sees the cases, until when, who may end that,
the clock that runs, and what is still missing before its next step. In the reader's words; decided are these things by the services.

LAW: 个人信息保护法（2021年）第十三条、第二十一条、第二十三条; 民事诉讼法（2023年修正）第七十条.
"""
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from accounts.permissions import Act
from accounts.viewer import Viewer
from cases.models import Grant, Matter, Order
from cases.portal.access_words import BASES, ENDS, ROOTS, grant_state
from cases.portal.file_page import Word
from cases.roots import Root
from tlog.times import CHINA

SOON_DAYS = 7
ORDER_BASIS = _("民事诉讼法（2023年修正）第七十条")


@dataclass(frozen=True, slots=True)
class Deadline:
    """What `parts/deadline.html` shows: `days` are China's, 0 on the last one, negative afterwards."""

    name: Word
    at: datetime
    days: int
    basis: Word

    @property
    def tone(self) -> str:
        return "wait" if self.days <= SOON_DAYS else "none"


@dataclass(frozen=True, slots=True)
class Standing:
    """By which root the cases are open now, until when (None: without a fixed end), who may end it; the clock, where one runs."""

    root: Word
    until: datetime | None
    by: Word
    deadline: Deadline | None


@dataclass(frozen=True, slots=True)
class Gate:
    """What `parts/gate_checklist.html` shows: a condition of the next step, whether it is met, the rule that sets it ("" for ours)."""

    met: bool
    what: Word
    basis: Word = ""


def deadline(name: Word, at: datetime, basis: Word, *, now: datetime) -> Deadline:
    """The clock of a period that ends at `at`, the first moment that is no longer in it."""
    last = (at - timedelta(microseconds=1)).astimezone(CHINA).date()
    return Deadline(name, at, (last - now.astimezone(CHINA).date()).days, basis)


def standing_in(row: Matter, *, now: datetime) -> Standing | None:
    """Of the institution that the matter was submitted to; None when the cases are not open to it by this matter."""
    if row.accepted_at is None:
        if grant_state(row.grant, now=now)[0] != "good":
            return None
        ends = deadline(_("授权届满，此后不能受理"), row.grant.ends_at, BASES[Grant.Basis(row.grant.basis)], now=now)
        return Standing(ROOTS[Root.GRANTED], row.grant.ends_at, ENDS[Root.GRANTED], ends)
    if row.open_until is None:
        return Standing(ROOTS[Root.ACCEPTED], None, ENDS[Root.ACCEPTED], None)
    if row.open_until <= now:
        return None
    ends = deadline(_("存档期限届满"), row.open_until, _("受理时确定的存档期限"), now=now)
    return Standing(ROOTS[Root.ACCEPTED], row.open_until, ENDS[Root.ACCEPTED], ends)


def standing_of(row: Grant, *, now: datetime) -> Standing | None:
    """Of the institution that the grant opens cases to; None when they are not open to it by this grant now."""
    if grant_state(row, now=now)[0] != "good":
        return None
    ends = deadline(_("授权届满，此后不再开放"), row.ends_at, BASES[Grant.Basis(row.basis)], now=now)
    return Standing(ROOTS[Root.GRANTED], row.ends_at, ENDS[Root.GRANTED], ends)


def standing_by(row: Order, *, now: datetime) -> Standing | None:
    """Of the court to the cases of its order; None when it is not opened, not begun, ended or over."""
    if row.opened_at is None or row.ended_at is not None or not row.starts_at <= now < row.ends_at:
        return None
    return Standing(
        ROOTS[Root.ORDERED], row.ends_at, ENDS[Root.ORDERED], deadline(_("调取期间届满"), row.ends_at, ORDER_BASIS, now=now))


def gates_to_accept(viewer: Viewer, row: Matter, *, now: datetime) -> list[Gate]:
    """What a matter needs before it is accepted; none once it was."""
    if row.accepted_at is not None:
        return []
    return [
        Gate(grant_state(row.grant, now=now)[0] == "good", _("授权在有效期内，未被撤销"), BASES[Grant.Basis(row.grant.basis)]),
        Gate(viewer.may(Act.ACCEPT), _("由有受理权限的人员办理")),
    ]


def gates_to_open(viewer: Viewer, row: Order, *, now: datetime) -> list[Gate]:
    """What an order needs before it opens its cases; none once it was opened or ended."""
    if row.opened_at is not None or row.ended_at is not None:
        return []
    return [
        Gate(bool(row.document), _("文书已由本院存证"), ORDER_BASIS), Gate(row.ends_at > now, _("期间尚未届满")),
        Gate(viewer.may(Act.ORDER), _("由有签发调取令权限的人员启用")),
        Gate(bool(row.first_by), _("已由一人登记；由系统登记的，已由一人确认")),
        Gate(row.first_by not in ("", viewer.actor), _("由登记人或确认人以外的另一人启用")),
    ]


def gates_to_approve(viewer: Viewer, row: Grant) -> list[Gate]:
    """What a grant that one person may not make alone needs before it works; none for others, and once it was approved or revoked."""
    if not row.needs_approval or row.revoked_at is not None:
        return []
    return [
        Gate(viewer.may(Act.APPROVE_LARGE_GRANT), _("由法务专员复核")),
        Gate(row.granted_by != viewer.actor, _("由授权人以外的另一人复核")),
    ]
