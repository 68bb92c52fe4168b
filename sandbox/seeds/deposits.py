"""The fictitious evidence: the lender's papers, what agents left behind, one record that was deposited by mistake.

Files are a line of text each. What they tell of happened in the last months, and their claims say when; deposited they are now.
"""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from accounts.permissions import Role
from accounts.viewer import Viewer
from cases.models import Assignment, Case
from cases.roots import live_assignment
from common.idempotency import IdempotentRequest, fingerprint
from evidence.capture import DepositItem, Depositor, FileItem
from evidence.corrections import supersede, supersession_of
from evidence.models import Evidence
from evidence.multipart import Originals
from evidence.services import acknowledged_before, deposit
from sandbox.seeds.caseload import REFERENCES
from sandbox.seeds.people import Cast
from tlog.times import CHINA, format_time

PAPERS = "SL-授权文件"
# In these cases, of a hundred, nobody has deposited anything at all.
UNTOUCHED = 40


@dataclass(frozen=True, slots=True)
class Sheet:
    """One record to be: `days` ago it happened."""

    case: str
    kind: str
    title: str
    name: str
    days: int

    @property
    def text(self) -> bytes:
        return f"{self.title}，{self.case}（虚构的示例文件，不涉及任何人）\n".encode()


LENDERS: Sequence[tuple[str, str, str, int]] = (
    ("contract", "个人消费借款合同", "借款合同.txt", 420), ("disbursement", "借款发放明细", "放款明细.txt", 415),
    ("repayment_ledger", "还款流水", "还款流水.txt", 30))
AGENTS: Sequence[tuple[str, str, str, int]] = (
    ("call_recording", "贷后沟通通话录音", "通话录音.txt", 2), ("sms", "短信发送记录", "短信记录.txt", 1),
    ("screenshot", "还款承诺截图", "承诺截图.txt", 9), ("visit", "外访记录", "外访记录.txt", 21))


def deposit_papers(viewer: Viewer, titles: Sequence[str], *, key: str, now: datetime) -> list[str]:
    """Record numbers of documents that the viewer's organisation deposits for itself, one for each title."""
    return deposit_once(viewer, [Sheet(PAPERS, "document", title, f"{title}.txt", 3) for title in titles], key=key, now=now)


def deposit_evidence(cast: Cast, *, now: datetime) -> None:
    """The lender's in three of five cases; each agent's in two of three that he has. In the others something is missing today."""
    officer = cast.viewer(Role.CASE_OFFICER)
    kept = [reference for number, reference in enumerate(REFERENCES) if number % 100 >= UNTOUCHED]
    again = Sheet(kept[0], "contract", "个人消费借款合同（重新上传）", "借款合同（正确）.txt", 420)
    numbers = deposit_once(officer, [*(sheet for each in kept for sheet in _sheets(each, LENDERS)), again], key="lender", now=now)
    _correct(officer, numbers[0], numbers[-1], now)
    for number in (1, 2, 3):
        agent = cast.viewer(Role.COLLECTION_AGENT, number)
        assigned = Assignment.objects.filter(live_assignment(now), distributions__agent=agent.person, distributions__until=None)
        refs = [ref for place, ref in enumerate(assigned.order_by("case_id").values_list("case__ref", flat=True)) if place % 3]
        deposit_once(agent, [sheet for place, ref in enumerate(refs) for sheet in _sheets(ref, AGENTS[: place % 4 + 1])],
                     key="agent", now=now)


def _sheets(case: str, kinds: Iterable[tuple[str, str, str, int]]) -> list[Sheet]:
    return [Sheet(case, *each) for each in kinds]


def _correct(officer: Viewer, mistaken: str, right: str, now: datetime) -> None:
    """误存: the first contract was another's. A correction stays as it is, so there is one."""
    record, other = (Evidence.objects.select_related("case", "organisation").get(record=number) for number in (mistaken, right))
    if supersession_of(record) is None:
        supersede(depositor_of(officer), record, reason="上传时选错了文件：该合同属于另一案件（示例）。", replaced_by=other, now=now,
                  key=f"{officer.actor}/seed-correction")


def depositor_of(viewer: Viewer) -> Depositor:
    assert viewer.person is not None
    return Depositor(viewer.organisation, person_id=viewer.person.pk)


def deposit_once(viewer: Viewer, sheets: Sequence[Sheet], *, key: str, now: datetime) -> list[str]:
    """Record numbers in the order of the sheets; of the first time, however often this is called with this key."""
    depositor, name = depositor_of(viewer), f"{viewer.actor}/seed-{key}"
    request = IdempotentRequest(name, fingerprint("seeds", name.encode(), []))
    earlier = acknowledged_before(depositor, request)
    if earlier is not None or not sheets:
        return [] if earlier is None else list(earlier.records)
    # What an agency deposits is the lender's, and so are the originals' names in the vault.
    owner = viewer.organisation if not depositor.entrusted else Case.objects.select_related("organisation").get(
        ref=sheets[0].case).organisation
    upload = Originals(owner.ref)
    items = []
    for sheet in sheets:
        upload.stored.clear()  # a request has at most a hundred files, and each of these is one
        upload.take_file(iter([sheet.text]))
        [stored] = upload.stored
        file = FileItem(sheet.name, "text/plain", stored.size_bytes, stored.sha256.hex(), stored.sm3.hex(), stored)
        items.append(DepositItem(sheet.case, sheet.kind, sheet.title, (file,), {"note": "虚构的示例"}, _provenance(sheet, now)))
    return list(deposit(depositor, items, now=now, request=request).records)


def _provenance(sheet: Sheet, now: datetime) -> dict[str, object]:
    began = datetime.combine(_day(now) - timedelta(days=sheet.days), time(10), CHINA)
    return {
        "source_system": "示例贷后系统", "generation": "系统在业务发生时自动生成", "captured_from": format_time(began),
        "captured_until": format_time(began + timedelta(minutes=5))}


def _day(now: datetime) -> date:
    return now.astimezone(CHINA).date()
