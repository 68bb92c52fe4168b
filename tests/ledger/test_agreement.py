"""Tokens by different operators agree with each other and with our clock; where not, the record shows it and an incident starts."""
import logging
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from common import failpoints, jobs
from common.jobs import Job
from common.object_store import ObjectStore
from common.pages import china_time
from ledger.agreement import TokenTime, disagreements
from ledger.fsck import examine_log
from ledger.incidents import CLOCK_SKEWED, TIMES_DISAGREE, open_incidents
from ledger.models import Incident, StampRequest, Timestamp
from ledger.selectors import stamps_of
from ledger.sequencer.service import Sequencer
from ledger.stamping import STAMP_CHECKPOINT
from sandbox.tsa.answering import WrongAnswer
from sandbox.tsa.server import Behaviour
from tests.depositing import Post, document
from tests.ledger.authorities import Two, publish_more, set_clock, work
from tests.ledger.logs import sequencer

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
SKEW = timedelta(seconds=300)


def token(authority: str, *, offset_s: float, at: datetime = NOW) -> TokenTime:
    return TokenTime(authority, at + timedelta(seconds=offset_s), at)


def apart(*tokens: TokenTime) -> list[tuple[str, str]]:
    return [(one.authority, other.authority) for one, other in disagreements(tokens, SKEW)]


@pytest.mark.parametrize(("offsets", "expected"), [
    ((), []), ((0,), []), ((0, 300), []), ((-150, 150), []), ((0, 300.1), [("a", "b")]), ((-200, 200), [("a", "b")]),
    ((0, 10, 400), [("a", "c"), ("b", "c")]), ((-250, 0, 250), [("a", "c")]), ((299, -299, 299), [("a", "b"), ("b", "c")]),
])
def test_clocks_that_differ_by_more_than_the_skew_disagree(offsets: tuple[float, ...], expected: list[tuple[str, str]]) -> None:
    tokens = [token(id_, offset_s=offset) for id_, offset in zip("abc", offsets, strict=False)]
    for order in permutations(tokens):
        assert apart(*order) == expected


def test_an_authority_that_was_asked_later_does_not_disagree() -> None:
    assert apart(token("a", offset_s=0), token("b", offset_s=-1, at=NOW + timedelta(hours=3))) == []
    assert apart(token("a", offset_s=0), token("b", offset_s=301, at=NOW - timedelta(days=9))) == [("a", "b")]


# With real servers


@pytest.fixture
def log(store: ObjectStore, two_authorities: Two) -> Sequencer:
    return sequencer()


@pytest.fixture
def record(log: Sequencer, post_deposit: Post) -> str:
    """A record that is queued; the next checkpoint covers it."""
    answer = post_deposit(document(), b"RIFF")
    assert answer.status_code == 201, answer.content
    return str(answer.json()["records"][0]["record"])


def time_fact(client: Client, record: str) -> dict[str, Any]:
    fact = client.get(f"/api/v1/records/{record}").json()["time"]
    assert isinstance(fact, dict)
    return fact


def open_now() -> list[tuple[str, str]]:
    return [(incident.code, incident.subject) for incident in open_incidents()]


def test_times_that_agree_are_shown_and_start_nothing(log: Sequencer, record: str, client: Client) -> None:
    assert time_fact(client, record) == {"state": "waiting", "at": None, "times": [], "missing": [], "disagreeing": [], "skew_s": 300}
    published = publish_more(log)
    work()
    one, two = stamps_of(published.size)
    fact = time_fact(client, record)
    assert fact["state"] == "stamped"
    assert [each["authority"] for each in fact["times"]] == [one.authority, two.authority] == ["tsa-one", "tsa-two"]
    assert fact["at"] == min(each["at"] for each in fact["times"])
    assert (fact["missing"], fact["disagreeing"]) == ([], [])
    assert not Incident.objects.exists()
    assert list(examine_log()) == []


