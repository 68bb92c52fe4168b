"""E-mail addresses are written to about notices once their holder said so, by the link of a letter that a real server took."""
import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.joining import set_active
from accounts.models import Organisation, Person
from accounts.permissions import Kind, Role
from common import jobs
from common.jobs import Job
from notifications.channels import channels_of, choose_channels
from notifications.confirming import ask_again, confirm_address, letter_with
from notifications.errors import AddressMalformed, ConfirmationInvalid, ConfirmationTooOften
from notifications.kinds import ORDER_WAITING
from notifications.letters import DAY, MOST_TO_CONFIRM, SEND_LETTER
from notifications.models import AddressLetter, Channel, Message
from notifications.noticing import SEND_MESSAGE, leave_notices
from notifications.posting import LINK_LASTS, forget_letters, send_address_letter
from notifications.schedule import KEPT, MESSAGE_ATTEMPTS
from notifications.sealing import place_of_channel, seal_secret
from tests.accounts.people import Browser, make_organisation, make_person, signed_in
from tests.databases import Template
from tests.evidence.letting_in import FORM, apply_now, decision, operators
from tests.notifications.addresses import confirmed, link_in, post_letters, read
from tests.postboxes import Postbox
from tests.repository.free_ports import free_ports

FIRST, SECOND = "judge@court.example", "judge@elsewhere.example"
PAGE = "/account/notifications"


@pytest.fixture
def court(service: str) -> Organisation:
    return make_organisation(Kind.COURT, "示例法院")


@pytest.fixture
def judge(court: Organisation) -> Person:
    return make_person("judge-of-the-tests", Role.JUDGE, court)


def enter(person: Person, address: str | None, language: str = "zh-hans") -> None:
    choose_channels(person, {} if address is None else {"email": address}, language=language, now=timezone.now())


def asked(postbox: Postbox, person: Person, address: str = FIRST) -> str:
    """The person entered this address: the path of the link that came there."""
    enter(person, address)
    post_letters()
    assert postbox.letters[-1].rcpt_tos == [address]
    return link_in(postbox.letters[-1])


def is_confirmed(person: Person) -> bool:
    return Channel.objects.get(person=person, kind="email").confirmed_at is not None


def tell(court: Organisation) -> tuple[str, str]:
    """A notice is left and its messages are sent: what became of the newest."""
    leave_notices([court.pk], kind=ORDER_WAITING, subject="5" * 32, now=timezone.now())
    for job in Job.objects.filter(kind=SEND_MESSAGE, done_at=None):
        jobs.run_job(job.pk)
    message = Message.objects.latest("id")
    return message.outcome, message.trouble


def later(**ago: int) -> None:
    """All letters were made that much earlier."""
    for letter in AddressLetter.objects.all():
        AddressLetter.objects.filter(pk=letter.pk).update(created_at=letter.created_at - timedelta(**ago))


