"""Routes of `notifications` for people."""
from django.urls import path

from notifications.portal import choices, confirmation, inbox, standing

urlpatterns = [
    path("inbox", inbox.inbox, name="inbox"),
    path("inbox/read", inbox.read, name="inbox-read"),
    path("account/notifications", choices.choices, name="notification-choices"),
    path("account/notifications/confirm", choices.send_again, name="address-confirmation-again"),
    path("account/notifications/confirm/<str:token>", confirmation.confirmation, name="address-confirmation"),
    path("organisations/<str:ref>/activate", standing.activate_organisation, name="organisation-activate"),
    path("organisations/<str:ref>/status", standing.set_status, name="organisation-status"),
]
