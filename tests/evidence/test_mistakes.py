"""误存: a record is superseded by another that says why, once and for ever; nothing is deleted, and packages carry both."""
import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.permissions import Role
from accounts.services import issue_api_key
from common.append_only import AppendOnlyError
from evidence.fsck import examine_evidence
from evidence.models import Evidence, Supersession
from evidence.selectors import claims_of
from tests.evidence.desk import Desk
from tests.portal.pages import Page
from tlog.package import examine_package

pytestmark = pytest.mark.usefixtures("service")
REASON = "选错了案件 <b>"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def deposited(desk: Desk, case: Any, name: str = "a.wav") -> Evidence:
    return Evidence.objects.get(record=desk.send(case, (name, name.encode()), json=True).json()["record"])


def supersede(desk: Desk, record: Evidence, **typed: str) -> Any:
    page = f"/records/{record.record}/supersede"
    return desk.client.post(page, {**desk.form(page), "reason": REASON, **typed})


def test_the_correction_names_the_record_the_reason_and_what_stands_for_it(desk: Desk) -> None:
    case = desk.case()
    wrong, right = deposited(desk, case), deposited(desk, case, "b.wav")
    answer = supersede(desk, wrong, replaced_by=right.record.lower())
    assert (answer.status_code, answer["Location"]) == (303, f"/records/{wrong.record}")
    row = Supersession.objects.get()
    assert (row.superseded, row.replaced_by, row.correction.case, row.correction.person) == (wrong, right, case, desk.person)
    [subject] = [json.loads(claim.data)["value"] for claim in claims_of(row.correction) if claim.name == "subject"]
    assert subject["metadata"] == {"replaces": wrong.record, "replaced_by": right.record, "reason": REASON, "schema": "correction/1"}
    page = desk.client.get(f"/records/{wrong.record}").content.decode()
    assert "误存" in page
    assert "选错了案件 &lt;b&gt;" in page
    assert row.correction.record in page
    assert wrong.record in desk.client.get(f"/records/{row.correction.record}").content.decode()
    assert "误存" in desk.client.get(f"/work/{case.ref}").content.decode()
    assert REASON[:5] not in Client().get(f"/records/{wrong.record}").content.decode(), "a stranger learns nothing of it"
    assert list(examine_evidence()) == []


def test_a_record_is_superseded_once_and_a_correction_never(desk: Desk) -> None:
    case = desk.case()
    wrong = deposited(desk, case)
    form = desk.form(f"/records/{wrong.record}/supersede")
    first, twice = (supersede(desk, wrong, key=form["key"]) for _ in range(2))
    assert first.status_code == twice.status_code == 303, "the same form sent twice"
    assert supersede(desk, wrong, key="another-key-of-16").status_code == 409
    assert desk.client.get(f"/records/{wrong.record}/supersede").status_code == 409
    assert supersede(desk, Supersession.objects.get().correction, key="another-key-of-17").status_code == 422
    assert (Supersession.objects.count(), Evidence.objects.count()) == (1, 2)


@pytest.mark.parametrize(("typed", "status"), [
    ({"reason": ""}, 422), ({"reason": "x" * 1001}, 422), ({"reason": "a\0"}, 422), ({"key": ""}, 422),
    ({"replaced_by": "CZ-20261123-01234-56789-W"}, 404), ({"replaced_by": "nonsense"}, 400), ({"replaced_by": "itself"}, 422),
    ({"replaced_by": "another case"}, 422),
])
def test_a_refusal_writes_nothing(typed: dict[str, str], status: int, desk: Desk, var_dir: Path) -> None:
    wrong, other = deposited(desk, desk.case()), deposited(desk, desk.case("LN-2"))
    named = {"itself": wrong.record, "another case": other.record}
    answer = supersede(desk, wrong, **{name: named.get(value, value) for name, value in typed.items()})
    assert answer.status_code == status
    if typed.get("replaced_by") in named:
        assert "替代的存证须是同一案件的另一份存证。" in answer.content.decode()
    assert Evidence.objects.count() == 2
    assert sum(path.is_file() for path in (var_dir / "vault").rglob("*")) == 2


