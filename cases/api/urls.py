"""Routes of cases below /api/v1/."""
from django.urls import path

from cases.api import case_views, import_views, reckoning_views

urlpatterns = [
    path("cases", case_views.CasesView.as_view()),
    path("cases/search", case_views.CaseSearchView.as_view()),
    path("cases/imports", import_views.ImportsView.as_view()),
    path("cases/imports/<str:checked>/confirm", import_views.ImportConfirmView.as_view()),
    path("cases/imports/payments", import_views.PaymentImportsView.as_view()),
    path("cases/imports/payments/<str:checked>/confirm", import_views.PaymentImportConfirmView.as_view()),
    path("cases/imports/<str:checked>", import_views.ImportStatusView.as_view()),
    path("cases/<str:case>", case_views.CaseView.as_view()),
    path("cases/<str:case>/stage", case_views.CaseStageView.as_view()),
    path("cases/<str:case>/notes", case_views.CaseNotesView.as_view()),
    path("cases/<str:case>/reckoning", reckoning_views.ReckoningView.as_view()),
    path("cases/<str:case>/reckoning.csv", reckoning_views.ReckoningCsvView.as_view()),
    path("rate-caps", reckoning_views.RateCapsView.as_view()),
]
