"""Webhooks for people: an organisation's endpoints, their secrets, a test event, what was sent and what came of it.

For whoever manages the organisation's keys, behind the same second factor; by the services of the API, which judge each address. A secret
is shown once, on the page that answers. What this does not do: send anything.
"""
from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Organisation
from accounts.permissions import Act
from accounts.portal.gate import needs_person, signed_in_person, step_up
from accounts.portal.keys import organisation_with_keys
from common.errors import DomainError
from common.refused import Refused
from notifications.errors import WebhookEventsMissing
from notifications.events import KINDS, RECORD_TIMESTAMPED, TEST
from notifications.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from notifications.selectors import attempts_of, current_secret_of, deliveries_to, delivery_to, webhook_of, webhooks_of
from notifications.services import create_webhook, delete_webhook, rotate_secret, send_test

PAGE = 50
OVERLAP = timedelta(days=1)
EVENTS: Mapping[str, str | Promise] = {RECORD_TIMESTAMPED: _("存证已获时间戳"), TEST: _("测试事件")}
OUTCOMES: Mapping[str, tuple[str, str | Promise]] = {
    "": ("wait", _("待送达")), WebhookDelivery.DELIVERED: ("good", _("已送达")), WebhookDelivery.FAILED: ("bad", _("次数用尽，未送达")),
    WebhookDelivery.DROPPED: ("off", _("因停用而放弃")),
}
TROUBLES: Mapping[str, str | Promise] = {
    "forbidden-address": _("地址不在公网，不予发送"), "unreachable": _("无法连接"), "tls": _("TLS 证书或握手有误"), "timeout": _("超时"),
    "broken-connection": _("连接中断"), "redirect": _("接收方要求跳转，不予跟随"), "http-status": _("状态码有误"),
    "content-type": _("内容类型有误"), "too-large": _("应答过大"),
}
FAILED = "failed"
STATES: Mapping[str, tuple[str | Promise, Q]] = {
    "": (_("全部"), Q()), FAILED: (_("未送达"), Q(outcome__in=[WebhookDelivery.FAILED, WebhookDelivery.DROPPED])),
    "waiting": (_("待送达"), Q(outcome="")), "delivered": (_("已送达"), Q(outcome=WebhookDelivery.DELIVERED)),
}


@require_GET
@needs_person
@step_up(Act.MANAGE_KEYS, back="organisation-webhooks", keep=("ref",))
def webhooks(request: HttpRequest, ref: str) -> HttpResponse:
    return _list(request, organisation_with_keys(signed_in_person(request), ref))


@require_POST
@needs_person
@step_up(Act.MANAGE_KEYS, back="organisation-webhooks", keep=("ref",))
def new_webhook(request: HttpRequest, ref: str) -> HttpResponse:
    organisation, form = organisation_with_keys(signed_in_person(request), ref), request.POST
    events = [event for event in form.getlist("events") if event in KINDS]
    try:
        if not events:
            raise WebhookEventsMissing(pointer="/events")
        endpoint, secret = create_webhook(
            organisation, url=form.get("url", "").strip(), events=events, networks=settings.OUTGOING_NETWORKS, now=timezone.now())
    except DomainError as error:
        return _list(request, organisation, refused=Refused("webhook", error, form), chosen=events)
    return _one(request, organisation, endpoint.ref, secret=secret)


@require_GET
@needs_person
@step_up(Act.MANAGE_KEYS, back="organisation-webhook", keep=("ref", "webhook"))
def webhook(request: HttpRequest, ref: str, webhook: str) -> HttpResponse:
    """An endpoint with its log. Raises WebhookNotFound, also for a cursor that is none."""
    return _one(request, organisation_with_keys(signed_in_person(request), ref), webhook)


@require_POST
@needs_person
@step_up(Act.MANAGE_KEYS, back="organisation-webhook", keep=("ref", "webhook"))
def rotate(request: HttpRequest, ref: str, webhook: str) -> HttpResponse:
    """A new secret, shown once. `seen`: the secret that the page knew of, so that a second press of the button makes no third one."""
    organisation = organisation_with_keys(signed_in_person(request), ref)
    endpoint = webhook_of(organisation.pk, webhook)
    try:
        overlap = timedelta() if "leaked" in request.POST else OVERLAP
        secret = rotate_secret(endpoint, overlap=overlap, now=timezone.now(), seen=request.POST.get("seen", ""))
    except DomainError as error:
        return _one(request, organisation, webhook, refused=Refused("rotate", error))
    return _one(request, organisation, webhook, secret=secret)


