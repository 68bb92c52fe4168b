"""When the screen of a workstation is locked: so long without a page, or at once when its user says so; until he shows himself again.

The server's clock decides, at the next request; `static/js/idle_lock.js` only asks it, and hides what is on the screen. Without scripts the
page stays to be read until it is left. Asking is no page: a locked screen would keep its own session awake.
"""
import time

from django.http import HttpRequest

from accounts.models import Person
from accounts.sign_in import give_new_key, proven_at
from accounts.workstations import Workstation

IDLE_LOCK = "idle-lock"
# The names of its values in a session.
SEEN_AT, LOCKED_AT = "cunzheng_seen_at", "cunzheng_locked_at"
# How often a session's last page is written anew; each page would be a write otherwise. A lock may come so much early.
PROLONG_EVERY_S, SEEN_EVERY_S = 60, 15
# For the template: how long until the page asks whether it is locked.
IDLE_S = "cunzheng_idle_s"


def note_page(request: HttpRequest, seat: Workstation | None) -> None:
    """A page was asked for: the session lives on, and a workstation is awake."""
    now, every = time.time(), PROLONG_EVERY_S if seat is None else SEEN_EVERY_S
    if seat is not None:
        request.META[IDLE_S] = seat.idle_s
    if now - float(request.session.get(SEEN_AT, 0)) >= every:
        request.session[SEEN_AT] = now


def left_s(request: HttpRequest, person: Person, idle_s: int) -> float:
    """Seconds until the screen locks; 0 or less when it is locked."""
    proven, seen = proven_at(request, person), float(request.session.get(SEEN_AT, 0))
    if float(request.session.get(LOCKED_AT, 0)) > proven:
        return 0.0
    return max(proven, seen) + idle_s - time.time()


def is_locked(request: HttpRequest, person: Person, idle_s: int) -> bool:
    """Whether whoever sits there has to show himself before he sees anything."""
    return left_s(request, person, idle_s) <= 0


def lock(request: HttpRequest) -> None:
    """Lock at once."""
    request.session[LOCKED_AT] = time.time()
    # A session is saved whole: a slow page that was asked for before would save it without the lock, if its key still led anywhere.
    give_new_key(request)
