"""Routes of webhooks and notices below /api/v1/."""
from django.urls import path

from notifications.api import notice_views, webhook_views

urlpatterns = [
    path("webhooks", webhook_views.WebhooksView.as_view()),
    path("webhooks/<str:webhook>", webhook_views.WebhookView.as_view()),
    path("webhooks/<str:webhook>/deliveries", webhook_views.WebhookDeliveriesView.as_view()),
    path("webhooks/<str:webhook>/secret", webhook_views.WebhookSecretView.as_view()),
    path("webhooks/<str:webhook>/test", webhook_views.WebhookTestView.as_view()),
    path("notices", notice_views.NoticesView.as_view()),
    path("notices/<str:notice>/read", notice_views.NoticeReadView.as_view()),
]
