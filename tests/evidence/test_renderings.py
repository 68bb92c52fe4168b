"""Renderings as people get them: asked for by looking, shown beside the original, only to whoever may fetch it, gone with its content."""
import hashlib
import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import soundfile
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone
from PIL import Image

from accounts.permissions import Kind, Role
from common.jobs import DAILY, Job, run_job
from evidence import renderings
from evidence.looking import ONE_LOOK
from evidence.models import CustodyEvent, Evidence, Rendering, RenderingPart
from evidence.portal.file_views import FILES_ON_A_RECORD
from evidence.portal.ranges import Between, OutOfRange, stretch
from evidence.rendering import limits
from evidence.rendering.parts import Document
from evidence.renderings import ERASE_RENDERINGS, RENDER_FILE, erase_of_erased, erase_renderings, render_file
from tests.accounts.people import make_organisation, make_person, signed_in
from tests.evidence.clear import make_clear
from tests.evidence.desk import Desk
from tests.evidence.drawn import LETTER, SMS, pdf, picture, sound
from vault.models import StoredObject
from vault.storage import vault_store
from vault.sweeping import sweep_orphans

pytestmark = pytest.mark.usefixtures("service")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def deposited(desk: Desk, *files: tuple[str, bytes, str]) -> Evidence:
    answer = desk.send(desk.case(files[0][0] + str(len(files[0][1]))), *files, json=True)
    return Evidence.objects.get(record=answer.json()["record"])


def page_of(desk: Desk, record: Evidence, rest: str = "") -> str:
    answer = desk.client.get(f"/records/{record.record}{rest}", headers={"Accept-Language": "zh-hans"})
    assert answer.status_code == 200, rest
    return str(answer.content.decode())


def work() -> None:
    """What the worker would do now."""
    for job in Job.objects.filter(kind=RENDER_FILE, done_at=None):
        assert run_job(job.pk)


def looked_at(desk: Desk, *files: tuple[str, bytes, str]) -> tuple[Evidence, str]:
    """A record with these files, and its page once they are drawn."""
    record = deposited(desk, *files)
    assert page_of(desk, record).count("渲染件正在生成") == len(files)
    work()
    return record, page_of(desk, record)


def part(desk: Desk, record: Evidence, number: int, *, position: int = 1, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return desk.client.get(f"/records/{record.record}/files/{position}/view/{number}", headers=named)


def stored() -> set[str]:
    return set(vault_store().list(""))


def test_a_file_is_drawn_when_somebody_looks_and_only_then(desk: Desk) -> None:
    record = deposited(desk, ("照片.png", picture(), "image/png"))
    assert not Job.objects.filter(kind=RENDER_FILE).exists()
    page = page_of(desk, record)
    assert "渲染件正在生成" in page
    assert f'data-prepared-at="/records/{record.record}/files/1/view/state"' in page
    state = f"/records/{record.record}/files/1/view/state"
    assert desk.client.get(state).json() == {"ready": False}
    page_of(desk, record)
    assert Job.objects.filter(kind=RENDER_FILE).count() == 1
    work()
    assert desk.client.get(state).json() == {"ready": True}
    page = page_of(desk, record)
    assert "渲染件，非原件" in page
    assert "渲染件正在生成" not in page
    assert f'src="/records/{record.record}/files/1/view/1" width="320" height="200"' in page
    assert Job.objects.filter(kind=RENDER_FILE, done_at=None).count() == 0


def test_the_original_stands_beside_with_its_digest_and_stays_downloadable(desk: Desk) -> None:
    data = picture()
    record, page = looked_at(desk, ("照片.png", data, "image/png"))
    digest = hashlib.sha256(data).hexdigest()
    for shown in (page, page_of(desk, record, "/files/1/view")):
        assert f'data-copy="{digest}"' in shown
        assert f'action="/records/{record.record}/files/1"' in shown
        assert 'class="watermark"' in shown


def test_a_picture_comes_as_a_picture_of_ours_and_can_do_nothing(desk: Desk) -> None:
    record, _ = looked_at(desk, ("照片.png", picture(), "image/png"))
    answer = part(desk, record, 1, Sec_Fetch_Dest="image")
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert (answer["X-Content-Type-Options"], answer["Cross-Origin-Resource-Policy"]) == ("nosniff", "same-origin")
    assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", "))
    with Image.open(io.BytesIO(b"".join(answer.streaming_content))) as shown:
        assert shown.size == (320, 200)
    # As a page of its own it would stand there without its reader's name.
    opened = part(desk, record, 1, Sec_Fetch_Dest="document")
    assert (opened.status_code, opened["Location"]) == (302, f"/records/{record.record}/files/1/view")
    for number, position in ((2, 1), (1, 2), (0, 1)):
        assert part(desk, record, number, position=position).status_code == 404


