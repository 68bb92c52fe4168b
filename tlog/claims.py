"""Claims (声明项): what a deposit tells, in named parts that can be shown, withheld or erased one by one.

What it is for: a claim is the canonical JSON `{"name": …, "value": …}` with 32 random bytes of salt of its own. The
statement lists `SHA-256(salt ‖ claim)` and `SM3(salt ‖ claim)`; whoever is given the claim and its salt can check them,
and whoever is not learns nothing, not even by guessing: a phone number has 10^11 values, a salt has 2^256.

By hand: `cat claims/files-1.salt claims/files-1.json | sha256sum` stands in `statement.json`.

What it does not do: draw salts (an argument; 32 fresh bytes of a CSPRNG for each claim, never one for two claims), judge
`subject.metadata` against its kind's schema (the service does), keep or erase anything.

Source: formats of this project, A1.

>>> claim = make_claim("case", {"ref": "00" * 16, "sequence": 1, "previous": None}, salt=bytes(32))
>>> claim.data
b'{"name":"case","value":{"previous":null,"ref":"00000000000000000000000000000000","sequence":1}}'
>>> verify_claim("case", claim.data, claim.salt, claim.sha256, claim.sm3)["sequence"]
1
>>> file_name("files/1")
'files-1'
>>> sorted(["subject", "files/10", "files/2", "case"], key=claim_order)
['case', 'files/2', 'files/10', 'subject']
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from tlog.canonical import MAX_INTEGER, IllegalValue, Json, canonical_json, parse_canonical
from tlog.digests import sha256, sm3
from tlog.entry import KINDS
from tlog.errors import VerificationError
from tlog.times import parse_time

SALT_LENGTH = 32
MAX_CLAIM = 64 * 1024
"""Bytes of a claim's JSON at most, salt not counted."""
MAX_FILES = 1000
"""Files of one record at most."""

CLAIM_NAME = re.compile(r"[a-z0-9_]+(?:/[1-9][0-9]{0,3})?")
"""Names of claims of any kind. Without `-`, so that `file_name` never gives two claims one file."""

_FILE_CLAIM = re.compile(r"files/(?:[1-9][0-9]{0,2}|1000)")

_Rule: TypeAlias = Callable[[object], bool]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_map_of_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(part, str) for part in value.values())


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and parse_time(value) is not None
    except VerificationError:
        return False


def _matches(pattern: str) -> _Rule:
    whole = re.compile(pattern, re.ASCII).fullmatch
    return lambda value: isinstance(value, str) and whole(value) is not None


def _integer_from(lowest: int) -> _Rule:
    # type(): True is an int to isinstance, and JSON's true is no number.
    return lambda value: type(value) is int and lowest <= value


def _or_null(rule: _Rule) -> _Rule:
    return lambda value: value is None or rule(value)


_OPAQUE_ID = _matches("[A-Za-z0-9_.:-]{1,64}")
_HEX_DIGEST = _matches("[0-9a-f]{64}")

# SPEC: the table of A1. The upper bound of integers and the rules for every string and key are check_value_rules'.
_FIELDS: Mapping[str, Mapping[str, _Rule]] = {
    "depositor": {
        "organisation": _OPAQUE_ID,
        "organisation_name": _is_text,
        "agent": _or_null(_OPAQUE_ID),  # null for a machine
        # An id of the key, never the key or its prefix: the claim is disclosed to courts and opponents.
        "credential": _matches("session|api_key:[A-Za-z0-9_.-]{1,64}"),
    },
    "case": {"ref": _matches("[0-9a-f]{32}"), "sequence": _integer_from(1), "previous": _or_null(_HEX_DIGEST)},
    "subject": {"kind": _matches("[a-z0-9_]+"), "title": _is_text, "metadata": _is_object},
    "provenance": {
        "source_system": _or_null(_is_text),
        "generation": _or_null(_is_text),
        "collector": _or_null(_is_text),
        "tool": _or_null(_is_text),
        "tool_version": _or_null(_is_text),
        "captured_from": _or_null(_is_time),
        "captured_until": _or_null(_is_time),
        "clock_offset_ms": _or_null(_integer_from(-MAX_INTEGER)),
        "device": _or_null(_is_text),
        "environment": _or_null(_is_map_of_texts),
    },
}
_FILE_FIELDS: Mapping[str, _Rule] = {
    "name": lambda value: _is_text(value) and value != "",
    "media_type": _matches(r"[^/\s]+/.+"),
    "size_bytes": _integer_from(0),
    "sha256": _HEX_DIGEST,
    "sm3": _or_null(_HEX_DIGEST),
    "custody": _matches("vault|depositor"),
}


class ClaimDigest(NamedTuple):
    """What a statement tells of one claim: both salted digests, 64 lower-case hex digits each."""

    name: str
    sha256: str
    sm3: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim with its salt: private until it is disclosed, so that not even its `repr` shows it."""

    name: str
    data: bytes = field(repr=False)
    salt: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """Return SHA-256(salt ‖ claim) as 64 lower-case hex digits; computed at each access."""
        return self.digests().sha256

    @property
    def sm3(self) -> str:
        """Return SM3(salt ‖ claim) as 64 lower-case hex digits; computed at each access."""
        return self.digests().sm3

    def digests(self) -> ClaimDigest:
        """Return the claim's line of a statement, computed at each call."""
        salted = self.salt + self.data
        return ClaimDigest(self.name, sha256(salted).hex(), sm3(salted).hex())


