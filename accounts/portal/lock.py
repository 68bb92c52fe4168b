"""`/account/lock`: whether the screen is locked, for the script that hides it; and the button that locks it.

Neither is a page for `idle`: asking does not keep a session awake. Whoever does not work by workstation is never locked.
"""
import math

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.audit.events import Event
from accounts.audit.recording import note_about
from accounts.idle import left_s, lock
from accounts.portal.gate import needs_person, signed_in_person
from accounts.workstations import workstation_of
from common.problems import NotFound


@require_http_methods(["GET", "POST"])
@needs_person
def idle_lock(request: HttpRequest) -> HttpResponse:
    """GET: `{"locked", "left_s"}`. POST: lock now; the page that answers leads on. Raises NotFound where nothing locks."""
    person = signed_in_person(request)
    seat = workstation_of(person)
    if seat is None:
        raise NotFound
    if request.method == "POST":
        with transaction.atomic():
            note_about(person, Event.SESSION_LOCKED, at=timezone.now())
            lock(request)
        # No redirect: it would end at the provider's site, where the policy lets no form lead.
        return render(request, "accounts/locked.html", {"onward": reverse("account")})
    left = left_s(request, person, seat.idle_s)
    return JsonResponse({"locked": left <= 0, "left_s": max(0, math.ceil(left))})
