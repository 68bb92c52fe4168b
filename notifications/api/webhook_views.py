"""Webhooks over HTTP: an organisation's own endpoints, their secrets, tests and delivery logs. A foreign id is an unknown one."""
from datetime import timedelta

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.authentication import credential_of
from accounts.scopes import Scope
from common.bodies import answer, decode_with, read_json
from notifications.api import payloads, schema
from notifications.api.answers import delivery_facts, webhook_facts
from notifications.models import WebhookEndpoint
from notifications.selectors import attempts_of, deliveries_to, delivery_to, webhook_of, webhooks_of
from notifications.services import create_webhook, delete_webhook, rotate_secret, send_test

PAGE = 50


def own_webhook(request: Request, ref: str) -> WebhookEndpoint:
    return webhook_of(credential_of(request).organisation_id, ref)


class WebhooksView(APIView):
    """The collection: GET lists the organisation's endpoints by cursor, POST makes one and shows its secret once."""

    scopes = {"GET": Scope.WEBHOOKS_MANAGE, "POST": Scope.WEBHOOKS_MANAGE}

    @extend_schema(**schema.LIST)
    def get(self, request: Request) -> HttpResponse:
        organisation_id, after = credential_of(request).organisation_id, request.query_params.get("cursor")
        rows = webhooks_of(organisation_id)
        if after is not None:
            rows = rows.filter(id__lt=webhook_of(organisation_id, after).pk)
        page = list(rows[: PAGE + 1])
        cursor = page[PAGE - 1].ref if len(page) > PAGE else None
        return answer({"webhooks": [webhook_facts(endpoint) for endpoint in page[:PAGE]], "next_cursor": cursor})

    @extend_schema(**schema.CREATE)
    def post(self, request: Request) -> HttpResponse:
        organisation = credential_of(request).organisation
        wanted = decode_with(payloads.NEW_WEBHOOK, read_json(request))
        endpoint, secret = create_webhook(
            organisation, url=wanted.url, events=wanted.events, networks=settings.OUTGOING_NETWORKS, now=timezone.now())
        return answer({**webhook_facts(endpoint), "secret": secret}, status=201)


class WebhookView(APIView):
    scopes = {"GET": Scope.WEBHOOKS_MANAGE, "DELETE": Scope.WEBHOOKS_MANAGE}

    @extend_schema(**schema.READ)
    def get(self, request: Request, webhook: str) -> HttpResponse:
        return answer(webhook_facts(own_webhook(request, webhook)))

    @extend_schema(**schema.DELETE)
    def delete(self, request: Request, webhook: str) -> HttpResponse:
        delete_webhook(own_webhook(request, webhook), now=timezone.now())
        return HttpResponse(status=204)


class WebhookDeliveriesView(APIView):
    """What was sent to an endpoint, the newest first, with every attempt."""

    scopes = {"GET": Scope.WEBHOOKS_MANAGE}

    @extend_schema(**schema.DELIVERIES)
    def get(self, request: Request, webhook: str) -> HttpResponse:
        endpoint, after = own_webhook(request, webhook), request.query_params.get("cursor")
        rows = deliveries_to(endpoint)
        if after is not None:
            rows = rows.filter(id__lt=delivery_to(endpoint, after).pk)
        found = list(rows[: PAGE + 1])
        page, cursor = found[:PAGE], found[PAGE - 1].message_id if len(found) > PAGE else None
        attempts = attempts_of(page)
        return answer({"deliveries": [delivery_facts(row, attempts[row.pk]) for row in page], "next_cursor": cursor})


class WebhookSecretView(APIView):
    """POST gives a new secret, once; the one before it signs too for a while."""

    scopes = {"POST": Scope.WEBHOOKS_MANAGE}

    @extend_schema(**schema.ROTATE)
    def post(self, request: Request, webhook: str) -> HttpResponse:
        endpoint = own_webhook(request, webhook)
        wanted = decode_with(payloads.SECRET_ROTATION, read_json(request))
        secret = rotate_secret(endpoint, overlap=timedelta(seconds=wanted.overlap_s), now=timezone.now())
        return answer({**webhook_facts(own_webhook(request, webhook)), "secret": secret}, status=201)


class WebhookTestView(APIView):
    """POST sends a test event; what came of it stands in the delivery log."""

    scopes = {"POST": Scope.WEBHOOKS_MANAGE}

    @extend_schema(**schema.TEST)
    def post(self, request: Request, webhook: str) -> HttpResponse:
        delivery = send_test(own_webhook(request, webhook), now=timezone.now())
        return answer(delivery_facts(delivery, []), status=202)
