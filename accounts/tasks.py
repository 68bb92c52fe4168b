"""The room's job: once a day, what machines used up and what has ended is forgotten."""
from django.utils import timezone

from accounts.signing_keys import forget_expired

FORGET_EXPIRED = "accounts.forget-expired"


def forget_expired_of_the_day(_day: int) -> None:
    forget_expired(now=timezone.now())
