"""Routes of the pages about records. A record number may stand in a URL; a digest never does."""
from django.urls import path

from evidence.portal import views

urlpatterns = [
    path("records", views.RecordSearchView.as_view(), name="record-search"),
    path("records/<str:number>", views.RecordView.as_view(), name="record"),
    path("records/<str:number>/check", views.FileCheckView.as_view(), name="record-check"),
    path("records/<str:number>/print.css", views.PrintStyleView.as_view(), name="record-print-style"),
]
