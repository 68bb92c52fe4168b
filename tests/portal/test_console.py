"""The console: the frame around signed-in pages, homes by role, the lists, the workspace, what is exported and packed."""
import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from accounts.models import Organisation
from accounts.permissions import ROLES, Act, Kind, Role
from cases.granting import grant_access
from cases.models import Grant
from evidence.custody import CustodyAction
from evidence.figures import readings_by_institution
from evidence.models import Evidence
from evidence.portal import exports
from evidence.portal.rows import chip_of
from evidence.portal.state_words import STATES
from evidence.portal.style_page import facts
from evidence.quarantine import quarantine_record
from evidence.reading import note_reading
from evidence.releasing import propose_release
from evidence.trail import done_by_credential, done_by_viewer, note_happening
from notifications.kinds import CASES_ASSIGNED, WEBHOOK_FAILING
from notifications.models import Notice
from notifications.noticing import leave_notices
from tests.accounts.people import make_organisation, make_person, signed_in
from tests.accounts.test_workplace import join
from tests.cases.cast import Cast
from tests.cases.test_access_lists import many_cases
from tests.databases import ROOT
from tests.evidence.test_search import SHA256, put
from tests.portal.pages import Page
from tests.portal.test_every_page import FORBIDDEN, LANGUAGES

READERS = {role for role, permission in ROLES.items() if Act.READ_CASE in permission.acts}
UNKNOWN = "0" * 32


@pytest.fixture
def lender(service: str) -> Organisation:
    return make_organisation(name="甲方消费金融有限公司")


@pytest.fixture
def officer(lender: Organisation) -> Client:
    return signed_in(make_person("officer", Role.LEGAL_OFFICER, lender))


def opened(client: Client, path: str, *, language: str = "zh-hans", status: int = 200) -> Page:
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == status, (path, answer.status_code)
    return Page(answer.content.decode())


def content(answer: Any) -> bytes:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def table(answer: Any) -> list[dict[str, str]]:
    text = content(answer)
    assert text.startswith(b"\xef\xbb\xbf"), "spreadsheets take a file without the mark for another encoding"
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))


def test_everybody_has_a_home_and_every_link_of_his_navigation_opens(service: str) -> None:
    for role in Role:
        assert_at_home(role, make_organisation(ROLES[role].kind, "某机构"))


def test_the_home_names_what_broke_to_those_whom_it_concerns_until_each_has_read_it(service: str) -> None:
    """What else people are told of is no exception: a case that came in is not a webhook that failed."""
    agency, lender = make_organisation(Kind.COLLECTION_AGENCY, "某催收"), make_organisation(Kind.LENDER, "某银行")
    chief, second = (signed_in(make_person(login, Role.AGENCY_SUPERVISOR, agency)) for login in ("chief", "second"))
    admin, legal = signed_in(make_person("admin", Role.LENDER_ADMIN, lender)), signed_in(make_person("legal", Role.LEGAL_OFFICER, lender))
    leave_notices([agency.pk], kind=CASES_ASSIGNED, subject="0" * 32, now=timezone.now())
    assert broken_at(chief) == 0
    leave_notices([agency.pk, lender.pk], kind=WEBHOOK_FAILING, subject="1" * 32, now=timezone.now())
    assert [broken_at(client) for client in (chief, second, admin, legal)] == [1, 1, 1, 0]
    # A machine's reading is a machine's; a colleague's is his.
    Notice.objects.update(read_at=timezone.now())
    assert broken_at(chief) == 1
    chief.post("/inbox/read", {"up_to": "9" * 18})
    assert [broken_at(client) for client in (chief, second)] == [0, 1]


def broken_at(client: Client) -> int:
    """How often his home says that a webhook failed."""
    return client.get("/home").content.decode().count("回调地址连续失败")