@pytest.mark.parametrize(("first", "second"), [(-200, 200), (200, -200)], ids=["the first is early", "the first is late"])
def test_a_rogue_time_moves_no_record_silently(
    two_authorities: Two, log: Sequencer, record: str, client: Client, caplog: pytest.LogCaptureFixture, first: int, second: int
) -> None:
    set_clock(two_authorities.one, first)
    set_clock(two_authorities.two, second)
    published = publish_more(log)
    one, two = jobs.due_jobs(timezone.now())
    jobs.run_job(one)
    alone = time_fact(client, record)
    assert (alone["state"], alone["missing"]) == ("stamped", ["tsa-two"]), "one token has nobody to disagree with, and says so"
    assert "时间戳机构 tsa-two 也受到申请，但没有给出时间戳，无从比对。" in client.get(f"/records/{record}").content.decode()
    assert open_now() == []
    jobs.run_job(two)
    fact = time_fact(client, record)
    assert fact["state"] == "disputed"
    assert fact["disagreeing"] == ["tsa-one", "tsa-two"]
    times = [datetime.fromisoformat(each["at"]) for each in fact["times"]]
    assert abs(times[1] - times[0] - timedelta(seconds=second - first)) < timedelta(seconds=60)
    assert fact["at"] == min(each["at"] for each in fact["times"])
    [incident] = open_incidents()
    assert (incident.code, incident.subject) == (TIMES_DISAGREE, "tsa-one tsa-two")
    assert (incident.facts["size"], incident.facts["authorities"]) == (published.size, "tsa-one tsa-two")
    assert incident.facts["times"] == " ".join(each["at"] for each in fact["times"])
    assert [row.levelno for row in caplog.records if "INCIDENT timestamps-disagree" in row.getMessage()] == [logging.CRITICAL]
    assert list(examine_log()) == []


def test_the_page_shows_both_times_and_no_green(two_authorities: Two, log: Sequencer, record: str, client: Client) -> None:
    set_clock(two_authorities.two, 290)
    set_clock(two_authorities.one, -100)
    publish_more(log)
    work()
    page = client.get(f"/records/{record}").content.decode()
    assert "时间有出入" in page
    assert "已获可信时间戳" not in page
    for stamp in Timestamp.objects.all():
        assert page.count(china_time(stamp.gen_time)) >= 2


def test_a_dispute_is_one_incident_until_a_later_checkpoint_agrees(
    two_authorities: Two, log: Sequencer, record: str, client: Client
) -> None:
    set_clock(two_authorities.one, -250)
    set_clock(two_authorities.two, 250)
    for _ in range(3):
        publish_more(log)
        work()
    assert Incident.objects.count() == 1
    set_clock(two_authorities.one, 0)
    set_clock(two_authorities.two, 0)
    later = publish_more(log)
    work()
    assert open_now() == []
    assert Incident.objects.get().end.how == f"they agree on the checkpoint of size {later.size}"
    assert time_fact(client, record)["state"] == "disputed", "what the record's own tokens say does not change"


@pytest.mark.parametrize("ahead_s", [-3500, -310], ids=["a second after the checkpoint", "nearly an hour after it"])
def test_a_time_long_before_it_was_asked_for_is_refused_though_the_checkpoint_is_older(
    two_authorities: Two, store: ObjectStore, ahead_s: int
) -> None:
    """The checkpoint is an hour old. Its authority answers a nonce of this moment with a time of before that nonce was drawn."""
    log = sequencer(clock=lambda: timezone.now() - timedelta(hours=1))
    set_clock(two_authorities.one, ahead_s)
    publish_more(log)
    StampRequest.objects.all().update(requested_at=timezone.now())
    work(rounds=2)
    assert list(Timestamp.objects.values_list("authority", flat=True)) == ["tsa-two"]
    assert open_now() == [(TIMES_DISAGREE, "tsa-one tsa-two")]


def test_a_narrower_skew_is_kept_too(two_authorities: Two, log: Sequencer, settings: Settings) -> None:
    settings.TIME_SKEW_S = 20
    set_clock(two_authorities.one, 15)
    set_clock(two_authorities.two, -15)
    publish_more(log)
    work()
    assert open_now() == [(TIMES_DISAGREE, "tsa-one tsa-two")]


