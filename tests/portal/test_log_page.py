"""What the page says of the log itself: signatures by name, incidents, keys with fingerprints, growth, a witness of one's own."""
import hashlib
import inspect
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone, translation
from pytest_django import Settings

from ledger import agreement
from ledger.growth import MOST_PERIODS, growth_of_log, size_at
from ledger.incidents import FORK, SELF_CHECK_FAILED, WITNESS_AHEAD, end_incident, open_incident
from ledger.models import Checkpoint, LogState, PublishedCheckpoint
from ledger.monitor.rounds import HOLDS_AGAIN
from ledger.portal.chart import HEIGHT, WIDTH, draw
from ledger.portal.endings import ending_words
from ledger.portal.quorum_words import quorum_words
from sandbox.tsa.server import TimestampServer
from tests.databases import ROOT
from tests.ledger.logs import grow, sequencer
from tests.ledger.processes import wait_until
from tests.ledger.witnesses import local_witnesses, policy
from tests.portal.conftest import Deposit, Open
from tlog.note import CosignatureSigner, Signer, Verifier
from tlog.policy import parse_policy

FIRST = datetime(2026, 11, 1, 0, 30, tzinfo=UTC)


def test_the_newest_checkpoint_names_who_signed_it_and_who_did_not(
    service: str, tmp_path: Path, settings: Settings, open_page: Open
) -> None:
    with local_witnesses(tmp_path / "witnesses", "notary", "court") as started:
        settings.POLICY = str(tmp_path / "policy.txt")
        Path(settings.POLICY).write_text(policy(started, "quorum notary"))
        started[1].stop()
        log = sequencer()
        grow(log, 0, 3)
        wait_until(log.publish)
        started[1].start()
    text = open_page("/").text
    rows = text.partition("它的签名")[2].partition("时间戳机构")[0]
    assert f"{LogState.objects.get().origin}本日志" in rows
    assert "notary见证节点（测试）20" in rows
    assert "court见证节点（测试）没有联署这一检查点" in rows
    assert "检查点须经下列见证节点联署才会发布：notary。" in text


def test_a_log_without_incidents_says_so_plainly(service: str, open_page: Open) -> None:
    page = open_page("/")
    assert "没有。本日志自启用以来没有记录过任何异常。" in page.text
    assert "/log/incidents" in {link.attributes["href"] for link in page.all("a")}


def test_every_incident_is_listed_with_its_times_number_and_sentence(service: str, open_page: Open) -> None:
    opened = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    first = open_incident(SELF_CHECK_FAILED, "tiles", {}, now=opened)
    assert first is not None
    assert first.statement is not None
    end_incident(SELF_CHECK_FAILED, "tiles", how="a later round", now=opened + timedelta(minutes=5))
    open_incident(WITNESS_AHEAD, "notary", {}, now=opened + timedelta(hours=1))
    page = open_page("/")
    listed = page.text.partition("日志中的编号")[2].partition("公钥与信任政策")[0]
    assert listed.index("见证节点已联署本日志所不知道的更大的检查点。") < listed.index("本服务从外部核验自己的日志，结果不符。")
    for words in (first.statement.record, "2026-11-23 16:00:00 +08:00", "2026-11-23 16:05:00 +08:00", "a later round", "未结束"):
        assert words in listed
    assert "共 2 起，1 起未结束" in page.text
    assert "有 1 起异常尚未结束" in page.text
    assert page.all_faults() == []


@pytest.mark.parametrize(("how", "chinese"), [
    (HOLDS_AGAIN, "监测程序此后一轮核验，没有发现不符。"),
    ("the published log of size 12 is in order", "已发布的 12 条日志核对无误。"),
    ("published late; included in the log of size 12", "逾期发布，已包含在 12 条的日志中。"),
    ("the witness cosigns again", "该见证节点已恢复联署。"),
    ("renewed", "时间戳已续期。"),
    ("time is left again", "距证书到期又有充足的时间。"),
    ("they agree on the checkpoint of size 12", "两家机构对条目数为 12 的检查点给出的时间一致。"),
    ("a token of tsa-one agrees with our clock", "机构 tsa-one 的时间戳与本服务的时钟一致。"),
    ("tsa-one tsa-two is not asked any more", "本服务不再向机构 tsa-one tsa-two 申请时间戳。"),
])
def test_how_an_incident_ended_is_told_in_the_readers_language(how: str, chinese: str) -> None:
    with translation.override("zh-hans"):
        assert ending_words(how) == chinese
    with translation.override("en"):
        assert ending_words(how) not in (None, chinese)


