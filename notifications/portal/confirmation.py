"""The page behind the link that was sent to an e-mail address: looked at by GET, used up by POST, so that no scanner of mail uses it.

Neither the address nor whose it is stands here: whoever was written to by mistake learns nothing, and the link is no session.
"""
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from notifications.confirming import confirm_address, letter_with


@require_http_methods(["GET", "POST"])
@never_cache
def confirmation(request: HttpRequest, token: str) -> HttpResponse:
    """Raises ConfirmationInvalid."""
    now, done = timezone.now(), request.method == "POST"
    if done:
        confirm_address(token, now=now)
    else:
        letter_with(token, now=now)
    response = render(request, "notifications/confirmation.html", {"done": done})
    response["X-Robots-Tag"] = "noindex"
    return response
