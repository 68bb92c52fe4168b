"""Routes of `notifications` for people."""
from django.urls import path

from notifications.portal import choices, inbox

urlpatterns = [
    path("inbox", inbox.inbox, name="inbox"),
    path("inbox/read", inbox.read, name="inbox-read"),
    path("account/notifications", choices.choices, name="notification-choices"),
]