@require_POST
@needs_person
@step_up(Act.MANAGE_KEYS, back="organisation-webhook", keep=("ref", "webhook"))
def test(request: HttpRequest, ref: str, webhook: str) -> HttpResponse:
    organisation = organisation_with_keys(signed_in_person(request), ref)
    try:
        send_test(webhook_of(organisation.pk, webhook), now=timezone.now())
    except DomainError as error:
        if error.status == 404:
            raise
        return _one(request, organisation, webhook, refused=Refused("test", error))
    return HttpResponseRedirect(reverse("organisation-webhook", args=[ref, webhook]) + "#log")


@require_POST
@needs_person
@step_up(Act.MANAGE_KEYS, back="organisation-webhook", keep=("ref", "webhook"))
def delete(request: HttpRequest, ref: str, webhook: str) -> HttpResponse:
    delete_webhook(webhook_of(organisation_with_keys(signed_in_person(request), ref).pk, webhook), now=timezone.now())
    return HttpResponseRedirect(reverse("organisation-webhooks", args=[ref]))


def _list(
    request: HttpRequest, organisation: Organisation, *, refused: Refused | None = None, chosen: Sequence[str] = (RECORD_TIMESTAMPED,)
) -> HttpResponse:
    # An organisation has twenty at most (`notifications.services.ENDPOINTS`), so there is one page of them.
    rows = [(each, [EVENTS[row.event] for row in each.subscriptions.all()], state_of(each)) for each in webhooks_of(organisation.pk)]
    return render(request, "notifications/webhooks.html", {
        "organisation": organisation, "rows": rows, "refused": refused,
        "events": [(kind, EVENTS[kind], kind in chosen) for kind in sorted(KINDS)],
    }, status=200 if refused is None else refused.error.status)


def _one(request: HttpRequest, organisation: Organisation, ref: str, *, refused: Refused | None = None, secret: str = "") -> HttpResponse:
    endpoint = webhook_of(organisation.pk, ref)
    state = request.GET.get("state", "") if request.GET.get("state", "") in STATES else ""
    after = request.GET.get("after", "")
    rows = deliveries_to(endpoint).filter(STATES[state][1])
    if after:
        rows = rows.filter(pk__lt=delivery_to(endpoint, after).pk)
    found = list(rows[: PAGE + 1])
    attempts = attempts_of(found[:PAGE])
    endings = [each.ends_at for each in endpoint.secrets.all() if each.ends_at is not None and each.ends_at > timezone.now()]
    return render(request, "notifications/webhook.html", {
        "organisation": organisation, "endpoint": endpoint, "refused": refused, "secret": secret, "seen": current_secret_of(endpoint),
        "events": [EVENTS[row.event] for row in endpoint.subscriptions.all()], "state": state_of(endpoint),
        "old_until": max(endings, default=None),
        "rows": [_row(each, attempts[each.pk]) for each in found[:PAGE]], "states": [(value, word) for value, (word, _q) in STATES.items()],
        "cursor": found[PAGE - 1].message_id if len(found) > PAGE else "",
        "filter": {"after": after, "query": f"?state={state}" if state else "", "state": state},
    }, status=200 if refused is None else refused.error.status)


def state_of(endpoint: WebhookEndpoint) -> tuple[str, str | Promise]:
    """Tone and word of a chip."""
    if endpoint.disabled_at is not None:
        return ("bad", _("已停用：接收方答复 410") if endpoint.disabled_for == WebhookEndpoint.GONE else _("已停用：长期失败"))
    return ("wait", _("连续失败，将重试")) if endpoint.failing_since is not None else ("good", _("使用中"))


def _row(delivery: WebhookDelivery, attempts: Sequence[WebhookAttempt]) -> dict[str, object]:
    tone, word = OUTCOMES[delivery.outcome]
    told = [(each, TROUBLES.get(each.trouble, each.trouble)) for each in attempts]
    return {"delivery": delivery, "event": EVENTS.get(delivery.event, delivery.event), "tone": tone, "word": word, "attempts": told}