def assert_at_home(role: Role, organisation: Organisation) -> None:
    client = signed_in(make_person(f"visitor-{role}", role, organisation))
    answer = client.get("/home", follow=True)
    page = Page(answer.content.decode())
    assert page.all_faults() == []
    assert "某机构" in page.text
    assert ROLES[role].label.zh in page.text
    frame = page.source.partition('class="workplace"')[2].partition("</nav>")[0]
    links = re.findall(r'href="(/[^"]*)"', frame)
    assert len(links) == len(set(links))
    assert ("/cases" in links) == ("/evidence" in links) == ("/dashboard" in links) == (role in READERS)
    assert f"/organisations/{organisation.ref}/members" in links or Act.MANAGE_MEMBERS not in ROLES[role].acts
    for path in links:
        assert client.get(path, follow=True).status_code == 200, path
    for path in ("/cases", "/evidence", "/dashboard"):
        assert client.get(path).status_code == (200 if role in READERS else 403), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_the_console_are_sound_empty_and_full(
    language: str, lender: Organisation, officer: Client, stamp: Callable[[], None]
) -> None:
    notary = signed_in(make_person("notary", Role.NOTARY_ASSISTANT))
    case = None
    for full in (False, True):
        if full:
            case = put(lender, "LN-1").case
            stamp()
            [put(lender, "LN-2", kind) for kind in ("contract", "other", "sms", "email", "photo", "visit")]
            Evidence.objects.filter(kind="other").update(kind="unknown_kind")  # of before kinds were a closed list
        paths = ["/home", "/cases", "/evidence", "/dashboard", "/style", "/evidence?progress=stamped&kind=abc", "/cases?kind=nothing"]
        for path in [*paths, *([f"/cases/{case.ref}"] if case else [])]:
            page = opened(officer, path, language=language)
            assert page.all_faults() == [], path
            assert [word for word in FORBIDDEN if word in page.source] == []
            shown = page.chinese()
            assert shown if language == "zh-hans" else shown == [] or path == "/style", (path, shown)
        for path in ("/home", "/cases", "/evidence", "/dashboard"):
            assert opened(notary, path, language=language).all_faults() == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_style_page_shows_every_part(language: str, officer: Client) -> None:
    """One that was added to the folder and not to the page fails here; of the frame's own, the page has what each page has."""
    answer: Any = officer.get("/style", headers={"Accept-Language": language})
    shown = {str(template.name) for template in answer.templates if str(template.name).startswith("parts/")}
    assert shown == {f"parts/{file.name}" for file in (ROOT / "templates" / "parts").iterdir()}
    page = Page(answer.content.decode())
    assert page.all_faults() == []
    for mark in ('class="watermark"', 'class="passkey"', 'class="proof"', 'class="command"', 'id="style-text-fault"', 'type="file"'):
        assert mark in page.source, mark


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_style_page_shows_the_states_of_every_part(language: str, officer: Client) -> None:
    page = opened(officer, "/style", language=language)
    tones = {tone for element in page.all("span") for tone in element.attributes.get("class", "").split()}
    assert tones >= {"good", "wait", "bad", "none"}
    with override(language):
        words = [str(chip_of(state).word) for state in STATES] + [str(each.word) for each in facts()]
    assert [word for word in words if word not in page.text] == []
    deadlines = {"zh-hans": ("还有 400 天", "今天到期", "已逾期"), "en": ("400 days left", "Due today", "Overdue")}[language]
    assert [word for word in deadlines if word not in page.text] == []
    for wanted in ("data-too-large", "data-unreadable", "data-passkey-failed"):
        shown = [element for element in page.all("p") if wanted in element.attributes and "hidden" not in element.attributes]
        assert len(shown) == 1, wanted
    assert [element.attributes["value"] for element in page.all("progress") if "hidden" not in element.attributes] == ["0.4"]
    lock = {"zh-hans": "屏幕已锁定", "en": "The screen is locked"}[language]
    assert lock in page.text


def test_whoever_looks_at_evidence_sees_his_name_over_it(service: str) -> None:
    """On each page that shows evidence, by the one part; a collection agent among others, at the cases that he was given."""
    cast = Cast()
    case = cast.case()
    cast.assigned(case, to="agent", includes_all=True)
    agent = signed_in(cast.people["agent"])
    record = Evidence.objects.filter(case=case).latest("id").record
    for path in (f"/cases/{case.ref}", "/evidence", f"/work/{case.ref}", f"/records/{record}"):
        page = opened(agent, path)
        over = page.source.partition('<div class="watermark" aria-hidden="true">')[2].partition("</div>")[0]
        assert len(re.findall(r"<span>姓名 agent \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+08:00</span>", over)) == 120, path
        assert page.all_faults() == [], path