def test_a_recording_is_played_from_any_place(desk: Desk) -> None:
    record, page = looked_at(desk, ("录音.wav", sound(), "audio/wav"))
    assert f'<audio controls preload="none" src="/records/{record.record}/files/1/view/2"' in page
    assert 'role="img" aria-label="波形' in page
    assert page.count("<rect ") > 20
    assert "时长 0:03" in page
    assert re.search(r"<th scope=\"row\">0:00–0:00</th><td>50</td>", page)
    whole = part(desk, record, 2)
    data = b"".join(whole.streaming_content)
    assert [whole[name] for name in ("Content-Type", "Accept-Ranges", "Content-Length")] == ["audio/wav", "bytes", str(len(data))]
    assert len(soundfile.read(io.BytesIO(data))[0]) == 24_000
    some = part(desk, record, 2, Range="bytes=1000-1999")
    assert (some.status_code, some["Content-Range"]) == (206, f"bytes 1000-1999/{len(data)}")
    assert b"".join(some.streaming_content) == data[1000:2000]
    last = part(desk, record, 2, Range="bytes=-10")
    assert b"".join(last.streaming_content) == data[-10:]
    several = part(desk, record, 2, Range="bytes=0-1,5-6")
    assert (several.status_code, b"".join(several.streaming_content)) == (200, data)
    behind = part(desk, record, 2, Range=f"bytes={len(data)}-")
    assert (behind.status_code, behind["Content-Range"]) == (416, f"bytes */{len(data)}")
    head = desk.client.head(f"/records/{record.record}/files/1/view/2")
    assert (head.status_code, head["Content-Length"], head.content) == (200, str(len(data)), b"")
    # The waveform is text for the page and no answer of its own.
    assert part(desk, record, 1).status_code == 404


def test_a_stretch_is_found_in_what_cannot_be_wound_forward_too() -> None:
    class Forward(io.BytesIO):
        def seekable(self) -> bool:
            return False

    data = bytes(range(256)) * 600
    file = Forward(data)
    assert b"".join(Between(file, 70_000, 140_000)) == data[70_000:140_001]
    assert file.closed
    with pytest.raises(OutOfRange):
        stretch("bytes=-0", 10)
    assert stretch("bytes=5-2", 10) is None


def test_the_policy_lets_the_page_play_and_nothing_more(desk: Desk) -> None:
    record, _ = looked_at(desk, ("录音.wav", sound(), "audio/wav"))
    for path in ("", "/files/1/view"):
        policy = desk.client.get(f"/records/{record.record}{path}")["Content-Security-Policy"]
        assert "media-src 'self'" in policy
        assert "unsafe" not in policy
    assert "media-src" not in Client().get(f"/records/{record.record}")["Content-Security-Policy"]


def test_tables_letters_and_texts_are_written_out_as_text(desk: Desk) -> None:
    record, page = looked_at(
        desk, ("短信.csv", SMS.encode("gbk"), "text/csv"), ("催告.eml", LETTER, "message/rfc822"), ("说明.txt", b"<b>x</b>", "text/plain"))
    assert "<bdi>13800000001</bdi>" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "张三 &lt;zhang@bank.example&gt;" in page
    assert "请于本月还款。" in page
    assert "a.pdf" in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    for position in (1, 2, 3):
        assert "<script>alert" not in page_of(desk, record, f"/files/{position}/view")


