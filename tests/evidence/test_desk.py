"""People deposit by hand: who they are stands in claims and trails, a form makes one record, and a refusal leaves nothing behind."""
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.permissions import Role
from common.problems import FormExpired
from evidence.fsck import examine_evidence
from evidence.models import Evidence
from evidence.selectors import claims_of, custody_of
from tests.evidence.desk import Desk

pytestmark = pytest.mark.usefixtures("service")
RECORDING = ("录音 2026.wav", b"RIFF....", "audio/wav")
DIGEST = hashlib.sha256(RECORDING[1]).hexdigest()


def values(record: Evidence) -> dict[str, Any]:
    return {claim.name: json.loads(claim.data)["value"] for claim in claims_of(record)}


def originals(folder: Path) -> list[Path]:
    return [path for path in (folder / "vault").rglob("*") if path.is_file()]


def test_a_person_is_named_by_id_in_claim_and_trail_and_nothing_is_found_amiss() -> None:
    desk = Desk(Role.CASE_OFFICER)
    answer = desk.send(
        desk.case(), RECORDING, captured_until="2026-11-23T16:00:05", device="工位 3", latitude="31.23", environment="内网")
    record, actor = Evidence.objects.get(), f"person:{desk.person.pk}"
    assert (answer.status_code, answer["Location"]) == (303, f"/work/{record.case.ref}?deposited={record.record}")
    assert (record.credential_id, record.person_id, record.organisation) == (None, desk.person.pk, desk.organisation)
    claims = values(record)
    assert claims["depositor"] == {
        "organisation": desk.organisation.ref, "organisation_name": desk.organisation.name, "agent": actor, "credential": "session"}
    assert claims["subject"] == {"kind": "call_recording", "title": RECORDING[0], "metadata": {"schema": "call_recording/1"}}
    assert claims["files/1"]["sha256"] == hashlib.sha256(RECORDING[1]).hexdigest()
    told = {name: value for name, value in claims["provenance"].items() if value is not None}
    assert told == {
        "captured_until": "2026-11-23T08:00:05.000Z", "device": "工位 3", "environment": {"latitude": "31.23", "note": "内网"}}
    ours = (actor, desk.organisation.ref, "case_officer")
    assert [(row.event, row.actor, row.organisation, row.circumstances and row.circumstances.role) for row in custody_of(record)] == [
        ("record:ingested", *ours), ("record:captured", *ours), ("record:digested", "system", "system", None)]
    assert list(examine_evidence()) == []
    assert record.record in desk.client.get(answer["Location"]).content.decode()


def test_what_nobody_filled_in_is_null() -> None:
    desk = Desk()
    desk.send(desk.case(), ("x.bin", b"x", "no type"))
    claims = values(Evidence.objects.get())
    assert set(claims["provenance"].values()) == {None}
    assert (claims["subject"]["kind"], claims["files/1"]["media_type"]) == ("document", "application/octet-stream")


