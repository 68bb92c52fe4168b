"""The same files by the API: what a page asks a person about, a machine is told, and nothing that a source wrote is refused for its faults.

Empty files, wrong digests and broken bodies are refused by both doors, every one of them pointed at, and nothing of the request is kept.
"""
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from evidence.capture import SHA256_OF_NOTHING
from evidence.csv_exports import LISTED, MOST_BYTES
from evidence.models import Evidence
from evidence.renderings import render_file
from tests.depositing import Post, batch, document
from tests.evidence.desk import Desk
from tests.evidence.drawn import bomb, picture, sound, zip_bomb
from tests.hostile.test_evidence_imports import BAD, GOOD, HEADING, broken, claims, names, originals

pytestmark = pytest.mark.usefixtures("service")
CHINESE = {"Accept_Language": "zh-hans"}
# Names of files as they are, and what a page says of each once somebody looks.
MEDIA: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "a photo that ends early": ("截屏.png", lambda: picture()[:40], "文件不完整，或内容与其格式不符"),
    "a recording that ends early": ("录音.wav", lambda: sound()[:30], "文件不完整，或内容与其格式不符"),
    "pixels by the thousand million": ("截屏.png", bomb, "所需的内存超出允许范围"),
    "a workbook that unpacks to eighty megabytes": ("短信.xlsx", zip_bomb, "所需的内存超出允许范围"),
    "a program that calls itself a picture": ("截屏.png", lambda: b"MZ" + bytes(60), "系统不认识这种文件"),
}
# A type, a name and bytes of which one is none of the others' kind, and what the page says in Chinese and English; "" when it says nothing.
BELIED: dict[str, tuple[str, str, Callable[[], bytes], str, str]] = {
    "a picture called a recording": ("录音.wav", "audio/wav", lambda: picture("JPEG"), "内容是图片，与所称类型 audio/wav 不符",
                                     "The content is a picture, which does not fit the type it was given: audio/wav"),
    "a picture with the name of a recording": ("录音.wav", "application/octet-stream", picture, "内容是图片，与所称类型 .wav 不符",
                                               "The content is a picture, which does not fit the type it was given: .wav"),
    "a recording called a film": ("a.wav", "video/mp4", sound, "内容是录音，与所称类型 video/mp4 不符",
                                  "The content is a recording, which does not fit the type it was given: video/mp4"),
    "a table called a picture": ("a.csv", "image/png", lambda: b"a,b\n1,2\n", "内容是表格，与所称类型 image/png 不符",
                                 "The content is a table, which does not fit the type it was given: image/png"),
    "a picture of another format": ("截屏.png", "image/png", lambda: picture("JPEG"), "", ""),
    "a table as a browser calls it": ("a.csv", "application/vnd.ms-excel", lambda: b"a,b\n1,2\n", "", ""),
    "what has no name of a kind": ("scan", "application/octet-stream", picture, "", ""),
}


def export(*files: tuple[str, str], kind: str = "sms") -> dict[str, Any]:
    subject = {"kind": kind, "title": "短信导出", "metadata": {}}
    return document(subject=subject, files=[{"name": name, "media_type": media_type} for name, media_type in files])


@pytest.mark.parametrize("name", GOOD)
def test_an_export_without_faults_is_deposited_and_nothing_is_said_of_it(name: str, post_deposit: Post) -> None:
    answer = post_deposit(export(("短信导出.csv", "text/csv")), GOOD[name])
    assert (answer.status_code, set(answer.json())) == (201, {"records", "receipt"})


