"""Sign-in by an organisation's identity provider: the organisation's own address, the way there, and the way back.

Each organisation has a redirect address of its own, so that an answer of one provider cannot be handed in as another's (RFC 9700 4.4).
Organisations without a provider, and those that there are none of, are the same 404. Nobody is made here (`oidc.linking`).
"""
import hmac
import logging
import time
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.core.internal import ratelimit
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.audit.events import Event
from accounts.audit.recording import note_about
from accounts.errors import OwnFactorMissing, ProviderRefused, ProviderUnusable, SignedInAlready
from accounts.models import IdentityProvider, Person
from accounts.networks import address_of
from accounts.oidc.id_token import Expected, Identity, TokenRefused, judge
from accounts.oidc.linking import member_behind, provider_at
from accounts.oidc.provider import Client, Question, address_of_question, described, exchange, new_question
from accounts.oidc.sealing import open_secret
from accounts.portal.gate import enters_by_place
from accounts.sign_in import has_second_factor, note_refused
from accounts.vouching import is_vouched_by, vouch
from accounts.workstations import workstation_of
from common.problems import NotFound, too_many_requests

logger = logging.getLogger(__name__)

ASKED = "cunzheng_asked_provider"
ANSWER_WITHIN_S = 600
LONGEST_CODE = 4096


def provider_or_404(ref: str) -> IdentityProvider:
    """Raises NotFound."""
    provider = provider_at(ref)
    if provider is None:
        raise NotFound
    return provider


@require_GET
@never_cache
def sign_in_at(request: HttpRequest, ref: str) -> HttpResponse:
    """The address that an organisation gives its people. The way on is a link: the policy lets no form lead to another site."""
    response = render(request, "accounts/sign_in_at.html", {"organisation": provider_or_404(ref).organisation})
    response["X-Robots-Tag"] = "noindex"
    return response


@require_GET
@never_cache
def ask_provider(request: HttpRequest, ref: str) -> HttpResponse:
    """To the provider, with a question that this browser's session remembers. A session that the provider began has to be shown anew."""
    provider = provider_or_404(ref)
    # By its outer function allauth counts no GET at all, whatever its docstring says of actions.
    if not ratelimit.consume(request, app="allauth.account", action="login", limit_get=True):
        return too_many_requests(request)
    anew = isinstance(request.user, Person)
    if anew and not is_vouched_by(request, provider):
        raise SignedInAlready
    question, onward = new_question(), request.GET.get("next", "")
    metadata = described(provider.issuer)
    request.session[ASKED] = {
        "state": question.state, "nonce": question.nonce, "verifier": question.verifier, "ref": ref, "anew": anew, "at": time.time(),
        "next": onward if get_adapter().is_safe_url(onward) else settings.LOGIN_REDIRECT_URL,
    }
    return HttpResponseRedirect(address_of_question(metadata, client_of(provider), question, anew=anew))


@require_GET
@never_cache
def come_back(request: HttpRequest, ref: str) -> HttpResponse:
    """From the provider. Raises ProviderRefused, ProviderUnusable, NotAMember, and why the member may not come in like this."""
    provider = provider_or_404(ref)
    # Taken out before it is looked at: each question has one answer, whatever becomes of it.
    asked = request.session.pop(ASKED, None)
    if not is_answer_to(request, asked, provider):
        raise ProviderRefused
    client, question = client_of(provider), Question(asked["state"], asked["nonce"], asked["verifier"])
    token, keys = exchange(described(provider.issuer), client, request.GET["code"], question)
    since = float(asked["at"]) if asked["anew"] else None
    identity = judged(token, keys, Expected(provider.issuer, client.client_id, question.nonce, time.time(), since), provider)
    person = member_behind(provider, identity, now=timezone.now())
    return (shown_anew if asked["anew"] else let_in)(request, person, provider, asked["next"])


def client_of(provider: IdentityProvider) -> Client:
    """Raises ProviderUnusable when the secret was not sealed by this service's key."""
    secret = open_secret(bytes(provider.sealed_secret), provider.organisation.ref, provider.issuer)
    if secret is None:
        raise ProviderUnusable(reason="secret")
    back = settings.PUBLIC_URL + reverse("sign-in-at-callback", args=[provider.organisation.ref])
    return Client(provider.issuer, provider.client_id, secret, back)


def is_answer_to(request: HttpRequest, asked: Any, provider: IdentityProvider) -> bool:
    """Whether the browser brings a code for the question that its session asked, of this provider, in time."""
    if not isinstance(asked, dict) or asked["ref"] != provider.organisation.ref or time.time() - asked["at"] > ANSWER_WITHIN_S:
        return False
    # SPEC: RFC 9207 2.4: a provider that says who answers has to be the one that was asked.
    if request.GET.get("iss", provider.issuer) != provider.issuer:
        return False
    state, code = request.GET.get("state", ""), request.GET.get("code", "")
    return hmac.compare_digest(state.encode(), asked["state"].encode()) and 0 < len(code) <= LONGEST_CODE


def judged(token: str, keys: list[object], expected: Expected, provider: IdentityProvider) -> Identity:
    """Raises ProviderRefused; the reason is the operator's to read, and names nobody."""
    try:
        return judge(token, keys, expected)
    except TokenRefused as why:
        logger.warning("the identity provider of organisation %d gave a token that is %s", provider.organisation_id, why)
        raise ProviderRefused from None


def let_in(request: HttpRequest, person: Person, provider: IdentityProvider, onward: str) -> HttpResponse:
    """A session for him that works at the provider's organisation. Raises OutsideNetwork, NetworksMissing, OwnFactorMissing, …"""
    if isinstance(request.user, Person):
        raise SignedInAlready
    seat = workstation_of(person)
    if seat is not None and (why := seat.why_kept_out(address_of(request))) is not None:
        note_refused(person, "oidc", detail="network")
        raise why
    if not enters_by_place(person, seat) and not has_second_factor(person):
        note_refused(person, "oidc", detail="factor")
        raise OwnFactorMissing
    adapter = get_adapter()
    record_authentication(request, person, "oidc")
    adapter.login(request, person)
    vouch(request, provider)
    response: HttpResponse = adapter.post_login(
        request, person, email_verification="none", signal_kwargs=None, email=None, signup=False, redirect_url=onward)
    return response


def shown_anew(request: HttpRequest, person: Person, provider: IdentityProvider, onward: str) -> HttpResponse:
    """The person of the session has shown himself to his provider again. Raises SignedInAlready for anybody else."""
    if request.user != person or not is_vouched_by(request, provider):
        raise SignedInAlready
    with transaction.atomic():
        record_authentication(request, person, "oidc")
        note_about(person, Event.SHOWN_AGAIN, at=timezone.now())
    return HttpResponseRedirect(onward)
