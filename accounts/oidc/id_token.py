"""Judges an ID token: who signed it, for whom, when, and whether it answers our question. Pure: no clock, no network, no database.

    <base64url of header JSON>.<base64url of claims JSON>.<base64url of signature>      (JWS compact form)

Three signatures are taken, all by the provider's asymmetric key. `none` would let anybody write one; with HS256 the "secret" would be the
provider's public key, which everybody has (CVE-2015-9235); neither is in the table, so no header can ask for it.
What this does not do: encrypted tokens, keys by URL or certificate from the header (`jku`, `x5c`), which name the attacker's own key.
Source: OpenID Connect Core 1.0 section 3.1.3.7; RFC 7515, 7518; RFC 8725 (JWT best current practices).
"""
import base64
import binascii
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256

CLOCK_SKEW_S = 60
LONGEST_TOKEN = 16 * 1024
LONGEST_SUBJECT = 255
LEAST_RSA_BITS = 2048
BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
Key = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


class TokenRefused(Exception):
    """The token proves nothing; the text says why, for the log, and quotes nothing of the token."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token has to say. `shown_since`: for a person who is to show himself anew, since when, in seconds since 1970; else None."""

    issuer: str
    client_id: str
    nonce: str
    now: float
    shown_since: float | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says it is. `username` is empty when it did not say."""

    subject: str
    username: str


def _rsa_pkcs1(key: Key, signature: bytes, signed: bytes) -> None:
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(signature, signed, padding.PKCS1v15(), SHA256())


def _rsa_pss(key: Key, signature: bytes, signed: bytes) -> None:
    assert isinstance(key, rsa.RSAPublicKey)
    # SPEC: RFC 7518 3.5: the salt is as long as the digest.
    key.verify(signature, signed, padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size), SHA256())


def _ecdsa(key: Key, signature: bytes, signed: bytes) -> None:
    assert isinstance(key, ec.EllipticCurvePublicKey)
    # SPEC: RFC 7518 3.4: R and S, 32 bytes each, not DER.
    if len(signature) != 64:
        raise InvalidSignature
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))


ALGORITHMS: Mapping[str, tuple[str, Callable[[Key, bytes, bytes], None]]] = {
    "RS256": ("RSA", _rsa_pkcs1), "PS256": ("RSA", _rsa_pss), "ES256": ("EC", _ecdsa),
}


def judge(token: str, keys: Sequence[object], expected: Expected) -> Identity:
    """Who it is, by a token that answers our question. `keys`: the members of the provider's JWK set. Raises TokenRefused."""
    if len(token) > LONGEST_TOKEN or token.count(".") != 2:
        raise TokenRefused("not a signed token in compact form")
    signed, _, signature = token.rpartition(".")
    head, _, body = signed.partition(".")
    _check_signature(_object(head), keys, signed.encode(), _bytes(signature))
    claims = _object(body)
    _check_addressee(claims, expected)
    _check_times(claims, expected)
    subject, username = claims.get("sub"), claims.get("preferred_username", "")
    # SPEC: Core 2: sub is at most 255 ASCII characters, case sensitive.
    if not isinstance(subject, str) or not subject or len(subject) > LONGEST_SUBJECT or not (subject.isascii() and subject.isprintable()):
        raise TokenRefused("no subject")
    return Identity(subject, username if isinstance(username, str) else "")


def _check_signature(header: Mapping[str, Any], keys: Sequence[object], signed: bytes, signature: bytes) -> None:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise TokenRefused("signed by an algorithm that is not taken")
    # SPEC: RFC 7515 4.1.11: what is critical and not understood refuses the whole.
    if "crit" in header:
        raise TokenRefused("an extension that must be understood")
    kty, verify = ALGORITHMS[algorithm]
    try:
        verify(_key(keys, kty, algorithm, header.get("kid")), signature, signed)
    except InvalidSignature:
        raise TokenRefused("not signed by the provider's key") from None


def _key(keys: Sequence[object], kty: str, algorithm: str, kid: object) -> Key:
    """The one key of the set that fits: by its id when the token names one, otherwise only when there is no choice."""
    fitting = [
        each for each in keys if isinstance(each, dict) and each.get("kty") == kty and each.get("use", "sig") == "sig"
        and each.get("alg", algorithm) == algorithm and (kid is None or each.get("kid") == kid)]
    if len(fitting) != 1:
        raise TokenRefused("no key, or no single key, of the provider fits")
    try:
        return _rsa(fitting[0]) if kty == "RSA" else _p256(fitting[0])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise TokenRefused("the provider's key is none") from None


def _rsa(jwk: Mapping[str, Any]) -> rsa.RSAPublicKey:
    key = rsa.RSAPublicNumbers(_number(jwk["e"]), _number(jwk["n"])).public_key()
    if key.key_size < LEAST_RSA_BITS:
        raise TokenRefused("the provider's key is too short")
    return key


def _p256(jwk: Mapping[str, Any]) -> ec.EllipticCurvePublicKey:
    if jwk.get("crv") != "P-256":
        raise TokenRefused("another curve")
    return ec.EllipticCurvePublicNumbers(_number(jwk["x"]), _number(jwk["y"]), ec.SECP256R1()).public_key()


def _check_addressee(claims: Mapping[str, Any], expected: Expected) -> None:
    # SPEC: Core 3.1.3.7 (2): the issuer, letter by letter.
    if claims.get("iss") != expected.issuer:
        raise TokenRefused("of another issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    # SPEC: Core 3.1.3.7 (3): for us; a token for us and others too could have been handed on by one of them.
    if audiences != [expected.client_id] or claims.get("azp", expected.client_id) != expected.client_id:
        raise TokenRefused("for another client")
    nonce = claims.get("nonce")
    # SPEC: Core 3.1.3.7 (11): the nonce of this browser's question; without it a stolen token could be put into any session.
    # Ours is ASCII; half a surrogate pair, which JSON can spell, has no bytes to compare.
    if not isinstance(nonce, str) or not nonce.isascii() or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise TokenRefused("an answer to another question")


def _check_times(claims: Mapping[str, Any], expected: Expected) -> None:
    expires, issued = _time(claims, "exp"), _time(claims, "iat")
    if expires + CLOCK_SKEW_S <= expected.now:
        raise TokenRefused("expired")
    if issued - CLOCK_SKEW_S > expected.now or ("nbf" in claims and _time(claims, "nbf") - CLOCK_SKEW_S > expected.now):
        raise TokenRefused("not valid yet")
    # SPEC: Core 3.1.2.1: with max_age the provider must say when the person showed himself to it; an old session there is no answer.
    if expected.shown_since is not None and _time(claims, "auth_time") + CLOCK_SKEW_S < expected.shown_since:
        raise TokenRefused("the person was not asked anew")


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefused(f"no time {name}")
    try:
        return float(value)
    except OverflowError:
        # JSON bounds no whole number.
        raise TokenRefused(f"no time {name}") from None


def _object(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(_bytes(text))
    except (ValueError, RecursionError):
        raise TokenRefused("not JSON") from None
    if not isinstance(value, dict):
        raise TokenRefused("not an object")
    return value


def _bytes(text: str) -> bytes:
    # SPEC: RFC 7515 2: without padding, and no other alphabet: each token has one spelling.
    if not BASE64URL.fullmatch(text):
        raise TokenRefused("not base64url")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_")
    except (binascii.Error, ValueError):
        raise TokenRefused("not base64url") from None


def _number(text: str) -> int:
    return int.from_bytes(_bytes(text), "big")
