"""A telephone is told of notices once its holder typed the code that a gateway took for it; before that it gets the code alone."""
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Organisation, Person
from accounts.permissions import Kind, Role
from common import jobs
from common.jobs import Job
from notifications import messages
from notifications.channels import choose_channels
from notifications.confirming import ask_again, confirm_number
from notifications.errors import ConfirmationTooOften, NumberCodeWrong
from notifications.kinds import ORDER_WAITING
from notifications.letters import MOST_TO_CONFIRM
from notifications.models import MOST_TRIES, AddressLetter, Channel, Message
from notifications.noticing import SEND_MESSAGE, leave_notices
from sandbox.sms import SECRET, Fault, SmsServer
from tests.accounts.people import make_organisation, make_person, signed_in
from tests.notifications.addresses import post_letters
from tests.portal.pages import Page

FIRST, SECOND, PAGE = "15400000001", "15400000002", "/account/notifications"


@pytest.fixture
def gateway(service: str, settings: Settings) -> Iterator[SmsServer]:
    server = SmsServer(("127.0.0.1", 0), delay_s=60)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    settings.SMS_URL, settings.SMS_SECRET = server.url, SECRET
    messages.RESTING.clear()
    yield server
    server.stop()
    thread.join()


@pytest.fixture
def court(gateway: SmsServer) -> Organisation:
    return make_organisation(Kind.COURT, "示例法院")


@pytest.fixture
def judge(court: Organisation) -> Person:
    return make_person("judge-of-the-tests", Role.JUDGE, court)


def enter(person: Person, number: str | None, language: str = "zh-hans") -> None:
    choose_channels(person, {} if number is None else {"sms": number}, language=language, now=timezone.now())


def texts(gateway: SmsServer, to: str = FIRST) -> list[str]:
    return [each.text for each in gateway.taken.values() if each.to == to]


def code_in(text: str) -> str:
    [code] = re.findall(r"\b[0-9]{6}\b|(?<=验证码 )[0-9]{6}", text)
    return str(code)


def asked(gateway: SmsServer, person: Person, number: str = FIRST) -> str:
    """The person entered this number: the code that came there."""
    enter(person, number)
    post_letters()
    return code_in(texts(gateway, number)[-1])