def test_a_form_that_is_sent_twice_makes_one_record(var_dir: Path) -> None:
    desk = Desk()
    case = desk.case()
    form = desk.form(f"/work/{case.ref}")
    first, second = (desk.send(case, RECORDING, key=form["key"]) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Evidence.objects.count() == len(originals(var_dir)) == 1
    other = desk.send(case, ("other.wav", b"other"), json=True, key=form["key"])
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert len(originals(var_dir)) == 1


def test_two_people_may_have_chosen_the_same_key() -> None:
    one = Desk(login="one")
    two, key = Desk(organisation=one.organisation, login="two"), "k" * 32
    case = one.case()
    assert one.send(case, RECORDING, key=key).status_code == two.send(case, RECORDING, key=key).status_code == 303
    assert Evidence.objects.count() == 2


REFUSED: list[tuple[dict[str, str], tuple[Any, ...], int, str]] = [
    ({}, (), 422, "record-invalid"), ({}, (("", b""),), 422, "record-invalid"), ({}, (("", b"not empty"),), 400, "part-order"),
    ({"kind": "nonsense"}, (RECORDING,), 422, "record-invalid"), ({"kind": "correction"}, (RECORDING,), 422, "record-invalid"),
    ({"captured_until": "yesterday"}, (RECORDING,), 422, "record-invalid"),
    ({"captured_from": "2026-02-30T00:00"}, (RECORDING,), 422, "record-invalid"),
    ({"captured_from": "0001-01-01T00:00"}, (RECORDING,), 422, "record-invalid"),
    ({"latitude": "1e5"}, (RECORDING,), 422, "record-invalid"), ({"title": "x" * 501}, (RECORDING,), 422, "record-invalid"),
    ({"note": "a\0b"}, (RECORDING,), 422, "record-invalid"), ({"key": "short"}, (RECORDING,), 422, "record-invalid"),
    ({"sha256": "0" * 64}, (RECORDING,), 422, "digest-mismatch"),
    ({"sha256": f"{DIGEST} {'0' * 64}"}, (RECORDING, ("second.jpg", b"x")), 422, "digest-mismatch"),
    ({"sha256": f"{DIGEST} {DIGEST}"}, (RECORDING,), 422, "digest-mismatch"),
    ({"device": "\ud7ff" * 3000}, (RECORDING,), 422, "record-invalid"),
    ({}, (("n" * 256, b"x"),), 422, "record-invalid"), ({"csrfmiddlewaretoken": "x" * 64}, (RECORDING,), 403, ""),
]


@pytest.mark.parametrize(("fields", "files", "status", "code"), REFUSED)
def test_a_refusal_says_why_and_leaves_nothing(
    fields: dict[str, str], files: tuple[Any, ...], status: int, code: str, var_dir: Path
) -> None:
    desk = Desk()
    answer = desk.send(desk.case(), *files, json=True, **fields)
    assert answer.status_code == status
    if code:
        assert answer.json()["code"] == code
        assert answer.json()["detail"]
    else:
        assert str(FormExpired.code) in answer.content.decode()
    assert Evidence.objects.count() == len(originals(var_dir)) == 0


def test_without_a_script_what_was_typed_stands_in_the_form_again() -> None:
    desk = Desk()
    answer = desk.send(desk.case(), device="一号机 <b>", kind="sms")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "一号机 &lt;b&gt;" in page
    assert '<option value="sms" selected>' in page
    assert "record-invalid" in page


def test_the_token_is_asked_for_before_a_file_is_stored(var_dir: Path, settings: Settings) -> None:
    """The token may stand nowhere but before the files; a body that has none is refused although it would be too large."""
    desk = Desk()
    case = desk.case()
    settings.MAX_FILE_BYTES = 10
    answer = desk.client.post(f"/work/{case.ref}/deposits", {"key": "k" * 32}, headers={"Accept": "application/json"})
    assert answer.status_code == 403
    large = desk.send(case, ("large.bin", b"x" * 11), json=True)
    assert (large.status_code, large.json()["code"]) == (413, "file-too-large")
    assert originals(var_dir) == []


BROKEN = [
    (b"{}", "application/json", 415), (b"--b\r\n", "multipart/form-data; boundary=b", 400),
    (b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\n\xff\r\n--b--\r\n', "multipart/form-data; boundary=b", 400),
    (b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nxxx', "multipart/form-data; boundary=b", 400),
]


@pytest.mark.parametrize(("body", "kind", "status"), BROKEN)
def test_a_body_that_is_no_form_is_refused(body: bytes, kind: str, status: int) -> None:
    desk = Desk()
    assert desk.client.post(f"/work/{desk.case().ref}/deposits", body, content_type=kind).status_code == status


def test_fields_after_a_file_are_refused(var_dir: Path) -> None:
    desk = Desk()
    case = desk.case()
    token = desk.form(f"/work/{case.ref}")["csrfmiddlewaretoken"]
    parts = [("csrfmiddlewaretoken", None, token), ("file", "a.txt", "abc"), ("kind", None, "sms")]
    named = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"' + (f'; filename="{file}"' if file else "") + f"\r\n\r\n{text}\r\n"
        for name, file, text in parts)
    answer = desk.client.post(
        f"/work/{case.ref}/deposits", f"{named}--b--\r\n".encode(), content_type="multipart/form-data; boundary=b",
        headers={"Accept": "application/json"})
    assert answer.json()["code"] == "part-order"
    assert originals(var_dir) == []


def test_the_list_shows_first_what_is_missing_today() -> None:
    desk = Desk()
    cases = [desk.case(f"LN-{n}") for n in range(3)]
    another = Desk(organisation=desk.organisation, login="colleague")
    desk.send(cases[1], RECORDING)
    another.send(cases[2], RECORDING)
    page = desk.client.get("/work").content.decode()
    missing, done = page.split("<h2>今天已存证")
    assert re.findall(r"LN-\d", missing) == ["LN-2", "LN-0"]
    assert re.findall(r"LN-\d", done) == ["LN-1"]
    assert re.findall(r"<span data-today>(\d+)</span> · 本人 <span data-today>(\d+)</span>", page) == [("1", "0"), ("0", "0"), ("1", "1")]


def test_a_long_list_goes_on_after_its_last_case(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    monkeypatch.setattr("evidence.worklist.PAGE", 2)
    for n in range(5):
        desk.case(f"LN-{n}")
    seen, page = [], "/work"
    while page:
        html = desk.client.get(page).content.decode()
        seen += re.findall(r"LN-\d", html)
        found = re.search(r'href="(/work\?after=\w+)"', html)
        page = found[1] if found else ""
    assert seen == [f"LN-{n}" for n in (4, 3, 2, 1, 0)]


def test_anothers_case_is_not_there() -> None:
    desk, other = Desk(login="one"), Desk(login="two")
    foreign = other.case()
    token = desk.form(f"/work/{desk.case().ref}")
    for ref in (foreign.ref, "0" * 32, "%00", "x" * 200, "é"):
        assert desk.client.get(f"/work/{ref}").status_code == 404
        assert desk.client.post(f"/work/{ref}/deposits", token).status_code == 404
        assert desk.client.get("/work", {"after": ref.replace("%00", "\0")}).status_code == 404
    assert Evidence.objects.count() == 0


@pytest.mark.parametrize("role", [Role.COMPLIANCE_OFFICER, Role.LAWYER, Role.OPERATOR])
def test_who_may_not_deposit_has_no_work_list(role: Role) -> None:
    desk = Desk(role)
    assert [desk.client.get(path).status_code for path in ("/work", f"/work/{'0' * 32}")] == [403, 403]
    assert Client().get("/work").status_code == 302
