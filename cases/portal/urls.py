"""Routes of the pages about case files and about access to them. An opaque id may stand in an address; nothing personal does."""
from django.urls import path

from cases.portal import access_page, accesses, caps, docket, imports, reckonings

urlpatterns = [
    *(
        route for address, sheet in (("cases/import", imports.CASES), ("cases/import/payments", imports.PAYMENTS)) for route in (
            path(address, imports.import_file, {"sheet": sheet}, name=sheet.route),
            path(f"{address}/template.csv", imports.template, {"sheet": sheet}, name=f"{sheet.route}-template"),
            path(f"{address}/<str:checked>/confirm", imports.confirm, {"sheet": sheet}, name=f"{sheet.route}-confirm"))),
    path("cases/import/<str:checked>", imports.standing, name="import-standing"),
    path("cases/import/<str:checked>/state", imports.standing_state, name="import-state"),
    path("cases/<str:case>/reckoning", reckonings.reckoning, name="case-reckoning"),
    path("cases/<str:case>/reckoning.csv", reckonings.reckoning_csv, name="case-reckoning-csv"),
    path("cases/<str:ref>/accesses", accesses.case_accesses, name="case-accesses"),
    path("rate-caps", caps.rate_caps, name="rate-caps"),
    path("rate-caps/add", caps.add_rate_cap, name="rate-cap-add"),
    path("rate-caps/end", caps.end_rate_cap, name="rate-cap-end"),
    path("rate-caps/remove", caps.remove_rate_cap, name="rate-cap-remove"),
    path("access", access_page.access, name="access"),
    path("access/entrustments", access_page.add_entrustment, name="access-entrust"),
    path("access/entrustments/<str:ref>/end", access_page.stop_entrustment, name="access-end-entrustment"),
    path("access/assign", access_page.assign, name="access-assign"),
    path("access/withdraw", access_page.withdraw, name="access-withdraw"),
    path("access/distribute", access_page.distribute, name="access-distribute"),
    path("access/grants", access_page.add_grant, name="access-grant"),
    path("access/grants/<str:ref>/approve", access_page.approve, name="access-approve"),
    path("access/grants/<str:ref>/revoke", access_page.revoke, name="access-revoke"),
    path("access/submit", access_page.submit, name="access-submit"),
    path("access/matters/<str:ref>/cases", access_page.submitted_cases, name="access-matter-cases"),
    path("docket", docket.docket, name="docket"),
    path("docket/<str:ref>/cases", docket.matter_cases, name="docket-cases"),
    path("docket/<str:ref>/accept", docket.accept, name="docket-accept"),
    path("docket/<str:ref>/close", docket.close, name="docket-close"),
    path("orders", docket.orders, name="orders"),
    path("orders/<str:ref>/cases", docket.order_cases, name="orders-cases"),
    path("orders/<str:ref>/open", docket.open_one, name="orders-open"),
    path("orders/<str:ref>/end", docket.end_one, name="orders-end"),
]
