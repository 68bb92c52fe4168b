"""E-mail addresses in tests: confirmed without ado where a test is about something else; letters read and links found where it is not."""
import re
from email import message_from_bytes, policy

from aiosmtpd.smtp import Envelope
from django.utils import timezone

from accounts.models import Person
from common import jobs
from common.jobs import Job
from notifications.letters import SEND_LETTER
from notifications.models import AddressLetter, Channel


def confirmed(person: Person) -> None:
    """As if he had followed the link, and typed the code."""
    Channel.objects.filter(person=person).update(confirmed_at=timezone.now())


def post_letters() -> None:
    """Run the job of every letter about an address as if its time had come."""
    for job in Job.objects.filter(kind=SEND_LETTER, done_at=None).order_by("id"):
        AddressLetter.objects.filter(pk=job.subject_id).update(next_attempt_at=timezone.now())
        Job.objects.filter(pk=job.pk).update(next_attempt_at=timezone.now())
        jobs.run_job(job.pk)


def read(envelope: Envelope) -> tuple[str, str]:
    """(subject, text); a long subject comes folded."""
    assert isinstance(envelope.content, bytes)
    letter = message_from_bytes(envelope.content, policy=policy.default)
    body = letter.get_body()
    assert body is not None
    return " ".join(str(letter["Subject"]).split()), str(body.get_content())


def link_in(envelope: Envelope) -> str:
    """The path of the link to confirm."""
    [path] = re.findall(r"/account/notifications/confirm/[\w-]{43}", read(envelope)[1])
    return str(path)
