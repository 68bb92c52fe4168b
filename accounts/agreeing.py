"""The agreement by which an organisation uses the service: its text, its acceptance, and what the acceptance says in bytes.

    accounts/agreement/<version>.zh-hans.txt    the text that counts
    accounts/agreement/<version>.en.txt         its translation

A version never changes once it was published here; a new text is a new version. The state moves checked → agreed → trial: `agreed` is an
acceptance that is not deposited yet, and a job of the room above deposits it (`evidence.agreements`).
"""
import hashlib
from datetime import datetime
from pathlib import Path

from django.db import IntegrityError, transaction

from accounts.audit.events import Event
from accounts.audit.recording import note, note_with_operator
from accounts.errors import AgreementUnavailable
from accounts.models import Organisation, Person, PlatformAgreement
from accounts.permissions import Kind, invited_by_operator
from accounts.selectors import live_memberships
from tlog.canonical import canonical_json
from tlog.times import format_time

FOLDER = Path(__file__).resolve().parent / "agreement"
VERSION = "2026-11"
LANGUAGES = ("zh-hans", "en")
Status = Organisation.Status


def agreement_text(version: str, language: str) -> bytes:
    """The text as it stands in the repository; `language` is one of LANGUAGES."""
    return (FOLDER / f"{version}.{language}.txt").read_bytes()


def administered(person: Person) -> list[Organisation]:
    """Organisations that this person administers and that have an agreement to accept or to see deposited."""
    return [each.organisation for each in live_memberships(person)
            if each.organisation.agreeing and each.role_of in invited_by_operator(Kind(each.organisation.kind))]


def agreement_of(organisation: Organisation) -> PlatformAgreement | None:
    """The newest that it accepted."""
    return PlatformAgreement.objects.filter(organisation=organisation).select_related("accepted_by").order_by("-id").first()


def accept_agreement(organisation: Organisation, *, version: str, by: Person, now: datetime) -> PlatformAgreement:
    """The administrator accepts this version; in the caller's transaction, which sees to the deposit. Raises AgreementUnavailable."""
    if version != VERSION:
        raise AgreementUnavailable
    moment = now.replace(microsecond=now.microsecond // 1000 * 1000)
    if Organisation.objects.filter(pk=organisation.pk, status=Status.CHECKED).update(status=Status.AGREED) != 1:
        raise AgreementUnavailable
    try:
        with transaction.atomic():
            made = PlatformAgreement.objects.create(
                organisation=organisation, version=version, accepted_by=by, accepted_at=moment,
                text_sha256=hashlib.sha256(agreement_text(version, LANGUAGES[0])).digest())
    except IntegrityError:
        raise AgreementUnavailable from None
    note(Event.AGREEMENT_ACCEPTED, organisation, at=now, subject=f"organisation:{organisation.ref}", detail=version)
    return made


def acceptance_bytes(agreement: PlatformAgreement) -> bytes:
    """What was accepted, for whom, by whom and when: canonical JSON, the same whenever it is asked for.

    The person is named by our id; who that is stands in the operator's papers, not in evidence that is shown around.
    """
    return canonical_json({
        "agreement": agreement.version, "agreement_sha256": bytes(agreement.text_sha256).hex(),
        "organisation": agreement.organisation.ref, "credit_code": agreement.organisation.credit_code,
        "accepted_by": f"person:{agreement.accepted_by_id}", "accepted_at": format_time(agreement.accepted_at),
        "statement": "本机构已阅读并接受上述版本的《存证服务接入协议》。",
    })


def begin_trial(agreement: PlatformAgreement, *, record: str, now: datetime) -> bool:
    """The acceptance is deposited under this number: the trial begins. False when that was written already."""
    with transaction.atomic():
        if PlatformAgreement.objects.filter(pk=agreement.pk, record="").update(record=record) != 1:
            return False
        Organisation.objects.filter(pk=agreement.organisation_id, status=Status.AGREED).update(status=Status.TRIAL)
        note_with_operator(Event.AGREEMENT_DEPOSITED, agreement.organisation, at=now, detail=record)
    return True
