"""Routes of the pages about records and cases. A record number or our reference of a case may stand in a URL; a digest never does."""
from django.conf import settings
from django.urls import path

from evidence.portal import (
    agreement,
    applications,
    apply,
    case_acts,
    case_pages,
    dashboard,
    evidence_pages,
    home,
    own_record,
    platform_facts,
    practice,
    style_page,
    views,
    work,
)

urlpatterns = [
    path("home", home.home, name="console-home"),
    path("cases", case_pages.cases, name="cases"),
    path("cases/export", case_pages.export_cases, name="case-export"),
    path("cases/<str:ref>", case_pages.case, name="case"),
    path("cases/<str:ref>/package", case_pages.case_package, name="case-package"),
    path("cases/<str:ref>/print.css", case_pages.case_print_style, name="case-print-style"),
    path("cases/<str:ref>/notes", case_acts.add_case_note, name="case-note"),
    path("cases/<str:ref>/stage", case_acts.move_case_stage, name="case-stage"),
    path("cases/<str:case>/reckoning/deposit", case_acts.deposit_case_sheet, name="case-reckoning-deposit"),
    path("evidence", evidence_pages.evidence, name="evidence"),
    path("evidence/export", evidence_pages.export_records, name="evidence-export"),
    path("evidence/package", evidence_pages.selection_package, name="evidence-package"),
    path("dashboard", dashboard.dashboard, name="dashboard"),
    path("work", work.work, name="work"),
    path("visit", work.visit, name="visit"),
    path("work/<str:case_ref>", work.work_case, name="work-case"),
    path("work/<str:case_ref>/deposits", work.deposit_to_case, name="work-deposit"),
    path("records", views.RecordSearchView.as_view(), name="record-search"),
    path("records/<str:number>", views.RecordView.as_view(), name="record"),
    path("records/<str:number>/supersede", own_record.supersede_record, name="record-supersede"),
    path("records/<str:number>/files/<int:position>", own_record.fetch_original, name="record-original"),
    path("records/<str:number>/check", views.FileCheckView.as_view(), name="record-check"),
    path("records/<str:number>/print.css", views.PrintStyleView.as_view(), name="record-print-style"),
    path("apply", apply.apply, name="apply"),
    path("apply/status/<str:token>", apply.application_status, name="application-status"),
    path("apply/status/<str:token>/papers", apply.application_supplement, name="application-supplement"),
    path("apply/status/<str:token>/withdraw", apply.application_withdraw, name="application-withdraw"),
    path("applications", applications.applications, name="applications"),
    path("applications/<str:reference>", applications.application, name="application"),
    path("applications/<str:reference>/papers/<int:paper_id>", applications.application_paper, name="application-paper"),
    path("agreement", agreement.agreement, name="agreement"),
    path("agreement/acceptance", agreement.acceptance, name="agreement-acceptance"),
    path("practice", practice.practice, name="practice"),
    path("practice/file", practice.practice_file, name="practice-file"),
    path("practice/package", practice.practice_package, name="practice-package"),
    path("platform-facts", platform_facts.platform_facts, name="platform-facts"),
    path("platform-facts/new", platform_facts.new_fact, name="platform-fact-new"),
]
if settings.EMBEDDED:
    # For those who write pages; a production service shows nothing made up.
    urlpatterns.append(path("style", style_page.style, name="style"))
