"""The two routes of the evidence origin; whatever else is asked for there, `config.evidence_host` answers.

Both begin alike, because the proxy passes nothing else to that host.
"""
from django.urls import path

from evidence.portal.originals import original, paper

urlpatterns = [
    path("originals/papers/<str:token>", paper, name="paper"),
    path("originals/<str:token>", original, name="original"),
]
