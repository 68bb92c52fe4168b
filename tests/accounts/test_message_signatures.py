"""The pure part of signed requests: the profile takes what the public package makes, and refuses everything else by its reason."""
import base64
import json
import re
import secrets
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as new_rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from jwcrypto.jwk import JWK

from accounts.message_signatures import TOLERANCE_S, Reason, SignatureRefused, read_signature, signature_base, verify_signature
from accounts.public_keys import KeyTextMalformed, KeyTextPrivate, read_public_key
from tests.accounts.signers import Message, described, jwk_of, new_private, pem_of, signed

URL = "https://service.example/api/v1/evidence?cursor=1"
SIGNATURE = "sig1=:" + base64.b64encode(bytes(64)).decode() + ":"
INPUT = 'sig1=("@method" "@target-uri");created=1700000000;keyid="k";nonce="0123456789abcdef"'


def parts(message: Message) -> tuple[str, str, dict[str, str]]:
    values = {"@method": message.method, "@target-uri": message.url, **{name.lower(): value for name, value in message.headers.items()}}
    return message.headers["Signature-Input"], message.headers["Signature"], values


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa-p256-sha256"])
@pytest.mark.parametrize("body", [b"", b"{}"])
def test_what_the_public_package_signs_verifies_and_any_change_does_not(kind: str, body: bytes) -> None:
    private = new_private(kind)
    key = described(private)
    assert key.algorithm == kind
    described_as, signature, values = parts(signed(private, Message("POST", URL, body=body)))
    claimed = read_signature(described_as, signature)
    verify_signature(claimed, key, values, now=claimed.created + TOLERANCE_S)
    verify_signature(claimed, key, values, now=claimed.created - TOLERANCE_S)
    for name in claimed.components:
        with pytest.raises(SignatureRefused, match="wrong"):
            verify_signature(claimed, key, {**values, name: values[name] + "x"}, now=claimed.created)
    for away in (TOLERANCE_S + 1, -TOLERANCE_S - 1):
        with pytest.raises(SignatureRefused, match="time"):
            verify_signature(claimed, key, values, now=claimed.created + away)
    with pytest.raises(SignatureRefused, match="wrong"):
        verify_signature(claimed, described(new_private(kind)), values, now=claimed.created)
    other = "ed25519" if kind != "ed25519" else "ecdsa-p256-sha256"
    with pytest.raises(SignatureRefused, match="algorithm"):
        verify_signature(claimed, described(new_private(other)), values, now=claimed.created)
    with pytest.raises(SignatureRefused, match="components"):
        verify_signature(claimed, key, {"@method": "POST"}, now=claimed.created)
    for name in ("created", "nonce", "keyid", "alg"):
        changed = re.sub(rf'(;{name}="?.)(.)', lambda m: m[1] + ("1" if m[2] != "1" else "2"), described_as, count=1)
        assert changed != described_as
        with pytest.raises(SignatureRefused, match=r"wrong|time|algorithm"):
            verify_signature(read_signature(changed, signature), key, values, now=claimed.created)


# SPEC: RFC 9421 B.1.4 and B.2.6: its Ed25519 key, and a signature over other components, which our profile does not take.
RFC_KEY = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----\n"
RFC_SIGNED = (
    b'"date": Tue, 20 Apr 2021 02:07:55 GMT\n"@method": POST\n"@path": /foo\n"@authority": example.com\n"content-type": application/json\n'
    b'"content-length": 18\n"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")'
    b';created=1618884473;keyid="test-key-ed25519"'
)
RFC_SIGNATURE = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="


def test_the_rfcs_own_signature_verifies_under_the_rfcs_own_key() -> None:
    key = read_public_key(RFC_KEY)
    assert key.signed(base64.b64decode(RFC_SIGNATURE), RFC_SIGNED)
    assert not key.signed(base64.b64decode(RFC_SIGNATURE), RFC_SIGNED + b" ")


