"""The operators' queue of applications: papers, checklist, decision.

For anybody else these pages do not exist, and no evidence stands on them.
"""
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.applying import application_at
from accounts.checking import CHECKLIST, LONGEST_REASON, Decision, checks_of, decided_applications, open_applications
from accounts.models import Application, Organisation
from accounts.permissions import KINDS, Act, Kind
from accounts.portal.gate import needs_person, signed_in_person, step_up
from accounts.portal.members import word
from accounts.portal.organisations import for_operator
from common.errors import DomainError
from evidence.deciding import decide_and_tell
from evidence.paper_tickets import issue_paper_ticket
from evidence.papers import paper_of, papers_of, refuse_malware
from evidence.portal.work import see_other

ITEMS = {
    "credit_code_found": _("已在登记机关网站按统一社会信用代码查询，名称与状态一致"),
    "licence_valid": _("执照、执业许可证或设立文件在有效期内，且与登记机关记载一致"),
    "letter_sealed": _("授权书已加盖公章，载明管理员姓名"),
    "contact_called": _("已按公开渠道的电话回访，确认申请与管理员属实"),
}


@require_GET
@needs_person
@for_operator
def applications(request: HttpRequest) -> HttpResponse:
    def rows(found: "list[Application]") -> list[tuple[Application, str]]:
        return [(each, word(KINDS[Kind(each.kind)])) for each in found]

    return render(request, "evidence/applications.html", {
        "waiting": rows(list(open_applications())), "decided": rows(list(decided_applications())), "now": timezone.now()})


@require_http_methods(["GET", "POST"])
@needs_person
@for_operator
@step_up(Act.MANAGE_ORGANISATIONS, back="application", keep=("reference",))
def application(request: HttpRequest, reference: str) -> HttpResponse:
    """The papers and the checklist; POST decides."""
    found = application_at(reference)
    if request.method != "POST":
        return application_page(request, found)
    typed = request.POST
    round_seen = int(typed["round"]) if typed.get("round", "").isdecimal() and len(typed["round"]) < 6 else 0
    decision = Decision(
        typed.get("decision") == "pass", typed.get("reason", ""), frozenset(CHECKLIST) & frozenset(typed), round_seen)
    try:
        token = decide_and_tell(found, decision, by=signed_in_person(request), now=timezone.now())
    except DomainError as error:
        return application_page(request, application_at(reference), error=error, typed_reason=typed.get("reason", "")[:LONGEST_REASON])
    if token is None:
        return HttpResponseRedirect(reverse("application", args=[reference]))
    return application_page(request, application_at(reference), link=settings.PUBLIC_URL + reverse("invitation", args=[token]))


def application_page(
    request: HttpRequest, found: Application, *, error: DomainError | None = None, typed_reason: str = "", link: str = ""
) -> HttpResponse:
    checks, me = list(checks_of(found)), signed_in_person(request).pk
    return render(request, "evidence/application.html", {
        "application": found, "kind": word(KINDS[Kind(found.kind)]), "papers": papers_of(found), "error": error, "link": link,
        "checks": [(each, [(label, getattr(each, name)) for name, label in ITEMS.items()]) for each in checks], "items": ITEMS.items(),
        "mine": any(each.by_id == me and each.round == found.round for each in checks), "typed_reason": typed_reason,
        "known": found.state == Application.State.OPEN and Organisation.objects.filter(credit_code=found.credit_code).exists(),
    }, status=200 if error is None else error.status)


@require_POST
@needs_person
@for_operator
@step_up(Act.MANAGE_ORGANISATIONS, back="application", keep=("reference",))
def application_paper(request: HttpRequest, /, reference: str, paper_id: int) -> HttpResponse:
    """To the evidence origin with a ticket for one paper: no browser is to open on this origin what a stranger sent.

    Raises PaperInfected, PaperNotScanned.
    """
    paper = paper_of(application_at(reference), paper_id)
    refuse_malware(paper)
    token = issue_paper_ticket(signed_in_person(request), paper, now=timezone.now())
    return see_other(f"{settings.EVIDENCE_ORIGIN}{reverse('paper', urlconf='config.evidence_urls', args=[token])}")
