"""The forms that take a code, of an authenticator app or a recovery code: django-allauth's, and a wrong one stands in the audit log."""
from typing import Any

from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django.core.exceptions import ValidationError

from accounts.sign_in import note_refused


class WrongCodeNoted:
    """Guesses that the limit stopped are not judged and not noted, so that nobody fills a log by guessing."""

    user: Any

    def clean_code(self) -> str:
        try:
            code: str = super().clean_code()  # type: ignore[misc]
        except ValidationError as wrong:
            if wrong.code == "incorrect_code":
                note_refused(self.user, "totp")
            raise
        return code


class SecondFactorCodeForm(WrongCodeNoted, AuthenticateForm):
    """While signing in."""


class ShowAgainCodeForm(WrongCodeNoted, ReauthenticateForm):
    """In a session."""