HOSTILE: dict[str, tuple[str, str, Reason]] = {
    "nothing": ("", "", Reason.MALFORMED),
    "no input": ("", SIGNATURE, Reason.MALFORMED),
    "another label": (INPUT.replace("sig1", "sig2"), SIGNATURE, Reason.MALFORMED),
    "two signatures": (f"{INPUT}, {INPUT.replace('sig1', 'sig2')}", f"{SIGNATURE}, {SIGNATURE.replace('sig1', 'sig2')}", Reason.MALFORMED),
    "the same twice": (f"{INPUT},{INPUT}", f"{SIGNATURE},{SIGNATURE}", Reason.MALFORMED),
    "an empty list": (INPUT.replace('"@method" "@target-uri"', ""), SIGNATURE, Reason.MALFORMED),
    "two spaces": (INPUT.replace('" "', '"  "'), SIGNATURE, Reason.MALFORMED),
    "a space before a parameter": (INPUT.replace(";nonce", "; nonce"), SIGNATURE, Reason.MALFORMED),
    "a line feed at the end": (INPUT + "\n", SIGNATURE, Reason.MALFORMED),
    "a line feed in the nonce": (INPUT.replace("abcdef", "ab\ncdef"), SIGNATURE, Reason.MALFORMED),
    "a component's parameter": (INPUT.replace('"@method"', '"@method";req'), SIGNATURE, Reason.MALFORMED),
    "an upper-case component": (INPUT.replace("@method", "@METHOD"), SIGNATURE, Reason.MALFORMED),
    "an escaped quote": (INPUT.replace('keyid="k"', r'keyid="k\""'), SIGNATURE, Reason.MALFORMED),
    "a token for a string": (INPUT.replace('keyid="k"', "keyid=k"), SIGNATURE, Reason.MALFORMED),
    "a decimal time": (INPUT.replace("=1700000000", "=1700000000.5"), SIGNATURE, Reason.MALFORMED),
    "a negative time": (INPUT.replace("=17", "=-17"), SIGNATURE, Reason.MALFORMED),
    "digits of another script": (INPUT.replace("1700000000", "١٧٠٠٠٠٠٠٠٠"), SIGNATURE, Reason.MALFORMED),
    "a very long field": (INPUT.replace('keyid="k"', f'keyid="{"k" * 128}"') + ";a=1" * 400, SIGNATURE, Reason.MALFORMED),
    "no target": (INPUT.replace(' "@target-uri"', ""), SIGNATURE, Reason.COMPONENTS),
    "no method": (INPUT.replace('"@method" ', ""), SIGNATURE, Reason.COMPONENTS),
    "the path instead": (INPUT.replace("@target-uri", "@path"), SIGNATURE, Reason.COMPONENTS),
    "a component twice": (INPUT.replace('"@method"', '"@method" "@method"'), SIGNATURE, Reason.COMPONENTS),
    "an unknown component": (INPUT.replace('"@method"', '"@method" "x-forwarded-for"'), SIGNATURE, Reason.COMPONENTS),
    "the signature itself": (INPUT.replace('"@method"', '"@method" "@signature-params"'), SIGNATURE, Reason.COMPONENTS),
    "no time": (INPUT.replace(";created=1700000000", ""), SIGNATURE, Reason.PARAMETERS),
    "time twice": (INPUT.replace(";created=1700000000", ";created=1;created=1700000000"), SIGNATURE, Reason.PARAMETERS),
    "time as text": (INPUT.replace("=1700000000", '="1700000000"'), SIGNATURE, Reason.PARAMETERS),
    "time with a zero before": (INPUT.replace("=17", "=017"), SIGNATURE, Reason.PARAMETERS),
    "no key": (INPUT.replace(';keyid="k"', ""), SIGNATURE, Reason.PARAMETERS),
    "no nonce": (INPUT.replace(';nonce="0123456789abcdef"', ""), SIGNATURE, Reason.PARAMETERS),
    "a short nonce": (INPUT.replace("0123456789abcdef", "0123456789abcde"), SIGNATURE, Reason.PARAMETERS),
    "a strange nonce": (INPUT.replace("0123456789abcdef", "0123456789 abcdef"), SIGNATURE, Reason.PARAMETERS),
    "nonce twice": (INPUT + ';nonce="0123456789abcdef"', SIGNATURE, Reason.PARAMETERS),
    "an unknown parameter": (INPUT + ';tag="app"', SIGNATURE, Reason.PARAMETERS),
    "an expiry": (INPUT + ";expires=1700000300", SIGNATURE, Reason.PARAMETERS),
    "a short signature": (INPUT, "sig1=:" + base64.b64encode(bytes(63)).decode() + ":", Reason.MALFORMED),
    "a long signature": (INPUT, "sig1=:" + base64.b64encode(bytes(65)).decode() + ":", Reason.MALFORMED),
    "another spelling of its last bits": (INPUT, SIGNATURE.replace("A==:", "B==:"), Reason.MALFORMED),
    "no padding": (INPUT, SIGNATURE.replace("=:", ":").replace("sig1:", "sig1=:"), Reason.MALFORMED),
    "no base64": (INPUT, SIGNATURE.replace("AAAA", "A A-"), Reason.MALFORMED),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_not_of_the_profile_is_refused_by_its_reason(name: str) -> None:
    described_as, signature, reason = HOSTILE[name]
    with pytest.raises(SignatureRefused) as refused:
        read_signature(described_as, signature)
    assert refused.value.reason == reason


def test_the_text_that_the_table_changes_is_taken_as_it_is() -> None:
    claimed = read_signature(INPUT, SIGNATURE)
    assert (claimed.created, claimed.keyid, claimed.nonce, claimed.algorithm) == (1700000000, "k", "0123456789abcdef", None)
    assert signature_base(claimed, {"@method": "GET", "@target-uri": URL}) == (
        f'"@method": GET\n"@target-uri": {URL}\n"@signature-params": {INPUT.removeprefix("sig1=")}').encode()


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "\n\"@method\": GET", "é"])
def test_a_value_cannot_add_a_line_of_its_own(value: str) -> None:
    with pytest.raises(SignatureRefused, match="malformed"):
        signature_base(read_signature(INPUT, SIGNATURE), {"@method": "GET", "@target-uri": value})


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200), st.text(max_size=120), st.integers(0, len(INPUT)), st.integers(0, len(SIGNATURE)))
def test_whatever_comes_is_taken_or_refused(first: str, second: str, cut: int, other: int) -> None:
    for described_as, signature in ((first, second), (INPUT[:cut] + first, SIGNATURE), (INPUT, SIGNATURE[:other] + second)):
        try:
            claimed = read_signature(described_as, signature)
        except SignatureRefused:
            continue
        assert {"@method", "@target-uri"} <= set(claimed.components)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa-p256-sha256"])
