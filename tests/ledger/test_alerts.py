"""Letters about incidents reach a real mail server, once each, in both languages; a server that is away only delays them."""
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from pytest_django import Settings

from common import jobs
from common.jobs import Job
from config import env
from ledger.incidents import FORK, MAIL_INCIDENT, end_incident, open_incident
from tests.postboxes import receiving

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class Postbox:
    """A mail server's handler that keeps what it takes, and takes nothing while `full`."""

    def __init__(self) -> None:
        self.letters: list[Envelope] = []
        self.full = False

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.full:
            return "452 Insufficient system storage"
        self.letters.append(envelope)
        return "250 OK"


@pytest.fixture
def postbox(service: str, settings: Settings) -> Iterator[Postbox]:
    box = Postbox()
    settings.ALERT_MAIL = ["duty@log.example", "head@log.example"]
    with receiving(box, settings):
        yield box


def run_mail_jobs() -> None:
    for job in Job.objects.filter(kind=MAIL_INCIDENT, done_at=None):
        Job.objects.filter(pk=job.pk).update(next_attempt_at=NOW)
        jobs.run_job(job.pk)


def test_an_incident_is_told_once_to_everyone_in_both_languages(postbox: Postbox, settings: Settings) -> None:
    open_incident(FORK, "size 300", {"size": 300}, now=NOW)
    open_incident(FORK, "size 300", {"size": 300}, now=NOW)
    run_mail_jobs()
    run_mail_jobs()
    [letter] = postbox.letters
    assert letter.rcpt_tos == settings.ALERT_MAIL
    message = message_from_bytes(letter.content or b"", policy=policy.default)  # type: ignore[arg-type]
    assert message["Subject"] == "[Cunzheng 存证] fork: size 300"
    text = message.get_content()
    for part in ("同一日志密钥签署了互相矛盾的历史。", "One log key signed histories that contradict each other.", "size: 300",
                 "2026-11-23 08:00:00 UTC", f"{settings.PUBLIC_URL}/#incidents"):
        assert part in text


def test_the_next_episode_is_told_again(postbox: Postbox) -> None:
    open_incident(FORK, "size 300", {}, now=NOW)
    end_incident(FORK, "size 300", how="seen", now=NOW)
    open_incident(FORK, "size 300", {}, now=NOW)
    run_mail_jobs()
    assert len(postbox.letters) == 2


def test_a_full_or_dead_mail_server_delays_the_letter_and_nothing_else(postbox: Postbox, settings: Settings) -> None:
    postbox.full = True
    assert open_incident(FORK, "size 300", {}, now=NOW) is not None
    run_mail_jobs()
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
    run_mail_jobs()
    job = Job.objects.get(kind=MAIL_INCIDENT)
    assert (job.done_at, job.attempts, job.last_error) == (None, 2, "mail: ConnectionRefusedError")
    postbox.full, settings.EMAIL_PORT = False, port
    run_mail_jobs()
    assert len(postbox.letters) == 1


def test_without_an_address_there_is_no_letter(postbox: Postbox, settings: Settings) -> None:
    settings.ALERT_MAIL = []
    open_incident(FORK, "size 300", {}, now=timezone.now())
    assert not Job.objects.filter(kind=MAIL_INCIDENT).exists()


@pytest.mark.parametrize(("url", "server"), [
    ("smtp://mail.example", ("mail.example", 25, "", "", False, False)),
    ("smtp+tls://us%40er:p%2Fw@mail.example", ("mail.example", 587, "us@er", "p/w", False, True)),
    ("smtps://mail.example:4465", ("mail.example", 4465, "", "", True, False)),
])
def test_a_mail_server_is_one_address(url: str, server: tuple[object, ...]) -> None:
    assert tuple(env.mail_server(url)) == server


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", ""])
def test_another_address_is_refused_by_name(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="CUNZHENG_SMTP"):
        env.mail_server(url)
