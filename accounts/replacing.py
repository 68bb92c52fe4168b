"""更换管理员: how an organisation that was let in gets another administrator by the operator's hand: one proposes, another one confirms.

Papers and two checks made it what it is; whoever could put one login into its place alone would make all of them worth nothing. What the
organisation's own administrators do is `joining.py`, and stopping an organisation at once is still one operator's (`services`).
At the operator itself it is how a further operator comes, and how one's sign-in is set up anew: two operators stand behind every act that
needs two, so one alone must not be able to make the second (`operators` for the first colleague).
What this does not do: tell anybody (`evidence.replacing`).
"""
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.audit.events import Event
from accounts.audit.recording import note_with_operator
from accounts.checking import named_administrator
from accounts.errors import (
    ElsewhereToo,
    OwnMembership,
    ProposerGone,
    ReasonMissing,
    ReplacementClosed,
    ReplacementOpen,
    RoleUnavailable,
    SamePersonTwice,
)
from accounts.joining import Invitee, canonical_invitee, end_membership, invite, invite_back, works_only_at
from accounts.models import Membership, Organisation, Person, Replacement
from accounts.operators import has_had_two
from accounts.permissions import Kind, Role, invited_by_operator
from accounts.selectors import acting_operators, members_of

LONGEST_REASON = 500
LISTED = 20


@dataclass(frozen=True, slots=True)
class Proposal:
    """Who is to administer, and why. `replaces`: the id of the membership that ends with the confirmation; "" for none.

    `resets`: that membership does not end, its sign-in is set up anew, and login and name are its person's.
    """

    login: str
    display_name: str
    reason: str
    replaces: str = ""
    resets: bool = False


def administrators_of(organisation: Organisation) -> QuerySet[Membership]:
    """Whom the operator may see and have replaced."""
    return members_of(organisation).filter(role__in=invited_by_operator(Kind(organisation.kind)))


def replacements_of(organisation: Organisation) -> QuerySet[Replacement]:
    """The newest first; an open one is the first."""
    rows: QuerySet[Replacement] = Replacement.objects.filter(organisation=organisation)
    return rows.select_related("proposed_by", "confirmed_by", "withdrawn_by", "replaces__person").order_by("-id")[:LISTED]


def open_replacements() -> QuerySet[Replacement]:
    """Proposals of every organisation that wait for another operator, the oldest first."""
    return Replacement.objects.filter(confirmed_at=None, withdrawn_at=None).select_related("organisation", "proposed_by").order_by("id")


def is_replaceable(organisation: Organisation) -> bool:
    """None before its trial: there the login that two operators checked is the only one. The operator from its first colleague on."""
    return has_had_two(organisation) if organisation.kind == Kind.OPERATOR else named_administrator(organisation) is None


def propose(organisation: Organisation, proposal: Proposal, *, by: Person, now: datetime) -> Replacement:
    """Write the proposal down; nothing else happens.

    Raises RoleUnavailable (no such administrator, or not this way), ReasonMissing, LoginMalformed, NameMalformed, ReplacementOpen; for
    a sign-in OwnMembership, ElsewhereToo.
    """
    role, reason = invited_by_operator(Kind(organisation.kind))[0], " ".join(proposal.reason.split())
    replaced = next((each for each in administrators_of(organisation) if str(each.pk) == proposal.replaces), None)
    if not is_replaceable(organisation) or (proposal.replaces and replaced is None):
        raise RoleUnavailable
    if proposal.resets:
        proposal = _of_sign_in(organisation, proposal, replaced, by)
    if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise ReasonMissing
    whom = canonical_invitee(organisation, Invitee(proposal.login, proposal.display_name, role))
    try:
        with transaction.atomic():
            made = Replacement.objects.create(
                organisation=organisation, login=whom.login, display_name=whom.display_name, role=role, replaces=replaced, reason=reason,
                resets=proposal.resets, proposed_by=by, proposed_at=now)
            note_with_operator(Event.ADMINISTRATOR_PROPOSED, organisation, at=now, detail=role)
    except IntegrityError:
        raise ReplacementOpen from None
    return made


def _of_sign_in(organisation: Organisation, proposal: Proposal, held: Membership | None, by: Person) -> Proposal:
    """Of the person whose sign-in it is. Raises RoleUnavailable (not at the operator), OwnMembership, ElsewhereToo."""
    if held is None or organisation.kind != Kind.OPERATOR:
        raise RoleUnavailable
    if held.person_id == by.pk:
        raise OwnMembership
    if not works_only_at(organisation, held.person):
        raise ElsewhereToo
    return replace(proposal, login=held.person.login, display_name=held.person.display_name)


def confirm(replacement: Replacement, *, by: Person, now: datetime) -> str:
    """Another operator confirms: the replaced membership ends, and the invitation is made; the token of its link, returned once.

    For a sign-in nothing ends, and the link is the one that sets it up anew. Raises SamePersonTwice, ReplacementClosed, ProposerGone,
    OwnMembership (the one whom it is about is the one who confirms), ElsewhereToo, RoleUnavailable (whose sign-in it was has left).
    """
    organisation = replacement.organisation
    here = Replacement.objects.filter(pk=replacement.pk, confirmed_at=None, withdrawn_at=None)
    with transaction.atomic():
        anothers = here.exclude(proposed_by=by).filter(proposed_by__in=acting_operators())
        if anothers.update(confirmed_by=by, confirmed_at=now) != 1:
            if here.filter(proposed_by=by).exists():
                raise SamePersonTwice
            raise ProposerGone if here.exists() else ReplacementClosed
        note_with_operator(Event.ADMINISTRATOR_CONFIRMED, organisation, at=now, detail=replacement.role)
        return _link(replacement, by, now)


def _link(replacement: Replacement, by: Person, now: datetime) -> str:
    organisation, behind = replacement.organisation, replacement.proposed_by
    if replacement.replaces_id is not None and replacement.resets:
        made = invite_back(organisation, replacement.replaces_id, by=by, now=now, proposed_by=behind)
        if made is None:
            raise RoleUnavailable
        return made[1]
    if replacement.replaces_id is not None:
        end_membership(organisation, replacement.replaces_id, by=by, now=now)
    invitee = Invitee(replacement.login, replacement.display_name, Role(replacement.role))
    return invite(organisation, invitee, by=by, now=now, proposed_by=behind)[1]


def withdraw(replacement: Replacement, *, by: Person, now: datetime) -> None:
    """Any operator takes an open proposal back. Raises ReplacementClosed."""
    with transaction.atomic():
        here = Replacement.objects.filter(pk=replacement.pk, confirmed_at=None, withdrawn_at=None)
        if here.update(withdrawn_by=by, withdrawn_at=now) != 1:
            raise ReplacementClosed
        note_with_operator(Event.ADMINISTRATOR_WITHDRAWN, replacement.organisation, at=now, detail=replacement.role)