def test_a_key_is_the_same_as_pem_and_as_jwk_and_its_thumbprint_is_the_public_librarys(kind: str) -> None:
    private = new_private(kind)
    key = read_public_key(pem_of(private))
    assert read_public_key(json.dumps(jwk_of(private))) == key
    assert key.thumbprint == JWK.from_pem(pem_of(private).encode()).thumbprint()


def texts_of_no_key() -> dict[str, str]:
    good: dict[str, Any] = jwk_of(new_private("ecdsa-p256-sha256"))
    large = generate_private_key(SECP384R1()).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    rsa = new_rsa(65537, 2048).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return {
        "": "", "words": "not a key", "zero": "\0", "chinese": "公钥", "list": "[]",
        "too long": pem_of(new_private("ed25519")) + " " * 4096, "deep": '{"a":' + "[" * 4000,
        "number": '{"kty": 1, "crv": 2}', "P-384": large, "RSA": rsa,
        "symmetric": json.dumps({"kty": "oct", "k": "AA"}), "not on the curve": json.dumps({**good, "y": good["x"]}),
        "short x": json.dumps({**good, "x": "AAAA"}), "x a number": json.dumps({**good, "x": 1}),
        "without y": json.dumps({name: value for name, value in good.items() if name != "y"}),
        "cut": pem_of(new_private("ed25519"))[:60], "null": json.dumps({"kty": "OKP", "crv": "Ed25519", "x": None}),
    }


def test_what_is_no_public_key_is_refused() -> None:
    for name, text in texts_of_no_key().items():
        with pytest.raises(KeyTextMalformed):
            print(name, read_public_key(text))


def test_a_private_key_is_told_to_be_one() -> None:
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for text in (pem, json.dumps({**jwk_of(private), "d": secrets.token_urlsafe(32)})):
        with pytest.raises(KeyTextPrivate):
            read_public_key(text)
