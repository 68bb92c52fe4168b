"""E-mail and SMS about notices: to a real mail server and to the sandbox's gateway, with every way in which those may fail.

What a message says is looked at where it arrives.
"""
import ipaddress
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.joining import set_active
from accounts.models import Organisation, Person
from accounts.permissions import Kind, Role
from common import jobs
from common.bounded_http import Limits
from common.jobs import Job
from common.key_files import key_path, make_seed
from config import env
from notifications import messages
from notifications.channels import channels_of, choose_channels
from notifications.errors import AddressMalformed, NumberMalformed
from notifications.kinds import KINDS, ORDER_WAITING, WEBHOOK_GONE
from notifications.messages import forget_messages, send_message
from notifications.models import AddressLetter, Channel, Message, Notice
from notifications.noticing import SEND_MESSAGE, leave_notices
from notifications.schedule import KEPT, MESSAGE_ATTEMPTS, MESSAGE_PAUSES, MOST_A_DAY, QUESTION_PAUSES
from notifications.sealing import KEY
from sandbox.sms import SECRET, Fault, SmsServer
from tests.accounts.people import make_organisation, make_person, signed_in
from tests.databases import ROOT
from tests.notifications.addresses import confirmed
from tests.postboxes import Postbox
from tests.repository.free_ports import free_ports

ADDRESS, NUMBER = "judge@court.example", "15400000001"


@pytest.fixture
def gateway(service: str, settings: Settings) -> Iterator[SmsServer]:
    server = SmsServer(("127.0.0.1", 0), delay_s=60)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    settings.SMS_URL, settings.SMS_SECRET = server.url, SECRET
    yield server
    server.stop()
    thread.join()


@pytest.fixture(autouse=True)
def nothing_rests() -> None:
    messages.RESTING.clear()


@pytest.fixture
def court(service: str) -> Organisation:
    return make_organisation(Kind.COURT, "示例法院")


@pytest.fixture
def judge(court: Organisation) -> Person:
    return make_person("judge-of-the-tests", Role.JUDGE, court)


def choose(person: Person, language: str = "zh-hans", **wanted: str) -> None:
    """His address counts as confirmed: how that comes about is looked at in `test_addresses.py`."""
    choose_channels(person, wanted, language=language, now=timezone.now())
    confirmed(person)


def leave(court: Organisation, count: int = 3) -> Notice:
    leave_notices([court.pk], kind=ORDER_WAITING, subject="5" * 32, count=count, now=timezone.now())
    return Notice.objects.latest("id")


def run() -> Message:
    """Run every message's job as if its time had come; the newest message."""
    for job in Job.objects.filter(kind=SEND_MESSAGE, done_at=None):
        Message.objects.filter(pk=job.subject_id).update(next_attempt_at=timezone.now())
        Job.objects.filter(pk=job.pk).update(next_attempt_at=timezone.now())
        jobs.run_job(job.pk)
    return Message.objects.latest("id")


def result(message: Message) -> tuple[str, str]:
    return message.outcome, message.trouble


@pytest.mark.parametrize(("language", "says"), [("zh-hans", "有调取令等待确认或启用。（3 件）"), ("en", "(3 cases)")])
def test_a_letter_says_what_sort_of_thing_where_and_nothing_personal(
    postbox: Postbox, court: Organisation, judge: Person, settings: Settings, language: str, says: str
) -> None:
    settings.PUBLIC_URL = "https://evidence.example"
    choose(judge, language, email=ADDRESS)
    notice = leave(court)
    message = run()
    run()
    assert result(message) == ("sent", "")
    [envelope] = postbox.letters
    assert envelope.rcpt_tos == [ADDRESS]
    assert isinstance(envelope.content, bytes)
    letter = message_from_bytes(envelope.content, policy=policy.default)
    body = letter.get_body()
    assert body is not None
    text = body.get_content()
    assert says in text
    assert says in letter["Subject"]
    assert "https://evidence.example/inbox" in text
    assert notice.ref in text
    for personal in (judge.display_name, judge.login, court.name, "5" * 32):
        assert personal not in text + letter["Subject"]
    assert letter["Message-ID"] == f"<{message.ref}@evidence.example>"
    assert letter["Auto-Submitted"] == "auto-generated"


def test_a_suspended_organisation_is_told_of_that_and_of_nothing_else(postbox: Postbox, court: Organisation, judge: Person) -> None:
    choose(judge, email=ADDRESS)
    leave(court)
    Organisation.objects.filter(pk=court.pk).update(status=Organisation.Status.SUSPENDED)
    assert result(run()) == ("dropped", "organisation-suspended")
    assert postbox.letters == []


