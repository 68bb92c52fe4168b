"""Who may see the fictitious cases: entrusted to two agencies, granted on each basis, submitted and accepted, ordered by a court."""
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from accounts.permissions import Role
from accounts.viewer import Viewer
from cases.assigning import Contract, assign_cases, distribute_cases, entrust, withdraw_cases
from cases.facts import ConsentFacts, ConsentKind
from cases.filing import move_stage, revise_file
from cases.granting import Opening, approve_grant, grant_access, revoke_grant
from cases.imports import check_import, confirm_import
from cases.matters import accept_matter, close_matter, submit_cases
from cases.models import Assignment, Case, Distribution, Entrustment, Grant, Matter, Order
from cases.orders import Paper, open_order, upload_order
from cases.roots import live_assignment
from cases.selectors import case_file_for
from sandbox.seeds.caseload import REFERENCES, Stage, caseload_csv, stage_of
from sandbox.seeds.deposits import deposit_papers
from sandbox.seeds.people import Cast

YEAR, MONTH = timedelta(days=365), timedelta(days=30)
LAST = "（2026）示例调取字第2号"
"""The number of the order that is written down last: where it is, all of this is."""
Basis = Grant.Basis


def import_cases(cast: Cast, *, now: datetime) -> dict[str, Case]:
    """The cases by the lender's reference, imported in one go; then each is moved to its stage."""
    officer = cast.viewer(Role.CASE_OFFICER)
    cases = _cases(officer)
    missing = [reference for reference in REFERENCES if reference not in cases]
    if missing:
        report = check_import(officer, caseload_csv(missing), now=now)
        assert report.ref is not None, report.faults
        confirm_import(officer, report.ref, report.sha256, now=now)
        cases = _cases(officer)
    for number, reference in enumerate(REFERENCES, 1):
        case, stage = cases[reference], stage_of(number)
        if case.stage == Stage.OPEN != stage:
            move_stage(officer, case, stage, seen=Stage.OPEN, now=now)
    return cases


def _cases(officer: Viewer) -> dict[str, Case]:
    found = Case.objects.filter(organisation=officer.organisation, client_reference__in=REFERENCES)
    return {case.client_reference: case for case in found}


def entrust_agencies(cast: Cast, cases: dict[str, Case], *, now: datetime) -> None:
    """Two contracts; the first agency has eighty cases and two agents, the second forty and one. Five were withdrawn."""
    titles = ["委外催收合同（示例青禾）", "委外催收合同（示例白杨）"]
    papers = deposit_papers(cast.viewer(Role.LEGAL_OFFICER), titles, key="contracts", now=now)
    refs = [cases[reference].ref for reference in REFERENCES]
    _entrust(cast, "agency", papers[0], refs[:85], refs[80:85], includes_all=True, now=now)
    _entrust(cast, "agency_2", papers[1], refs[90:130], [], includes_all=False, now=now)
    for supervisor, agents in ((1, (1, 2)), (2, (3,))):
        _distribute(cast.viewer(Role.AGENCY_SUPERVISOR, supervisor), [cast.viewer(Role.COLLECTION_AGENT, number) for number in agents], now)


def _entrust(
    cast: Cast, code: str, paper: str, refs: Sequence[str], taken_back: Sequence[str], *, includes_all: bool, now: datetime
) -> None:
    legal, officer = cast.viewer(Role.LEGAL_OFFICER), cast.viewer(Role.CASE_OFFICER)
    number = f"SL-WT-2026-{'1' if code == 'agency' else '2'}"
    contract = Entrustment.objects.filter(lender=legal.organisation, number=number).first() or entrust(legal, Contract(
        cast.places[code].ref, number, "电话、短信与书面催收（示例）", paper, now - MONTH, now + YEAR), now=now)
    if not Assignment.objects.filter(entrustment=contract).exists():
        assign_cases(officer, contract, refs, includes_all=includes_all, now=now)
    back = Assignment.objects.filter(entrustment=contract, case__ref__in=taken_back, withdrawn_at=None).values_list("ref", flat=True)
    if back:
        withdraw_cases(officer, list(back), now=now)


def _distribute(supervisor: Viewer, agents: Sequence[Viewer], now: datetime) -> None:
    """Nine of ten cases, in turn; the tenth waits for an agent."""
    rows = Assignment.objects.filter(live_assignment(now), entrustment__agency=supervisor.organisation)
    refs = [ref for place, ref in enumerate(rows.order_by("case_id").values_list("ref", flat=True)) if place % 10]
    for place, agent in enumerate(agents):
        if not Distribution.objects.filter(agent=agent.person).exists():
            distribute_cases(supervisor, refs[place :: len(agents)], agent.person, now=now)


