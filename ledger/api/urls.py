"""Routes below `/log/`; every other path below it is a 404."""
from django.urls import path

from ledger.api import views

urlpatterns = [
    path("checkpoint", views.CheckpointView.as_view(), name="log-checkpoint"),
    path("tile/<path:rest>", views.TileView.as_view(), name="log-tile"),
    path("policy", views.PolicyView.as_view(), name="log-policy"),
    path("policy/<str:end>", views.EarlierPolicyView.as_view(), name="log-earlier-policy"),
    path("vkey", views.KeysView.as_view(), name="log-vkey"),
    path("timestamps", views.TimestampsView.as_view(), name="log-timestamps"),
    path("incidents", views.IncidentsView.as_view(), name="log-incidents"),
]