def is_confirmed(person: Person) -> bool:
    return Channel.objects.get(person=person, kind="sms").confirmed_at is not None


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def tell(court: Organisation) -> tuple[str, str]:
    """A notice is left and its messages are sent: what became of the newest."""
    leave_notices([court.pk], kind=ORDER_WAITING, subject="5" * 32, count=1, now=timezone.now())
    for job in Job.objects.filter(kind=SEND_MESSAGE, done_at=None):
        jobs.run_job(job.pk)
    last = Message.objects.latest("id")
    return last.outcome, last.trouble


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_no_notice_goes_to_a_number_before_its_code_is_typed(
    language: str, gateway: SmsServer, court: Organisation, judge: Person, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://evidence.example"
    client, heads = signed_in(judge), {"Accept-Language": language}
    assert client.post(PAGE, {"sms": "on", "sms_address": FIRST}, headers=heads).status_code == 302
    post_letters()
    [text] = texts(gateway)
    assert len(text) <= (70 if language == "zh-hans" else 160), "one part"
    assert not re.search("司法|法院|公检法|立案|强制执行|judge|示例", text)
    assert tell(court) == ("dropped", "address-unconfirmed")
    assert len(gateway.taken) == 1, "nothing else goes to an unconfirmed number"
    page = Page(client.get(PAGE, headers=heads).content.decode())
    assert page.all_faults() == []
    assert language == "zh-hans" or page.chinese() == []
    assert f'action="{PAGE}/number"' in page.source
    code = code_in(text)
    refused = client.post(f"{PAGE}/number", {"code": wrong(code)}, headers=heads)
    faulty = Page(refused.content.decode())
    assert (refused.status_code, "number-code-wrong" in faulty.source, faulty.all_faults()) == (422, True, [])
    assert not is_confirmed(judge)
    assert client.post(f"{PAGE}/number", {"code": f" {code[:3]} {code[3:]} "}, headers=heads).status_code == 302
    assert is_confirmed(judge)
    assert f'action="{PAGE}/number"' not in client.get(PAGE).content.decode()
    assert tell(court)[0] in ("", "sent")
    assert len(gateway.taken) == 2
    with pytest.raises(NumberCodeWrong):
        confirm_number(judge, code, now=timezone.now())


def test_a_code_is_sealed_and_gone_once_it_was_typed(gateway: SmsServer, judge: Person) -> None:
    code = asked(gateway, judge)
    letter = AddressLetter.objects.get(kind="code")
    row = repr(AddressLetter.objects.filter(pk=letter.pk).values())
    assert code not in row
    assert code.encode() not in bytes(letter.sealed_code or b"")
    confirm_number(judge, code, now=timezone.now())
    letter.refresh_from_db()
    assert (letter.sealed_code, letter.expires_at, letter.used_at is not None) == (None, None, True)


def test_five_wrong_tries_void_a_code_and_a_late_one_is_no_good(gateway: SmsServer, judge: Person) -> None:
    code = asked(gateway, judge)
    for typed in [wrong(code)] * (MOST_TRIES - 1) + ["\0" * 6]:
        with pytest.raises(NumberCodeWrong):
            confirm_number(judge, typed, now=timezone.now())
    with pytest.raises(NumberCodeWrong):
        confirm_number(judge, code, now=timezone.now())
    assert (AddressLetter.objects.get(kind="code").tries, is_confirmed(judge)) == (MOST_TRIES, False)
    later = timezone.now() + timedelta(minutes=2)
    assert ask_again(judge, Channel.SMS, now=later)
    post_letters()
    newest = code_in(texts(gateway)[-1])
    with pytest.raises(NumberCodeWrong):
        confirm_number(judge, newest, now=later + timedelta(minutes=15))
    confirm_number(judge, newest, now=later + timedelta(minutes=14))
    assert is_confirmed(judge)


def test_a_code_is_bound_to_its_person_and_its_number(gateway: SmsServer, court: Organisation, judge: Person) -> None:
    other = make_person("other", Role.JUDGE, court)
    code, others = asked(gateway, judge), asked(gateway, other, SECOND)
    if code != others:  # one in a million they are the same
        with pytest.raises(NumberCodeWrong):
            confirm_number(judge, others, now=timezone.now())
    enter(judge, SECOND)
    with pytest.raises(NumberCodeWrong):
        confirm_number(judge, code, now=timezone.now())
    post_letters()
    confirm_number(judge, code_in(texts(gateway, SECOND)[-1]), now=timezone.now())
    enter(judge, FIRST)
    assert not is_confirmed(judge), "another number is asked anew"
    enter(judge, None)
    assert not AddressLetter.objects.exclude(sealed_code=None).filter(person=judge).exists(), "turned off, no code is good"
    with pytest.raises(NumberCodeWrong):
        confirm_number(judge, code, now=timezone.now())


def test_codes_are_sent_now_and_then_and_only_the_newest_counts(gateway: SmsServer, judge: Person) -> None:
    cache.clear()
    client, now = signed_in(judge), timezone.now()
    old = asked(gateway, judge)
    soon = client.post(f"{PAGE}/confirm", {"kind": "sms"})
    assert (soon.status_code, "Retry-After" in soon) == (429, True)
    for turn in range(1, MOST_TO_CONFIRM):
        assert ask_again(judge, Channel.SMS, now=now + turn * timedelta(minutes=2))
    post_letters()
    with pytest.raises(ConfirmationTooOften):
        ask_again(judge, Channel.SMS, now=now + timedelta(hours=1))
    newest = code_in(texts(gateway)[-1])
    at = now + (MOST_TO_CONFIRM - 1) * timedelta(minutes=2)
    if old != newest:
        with pytest.raises(NumberCodeWrong):
            confirm_number(judge, old, now=at)
    confirm_number(judge, newest, now=at)
    assert not ask_again(judge, Channel.SMS, now=at + timedelta(days=2)), "nothing waits"


def test_a_gateway_that_is_away_gets_the_same_code_again_until_it_is_no_good(gateway: SmsServer, judge: Person) -> None:
    gateway.fault = Fault.SERVER_ERROR
    enter(judge, FIRST)
    post_letters()
    letter = AddressLetter.objects.get(kind="code")
    assert (letter.outcome, letter.trouble, texts(gateway)) == ("", "sms-500", [])
    gateway.fault = Fault.WELL
    post_letters()
    confirm_number(judge, code_in(texts(gateway)[0]), now=timezone.now())
    enter(judge, SECOND)
    AddressLetter.objects.filter(outcome="").update(expires_at=timezone.now())
    post_letters()
    late = AddressLetter.objects.latest("id")
    assert (late.outcome, late.trouble, texts(gateway, SECOND)) == ("dropped", "expired", [])
    gateway.fault = Fault.REFUSES
    enter(judge, FIRST)
    post_letters()
    refused = AddressLetter.objects.latest("id")
    assert (refused.outcome, refused.trouble) == ("failed", "sms-number-refused")


def test_of_many_tries_at_once_no_more_than_five_count(gateway: SmsServer, judge: Person) -> None:
    code = asked(gateway, judge)

    def attempt(_number: int) -> bool:
        try:
            confirm_number(judge, wrong(code), now=timezone.now())
        except NumberCodeWrong:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert not any(pool.map(attempt, range(8)))
    assert AddressLetter.objects.get(kind="code").tries == MOST_TRIES


def test_a_number_from_before_gets_no_notice_until_it_is_confirmed(gateway: SmsServer, court: Organisation, judge: Person) -> None:
    enter(judge, FIRST)
    AddressLetter.objects.all().delete()
    Job.objects.all().delete()
    assert tell(court) == ("dropped", "address-unconfirmed")
    assert signed_in(judge).post(f"{PAGE}/confirm", {"kind": "sms"}).status_code == 302
    post_letters()
    confirm_number(judge, code_in(texts(gateway)[-1]), now=timezone.now())
    tell(court)
    assert len(gateway.taken) == 2


def test_nobody_types_a_code_without_a_session_of_both_factors(gateway: SmsServer, judge: Person) -> None:
    code = asked(gateway, judge)
    assert Client().post(f"{PAGE}/number", {"code": code})["Location"].startswith("/sign-in")
    assert not is_confirmed(judge)