def test_who_is_not_of_the_organisation_marks_nothing(desk: Desk) -> None:
    record, stranger = deposited(desk, desk.case()), Desk(login="stranger")
    token = stranger.form(f"/work/{stranger.case().ref}")
    assert stranger.client.post(f"/records/{record.record}/supersede", {**token, "reason": "x"}).status_code == 404
    reader = Desk(Role.COMPLIANCE_OFFICER, desk.organisation, "reader")
    assert reader.client.get(f"/records/{record.record}/supersede").status_code == 403
    assert "标记为误存" not in reader.client.get(f"/records/{record.record}").content.decode()
    assert Supersession.objects.count() == 0


def test_the_package_of_a_mistake_carries_its_correction(desk: Desk, stamp: Callable[[], None], tmp_path: Path) -> None:
    case = desk.case()
    wrong = deposited(desk, case)
    supersede(desk, wrong)
    stamp()
    call_command("export_trust", str(tmp_path / "trust"), verbosity=0)
    key = issue_api_key(desk.organisation, label="t", now=timezone.now(), valid_for=timedelta(days=1))[1]
    for scope in ("record", "case", "selected", "of the page"):
        token = {"csrfmiddlewaretoken": desk.form("/evidence")["csrfmiddlewaretoken"]}
        if scope == "selected":
            answer: Any = desk.client.post("/evidence/package", {**token, "record": wrong.record})
        elif scope == "of the page":
            answer = desk.client.post(f"/cases/{case.ref}/package", token)
        else:
            answer = Client().get(f"/api/v1/evidence/{wrong.record}/package?scope={scope}", headers={"Authorization": f"Bearer {key}"})
        package = b"".join(answer.streaming_content)
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            catalogue = archive.read("catalogue.csv").decode()
            told = json.loads(archive.read("package.json"))
            papers = [archive.read(name).decode() for name in archive.namelist() if name.endswith("误存说明.txt")]
        correction = Supersession.objects.get().correction.record
        assert set(told["records"]) == {wrong.record, correction}
        assert f"误存，见 {correction}" in catalogue
        assert len(papers) == 1
        assert REASON in papers[0]
        file = tmp_path / f"{scope}.asice"
        file.write_bytes(package)
        report = examine_package(file, trust=tmp_path / "trust")
        assert [check for check in report.checks if check.outcome == "failed"] == []


def test_the_package_of_a_replaced_record_carries_what_replaces_it_and_says_so(desk: Desk, stamp: Callable[[], None]) -> None:
    case = desk.case()
    old, new = deposited(desk, case), deposited(desk, case, "b.wav")
    page = f"/records/{new.record}/relate"
    for _ in range(2):  # said twice, by two records, and named once
        answer = desk.client.post(page, {**desk.form(page), "relation": "replaces", "record": old.record, "reason": ""})
        assert answer.status_code == 303, answer.content
    stamp()
    key = issue_api_key(desk.organisation, label="t", now=timezone.now(), valid_for=timedelta(days=1))[1]
    for record, goes_out in ((old, {old.record, new.record}), (new, {new.record})):
        answer = Client().get(f"/api/v1/evidence/{record.record}/package", headers={"Authorization": f"Bearer {key}"})
        with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:  # type: ignore[attr-defined]
            catalogue, told = archive.read("catalogue.csv").decode(), json.loads(archive.read("package.json"))
        assert set(told["records"]) == goes_out
        assert (f"被替代，见 {new.record}" in catalogue, catalogue.count("被替代")) == ((True, 1) if record == old else (False, 0))


def test_the_row_is_held_against_the_claims_and_cannot_be_changed(desk: Desk) -> None:
    case = desk.case()
    wrong, other = deposited(desk, case), deposited(desk, case, "b.wav")
    supersede(desk, wrong)
    row = Supersession.objects.get()
    with pytest.raises(AppendOnlyError):
        row.delete()
    connection.disable_constraint_checking()
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
        else:
            cursor.execute("DROP TRIGGER evidence_supersession_no_update")
            cursor.execute("DROP TRIGGER evidence_supersession_no_delete")
        cursor.execute("UPDATE evidence_supersession SET superseded_id = %s", [other.pk])
    assert [finding.where for finding in examine_evidence()] == [f"evidence_supersession {row.pk}"]
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM evidence_supersession")
    assert [finding.where for finding in examine_evidence()] == [f"evidence_supersession of {row.correction.record}"]