def test_no_notice_goes_to_an_address_before_a_button_is_pressed_behind_its_link(
    postbox: Postbox, court: Organisation, judge: Person, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://evidence.example"
    client = signed_in(judge)
    assert client.post(PAGE, {"email": "on", "email_address": FIRST})["Location"] == PAGE
    post_letters()
    assert tell(court) == ("dropped", "address-unconfirmed")
    [envelope] = postbox.letters
    subject, text = read(envelope)
    link = link_in(envelope)
    assert subject == "[Cunzheng 存证] 请确认此邮箱"
    assert f"https://evidence.example{link}" in text
    for personal in (judge.display_name, judge.login, court.name, FIRST):
        assert personal not in subject + text
    assert "待确认" in client.get(PAGE).content.decode()
    # A scanner of mail opens links, and presses nothing.
    for scanner in (Client(), Client(headers={"User-Agent": "scanner"})):
        seen: Any = scanner.get(link)
        assert (seen.status_code, is_confirmed(judge)) == (200, False)
        assert seen["X-Robots-Tag"] == "noindex"
        assert "no-store" in seen["Cache-Control"]
        assert scanner.head(link).status_code in (200, 405)
        for personal in (judge.display_name, judge.login, court.name, FIRST):
            assert personal not in seen.content.decode()
    assert not is_confirmed(judge)
    browser = Browser()
    done = browser.post(link, page=link)
    assert (done.status_code, "邮箱已确认" in done.content.decode()) == (200, True)
    assert is_confirmed(judge)
    assert "已确认" in client.get(PAGE).content.decode()
    assert tell(court) == ("sent", "")
    assert postbox.letters[-1].rcpt_tos == [FIRST]


def test_a_form_without_its_token_confirms_nothing(postbox: Postbox, judge: Person) -> None:
    link = asked(postbox, judge)
    assert Client(enforce_csrf_checks=True).post(link).status_code == 403
    assert not is_confirmed(judge)


def test_a_session_that_lacks_its_second_factor_may_press_the_button_and_gains_nothing(postbox: Postbox, judge: Person) -> None:
    link, browser = asked(postbox, judge), Browser(judge.login)
    signed_in(judge)  # a second factor is set up
    browser.give_password()
    assert browser.post(link, page=link).status_code == 200
    assert is_confirmed(judge)
    assert browser.get(PAGE).status_code == 302


def test_the_letter_speaks_the_language_of_whoever_entered_the_address(postbox: Postbox, judge: Person) -> None:
    enter(judge, FIRST, "en")
    post_letters()
    subject, text = read(postbox.letters[-1])
    assert subject == "[Cunzheng 存证] Please confirm this address"
    assert "good for 3 days" in text
    confirmed(judge)
    enter(judge, None)
    post_letters()
    assert read(postbox.letters[-1])[0] == "[Cunzheng 存证] This address is no longer used for notices"


def test_a_link_works_once_for_its_time_and_the_row_holds_no_link(postbox: Postbox, judge: Person) -> None:
    link = asked(postbox, judge)
    token = link.rpartition("/")[2]
    letter = AddressLetter.objects.get()
    assert bytes(letter.token_sha256 or b"") == hashlib.sha256(token.encode()).digest()
    assert letter.expires_at is not None
    assert abs(letter.expires_at - timezone.now() - LINK_LASTS) < timedelta(minutes=1)
    assert not [value for value in AddressLetter.objects.values().get().values() if token in str(value) or FIRST in str(value)]
    with pytest.raises(ConfirmationInvalid):
        letter_with(token, now=letter.expires_at)
    with pytest.raises(ConfirmationInvalid):
        confirm_address(token, now=letter.expires_at)
    assert not is_confirmed(judge)
    for wrong in ("x", "A" * 43, token[:-1], token + "A", "%00"):
        assert Client().post(f"{PAGE}/confirm/{wrong}").status_code == 404
    assert Client().post(link).status_code == 200
    again: Any = Client().get(link)
    assert (again.status_code, "confirmation-invalid" in again.content.decode()) == (404, True)
    Channel.objects.update(confirmed_at=None)
    assert Client().post(link).status_code == 404
    assert not is_confirmed(judge)


def test_a_link_is_bound_to_its_person_and_its_address(postbox: Postbox, court: Organisation, judge: Person) -> None:
    link = asked(postbox, judge)
    asked(postbox, judge, SECOND)
    assert Client().post(link).status_code == 404
    assert not is_confirmed(judge)
    # Even where the row of the link was left as it was: it is held against the address.
    newest = postbox.letters[-1]
    Channel.objects.filter(person=judge).update(sealed_address=seal_secret(FIRST.encode(), place_of_channel(judge.pk, "email")))
    assert Client().post(link_in(newest)).status_code == 404
    assert not is_confirmed(judge)
    other = make_person("other", Role.JUDGE, court)
    theirs = asked(postbox, other)
    assert Client().post(theirs).status_code == 200
    assert (is_confirmed(other), is_confirmed(judge)) == (True, False)


def test_whoever_left_or_closed_the_channel_confirms_nothing(postbox: Postbox, judge: Person) -> None:
    link = asked(postbox, judge)
    set_active(judge.login, active=False, now=timezone.now())
    assert Client().post(link).status_code == 404
    set_active(judge.login, active=True, now=timezone.now())
    enter(judge, None)
    assert Client().post(link).status_code == 404
    enter(judge, FIRST)
    assert not is_confirmed(judge)


def test_a_change_needs_a_new_yes_and_the_address_that_was_confirmed_is_told(postbox: Postbox, court: Organisation, judge: Person) -> None:
    assert Client().post(asked(postbox, judge)).status_code == 200
    enter(judge, FIRST, "en")
    post_letters()
    assert is_confirmed(judge), "the same address again is no change"
    assert len(postbox.letters) == 1
    enter(judge, SECOND)
    post_letters()
    assert not is_confirmed(judge)
    told, question = (next(each for each in postbox.letters[1:] if each.rcpt_tos == [address]) for address in (FIRST, SECOND))
    assert link_in(question)
    subject, text = read(told)
    assert subject == "[Cunzheng 存证] This address is no longer used for notices", "in the language that was chosen last for it"
    for personal in (judge.display_name, judge.login, court.name, SECOND):
        assert personal not in text
    assert tell(court) == ("dropped", "address-unconfirmed")
    enter(judge, "third@court.example")
    post_letters()
    assert [each.rcpt_tos for each in postbox.letters].count([SECOND]) == 1, "nobody said that it was his"


def test_an_address_that_is_turned_off_is_told_so(postbox: Postbox, judge: Person) -> None:
    assert Client().post(asked(postbox, judge)).status_code == 200
    signed_in(judge).post(PAGE, {})
    post_letters()
    assert channels_of(judge) == {}
    assert [each.rcpt_tos for each in postbox.letters] == [[FIRST], [FIRST]]
    assert "不再用于接收通知" in read(postbox.letters[-1])[0]


def test_a_letter_can_be_asked_for_again_now_and_then_and_the_newest_link_works(postbox: Postbox, judge: Person) -> None:
    client, first = signed_in(judge), asked(postbox, judge)
    soon: Any = client.post(f"{PAGE}/confirm")
    assert (soon.status_code, soon["Retry-After"], "confirmation-too-often" in soon.content.decode()) == (429, "60", True)
    for _ in range(MOST_TO_CONFIRM - 1):
        later(minutes=2)
        assert client.post(f"{PAGE}/confirm")["Location"] == PAGE
        post_letters()
    assert len(postbox.letters) == MOST_TO_CONFIRM
    later(minutes=2)
    many: Any = client.post(f"{PAGE}/confirm")
    assert many.status_code == 429
    assert DAY.total_seconds() - 1000 < int(many["Retry-After"]) < DAY.total_seconds()
    assert Client().post(first).status_code == 404
    assert Client().post(link_in(postbox.letters[-1])).status_code == 200
    assert client.post(f"{PAGE}/confirm").status_code == 302, "there is nothing left to confirm"
    assert not ask_again(make_person("other", Role.JUDGE), now=timezone.now())
    assert AddressLetter.objects.count() == MOST_TO_CONFIRM


def test_whoever_types_address_after_address_writes_to_few_and_loses_nothing(postbox: Postbox, judge: Person) -> None:
    for number in range(MOST_TO_CONFIRM):
        enter(judge, f"stranger{number}@court.example")
    before = list(Channel.objects.values())
    with pytest.raises(ConfirmationTooOften):
        enter(judge, "one-more@court.example")
    answer: Any = signed_in(judge).post(PAGE, {"email": "on", "email_address": "one-more@court.example"})
    assert answer.status_code == 429
    assert list(Channel.objects.values()) == before
    post_letters()
    assert [each.rcpt_tos for each in postbox.letters] == [[f"stranger{MOST_TO_CONFIRM - 1}@court.example"]], "the others were overtaken"
    later(hours=25)
    enter(judge, "one-more@court.example")


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What each answered, begun together on connections of their own."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        start.wait()
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result() for each in [pool.submit(run, act) for act in acts]]