def test_every_page_that_lists_records_has_the_watermark(service: str) -> None:
    """The home of whoever deposits too; of the templates, each that has the table of records, its part aside."""
    pages = [file for file in (ROOT / "templates").glob("*/*.html") if "parts/evidence_table.html" in file.read_text(encoding="utf-8")]
    assert sorted(file.name for file in pages) == ["case.html", "evidence.html", "home_deposits.html", "style.html"]
    marked = [file.name for file in pages if "parts/watermark.html" in file.read_text(encoding="utf-8")]
    assert sorted(marked) == ["case.html", "evidence.html", "home_deposits.html"], "the style page has it by its second half"
    cast = Cast()
    cast.case()
    cast.person("officer", Role.CASE_OFFICER)
    assert opened(signed_in(cast.people["officer"]), "/home").source.count('<div class="watermark" aria-hidden="true">') == 1


def test_a_faulty_filter_is_told_beside_its_field_and_lists_nothing(lender: Organisation, officer: Client) -> None:
    put(lender, "LN-1")
    for path in ("/evidence", "/cases"):
        assert_told(officer, path)


def assert_told(officer: Client, path: str) -> None:
    for query in ("since=yesterday", "progress=nothing", f"kind={'k' * 65}", "until=2026-13-01"):
        page = opened(officer, f"{path}?{query}", status=422)
        assert page.all_faults() == []
        assert "LN-1" not in page.text
    assert officer.post(f"{path}/export", {"since": "yesterday"}).status_code == 422
    assert officer.get(f"{path}?case=x").status_code == 404


def test_who_has_shown_a_password_alone_sees_no_frame(lender: Organisation) -> None:
    person = make_person("half", Role.LEGAL_OFFICER, lender)
    client = Client(raise_request_exception=False)
    client.force_login(person)
    for path in ("/", "/home", "/records", "/account/second-factor"):
        assert lender.name not in client.get(path, follow=True).content.decode()


def test_somebody_of_two_organisations_switches_and_sees_the_cases_of_the_chosen_one(lender: Organisation) -> None:
    other = make_organisation(name="乙方消费金融有限公司")
    put(lender, "LN-first")
    put(other, "LN-second")
    person = make_person("both", Role.CASE_OFFICER, lender)
    alone = signed_in(person)
    assert 'name="organisation"' not in alone.get("/cases").content.decode()
    join(person, Role.CASE_OFFICER, other)
    assert other.ref in alone.get("/cases").content.decode()
    assert "LN-second" not in alone.get("/cases").content.decode()
    assert alone.post("/workplace", {"organisation": other.ref})["Location"] == "/home"
    page = alone.get("/cases").content.decode()
    assert ("LN-second" in page, "LN-first" in page) == (True, False)


def test_what_was_typed_is_found_and_never_stands_in_an_address(lender: Organisation, officer: Client) -> None:
    record = put(lender, "LN-1", sha256=SHA256)
    put(lender, "LN-2")
    for path, text in (("/cases", "LN-1"), ("/cases", SHA256), ("/evidence", "LN-1"), ("/evidence", SHA256), ("/evidence", record.record)):
        answer = officer.post(path, {"text": text})
        assert answer.status_code == 200
        assert "LN-1" in answer.content.decode()
        assert "LN-2" not in answer.content.decode()
        addresses = re.findall(r'(?:href|action)="([^"]*)"', answer.content.decode())
        assert [address for address in addresses if SHA256 in address or "LN-1" in address] == []
        assert "LN-2" in officer.get(path, {"text": text}).content.decode(), "an address narrows nothing by words"
    moved = officer.post("/cases", {"text": " ", "kind": "sms", "progress": "queued"})
    assert moved["Location"] == "/cases?kind=sms&progress=queued"


