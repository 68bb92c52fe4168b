"""Routes of the log's pages."""
from django.urls import path

from ledger.portal import views

urlpatterns = [
    path("", views.HomeView.as_view(), name="home"),
    path("witness-guide", views.WitnessGuideView.as_view(), name="witness-guide"),
]
