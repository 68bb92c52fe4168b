"""The table of permissions keeps the rules that the issue of roles sets, and its page says what it says."""
import pytest
from django.core.management import call_command

from accounts.management.commands.write_permissions import PAGE
from accounts.permissions import (
    ACTS,
    BY_WORKSTATION,
    CONTENT,
    KINDS,
    ROLES,
    SENSITIVE,
    Act,
    Kind,
    Role,
    invited_by_operator,
    roles_of,
)
from accounts.permissions_page import permissions_page

WHO_ASSIST = {Role.NOTARY_ASSISTANT, Role.LEGAL_ASSISTANT, Role.CASE_SECRETARY, Role.JUDGE_ASSISTANT, Role.COURT_CLERK}


def who(act: Act) -> set[Role]:
    return {role for role, permission in ROLES.items() if act in permission.acts}


def test_the_page_says_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == permissions_page(), "run `manage.py write_permissions`"


def test_a_changed_page_would_be_seen_and_is_written_anew() -> None:
    right = PAGE.read_text(encoding="utf-8")
    try:
        PAGE.write_text(right + "x", encoding="utf-8")
        with pytest.raises(AssertionError):
            test_the_page_says_what_the_table_says()
        call_command("write_permissions")
        assert PAGE.read_text(encoding="utf-8") == right
    finally:
        PAGE.write_text(right, encoding="utf-8")


def test_every_kind_act_and_role_has_its_words_and_somebody() -> None:
    assert set(KINDS) == set(Kind)
    assert set(ACTS) == set(Act)
    assert set(ROLES) == set(Role)
    assert all(roles_of(kind) for kind in Kind)
    assert [act for act in Act if not who(act)] == []
    labels = [permission.label for permission in ROLES.values()]
    assert len(set(labels)) == len(labels)


def test_assistants_secretaries_and_clerks_prepare_fetch_and_serve_and_never_sign() -> None:
    for role in WHO_ASSIST:
        assert {Act.PREPARE, Act.FETCH, Act.SERVE} <= ROLES[role].acts
        assert not ROLES[role].acts & {Act.SIGN, Act.APPROVE, Act.VOID, Act.GRANT, Act.ORDER, Act.ERASE}


def test_granting_is_the_legal_officers_of_a_lender() -> None:
    assert who(Act.GRANT) == {Role.LEGAL_OFFICER}
    assert who(Act.APPROVE_LARGE_GRANT) == who(Act.RELEASE) == {Role.LEGAL_OFFICER}
    assert ROLES[Role.LEGAL_OFFICER].kind == Kind.LENDER


def test_the_operator_has_no_act_on_content() -> None:
    assert not ROLES[Role.OPERATOR].acts & CONTENT
    assert who(Act.MANAGE_ORGANISATIONS) == {Role.OPERATOR}


def test_whoever_manages_members_handles_no_content_but_a_supervisor_of_agents() -> None:
    assert {role for role in who(Act.MANAGE_MEMBERS) if ROLES[role].acts & CONTENT} == {Role.AGENCY_SUPERVISOR}


def test_orders_are_the_courts_and_acceptance_is_never_the_lenders() -> None:
    assert {ROLES[role].kind for role in who(Act.ORDER)} == {Kind.COURT}
    assert {ROLES[role].kind for role in who(Act.ACCEPT)} == {Kind.NOTARY_OFFICE, Kind.ARBITRATION_BODY, Kind.COURT}


def test_an_auditor_reads_audit_and_health_only() -> None:
    assert ROLES[Role.AUDITOR].acts == {Act.READ_AUDIT, Act.READ_HEALTH}


def test_every_act_that_binds_somebody_or_gives_rights_is_sensitive() -> None:
    assert {Act.SIGN, Act.VOID, Act.GRANT, Act.APPROVE_LARGE_GRANT, Act.RELEASE, Act.ERASE, Act.ORDER, Act.MANAGE_MEMBERS,
            Act.MANAGE_KEYS} <= SENSITIVE
    assert Act.DEPOSIT not in SENSITIVE


def test_only_agents_work_by_workstation_and_the_operator_invites_managers() -> None:
    assert {Role.COLLECTION_AGENT} == BY_WORKSTATION
    for kind in Kind:
        invited = invited_by_operator(kind)
        managing = [role for role in roles_of(kind) if Act.MANAGE_MEMBERS in ROLES[role].acts]
        assert list(invited) == (managing or list(roles_of(kind)))