def make_claim(name: str, value: object, salt: bytes, *, kind: str = "deposit") -> Claim:
    """Return the claim `name` of a statement of `kind`, salted with 32 fresh random bytes.

    Raises:
        ValueError: a name or value that `encode_claim` refuses, or a salt of another length.
    """
    return salt_claim(name, encode_claim(name, value, kind=kind), salt)


def encode_claim(name: str, value: object, *, kind: str = "deposit") -> bytes:
    """Return the claim's JSON: what many records of one batch share (depositor, provenance) is checked and written once.

    Raises:
        ValueError: a name that no claim of this kind has, a value that breaks a rule of A1, or more than `MAX_CLAIM` bytes.
    """
    data = canonical_json({"name": name, "value": value})
    _check_shape(name, value, kind)
    if len(data) > MAX_CLAIM:
        raise IllegalValue(f"claim {name}: {len(data)} bytes where {MAX_CLAIM} are allowed", "size")
    return data


def salt_claim(name: str, data: bytes, salt: bytes) -> Claim:
    """Return the claim of JSON that `encode_claim` made, under this name, with 32 fresh random bytes of salt.

    Raises:
        ValueError: a salt of another length, or the JSON of a claim of another name.
    """
    if len(salt) != SALT_LENGTH:
        raise ValueError(f"a salt is {SALT_LENGTH} random bytes")
    # A statement that commits to a claim under a wrong name could never be mended.
    if not data.startswith(f'{{"name":"{name}",'.encode()):
        raise ValueError(f"not the JSON of claim {name}")
    return Claim(name, data, salt)


def parse_claim(name: str, data: bytes, *, kind: str = "deposit") -> Json:
    """Return the value of the claim `name` of a statement of `kind`; for a deposit all fields of A1 are checked.

    This says nothing of the claim's being true to a statement: that is `verify_claim`.

    Raises:
        VerificationError: more than `MAX_CLAIM` bytes, not canonical JSON, another name, or fields that A1 does not allow.
    """
    if len(data) > MAX_CLAIM:
        raise VerificationError(f"claim {name}: {len(data)} bytes where {MAX_CLAIM} are allowed")
    claim = parse_canonical(data)
    if not isinstance(claim, dict) or claim.keys() != {"name", "value"} or claim["name"] != name:
        raise VerificationError(f"claim {name}: not the name and value of this claim")
    try:
        _check_shape(name, claim["value"], kind)
    except IllegalValue as fault:
        raise VerificationError(str(fault)) from None
    return claim["value"]


def verify_claim(name: str, data: bytes, salt: bytes, sha256_hex: str, sm3_hex: str, kind: str = "deposit") -> Json:
    """Return the value of a disclosed claim that has the two digests which its statement lists under `name`.

    The caller has verified the statement; `kind` is the statement's.

    Raises:
        VerificationError: a salt that is not 32 bytes, another digest, or whatever `parse_claim` refuses.
    """
    # With a salt of any length, bytes could move between salt and claim and the digest would stay.
    if len(salt) != SALT_LENGTH:
        raise VerificationError(f"claim {name}: the salt is not {SALT_LENGTH} bytes")
    salted = salt + data
    if sha256(salted).hex() != sha256_hex:
        raise VerificationError(f"claim {name}: another SHA-256 than the statement's")
    if sm3(salted).hex() != sm3_hex:
        raise VerificationError(f"claim {name}: another SM3 than the statement's")
    return parse_claim(name, data, kind=kind)


def file_name(name: str) -> str:
    """Return the name of a claim's members in a package, without suffix: `files/1` is `files-1`."""
    return name.replace("/", "-")


def claim_order(name: str) -> tuple[str, int, str]:
    """Return the key that sorts legal claim names as a statement lists them: by name, `files/2` before `files/10`."""
    base, _, number = name.partition("/")
    # Of numbers without leading zeros the longer is the larger; int() would fail on a name that is still to be refused.
    return base, len(number), number


def _check_shape(name: str, value: object, kind: str) -> None:
    """Check the name for this kind of statement and, for a deposit, every field of the value (`IllegalValue`)."""
    if kind not in KINDS:
        raise ValueError(f"no kind of record: {kind!r}")  # also when reading: the kind is that of a verified statement
    if kind != "deposit":
        # SPEC: "their claim names are fixed by the issue that first writes them"; so are their values.
        if not CLAIM_NAME.fullmatch(name):
            raise IllegalValue(f"not the name of a claim: {name[:40]!r}")
        return
    fields = _FILE_FIELDS if _FILE_CLAIM.fullmatch(name) else _FIELDS.get(name)
    if fields is None:
        raise IllegalValue(f"not the name of a deposit's claim: {name[:40]!r}")
    if not isinstance(value, dict) or value.keys() != fields.keys():
        raise IllegalValue(f"claim {name}: other fields than {', '.join(fields)}")
    for key, rule in fields.items():
        if not rule(value[key]):
            raise IllegalValue(f"claim {name}: {key} is not as it should be")
    # SPEC: previous is null for sequence 1, and only there: a chain has one beginning.
    if name == "case" and (value["previous"] is None) != (value["sequence"] == 1):
        raise IllegalValue("claim case: previous is null if and only if sequence is 1")
    # SPEC: sm3 may be null only where the depositor keeps the file; what passed through us was hashed with both.
    if fields is _FILE_FIELDS and value["sm3"] is None and value["custody"] != "depositor":
        raise IllegalValue(f"claim {name}: sm3 is null though the vault has the file")
