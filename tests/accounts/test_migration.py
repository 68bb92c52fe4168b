"""An installation from before there were people: its organisations become active lenders, and its keys go on."""
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Organisation
from accounts.permissions import Role
from accounts.scopes import Scope
from tests.accounts.people import make_person, signed_in
from tests.databases import Template

SECRET = "x" * 43


def test_existing_organisations_migrate_as_active_lenders_and_their_keys_go_on(
    database: str, database_template: Template, var_dir: Path
) -> None:
    connection.close()
    database_template.empty(database)
    database_template.migrate(database, var_dir, "accounts", "0001")
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO accounts_organisation (ref, name, created_at) VALUES (%s, %s, %s)", ["0" * 32, "旧机构", now])
        cursor.execute("SELECT id FROM accounts_organisation")
        [organisation_id] = cursor.fetchone()
        cursor.execute(
            "INSERT INTO accounts_apikey (organisation_id, prefix, secret_sha256, label, created_at, expires_at) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            [organisation_id, "0123abcd", hashlib.sha256(SECRET.encode()).digest(), "旧", now, now + timedelta(days=1)])
    database_template.migrate(database, var_dir)
    call_command("init_service", verbosity=0)
    organisation = Organisation.objects.get()
    assert (organisation.kind, organisation.status, organisation.credit_code, organisation.contact_email) == ("lender", "active", None, "")
    answer: Any = Client().get("/api/v1/evidence", headers={"Authorization": f"Bearer cz_0123abcd_{SECRET}"})
    assert answer.json() == {"records": [], "next_cursor": None}
    key = ApiKey.objects.select_related("organisation").get()
    assert key.granted == {
        Scope.EVIDENCE_WRITE, Scope.EVIDENCE_READ, Scope.PACKAGES_FETCH, Scope.WEBHOOKS_MANAGE, Scope.NOTICES_READ,
    }, "what keys could do until there were scopes"
    assert (key.must_sign, key.application_id, key.created_by_id) == (False, None, None)
    admin = make_person("admin@lender.example", Role.LENDER_ADMIN, organisation)
    assert signed_in(admin).get(f"/organisations/{organisation.ref}/members").status_code == 200
