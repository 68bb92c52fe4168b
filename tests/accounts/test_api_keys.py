"""API keys: nothing stored can be used, and a key works exactly as long as it may."""
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.fictitious import CODES
from accounts.models import ApiKey, Organisation
from accounts.selectors import api_key_for, credential_for
from accounts.services import create_organisation, describe_organisation, issue_api_key, note_use, revoke_api_key

DAY = timedelta(days=1)


def test_the_stored_row_does_not_hold_the_secret(database: str) -> None:
    now = timezone.now()
    key, text = issue_api_key(create_organisation("甲", now=now), label="x", now=now, valid_for=DAY)
    secret = text.split("_", 2)[2]
    row = ApiKey.objects.filter(pk=key.pk).values().get()
    assert all(secret not in str(value) and secret.encode() not in (value if isinstance(value, bytes) else b"") for value in row.values())
    assert text.startswith(f"cz_{key.prefix}_")


def test_only_the_whole_key_is_accepted(database: str) -> None:
    now = timezone.now()
    key, text = issue_api_key(create_organisation("甲", now=now), label="x", now=now, valid_for=DAY)
    assert api_key_for(text, now=now) == key
    for wrong in ("", text[:-1], text + "x", text.upper(), text.replace(key.prefix, "00000000"), f" {text}", f"cz_{key.prefix}_", text[3:]):
        assert api_key_for(wrong, now=now) is None


def test_a_key_ends_with_its_expiry_and_with_its_revocation(database: str) -> None:
    now = timezone.now()
    key, text = issue_api_key(create_organisation("甲", now=now), label="x", now=now, valid_for=DAY)
    assert api_key_for(text, now=now + DAY) is None
    revoke_api_key(key, now=now)
    assert api_key_for(text, now=now) is None
    revoke_api_key(key, now=now + DAY)
    assert ApiKey.objects.get().revoked_at == now, "a second revocation changes nothing"


def test_the_last_use_is_written_at_most_once_a_minute(database: str) -> None:
    now = timezone.now()
    key, _ = issue_api_key(create_organisation("甲", now=now), label="x", now=now, valid_for=DAY)
    for seconds, expected in ((0, 0), (30, 0), (61, 61)):
        note_use(ApiKey.objects.get(), now=now + timedelta(seconds=seconds))
        assert ApiKey.objects.get().last_used_at == now + timedelta(seconds=expected)
    assert key.label == "x"


def test_the_command_prints_a_key_that_works(service: str) -> None:
    out = StringIO()
    for _ in range(2):
        call_command("create_api_key", "示例机构", "--days", "2", stdout=out)
    texts = out.getvalue().split()
    assert Organisation.objects.count() == 1
    for text in texts:
        answer: Any = Client().get("/api/v1/evidence", headers={"Authorization": f"Bearer {text}"})
        assert answer.json() == {"records": [], "next_cursor": None}


def test_the_command_takes_a_ref_a_code_or_a_name_that_one_alone_has(service: str) -> None:
    now = timezone.now()
    first, second, third = (create_organisation(name, now=now) for name in ("同名机构", "同名机构", "独名机构"))
    describe_organisation(first, credit_code=CODES["lender"], contact_email="", contact_phone="", now=now)
    for named, meant in ((second.ref, second), (CODES["lender"], first), ("独名机构", third)):
        call_command("create_api_key", named, stdout=StringIO())
        assert ApiKey.objects.latest("pk").organisation == meant
    with pytest.raises(CommandError, match=f"{first.ref}, {second.ref}"):
        call_command("create_api_key", "同名机构", stdout=StringIO())
    with pytest.raises(CommandError, match="no organisation"):
        call_command("create_api_key", "0" * 32, stdout=StringIO())
    assert (ApiKey.objects.count(), Organisation.objects.count()) == (3, 3)


def test_the_command_makes_no_organisation_in_production(service: str, settings: Settings) -> None:
    settings.EMBEDDED = False
    with pytest.raises(CommandError, match="apply to be let in"):
        call_command("create_api_key", "示例机构", stdout=StringIO())
    assert not Organisation.objects.exists()
    known = create_organisation("示例机构", now=timezone.now())
    call_command("create_api_key", "示例机构", stdout=StringIO())
    assert ApiKey.objects.get().organisation == known


def test_the_command_gives_the_scopes_that_it_is_told_and_keeps_to_the_rules(service: str) -> None:
    out = StringIO()
    call_command("create_api_key", "示例机构", "--scopes", "evidence:read", "notices:read", "--must-sign", stdout=out)
    key = ApiKey.objects.get()
    assert (key.scopes, key.must_sign, key.created_by) == ("evidence:read notices:read", True, None)
    for wrong in (["--days", "401"], ["--days", "0"], ["--label", " "], ["--scopes", "root"]):
        with pytest.raises(CommandError):
            call_command("create_api_key", "示例机构", *wrong)
    assert ApiKey.objects.count() == 1


def test_who_asks_is_one_query_with_scopes_and_organisation(database: str) -> None:
    """The question that every request asks: a key by its prefix, a token by its digest."""
    now = timezone.now()
    _, text = issue_api_key(create_organisation("甲", now=now), label="x", now=now, valid_for=DAY)
    for shown in (text, "czt_" + "x" * 43):
        with CaptureQueriesContext(connection) as asked:
            key = credential_for(shown, now=now)
            assert (key is None) == shown.startswith("czt_")
            assert key is None or key.granted
            assert key is None or not key.must_sign
        assert [query["sql"].split()[0] for query in asked] == ["SELECT"]


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer"])
def test_the_scheme_is_case_insensitive(scheme: str, service: str) -> None:
    now = timezone.now()
    _, text = issue_api_key(create_organisation("甲", now=now), label="x", now=now, valid_for=DAY)
    assert Client().get("/api/v1/evidence", headers={"Authorization": f"{scheme} {text}"}).status_code == 200
