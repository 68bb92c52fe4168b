"""How many notices wait, for the frame of each page. A context processor; nothing is asked before a template looks."""
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.models import Person
from accounts.portal.workplace import viewer_of
from accounts.sign_in import shown_at
from common.errors import DomainError
from notifications.selectors import unread_count

MOST = 100
"""From here on the frame says 99+."""


def badge(request: HttpRequest) -> dict[str, object]:
    return {"unread": SimpleLazyObject(lambda: unread_of(request))}


def unread_of(request: HttpRequest) -> str:
    """`3`, `99+`; "" for none, and for whoever has no frame (`accounts.portal.shell`)."""
    person = request.user
    if not isinstance(person, Person) or shown_at(request, person) is None:
        return ""
    try:
        count = unread_count(viewer_of(request), most=MOST)
    except DomainError:
        return ""
    return "" if not count else str(count) if count < MOST else f"{MOST - 1}+"
