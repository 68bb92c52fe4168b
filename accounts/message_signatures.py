"""HTTP message signatures: the one profile of RFC 9421 that requests may be signed by. Pure: no rows, no settings, no clock of its own.

One signature a request, over `@method`, `@target-uri` and, where there is a body, `content-digest`, with the parameters `created`, `keyid`
and `nonce`. Everything else of the RFC is refused, not ignored: what is signed and not understood could mean something to the signer.
Whether a key is registered, a nonce fresh and the digest true, others decide (`accounts.api.signed_requests`, `common.content_digest`).
Source: RFC 9421 2 and 3; RFC 8941 for the fields.
"""
import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from accounts.public_keys import Algorithm, PublicKey

ALWAYS_COVERED = ("@method", "@target-uri")
COMPONENTS = frozenset({*ALWAYS_COVERED, "content-digest", "content-type", "idempotency-key", "authorization"})
# How far `created` may lie from our clock, either way; a nonce is remembered until its signature is too old anyway.
TOLERANCE_S = 300
SIGNATURE_BYTES = 64
MAX_FIELD_CHARACTERS = 1024
LABEL = r"[a-z*][a-z0-9_.*-]{0,63}"
# Canonical text only, no optional spaces: the verifier signs what was sent, and what was sent has one spelling.
NAMES = r'"[a-z@-]{1,40}"(?: "[a-z@-]{1,40}"){0,15}'
VALUES = r'(?:;[a-z]{1,16}=(?:"[ !#-\[\]-~]{0,128}"|[0-9]{1,15})){0,8}'
INPUT = re.compile(rf"({LABEL})=(\(({NAMES})\)({VALUES}))")
PARAMETER = re.compile(r';([a-z]+)=(?:"([^"]*)"|([0-9]+))')
SIGNATURE = re.compile(rf"({LABEL})=:([A-Za-z0-9+/]{{1,400}}={{0,2}}):")
NONCE = re.compile(r"[A-Za-z0-9+/=_-]{16,128}")


class Reason(StrEnum):
    """Why a signature counts for nothing; stable, for programs."""

    MISSING = "missing"
    MALFORMED = "malformed"
    COMPONENTS = "components"
    PARAMETERS = "parameters"
    BODY_NOT_COVERED = "body-not-covered"
    DIGEST = "digest"
    KEY_UNKNOWN = "key-unknown"
    ALGORITHM = "algorithm"
    TIME = "time"
    WRONG = "wrong"
    REPLAYED = "replayed"


class SignatureRefused(Exception):
    """Raised for untrusted input of whatever kind."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RequestSignature:
    """What a request says of its signature: within the profile, and not yet verified. `created` is in seconds since 1970."""

    components: tuple[str, ...]
    parameters: str
    created: int
    keyid: str
    nonce: str
    algorithm: str | None
    signature: bytes


def read_signature(signature_input: str, signature: str) -> RequestSignature:
    """Of the values of `Signature-Input` and `Signature`, each with one member of one label. Raises SignatureRefused."""
    described, signed = INPUT.fullmatch(_bounded(signature_input)), SIGNATURE.fullmatch(_bounded(signature))
    if described is None or signed is None or described[1] != signed[1]:
        raise SignatureRefused(Reason.MALFORMED)
    components = tuple(described[3].replace('"', "").split(" "))
    if len(set(components)) != len(components) or not set(ALWAYS_COVERED) <= set(components) <= COMPONENTS:
        raise SignatureRefused(Reason.COMPONENTS)
    texts, numbers = _parameters(described[4])
    if set(numbers) != {"created"} or set(texts) - {"alg"} != {"keyid", "nonce"} or not NONCE.fullmatch(texts["nonce"]):
        raise SignatureRefused(Reason.PARAMETERS)
    return RequestSignature(
        components, described[2], numbers["created"], texts["keyid"], texts["nonce"], texts.get("alg"), _signature_bytes(signed[2]))


def _bounded(field: str) -> str:
    return field if len(field) <= MAX_FIELD_CHARACTERS else ""


def _parameters(text: str) -> tuple[dict[str, str], dict[str, int]]:
    """The parameters that are strings, and those that are integers."""
    texts: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for name, word, number in PARAMETER.findall(text):
        if name in texts or name in numbers or (number != "0" and number.startswith("0")):
            raise SignatureRefused(Reason.PARAMETERS)
        if number:
            numbers[name] = int(number)
        else:
            texts[name] = word
    return texts, numbers


def _signature_bytes(text: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise SignatureRefused(Reason.MALFORMED) from None
    # Another spelling of the same bytes would be another request with the same nonce to whoever compares texts.
    if len(found) != SIGNATURE_BYTES or base64.b64encode(found).decode() != text:
        raise SignatureRefused(Reason.MALFORMED)
    return found


def signature_base(claimed: RequestSignature, values: Mapping[str, str]) -> bytes:
    """What was signed. `values` by component: method, target URI, fields of the request. Raises SignatureRefused for an absent one."""
    if not all(name in values for name in claimed.components):
        raise SignatureRefused(Reason.COMPONENTS)
    # SPEC: RFC 9421 2.1 and 2.5: each field without surrounding whitespace on a line of its own, the parameters last.
    lines = [f'"{name}": {_stripped(values[name])}' for name in claimed.components]
    text = "\n".join([*lines, f'"@signature-params": {claimed.parameters}'])
    if not text.isascii() or text.count("\n") != len(lines) or "\r" in text:
        raise SignatureRefused(Reason.MALFORMED)
    return text.encode()


def _stripped(value: str) -> str:
    return value.strip(" \t")


def verify_signature(claimed: RequestSignature, key: PublicKey, values: Mapping[str, str], *, now: int) -> None:
    """Raises SignatureRefused: too old or from the future, of another algorithm than the key's, or wrong. `now` in seconds since 1970."""
    if abs(now - claimed.created) > TOLERANCE_S:
        raise SignatureRefused(Reason.TIME)
    # SPEC: RFC 9421 7.3.6: the key alone says by what it is judged; a request that names something else is an attempt at confusion.
    if claimed.algorithm is not None and Algorithm(key.algorithm) != claimed.algorithm:
        raise SignatureRefused(Reason.ALGORITHM)
    if not key.signed(claimed.signature, signature_base(claimed, values)):
        raise SignatureRefused(Reason.WRONG)