def test_every_sentence_in_which_the_code_ends_an_incident_is_known_to_the_page() -> None:
    """Else it stands on a Chinese page in English."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "ledger").rglob("*.py"))]
    told = [found for text in texts for found in re.findall(r'how=f?"([^"]+)"(?: if [^"]+ else "([^"]+)")?', text)]
    written = [each for found in told for each in found if each]
    written += re.findall(r'return f"([^"]+)"', inspect.getsource(agreement._over))
    assert len(written) == 8
    for sentence in written:
        assert ending_words(re.sub(r"\{[^}]+\}", "7", sentence)) is not None, sentence


def test_an_incident_of_a_log_that_takes_nothing_any_more_has_no_number(service: str, open_page: Open) -> None:
    LogState.objects.update(frozen_at=timezone.now())
    open_incident(FORK, "size 3", {}, now=timezone.now())
    assert "日志当时已停止收录" in open_page("/").text


def test_fingerprints_are_those_of_the_keys_and_of_the_roots(
    service: str, authority: TimestampServer, var_dir: Path, open_page: Open
) -> None:
    codes = [element.text for element in open_page("/").all("code")]
    vkey = Verifier.from_vkey(LogState.objects.get().vkey)
    assert groups(hashlib.sha256(vkey.public_key).hexdigest()) in codes
    said = subprocess.run(
        ["openssl", "x509", "-fingerprint", "-sha256", "-noout", "-in", str(var_dir / "trust/tsa/sandbox-tsa.pem")],
        capture_output=True, text=True, check=True).stdout
    assert groups(said.partition("=")[2].strip().replace(":", "").lower()) in codes
    (var_dir / "trust/tsa/sandbox-tsa.pem").write_text("damaged")
    assert open_page("/").all_faults() == []


def groups(digits: str) -> str:
    return " ".join(digits[at : at + 4] for at in range(0, 64, 4))


def test_a_page_shows_how_to_run_a_witness_of_this_very_log(service: str, open_page: Open) -> None:
    page = open_page("/")
    state = LogState.objects.get()
    [snippet] = [element.text for element in page.all("code") if element.text.startswith("[[log]]")]
    assert f'origin = "{state.origin}"' in snippet
    assert f'vkeys = ["{state.vkey}"]' in snippet
    for command in ("init /var/lib/witness --name", "keys", "serve", "status"):
        assert f"python -m witness {command}" in page.text
    assert "/witness-guide" in {link.attributes["href"] for link in page.all("a")}


@pytest.mark.parametrize(("language", "title"), [("zh-hans", "# 运行见证节点"), ("en", "# Running a witness")])
def test_the_instructions_are_in_the_readers_language(service: str, client: Client, language: str, title: str) -> None:
    answer = client.get("/witness-guide", headers={"Accept-Language": language})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert answer.content.decode().startswith(title)


def test_growth_is_drawn_and_told_with_the_same_figures(make_record: Deposit, publish: Callable[[], None], open_page: Open) -> None:
    assert "图从第一个检查点开始" in open_page("/").text
    for _ in range(2):
        make_record()
        publish()
    page = open_page("/")
    [chart] = [each for each in page.all("svg") if each.attributes.get("aria-labelledby") == "growth-title growth-text"]
    assert chart.attributes["role"] == "img"
    # A minute may end between the two deposits, and then the last period has one of them or none.
    assert re.search(r"此刻2[012]\b", page.text.partition("新增")[2])


def published(times: list[datetime]) -> None:
    """A log that published one entry more at each time."""
    for size, at in enumerate(times, 1):
        checkpoint = Checkpoint(size=size, root=bytes(32), note=b"", signed_at=at)
        checkpoint.save()
        PublishedCheckpoint(checkpoint=checkpoint, size=size, previous_size=size - 1, note=b"", published_at=at).save()


@pytest.mark.parametrize("age", [
    timedelta(seconds=5), timedelta(minutes=22), timedelta(hours=3), timedelta(hours=22), timedelta(days=5), timedelta(days=22),
    timedelta(days=160), timedelta(days=600), timedelta(days=3000),
])
def test_periods_cover_the_logs_whole_life_whatever_its_age(service: str, age: timedelta) -> None:
    times = [FIRST + age * number / 97 for number in range(98)]
    published(times)
    periods = growth_of_log(FIRST + age)
    assert 1 <= len(periods) <= MOST_PERIODS
    assert periods[0].begin <= FIRST < periods[0].end
    assert periods[-1].begin <= FIRST + age < periods[-1].end
    assert [period.size for period in periods[:-1]] == [sum(at < period.end for at in times) for period in periods[:-1]]
    assert sum(period.added for period in periods) == periods[-1].size == 98
    assert {period.end - period.begin for period in periods} == {periods[0].end - periods[0].begin}


def test_the_size_at_a_moment_is_found_between_any_two_checkpoints(service: str) -> None:
    times = [FIRST + timedelta(minutes=number * number) for number in range(20)]
    published(times)
    for number, at in enumerate(times):
        assert (size_at(at), size_at(at + timedelta(microseconds=1))) == (number, number + 1)


def test_bars_stand_in_the_drawing_and_grow_with_the_size(service: str) -> None:
    published([FIRST + timedelta(hours=number) for number in range(20)])
    chart = draw(growth_of_log(FIRST + timedelta(hours=20)))
    heights = [bar.height for bar in chart.bars]
    assert heights == sorted(heights)
    assert heights[-1] == HEIGHT
    assert all(0 <= bar.x < bar.x + bar.width <= WIDTH and bar.y + bar.height == HEIGHT for bar in chart.bars)
    assert draw(()).bars == ()


LOG = Signer.from_seed("log.example/x", bytes(32)).vkey
WITNESSES = {name: CosignatureSigner.from_seed(f"{name}.example", name.encode() * 32).vkey for name in "abcd"}


@pytest.mark.parametrize(("lines", "chinese"), [
    (["quorum none"], ""), (["quorum a"], "a"),
    (["group all all a b", "quorum all"], "a 以及 b"),
    (["group two 2 a b c", "quorum two"], "a、b、c 中的任意 2 个"),
    (["group courts any b c", "group needed all a courts", "quorum needed"], "a 以及 (b、c 中的任意 1 个)"),
    (["group one any d", "quorum one"], "d"),
])
def test_a_quorum_is_told_in_words(lines: list[str], chinese: str) -> None:
    text = "\n".join([f"log {LOG}", *(f"witness {name} {vkey}" for name, vkey in WITNESSES.items()), *lines, ""])
    with translation.override("zh-hans"):
        assert quorum_words(parse_policy(text)) == chinese