@pytest.mark.parametrize("wrong", [WrongAnswer.A_YEAR_AHEAD, WrongAnswer.A_YEAR_AGO, WrongAnswer.AN_HOUR_AGO], ids=str)
@pytest.mark.parametrize("rogue", [0, 1], ids=["asked first", "asked second"])
def test_an_authority_alone_with_its_time_is_accused_and_not_our_clock(
    two_authorities: Two, log: Sequencer, record: str, client: Client, wrong: WrongAnswer, rogue: int
) -> None:
    two_authorities[rogue].behaviour = wrong
    published = publish_more(log)
    work(rounds=2)
    assert [stamp.authority for stamp in stamps_of(published.size)] == [("tsa-two", "tsa-one")[rogue]]
    assert open_now() == [(TIMES_DISAGREE, "tsa-one tsa-two")]
    assert not Incident.objects.filter(code=CLOCK_SKEWED).exists()
    fact = time_fact(client, record)
    assert (fact["state"], len(fact["times"]), fact["disagreeing"]) == ("disputed", 1, ["tsa-one", "tsa-two"])
    assert abs(datetime.fromisoformat(fact["at"]) - timezone.now()) < timedelta(minutes=5)
    assert "其中不可信的时间戳未被采纳" in client.get(f"/records/{record}").content.decode()
    two_authorities[rogue].behaviour = Behaviour.WELL
    publish_more(log)
    work(rounds=3)
    assert open_now() == []


@pytest.mark.parametrize("offset_s", [3600, -3600, 86_400 * 365])
def test_our_own_clock_is_accused_when_it_is_the_odd_one_out(
    two_authorities: Two, log: Sequencer, record: str, client: Client, offset_s: int
) -> None:
    """Nobody can move this machine's clock in a test: both authorities are moved instead, by the same time."""
    for server in two_authorities:
        set_clock(server, offset_s)
    published = publish_more(log)
    work(rounds=3)
    [incident] = open_incidents()
    assert (incident.code, incident.subject, incident.facts["size"]) == (CLOCK_SKEWED, "clock", published.size)
    assert abs(incident.facts["offset_s"] - offset_s) < 60
    assert time_fact(client, record)["state"] == "waiting"
    for server in two_authorities:
        set_clock(server, 0)
    work(rounds=12)
    assert open_now() == []
    assert time_fact(client, record)["state"] == "stamped"
    assert [row.code for row in Incident.objects.all()] == [CLOCK_SKEWED]


def test_an_authority_that_is_alone_with_us_leaves_open_whose_clock_is_wrong(two_authorities: Two, log: Sequencer) -> None:
    """The other is down, then it comes back and decides."""
    two_authorities.one.behaviour, two_authorities.two.behaviour = WrongAnswer.AN_HOUR_AHEAD, Behaviour.DOWN
    publish_more(log)
    work(rounds=3)
    assert open_now() == [(CLOCK_SKEWED, "clock")]
    two_authorities.two.behaviour = Behaviour.WELL
    work(rounds=12)
    assert open_now() == [(TIMES_DISAGREE, "tsa-one tsa-two")]
    assert Incident.objects.get(code=CLOCK_SKEWED).end.how == "a token of tsa-two agrees with our clock"


def test_a_token_between_the_two_clocks_ends_no_accusation(two_authorities: Two, log: Sequencer) -> None:
    """One is 400 s ahead, the other 200 s: they agree with each other, and the second with us too. Nothing flaps."""
    set_clock(two_authorities.one, 400)
    set_clock(two_authorities.two, 200)
    for _ in range(4):
        publish_more(log)
        work(rounds=3)
    assert [(row.code, row.episode) for row in Incident.objects.all()] == [(CLOCK_SKEWED, 1)]
    assert open_now() == [(CLOCK_SKEWED, "clock")]


@pytest.mark.parametrize("left", ["tsa-one", "tsa-two"])
def test_an_authority_that_is_not_asked_any_more_ends_its_dispute(
    two_authorities: Two, log: Sequencer, settings: Settings, left: str
) -> None:
    two_authorities.one.behaviour = WrongAnswer.AN_HOUR_AGO
    publish_more(log)
    work(rounds=2)
    two_authorities.one.behaviour = Behaviour.WELL
    settings.TSAS = next(word for word in settings.TSAS.split() if word.startswith(left))
    publish_more(log)
    work(rounds=12)
    assert open_now() == []
    assert str(Incident.objects.get().end.how).endswith(" is not asked any more")


def test_a_worker_that_dies_before_it_compares_is_made_up_for(two_authorities: Two, log: Sequencer) -> None:
    set_clock(two_authorities.one, -250)
    set_clock(two_authorities.two, 250)
    publish_more(log)
    with failpoints.plan("ledger.stamp-kept=error@2"):
        work()
    assert (Timestamp.objects.count(), open_now()) == (2, [])
    work(rounds=2)
    assert open_now() == [(TIMES_DISAGREE, "tsa-one tsa-two")]
    assert not Job.objects.filter(done_at=None, kind=STAMP_CHECKPOINT).exists()
