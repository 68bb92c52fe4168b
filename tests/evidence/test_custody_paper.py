"""The trails of a period on paper: the rows of the JSON, in both languages, nobody else's, nothing left blank, no more than can be set."""
import hashlib
import io
import itertools
import json
import re
import zipfile
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
from common.downloads import repr_digest
from config import env
from documents import typesetting
from evidence import custody_paper
from evidence.custody import CustodyAction
from evidence.custody_batches import commit_heads, moved_heads
from evidence.custody_paper import MOST_ROWS, Period, custody_pdf, volumes_of
from evidence.models import CustodyEvent, Evidence, PlatformFact
from evidence.reading import note_reading
from tests.accounts.people import make_organisation, make_person, signed_in
from tests.api.test_routes import content_of
from tests.cases.cast import Cast
from tests.documents.reading import Read, read
from tests.evidence.test_platform_facts import written
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
    assert answer["Repr-Digest"] == repr_digest(hashlib.sha256(answer.content).digest())
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
    assert "分卷" not in narrowed.text, "what is whole is no volume"
    assert "截至 2027-03-23" in paper(cast, to="2027-03-23").text


def test_the_same_rows_at_the_same_moment_are_the_same_bytes(cast: Cast) -> None:
    read_by_lawyer(cast, "代理诉讼")
    organisation = Organisation.objects.get(pk=cast.officer.organisation.pk)
    [volume] = volumes_of(organisation, Period(None, None))
    first, again = (custody_pdf(organisation, Period(None, None), volume, name="custody", made_at=cast.now) for _ in range(2))
    assert first == again
    with translation.override("en"):
        assert custody_pdf(organisation, Period(None, None), volume, name="custody", made_at=cast.now) != first


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


def volumes(cast: Cast, language: str = "zh-hans") -> dict[str, Read]:
    """The documents of the archive by their names, in its order."""
    answer = asked(cast, language=language)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/zip"
    assert re.fullmatch(r'attachment; filename="custody-\d{8}T\d{6}\.zip"', answer["Content-Disposition"])
    with zipfile.ZipFile(io.BytesIO(content_of(answer))) as archive:
        assert archive.testzip() is None
        return {name: read(archive.read(name)) for name in archive.namelist()}


@pytest.mark.parametrize(("language", "words"), [("zh-hans", "第 {} 卷，共 {} 卷"), ("en", "volume {} of {}")])
def test_more_rows_than_a_paper_holds_are_volumes_that_say_which_they_are(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    monkeypatch.setattr(custody_paper, "MOST_ROWS", 2)
    read_by_lawyer(cast, "代理诉讼")
    rows = rows_of(cast)
    before = AuditEntry.objects.filter(event="custody:exported").count()
    made = volumes(cast, language)
    assert AuditEntry.objects.filter(event="custody:exported").count() == before + 1
    count = -(-len(rows) // 2)
    assert count > 1
    assert [re.sub(r"^custody-\d{8}T\d{6}-", "", name) for name in made] == [f"{each}-of-{count}.pdf" for each in range(1, count + 1)]
    inside = [json.loads(next(iter(each.files.values())))["rows"] for each in made.values()]
    assert [row for part in inside for row in part] == rows, "every row, once, in the order of the other files"
    assert [len(part) for part in inside[:-1]] == [2] * (count - 1)
    for number, (name, each) in enumerate(made.items(), 1):
        assert words.format(number, count) in each.text
        assert list(each.files) == [name.replace(".pdf", ".json")]


def test_long_purposes_take_the_room_of_several_rows(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    read_by_lawyer(cast, "代理诉讼" * 50)
    organisation, whole = Organisation.objects.get(pk=cast.officer.organisation.pk), Period(None, None)
    [only] = volumes_of(organisation, whole)
    monkeypatch.setattr(custody_paper, "CHARACTERS_OF_A_ROW", 10)
    monkeypatch.setattr(custody_paper, "MOST_ROWS", 10)
    cut = volumes_of(organisation, whole)
    assert len(cut) > 2
    assert (cut[0].first, cut[-1].last) == (only.first, only.last)
    assert all(one.last < other.first for one, other in itertools.pairwise(cut))
    monkeypatch.setattr(custody_paper, "MOST_ROWS", 0)
    assert len(volumes_of(organisation, whole)) == CustodyEvent.objects.filter(evidence__organisation=organisation).count()


def test_a_first_volume_that_cannot_be_set_leaves_no_trace(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(custody_paper, "MOST_ROWS", 2)
    read_by_lawyer(cast, "代理诉讼")
    with monkeypatch.context() as once:
        once.setattr(typesetting.set_by_itself, "__kwdefaults__", {"wall_s": 0.01})
        answer = asked(cast)
    assert answer.status_code == 422
    assert "document-too-large" in answer.content.decode()
    assert not AuditEntry.objects.filter(event="custody:exported").exists()


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


def test_what_was_valid_of_the_platform_when_records_were_received_stands_in_it_with_its_documents(cast: Cast) -> None:
    """One filing ends with a day in China, the next begins with the following; a record was received on either side of midnight."""
    operator = make_person("ops", Role.OPERATOR, make_organisation(Kind.OPERATOR, "运营方"))
    midnight = (cast.now.astimezone(CHINA) + timedelta(days=2)).replace(hour=0, minute=0, second=0)
    days = [f"{midnight - timedelta(days=1):%Y-%m-%d}", f"{midnight:%Y-%m-%d}"]
    filings = written(operator, "旧备案", "2026-01-01", days[0]), written(operator, "新备案", days[1], None)
    relation = {"kind": PlatformFact.Kind.RELATION, "number": "", "issuer": ""}
    lender, other = cast.legal.organisation, make_organisation(Kind.LENDER, "别家")
    written(operator, "本家的关系", "2026-01-01", None, organisation=lender, relation="affiliate", **relation)
    written(operator, "别家的关系", "2026-01-01", None, organisation=other, relation="none", **relation)
    for cast.now in (midnight - timedelta(seconds=1), midnight):
        cast.deposit(cast.legal, "LN-1")
    said = {"zh-hans": ("{0} 受理 · 1 份存证", "未提供", "关联企业"), "en": ("received on {0} · 1 record", "not given", "Affiliate")}
    for language, words in said.items():
        text = re.sub(r"\s+", " ", paper(cast, language=language).text)
        heads = [text.index(words[0].format(day)) for day in days]
        assert heads == sorted(heads)
        before, after = text[heads[0]:heads[1]], text[heads[1]:]
        for part, here, away in ((before, *filings), (after, *filings[::-1])):
            assert (here.told in part, here.record in part, away.told in part, away.record in part) == (True, True, False, False), part
            assert words[1] in part
            assert words[2].lower() in part.lower()
            assert ("本家的关系" in part, "别家的关系" in part) == (True, False)


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