def grant_and_submit(cast: Cast, cases: dict[str, Case], *, now: datetime) -> None:
    """A grant on each basis, one that was revoked, one of more than a hundred cases that waits; matters at notary office and body."""
    legal, second = cast.viewer(Role.LEGAL_OFFICER), cast.viewer(Role.LEGAL_OFFICER, 2)
    mandate, duty = deposit_papers(legal, ["律师委托合同（示例）", "法院协助调查函（示例）"], key="grants", now=now)
    refs = [cases[reference].ref for reference in REFERENCES]
    # Those that stand at the notary office and the arbitration body by their stage.
    notarised, arbitrated = ([cases[r].ref for number, r in enumerate(REFERENCES, 1) if stage_of(number) == stage]
                             for stage in (Stage.NOTARY, Stage.ARBITRATION))
    for document, those in (("consent-2026-0001", notarised), ("consent-2026-0002", arbitrated)):
        _note_consents(cast.viewer(Role.CASE_OFFICER), those, document, now)
    office = _grant(cast, "notary_office", Basis.PROVIDED, "consent-2026-0001", "申请执行证书（示例）", notarised, now)
    body = _grant(cast, "arbitration_body", Basis.PROVIDED, "consent-2026-0002", "申请仲裁（示例）", arbitrated, now)
    _grant(cast, "law_firm", Basis.ENTRUSTED, mandate, "发送律师函（示例）", refs[20:60], now)
    inquiry = _grant(cast, "court", Basis.DUTY, duty, "协助法院调查（示例）", refs[:120], now)
    if inquiry.needs_approval:
        approve_grant(second, inquiry, now=now)
    _grant(cast, "law_firm", Basis.ENTRUSTED, mandate, "批量诉讼准备（示例，待第二人复核）", refs[:110], now)
    over = _grant(cast, "law_firm", Basis.ENTRUSTED, mandate, "债权转让尽调（示例，已撤回）", refs[60:70], now)
    revoke_grant(legal, over, now=now)
    notary, secretary = cast.viewer(Role.NOTARY), cast.viewer(Role.CASE_SECRETARY)
    _submit(legal, office, notarised[:8], "出具执行证书（示例）", notary, "（2026）示例证字第1号", now)
    _submit(legal, office, notarised[8:10], "核实债务履行情况（示例，待受理）", None, "", now)
    closed = _submit(legal, office, notarised[10:12], "保管文书（示例，已办结）", notary, "（2026）示例证字第2号", now)
    if closed.closed_at is None:
        close_matter(notary, closed, now=now)
    _submit(legal, body, arbitrated[:6], "借款合同纠纷仲裁（示例）", secretary, "（2026）示例仲字第1号", now)


def _note_consents(officer: Viewer, refs: Sequence[str], document: str, now: datetime) -> None:
    """The debtors' separate consent to provision in the file of each case, without which nothing can be granted on it."""
    for ref in refs:
        file = case_file_for(officer, ref, now=now)
        debtor, *others = file.facts.parties
        if debtor.consents:
            continue
        given = ConsentFacts(ConsentKind.PROVISION, (now - 2 * MONTH).date(), document)
        facts = replace(file.facts, parties=(replace(debtor, consents=(given,)), *others))
        revise_file(officer, file.case, facts, version=file.case.file_version, now=now)


def _grant(cast: Cast, code: str, basis: Grant.Basis, document: str, purpose: str, refs: Sequence[str], now: datetime) -> Grant:
    legal, receiver = cast.viewer(Role.LEGAL_OFFICER), cast.places[code]
    found = Grant.objects.filter(lender=legal.organisation, receiver=receiver, purpose=purpose).first()
    return found or grant_access(
        legal, Opening(receiver.ref, basis, document, purpose, now - timedelta(days=1), now + YEAR, refs), now=now)


def _submit(legal: Viewer, grant: Grant, refs: Sequence[str], purpose: str, by: Viewer | None, number: str, now: datetime) -> Matter:
    """The matter, accepted by `by` under this number; it waits where that is None."""
    matter = Matter.objects.filter(grant=grant, purpose=purpose).first() or submit_cases(
        legal, grant, refs, purpose=purpose, whole_case=True, now=now)
    if by is not None and matter.accepted_at is None:
        accept_matter(by, matter, number=number, file_days=3650, now=now)
        matter.refresh_from_db()
    return matter


def order_cases(cast: Cast, cases: dict[str, Case], *, now: datetime) -> None:
    """One order that works, one that waits for a judge."""
    clerk, judge = cast.viewer(Role.COURT_CLERK), cast.viewer(Role.JUDGE)
    papers = deposit_papers(clerk, ["调取令（示例一）", "调取令（示例二）"], key="orders", now=now)
    litigated = [cases[r].ref for number, r in enumerate(REFERENCES, 1) if stage_of(number) == Stage.LITIGATION]
    first = _order(clerk, "（2026）示例调取字第1号", papers[0], litigated[:3], ("call_recording", "contract"), now)
    if first.opened_at is None:
        open_order(judge, first, now=now)
    _order(clerk, LAST, papers[1], litigated[3:5], (), now)


def _order(clerk: Viewer, number: str, paper: str, refs: Sequence[str], kinds: Sequence[str], now: datetime) -> Order:
    found = Order.objects.filter(court=clerk.organisation, number=number).first()
    return found or upload_order(
        clerk, Paper(number, paper, "借款合同与通话录音（示例）", now - timedelta(days=1), now + 3 * MONTH, refs, kinds), now=now)


def is_complete() -> bool:
    """Whether the last of all this was made."""
    return Order.objects.filter(number=LAST).exists()
