"""The trails of a period on paper: the rows of the JSON, in both languages, nobody else's, nothing left blank, no more than can be set."""
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone, translation
from pytest_django import Settings

from accounts.models import AuditEntry, Organisation
from accounts.permissions import Kind, Role
from config import env
from evidence.custody import CustodyAction
from evidence.custody_batches import commit_heads, moved_heads
from evidence.custody_paper import MOST_ROWS, Period, custody_pdf
from evidence.models import CustodyEvent, Evidence
from evidence.reading import note_reading
from tests.accounts.people import signed_in
from tests.api.test_routes import content_of
from tests.cases.cast import Cast
from tests.documents.reading import Read, read
from tlog.times import CHINA

EXPORT = "/audit/custody/export"


@pytest.fixture
def cast(service: str) -> Cast:
    made = Cast()
    made.person("admin", Role.LENDER_ADMIN)
    return made


def asked(cast: Cast, login: str = "admin", language: str = "zh-hans", **query: str) -> Any:
    return signed_in(cast.people[login]).post(EXPORT, {"format": "pdf", **query}, headers={"accept-language": language})


def paper(cast: Cast, login: str = "admin", language: str = "zh-hans", **query: str) -> Read:
    answer = asked(cast, login, language, **query)
    assert answer.status_code == 200, answer.content
    return read(answer.content)


def rows_of(cast: Cast, **query: str) -> list[dict[str, Any]]:
    answer: Any = signed_in(cast.people["admin"]).post(EXPORT, {"format": "json", **query})
    rows: list[dict[str, Any]] = json.loads(content_of(answer))["rows"]
    return rows


def read_by_lawyer(cast: Cast, purpose: str) -> Evidence:
    case = cast.case(records=2)
    cast.granted(case, "示例律师事务所", Kind.LAW_FIRM, purpose=purpose)
    record = Evidence.objects.filter(case=case).order_by("case_sequence")[0]
    lawyer = cast.person("lawyer", Role.LAWYER, "示例律师事务所")
    note_reading(lawyer, [record], CustodyAction.VIEWED, request_id="request-1", now=cast.now, signed_in="password+totp")
    return record


@pytest.mark.parametrize(("language", "words"), [
    ("zh-hans", ("存证流转记录", "本文件不是什么", "未签章", "查看了存证", "密码 + 验证码", "律师", "获授权", "第 1 页，共")),
    ("en", ("Trails of custody", "What this is not", "Not sealed", "viewed", "password + code of an app", "lawyer", "page 1 of")),
])
def test_its_rows_are_those_of_the_json_and_it_holds_them(cast: Cast, language: str, words: tuple[str, ...]) -> None:
    read_by_lawyer(cast, "代理诉讼：核对 #还款 *流水* $x$")
    answer, rows = asked(cast, language=language), rows_of(cast)
    assert answer["Content-Type"] == "application/pdf"
    assert "no-store" in answer["Cache-Control"]
    name = re.fullmatch(r'attachment; filename="(custody-\d{8}T\d{6})\.pdf"', answer["Content-Disposition"])
    assert name is not None
    made = read(answer.content)
    assert [word for word in words if word not in made.text] == []
    [(inside, data)] = made.files.items()
    assert inside == f"{name[1]}.json"
    assert json.loads(data)["rows"] == rows
    assert json.loads(data)["organisation"] == cast.officer.organisation.ref
    digests = [row["row"]["digest"] for row in rows]
    printed = re.findall(r"(?:摘要|Digest) ([0-9a-f]{64})", made.text)
    assert printed == digests, "each row, whole, in the order of the file"
    assert [row["row"]["previous"] for row in rows if row["row"]["previous"]] == re.findall(r"(?:承接|after) ([0-9a-f]{64})", made.text)
    for row in rows:
        assert row["record"] in made.text
        for value in (row["row"]["event"], row["row"]["actor"], row["row"]["organisation"], row["request_id"] or "", row["purpose"] or ""):
            assert value in made.text, row


def test_nobody_elses_rows_are_in_it_and_a_period_narrows_it(cast: Cast) -> None:
    record = read_by_lawyer(cast, "代理诉讼")
    cast.person("other-admin", Role.LENDER_ADMIN, "another lender")
    other = paper(cast, "other-admin")
    assert "该期间没有记录" in other.text
    assert record.record not in other.text
    assert json.loads(next(iter(other.files.values())))["rows"] == []
    at = datetime(2027, 3, 23, 16, tzinfo=UTC)
    note_reading(cast.officer, [record], CustodyAction.VIEWED, request_id="later-1", now=at)
    narrowed = paper(cast, **{"from": "2027-03-24", "to": "2027-03-24"})
    assert "自 2027-03-24 至 2027-03-24" in narrowed.text
    assert "2027-03-2400:00:00.000 +08:00" in narrowed.text, "the beginning of the 24th in China"
    assert len(json.loads(next(iter(narrowed.files.values())))["rows"]) == 1
    assert "2027-03-24 起" in paper(cast, **{"from": "2027-03-24"}).text
    assert "截至 2027-03-23" in paper(cast, to="2027-03-23").text


