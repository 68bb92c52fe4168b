"""The service's routes and one that no table knows."""
from django.urls import path

from config.health import healthz
from config.urls import handler400, handler404, handler500
from config.urls import urlpatterns as known

__all__ = ["handler400", "handler404", "handler500", "urlpatterns"]

urlpatterns = [*known, path("forgotten", healthz)]
