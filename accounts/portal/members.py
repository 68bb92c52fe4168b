"""The members of an organisation: who holds which role, links for new ones, ends of memberships; and one's own account.

Whose organisation it is not, for him it does not exist: 404. Everything here is a sensitive act, so the second factor is fresh.
"""
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from accounts.checking import named_administrator
from accounts.errors import RoleUnavailable, TwoOperatorsNeeded
from accounts.joining import canonical_login, end_membership, invite, invite_back, withdraw_invitation
from accounts.models import Organisation, Person
from accounts.operators import has_had_two, invite_first_colleague
from accounts.permissions import CERTIFIED, KINDS, LICENSED, ROLES, Act, Kind, Label, Role, invited_by_operator, roles_of
from accounts.portal.forms import InviteeForm
from accounts.portal.gate import needs_person, signed_in_person, step_up
from accounts.selectors import (
    live_memberships,
    may_manage_organisations,
    members_of,
    open_invitations,
    organisation_for_operator,
    organisation_of,
    without_second_factor,
)
from accounts.sign_in_rules import keeps_agents_out
from common.errors import DomainError, OrganisationNotWorking
from common.problems import Forbidden, NotFound


@dataclass(frozen=True, slots=True)
class Managed:
    """An organisation, and what whoever manages its members may do there: roles that he sees and ends, and roles that he may give.

    The operator sees those who manage members. One operator gives such a role only before the trial, to the login that two checked
    (`named`), and ends none afterwards: else it could put its own people in. For that there is `accounts.replacing`. `by_two`: the
    operator's own organisation, once it has had two operators; until then its only one invites one colleague (`accounts.operators`).
    """

    organisation: Organisation
    own: bool
    roles: tuple[Role, ...]
    to_give: tuple[Role, ...]
    named: str | None = None
    ends: bool = True
    by_two: bool = False


def word(label: Label) -> str:
    """The label in the reader's language."""
    return label.en if get_language() == "en" else label.zh


def managed(person: Person, ref: str) -> Managed:
    """Raises NotFound (no role there), Forbidden (a role that does not manage members), OrganisationNotWorking."""
    found = organisation_of(person, ref)
    if found is not None and Act.MANAGE_MEMBERS in found[1]:
        if not found[0].working:
            raise OrganisationNotWorking
        roles = roles_of(Kind(found[0].kind))
        by_two = found[0].kind == Kind.OPERATOR and has_had_two(found[0])
        return Managed(found[0], True, roles, () if by_two else roles, by_two=by_two)
    if may_manage_organisations(person):
        organisation = organisation_for_operator(ref)
        if organisation is not None:
            roles, named = invited_by_operator(Kind(organisation.kind)), named_administrator(organisation)
            unmanaged = roles == roles_of(Kind(organisation.kind))
            settled = not unmanaged and members_of(organisation).filter(role__in=roles).exists()
            to_give = () if named is None or settled else roles
            return Managed(organisation, False, roles, to_give, named, ends=unmanaged or named is not None)
    raise NotFound if found is None else Forbidden


@require_GET
@needs_person
def account(request: HttpRequest) -> HttpResponse:
    """Who am I, where, as what."""
    person = signed_in_person(request)
    held = [
        {"membership": each, "role": word(ROLES[each.role_of].label), "kind": word(KINDS[Kind(each.organisation.kind)]),
         "manages": each.organisation.working and Act.MANAGE_MEMBERS in ROLES[each.role_of].acts,
         "keys": each.organisation.working and Act.MANAGE_KEYS in ROLES[each.role_of].acts,
         "agrees": each.organisation.agreeing and each.role_of in invited_by_operator(Kind(each.organisation.kind))}
        for each in live_memberships(person)
    ]
    audits = any(each.organisation.working and Act.READ_AUDIT in ROLES[each.role_of].acts for each in live_memberships(person))
    return render(request, "accounts/account.html", {
        "person": person, "held": held, "operator": may_manage_organisations(person), "audits": audits})


@require_GET
@needs_person
@step_up(Act.MANAGE_MEMBERS, back="organisation-members", keep=("ref",))
def members(request: HttpRequest, ref: str) -> HttpResponse:
    return members_page(request, managed(signed_in_person(request), ref))