def test_the_record_shows_the_beginning_and_the_file_s_page_all(desk: Desk) -> None:
    rows = "号码,内容\n" + "".join(f"{number},行{number}。\n" for number in range(200))
    record, page = looked_at(desk, ("长.csv", rows.encode(), "text/csv"), ("合同.pdf", pdf(4), "application/pdf"))
    assert "行5。" in page
    assert "行150。" not in page
    assert page.count("<figure>\n<img ") == 2
    assert page.count("查看全部内容") == 2
    assert "行150。" in page_of(desk, record, "/files/1/view")
    whole = page_of(desk, record, "/files/2/view")
    assert whole.count("<figure>\n<img ") == 4
    assert "查看全部内容" not in whole


def test_what_is_not_shown_is_said(desk: Desk) -> None:
    _, page = looked_at(desk, ("长.pdf", pdf(limits.MAX_PAGES + 1, (60, 60)), "application/pdf"), ("断.wav", sound()[:9000], "audio/wav"))
    assert f"共 {limits.MAX_PAGES + 1} 页，只展示前 {limits.MAX_PAGES} 页。" in page
    assert "文件在中途结束或损坏，只展示能读出的部分。" in page


def test_what_cannot_be_shown_says_why_and_stays_downloadable(desk: Desk) -> None:
    files = (("网页.html", b"<script>alert(1)</script>", "text/html"), ("坏.pdf", b"%PDF-1.7\nx", "application/pdf"),
             ("通话.amr", b"#!AMR\nx", "audio/amr"))
    record, page = looked_at(desk, *files)
    assert page.count("无法在此展示") == 3
    for sentence in ("可能夹带程序", "无法读出", "没有这种格式的解码程序"):
        assert sentence in page
    assert page.count("下载原件") >= 6
    assert RenderingPart.objects.count() == 0
    assert set(Rendering.objects.values_list("refused", flat=True)) == {"active", "damaged", "no-decoder"}
    english = desk.client.get(f"/records/{record.record}", headers={"Accept-Language": "en"}).content.decode()
    assert "cannot be shown here" in english.lower()


def test_a_file_that_is_too_large_is_not_read_at_all(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderings, "MAX_INPUT_BYTES", 10)
    _, page = looked_at(desk, ("大.txt", b"x" * 11, "text/plain"))
    assert "不在网页上展示" in page


def test_of_many_files_the_first_are_shown_and_the_others_are_a_link_away(desk: Desk) -> None:
    files = [(f"{number}.txt", f"文{number}".encode(), "text/plain") for number in range(FILES_ON_A_RECORD + 2)]
    record = deposited(desk, *files)
    assert page_of(desk, record).count("渲染件正在生成") == FILES_ON_A_RECORD
    assert Job.objects.filter(kind=RENDER_FILE).count() == FILES_ON_A_RECORD
    last = f"/files/{len(files)}/view"
    assert last in page_of(desk, record)
    assert "渲染件正在生成" in page_of(desk, record, last)
    work()
    assert f"文{len(files) - 1}" in page_of(desk, record, last)


def test_whoever_may_not_fetch_the_original_sees_nothing_of_it(desk: Desk) -> None:
    record, _ = looked_at(desk, ("录音.wav", sound(), "audio/wav"))
    addresses = [f"/records/{record.record}/files/1/view{rest}" for rest in ("", "/state", "/2")]
    stranger = signed_in(make_person("stranger", Role.CASE_OFFICER, make_organisation(Kind.LENDER, "别家")))
    nobody = Client()
    for address in addresses:
        assert stranger.get(address).status_code == 404, address
        assert nobody.get(address).status_code in (302, 401, 403), address
    assert "文件内容" not in nobody.get(f"/records/{record.record}").content.decode()


def events(record: Evidence) -> list[str]:
    return list(CustodyEvent.objects.filter(evidence=record).order_by("sequence").values_list("event", flat=True))


