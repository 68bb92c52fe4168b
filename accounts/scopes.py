"""What a machine's credential may do: a closed list of scopes, each resting on an act of the permission table. Pure data, no Django.

Which scopes an organisation may give to its machines follows from its kind: a machine does nothing that no person of that kind of
organisation may do. So no key of the operator or of an auditor reaches content, whoever made it.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from accounts.permissions import ON_TRIAL, ROLES, Act, Kind, Label, roles_of


class Scope(StrEnum):
    EVIDENCE_WRITE = "evidence:write"
    EVIDENCE_READ = "evidence:read"
    PACKAGES_FETCH = "packages:fetch"
    CASES_WRITE = "cases:write"
    CASES_READ = "cases:read"
    CASE_FILES_WRITE = "case-files:write"
    CASE_NOTES_WRITE = "case-notes:write"
    MATTERS_SUBMIT = "matters:submit"
    MATTERS_ACCEPT = "matters:accept"
    WEBHOOKS_MANAGE = "webhooks:manage"
    NOTICES_READ = "notices:read"


@dataclass(frozen=True, slots=True)
class ScopeRule:
    """`rests_on`: the act that some role of the organisation's kind must have. `acts`: what a viewer with this scope may do."""

    label: Label
    rests_on: Act
    acts: frozenset[Act]


def _rule(zh: str, en: str, rests_on: Act, *acts: Act) -> ScopeRule:
    return ScopeRule(Label(zh, en), rests_on, frozenset(acts))


SCOPES: Mapping[Scope, ScopeRule] = {
    Scope.EVIDENCE_WRITE: _rule("提交存证", "deposit evidence", Act.DEPOSIT, Act.DEPOSIT),
    Scope.EVIDENCE_READ: _rule("查询存证与证明", "read records and their proofs", Act.READ_CASE, Act.READ_CASE),
    Scope.PACKAGES_FETCH: _rule("调取证据包", "fetch evidence packages", Act.FETCH, Act.READ_CASE, Act.FETCH),
    Scope.CASES_WRITE: _rule("登记与分派案件", "register and distribute cases", Act.DISTRIBUTE, Act.READ_CASE, Act.DISTRIBUTE),
    Scope.CASES_READ: _rule("查询案件", "read cases", Act.READ_CASE, Act.READ_CASE),
    Scope.CASE_FILES_WRITE: _rule("登记与修改案件资料", "open and revise case files", Act.KEEP_CASE, Act.READ_CASE, Act.KEEP_CASE),
    # A note stands in its writer's name and changes nothing of the case: whoever may read the case may write one.
    Scope.CASE_NOTES_WRITE: _rule("添加案件备注", "add notes to cases", Act.READ_CASE, Act.READ_CASE),
    Scope.MATTERS_SUBMIT: _rule("提交案件、登记调取令", "submit matters, write down orders", Act.PREPARE, Act.READ_CASE, Act.PREPARE),
    Scope.MATTERS_ACCEPT: _rule("受理与结案", "accept and close matters", Act.ACCEPT, Act.READ_CASE, Act.ACCEPT),
    # Addresses and notices name records by their numbers and open none of them, so a viewer gains no act.
    Scope.WEBHOOKS_MANAGE: _rule("管理事件推送", "manage webhooks", Act.READ_CASE),
    Scope.NOTICES_READ: _rule("查收站内通知", "read the inbox", Act.READ_CASE),
}


def scopes_of(kind: Kind) -> tuple[Scope, ...]:
    """The scopes that an organisation of this kind may give to its machines, in the table's order."""
    held: frozenset[Act] = frozenset().union(*(ROLES[role].acts for role in roles_of(kind)))
    return tuple(scope for scope, rule in SCOPES.items() if rule.rests_on in held)


SCOPES_OF: Mapping[Kind, frozenset[Scope]] = {kind: frozenset(scopes_of(kind)) for kind in Kind}


def acts_of(scopes: frozenset[Scope]) -> frozenset[Act]:
    """What a machine with these scopes may do."""
    return frozenset().union(*(SCOPES[scope].acts for scope in scopes))


# What a machine of an organisation on trial may still do.
TRIAL_SCOPES = frozenset(scope for scope, rule in SCOPES.items() if rule.rests_on in ON_TRIAL) - {Scope.CASE_NOTES_WRITE}


def read_scopes(text: str) -> frozenset[Scope]:
    """SPEC: RFC 6749 3.3: words between spaces. A word that is no scope, or is none any longer, gives nothing."""
    return frozenset(scope for scope in Scope if scope in text.split(" "))


def write_scopes(scopes: frozenset[Scope]) -> str:
    """The form that is stored and sent: the table's order, a space between."""
    return " ".join(scope for scope in Scope if scope in scopes)
