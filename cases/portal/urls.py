"""Routes of the pages about case files. An opaque id may stand in an address; nothing personal does."""
from django.urls import path

from cases.portal import imports, reckonings

urlpatterns = [
    path("cases/import", imports.import_cases, name="case-import"),
    path("cases/import/template.csv", imports.template, name="case-import-template"),
    path("cases/import/<str:checked>/confirm", imports.confirm, name="case-import-confirm"),
    path("cases/<str:case>/reckoning", reckonings.reckoning, name="case-reckoning"),
    path("cases/<str:case>/reckoning.csv", reckonings.reckoning_csv, name="case-reckoning-csv"),
]
