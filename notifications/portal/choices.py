"""By what a person wants to be told besides the inbox, and what became of the last messages."""
from collections.abc import Mapping, Sequence

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Person
from accounts.portal.gate import needs_person, signed_in_person
from common.errors import DomainError
from notifications.channels import channels_of, choose_channels, offered
from notifications.confirming import ask_again, confirm_number
from notifications.models import Channel, Message
from notifications.selectors import messages_to

LISTED = 20
LABELS: dict[str, str | Promise] = {Channel.EMAIL: _("电子邮件"), Channel.SMS: _("短信")}
FIELDS: dict[str, str | Promise] = {Channel.EMAIL: _("邮箱地址"), Channel.SMS: _("手机号码")}
STATES: dict[str, tuple[str, str | Promise]] = {
    "": ("wait", _("待发送")), Message.SENT: ("good", _("已送出")), Message.ACCEPTED: ("wait", _("网关已受理，结果未知")),
    Message.FAILED: ("bad", _("未送达")), Message.DROPPED: ("off", _("未发送")),
}


@require_http_methods(["GET", "POST"])
@needs_person
def choices(request: HttpRequest) -> HttpResponse:
    """POST: `email` and `sms` are the boxes, `email_address` and `sms_address` what stands beside them."""
    person = signed_in_person(request)
    if request.method != "POST":
        return choices_page(request, person, channels_of(person), error=None)
    wanted = {kind: request.POST.get(f"{kind}_address", "") for kind in offered() if request.POST.get(kind)}
    try:
        choose_channels(person, wanted, language=get_language() or "", now=timezone.now())
    except DomainError as error:
        return choices_page(request, person, wanted, error=error)
    return HttpResponseRedirect(reverse("notification-choices"))


@require_POST
@needs_person
def send_again(request: HttpRequest) -> HttpResponse:
    """Another link to an address, or with `kind=sms` another code to a number, that waits to be confirmed; nothing where none does."""
    person = signed_in_person(request)
    try:
        ask_again(person, Channel.SMS if request.POST.get("kind") == Channel.SMS else Channel.EMAIL, now=timezone.now())
    except DomainError as error:
        return choices_page(request, person, channels_of(person), error=error)
    return HttpResponseRedirect(reverse("notification-choices"))


@require_POST
@needs_person
def enter_code(request: HttpRequest) -> HttpResponse:
    """The code that came by SMS to the number that waits."""
    person = signed_in_person(request)
    try:
        confirm_number(person, request.POST.get("code", "")[:20], now=timezone.now())
    except DomainError as error:
        return choices_page(request, person, channels_of(person), error=error)
    return HttpResponseRedirect(reverse("notification-choices"))


def choices_page(request: HttpRequest, person: Person, chosen: Mapping[str, str], *, error: DomainError | None) -> HttpResponse:
    rows = [{"kind": kind, "label": LABELS[kind], "field": FIELDS[kind], "on": kind in chosen, "address": chosen.get(kind, "")}
            for kind in offered()]
    held = {each.kind: each for each in Channel.objects.filter(person=person, kind__in=offered())}
    response = render(request, "notifications/choices.html", {
        "channels": rows, "email": held.get(Channel.EMAIL), "number": held.get(Channel.SMS), "sent": _sent(person), "error": error,
    }, status=200 if error is None else error.status)
    if error is not None and error.retry_after_s is not None:
        response["Retry-After"] = str(error.retry_after_s)
    return response


def _sent(person: Person) -> Sequence[dict[str, object]]:
    return [{"row": each, "channel": LABELS[each.channel], "tone": STATES[each.outcome][0], "word": STATES[each.outcome][1]}
            for each in messages_to(person)[:LISTED]]