@require_POST
@needs_person
@step_up(Act.MANAGE_MEMBERS, back="organisation-members", keep=("ref",))
def invite_member(request: HttpRequest, ref: str) -> HttpResponse:
    """Make a link; it is shown once, on the page that answers."""
    person = signed_in_person(request)
    where, form = managed(person, ref), InviteeForm(request.POST, auto_id="%s")
    try:
        if not form.is_valid():
            return members_page(request, where, form=form, status=422)
        invitee = form.invitee()
        if where.by_two or (not where.own and where.named is None):
            raise TwoOperatorsNeeded
        if invitee.role not in where.to_give or (not where.own and canonical_login(invitee.login) != where.named):
            # Two operators checked one name; a link for another would let one of them put anybody in its place.
            raise RoleUnavailable
        act = invite_first_colleague if where.organisation.kind == Kind.OPERATOR else invite
        invitation, token = act(where.organisation, invitee, by=person, now=timezone.now())
    except DomainError as error:
        return members_page(request, where, form=form, error=error, status=error.status)
    link = settings.PUBLIC_URL + reverse("invitation", args=[token])
    return members_page(request, where, link=link, invitation=invitation)


@require_POST
@needs_person
@step_up(Act.MANAGE_MEMBERS, back="organisation-members", keep=("ref",))
def withdraw(request: HttpRequest, ref: str, invitation_id: int) -> HttpResponse:
    where = managed(signed_in_person(request), ref)
    seen = open_invitations(where.organisation, now=timezone.now()).filter(pk=invitation_id, role__in=where.roles).exists()
    if not seen or not withdraw_invitation(where.organisation, invitation_id, now=timezone.now()):
        raise NotFound
    return HttpResponseRedirect(reverse("organisation-members", args=[ref]))


@require_POST
@needs_person
@step_up(Act.MANAGE_MEMBERS, back="organisation-members", keep=("ref",))
def end_member(request: HttpRequest, ref: str, membership_id: int) -> HttpResponse:
    person = signed_in_person(request)
    where = managed(person, ref)
    seen = members_of(where.organisation).filter(pk=membership_id, role__in=where.roles).exists()
    if seen and not where.ends:
        error = TwoOperatorsNeeded()
        return members_page(request, where, error=error, status=error.status)
    if not seen or not end_membership(where.organisation, membership_id, by=person, now=timezone.now()):
        raise NotFound
    return HttpResponseRedirect(reverse("organisation-members", args=[ref]))


@require_POST
@needs_person
@step_up(Act.MANAGE_MEMBERS, back="organisation-members", keep=("ref",))
def renew_sign_in(request: HttpRequest, ref: str, membership_id: int) -> HttpResponse:
    """A link for a member who lost password or second factor. Never the operator's to make: it would open another's content to him."""
    person = signed_in_person(request)
    where = managed(person, ref)
    try:
        made = invite_back(where.organisation, membership_id, by=person, now=timezone.now()) if where.own else None
    except TwoOperatorsNeeded as error:
        return members_page(request, where, error=error, status=error.status)
    if made is None:
        raise NotFound
    link = settings.PUBLIC_URL + reverse("invitation", args=[made[1]])
    return members_page(request, where, link=link, invitation=made[0])


def members_page(request: HttpRequest, where: Managed, *, status: int = 200, **more: object) -> HttpResponse:
    now = timezone.now()
    links = open_invitations(where.organisation, now=now).filter(role__in=where.roles)
    lacking = frozenset(without_second_factor(where.organisation).values_list("pk", flat=True))
    return render(request, "accounts/members.html", {
        "organisation": where.organisation, "kind": word(KINDS[Kind(where.organisation.kind)]), "now": now,
        "members": [
            (each, word(ROLES[each.role_of].label), each.pk in lacking)
            for each in members_of(where.organisation).filter(role__in=where.roles)],
        "invitations": [(each, word(ROLES[Role(each.role)].label)) for each in links],
        "roles": [(role.value, word(ROLES[role].label)) for role in where.to_give], "own": where.own, "ends": where.ends,
        "kept_out": where.own and keeps_agents_out(where.organisation),
        "replaced": not where.own and where.named is None, "by_two": where.by_two,
        "first_colleague": where.own and not where.by_two and where.organisation.kind == Kind.OPERATOR,
        "licensed": bool(LICENSED.intersection(where.to_give)), "certified": bool(CERTIFIED.intersection(where.to_give)), **more,
    }, status=status)
