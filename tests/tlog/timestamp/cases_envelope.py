"""Forgeries and damage outside the signed content: bytes, response, signed data, signers."""
from __future__ import annotations

import functools

from sandbox.tsa import der, signing
from tests.tlog.timestamp.cases import Case, each, hostile
from tests.tlog.timestamp.factory import Recipe
from tests.tlog.timestamp.pki import PKI, issue, name, tsa_extensions
from tlog.timestamp import Reason, ber
from tlog.timestamp.ber import MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS

ID_DATA = "1.2.840.113549.1.7.1"


def token() -> bytes:
    return Recipe().token()


def cut(eighths: int) -> bytes:
    return token()[: len(token()) * eighths // 8]


def response(status: int, *members: bytes) -> bytes:
    return der.sequence(der.sequence(der.integer(status)), *members)


def rewrapped(data: bytes, content_type: str = signing.ID_SIGNED_DATA) -> bytes:
    return der.sequence(der.oid(content_type), der.explicit(0, data))


def fields(sequence: bytes) -> list[bytes]:
    return [ber.encode(field) for field in ber.parse(sequence).children]


def with_field(position: int, value: bytes) -> bytes:
    """Replace one field of SignedData: 2 is the content, 3 the certificates, 4 the signers; nothing there is signed."""
    parts = fields(Recipe().signed_data())
    parts[position] = value
    return rewrapped(der.sequence(*parts))


def with_signer_field(position: int, value: bytes) -> bytes:
    """Replace one field of the SignerInfo: 1 who, 2 digest, 3 attributes, 4 algorithm, 5 signature."""
    parts = fields(Recipe().signer_info())
    parts[position] = value
    return Recipe(signers=(der.sequence(*parts),)).token()


def identifier(issuer: str, serial: int) -> bytes:
    return der.sequence(name(issuer).public_bytes(), der.integer(serial))


each(Reason.MALFORMED, {
    "nothing at all": lambda: b"",
    "one byte": lambda: b"\x30",
    "text instead of a token": lambda: b"-----BEGIN PKCS7-----\n",
    "an empty sequence": lambda: b"\x30\x00",
    "an integer instead of a token": lambda: der.integer(1),
    "a set instead of a sequence": lambda: b"\x31" + token()[1:],
    "an element longer than everything": lambda: b"\x30\x84\x7f\xff\xff\xff\x06\x01\x2a",
    "a length of 126 octets": lambda: b"\x30\xfe" + b"\xff" * 126 + token(),
    "a length of 127 octets that are not there": lambda: b"\x30\xff\x01",
    "an inner element longer than its sequence": lambda: b"\x30\x03\x06\x7f\x2a",
    "a tag without an end": lambda: b"\x3f\xff\xff\xff\xff\xff\xff\x00",
    "a tag of two octets": lambda: b"\x3f\x50\x00",
    "a primitive element of indefinite length": lambda: b"\x30\x80\x04\x80\x00\x00\x00\x00",
    "an indefinite length without an end": lambda: b"\x30\x80\x06\x01\x2a",
    "an end marker with content": lambda: b"\x30\x80\x06\x01\x2a\x00\x01\x00",
    "an end marker in a definite sequence": lambda: b"\x30\x04\x06\x00\x00\x00",
    "an octet string with a piece of something else": lambda: with_signer_field(5, b"\x24\x80\x02\x01\x01\x00\x00"),
    "a status that is no number": lambda: der.sequence(der.sequence(der.octets(b"0")), token()),
    "an empty status": lambda: der.sequence(der.sequence(), token()),
    "signed data that is an octet string": lambda: rewrapped(der.octets(b"")),
    "signed data without its parts": lambda: rewrapped(der.sequence(der.integer(3))),
    "signed data in another order": lambda: rewrapped(der.sequence(*reversed(fields(Recipe().signed_data())))),
    "a signer that is a number": lambda: with_field(4, der.set_of(der.integer(1))),
    "a signer without a signature": lambda: Recipe(signers=(der.sequence(*fields(Recipe().signer_info())[:-1]),)).token(),
    "an attribute that is a number": lambda: with_signer_field(3, der.explicit(0, der.integer(1))),
    "an attribute without values": lambda: with_signer_field(3, der.explicit(0, der.sequence(der.oid("1.2.3")))),
    "a signer's name that is no name": lambda: with_signer_field(1, der.sequence(der.sequence(der.integer(1)), der.integer(1))),
})  # fmt: skip

each(Reason.MALFORMED, {f"cut off at {eighths} eighths": functools.partial(cut, eighths) for eighths in range(1, 8)})


@hostile(Reason.MALFORMED)
def last_byte_missing() -> bytes:
    return token()[:-1]


each(Reason.TRAILING_BYTES, {
    "a byte after the token": lambda: token() + b"\x00",
    "a second token after the token": lambda: token() * 2,
    "a byte after the response": lambda: signing.granted(token()) + b"\x00",
    "something in the response after the token": lambda: response(0, token(), der.NULL),
    "a second token in the response": lambda: response(0, token(), token()),
    "bytes after the end of an indefinite length": lambda: b"\x30\x80" + token()[4:] + b"\x00\x00\x00",
    "bytes in the signed content after the TSTInfo": lambda: Recipe(raw_content=Recipe().content() + b"\x00").token(),
})  # fmt: skip


@hostile(Reason.TRAILING_BYTES)
def something_beside_the_signed_data() -> bytes:
    return rewrapped(Recipe().signed_data() + der.NULL)


@hostile(Reason.MALFORMED)
def something_after_the_content_info() -> bytes:
    return der.sequence(der.oid(signing.ID_SIGNED_DATA), der.explicit(0, Recipe().signed_data()), der.NULL)


each(Reason.TOO_LARGE, {
    "a token of more than 256 KiB": lambda: der.sequence(der.octets(bytes(MAX_BYTES))),
    "a bomb of nested sequences": lambda: b"\x30\x80" * 60_000,
    "a bomb of nested sequences with lengths": lambda: functools.reduce(lambda inner, _: der.sequence(inner), range(MAX_DEPTH + 2), b""),
    "a bomb of nested octet strings": lambda: with_signer_field(5, b"\x24\x80" * 500 + b"\x00\x00" * 500),
    "a bomb of empty elements": lambda: der.sequence(der.NULL * (MAX_ELEMENTS + 1)),
    "an object identifier of a thousand octets": lambda: der.sequence(der.element(0x06, b"\x81" * 999 + b"\x01")),
    "a number of ten thousand octets": lambda: Recipe(serial=der.element(0x02, b"\x01" * 10_000)).token(),
    "thirty-three certificates": lambda: Recipe(certificates=tuple(der.sequence(der.integer(i)) for i in range(33))).token(),
})  # fmt: skip

each(Reason.STATUS, {
    "rejected, without a token": lambda: signing.rejected("no", 0),
    "rejected, with a token that is right": lambda: response(2, token()),
    "waiting, with a token that is right": lambda: response(3, token()),
    "revocation warning, with a token that is right": lambda: response(4, token()),
    "revocation notification, with a token that is right": lambda: response(5, token()),
    "a status that nobody defined": lambda: response(6, token()),
    "a negative status": lambda: response(-1, token()),
    "granted, without a token": lambda: response(0),
})  # fmt: skip

each(Reason.NOT_SIGNED_DATA, {
    "plain data": lambda: rewrapped(Recipe().signed_data(), ID_DATA),
    "enveloped data": lambda: rewrapped(Recipe().signed_data(), "1.2.840.113549.1.7.3"),
})  # fmt: skip

each(Reason.CONTENT_TYPE, {
    "signed content of type data": lambda: with_field(2, der.sequence(der.oid(ID_DATA), der.explicit(0, der.octets(Recipe().content())))),
    "no signed content": lambda: with_field(2, der.sequence(der.oid(signing.ID_TST_INFO))),
})  # fmt: skip


@hostile(Reason.SIGNER_COUNT)
def zero_signers() -> bytes:
    return Recipe(signers=()).token()


@hostile(Reason.SIGNER_COUNT)
def two_signers_that_are_both_right() -> bytes:
    second = issue("Second TSA", PKI.intermediate, extensions=tsa_extensions())
    both = Recipe().signer_info(), Recipe(signer=second, raw_content=Recipe().content()).signer_info()
    return Recipe(signers=both, certificates=tuple(sorted((*Recipe().bag(), second.der)))).token()


@hostile(Reason.SIGNER_COUNT)
def the_same_signer_twice() -> bytes:
    return Recipe(signers=(Recipe().signer_info(),) * 2).token()


each(Reason.SIGNER_IDENTIFIER, {
    "signer named by a key identifier": lambda: Recipe(sid=der.element(0x80, bytes(20))).token(),
    "signer named by an explicitly tagged key identifier": lambda: Recipe(sid=der.explicit(0, der.octets(bytes(20)))).token(),
})  # fmt: skip

each(Reason.SIGNER_CERTIFICATE, {
    "signer's certificate nowhere": lambda: Recipe(certificates=(PKI.intermediate.der,)).token(),
    "no certificates and none given": lambda: Recipe(certificates=()).token(),
    "signer named with another serial number": lambda: Recipe(sid=identifier("Test Intermediate", 999_999)).token(),
    "signer named with another issuer": lambda: Recipe(sid=identifier("Nobody", PKI.tsa.certificate.serial_number)).token(),
    "signer's certificate with a serial number of zero": lambda: unreadable_signer(b"\x02\x01\x00"),
})  # fmt: skip


def unreadable_signer(serial: bytes) -> bytes:
    """Give the signer a certificate with this encoded serial number, and name it accordingly."""
    tbs, algorithm, signature = fields(PKI.tsa.der)
    version, _, *others = fields(tbs)
    certificate = der.sequence(der.sequence(version, serial, *others), algorithm, signature)
    sid = der.sequence(PKI.tsa.certificate.issuer.public_bytes(), serial)
    return Recipe(certificates=(certificate, PKI.intermediate.der), sid=sid).token()


@hostile(Reason.MALFORMED)
def signers_name_with_a_serial_number_that_is_no_number() -> bytes:
    return Recipe(sid=der.sequence(PKI.tsa.certificate.issuer.public_bytes(), der.octets(b"\x01"))).token()


@hostile(Reason.SIGNER_CERTIFICATE)
def signers_certificate_only_among_the_roots() -> Case:
    return Case(token=Recipe(certificates=()).token(), roots=(PKI.tsa.der, PKI.root.der), intermediates=(PKI.intermediate.der,))