def test_pages_of_a_list_join_without_a_gap_typed_or_not(lender: Organisation, officer: Client, settings: Any) -> None:
    records = [put(lender, "LN-1", sha256=SHA256) for _ in range(51)]
    [put(lender, f"LN-{number}") for number in range(2, 53)]
    first = officer.get("/cases").content.decode()
    [query] = re.findall(r'rel="next" href="/cases\?([^"]*)"', first)
    second = officer.get(f"/cases?{query}").content.decode()
    shown = [re.findall(r">(LN-\d+)</a>", page) for page in (first, second)]
    assert [name for page in shown for name in page] == [f"LN-{number}" for number in range(52, 0, -1)]
    assert 'rel="next"' not in second
    typed = officer.post("/evidence", {"text": SHA256}).content.decode()
    [cursor] = re.findall(r'name="after" value="([^"]+)"', typed)
    assert cursor == records[1].record
    assert records[0].record in officer.post("/evidence", {"text": SHA256, "after": cursor}).content.decode()
    assert officer.get("/evidence", {"after": "CZ-20261123-01234-56789-W"}).status_code == 404
    assert officer.get("/cases", {"after": UNKNOWN}).status_code == 404


def test_an_export_has_every_row_of_the_filter_and_no_formula(
    lender: Organisation, officer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "CHUNK", 10)  # so that a list of 61 takes several reads, as one of thousands does
    [put(lender, f"LN-{number}") for number in range(60)]
    put(lender, "=cmd|'/c calc'!A1", "contract")
    put(make_organisation(name="乙方"), "LN-foreign")
    cases = table(officer.post("/cases/export"))
    assert len(cases) == 61
    assert len(table(officer.post("/evidence/export"))) == 61
    assert "LN-foreign" not in str(cases)
    assert cases[0]["客户案件编号"] == "'=cmd|'/c calc'!A1"
    [row] = table(officer.post("/evidence/export", {"kind": "contract"}))
    assert (row["名称"], row["客户案件编号"]) == ("标题 =cmd|'/c calc'!A1", "'=cmd|'/c calc'!A1")
    assert [row["客户案件编号"] for row in table(officer.post("/cases/export", {"text": "LN-7"}))] == ["LN-7"]
    numbers = [record.record for record in Evidence.objects.filter(organisation=lender)[:2]]
    assert {row["存证编号"] for row in table(officer.post("/evidence/export", {"selection": "1", "record": numbers}))} == set(numbers)


def test_a_selection_is_packed_whole_or_not_at_all(lender: Organisation, officer: Client, stamp: Callable[[], None]) -> None:
    own = [put(lender, "LN-1"), put(lender, "LN-2")]
    foreign = put(make_organisation(name="乙方"), "LN-1")
    stamp()
    numbers = [record.record for record in own]
    with zipfile.ZipFile(io.BytesIO(content(officer.post("/evidence/package", {"record": numbers})))) as package:
        assert {name.split("/")[1] for name in package.namelist() if name.startswith("records/")} == set(numbers)
    assert [record.custody.count() for record in own] == [2, 2], "who took the originals stands in the trail of each"
    for path in ("/evidence/package", "/evidence/export"):
        mixed = officer.post(path, {"selection": "1", "record": [*numbers, foreign.record]})
        unknown = officer.post(path, {"selection": "1", "record": [*numbers, "CZ-20261123-01234-56789-W"]})
        assert (mixed.status_code, mixed.content) == (404, unknown.content)
        assert officer.post(path, {"selection": "1"}).status_code == 422
        assert officer.post(path, {"selection": "1", "record": "x"}).status_code == 400
    assert [record.custody.count() for record in (*own, foreign)] == [2, 2, 1], "a refused package is no fetch"
    with zipfile.ZipFile(io.BytesIO(content(officer.post(f"/cases/{own[0].case.ref}/package")))) as package:
        assert numbers[0] in str(package.namelist())
        assert numbers[1] not in str(package.namelist())


def test_a_package_is_for_those_who_may_fetch(lender: Organisation, stamp: Callable[[], None]) -> None:
    record = put(lender, "LN-1")
    stamp()
    reader = signed_in(make_person("reader", Role.COMPLIANCE_OFFICER, lender))
    assert "evidence/package" not in reader.get("/evidence").content.decode()
    assert reader.post("/evidence/package", {"record": record.record}).status_code == 403
    assert reader.post(f"/cases/{record.case.ref}/package").status_code == 403


