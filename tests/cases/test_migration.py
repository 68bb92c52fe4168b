"""An installation from before: what one person opened behind a key waits for a second one, submissions get their moments, notes stay
their writers', and back again.
"""
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from accounts.permissions import Kind, Role
from cases.filing import add_note
from cases.granting import revoke_grant
from cases.matters import submit_cases
from cases.models import Grant, Note, Order, SubmittedCase
from common.append_only import AppendOnlyError, missing_guards
from tests.accounts.people import make_organisation
from tests.cases.cast import DAY, Cast
from tests.databases import Template

BEFORE = "0005_payment_imports"


def test_what_was_opened_behind_a_key_waits_and_every_other_order_and_grant_stays(
    service: str, database_template: Template, var_dir: Path
) -> None:
    court, lender = make_organisation(Kind.COURT, "法院"), make_organisation()
    database_template.migrate(service, var_dir, "cases", BEFORE)
    old: Any = MigrationExecutor(connection).loader.project_state([("cases", BEFORE)]).apps
    now = timezone.now()
    period = {"starts_at": now, "ends_at": now + DAY}
    orders = ("1", "person:1", "person:2"), ("2", "api_key:1", "person:2"), ("3", "api_key:1", ""), ("4", "person:1", "")
    for number, by, opened in orders:
        old.get_model("cases", "Order").objects.create(
            ref=number, court_id=court.pk, court_kind="court", number=number, document="CZ-1", scope="s", uploaded_at=now, uploaded_by=by,
            opened_at=now if opened else None, opened_by=opened, **period)
    for ref, count in (("1", 100), ("2", 101)):
        old.get_model("cases", "Grant").objects.create(
            ref=ref, lender_id=lender.pk, receiver_id=court.pk, receiver_kind="court", basis="duty", document="CZ-1", purpose="p",
            case_count=count, created_at=now, granted_by="person:1", **period)
    database_template.migrate(service, var_dir)
    rows = Order.objects.order_by("number").values_list("first_by", "opened_by", "opened_at")
    assert [(first, opened, at is None) for first, opened, at in rows] == [
        ("person:1", "person:2", False), ("person:2", "", True), ("", "", True), ("person:1", "", True)]
    assert list(Grant.objects.order_by("ref").values_list("needs_second", flat=True)) == [False, True]


def test_submissions_from_before_get_the_moment_that_they_were_fixed_at_and_guards_stay(
    cast: Cast, database: str, database_template: Template, var_dir: Path
) -> None:
    notary, case = cast.person("notary", Role.NOTARY), cast.case()
    add_note(notary, case, "x", now=cast.now)
    begun = cast.now
    revoked = cast.accepted(case, "notary_office", notary, whole_case=True)
    whole = cast.accepted(case, "notary_office", notary, whole_case=True)
    cast.now += timedelta(hours=1)
    revoke_grant(cast.legal, revoked.grant, now=cast.now)
    grant = cast.granted(case, "notary_office", Kind.NOTARY_OFFICE)
    some = submit_cases(cast.legal, grant, [case.ref], purpose="x", whole_case=False, now=cast.now + timedelta(hours=1))
    moments = {revoked.pk: begun + timedelta(hours=1), whole.pk: None, some.pk: begun + timedelta(hours=2)}
    assert dict(SubmittedCase.objects.values_list("matter_id", "as_of")) == moments
    database_template.migrate(database, var_dir, "cases", "0008")
    with connection.cursor() as cursor:
        columns = {each.name for each in connection.introspection.get_table_description(cursor, "cases_submittedcase")}
        assert "as_of" not in columns
    database_template.migrate(database, var_dir)
    assert dict(SubmittedCase.objects.values_list("matter_id", "as_of")) == moments
    [note] = Note.objects.all()
    assert note.shared is False
    with pytest.raises(AppendOnlyError):
        note.save()
    assert missing_guards(connection) == []