def test_the_same_rows_at_the_same_moment_are_the_same_bytes(cast: Cast) -> None:
    read_by_lawyer(cast, "代理诉讼")
    organisation = Organisation.objects.get(pk=cast.officer.organisation.pk)
    first, again = (custody_pdf(organisation, Period(None, None), name="custody", made_at=cast.now) for _ in range(2))
    assert first == again
    with translation.override("en"):
        assert custody_pdf(organisation, Period(None, None), name="custody", made_at=cast.now) != first


def test_it_says_where_the_log_has_each_trail(cast: Cast, publish: Callable[[], None]) -> None:
    record = read_by_lawyer(cast, "代理诉讼")
    assert paper(cast).text.count("尚未写入日志") == len({row["record"] for row in rows_of(cast)})
    commit_heads(moved_heads(now=timezone.now()), now=timezone.now())
    publish()
    text = paper(cast).text
    assert "尚未写入日志" not in text
    place = CustodyEvent.objects.filter(evidence=record).order_by("-sequence")[0]
    statement = place.heads.get().commitment.record
    found = re.search(rf"{record.record} 轨迹内第 {place.sequence} 行 {place.digest} {statement} \d+ 在最新检查点之内", text)
    assert found is not None, text[-1500:]
    assert re.search(r"\d+ 个条目\s+发布于 \d{4}-\d\d-\d\d", text)


def test_what_no_font_has_is_spelled_out_and_listed_and_whole_in_the_file(cast: Cast) -> None:
    read_by_lawyer(cast, "张😀三\u202e反مرحبا")
    made = paper(cast)
    spelled = "张U+1F600三U+202E反U+0645U+0631U+062DU+0628U+0627"
    assert spelled in made.text
    assert re.search(r"第 \d+ 行，目的 /rows/\d+/purpose U\+1F600\s+U\+202E\s+U\+0645", made.text)
    assert "文中以码位" in made.text
    assert "张😀三" in next(iter(made.files.values())).decode()
    assert "文中以码位" not in paper(cast, to="2020-01-01").text


def test_more_rows_than_a_paper_holds_are_refused_with_what_to_do_and_leave_no_trace(cast: Cast) -> None:
    case = cast.case(records=1000)
    records = list(Evidence.objects.filter(case=case))
    first = datetime(2027, 3, 23, 4, tzinfo=UTC)
    for hour in range(2):
        note_reading(cast.officer, records, CustodyAction.VIEWED, request_id="r", now=first + timedelta(hours=hour))
    assert CustodyEvent.objects.filter(evidence__organisation=cast.officer.organisation).count() > MOST_ROWS
    before = AuditEntry.objects.filter(event="custody:exported").count()
    for language, sentence in (("zh-hans", f"一份 PDF 至多 {MOST_ROWS} 行"), ("en", f"A PDF holds {MOST_ROWS} rows at most")):
        answer = asked(cast, language=language)
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
        assert "custody-too-long" in answer.content.decode()
    assert AuditEntry.objects.filter(event="custody:exported").count() == before
    assert len(rows_of(cast)) > MOST_ROWS, "the files of data have no limit"


def test_as_many_rows_as_a_paper_holds_are_set(cast: Cast) -> None:
    case = cast.case(records=1000)
    records = list(Evidence.objects.filter(case=case))
    first = datetime(2027, 3, 23, 4, tzinfo=UTC)
    for hour in range(MOST_ROWS // len(records)):
        note_reading(cast.officer, records, CustodyAction.VIEWED, request_id="r" * 64, now=first + timedelta(hours=hour))
    made = paper(cast, **{"from": "2027-03-23", "to": "2027-03-23"})
    assert len(re.findall(r"摘要 [0-9a-f]{64}", made.text)) == MOST_ROWS
    assert f"第 {len(made.pages)} 页，共 {len(made.pages)} 页" in made.pages[-1]


def test_the_export_leaves_the_trace_of_the_others(cast: Cast) -> None:
    read_by_lawyer(cast, "代理诉讼")
    paper(cast, **{"from": "2026-01-01", "to": "2027-12-31"})
    row = AuditEntry.objects.filter(event="custody:exported").order_by("-pk")[0]
    assert (row.subject, row.detail) == (f"organisation:{cast.officer.organisation.ref}", "since:2026-01-01+until:2027-12-31")
    assert asked(cast, **{"from": "x"}).status_code == 422
    page = signed_in(cast.people["admin"]).get("/audit/custody").content.decode()
    assert 'name="format" value="pdf"' in page


def test_days_are_those_of_china() -> None:
    first = datetime(2027, 3, 24, tzinfo=CHINA)
    assert (Period(first, first + timedelta(days=1)).first_day, Period(first, first + timedelta(days=1)).last_day) == ("2027-03-24",) * 2
    assert (Period(None, None).first_day, Period(None, None).last_day) == (None, None)


def test_a_folder_of_fonts_that_is_not_there_stops_the_start(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    assert settings.DOCUMENT_FONTS is None
    monkeypatch.setenv("CUNZHENG_DOCUMENT_FONTS", str(tmp_path))
    assert env.existing_folder("CUNZHENG_DOCUMENT_FONTS") == tmp_path
    monkeypatch.setenv("CUNZHENG_DOCUMENT_FONTS", "/no/such/folder")
    with pytest.raises(ImproperlyConfigured, match="CUNZHENG_DOCUMENT_FONTS"):
        env.existing_folder("CUNZHENG_DOCUMENT_FONTS")