def test_of_many_who_press_at_once_one_confirms(postbox: Postbox, judge: Person) -> None:
    link = asked(postbox, judge)
    assert sorted(at_once(*[lambda: Client().post(link).status_code] * 4), key=str) == [200, 404, 404, 404]
    assert AddressLetter.objects.get().used_at is not None


def test_a_link_that_races_with_a_change_never_confirms_the_other_address(postbox: Postbox, judge: Person) -> None:
    for number in range(4):
        later(hours=25)
        link = asked(postbox, judge, f"first{number}@court.example")
        pressed, _ = at_once(lambda path=link: Client().post(path).status_code,  # type: ignore[misc]
                             lambda typed=f"second{number}@court.example": enter(judge, typed))  # type: ignore[misc]
        assert pressed in (200, 404)
        assert not is_confirmed(judge)
        post_letters()
        told = [each.rcpt_tos for each in postbox.letters].count([f"first{number}@court.example"]) - 1
        assert told == (1 if pressed == 200 else 0)


def test_a_letter_stands_and_falls_with_the_choice(judge: Person) -> None:
    with transaction.atomic():
        enter(judge, FIRST)
        transaction.set_rollback(True)
    with pytest.raises(AddressMalformed):
        enter(judge, "wrong")
    assert (AddressLetter.objects.count(), Job.objects.filter(kind=SEND_LETTER).count()) == (0, 0)