@pytest.mark.parametrize("kind", ["sms", "instant_message", "repayment_ledger"])
@pytest.mark.parametrize("name", BAD)
def test_an_export_with_faults_is_deposited_as_it_is_and_reported_row_by_row(name: str, kind: str, post_deposit: Post) -> None:
    data, told = BAD[name]
    answer = post_deposit(export(("好.txt", "text/plain"), ("导出.CSV", "text/csv"), kind=kind), b"x", data, **CHINESE)
    assert answer.status_code == 201
    [file] = answer.json()["unreadable"]
    assert (file["pointer"], file["total"]) == ("#/files/1", len(told))
    assert [row["detail"] if row["row"] == 0 else f"第 {row['row']} 行：{row['detail']}" for row in file["rows"]] == told
    assert claims(Evidence.objects.get())["files/2"]["sha256"] == hashlib.sha256(data).hexdigest()


def test_the_report_is_in_the_callers_language_counts_all_and_comes_again_with_a_retry(post_deposit: Post) -> None:
    data = (HEADING + "\n" + "x\n" * 1000).encode("gbk")
    first = post_deposit(export(("x.csv", "text/csv")), data, Idempotency_Key="k-1", Accept_Language="en").json()
    [file] = first["unreadable"]
    assert (file["total"], len(file["rows"])) == (1000, LISTED)
    assert file["rows"][0] == {"row": 2, "detail": "has 1 columns, the heading has 4."}
    again = post_deposit(export(("x.csv", "text/csv")), data, Idempotency_Key="k-1", Accept_Language="en").json()
    assert again == first
    assert Evidence.objects.count() == 1


