"""Routes of assignments, grants, matters, orders and readings below /api/v1/."""
from django.urls import path

from cases.api import access_views

urlpatterns = [
    path("entrustments", access_views.EntrustmentsView.as_view()),
    path("assignments", access_views.AssignmentsView.as_view()),
    path("assignments/withdrawals", access_views.WithdrawalsView.as_view()),
    path("assignments/distributions", access_views.DistributionsView.as_view()),
    path("grants", access_views.GrantsView.as_view()),
    path("matters", access_views.MattersView.as_view()),
    path("matters/<str:matter>/acceptance", access_views.MatterAcceptanceView.as_view()),
    path("matters/<str:matter>/closing", access_views.MatterClosingView.as_view()),
    path("orders", access_views.OrdersView.as_view()),
    path("orders/<str:order>", access_views.OrderView.as_view()),
    path("cases/<str:case>/accesses", access_views.CaseAccessesView.as_view()),
]