def test_a_foreign_case_and_an_unknown_one_are_the_same_404(lender: Organisation, officer: Client) -> None:
    foreign = put(make_organisation(name="乙方"), "LN-foreign").case.ref
    for method, part in ((officer.get, ""), (officer.post, "/package")):
        answers = {ref: method(f"/cases/{ref}{part}") for ref in (foreign, UNKNOWN, "no-reference")}
        assert {answer.status_code for answer in answers.values()} == {404}
        assert method(f"/cases/%00{part}").status_code == 404
        # The address itself stands in the form for the language.
        assert len({answer.content.decode().replace(ref, "") for ref, answer in answers.items()}) == 1
    assert officer.get(f"/cases/{foreign}/print.css").content == f'@page {{ @top-left {{ content: "{foreign}"; }} }}\n'.encode()
    assert officer.get('/cases/"x/print.css').status_code == 404


def test_the_workspace_tells_the_case_its_records_and_their_trail(lender: Organisation, officer: Client) -> None:
    records = [put(lender, "LN-1"), put(lender, "LN-1", "contract")]
    Evidence.objects.filter(pk=records[1].pk).update(kind="unknown_kind")  # of before kinds were a closed list
    put(lender, "LN-2")
    page = opened(officer, f"/cases/{records[0].case.ref}")
    assert page.one("h1").text.split() == ["本案", "LN-1"]
    assert [record.record in page.text for record in records] == [True, True]
    assert "标题 LN-2" not in page.text
    assert page.text.count("受理存证") == 2
    assert "今日尚欠" in page.text
    for record in records:
        digest = record.custody.get().digest
        assert " ".join(digest[at:at + 8] for at in range(0, 64, 8)) in page.text.replace("复制", "") or digest in page.source


def test_homes_tell_what_waits_and_what_went_wrong(lender: Organisation, officer: Client, stamp: Callable[[], None]) -> None:
    put(lender, "LN-1")
    assert "今天受理存证 1 份；待入链 1 份，等待时间戳 0 份" in opened(officer, "/home").text
    stamp()
    text = opened(officer, "/home").text
    assert "今天受理存证 1 份；待入链 0 份，等待时间戳 0 份" in text
    assert "所有存证都在回执承诺的期限之内" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_home_tells_of_originals_in_quarantine_and_of_what_waits_for_this_person(service: str, language: str) -> None:
    cast = Cast()
    cast.case()
    record, foreign = Evidence.objects.latest("pk"), put(make_organisation(name="乙方"), "LN-foreign")
    firm = cast.organisation("law_firm", Kind.LAW_FIRM)
    proposer, second = signed_in(cast.people["legal"]), signed_in(make_person("second", Role.LEGAL_OFFICER, cast.legal.organisation))
    quiet = {"zh-hans": "没有原件被隔离", "en": "no original is in quarantine"}[language]
    assert quiet in opened(second, "/home", language=language).text
    for each in (record, foreign):
        quarantine_record(each, reason="Eicar-Signature")
    page = opened(second, "/home", language=language)
    assert (quiet in page.text, record.record in page.text, foreign.record in page.text) == (False, True, False)
    waiting = {
        "zh-hans": ("等待您复核的授权", "等待您复核的解除隔离"),
        "en": ("Grants for you to approve", "Releases for you to agree to")}[language]
    assert [words in page.text for words in waiting] == [False, False]
    propose_release(cast.legal, record, reason="another scanner found nothing", now=cast.now)
    large = cast.opening(many_cases(cast, 101), firm, basis=Grant.Basis.DUTY, document=cast.paper(cast.legal))
    grant_access(cast.legal, large, now=cast.now)
    page = opened(second, "/home", language=language)
    assert [words in page.text for words in waiting] == [True, True]
    own = opened(proposer, "/home", language=language)
    assert [words in own.text for words in waiting] == [False, False], "nobody agrees to what he proposed"
    for link in ("/quarantines", "/access?grants=waiting#grants"):
        assert link in {each.attributes["href"] for each in page.all("a")}
        assert second.get(link).status_code == 200


def test_a_supervisors_home_counts_the_cases_that_nobody_works_on(service: str) -> None:
    cast = Cast()
    cast.assigned(cast.case("LN-1"))
    agency = cast.assigned(cast.case("LN-2"), to="agent").entrustment.agency
    supervisor = signed_in(make_person("head", Role.AGENCY_SUPERVISOR, agency))
    page = opened(supervisor, "/home")
    [line] = [each for each in page.all("a") if each.attributes["href"] == "/access?assignments=undistributed#assignments"]
    assert "1 件" in page.text, line
    listed = opened(supervisor, "/access?assignments=undistributed").source
    assert len(re.findall(r'name="assignments" value="[0-9a-f]{32}"', listed)) == 1


