"""The one route of the evidence origin; whatever else is asked for there, `config.evidence_host` answers."""
from django.urls import path

from evidence.portal.originals import original

urlpatterns = [path("originals/<str:token>", original, name="original")]
