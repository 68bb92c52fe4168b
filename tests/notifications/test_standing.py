"""Administrators learn that their organisation became active, was suspended, came back; operators, that an application was withdrawn."""
import re
from collections.abc import Sequence

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.errors import ActivationIncomplete, StatusUnreachable
from accounts.models import Organisation, Person
from accounts.permissions import Kind, Role
from accounts.replacing import Proposal
from common import jobs
from common.jobs import Job
from evidence.replacing import confirm_and_tell, propose_and_tell
from notifications import kinds
from notifications.channels import choose_channels
from notifications.messages import send_message
from notifications.models import AddressLetter, Message, Notice
from notifications.noticing import SEND_MESSAGE
from notifications.selectors import inbox_of
from notifications.standing import activate_and_tell, change_status_and_tell
from tests.accounts.people import make_organisation, make_person, membership_of, signed_in
from tests.cases.cast import viewer_of
from tests.evidence.letting_in import apply_now, decision, operators
from tests.notifications.addresses import confirmed, read
from tests.postboxes import Postbox


@pytest.fixture
def court(service: str) -> Organisation:
    return make_organisation(Kind.COURT, "示例法院")


@pytest.fixture
def admin(court: Organisation) -> Person:
    return make_person("admin-of-the-tests", Role.COURT_ADMIN, court)


def told(person: Person) -> Sequence[str]:
    return [notice.kind for notice in reversed(inbox_of(viewer_of(person)))]


def send() -> None:
    for job in Job.objects.filter(kind=SEND_MESSAGE, done_at=None):
        jobs.run_job(job.pk)


def test_administrators_learn_of_a_suspension_by_letter_and_of_both_in_the_inbox_when_they_are_back(
    postbox: Postbox, court: Organisation, admin: Person, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://evidence.example"
    judge, operator = make_person("judge", Role.JUDGE, court), make_person("ops", Role.OPERATOR)
    choose_channels(admin, {"email": "admin@court.example"}, language="zh-hans", now=timezone.now())
    choose_channels(judge, {"email": "judge@court.example"}, language="zh-hans", now=timezone.now())
    confirmed(admin)
    confirmed(judge)
    client, path = signed_in(operator), f"/organisations/{court.ref}/status"
    assert client.post(path, {"status": "suspended"}).status_code == 302
    assert signed_in(admin).get("/inbox").status_code == 403, "there is no inbox while it is suspended"
    send()
    [envelope] = postbox.letters
    assert envelope.rcpt_tos == ["admin@court.example"]
    subject, text = read(envelope)
    assert "停用了本机构" in subject
    assert "https://evidence.example/account" in text
    assert "/inbox" not in text
    account = signed_in(admin).get("/account")
    assert (account.status_code, "机构未启用" in account.content.decode()) == (200, True), "where the letter leads"
    assert client.post(path, {"status": "active"}).status_code == 302
    send()
    subject, again = read(postbox.letters[-1])
    assert "恢复了本机构" in subject
    assert "https://evidence.example/inbox" in again
    for personal in (admin.display_name, admin.login, court.name, court.ref, operator.display_name):
        assert personal not in text + again
    assert told(admin) == [kinds.ORGANISATION_SUSPENDED, kinds.ORGANISATION_REINSTATED]
    assert told(judge) == []
    assert len(postbox.letters) == 2


def test_a_letter_about_a_suspension_speaks_english_too(postbox: Postbox, court: Organisation, admin: Person) -> None:
    choose_channels(admin, {"email": "admin@court.example"}, language="en", now=timezone.now())
    confirmed(admin)
    change_status_and_tell(court, to="suspended", now=timezone.now())
    send()
    subject, text = read(postbox.letters[0])
    assert subject == "[Cunzheng 存证] The operator suspended your organisation; its members and API credentials cannot be used for now."
    assert not re.search("[一-鿿]", text.replace("存证", ""))


def test_auditors_have_no_administrator_and_learn_it_themselves(service: str) -> None:
    auditor = make_person("auditor", Role.AUDITOR)
    where = auditor.memberships.get().organisation
    change_status_and_tell(where, to="suspended", now=timezone.now())
    where.refresh_from_db()
    change_status_and_tell(where, to="active", now=timezone.now())
    assert told(auditor) == [kinds.ORGANISATION_SUSPENDED, kinds.ORGANISATION_REINSTATED]


def test_what_did_not_happen_to_an_organisation_is_not_told(court: Organisation, admin: Person) -> None:
    stale = Organisation.objects.get(pk=court.pk)
    with pytest.raises(ActivationIncomplete):
        activate_and_tell(court, now=timezone.now())
    with pytest.raises(StatusUnreachable):
        change_status_and_tell(court, to="active", now=timezone.now())
    change_status_and_tell(court, to="suspended", now=timezone.now())
    with pytest.raises(StatusUnreachable):
        change_status_and_tell(stale, to="suspended", now=timezone.now())
    assert list(Notice.objects.values_list("kind", flat=True)) == [kinds.ORGANISATION_SUSPENDED]
    assert Message.objects.count() == 0


def test_operators_learn_that_an_application_left_their_queue_and_the_applicant_what_they_decided(service: str) -> None:
    cache.clear()  # nobody has applied yet
    first, second = operators()
    where, application = apply_now()
    assert Client().post(f"{where}/withdraw").status_code == 302
    assert Client().post(f"{where}/withdraw").status_code == 409
    assert told(first) == told(second) == [kinds.APPLICATION_RECEIVED, kinds.APPLICATION_WITHDRAWN]
    assert Notice.objects.latest("id").subject == application.reference
    page = signed_in(second).get("/inbox").content.decode()
    assert f'href="/applications/{application.reference}"' in page
    assert AddressLetter.objects.count() == 0, "he knows what he did"
    _, passing = apply_now()
    one, two = signed_in(first), signed_in(second)
    decision(one, passing)
    assert AddressLetter.objects.count() == 0, "one pass decides nothing"
    decision(two, passing)
    _, refused = apply_now()
    decision(one, refused, to="refuse", letter_sealed="")
    assert decision(two, refused).status_code == 409
    decided = AddressLetter.objects.filter(kind="decided", person=None).order_by("id").values_list("application_id", flat=True)
    assert list(decided) == [passing.pk, refused.pk]


@pytest.mark.parametrize("suspended", [False, True])
def test_whoever_is_replaced_is_sent_word_of_it_also_while_the_organisation_is_suspended(
    suspended: bool, postbox: Postbox, court: Organisation, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://evidence.example"
    first, second = operators()
    gone = make_person("old@court.example", Role.COURT_ADMIN, court)
    choose_channels(gone, {"email": "old@court.example"}, language="zh-hans", now=timezone.now())
    confirmed(gone)
    if suspended:
        Organisation.objects.filter(pk=court.pk).update(status=Organisation.Status.SUSPENDED)
    proposal = Proposal("new@court.example", "新管理员", "来函并回访", replaces=str(membership_of(gone).pk))
    confirm_and_tell(propose_and_tell(court, proposal, by=first, now=timezone.now()), by=second, now=timezone.now())
    assert membership_of(gone).until is not None
    for message in Message.objects.filter(person=gone).order_by("id"):
        send_message(message.pk)
    sent = Message.objects.filter(person=gone).order_by("id").values_list("notice__kind", "outcome")
    assert list(sent) == [(kinds.ADMINISTRATOR_PROPOSED, Message.SENT), (kinds.ADMINISTRATOR_CHANGED, Message.SENT)]
    where = "/account" if suspended else "/inbox"
    assert [f"https://evidence.example{where}" in read(letter)[1] for letter in postbox.letters] == [True, True]