def test_the_dashboard_has_the_figures_of_its_drawings_in_tables(lender: Organisation, officer: Client, stamp: Callable[[], None]) -> None:
    kinds = ["sms", "sms", "contract", "email", "photo", "visit", "other"]
    [put(lender, "LN-1", kind) for kind in kinds]
    Evidence.objects.filter(kind="other").update(kind="unknown_kind")  # of before kinds were a closed list
    put(make_organisation(name="乙方"), "LN-foreign", "screenshot")
    stamp()
    page = opened(officer, "/dashboard")
    assert "最近 30 天受理存证 7 份" in page.text
    assert "截图" not in page.text
    assert "其他" in page.text, "six kinds are five series"
    rows = re.findall(r"<tr><th scope=\"row\">([^<]+)</th>(.*?)</tr>", page.source)
    assert re.findall(r">([\d,]+)</td>", rows[0][1]) == ["2", "1", "1", "1", "2", "7"]
    assert dict(rows[30:39])["在管"].count(">1<") == 1
    assert [name for name, _ in rows[39:]] == ["已接收", "已入链", "已联署", "已获时间戳"]
    assert all(cells.count("</td>") == 4 for _, cells in rows[39:])
    assert len([element for element in page.all("desc") if element.text]) == 3, "nobody else read"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_dashboard_counts_what_each_institution_read_of_ones_own_records(service: str, language: str) -> None:
    cast = Cast()
    case, other = cast.case(records=2), cast.case("LN-2")
    cast.granted(case, "notary_office", Kind.NOTARY_OFFICE)
    cast.accepted(other, "court", cast.person("judge", Role.JUDGE))
    notary, judge = cast.person("notary", Role.NOTARY), cast.person("judge", Role.JUDGE)
    records, more = (list(Evidence.objects.filter(case=each)) for each in (case, other))
    for viewer, which, action, at in (
        (notary, records, CustodyAction.VIEWED, cast.now), (notary, records[:1], CustodyAction.FETCHED, cast.now),
        (judge, more, CustodyAction.DOWNLOADED, cast.now), (cast.officer, records, CustodyAction.VIEWED, cast.now),
        (notary, records[1:], CustodyAction.PLAYED, cast.now),
    ):
        note_reading(viewer, which, action, request_id="r", now=at)
    # A verification is counted with a root or without one, and not that of one's own people or of nobody known.
    for verifier in (done_by_viewer(judge, CustodyAction.VERIFIED), done_by_viewer(judge, CustodyAction.VERIFIED),
                     done_by_viewer(cast.officer, CustodyAction.VERIFIED), done_by_credential(None, CustodyAction.VERIFIED)):
        note_happening(records[0].pk, verifier, now=cast.now)
    page = opened(signed_in(cast.people["officer"]), "/dashboard", language=language)
    assert page.all_faults() == []
    assert language == "zh-hans" or page.chinese() == []
    rows = dict(re.findall(r'<tr><th scope="row" lang="zh-hans">([^<]+)</th>(.*?)</tr>', page.source))
    assert {name: re.findall(r">([\d,]+)</td>", cells) for name, cells in rows.items()} == {
        "notary_office": ["2", "1", "0", "1", "0", "4"], "court": ["0", "0", "1", "0", "2", "3"]}, "one's own readings are not counted"
    assert "notary_office" not in opened(signed_in(cast.people["judge"]), "/dashboard", language=language).text
    later = readings_by_institution(cast.officer, days=30, now=cast.now + timedelta(days=29))
    assert [each.total for each in later] == [4, 3]
    assert readings_by_institution(cast.officer, days=30, now=cast.now + timedelta(days=30)) == []


def test_made_up_content_is_shown_in_development_only(settings: Any) -> None:
    source = (settings.BASE_DIR / "evidence" / "portal" / "urls.py").read_text(encoding="utf-8")
    assert source.index("if settings.EMBEDDED:") < source.index('path("style"')


def test_the_digest_of_the_empty_file_is_no_wildcard(lender: Organisation, officer: Client) -> None:
    put(lender, "LN-1")
    answer = officer.post("/evidence", {"text": hashlib.sha256(b"").hexdigest()})
    assert "LN-1" not in answer.content.decode()
