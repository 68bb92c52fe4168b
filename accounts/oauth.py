"""OAuth 2.0 client credentials by django-oauth-toolkit: how its parts find our clients, and what they leave out.

A client is a row of `ApiKey`: secret, scopes, end and organisation are judged there, by the very rules of keys. The toolkit parses the
request, speaks RFC 6749 in its errors, and keeps of each token the SHA-256 alone. Refresh tokens, codes, passwords, introspection and
revocation endpoints do not exist.
Source: RFC 6749 2.3, 4.4, 5; RFC 6750.
"""
import base64
import binascii
import hmac
import secrets
from collections.abc import Collection
from hashlib import sha256
from typing import Any
from urllib.parse import unquote_plus

from django.http import HttpRequest
from django.utils import timezone
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request

from accounts.models import ApiKey
from accounts.scopes import Scope, write_scopes
from accounts.selectors import TOKEN_PREFIX, client_named

PARAMETERS = ("grant_type", "scope", "client_id", "client_secret")


def new_token(_request: Request) -> str:
    """256 random bits, so a plain SHA-256 hides them."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


class TokenRequests(OAuthLibCore):
    """The toolkit's way from Django's requests to oauthlib's."""

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        """SPEC: RFC 6749 3.2: what is not known is ignored."""
        return [(name, request.POST[name]) for name in PARAMETERS if name in request.POST]


class ClientCredentialsValidator(OAuth2Validator):
    """The questions that oauthlib asks on the way to a token. `request.credential` is the client's key once it has shown its secret."""

    def authenticate_client(self, request: Request, *_args: Any, **_kwargs: Any) -> bool:
        shown = shown_credentials(request)
        key = client_named(shown[0]) if shown else None
        if key is None or shown is None or not _has_secret(key, shown[1]) or not key.usable_at(timezone.now()):
            return False
        request.credential, request.client = key, key.application
        return True

    def validate_grant_type(
        self, _client_id: str, _grant_type: str, _client: object, request: Request, *_args: Any, **_kwargs: Any
    ) -> bool:
        """A suspended organisation's client is who it says, and gets no token: `unauthorized_client`."""
        key: ApiKey = request.credential
        return key.organisation.working

    def get_default_scopes(self, _client_id: str, request: Request, *_args: Any, **_kwargs: Any) -> list[str]:
        return write_scopes(request.credential.granted).split()

    def validate_scopes(
        self, _client_id: str, scopes: Collection[str], _client: object, request: Request, *_args: Any, **_kwargs: Any
    ) -> bool:
        granted: frozenset[Scope] = request.credential.granted
        return bool(scopes) and set(scopes) <= granted


def shown_credentials(request: Request) -> tuple[str, str] | None:
    """Client id and secret, from the header or from the body; None when they are in neither, in both, or unreadable."""
    header, in_body = request.headers.get("Authorization"), (request.client_id or "", request.client_secret or "")
    if header is None:
        return in_body if all(in_body) else None
    # SPEC: RFC 6749 2.3: not more than one way in a request.
    return None if in_body[1] else _basic(header)


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(text.strip(), validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        return None
    # SPEC: RFC 6749 2.3.1: both are form-encoded before they go into the header.
    return (unquote_plus(name), unquote_plus(secret)) if colon else None


def _has_secret(key: ApiKey, secret: str) -> bool:
    return hmac.compare_digest(bytes(key.secret_sha256), sha256(secret.encode("utf-8", "replace")).digest())
