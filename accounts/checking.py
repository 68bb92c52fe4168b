"""How two operators check an application, and what its passing makes: an organisation that is let in no further than to its agreement.

Registers are looked up by hand: what is kept is who says that he looked, and when. A refusal by one ends the application; a pass needs two,
by compare-and-swap and by constraints of the table; the first one must still be an operator when the second one decides.
What this does not do: show evidence, or papers (`evidence.papers`).
"""
import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from accounts.audit.events import Event
from accounts.audit.recording import note, note_with_operator
from accounts.errors import ApplicationClosed, ChecklistIncomplete, CreditCodeTaken, SamePersonTwice
from accounts.joining import Invitee, invite
from accounts.models import Application, ApplicationCheck, Organisation, Person
from accounts.permissions import Kind, invited_by_operator
from accounts.selectors import acting_operators

State = Application.State
CHECKLIST = ("credit_code_found", "licence_valid", "letter_sealed", "contact_called")
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Decision:
    """What one operator found: `done` are those of CHECKLIST that he did himself, `round` the papers that he saw."""

    passes: bool
    reason: str
    done: frozenset[str]
    round: int


def open_applications() -> QuerySet[Application]:
    """Those that wait for a check, the longest waiting first."""
    return Application.objects.filter(state=State.OPEN).select_related("first_checker").order_by("id")


def decided_applications() -> QuerySet[Application]:
    """The newest hundred that wait for nothing."""
    return Application.objects.exclude(state=State.OPEN).select_related("organisation").order_by("-id")[:100]


def checks_of(application: Application) -> "QuerySet[ApplicationCheck]":
    """Every decision of every round, the oldest first."""
    found: QuerySet[ApplicationCheck] = ApplicationCheck.objects.filter(application=application)
    return found.select_related("by").order_by("id")


def decide(application: Application, decision: Decision, *, by: Person, now: datetime) -> str | None:
    """Write one operator's decision. The token of the administrator's invitation after the second pass, returned once; None otherwise.

    Raises ChecklistIncomplete, SamePersonTwice, ApplicationClosed (decided, or other papers than those that were seen), CreditCodeTaken.
    """
    reason = " ".join(decision.reason.split())
    whole = not decision.passes or decision.done >= frozenset(CHECKLIST)
    if not whole or not reason.isprintable() or not 0 < len(reason) <= LONGEST_REASON:
        raise ChecklistIncomplete
    if ApplicationCheck.objects.filter(application=application, round=decision.round, by=by).exists():
        raise SamePersonTwice
    with transaction.atomic():
        token = _move(application, decision, by, now)
        ApplicationCheck(
            application=application, round=decision.round, by=by, at=now, passes=decision.passes, reason=reason,
            **{name: name in decision.done for name in CHECKLIST}).save()
        # Only operators check, so the log of the operator, which auditors read, is where the decision stands.
        operator = Organisation.objects.get(kind=Kind.OPERATOR)
        note(Event.APPLICATION_CHECKED, operator, at=now, subject=f"application:{application.reference}",
             detail="pass" if decision.passes else "refuse")
    return token


def _move(application: Application, decision: Decision, by: Person, now: datetime) -> str | None:
    here = Application.objects.filter(pk=application.pk, state=State.OPEN, round=decision.round)
    if not decision.passes:
        if here.update(state=State.REFUSED) != 1:
            raise ApplicationClosed
        return None
    # Whose first half was given by somebody who is no operator any more, it is given anew.
    acting = acting_operators()
    if here.filter(Q(first_checker=None) | ~Q(first_checker__in=acting)).update(first_checker=by) == 1:
        return None
    if not here.exists():
        raise ApplicationClosed
    if here.filter(first_checker=by).exists():
        raise SamePersonTwice
    organisation = _let_in(application, now)
    if here.filter(first_checker__in=acting).update(state=State.PASSED, second_checker=by, organisation=organisation) != 1:
        raise ApplicationClosed
    return _invite_administrator(application, organisation, by, now)


def _let_in(application: Application, now: datetime) -> Organisation:
    try:
        with transaction.atomic():
            made = Organisation.objects.create(
                ref=secrets.token_hex(16), name=application.name, kind=application.kind, credit_code=application.credit_code,
                status=Organisation.Status.CHECKED, contact_email=application.contact_email, contact_phone=application.contact_phone,
                licence_number=application.licence_number, practice_area=application.practice_area, created_at=now)
    except IntegrityError:
        raise CreditCodeTaken from None
    note_with_operator(Event.ORGANISATION_MADE, made, at=now, detail=application.reference)
    return made


def _invite_administrator(application: Application, organisation: Organisation, by: Person, now: datetime) -> str:
    role = invited_by_operator(Kind(organisation.kind))[0]
    return invite(organisation, Invitee(application.administrator_login, application.administrator_name, role), by=by, now=now)[1]


def named_administrator(organisation: Organisation) -> str | None:
    """The login that two operators checked; None where nobody applied, or once the trial began (`replacing` is for those)."""
    if not organisation.agreeing:
        return None
    return Application.objects.filter(organisation=organisation).values_list("administrator_login", flat=True).first()
