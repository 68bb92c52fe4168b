"""Who may do what: the one table of roles. Pure data, no Django, no database.

`docs/permissions.md` is written from it (`manage.py write_permissions`), and the tests read it. An act says what somebody may do inside
his own organisation; which cases and records he may do it to, the rooms decide by grant, acceptance or order.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Label(NamedTuple):
    """Chinese, then English."""

    zh: str
    en: str


class Kind(StrEnum):
    LENDER = "lender"
    COLLECTION_AGENCY = "collection_agency"
    NOTARY_OFFICE = "notary_office"
    LAW_FIRM = "law_firm"
    ARBITRATION_BODY = "arbitration_body"
    COURT = "court"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class Act(StrEnum):
    DEPOSIT = "deposit"
    KEEP_CASE = "keep_case"
    READ_CASE = "read_case"
    DISTRIBUTE = "distribute"
    PREPARE = "prepare"
    FETCH = "fetch"
    SERVE = "serve"
    SIGN = "sign"
    APPROVE = "approve"
    VOID = "void"
    GRANT = "grant"
    APPROVE_LARGE_GRANT = "approve_large_grant"
    RELEASE = "release"
    ERASE = "erase"
    ACCEPT = "accept"
    ORDER = "order"
    MANAGE_MEMBERS = "manage_members"
    MANAGE_KEYS = "manage_keys"
    MANAGE_ORGANISATIONS = "manage_organisations"
    READ_AUDIT = "read_audit"
    READ_HEALTH = "read_health"


class Role(StrEnum):
    COLLECTION_AGENT = "collection_agent"
    AGENCY_SUPERVISOR = "agency_supervisor"
    CASE_OFFICER = "case_officer"
    LEGAL_OFFICER = "legal_officer"
    COMPLIANCE_OFFICER = "compliance_officer"
    LENDER_ADMIN = "lender_admin"
    NOTARY = "notary"
    NOTARY_APPROVER = "notary_approver"
    NOTARY_ASSISTANT = "notary_assistant"
    OFFICE_ADMIN = "office_admin"
    LAWYER = "lawyer"
    LEGAL_ASSISTANT = "legal_assistant"
    FIRM_ADMIN = "firm_admin"
    ARBITRATOR = "arbitrator"
    CASE_SECRETARY = "case_secretary"
    BODY_ADMIN = "body_admin"
    JUDGE = "judge"
    JUDGE_ASSISTANT = "judge_assistant"
    COURT_CLERK = "court_clerk"
    ENFORCEMENT_OFFICER = "enforcement_officer"
    COURT_ADMIN = "court_admin"
    AUDITOR = "auditor"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Permission:
    """What a role is called, in which kind of organisation it exists, and what it may do there."""

    label: Label
    kind: Kind
    acts: frozenset[Act]


KINDS: Mapping[Kind, Label] = {
    Kind.LENDER: Label("出借机构", "lender"),
    Kind.COLLECTION_AGENCY: Label("催收机构", "collection agency"),
    Kind.NOTARY_OFFICE: Label("公证机构", "notary office"),
    Kind.LAW_FIRM: Label("律师事务所", "law firm"),
    Kind.ARBITRATION_BODY: Label("仲裁机构", "arbitration body"),
    Kind.COURT: Label("人民法院", "court"),
    Kind.AUDITOR: Label("审计机构", "auditor"),
    Kind.OPERATOR: Label("运营方", "operator"),
}
ACTS: Mapping[Act, Label] = {
    Act.DEPOSIT: Label("存证", "deposit evidence"),
    Act.KEEP_CASE: Label("建立与维护案件档案", "open cases and keep their files"),
    Act.READ_CASE: Label("查看案件与证据", "read cases and evidence"),
    Act.DISTRIBUTE: Label("委案、退案；在机构内分案", "assign cases to agencies and withdraw them; distribute them among agents"),
    Act.PREPARE: Label("起草、准备与提交受理", "draft, prepare and submit matters"),
    Act.FETCH: Label("调取证据包", "fetch evidence packages"),
    Act.SERVE: Label("送达", "serve papers"),
    Act.SIGN: Label("签署与出具", "sign and issue"),
    Act.APPROVE: Label("审批签署稿", "approve what another prepared to sign"),
    Act.VOID: Label("撤销已出具文书", "void what was issued"),
    Act.GRANT: Label("授权他人查看、登记委托合同", "grant access to others, enter entrustment contracts"),
    Act.APPROVE_LARGE_GRANT: Label("复核逾百案授权", "second a grant beyond 100 cases"),
    Act.RELEASE: Label("解除原件隔离", "end the quarantine of originals"),
    Act.ERASE: Label("删除个人信息", "erase personal data"),
    Act.ACCEPT: Label("受理", "accept a matter"),
    Act.ORDER: Label("签发调取令", "order access"),
    Act.MANAGE_MEMBERS: Label("管理成员", "manage members"),
    Act.MANAGE_KEYS: Label("管理接口密钥", "manage API keys"),
    Act.MANAGE_ORGANISATIONS: Label("管理机构", "manage organisations"),
    Act.READ_AUDIT: Label("查看审计日志", "read the audit log"),
    Act.READ_HEALTH: Label("查看运行状态", "read the service's health"),
}
# Acts on what organisations deposited: never the operator's.
CONTENT = frozenset(Act) - {Act.MANAGE_MEMBERS, Act.MANAGE_KEYS, Act.MANAGE_ORGANISATIONS, Act.READ_AUDIT, Act.READ_HEALTH}
# What an organisation on trial may do: look, fetch the practice record, and keep its people and keys. It deposits, opens and takes nothing.
ON_TRIAL = frozenset({
    Act.READ_CASE, Act.FETCH, Act.MANAGE_MEMBERS, Act.MANAGE_KEYS, Act.MANAGE_ORGANISATIONS, Act.READ_AUDIT, Act.READ_HEALTH,
})
# Roles that the procedures will give work to: nothing of the service asks for these acts today, and the page of permissions says so.
NOT_YET = frozenset({Act.SERVE, Act.SIGN, Act.APPROVE, Act.VOID, Act.ERASE})
# Acts before which whoever acts shows his second factor again.
SENSITIVE = frozenset({
    Act.SIGN, Act.APPROVE, Act.VOID, Act.GRANT, Act.APPROVE_LARGE_GRANT, Act.RELEASE, Act.ERASE, Act.ORDER,
    Act.MANAGE_MEMBERS, Act.MANAGE_KEYS, Act.MANAGE_ORGANISATIONS,
})
_ADMIN = (Act.MANAGE_MEMBERS, Act.MANAGE_KEYS, Act.READ_AUDIT)
# What assistants, secretaries and clerks do: they prepare, fetch and serve, and never sign.
_ASSISTING = (Act.READ_CASE, Act.PREPARE, Act.FETCH, Act.SERVE)


def _may(zh: str, en: str, kind: Kind, *acts: Act) -> Permission:
    return Permission(Label(zh, en), kind, frozenset(acts))


ROLES: Mapping[Role, Permission] = {
    Role.COLLECTION_AGENT: _may("催收员", "collection agent", Kind.COLLECTION_AGENCY, Act.DEPOSIT, Act.READ_CASE),
    Role.AGENCY_SUPERVISOR: _may(
        "催收主管", "agency supervisor", Kind.COLLECTION_AGENCY, Act.DEPOSIT, Act.READ_CASE, Act.DISTRIBUTE, *_ADMIN),
    Role.CASE_OFFICER: _may(
        "案件专员", "case officer", Kind.LENDER, Act.DEPOSIT, Act.KEEP_CASE, Act.READ_CASE, Act.DISTRIBUTE, Act.PREPARE, Act.FETCH),
    Role.LEGAL_OFFICER: _may(
        "法务专员", "legal officer", Kind.LENDER,
        Act.DEPOSIT, Act.KEEP_CASE, Act.READ_CASE, Act.PREPARE, Act.FETCH, Act.SIGN, Act.GRANT, Act.APPROVE_LARGE_GRANT, Act.RELEASE),
    Role.COMPLIANCE_OFFICER: _may(
        "合规与个人信息保护专员", "compliance and personal-information officer", Kind.LENDER, Act.READ_CASE, Act.ERASE, Act.READ_AUDIT),
    Role.LENDER_ADMIN: _may("出借机构管理员", "lender administrator", Kind.LENDER, *_ADMIN),
    Role.NOTARY: _may("公证员", "notary", Kind.NOTARY_OFFICE, *_ASSISTING, Act.SIGN, Act.ACCEPT),
    Role.NOTARY_APPROVER: _may("公证审批人", "notary approver", Kind.NOTARY_OFFICE, Act.READ_CASE, Act.FETCH, Act.APPROVE, Act.VOID),
    Role.NOTARY_ASSISTANT: _may("公证员助理", "notary assistant", Kind.NOTARY_OFFICE, *_ASSISTING),
    Role.OFFICE_ADMIN: _may("公证机构管理员", "notary office administrator", Kind.NOTARY_OFFICE, *_ADMIN),
    Role.LAWYER: _may("律师", "lawyer", Kind.LAW_FIRM, *_ASSISTING, Act.SIGN, Act.VOID),
    Role.LEGAL_ASSISTANT: _may("律师助理", "legal assistant", Kind.LAW_FIRM, *_ASSISTING),
    Role.FIRM_ADMIN: _may("律师事务所管理员", "law firm administrator", Kind.LAW_FIRM, *_ADMIN),
    Role.ARBITRATOR: _may("仲裁员", "arbitrator", Kind.ARBITRATION_BODY, Act.READ_CASE, Act.PREPARE, Act.FETCH, Act.SIGN),
    Role.CASE_SECRETARY: _may("办案秘书", "case secretary", Kind.ARBITRATION_BODY, *_ASSISTING, Act.ACCEPT),
    Role.BODY_ADMIN: _may("仲裁机构管理员", "arbitration body administrator", Kind.ARBITRATION_BODY, *_ADMIN),
    Role.JUDGE: _may("法官", "judge", Kind.COURT, Act.DEPOSIT, Act.READ_CASE, Act.PREPARE, Act.FETCH, Act.SIGN, Act.ACCEPT, Act.ORDER),
    Role.JUDGE_ASSISTANT: _may("法官助理", "judge's assistant", Kind.COURT, Act.DEPOSIT, *_ASSISTING),
    Role.COURT_CLERK: _may("书记员", "clerk", Kind.COURT, Act.DEPOSIT, *_ASSISTING),
    Role.ENFORCEMENT_OFFICER: _may("执行员", "enforcement officer", Kind.COURT, Act.DEPOSIT, *_ASSISTING, Act.SIGN, Act.ACCEPT, Act.ORDER),
    Role.COURT_ADMIN: _may("法院管理员", "court administrator", Kind.COURT, *_ADMIN),
    Role.AUDITOR: _may("审计员", "auditor", Kind.AUDITOR, Act.READ_AUDIT, Act.READ_HEALTH),
    Role.OPERATOR: _may(
        "运营人员", "operator", Kind.OPERATOR, Act.MANAGE_ORGANISATIONS, Act.MANAGE_MEMBERS, Act.MANAGE_KEYS, Act.READ_AUDIT,
        Act.READ_HEALTH),
}
# LAW: 律师法（2017年修正）第二条、公证法（2017年修正）第二十一条: who acts in these roles holds the licence or certificate of the
# membership.
LICENSED = frozenset({Role.LAWYER})
CERTIFIED = frozenset({Role.NOTARY, Role.NOTARY_APPROVER})
# They work where phones are often forbidden, so a passkey of the workstation is asked of them and never an app.
BY_WORKSTATION = frozenset({Role.COLLECTION_AGENT})


def roles_of(kind: Kind) -> tuple[Role, ...]:
    """The roles that exist in an organisation of this kind, in the table's order."""
    return tuple(role for role, permission in ROLES.items() if permission.kind == kind)


def kinds_that_may(act: Act) -> frozenset[Kind]:
    """The kinds of organisation where some role may do this."""
    return frozenset(permission.kind for permission in ROLES.values() if act in permission.acts)


def invited_by_operator(kind: Kind) -> tuple[Role, ...]:
    """Whom the operator may invite into another's organisation: who manages its members, or anybody where nobody does (auditors)."""
    roles = roles_of(kind)
    return tuple(role for role in roles if Act.MANAGE_MEMBERS in ROLES[role].acts) or roles
