"""Reads the TSTInfo, the statement that the authority signed: which digest existed at which time, under which policy.

Accuracy and ordering are read but not judged: the authority's policy promises them. Source: RFC 3161 section 2.4.2.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tlog.timestamp import ber, schema
from tlog.timestamp.cms import Algorithm
from tlog.timestamp.reasons import Reason, TimestampRefused

_GENERALIZED_TIME = re.compile(rb"(\d{14})(?:\.(\d*[1-9]))?Z")
_MAX_SERIAL_BITS = 160


@dataclass(frozen=True, slots=True)
class TstInfo:
    """What the token says: imprint, aware UTC time (cut to microseconds), dotted policy, serial, nonce and the raw name, if any."""

    imprint_algorithm: Algorithm
    imprint: bytes
    gen_time: datetime
    policy: str
    serial: int
    nonce: int | None
    tsa: bytes | None


def parse_tst_info(content: bytes) -> TstInfo:
    """Read the encoded TSTInfo out of a token.

    Raises: TimestampRefused.
    """
    info = schema.decode(schema.TST_INFO, ber.encode(ber.parse(content)), "the TSTInfo")
    # SPEC: RFC 3161 2.4.2: the version of the timestamp token is 1.
    if int(info["version"]) != 1:
        raise TimestampRefused(Reason.VERSION, "the TSTInfo is not of version 1")
    # SPEC: RFC 3161 2.4.2: users accommodate serial numbers of up to 160 bits.
    serial = int(info["serialNumber"])
    if serial.bit_length() > _MAX_SERIAL_BITS:
        raise TimestampRefused(Reason.MALFORMED, f"a serial number of more than {_MAX_SERIAL_BITS} bits")
    _judge_extensions(info["extensions"])
    return TstInfo(
        imprint_algorithm=Algorithm.of(info["messageImprint"]["hashAlgorithm"]),
        imprint=bytes(info["messageImprint"]["hashedMessage"]),
        gen_time=_parse_time(info["genTime"].asOctets()),
        policy=str(info["policy"]),
        serial=serial,
        nonce=int(info["nonce"]) if info["nonce"].isValue else None,
        tsa=bytes(info["tsa"]) if info["tsa"].isValue else None,
    )


def _judge_extensions(extensions: Any) -> None:
    # SPEC: RFC 3161 2.4.2 with RFC 5280 4.2: an extension marked critical that is not understood makes the token unusable.
    if extensions.isValue and any(bool(extension["critical"]) for extension in extensions):
        raise TimestampRefused(Reason.CRITICAL_EXTENSION, "the TSTInfo has a critical extension that is not known here")


def _parse_time(text: bytes) -> datetime:
    # SPEC: RFC 3161 2.4.2: genTime is YYYYMMDDhhmmss[.s...]Z: seconds present, UTC, a fraction without trailing zeros.
    match = _GENERALIZED_TIME.fullmatch(text)
    if match is None:
        raise TimestampRefused(Reason.GEN_TIME, "genTime is not written as YYYYMMDDhhmmss[.s]Z")
    microseconds = (match[2] or b"").decode()[:6].ljust(6, "0")
    try:
        return datetime.strptime(match[1].decode() + microseconds, "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)
    except ValueError as error:
        raise TimestampRefused(Reason.GEN_TIME, "genTime is no date of the calendar") from error
