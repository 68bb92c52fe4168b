"""Routes of `notifications` for people."""
from django.urls import path

from notifications.portal import choices, confirmation, inbox, standing, webhooks

urlpatterns = [
    path("inbox", inbox.inbox, name="inbox"),
    path("inbox/read", inbox.read, name="inbox-read"),
    path("account/notifications", choices.choices, name="notification-choices"),
    path("account/notifications/confirm", choices.send_again, name="address-confirmation-again"),
    path("account/notifications/number", choices.enter_code, name="number-confirmation"),
    path("account/notifications/confirm/<str:token>", confirmation.confirmation, name="address-confirmation"),
    path("organisations/<str:ref>/activate", standing.activate_organisation, name="organisation-activate"),
    path("organisations/<str:ref>/status", standing.set_status, name="organisation-status"),
    path("organisations/<str:ref>/webhooks", webhooks.webhooks, name="organisation-webhooks"),
    path("organisations/<str:ref>/webhooks/new", webhooks.new_webhook, name="organisation-new-webhook"),
    path("organisations/<str:ref>/webhooks/<str:webhook>", webhooks.webhook, name="organisation-webhook"),
    path("organisations/<str:ref>/webhooks/<str:webhook>/secret", webhooks.rotate, name="organisation-webhook-secret"),
    path("organisations/<str:ref>/webhooks/<str:webhook>/test", webhooks.test, name="organisation-webhook-test"),
    path("organisations/<str:ref>/webhooks/<str:webhook>/delete", webhooks.delete, name="organisation-webhook-delete"),
]