def test_looking_and_playing_leave_their_row_before_a_byte_goes_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    record, _ = looked_at(desk, ("录音.wav", sound(), "audio/wav"))
    before = len(events(record))
    assert events(record).count("record:rendered") == 1
    page_of(desk, record, "/files/1/view")
    assert events(record)[before:] == ["record:viewed"]
    # The player asks for one stretch after the other: one look.
    for begin in (0, 100, 200):
        part(desk, record, 2, Range=f"bytes={begin}-").close()
    assert events(record)[before:] == ["record:viewed", "record:played"]
    later = timezone.now() + ONE_LOOK + timedelta(seconds=1)
    monkeypatch.setattr("evidence.portal.rendering_pages.timezone.now", lambda: later)
    answer = part(desk, record, 2, Range="bytes=1-")
    assert events(record)[before:] == ["record:viewed", "record:played", "record:played"]
    answer.close()
    assert CustodyEvent.objects.filter(evidence=record).latest("sequence").actor == f"person:{desk.person.pk}"


def test_a_rendering_goes_with_the_content_it_was_drawn_from(desk: Desk) -> None:
    record, _ = looked_at(desk, ("合同.pdf", pdf(3), "application/pdf"), ("短信.csv", SMS.encode(), "text/csv"))
    other, _ = looked_at(desk, ("a.txt", b"abc", "text/plain"))
    kept = set(StoredObject.objects.filter(evidencefile__evidence__in=[record, other]).values_list("name", flat=True))
    assert len(stored() - kept) == 5
    Evidence.objects.filter(pk=record.pk).update(sealed_claims=None)
    # From the moment when the content is gone nothing is shown, and within a day nothing is there.
    assert part(desk, record, 1).status_code == 404
    assert "图像" not in page_of(desk, record)
    erase_of_erased(0)
    assert set(Rendering.objects.values_list("file__evidence_id", flat=True)) == {other.pk}
    assert len(stored() - kept) == 1
    assert StoredObject.objects.count() == len(stored())
    render_file(record.files.get(position=1).pk)
    assert not Rendering.objects.filter(file__evidence=record).exists()
    assert erase_renderings([other.pk]) == 1
    assert stored() == kept


def test_what_was_drawn_lies_encrypted_and_is_gone_with_the_key_of_its_record(desk: Desk) -> None:
    record, page = looked_at(desk, ("a.txt", b"a line that nobody may find on a disk", "text/plain"))
    assert "a line that nobody may find" in page
    for name in stored():
        with vault_store().open(name) as file:
            assert b"nobody may find" not in file.read()
    Evidence.objects.filter(pk=record.pk).update(wrapped_key=None)
    assert "a line that nobody may find" not in page_of(desk, record)
    assert part(desk, record, 1).status_code == 404
    erase_of_erased(0)
    assert not Rendering.objects.exists()


def test_a_record_of_before_encryption_is_encrypted_before_it_is_drawn(desk: Desk) -> None:
    record = deposited(desk, ("a.txt", b"abc", "text/plain"))
    make_clear(record)
    page_of(desk, record)
    work()
    record.refresh_from_db()
    assert record.wrapped_key is not None
    assert "abc" in page_of(desk, record)


def test_what_was_drawn_while_the_content_was_erased_is_not_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    record = deposited(desk, ("a.txt", b"abc", "text/plain"))
    before, real = stored(), renderings._drawn

    def erased_meanwhile(*arguments: Any) -> Any:
        drawn = real(*arguments)
        Evidence.objects.filter(pk=record.pk).update(sealed_claims=None)
        return drawn

    monkeypatch.setattr(renderings, "_drawn", erased_meanwhile)
    render_file(record.files.get().pk)
    assert (Rendering.objects.count(), stored()) == (0, before)


def test_the_vault_that_does_not_give_makes_the_job_wait(desk: Desk) -> None:
    record = deposited(desk, ("a.txt", b"abc", "text/plain"))
    page_of(desk, record)
    original = record.files.select_related("stored_object").get().stored_object
    assert original is not None
    with vault_store().open(original.name) as file:
        lying_there = file.read()
    vault_store().delete(original.name)
    job = Job.objects.get(kind=RENDER_FILE)
    assert run_job(job.pk)
    job.refresh_from_db()
    assert (job.done_at, job.last_error) == (None, "FileNotFoundError")
    due = job.next_attempt_at
    # Whoever looks meanwhile does not make it hurry.
    assert "渲染件正在生成" in page_of(desk, record)
    job.refresh_from_db()
    assert job.next_attempt_at == due
    vault_store().put_new(original.name, [lying_there])
    render_file(record.files.get().pk)
    assert "abc" in page_of(desk, record)