def test_what_is_no_export_is_not_looked_into_and_a_long_one_neither(post_deposit: Post) -> None:
    wrong = b"a,b\n1\n"
    for name, kind, data in (
        ("x.csv", "document", wrong), ("x.txt", "sms", wrong), ("x.csv", "sms", b"a,b\n" + b"x\n" * (MOST_BYTES // 2)),
    ):
        answer = post_deposit(export((name, "text/csv"), kind=kind), data)
        assert (answer.status_code, "unreadable" in answer.json()) == (201, False), (name, kind)


def test_the_records_page_says_what_cannot_be_read_whatever_door_it_came_by(post_deposit: Post, organisation: Any) -> None:
    """Whoever reads the record later is told, and not only who deposited it."""
    desk, (data, told) = Desk(organisation=organisation), BAD["rows too short and too long in the middle"]
    number = post_deposit(export(("导出.csv", "text/csv")), data).json()["records"][0]["record"]
    by_form = desk.send(desk.case(), ("导出.csv", data), kind="sms", as_it_is="on", json=True).json()["record"]
    other = post_deposit(export(("导出.csv", "text/csv"), kind="document"), data).json()["records"][0]["record"]
    for record in Evidence.objects.filter(record__in=[number, by_form, other]):
        render_file(record.files.get().pk)
        page = desk.client.get(f"/records/{record.record}", headers={"Accept-Language": "zh-hans"}).content.decode()
        assert "这一行无法读出" not in page, "each row is shown as it is"
        assert all(sentence in page for sentence in told) == (record.record != other)
        assert ("这份导出按收到的样子原样存证" in page) == (record.record != other)


def test_empty_files_are_pointed_at_and_nothing_of_the_request_is_kept(post_deposit: Post, var_dir: Path) -> None:
    told = export(("好.txt", "text/plain"), ("空.txt", "text/plain"), ("也空.csv", "text/csv"))
    answer = post_deposit(told, b"x", b"", b"", **CHINESE)
    assert (answer.status_code, answer.json()["code"]) == (422, "record-invalid")
    assert answer.json()["errors"] == [
        {"pointer": f"#/files/{n}", "detail": "这是空文件（0 字节），没有可以存证的内容。"} for n in (1, 2)]
    assert (Evidence.objects.count(), originals(var_dir)) == (0, [])


@pytest.mark.parametrize("told", [{"size_bytes": 0}, {"sha256": SHA256_OF_NOTHING}])
def test_a_batch_names_no_empty_file_by_its_size_or_by_its_digest(told: dict[str, Any], post_batch: Post) -> None:
    body = json.loads(json.dumps(batch(3)))
    body["records"][1]["files"][0] |= told
    answer = post_batch(body)
    assert (answer.status_code, answer.json()["code"], answer.json()["count"]) == (422, "records-invalid", 1)
    assert [row["pointer"] for row in answer.json()["errors"]] == ["#/records/1/files/0"]
    assert not Evidence.objects.exists()


def test_every_wrong_digest_is_pointed_at_and_nothing_of_the_request_is_kept(post_deposit: Post, var_dir: Path) -> None:
    told = export(("a.txt", "text/plain"), ("b.txt", "text/plain"), ("c.txt", "text/plain"))
    right = hashlib.sha256(b"b").hexdigest()
    for file, digests in zip(told["files"], ({"sha256": "0" * 64}, {"sha256": right}, {"sm3": "1" * 64}), strict=True):
        file.update(digests)
    answer = post_deposit(told, b"a", b"b", b"c", **CHINESE)
    assert (answer.status_code, answer.json()["code"]) == (422, "digest-mismatch")
    assert [row["pointer"] for row in answer.json()["errors"]] == ["#/files/0/sha256", "#/files/2/sm3"]
    assert "第 3 个文件的 sm3" in answer.json()["errors"][1]["detail"]
    assert (Evidence.objects.count(), originals(var_dir)) == (0, [])


@pytest.mark.parametrize("name", MEDIA)
def test_broken_media_and_bombs_are_deposited_to_the_byte_by_both_doors(name: str, post_deposit: Post, organisation: Any) -> None:
    """What is broken is evidence of what broke it; only whoever looks is told, and no door unpacks anything."""
    desk, (called, make, sentence) = Desk(organisation=organisation), MEDIA[name]
    data = make()
    assert post_deposit(export((called, "image/png"), kind="screenshot"), data).status_code == 201
    assert desk.send(desk.case(), (called, data, "image/png"), kind="screenshot").status_code == 303
    for record in Evidence.objects.all():
        assert claims(record)["files/1"]["sha256"] == hashlib.sha256(data).hexdigest()
        render_file(record.files.get().pk)
        page = desk.client.get(f"/records/{record.record}", headers={"Accept-Language": "zh-hans"}).content.decode()
        assert sentence in page
    assert Evidence.objects.count() == 2


@pytest.mark.parametrize("name", BELIED)
def test_whoever_looks_is_told_that_a_file_is_not_what_it_was_called(name: str, post_deposit: Post, organisation: Any) -> None:
    desk, (called, media_type, make, chinese, english) = Desk(organisation=organisation), BELIED[name]
    assert post_deposit(export((called, media_type), kind="screenshot"), make()).status_code == 201
    record = Evidence.objects.get()
    render_file(record.files.get().pk)
    for language, said, told in (("zh-hans", "与所称类型", chinese), ("en", "does not fit the type", english)):
        page = desk.client.get(f"/records/{record.record}", headers={"Accept-Language": language}).content.decode()
        assert (told in page, said in page) == (True, bool(told)), language


def test_five_hundred_hostile_names_with_their_files_stand_as_they_are_or_are_pointed_at(post_deposit: Post, var_dir: Path) -> None:
    hostile = names()
    good = [name for name in hostile if not broken(name)]
    for name in set(hostile) - set(good):
        answer = post_deposit(document(files=[{"name": "好.txt", "media_type": "text/plain"}, {"name": name, "media_type": "text/plain"}]))
        assert (answer.status_code, [row["pointer"] for row in answer.json()["errors"]]) == (400, ["#/files/1/name"]), repr(name)
    assert (Evidence.objects.count(), originals(var_dir)) == (0, [])
    for at in range(0, len(good), settings.MAX_FILES):
        some = good[at:at + settings.MAX_FILES]
        answer = post_deposit(document(files=[{"name": name, "media_type": "text/plain"} for name in some]), *[b"x"] * len(some))
        assert answer.status_code == 201
        told = claims(Evidence.objects.latest("id"))
        assert [told[f"files/{n}"]["name"] for n in range(1, len(some) + 1)] == some
