"""Talks to an identity provider: discovery, the question that a browser carries there, the exchange of its answer.

The issuer's address is a customer's, and so are the addresses that it names: each request passes the guard of `common.destinations`, is
bounded in time and size, and follows no redirect. Strangers make these requests too (whoever presses the way to a provider), so a provider
that stalls may hold a few threads and never all: what it is, is remembered for some minutes, and few ask one, or any, at a time.
Nothing here touches the database; call it outside a transaction.
What this does not do: believe anything. `id_token` judges the token, `linking` says who that is here.
Source: OpenID Connect Discovery 1.0 section 4; Core 1.0 section 3.1; RFC 6749, 7636, 9207.
"""
import base64
import hashlib
import json
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from django.core.cache import cache

from accounts.errors import ProviderUnusable
from common.bounded_http import Answered, Limits, NoAnswer, Resolver, get_any, post_to_stranger
from common.destinations import guarded

LIMITS = Limits(timeout_s=8.0, max_bytes=256 * 1024)
LONGEST_ADDRESS = 500
SCOPE = "openid profile"
REMEMBERED_S = 300
MOST_OF_ONE = 2
"""How many threads of a process may wait for one issuer at a time; for all issuers together, half of the web's."""
_ASKING: Counter[str] = Counter()
_ASKING_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Client:
    """This service as the provider knows it."""

    issuer: str
    client_id: str
    secret: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """Of a discovery document, what is used. `basic`: the client's secret goes into the Authorization header, else into the form."""

    authorization: str
    token: str
    keys: str
    basic: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What a session remembers of a question that its browser carried to a provider; each is random and good once."""

    state: str
    nonce: str
    verifier: str


def new_question() -> Question:
    """256 random bits each."""
    return Question(*(secrets.token_urlsafe(32) for _ in range(3)))


def described(issuer: str) -> Metadata:
    """What the provider said of itself within the last five minutes, or says now. Raises ProviderUnusable."""
    # The digest, because an issuer may be longer than a key of every cache may be.
    key = f"oidc:{hashlib.sha256(issuer.encode()).hexdigest()}"
    known = cache.get(key)
    if not isinstance(known, Metadata):
        known = discover(issuer)
        cache.set(key, known, REMEMBERED_S)
    return known


def discover(issuer: str) -> Metadata:
    """What the provider says of itself now. Raises ProviderUnusable."""
    with _few_at_a_time(issuer):
        document = _json(_fetch(issuer.rstrip("/") + "/.well-known/openid-configuration"))
    # SPEC: Discovery 4.3: the document is of the issuer that was asked, or another provider's tokens would pass for this one's.
    if document.get("issuer") != issuer:
        raise ProviderUnusable(reason="issuer")
    named = [document.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    authorization, token, keys = (each if isinstance(each, str) and _is_address(each, issuer) else "" for each in named)
    if not (authorization and token and keys):
        raise ProviderUnusable(reason="endpoints")
    methods = document.get("token_endpoint_auth_methods_supported")
    # SPEC: Discovery 3: client_secret_basic where the provider says nothing.
    basic = not isinstance(methods, list) or "client_secret_basic" in methods
    return Metadata(authorization, token, keys, basic)


def address_of_question(metadata: Metadata, client: Client, question: Question, *, anew: bool) -> str:
    """Where the browser goes. `anew`: the person is to show himself there, whatever session the provider has."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(question.verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code", "scope": SCOPE, "client_id": client.client_id, "redirect_uri": client.redirect_uri,
        "state": question.state, "nonce": question.nonce,
        # SPEC: RFC 7636 4.3: a code that somebody caught is of no use without the verifier, which never leaves our session.
        "code_challenge": challenge, "code_challenge_method": "S256",
        **({"prompt": "login", "max_age": "0"} if anew else {}),
    }
    return f"{metadata.authorization}{'&' if '?' in metadata.authorization else '?'}{urlencode(asked)}"


def exchange(metadata: Metadata, client: Client, code: str, question: Question) -> tuple[str, list[object]]:
    """The ID token that the code stands for, and the provider's keys of now. Raises ProviderUnusable."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uri, "code_verifier": question.verifier}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if metadata.basic:
        # SPEC: RFC 6749 2.3.1: both are form-encoded before they are put together, so that neither can hold the colon.
        pair = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    else:
        form |= {"client_id": client.client_id, "client_secret": client.secret}
    with _few_at_a_time(client.issuer):
        token = _json(_answered(lambda to: post_to_stranger(
            metadata.token, urlencode(form).encode(), headers=headers, limits=LIMITS, resolve=to))).get("id_token")
        # Not remembered: a key that the provider took back must not sign anybody in for some minutes more.
        keys = _json(_fetch(metadata.keys)).get("keys")
    if not isinstance(token, str) or not isinstance(keys, list):
        raise ProviderUnusable(reason="answer")
    return token, keys


@contextmanager
def _few_at_a_time(issuer: str) -> Iterator[None]:
    """Raises ProviderUnusable when as many threads of this process wait for this provider, or for all of them, as may."""
    with _ASKING_LOCK:
        if _ASKING[issuer] >= MOST_OF_ONE or _ASKING.total() >= max(1, settings.WEB_THREADS // 2):
            raise ProviderUnusable(reason="busy")
        _ASKING[issuer] += 1
    try:
        yield
    finally:
        with _ASKING_LOCK:
            _ASKING[issuer] -= 1
            if not _ASKING[issuer]:
                del _ASKING[issuer]


def _is_address(text: str, issuer: str) -> bool:
    """An absolute address no weaker than the issuer's own: a provider on https does not send people to http."""
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname) and parts.port != 0 and parts.username is None
    except ValueError:
        return False
    schemes = ("https",) if issuer.startswith("https:") else ("https", "http")
    return usable and parts.scheme in schemes and len(text) <= LONGEST_ADDRESS and text.isascii() and text.isprintable() and " " not in text


def is_issuer(text: str) -> bool:
    """SPEC: Discovery 2: an https address without query and fragment; plain http only reaches networks that the operator opened."""
    return text.startswith(("https://", "http://")) and "?" not in text and "#" not in text and len(text) <= 255 and _is_address(text, text)


def _fetch(url: str) -> Answered:
    return _answered(lambda to: get_any(url, limits=LIMITS, resolve=to))


def _answered(ask: Callable[[Resolver], Answered]) -> Answered:
    try:
        answer = ask(guarded(settings.OUTGOING_NETWORKS))
    except NoAnswer as none:
        raise ProviderUnusable(reason=str(none.trouble)) from none
    if answer.status != 200:
        raise ProviderUnusable(reason=f"http-{answer.status}")
    return answer


def _json(answer: Answered) -> Mapping[str, Any]:
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise ProviderUnusable(reason="not-json") from None
    if not isinstance(value, dict):
        raise ProviderUnusable(reason="not-json")
    return value
