"""How each fictitious person signs in, as rows for the summary of `make run`."""
from django.conf import settings
from django.urls import reverse

from accounts.permissions import BY_WORKSTATION, ROLES
from sandbox.seeds.people import SEATS, Cast


def sign_ins(cast: Cast) -> list[dict[str, str]]:
    """Of everybody in the table's order: both words for the role, organisation, login, and the address where he begins.

    `by`: `password`, or `provider` for those whom the agency's identity provider lets in.
    """
    return [{
        "zh": ROLES[seat.role].label.zh, "en": ROLES[seat.role].label.en, "organisation": cast.places[seat.code].name, "login": seat.login,
        "by": "provider" if seat.role in BY_WORKSTATION else "password",
        "at": settings.PUBLIC_URL + (
            reverse("sign-in-at", args=[cast.places[seat.code].ref]) if seat.role in BY_WORKSTATION else reverse("account_login")),
    } for seat in sorted(SEATS, key=lambda each: list(ROLES).index(each.role))]
