"""The operator's home: queues and health for operators, health and incidents for auditors, and nothing for anybody else."""
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Q
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Organisation
from accounts.permissions import ROLES, Act, Role
from common.failpoints import InjectedFault, plan
from common.jobs import Job, enqueue_daily_jobs, run_job
from evidence.fixity import look_at_originals
from evidence.models import Evidence
from ledger.incidents import RECEIPT_BREACHED, open_incident
from ledger.tasks import AUDIT_RECEIPTS
from tests.accounts.people import make_organisation, make_person, signed_in
from tests.depositing import Post, document, key, organisation, post_deposit
from tests.evidence.clear import make_clear
from tests.evidence.letting_in import apply_now, operators
from vault.models import Cipher, StoredObject
from vault.selectors import MOST_COUNTED, originals_in_the_clear

__all__ = ["key", "organisation", "post_deposit"]


def test_operators_see_who_waits_and_auditors_see_health(service: str) -> None:
    cache.clear()  # nobody has applied yet
    operator = signed_in(operators()[0])
    apply_now()
    overdue = make_organisation(name="逾期机构")
    Organisation.objects.filter(pk=overdue.pk).update(review_due_at=timezone.now() - timedelta(days=1))
    open_incident("clock-skewed", "sequencer", {"seconds": 2}, now=timezone.now())
    page = operator.get("/operations").content.decode()
    assert [word for word in ("示例人民法院", "逾期机构", "clock-skewed", "队列长度") if word not in page] == []
    auditor = signed_in(make_person("audit", Role.AUDITOR)).get("/operations").content.decode()
    assert [word in auditor for word in ("示例人民法院", "逾期机构", "clock-skewed", "队列长度")] == [False, False, True, True]
    assert Client().get("/operations")["Location"].startswith("/sign-in")


def test_it_says_when_every_receipt_was_last_held_against_the_log_and_what_was_broken(service: str) -> None:
    auditor = signed_in(make_person("audit", Role.AUDITOR))
    assert "尚未进行" in auditor.get("/operations").content.decode()
    enqueue_daily_jobs(now=timezone.now())
    assert run_job(Job.objects.get(kind=AUDIT_RECEIPTS).pk)
    page = auditor.get("/operations").content.decode()
    assert re.search(r"<dt>回执审计</dt><dd>\d+ 秒前</dd>", page), page
    open_incident(RECEIPT_BREACHED, "receipt 1", {}, now=timezone.now())
    assert "违约回执事件：1" in auditor.get("/operations").content.decode()


def test_it_reports_the_scrub_of_the_originals(
    service: str, tmp_path: Path, settings: Settings, post_deposit: Post, var_dir: Path
) -> None:
    auditor = signed_in(make_person("audit", Role.AUDITOR))
    assert "还没有复核过原件。" in auditor.get("/operations").content.decode()
    assert post_deposit(document(), b"the original").status_code == 201
    [name] = [path for path in (var_dir / "vault").rglob("*") if path.is_file()]
    name.write_bytes(b"another")
    look_at_originals(0, [])
    settings.VAULT_COPY = tmp_path / "second"
    settings.VAULT_COPY.mkdir()
    page = auditor.get("/operations").content.decode()
    table = page.partition("周而复始")[2].partition("</table>")[0]
    row = re.findall(r"<td data-label=[^>]*>([^<]*)</td>", table)
    assert row[2:] == ["1", "12\xa0字节", "1", "0"], row
    assert "没有配置第二副本" not in page


def test_it_says_how_many_originals_lie_in_the_clear_until_they_are_encrypted(post_deposit: Post, settings: Settings) -> None:
    operator, auditor = signed_in(operators()[0]), signed_in(make_person("audit", Role.AUDITOR))
    settings.METRICS_TOKEN = "token"

    def told(word: str, language: str = "zh-hans") -> list[bool]:
        return [word in each.get("/operations", headers={"Accept-Language": language}).content.decode() for each in (operator, auditor)]

    def counted() -> tuple[int, str]:
        figures = Client().get("/metrics", headers={"Authorization": "Bearer token"}).content.decode()
        [line] = [line for line in figures.splitlines() if line.startswith("cunzheng_originals_in_the_clear ")]
        return originals_in_the_clear(), line.partition(" ")[2]

    files = [{"name": name, "media_type": "audio/wav"} for name in ("a.wav", "b.wav")]
    assert post_deposit(document(files=files), b"one", b"two").status_code == 201
    assert post_deposit(document(), b"three").status_code == 201
    assert counted() == (0, "0.0")
    assert told("没有以明文存放的原件") == [True, True]
    for record in Evidence.objects.all():
        make_clear(record)
    assert counted() == (3, "3.0")
    assert told("3 份原件仍以明文存放") == told("manage.py encrypt_vault") == [True, True]
    assert told("3 originals still lie unencrypted", "en") == [True, True]
    with plan("evidence.encrypted-rows-swapped=error"), pytest.raises(InjectedFault):
        call_command("encrypt_vault")
    # Of the first record both are encrypted, and their clear bytes lie there still.
    assert counted() == (3, "3.0")
    call_command("encrypt_vault")
    assert counted() == (0, "0.0")
    assert told("没有以明文存放的原件") == [True, True]


def test_what_lies_in_the_clear_is_counted_from_indexes_alone(service: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Of a table this short the planner would read all, whatever there is beside it.
            cursor.execute("SET LOCAL enable_seqscan = off")
        plans = [StoredObject.objects.filter(condition).order_by("id").values("id")[:MOST_COUNTED].explain() for condition in (
            Q(cipher=Cipher.PLAIN), Q(clear_name__isnull=False))]
    assert ["stored_object_in_the_clear" in plans[0], "stored_object_clear_left" in plans[1]] == [True, True], plans


def test_nobody_else_sees_it(database: str) -> None:
    others = [role for role in Role if not ROLES[role].acts & {Act.MANAGE_ORGANISATIONS, Act.READ_HEALTH}]
    assert {signed_in(make_person(role.value, role)).get("/operations").status_code for role in others} == {403}


def test_before_the_set_up_the_page_says_what_is_wrong(database: str) -> None:
    page = signed_in(operators()[0]).get("/operations").content.decode()
    assert "not-set-up" in page
    assert "有异常" in page