@pytest.mark.parametrize("broken", ["altered", "gone", "key"])
def test_a_correction_that_cannot_be_read_is_a_finding_and_ends_no_examination(desk: Desk, var_dir: Path, broken: str) -> None:
    supersede(desk, deposited(desk, desk.case()))
    row = Supersession.objects.get()
    if broken == "key":
        (var_dir / "keys" / "vault" / desk.organisation.ref).rename(var_dir / "taken")
    else:
        Evidence.objects.filter(pk=row.correction_id).update(sealed_claims=b"nobody opens this" if broken == "altered" else None)
    found = [finding for finding in examine_evidence() if finding.where == f"evidence_supersession {row.pk}"]
    assert len(found) == 1
    assert f"the claims of {row.correction.record} cannot be read" in str(found[0])


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_lists_mark_what_was_a_mistake_lead_to_what_stands_for_it_and_are_narrowed_by_it(desk: Desk, language: str) -> None:
    case = desk.case()
    replaced, alone, right = (deposited(desk, case, f"{name}.wav") for name in "abc")
    supersede(desk, replaced, replaced_by=right.record, key="key-of-16-letters-1")
    supersede(desk, alone, key="key-of-16-letters-2")
    alone_told = Supersession.objects.get(superseded=alone).correction.record
    heads = {"Accept-Language": language}
    for path in ("/evidence", f"/cases/{case.ref}"):
        page = Page(desk.client.get(path, headers=heads).content.decode())
        assert page.all_faults() == []
        rows = {record.record: row_of(page.source, record.record) for record in (replaced, alone, right)}
        assert [row.count("chip bad") for row in rows.values()] == [1, 1, 0], "an icon and a word, and none where it stands"
        assert f'href="/records/{right.record}"' in rows[replaced.record]
        assert f'href="/records/{alone_told}"' in rows[alone.record]
    numbers = {record.record for record in (replaced, alone, right)}
    for query, wanted in (("yes", {replaced.record, alone.record}), ("no", {right.record}), ("", numbers)):
        page = Page(desk.client.get(f"/evidence?mistaken={query}", headers=heads).content.decode())
        assert {number for number in numbers if row_of(page.source, number)} == wanted
        assert page.all_faults() == []
    assert desk.client.get("/evidence?mistaken=perhaps").status_code == 422
    [line] = [row for row in csv.reader(io.StringIO(exported(desk))) if row[0] == replaced.record]
    assert line[-1] == right.record
    assert line[-2] == Supersession.objects.get(superseded=replaced).correction.record


def test_the_page_of_a_record_says_that_its_key_is_away_and_is_the_public_one_where_claims_are_damaged(
    desk: Desk, var_dir: Path
) -> None:
    record = deposited(desk, desk.case())
    away = var_dir / "keys" / "vault" / desk.organisation.ref
    away.rename(var_dir / "taken")
    assert desk.client.get(f"/records/{record.record}").status_code == 503
    assert Client().get(f"/records/{record.record}").status_code == 200
    (var_dir / "taken").rename(away)
    Evidence.objects.filter(pk=record.pk).update(sealed_claims=b"nobody opens this")
    assert desk.client.get(f"/records/{record.record}").status_code == 200


def test_a_list_stays_open_while_the_key_of_its_records_is_away(desk: Desk, var_dir: Path) -> None:
    record = deposited(desk, desk.case())
    (var_dir / "keys" / "vault" / desk.organisation.ref).rename(var_dir / "taken")
    answer = desk.client.get("/evidence", headers={"Accept-Language": "zh-hans"})
    assert answer.status_code == 200
    assert "内容已销毁或无法读取" in row_of(answer.content.decode(), record.record)


def row_of(source: str, number: str) -> str:
    """The table row that begins with this record; "" where there is none."""
    found = [row for row in source.split("<tr>") if f'<th scope="row"><a class="mono" href="/records/{number}"' in row]
    return found[0].partition("</tr>")[0] if found else ""


def exported(desk: Desk) -> str:
    token = desk.form("/evidence")["csrfmiddlewaretoken"]
    answer: Any = desk.client.post("/evidence/export", {"csrfmiddlewaretoken": token})
    return b"".join(answer.streaming_content).decode("utf-8-sig")
