"""The public pages on which somebody asks to be let in: the form, and the applicant's own page behind his secret link.

No sign-in, and no answer tells who is known here already. The link is shown on the page that it leads to; whoever loses it applies again.
"""
from allauth.core import ratelimit
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.applying import LICENSED_KINDS, Applicant, application_with
from accounts.checking import checks_of
from accounts.errors import ApplyingTooOften
from accounts.models import Application
from accounts.permissions import KINDS, Kind
from accounts.portal.members import word
from common.errors import DomainError
from evidence.deciding import withdraw_and_tell
from evidence.models import ApplicationPaper
from evidence.papers import LARGEST_BYTES, MOST, Paper, apply_with_papers, papers_of, supplement
from evidence.portal.bounded_forms import bounded

APPLICANTS = tuple(kind for kind in Kind if kind != Kind.OPERATOR)
PAPER_KINDS = {"licence": ApplicationPaper.Kind.LICENCE, "letter": ApplicationPaper.Kind.LETTER, "other": ApplicationPaper.Kind.OTHER}


class ApplyForm(forms.Form):
    """The fields only carry: `applying.py` says what is right."""

    kind = forms.ChoiceField(choices=[(kind.value, kind.value) for kind in APPLICANTS])
    name = forms.CharField(max_length=400)
    credit_code = forms.CharField(max_length=60)
    licence_number = forms.CharField(required=False, max_length=400)
    practice_area = forms.CharField(required=False, max_length=400)
    contact_email = forms.CharField(max_length=400)
    contact_phone = forms.CharField(max_length=100)
    purpose = forms.CharField(max_length=1000)
    administrator_name = forms.CharField(max_length=400)
    administrator_login = forms.CharField(max_length=400)

    def applicant(self) -> Applicant:
        """Of a valid form."""
        data = self.cleaned_data
        return Applicant(**{**data, "kind": Kind(data["kind"])})


def limited(request: HttpRequest) -> None:
    """Raises ApplyingTooOften: papers cost storage, and operators' time."""
    if not ratelimit.consume(request, action="apply"):
        raise ApplyingTooOften(retry_after_s=600)


@bounded(MOST * LARGEST_BYTES)
@require_http_methods(["GET", "POST"])
@never_cache
def apply(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return apply_page(request, ApplyForm(auto_id="%s"))
    limited(request)
    form = ApplyForm(request.POST, auto_id="%s")
    if not form.is_valid():
        return apply_page(request, form, status=422)
    try:
        _, token = apply_with_papers(form.applicant(), papers_in(request), now=timezone.now())
    except DomainError as error:
        return apply_page(request, form, error=error, status=error.status)
    return HttpResponseRedirect(reverse("application-status", args=[token]))


def papers_in(request: HttpRequest) -> list[Paper]:
    """Every file of the form, by the fields that have one."""
    return [Paper(kind, file.read()) for name, kind in PAPER_KINDS.items() for file in request.FILES.getlist(name)]


def apply_page(request: HttpRequest, form: ApplyForm, *, error: DomainError | None = None, status: int = 200) -> HttpResponse:
    return render(request, "evidence/apply.html", {
        "form": form, "error": error, "kinds": [(kind.value, word(KINDS[kind])) for kind in APPLICANTS],
        "largest_mb": LARGEST_BYTES // 1024**2,
    }, status=status)


@require_GET
@never_cache
def application_status(request: HttpRequest, token: str) -> HttpResponse:
    return status_page(request, application_with(token), token)


@bounded(MOST * LARGEST_BYTES)
@require_POST
@never_cache
def application_supplement(request: HttpRequest, token: str) -> HttpResponse:
    limited(request)
    application = application_with(token)
    try:
        supplement(application, papers_in(request), now=timezone.now())
    except DomainError as error:
        return status_page(request, application, token, error)
    return HttpResponseRedirect(reverse("application-status", args=[token]))


@require_POST
@never_cache
def application_withdraw(request: HttpRequest, token: str) -> HttpResponse:
    application = application_with(token)
    try:
        withdraw_and_tell(application, now=timezone.now())
    except DomainError as error:
        return status_page(request, application, token, error)
    return HttpResponseRedirect(reverse("application-status", args=[token]))


def status_page(request: HttpRequest, application: Application, token: str, error: DomainError | None = None) -> HttpResponse:
    """Nothing of a person stands here, and of the checks only what was refused and why: who checked is not the applicant's to know."""
    refusal = checks_of(application).filter(passes=False).last() if application.state == Application.State.REFUSED else None
    response = render(request, "evidence/application_status.html", {
        "application": application, "kind": word(KINDS[Kind(application.kind)]), "papers": papers_of(application), "refusal": refusal,
        "link": settings.PUBLIC_URL + reverse("application-status", args=[token]), "token": token, "error": error,
        "licensed": application.kind in LICENSED_KINDS, "largest_mb": LARGEST_BYTES // 1024**2,
    }, status=200 if error is None else error.status)
    response["X-Robots-Tag"] = "noindex"
    return response
