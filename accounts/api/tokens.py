"""POST /oauth/token: a client's id and secret for an access token. The one endpoint of OAuth that there is.

Its answers are RFC 6749's JSON, not problem documents: clients of that RFC read no other.
"""
import json

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from oauth2_provider.oauth2_backends import get_oauthlib_core

from accounts.api.failures import count_failure
from common.problems import TooManyRequests

FORM = "application/x-www-form-urlencoded"


@csrf_exempt
@sensitive_post_parameters("client_secret")
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    if request.content_type != FORM or request.GET or any(len(values) > 1 for _, values in request.POST.lists()):
        # SPEC: RFC 6749 3.2: a form in the body, nothing in the address, no parameter twice.
        return refused("invalid_request", 400)
    _, headers, body, status = get_oauthlib_core().create_token_response(request)
    if status != 401:
        answer = HttpResponse(body, status=status, content_type="application/json")
        answer["Cache-Control"], answer["Pragma"] = headers.get("Cache-Control", "no-store"), "no-cache"
        return answer
    try:
        count_failure(request)
    except TooManyRequests as busy:
        answer = refused("invalid_client", busy.status)
        answer["Retry-After"] = str(busy.retry_after_s)
        return answer
    answer = refused("invalid_client", 401)
    # SPEC: RFC 6749 5.2: the scheme by which a client may authenticate.
    answer["WWW-Authenticate"] = 'Basic realm="oauth"'
    return answer


def refused(error: str, status: int) -> HttpResponse:
    """RFC 6749 5.2, and nothing about which part was wrong."""
    response = HttpResponse(json.dumps({"error": error}), status=status, content_type="application/json")
    response["Cache-Control"], response["Pragma"] = "no-store", "no-cache"
    return response
