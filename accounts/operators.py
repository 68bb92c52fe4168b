"""Who may become an operator without two operators: the first one's one colleague, and whom a command on the machine lets in.

Every later operator, and every sign-in of one that is set up anew, is proposed by one and confirmed by another (`replacing`): acts that
need two operators are worth nothing where one of them can make the second. The exception stands in the audit log by a name of its own.
What this does not do: end an operator. That stays one operator's, so that a bad one is out at once; whoever ends all the others has won
nothing, since what they were before counts on.
"""
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.audit.events import Event
from accounts.audit.recording import note
from accounts.errors import ColleagueInvited, OperatorsSuffice, TwoOperatorsNeeded
from accounts.joining import Invitee, canonical_login, invite, invite_back, withdraw_invitation
from accounts.models import Invitation, Membership, Organisation, Person
from accounts.permissions import Kind
from accounts.selectors import members_of

ENOUGH = 2


def has_had_two(operator: Organisation) -> bool:
    """Whether two people ever were operators, whoever of them is left: from then on it takes two."""
    held = Membership.objects.filter(organisation=operator)
    return held.values("person").distinct().count() >= ENOUGH


def invite_first_colleague(operator: Organisation, invitee: Invitee, *, by: Person, now: datetime) -> tuple[Invitation, str]:
    """The one link that the only operator makes alone, and its token. An expired one of his makes room for it.

    Raises TwoOperatorsNeeded (there has been a second one), ColleagueInvited (his link is open), and what `invite` raises.
    """
    if has_had_two(operator):
        raise TwoOperatorsNeeded
    try:
        with transaction.atomic():
            # A constraint allows one such link that was not withdrawn, so of two at once one is refused.
            expired = Invitation.objects.filter(organisation=operator, alone=True, accepted_at=None, withdrawn_at=None, expires_at__lte=now)
            for each in list(expired):
                withdraw_invitation(operator, each.pk, now=now)
            made = invite(operator, invitee, by=by, now=now, alone=True)
            note(Event.COLLEAGUE_INVITED_ALONE, operator, at=now, subject=f"invitation:{made[0].pk}", detail=invitee.role)
    except IntegrityError:
        raise ColleagueInvited from None
    return made


def link_by_command(operator: Organisation, invitee: Invitee, *, now: datetime) -> str:
    """The token of a link for a further operator; for the login of one, of the link that sets his sign-in up anew.

    For whoever runs the machine, when no two others could do it on the page. Raises OperatorsSuffice, ElsewhereToo, and what `invite`
    raises.
    """
    login = canonical_login(invitee.login)
    held = members_of(operator)
    if held.filter(person__deactivated_at=None).exclude(person__login=login).values("person").distinct().count() >= ENOUGH:
        raise OperatorsSuffice
    there = held.filter(person__login=login).first()
    with transaction.atomic():
        back = None if there is None else invite_back(operator, there.pk, by=None, now=now)
        invitation, token = back or invite(operator, invitee, by=None, now=now)
        note(Event.OPERATOR_BY_COMMAND, operator, at=now, subject=f"invitation:{invitation.pk}", detail="reset" if back else "invitation")
    return token


def the_operator() -> Organisation | None:
    """None before `bootstrap`."""
    return Organisation.objects.filter(kind=Kind.OPERATOR).first()
