"""How many notices wait, for the frame of each page. A context processor; nothing is asked before a template looks."""
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.portal.workplace import framed
from notifications.selectors import unread_count

MOST = 100
"""From here on the frame says 99+."""


def badge(request: HttpRequest) -> dict[str, object]:
    return {"unread": SimpleLazyObject(lambda: unread_of(request))}


def unread_of(request: HttpRequest) -> str:
    """`3`, `99+`; "" for none, and for whoever has no frame."""
    viewer = framed(request)
    count = unread_count(viewer, most=MOST) if viewer is not None else 0
    return "" if not count else str(count) if count < MOST else f"{MOST - 1}+"