def test_who_chose_nothing_is_not_concerned_or_has_left_gets_nothing(postbox: Postbox, court: Organisation, judge: Person) -> None:
    clerk, gone = make_person("clerk", Role.COURT_CLERK, court), make_person("gone", Role.JUDGE, court)
    late, stranger = make_person("late", Role.JUDGE, court), make_person("stranger", Role.JUDGE)
    for person in (clerk, gone, late, stranger):
        choose(person, email=f"{person.login}@court.example")
    set_active("gone", active=False, now=timezone.now())
    leave(court)
    assert list(Message.objects.values_list("person__login", flat=True)) == ["late"]
    late.memberships.update(until=timezone.now() + timedelta(seconds=1))
    assert result(run()) == ("dropped", "not-concerned")
    leave(court)
    choose(judge, email=ADDRESS)
    leave(court)
    choose(judge)
    assert result(run()) == ("dropped", "channel-closed")
    assert postbox.letters == []
    assert Channel.objects.filter(person=judge).count() == 0


def test_a_message_stands_and_falls_with_what_it_tells_of(court: Organisation, judge: Person) -> None:
    choose(judge, email=ADDRESS)
    with transaction.atomic():
        leave(court)
        transaction.set_rollback(True)
    assert (Notice.objects.count(), Message.objects.count(), Job.objects.filter(kind=SEND_MESSAGE).count()) == (0, 0, 0)


@pytest.mark.parametrize(("where", "answer", "expected"), [
    ("answer_rcpt", "550 No such mailbox", ("failed", "mail-550")), ("answer_data", "554 Refused", ("failed", "mail-554")),
    ("answer_rcpt", "451 Later", ("", "mail-451")), ("answer_data", "452 Full", ("", "mail-452")),
    ("answer_mail", "530 Sign in first", ("", "mail-530")), ("answer_mail", "550 No such sender", ("", "mail-550"))])
def test_a_server_that_refuses_is_believed_and_one_that_is_busy_is_asked_again(
    postbox: Postbox, court: Organisation, judge: Person, where: str, answer: str, expected: tuple[str, str]
) -> None:
    choose(judge, email=ADDRESS)
    leave(court)
    setattr(postbox, where, answer)
    assert result(run()) == expected
    setattr(postbox, where, "")
    assert result(run()) == (("sent", "") if not expected[0] else expected)
    assert len(postbox.letters) == (0 if expected[0] else 1)


