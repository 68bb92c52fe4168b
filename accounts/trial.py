"""The trial of an organisation that was let in: one verification and one package fetched in earnest, then an operator activates it.

Steps are written by the very services that verify and fetch, when they did so for an organisation on trial; nobody ticks them.
"""
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from accounts.agreeing import agreement_of
from accounts.audit.events import Event
from accounts.audit.recording import note_with_operator
from accounts.errors import ActivationIncomplete
from accounts.models import Organisation, TrialStep
from accounts.services import REVIEWED_EVERY

Status, Step = Organisation.Status, TrialStep.Step


def note_trial_step(organisation: Organisation, step: TrialStep.Step, *, actor: str, now: datetime) -> None:
    """The organisation did this just now. Nothing is written unless it is on trial, and the first time counts."""
    if organisation.status == Status.TRIAL:
        TrialStep.objects.bulk_create([TrialStep(organisation=organisation, step=step, actor=actor, at=now)], ignore_conflicts=True)


def trial_steps(organisation: Organisation) -> Mapping[str, TrialStep | None]:
    """Every step of the trial in order, None where it was not done."""
    done = {each.step: each for each in TrialStep.objects.filter(organisation=organisation)}
    return {step.value: done.get(step.value) for step in Step}


def is_ready(organisation: Organisation) -> bool:
    """Whether an operator may activate it: on trial, agreement deposited, every step done."""
    agreement = agreement_of(organisation)
    return organisation.status == Status.TRIAL and bool(agreement and agreement.record) and None not in trial_steps(organisation).values()


def activate(organisation: Organisation, *, now: datetime) -> None:
    """From trial to active; the first annual review is due in a year. Raises ActivationIncomplete."""
    if not is_ready(organisation):
        raise ActivationIncomplete
    with transaction.atomic():
        moved = Organisation.objects.filter(pk=organisation.pk, status=Status.TRIAL).update(
            status=Status.ACTIVE, review_due_at=now + REVIEWED_EVERY)
        if moved != 1:
            raise ActivationIncomplete
        note_with_operator(Event.STATUS_CHANGED, organisation, at=now, detail=Status.ACTIVE)
