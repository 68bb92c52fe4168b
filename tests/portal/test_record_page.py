"""The page of a record: four facts with their limits, the proof path, the commands."""
import hashlib
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Person
from accounts.permissions import Role
from common.pages import groups
from evidence.models import Evidence
from evidence.portal.record_page import record_page
from evidence.selectors import public_record
from sandbox.tsa.authority import Authority
from tests.accounts.people import make_person, signed_in
from tests.portal.conftest import Deposit, Open
from tests.portal.pages import Page
from tlog.merkle import leaf_hash


def facts(page: Page) -> list[str]:
    """The words of the four chips."""
    return [element.text for element in page.all("span") if element.attributes.get("class", "").startswith("chip ")][:4]


def test_received_record_shows_its_promise(make_record: Deposit, open_page: Open) -> None:
    number = make_record()
    page = open_page(f"/records/{number}")
    text = page.text
    assert re.fullmatch(r"待入链（至 [0-2]\d:[0-5]\d）", facts(page)[2])
    assert [word[:3] for word in facts(page)] == ["未核对", "等待时", "待入链", "未出证"]
    assert "已接收" in text
    assert "承诺入链期限" in text
    assert "这份存证还不在已发布的检查点里" in text


def test_whoever_is_signed_in_sees_his_name_and_the_time_over_it_and_nobody_else_does(make_record: Deposit) -> None:
    number = make_record()
    person = make_person("zhang@example.org", Role.CASE_OFFICER)
    Person.objects.filter(pk=person.pk).update(display_name="张<b>三")
    page = signed_in(Person.objects.get(pk=person.pk)).get(f"/records/{number}").content.decode()
    over = page.partition('<div class="watermark" aria-hidden="true">')[2].partition("</div>")[0]
    assert len(re.findall(r"<span>张&lt;b&gt;三 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+08:00</span>", over)) == 120
    assert "watermark" not in Client().get(f"/records/{number}").content.decode()


def test_committed_record_says_that_outsiders_cannot_check_it_yet(
    make_record: Deposit, commit: Callable[[], None], open_page: Open
) -> None:
    number = make_record()
    commit()
    page = open_page(f"/records/{number}")
    text = page.text
    assert facts(page) == ["未核对", "等待时间戳", "已入链，待联署", "未出证"]
    assert "检查点发布之前，外人还不能核对。" in text


def test_published_record_says_what_a_log_without_witnesses_does_not_prove(
    make_record: Deposit, publish: Callable[[], None], open_page: Open
) -> None:
    number = make_record()
    publish()
    page = open_page(f"/records/{number}")
    text = page.text
    assert facts(page) == ["未核对", "等待时间戳", "已入链，待联署", "未出证"]
    assert "也不排除日志向不同的人出示不同的历史" in text
    assert "证明会改以第一个有时间戳的检查点为准" in text


def test_stamped_record_says_so_and_names_a_test_authority(make_record: Deposit, stamp: Callable[[], None], open_page: Open) -> None:
    number = make_record()
    stamp()
    page = open_page(f"/records/{number}")
    text = page.text
    assert facts(page) == ["未核对", "时间戳有效但机构未受信", "已入链，待联署", "未出证"]
    assert "这个时间戳来自本机的测试机构，只供演示，对外不证明任何时间。" in text
    assert "不证明证据在存证之前何时形成" not in text


def test_stamp_of_a_real_authority_is_not_called_a_test(
    make_record: Deposit, stamp: Callable[[], None], open_page: Open, settings: Settings
) -> None:
    number = make_record()
    stamp()
    settings.TSAS = "sandbox-tsa=https://tsa.example.org/"
    text = open_page(f"/records/{number}").text
    assert "测试机构" not in text
    assert "不证明证据在存证之前何时形成" in text


def test_record_beyond_its_promise_is_called_a_breach(make_record: Deposit) -> None:
    record = public_record(make_record())
    page = record_page(record, now=timezone.now() + timedelta(days=2))
    assert page.words[2].word == "不在链中"
    assert "违约" in str(page.words[2].means)
    assert page.words[2].tone == "bad"


def test_every_fact_says_what_it_means_and_what_it_does_not_prove(make_record: Deposit, stamp: Callable[[], None]) -> None:
    number = make_record()
    stamp()
    for fact in record_page(public_record(number), now=timezone.now()).words:
        assert str(fact.means).endswith("。")
        assert str(fact.proves_not).endswith("。")


def test_page_shows_the_hashes_that_the_log_has(make_record: Deposit, stamp: Callable[[], None], open_page: Open) -> None:
    numbers = [make_record(3) for _ in range(5)]
    stamp()
    record = Evidence.objects.get(record=numbers[2])
    page = open_page(f"/records/{record.record}")
    codes = [element.text for element in page.all("code")]
    statement = hashlib.sha256(bytes(record.statement)).hexdigest()
    entry = next(code for code in codes if code.startswith("cunzheng/entry/v1\ndeposit\n"))
    assert statement in codes
    assert leaf_hash(entry.encode()).hex() in codes
    assert [code for code in codes if re.fullmatch("files/[0-9]+", code)] == ["files/1", "files/2", "files/3"]


