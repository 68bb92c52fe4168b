"""平台资质与利害关系: read by anybody, at any day; written by operators, each fact with its document."""
import secrets
from datetime import date, datetime, time

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Organisation, Person
from accounts.permissions import Act, Kind
from accounts.portal.gate import needs_person, signed_in_person, step_up
from accounts.portal.organisations import for_operator
from accounts.selectors import live_memberships, may_manage_organisations, organisations_for_operator
from common.errors import DomainError
from evidence.errors import FactMalformed
from evidence.fact_words import KIND_WORDS, RELATION_WORDS
from evidence.models import PlatformFact
from evidence.own_deposits import OwnFile
from evidence.papers import media_type_of
from evidence.platform_facts import LARGEST_BYTES, FactTold, all_facts, facts_valid_at, record_fact, standing_facts
from evidence.portal.bounded_forms import bounded
from tlog.times import CHINA

ONCE_LENGTH = 32


class FactForm(forms.Form):
    kind = forms.ChoiceField(choices=PlatformFact.Kind.choices)
    name = forms.CharField(required=False, max_length=100)
    organisation = forms.CharField(required=False, max_length=32)
    relation = forms.ChoiceField(required=False, choices=[("", ""), *PlatformFact.Relation.choices])
    told = forms.CharField(max_length=500)
    number = forms.CharField(required=False, max_length=100)
    issuer = forms.CharField(required=False, max_length=200)
    valid_from = forms.DateField(input_formats=["%Y-%m-%d"])
    valid_until = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    replaces = forms.CharField(required=False, max_length=25)
    once = forms.RegexField(r"^[0-9a-f]{32}\Z")


@require_GET
@never_cache
def platform_facts(request: HttpRequest) -> HttpResponse:
    """As of today, or as of the day in `?on=`, to which the page of a record leads with the day of its receipt.

    Of tenants whose relation was not stated the operator and each tenant itself read the name, and everybody else how many they are: who a
    lender deposits with is the lender's own affair until the operator states, under its document, how they are related.
    """
    now = timezone.now()
    day = day_in(request.GET.get("on", "")) or now.astimezone(CHINA).date()
    every = facts_valid_at(datetime.combine(day, time(12), tzinfo=CHINA))
    slots = [slot for slot in every if slot.fact or not slot.organisation_id or names_tenant(request, slot.organisation_id)]
    names = dict(Organisation.objects.filter(pk__in=[slot.organisation_id for slot in slots]).values_list("pk", "name"))
    facts = list(all_facts())
    replaced = {fact.replaces_id for fact in facts}
    return render(request, "evidence/platform_facts.html", {
        "day": day, "now": now,
        "facts": [(fact, KIND_WORDS[fact.kind], RELATION_WORDS.get(fact.relation, ""), fact.pk in replaced) for fact in facts],
        "slots": [(slot, KIND_WORDS[slot.kind], names.get(slot.organisation_id or 0, ""),
                   RELATION_WORDS.get(slot.fact.relation, "") if slot.fact else "") for slot in slots],
        "unnamed": len(every) - len(slots),
        "operator": isinstance(request.user, Person) and may_manage_organisations(request.user),
    })


def names_tenant(request: HttpRequest, organisation_id: int) -> bool:
    """Whether whoever asks may read that this organisation is a tenant, although nothing was stated of it."""
    person = request.user
    return isinstance(person, Person) and (
        may_manage_organisations(person) or live_memberships(person).filter(organisation_id=organisation_id).exists())


def day_in(typed: str) -> date | None:
    """None for anything but YYYY-MM-DD."""
    try:
        return date.fromisoformat(typed[:10])
    except ValueError:
        return None


@bounded(LARGEST_BYTES)
@require_http_methods(["GET", "POST"])
@needs_person
@for_operator
@step_up(Act.MANAGE_ORGANISATIONS, back="platform-fact-new")
def new_fact(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return fact_page(request, FactForm(initial={"once": secrets.token_hex(ONCE_LENGTH // 2)}, auto_id="%s"))
    form = FactForm(request.POST, auto_id="%s")
    if not form.is_valid():
        return fact_page(request, form, status=422)
    try:
        record_fact(told_in(form), document_in(request), by=signed_in_person(request), now=timezone.now())
    except DomainError as error:
        return fact_page(request, form, error=error, status=error.status)
    return HttpResponseRedirect(reverse("platform-facts"))


def told_in(form: FactForm) -> FactTold:
    """Of a valid form. Raises FactMalformed for an organisation or a row that is not there."""
    data = form.cleaned_data
    organisation = organisations_for_operator().exclude(kind=Kind.OPERATOR).filter(ref=data["organisation"]).first()
    replaced = standing_facts().filter(record=data["replaces"]).first()
    if (data["organisation"] and organisation is None) or (data["replaces"] and replaced is None):
        raise FactMalformed
    return FactTold(
        PlatformFact.Kind(data["kind"]), data["told"], data["valid_from"], data["valid_until"], data["once"], data["name"], organisation,
        data["relation"], data["number"], data["issuer"], replaced)


def document_in(request: HttpRequest) -> OwnFile:
    """The document, under a name of ours. Raises FactMalformed, PaperRefused."""
    file = request.FILES.get("document")
    if file is None:
        raise FactMalformed
    data = file.read()
    media_type = media_type_of(data, largest_bytes=LARGEST_BYTES)
    return OwnFile(f"document.{media_type.rpartition('/')[2]}", media_type, data)


def fact_page(request: HttpRequest, form: FactForm, *, error: DomainError | None = None, status: int = 200) -> HttpResponse:
    tenants = organisations_for_operator().exclude(kind=Kind.OPERATOR)
    return render(request, "evidence/platform_fact.html", {
        "form": form, "error": error, "kinds": KIND_WORDS.items(), "relations": RELATION_WORDS.items(), "tenants": tenants,
        "standing": [(fact, KIND_WORDS[fact.kind]) for fact in standing_facts().order_by("-id")], "largest_mb": LARGEST_BYTES // 1024**2,
    }, status=status)
