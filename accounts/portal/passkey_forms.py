"""The forms that take what a passkey answered: django-allauth's, with the shape of the answer judged first.

The answer comes from whoever sends it. allauth 65.22 lets some malformed ones through to the parser of fido2 2.2, which then fails with
errors that it does not expect; here each of them is an answer that does not fit.
"""
from collections.abc import Callable
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn.forms import AddWebAuthnForm, AuthenticateWebAuthnForm, LoginWebAuthnForm, ReauthenticateWebAuthnForm
from fido2.webauthn import AuthenticationResponse, RegistrationResponse

MALFORMED = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError)


def judge(parse: Callable[[Any], object], credential: Any) -> Any:
    """`credential` as it came. Raises ValidationError when `parse` can make nothing of it."""
    try:
        parse(credential)
    except MALFORMED:
        raise get_adapter().validation_error("incorrect_code") from None
    return credential


class AddPasskeyForm(AddWebAuthnForm):
    def clean_credential(self) -> Any:
        return judge(RegistrationResponse.from_dict, self.cleaned_data["credential"])

    def clean_passwordless(self) -> bool:
        """There is one kind of passkey here: its holder showed a PIN or a finger, so it can stand for the password too."""
        return True


class SecondFactorPasskeyForm(AuthenticateWebAuthnForm):
    def clean_credential(self) -> Any:
        judge(AuthenticationResponse.from_dict, self.cleaned_data["credential"])
        return super().clean_credential()


class SignInPasskeyForm(LoginWebAuthnForm):
    def clean_credential(self) -> Any:
        judge(AuthenticationResponse.from_dict, self.cleaned_data["credential"])
        return super().clean_credential()


class ShowAgainPasskeyForm(ReauthenticateWebAuthnForm):
    def clean_credential(self) -> Any:
        judge(AuthenticationResponse.from_dict, self.cleaned_data["credential"])
        return super().clean_credential()
