"""Forgeries inside the TSTInfo, each signed by the authority's own key: the imprint, the answer, the time, the name."""
from __future__ import annotations

import functools
import hashlib
from datetime import timedelta

from sandbox.tsa import der, signing
from tests.tlog.timestamp.cases import DIGEST, NONCE, Case, each, hostile
from tests.tlog.timestamp.factory import Recipe, digest_algorithm, directory_name, gen_time, gen_time_text
from tests.tlog.timestamp.pki import PKI, STAMPED_AT, name
from tlog.timestamp import Reason


def at(text: str, tag: int = 0x18) -> bytes:
    return Recipe(time=gen_time_text(text, tag)).token()


def imprint(which: str, digest: bytes) -> bytes:
    return Recipe(imprint=signing.imprint(digest, digest_algorithm(which))).token()


def of_version(number: int) -> bytes:
    return Recipe(version=der.integer(number)).token()


each(Reason.VERSION, {f"version {number}": functools.partial(of_version, number) for number in (-1, 0, 2)})

each(Reason.IMPRINT_ALGORITHM, {
    "our bytes under the name of SHA-512": lambda: imprint("sha512", DIGEST),
    "our bytes under the name of SHA-384": lambda: imprint("sha384", DIGEST),
    "our bytes under the name of SHA-224": lambda: imprint("sha224", DIGEST),
    "our bytes under the name of an unknown digest": lambda: Recipe(imprint=signing.imprint(DIGEST, der.algorithm("1.2.3.4"))).token(),
    "our bytes under SHA-256 with parameters": lambda: Recipe(
        imprint=signing.imprint(DIGEST, der.algorithm("2.16.840.1.101.3.4.2.1", der.integer(1)))).token(),
    "imprint by SHA-1": lambda: imprint("sha1", hashlib.sha1(b"checkpoint").digest()),
    "imprint by MD5": lambda: imprint("md5", hashlib.md5(b"checkpoint").digest()),
    "imprint by SHA-512": lambda: imprint("sha512", hashlib.sha512(b"checkpoint").digest()),
})  # fmt: skip

each(Reason.IMPRINT, {
    "imprint of other bytes": lambda: imprint("sha256", hashlib.sha256(b"another checkpoint").digest()),
    "imprint with a flipped bit": lambda: imprint("sha256", DIGEST[:-1] + bytes([DIGEST[-1] ^ 1])),
    "imprint cut short": lambda: imprint("sha256", DIGEST[:31]),
    "imprint with a byte more": lambda: imprint("sha256", DIGEST + b"\x00"),
    "imprint that is empty": lambda: imprint("sha256", b""),
    "a right token about another checkpoint": lambda: Case(token=Recipe().token(), digest=hashlib.sha256(b"another checkpoint").digest()),
})  # fmt: skip

each(Reason.NONCE, {
    "nonce missing": lambda: Recipe(nonce=b"").token(),
    "nonce of another request": lambda: Recipe(nonce=der.integer(NONCE + 1)).token(),
    "nonce with another sign": lambda: Recipe(nonce=der.integer(-NONCE)).token(),
    "nonce with higher bits": lambda: Recipe(nonce=der.integer(NONCE + (1 << 64))).token(),
})  # fmt: skip

each(Reason.POLICY, {
    "another policy": lambda: Recipe(policy=der.oid("1.2.3.4.1")).token(),
    "a policy below ours": lambda: Recipe(policy=der.oid("1.3.6.1.4.1.0.3161.2.1")).token(),
})  # fmt: skip

