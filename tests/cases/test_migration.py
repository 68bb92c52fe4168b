"""An installation from before there was a narrower sight: submissions get their moments, notes stay their writers', and back again."""
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.permissions import Kind, Role
from cases.filing import add_note
from cases.granting import revoke_grant
from cases.matters import submit_cases
from cases.models import Note, SubmittedCase
from common.append_only import AppendOnlyError, missing_guards
from tests.cases.cast import Cast


def test_submissions_from_before_get_the_moment_that_they_were_fixed_at_and_guards_stay(cast: Cast) -> None:
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
    call_command("migrate", "cases", "0005", verbosity=0)
    with connection.cursor() as cursor:
        columns = {each.name for each in connection.introspection.get_table_description(cursor, "cases_submittedcase")}
        assert "as_of" not in columns
    call_command("migrate", verbosity=0)
    assert dict(SubmittedCase.objects.values_list("matter_id", "as_of")) == moments
    [note] = Note.objects.all()
    assert note.shared is False
    with pytest.raises(AppendOnlyError):
        note.save()
    assert missing_guards(connection) == []
