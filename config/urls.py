"""All routes: the log for verifiers, the API for machines, the pages for people."""
from django.conf import settings
from django.urls import include, path, register_converter
from django.urls.converters import StringConverter
from django.urls.resolvers import URLPattern, URLResolver
from django.views.decorators.cache import cache_control
from django.views.static import serve

from config import health, home, metrics, operations, operator_keys, preferences


class OurFile(StringConverter):
    """A name that a file of ours may have. One longer than a disk takes would pass for a storage that is away."""

    regex = "[A-Za-z0-9._/-]{1,200}"


register_converter(OurFile, "ours")

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics.metrics),
    path("log/", include("ledger.api.urls")),
    path("oauth/", include("accounts.api.urls")),
    path("api/v1/", include("notifications.api.urls")),
    path("api/v1/", include("cases.api.urls")),
    path("api/v1/", include("cases.api.access_urls")),
    path("api/v1/", include("evidence.api.urls")),
    path("home", home.home, name="console-home"),
    path("operations", operations.operations, name="operations"),
    path("keys", operator_keys.keys, name="operator-keys"),
    path("keys/<int:key_id>/revoke", operator_keys.revoke_credential, name="operator-revoke-key"),
    path("keys/signing/<int:key_id>/revoke", operator_keys.revoke_signing, name="operator-revoke-signing-key"),
    path("preferences", preferences.set_preferences, name="preferences"),
    path("", include("accounts.portal.urls")),
    path("", include("notifications.portal.urls")),
    path("", include("ledger.portal.urls")),
    path("", include("cases.portal.urls")),
    path("", include("evidence.portal.urls")),
]
if settings.EMBEDDED:
    # In production the reverse proxy serves these files.
    urlpatterns.append(path("static/<ours:path>", cache_control(no_cache=True)(serve), {"document_root": settings.BASE_DIR / "static"}))

handler400 = "common.problems.bad_request"
handler404 = "common.problems.not_found"
handler429 = "common.problems.too_many_requests"
handler500 = "common.problems.server_error"