def test_a_server_that_stays_away_is_tried_on_a_schedule_that_ends(court: Organisation, judge: Person, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_ports(1)[0]
    choose(judge, email=ADDRESS)
    leave(court)
    message, waits = Message.objects.get(), []
    for _ in range(MESSAGE_ATTEMPTS):
        now = timezone.now()
        message = run()
        waits.append(round((message.next_attempt_at - now).total_seconds()))
    assert result(message) == ("failed", "mail-ConnectionRefusedError")
    assert message.attempts == MESSAGE_ATTEMPTS
    assert waits[:-1] == [pytest.approx(pause.total_seconds(), abs=5) for pause in MESSAGE_PAUSES[1:]]
    assert Job.objects.get(kind=SEND_MESSAGE).done_at is not None


def test_a_message_that_is_not_due_waits_and_two_workers_send_one_letter(postbox: Postbox, court: Organisation, judge: Person) -> None:
    choose(judge, email=ADDRESS)
    leave(court)
    message = Message.objects.get()
    Message.objects.update(next_attempt_at=timezone.now() + timedelta(hours=1))
    with pytest.raises(jobs.RunAgain):
        send_message(message.pk)
    assert postbox.letters == []
    run()
    send_message(message.pk)
    assert len(postbox.letters) == 1


def test_whoever_is_told_too_often_finds_the_rest_in_the_inbox(postbox: Postbox, court: Organisation, judge: Person) -> None:
    choose(judge, email=ADDRESS)
    for _ in range(MOST_A_DAY + 2):
        leave(court)
    run()
    assert len(postbox.letters) == MOST_A_DAY
    assert Message.objects.filter(outcome="dropped", trouble="too-many-today").count() == 2


def test_an_sms_says_that_there_is_something_and_its_fate_is_asked_for(
    gateway: SmsServer, court: Organisation, judge: Person, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://evidence.example"
    choose(judge, sms="+86 154-0000-0001")
    notice = leave(court)
    assert result(run()) == ("", "")
    assert result(run()) == ("sent", "")
    [taken] = gateway.taken.values()
    assert taken.to == NUMBER
    assert taken.text == f"【存证】您有一条新通知（{notice.ref[:8]}），请登录 evidence.example 查看。"
    assert not re.search("司法|法院|公检法|立案|强制执行", taken.text)
    assert len(taken.text) <= 70, "one part"


@pytest.mark.parametrize(("fault", "expected"), [
    (Fault.REFUSES, ("failed", "sms-number-refused")), (Fault.SERVER_ERROR, ("", "sms-500")), (Fault.GARBAGE, ("", "sms-answer")),
    (Fault.REDIRECT, ("", "sms-redirect"))])
def test_a_gateway_that_misbehaves_is_tried_again_unless_it_refuses(
    gateway: SmsServer, court: Organisation, judge: Person, fault: Fault, expected: tuple[str, str]
) -> None:
    choose(judge, sms=NUMBER)
    leave(court)
    gateway.fault = fault
    assert result(run()) == expected
    gateway.fault = Fault.WELL
    run()
    assert result(run()) == (expected if expected[0] else ("sent", ""))
    assert len(gateway.taken) == (0 if expected[0] else 1)


def test_a_slow_gateway_holds_nobody_longer_than_the_deadline(
    gateway: SmsServer, court: Organisation, judge: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.sms.LIMITS", Limits(timeout_s=0.5, max_bytes=4096))
    monkeypatch.setattr("notifications.messages.SLOW_S", 0.3)
    choose(judge, sms=NUMBER)
    for _ in range(5):
        leave(court)
    gateway.fault = Fault.SLOW
    run()
    assert gateway.requests == 1, "the others wait until the gateway has rested"
    assert sorted(Message.objects.values_list("trouble", "attempts")) == [("", 0)] * 4 + [("sms-timeout", 1)]
    messages.RESTING.clear()
    gateway.fault = Fault.WELL
    run()
    assert len(gateway.taken) == 5


def test_what_a_gateway_took_may_fail_later_or_stay_unknown(gateway: SmsServer, court: Organisation, judge: Person) -> None:
    choose(judge, sms=NUMBER)
    leave(court)
    run()
    gateway.fault = Fault.FAILS_LATER
    assert result(run()) == ("failed", "sms-not-delivered")
    gateway.fault = Fault.NEVER_KNOWS
    leave(court)
    outcomes = [run().outcome for _ in range(len(QUESTION_PAUSES) + 1)]
    assert outcomes == [""] * len(QUESTION_PAUSES) + ["accepted"]
    gateway.fault = Fault.WELL
    leave(court)
    run()
    gateway.fault = Fault.SERVER_ERROR
    assert result(run()) == ("", "sms-500")


def test_what_a_gateway_took_is_not_called_unsent_when_its_person_left(gateway: SmsServer, court: Organisation, judge: Person) -> None:
    choose(judge, sms=NUMBER)
    leave(court)
    run()
    assert len(gateway.taken) == 1
    set_active(judge.login, active=False, now=timezone.now())
    Channel.objects.filter(person=judge).delete()
    assert result(run()) == ("sent", "")


def test_a_choice_that_a_lost_key_sealed_is_none_and_is_made_again(postbox: Postbox, judge: Person) -> None:
    """`docs/operations.md`: a lost key file makes addresses unreadable, and people choose again."""
    choose(judge, email=ADDRESS)
    path = key_path(KEY)
    path.unlink()
    assert make_seed(path)
    assert channels_of(judge) == {}
    client = signed_in(judge)
    assert client.get("/account/notifications").status_code == 200
    assert client.post("/account/notifications", {"email": "on", "email_address": ADDRESS})["Location"] == "/account/notifications"
    assert channels_of(judge) == {"email": ADDRESS}
    assert Channel.objects.get(person=judge).confirmed_at is None
    assert not AddressLetter.objects.filter(kind=AddressLetter.REPLACED).exists(), "nobody can read where that letter would go"


def test_a_gateway_that_knows_another_secret_or_stands_inside_gets_nothing(
    gateway: SmsServer, court: Organisation, judge: Person, settings: Settings
) -> None:
    choose(judge, sms=NUMBER)
    leave(court)
    settings.OUTGOING_NETWORKS = ()
    assert result(run()) == ("", "sms-forbidden-address")
    assert gateway.requests == 0
    settings.OUTGOING_NETWORKS = (ipaddress.ip_network("127.0.0.0/8"),)
    gateway.key = b"another"
    assert result(run()) == ("", "sms-401")
    assert gateway.taken == {}


def test_sms_is_offered_only_where_there_is_a_gateway(service: str, judge: Person, settings: Settings) -> None:
    settings.SMS_URL = settings.SMS_SECRET = ""
    choose(judge, sms=NUMBER, email=ADDRESS)
    assert channels_of(judge) == {"email": ADDRESS}
    assert 'name="sms"' not in signed_in(judge).get("/account/notifications").content.decode()


def test_addresses_are_judged_sealed_and_deleted(gateway: SmsServer, judge: Person) -> None:
    for wrong in ("", "x", "a@b", "a b@c.de", "a@c.de\nBcc: x@y.zz", "@c.de", "a@" + "c" * 300 + ".de"):
        with pytest.raises(AddressMalformed):
            choose(judge, email=wrong)
    for wrong in ("", "12345678901", "1380013800", "138001380000", "+1 138 0013 8000"):
        with pytest.raises(NumberMalformed):
            choose(judge, sms=wrong)
    choose(judge, email=ADDRESS, sms=NUMBER)
    sealed = b"".join(bytes(each.sealed_address) for each in Channel.objects.all())
    assert ADDRESS.encode() not in sealed
    assert NUMBER.encode() not in sealed
    choose(judge, email=ADDRESS)
    assert channels_of(judge) == {"email": ADDRESS}


def test_the_page_keeps_the_choice_of_whoever_asks_and_shows_what_became_of_messages(
    postbox: Postbox, court: Organisation, judge: Person
) -> None:
    client, other = signed_in(judge), signed_in(make_person("other", Role.JUDGE, court))
    assert client.post("/account/notifications", {"email": "on", "email_address": "wrong"}).status_code == 422
    answer = client.post("/account/notifications", {"email": "on", "email_address": ADDRESS})
    assert answer["Location"] == "/account/notifications"
    confirmed(judge)
    leave(court)
    run()
    page = client.get("/account/notifications").content.decode()
    assert ADDRESS in page
    assert "已送出" in page
    assert Notice.objects.get().ref in page
    assert ADDRESS not in other.get("/account/notifications").content.decode()
    client.post("/account/notifications", {})
    assert channels_of(judge) == {}
    assert "通知方式" in client.get("/account").content.decode()


def test_what_ended_a_month_ago_is_forgotten_with_its_job(postbox: Postbox, court: Organisation, judge: Person) -> None:
    choose(judge, email=ADDRESS)
    leave(court)
    run()
    assert forget_messages(now=timezone.now() + KEPT - timedelta(hours=1)) == 0
    assert forget_messages(now=timezone.now() + KEPT + timedelta(hours=1)) == 1
    assert (Message.objects.count(), Job.objects.filter(kind=SEND_MESSAGE).count(), Notice.objects.count()) == (0, 0, 1)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_c2hvcnQ=", "secret", "whsec_" + "A" * 200, "whsec_*" + "A" * 40])
def test_a_secret_that_signs_nothing_ends_the_start_and_is_not_quoted(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNZHENG_SMS_SECRET", secret)
    with pytest.raises(ImproperlyConfigured) as refused:
        env.signing_secret("CUNZHENG_SMS_SECRET")
    assert str(refused.value) == "CUNZHENG_SMS_SECRET is not whsec_ and the base64 of 24 to 64 bytes."
    monkeypatch.setenv("CUNZHENG_SMS_SECRET", SECRET)
    assert env.signing_secret("CUNZHENG_SMS_SECRET") == SECRET


def test_each_kind_can_be_told_by_sms_without_a_word_that_is_not_allowed() -> None:
    assert WEBHOOK_GONE in KINDS
    assert not re.search("司法|公检法|立案通知|强制执行通知", "".join(str(about.sentence) for about in KINDS.values()))


def test_the_stand_in_starts_misbehaves_on_demand_and_refuses_a_taken_port() -> None:
    [port] = free_ports(1)
    words = [sys.executable, "-m", "sandbox.sms", "--port", str(port)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert f"CUNZHENG_SMS_URL=http://127.0.0.1:{port}/messages" in process.stdout.readline()
        taken = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
        assert taken.returncode == 1
        assert taken.stderr.startswith(f"The sandbox SMS gateway cannot start on port {port}: ")
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/control/refuses", data=b""), timeout=5) as answer:
            assert answer.status == 200
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            assert answer.read() == b"{}"
        process.terminate()
        assert process.wait(timeout=20) == 0
