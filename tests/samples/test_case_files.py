"""The files of the case are what their names say: they open with the standard library and hold what they should."""
import email
import email.policy
import io
import json
import re
import wave
from email.message import EmailMessage
from hashlib import sha256

import pytest

from samples.conversations import CALL, CHAT, SMS
from samples.mail import word
from samples.recording import duration_ms, to_telephone_rate
from tests.samples.files import FILES, table

CALL_ID = "QH20260615143207017"
PAPERS = {"loan-contract.pdf": (3, b"20260108"), "demand-letter.pdf": (2, b"20260720")}


def mail(path: str) -> EmailMessage:
    message = email.message_from_bytes(FILES[path], policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not any(part.defects for part in message.walk())
    return message


def test_case_is_small() -> None:
    assert sum(map(len, FILES.values())) < 1_500_000
    assert len(FILES[f"{CALL_ID}.wav"]) < 400_000


@pytest.mark.parametrize("path", PAPERS)
def test_paper_is_a_pdf_with_its_fonts_and_its_date(path: str) -> None:
    pdf, (pages, day) = FILES[path], PAPERS[path]
    assert pdf.startswith(b"%PDF-1.7\n")
    assert pdf.endswith(b"%%EOF")
    assert len(re.findall(rb"/Type/Page\b", pdf.replace(b"/Type /", b"/Type/"))) == pages
    names = re.findall(rb"/FontName/([^/]+)/", pdf)
    assert len(names) == pdf.count(b"/FontFile3") == 4
    assert all(re.match(rb"[A-Z]{6}\+Noto(Sans|Serif)CJKsc-", name) for name in names), "fonts are embedded as subsets"
    assert b"/CreationDate(D:" + day + b"000000Z)" in pdf
    assert not re.search(rb"/(JavaScript|OpenAction|Launch|EmbeddedFile)\b", pdf)


def test_recording_is_a_telephone_call_of_some_seconds() -> None:
    with wave.open(io.BytesIO(FILES[f"{CALL_ID}.wav"])) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 8000)
        frames = sound.readframes(sound.getnframes())
    assert 10_000 <= duration_ms(FILES[f"{CALL_ID}.wav"]) <= 20_000
    samples = memoryview(frames).cast("h")
    assert max(samples) > 8000, "somebody speaks"
    assert not any(samples[:2000]), "it begins with a pause"


def test_call_record_describes_its_recording() -> None:
    record = json.loads(FILES[f"{CALL_ID}.json"])
    recording = FILES[f"{CALL_ID}.wav"]
    assert record["recording"] == {"file_name": f"{CALL_ID}.wav", "sha256": sha256(recording).hexdigest(), "size_bytes": len(recording)}
    assert record["talk_duration_ms"] == duration_ms(recording)
    assert [turn["text"] for turn in record["transcript"]["turns"]] == [turn.text for turn in CALL]


def test_resampling_keeps_a_tone_and_removes_what_a_telephone_cannot_carry() -> None:
    def square(half_period: int) -> list[int]:
        return [10_000 if number // half_period % 2 else -10_000 for number in range(4410)]
    low, high = to_telephone_rate(square(100)), to_telephone_rate(square(1))
    assert len(low) == len(high) == 1600
    assert max(low[200:-200]) > 9_000
    assert max(map(abs, high[200:-200])) < 200


def test_loud_sound_is_clipped_not_wrapped() -> None:
    assert max(to_telephone_rate([-32768] * 500 + [32767] * 500)) == 32767


def test_messages_are_in_the_order_of_time() -> None:
    rows = table("sms-export.csv")
    assert len(rows) == len(SMS) == len({row["短信编号"] for row in rows})
    assert [row["提交时间"] for row in rows] == sorted(row["提交时间"] for row in rows)
    assert all(row["提交时间"] <= row["送达时间"] for row in rows)
    assert {row["方向"] for row in rows} == {"上行", "下行"}
    assert all("09:00" <= row["提交时间"][11:16] <= "20:00" for row in rows if row["方向"] == "下行"), "nobody is disturbed at night"


def test_tables_open_in_a_spreadsheet() -> None:
    for path in (path for path in FILES if path.endswith(".csv")):
        assert FILES[path].startswith(b"\xef\xbb\xbf"), "byte order mark"
        assert FILES[path].count(b"\n") == FILES[path].count(b"\r\n") > 1


def test_chat_is_complete_and_in_order() -> None:
    chat = json.loads(FILES["chat-export.json"])
    times = [message["sent_at"] for message in chat["messages"]]
    assert len(times) == len(CHAT)
    assert times == sorted(times)


def test_mail_receipt_is_a_delivery_status_notification() -> None:
    notice = mail("email-delivery-receipt.eml")
    assert notice.get_content_type() == "multipart/report"
    assert notice.get_param("report-type") == "delivery-status"
    text, status, headers = notice.iter_parts()
    assert "zhou.shili@mail.example" in text.get_content()
    per_message, per_recipient = status.iter_parts()
    assert per_message["Reporting-MTA"] == "dns; mx.mail.example"
    assert (per_recipient["Action"], per_recipient["Status"]) == ("delivered", "2.0.0")
    assert headers.get_content_type() == "text/rfc822-headers"
    original = email.message_from_string(headers.get_content(), policy=email.policy.default)
    assert original["Message-ID"] == notice["In-Reply-To"]
    assert original["Subject"] == "律师函（2026）衡川函字第0427号"


def test_courier_receipt_has_the_tracking_data_attached() -> None:
    notice = mail("courier-delivery-receipt.eml")
    assert notice["Subject"] == "签收通知 YLSD2026072100427"
    text, attached = notice.iter_parts()
    assert "签收人：本人" in text.get_content()
    tracking = json.loads(attached.get_content())
    times = [event["at"] for event in tracking["events"]]
    assert times == sorted(times)
    assert (tracking["events"][-1]["status"], tracking["reference"]) == ("signed", "（2026）衡川函字第0427号")


@pytest.mark.parametrize("path", [path for path in FILES if path.endswith(".eml")])
def test_mail_file_has_the_lines_of_a_mail(path: str) -> None:
    lines = FILES[path].decode("ascii").split("\r\n")
    assert lines[-1] == ""
    assert max(map(len, lines)) <= 100
    assert not any("\n" in line or "\r" in line for line in lines)


def test_long_text_is_no_encoded_word() -> None:
    with pytest.raises(AssertionError, match="75 characters"):
        word("长" * 16)
