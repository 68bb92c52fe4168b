"""A reader's two choices, language and display, kept in cookies of their own: no session, no script needed.

The cookies say nothing about who the reader is. A forged request could only change how pages look, so no token guards it.
"""
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

# As the session's: no other host of the domain, and nobody on a connection in clear, can plant one.
DISPLAY_COOKIE = "cunzheng_display" if settings.EMBEDDED else "__Host-cunzheng-display"
DISPLAYS = ("plain", "large")
YEAR_S = 365 * 86_400


def display(request: HttpRequest) -> dict[str, bool | str]:
    """For every template: whether the reader chose large text in high contrast, and where his choice leads back to."""
    return {"large_display": request.COOKIES.get(DISPLAY_COOKIE) == "large", "shown_at": shown_at(request)}


def shown_at(request: HttpRequest) -> str:
    """The address at which what the reader sees can be asked for again: after a form that was refused, that of the form's page."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    try:
        form = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return "/"
    return urlunsplit(("", "", form.path or "/", form.query, "")) if form.netloc == request.get_host() else "/"


@csrf_exempt
@require_POST
def set_preferences(request: HttpRequest) -> HttpResponse:
    """Keep `language` or `display` and go back to `next`, which must be a path on this site."""
    target = request.POST.get("next", "/")
    # No host is allowed: a link to this form must not lead elsewhere.
    if not target.startswith("/") or not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        target = "/"
    response = HttpResponseRedirect(target)
    response.status_code = 303
    response["Cache-Control"] = "no-store"
    language, display = request.POST.get("language", ""), request.POST.get("display", "")
    if language in dict(settings.LANGUAGES) and check_for_language(language):
        _keep(request, response, settings.LANGUAGE_COOKIE_NAME, language)
    if display in DISPLAYS:
        _keep(request, response, DISPLAY_COOKIE, display)
    return response


def _keep(request: HttpRequest, response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=YEAR_S, samesite="Lax", httponly=True, secure=request.is_secure())