def test_a_letter_that_the_server_does_not_take_is_tried_again_with_another_link(postbox: Postbox, judge: Person) -> None:
    enter(judge, FIRST)
    postbox.answer_data = "452 Full"
    post_letters()
    letter = AddressLetter.objects.get()
    digest = bytes(letter.token_sha256 or b"")
    assert (letter.outcome, letter.trouble, letter.attempts) == ("", "mail-452", 1)
    with pytest.raises(jobs.RunAgain):
        send_address_letter(letter.pk)
    postbox.answer_data = ""
    post_letters()
    send_address_letter(letter.pk)
    letter.refresh_from_db()
    assert (letter.outcome, letter.attempts, len(postbox.letters)) == ("sent", 2, 1)
    assert bytes(letter.token_sha256 or b"") != digest
    assert Client().post(link_in(postbox.letters[0])).status_code == 200


def test_a_letter_ends_when_it_is_refused_or_the_server_stays_away(postbox: Postbox, judge: Person, settings: Settings) -> None:
    enter(judge, FIRST)
    postbox.answer_rcpt = "550 No such mailbox"
    post_letters()
    assert AddressLetter.objects.values_list("outcome", "trouble").get() == ("failed", "mail-550")
    settings.EMAIL_PORT = free_ports(1)[0]
    enter(judge, SECOND)
    for _ in range(MESSAGE_ATTEMPTS):
        post_letters()
    letter = AddressLetter.objects.latest("id")
    assert (letter.outcome, letter.trouble, letter.attempts) == ("failed", "mail-ConnectionRefusedError", MESSAGE_ATTEMPTS)
    assert not Job.objects.filter(kind=SEND_LETTER, done_at=None).exists()


def test_a_letter_is_not_sent_for_an_address_that_is_confirmed_changed_or_nobodys_any_more(postbox: Postbox, judge: Person) -> None:
    enter(judge, FIRST)
    confirmed(judge)
    post_letters()
    assert AddressLetter.objects.values_list("outcome", "trouble").get() == ("dropped", "not-concerned")
    enter(judge, SECOND)
    set_active(judge.login, active=False, now=timezone.now())
    post_letters()
    assert [each.rcpt_tos for each in postbox.letters] == [[FIRST]], "that it is used no longer"


def test_letters_are_forgotten_a_month_after_their_end(postbox: Postbox, judge: Person) -> None:
    asked(postbox, judge)
    assert forget_letters(now=timezone.now() + KEPT - timedelta(hours=1)) == 0
    assert forget_letters(now=timezone.now() + KEPT + timedelta(hours=1)) == 1
    assert (AddressLetter.objects.count(), Job.objects.filter(kind=SEND_LETTER).count()) == (0, 0)


def test_an_applicant_is_told_in_both_languages_that_there_is_a_result_and_not_which(postbox: Postbox) -> None:
    cache.clear()  # nobody has applied yet
    client = signed_in(operators()[0])
    _, application = apply_now()
    assert decision(client, application, to="refuse", reason="授权书未盖章", letter_sealed="").status_code == 302
    post_letters()
    [envelope] = postbox.letters
    assert envelope.rcpt_tos == [FORM["contact_email"]]
    subject, text = read(envelope)
    assert subject == "[Cunzheng 存证] 准入申请有了结果 · An application has a result"
    assert text.count(application.reference) == 2
    for secret in ("授权书未盖章", "未通过", "refuse", FORM["name"], FORM["administrator_name"], FORM["credit_code"], "/apply/status/"):
        assert secret not in subject + text


def test_addresses_from_before_are_asked_when_the_service_is_upgraded(
    postbox: Postbox, judge: Person, database: str, database_template: Template, var_dir: Path
) -> None:
    database_template.migrate(database, var_dir, "notifications", "0004")
    with connection.cursor() as cursor:
        for kind, address in (("email", FIRST), ("sms", "15400000001")):
            cursor.execute(
                "INSERT INTO notifications_channel (person_id, kind, sealed_address, language, changed_at) VALUES (%s, %s, %s, %s, %s)",
                [judge.pk, kind, seal_secret(address.encode(), place_of_channel(judge.pk, kind)), "en", timezone.now()])
    database_template.migrate(database, var_dir)
    assert not is_confirmed(judge)
    post_letters()
    [envelope] = postbox.letters
    assert (envelope.rcpt_tos, read(envelope)[0]) == ([FIRST], "[Cunzheng 存证] Please confirm this address")
    assert Client().post(link_in(envelope)).status_code == 200
    assert is_confirmed(judge)
