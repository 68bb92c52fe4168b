"""The acceptance of the agreement as evidence: both texts and the acceptance statement become one record of the operator's organisation.

Acceptance and deposit are two transactions with a job row between them: whoever accepted has accepted, and what was cut off between the
two is deposited later, once. The trial begins with the deposit, and with a practice record to try things on.
"""
import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.agreeing import LANGUAGES, accept_agreement, acceptance_bytes, agreement_text, begin_trial
from accounts.models import Organisation, Person, PlatformAgreement
from common.errors import DomainError
from common.jobs import RetryLater, enqueue_job
from evidence.own_deposits import OwnDeposit, OwnFile, deposit_own
from evidence.practice import make_practice_record
from notifications.kinds import TRIAL_BEGUN
from notifications.noticing import leave_notices

logger = logging.getLogger(__name__)

DEPOSIT_AGREEMENT = "evidence.deposit-agreement"
ACCEPTANCE_NAME = "acceptance.json"


def accept_and_deposit(organisation: Organisation, *, version: str, by: Person, now: datetime) -> PlatformAgreement:
    """The acceptance, durable on return; `record` is filled in at once, or by the job when the log takes nothing at this moment.

    Raises AgreementUnavailable.
    """
    with transaction.atomic():
        agreement = accept_agreement(organisation, version=version, by=by, now=now)
        enqueue_job(DEPOSIT_AGREEMENT, agreement.pk, now=now)
    try:
        deposit_agreement(agreement.pk)
    except RetryLater as later:
        logger.warning("agreement %s is deposited later: %s", agreement.pk, later.code)
    agreement.refresh_from_db()
    return agreement


def deposit_agreement(agreement_id: int) -> None:
    """Job: deposit the acceptance and begin the trial; nothing happens when that was done. Raises RetryLater."""
    agreement, now = PlatformAgreement.objects.select_related("organisation").get(pk=agreement_id), timezone.now()
    if agreement.record:
        return
    version, organisation = agreement.version, agreement.organisation
    files = [OwnFile(f"agreement.{language}.txt", "text/plain", agreement_text(version, language)) for language in LANGUAGES]
    files.append(OwnFile(ACCEPTANCE_NAME, "application/json", acceptance_bytes(agreement)))
    try:
        make_practice_record(now=now)
        record = deposit_own(OwnDeposit(
            f"cunzheng-agreement-{agreement.pk}", f"cunzheng:agreement:{organisation.ref}", "platform_agreement", "存证服务接入协议的接受",
            files, {"organisation": organisation.ref, "version": version, "accepted_by": f"person:{agreement.accepted_by_id}"}), now=now)
    except DomainError as refused:
        raise RetryLater(refused.code) from None
    with transaction.atomic():
        if begin_trial(agreement, record=record, now=now):
            leave_notices([organisation.pk], kind=TRIAL_BEGUN, subject=record, now=now)