def test_a_newer_program_draws_anew_and_leaves_nothing_of_the_older(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    record, _ = looked_at(desk, ("a.txt", b"abc", "text/plain"))
    before = stored()
    monkeypatch.setattr(renderings, "VERSION", renderings.VERSION + 1)
    assert "渲染件正在生成" in page_of(desk, record)
    assert part(desk, record, 1).status_code == 404
    work()
    assert "渲染件正在生成" not in page_of(desk, record)
    assert (len(stored()), Rendering.objects.get().version) == (len(before), renderings.VERSION)
    assert stored() != before


def test_an_older_rendering_that_cannot_be_deleted_costs_the_newer_one_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, var_dir: Path
) -> None:
    record, _ = looked_at(desk, ("a.txt", b"abc", "text/plain"))
    older = var_dir / "vault" / RenderingPart.objects.get().stored_object.name
    monkeypatch.setattr(renderings, "VERSION", renderings.VERSION + 1)
    page_of(desk, record)
    older.unlink()
    older.mkdir()
    work()
    assert Job.objects.get(kind=RENDER_FILE).last_error == "IsADirectoryError"
    assert RenderingPart.objects.get().stored_object.name in stored()
    assert "abc" in page_of(desk, record)


@pytest.mark.parametrize("damaged", [True, False])
def test_a_rendering_that_is_lost_or_damaged_closes_no_page_and_is_drawn_anew(desk: Desk, var_dir: Path, damaged: bool) -> None:
    record, _ = looked_at(desk, ("a.txt", b"abc", "text/plain"))
    lying = var_dir / "vault" / RenderingPart.objects.get().stored_object.name
    data = lying.read_bytes()
    lying.unlink()
    if damaged:
        lying.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    for rest in ("", "/files/1/view"):
        page = page_of(desk, record, rest)
        assert "渲染件正在生成" in page
        assert "该原件在存储中已被改动" not in page, "nothing is wrong with the original"
        assert not desk.client.get(f"/records/{record.record}/files/1/view/state").json()["ready"], "it is not loaded again and again"
    work()
    assert desk.client.get(f"/records/{record.record}/files/1/view/state").json()["ready"]
    assert "abc" in page_of(desk, record)
    assert StoredObject.objects.count() == len(stored()) == 2


def test_a_picture_that_is_lost_is_not_found_and_drawn_anew(desk: Desk, var_dir: Path) -> None:
    record, _ = looked_at(desk, ("a.png", picture("PNG"), "image/png"))
    (var_dir / "vault" / RenderingPart.objects.get().stored_object.name).unlink()
    before = events(record)
    assert part(desk, record, 1).status_code == 404
    assert events(record) == before, "nobody saw it"
    work()
    assert part(desk, record, 1).status_code == 200


def test_what_the_machine_lacked_is_looked_at_again_after_a_day(desk: Desk) -> None:
    record, _ = looked_at(desk, ("a.txt", b"abc", "text/plain"))
    erase_renderings([record.pk])
    refused = Rendering.objects.create(file=record.files.get(), version=renderings.VERSION, refused="unconfined", made_at=timezone.now())
    assert "本机不能隔离解码程序" in page_of(desk, record)
    Rendering.objects.filter(pk=refused.pk).update(made_at=timezone.now() - timedelta(days=2))
    assert "渲染件正在生成" in page_of(desk, record)
    work()
    assert "abc" in page_of(desk, record)


def test_the_sweeper_leaves_renderings_and_the_daily_job_is_there(desk: Desk) -> None:
    assert ERASE_RENDERINGS in DAILY
    looked_at(desk, ("a.txt", b"abc", "text/plain"))
    before = stored()
    assert sweep_orphans(vault_store(), now=timezone.now() + timedelta(days=3)) == 0
    assert stored() == before


def test_an_attachment_of_which_no_size_is_known_is_listed_without_one() -> None:
    letter = Document("letter", attachments=(("a.eml", "message/rfc822", 0), ("b.pdf", "application/pdf", 7)))
    shown = render_to_string("evidence/rendering_letter.html", {"view": {"document": letter}})
    assert ("a.eml" in shown, shown.count("字节")) == (True, 1)
