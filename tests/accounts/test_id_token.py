"""ID tokens, judged without a provider: each algorithm that is taken, each key that is not, and text that is no token at all."""
import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256

from accounts.oidc.id_token import Expected, Identity, TokenRefused, judge

NOW = 1_800_000_000.0
EXPECTED = Expected("https://id.example", "cunzheng", "n-1", NOW)
CLAIMS: dict[str, Any] = {
    "iss": "https://id.example", "aud": "cunzheng", "nonce": "n-1", "sub": "s-1", "preferred_username": "zhang", "iat": NOW,
    "exp": NOW + 60,
}
RSA, EC = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
SHORT = rsa.generate_private_key(65537, 1024)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def rsa_jwk(key: rsa.RSAPrivateKey, **more: Any) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e), **more}


def ec_jwk(**more: Any) -> dict[str, Any]:
    numbers = EC.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": number(numbers.x), "y": number(numbers.y), **more}


def signature(algorithm: str, signed: bytes, key: rsa.RSAPrivateKey) -> bytes:
    match algorithm:
        case "RS256":
            return key.sign(signed, padding.PKCS1v15(), SHA256())
        case "PS256":
            return key.sign(signed, padding.PSS(padding.MGF1(SHA256()), 32), SHA256())
        case "ES256-DER":
            return EC.sign(signed, ec.ECDSA(SHA256()))
    r, s = utils.decode_dss_signature(EC.sign(signed, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def token(algorithm: str = "RS256", key: rsa.RSAPrivateKey = RSA, header: dict[str, Any] | None = None, **claims: Any) -> str:
    told = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    head = {"alg": algorithm.removesuffix("-DER"), **(header or {})}
    signed = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(told).encode())}"
    return f"{signed}.{b64(signature(algorithm, signed.encode(), key))}"


@pytest.mark.parametrize(("made", "keys"), [
    (token(), [rsa_jwk(RSA)]), (token("PS256"), [rsa_jwk(RSA)]), (token("ES256"), [ec_jwk()]),
    (token(header={"kid": "b"}), [rsa_jwk(SHORT, kid="a"), rsa_jwk(RSA, kid="b")]), (token(aud=["cunzheng"]), [rsa_jwk(RSA)]),
    (token(exp=NOW - 59), [rsa_jwk(RSA)]), (token(azp="cunzheng"), [rsa_jwk(RSA, use="sig", alg="RS256"), ec_jwk(), "junk", None]),
])
def test_a_right_token_says_who_it_is(made: str, keys: list[object]) -> None:
    assert judge(made, keys, EXPECTED) == Identity("s-1", "zhang")


@pytest.mark.parametrize(("made", "keys"), [
    (token(), []), (token(), [rsa_jwk(SHORT)]), (token(), [rsa_jwk(RSA), rsa_jwk(RSA)]), (token(), [ec_jwk()]),
    (token(key=SHORT), [rsa_jwk(SHORT)]), (token(), [rsa_jwk(RSA, use="enc")]), (token("PS256"), [rsa_jwk(RSA, alg="RS256")]),
    (token(header={"kid": "a"}), [rsa_jwk(RSA)]), (token(header={"kid": "a"}), [rsa_jwk(RSA, kid="b")]),
    (token("ES256-DER"), [ec_jwk()]), (token("ES256"), [ec_jwk(crv="P-384")]), (token("ES256"), [ec_jwk(x="AA")]),
    (token("RS256", header={"alg": "PS256"}), [rsa_jwk(RSA)]), (token(header={"alg": "RS1"}), [rsa_jwk(RSA)]),
    (token(header={"alg": ["RS256"]}), [rsa_jwk(RSA)]), (token(), [{"kty": "RSA", "n": 1, "e": "AQAB"}]), (token(), [{"kty": "RSA"}]),
])
def test_a_key_that_does_not_fit_proves_nothing(made: str, keys: list[object]) -> None:
    with pytest.raises(TokenRefused):
        judge(made, keys, EXPECTED)


@pytest.mark.parametrize("claims", [
    {"iss": "https://id.example/"}, {"iss": None}, {"aud": "other"}, {"aud": ["cunzheng", "other"]}, {"aud": []}, {"aud": None},
    {"azp": "other"}, {"nonce": None}, {"nonce": "n-2"}, {"nonce": 1}, {"nonce": "é"}, {"nonce": "\ud800"},
    {"exp": 10**400}, {"iat": 10**400}, {"exp": NOW - 61}, {"exp": None}, {"exp": "soon"},
    {"exp": True}, {"iat": NOW + 61}, {"iat": None}, {"nbf": NOW + 61}, {"sub": None}, {"sub": ""}, {"sub": "s" * 256}, {"sub": "张"},
    {"sub": "a\nb"}, {"sub": 7},
])
def test_a_token_that_says_something_else_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused):
        judge(token(**claims), [rsa_jwk(RSA)], EXPECTED)


@pytest.mark.parametrize(("auth_time", "taken"), [(NOW, True), (NOW - 60, True), (NOW - 61, False), (None, False), ("now", False)])
def test_who_was_to_show_himself_anew_did_so_since_then(auth_time: Any, taken: bool) -> None:
    expected = Expected("https://id.example", "cunzheng", "n-1", NOW, NOW)
    try:
        judge(token(auth_time=auth_time), [rsa_jwk(RSA)], expected)
    except TokenRefused:
        assert not taken
    else:
        assert taken


@pytest.mark.parametrize("text", [
    "", "..", "a.b", "a.b.c.d", "é.é.é", "e30.e30.", "W10.W10.AA", f"{b64(b'[' * 5000)}.e30.AA", "x" * 20_000, f"{b64(b'null')}.e30.AA",
    token().replace(".", "=.", 1), token() + "=", token()[:-4], token().swapcase(),
])
def test_what_is_no_token_is_refused_and_breaks_nothing(text: str) -> None:
    with pytest.raises(TokenRefused):
        judge(text, [rsa_jwk(RSA)], EXPECTED)
