"""The service's routes and one more below `/account`, which is about the visitor himself and could be about anything."""
from django.urls import path

from config.health import healthz
from config.urls import handler400, handler404, handler500
from config.urls import urlpatterns as known

__all__ = ["handler400", "handler404", "handler500", "urlpatterns"]

urlpatterns = [*known, path("account/cases", healthz)]