def test_digests_stand_in_groups_of_eight_and_are_never_cut(make_record: Deposit, stamp: Callable[[], None], open_page: Open) -> None:
    number = make_record()
    stamp()
    page = open_page(f"/records/{number}")
    copied = [button.attributes["data-copy"] for button in page.all("button") if "data-copy" in button.attributes]
    digests = [text for text in copied if re.fullmatch("[0-9a-f]{64}", text)]
    codes = [element.text for element in page.all("code")]
    assert len(digests) > 10
    assert set(digests) <= set(codes)
    assert groups("0123456789abcdef0123") == ["01234567", "89abcdef", "0123"]


def test_drawing_and_table_lead_to_the_root_of_the_checkpoint(make_record: Deposit, stamp: Callable[[], None], open_page: Open) -> None:
    numbers = [make_record() for _ in range(6)]
    stamp()
    page = open_page(f"/records/{numbers[4]}")
    place = record_page(public_record(numbers[4]), now=timezone.now()).place
    assert place is not None
    assert (place.index, place.size, len(place.steps)) == (4, 6, 2)
    codes = [element.text for element in page.all("code")]
    for step in place.steps:
        assert step.sibling.hex() in codes
        assert step.result.hex() in codes
    assert place.steps[-1].result.hex() == place.root
    drawn = [element.text for element in page.all("text") if element.attributes.get("class") == "mono"]
    assert f"{place.root[:8]}…" in drawn
    assert len(drawn) == 1 + 2 * len(place.steps)


def test_only_record_of_a_log_is_its_own_root(make_record: Deposit, publish: Callable[[], None], open_page: Open) -> None:
    number = make_record()
    publish()
    page = open_page(f"/records/{number}")
    assert page.all_faults() == []
    assert "合并 0 次" in page.text


def test_times_are_those_of_china_with_their_offset(make_record: Deposit, open_page: Open) -> None:
    number = make_record()
    received = Evidence.objects.get(record=number).received_at
    [shown] = [element for element in open_page(f"/records/{number}").all("time") if element.attributes["datetime"].startswith(
        received.strftime("%Y-%m-%dT%H:%M:%S"))][:1]
    assert shown.text == (received + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S +08:00")


def test_record_with_a_thousand_files_is_shown_whole(make_record: Deposit, open_page: Open) -> None:
    page = open_page(f"/records/{make_record(40)}")
    assert "open" not in page.one("details").attributes
    assert "files/40" in page.text


def test_search_engines_are_told_to_leave_records_alone(make_record: Deposit, client: Client) -> None:
    answer = client.get(f"/records/{make_record()}")
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert b'<meta name="robots" content="noindex">' in answer.content


def test_printed_pages_carry_the_record_number(make_record: Deposit, client: Client) -> None:
    number = make_record()
    answer = client.get(f"/records/{number}/print.css")
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.content.decode() == f'@page {{ @top-left {{ content: "{number}"; }} }}\n'
    assert client.get('/records/"}/print.css').status_code == 400


def test_commands_on_the_page_verify_the_record(
    make_record: Deposit, stamp: Callable[[], None], open_page: Open, client: Client, tmp_path: Path, timestamp_hierarchy: Authority
) -> None:
    number = make_record()
    stamp()
    block = next(element.text for element in open_page(f"/records/{number}").all("code") if element.text.startswith("curl "))
    first, second, third = block.strip().split("\n")
    fetched = {path: client.get(path).content for path in re.findall(r"http://[^/]+(/api/\S+)", block)}
    statement = hashlib.sha256(fetched[f"/api/v1/records/{number}/statement"]).hexdigest()
    assert first.endswith("/statement | sha256sum")
    assert statement in open_page(f"/records/{number}").source
    program = second.partition("python3 -c ")[2].strip("'")
    stdin = fetched[f"/api/v1/records/{number}/timestamps"]
    subprocess.run([sys.executable, "-c", program], input=stdin, cwd=tmp_path, check=True)
    (tmp_path / "ROOT.pem").write_bytes(timestamp_hierarchy.root.certificate.public_bytes(Encoding.PEM))
    done = subprocess.run(third.split(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verification: OK" in done.stdout + done.stderr, done


@pytest.mark.parametrize("suffix", ["", "/statement", "/proof", "/timestamps"])
def test_links_to_the_originals_lead_somewhere(
    make_record: Deposit, stamp: Callable[[], None], open_page: Open, client: Client, suffix: str
) -> None:
    number = make_record()
    stamp()
    path = f"/api/v1/records/{number}{suffix}"
    assert path in [element.attributes.get("href") for element in open_page(f"/records/{number}").all("a")]
    assert client.get(path).status_code == 200