each(Reason.GEN_TIME, {
    "time without Z": lambda: at("20261123080000"),
    "time with an offset": lambda: at("20261123160000+0800"),
    "time with an offset of zero": lambda: at("20261123080000+0000"),
    "time in month 13": lambda: at("20261323080000Z"),
    "time in month 0": lambda: at("20260023080000Z"),
    "time on 30 February": lambda: at("20260230080000Z"),
    "time at 24 hours": lambda: at("20261123240000Z"),
    "time at minute 60": lambda: at("20261123086000Z"),
    "time in a leap second": lambda: at("20261231235960Z"),
    "time in year 0": lambda: at("00001123080000Z"),
    "time without seconds": lambda: at("202611230800Z"),
    "time without minutes": lambda: at("2026112308Z"),
    "time with a year of two digits": lambda: at("261123080000Z"),
    "time with a fraction that ends in zero": lambda: at("20261123080000.50Z"),
    "time with a fraction of zero": lambda: at("20261123080000.0Z"),
    "time with a point and no fraction": lambda: at("20261123080000.Z"),
    "time with a comma": lambda: at("20261123080000,5Z"),
    "time with a space": lambda: at(" 20261123080000Z"),
    "time with a line feed": lambda: at("20261123080000Z\n"),
    "time with a zero byte": lambda: at("20261123080000Z\x00"),
    "time that is empty": lambda: at(""),
})  # fmt: skip

each(Reason.MALFORMED, {
    "time written as UTCTime": lambda: at("261123080000Z", 0x17),
    "time written as text": lambda: at("20261123080000Z", 0x0C),
    "time in another script's digits": lambda: at("２０２６1123080000Z"),
    "two times": lambda: Recipe(time=gen_time(STAMPED_AT) * 2).token(),
    "no time": lambda: Recipe(time=b"").token(),
    "a serial number of 161 bits": lambda: Recipe(serial=der.integer(1 << 160)).token(),
    "an accuracy of a thousand milliseconds": lambda: Recipe(accuracy=der.sequence(der.element(0x80, b"\x03\xe8"))).token(),
    "a TSTInfo with a field more": lambda: Recipe(rest=der.NULL).token(),
    "a TSTInfo with its nonce twice": lambda: Recipe(ordering=Recipe().nonce).token(),
    "a TSTInfo that is no sequence": lambda: Recipe(raw_content=der.octets(b"now")).token(),
    "a TSTInfo that is empty": lambda: Recipe(raw_content=b"").token(),
    "a TSTInfo cut off": lambda: Recipe(raw_content=Recipe().content()[:-3]).token(),
    "a policy that is text": lambda: Recipe(policy=der.utf8("1.2.3")).token(),
    "a policy without an end": lambda: Recipe(policy=der.element(0x06, b"\x2a\x81")).token(),
    "a name of the authority that cannot be read": lambda: Recipe(tsa=der.explicit(4, der.octets(b"?"))).token(),
})  # fmt: skip

each(Reason.AHEAD_OF_CLOCK, {
    "time a second beyond the skew ahead of our clock": lambda: Case(token=Recipe().token(), now=STAMPED_AT - timedelta(seconds=301)),
    "time ten years ahead of our clock": lambda: Case(token=Recipe().token(), now=STAMPED_AT - timedelta(days=3650), not_before=None),
    "time in year 9999": lambda: Case(token=at("99991231235959.999999Z"), not_before=None),
})  # fmt: skip

each(Reason.TOO_EARLY, {
    "time a second beyond the skew before what it stamps": lambda: Case(
        token=Recipe().token(), now=None, not_before=STAMPED_AT + timedelta(seconds=301)),
    "time in year 1": lambda: Case(token=at("00010101000000Z")),
})  # fmt: skip

each(Reason.TSA_NAME, {
    "name of another authority": lambda: Recipe(tsa=der.explicit(4, name("Test TSA of somebody else").public_bytes())).token(),
    "name of the issuer": lambda: Recipe(tsa=directory_name(PKI.intermediate)).token(),
    "empty name": lambda: Recipe(tsa=der.explicit(4, der.sequence())).token(),
    "host name that the certificate does not have": lambda: Recipe(tsa=der.element(0x82, b"tsa.example")).token(),
})  # fmt: skip


@hostile(Reason.CRITICAL_EXTENSION)
def critical_extension_in_the_tst_info() -> bytes:
    extension = der.sequence(der.oid("1.2.3"), der.boolean(True), der.octets(b""))
    return Recipe(extensions=der.explicit(1, extension)).token()
