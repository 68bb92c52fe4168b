"""The ASN.1 shapes that a timestamp token is made of, for pyasn1, and the one function that decodes by them.

Certificates, attributes and names are left as raw bytes (ANY): they are judged elsewhere, and decoding and re-encoding them could change
what was signed. `decode` is total: any bytes give a value of the shape or `TimestampRefused`. It expects what `ber.encode` gives.

Source: RFC 3161 section 2.4.2, RFC 5652 sections 3, 5 and 10, RFC 5280 section 4.1, RFC 5035 sections 3 to 5, RFC 4055 section 3.1.
"""
from __future__ import annotations

from typing import Any

from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pyasn1.type import constraint, namedtype, tag, univ, useful

from tlog.timestamp.reasons import Reason, TimestampRefused

OCTETS = univ.OctetString()
ANY = univ.Any()
SET_OF_ANY: Any = univ.SetOf(componentType=ANY)
SEQUENCE_OF_ANY: Any = univ.SequenceOf(componentType=ANY)


def _sequence(*fields: namedtype.NamedType) -> univ.Sequence:
    return univ.Sequence(componentType=namedtype.NamedTypes(*fields))


def _explicit(shape: Any, number: int) -> Any:
    return shape.subtype(explicitTag=tag.Tag(tag.tagClassContext, tag.tagFormatConstructed, number))


def _implicit(shape: Any, number: int) -> Any:
    return shape.subtype(implicitTag=tag.Tag(tag.tagClassContext, tag.tagFormatConstructed, number))


def _thousandths(number: int) -> Any:
    shape: Any = univ.Integer()
    own = tag.Tag(tag.tagClassContext, tag.tagFormatSimple, number)
    return shape.subtype(subtypeSpec=constraint.ValueRangeConstraint(1, 999), implicitTag=own)


_must, _may = namedtype.NamedType, namedtype.OptionalNamedType

# RFC 5280 4.1.1.2 and 4.1.
ALGORITHM_IDENTIFIER: Any = _sequence(_must("algorithm", univ.ObjectIdentifier()), _may("parameters", ANY))
_EXTENSION = _sequence(
    _must("extnID", univ.ObjectIdentifier()), namedtype.DefaultedNamedType("critical", univ.Boolean(0)), _must("extnValue", OCTETS))

# RFC 3161 2.4.2. The status strings are for people.
PKI_STATUS_INFO = _sequence(_must("status", univ.Integer()), _may("statusString", SEQUENCE_OF_ANY), _may("failInfo", univ.BitString()))

# RFC 3161 2.4.2. The name is a CHOICE, hence explicitly tagged whatever the module's default says.
_MESSAGE_IMPRINT = _sequence(_must("hashAlgorithm", ALGORITHM_IDENTIFIER), _must("hashedMessage", OCTETS))
_ACCURACY = _sequence(_may("seconds", univ.Integer()), _may("millis", _thousandths(0)), _may("micros", _thousandths(1)))
TST_INFO = _sequence(
    _must("version", univ.Integer()),
    _must("policy", univ.ObjectIdentifier()),
    _must("messageImprint", _MESSAGE_IMPRINT),
    _must("serialNumber", univ.Integer()),
    _must("genTime", useful.GeneralizedTime()),
    _may("accuracy", _ACCURACY),
    namedtype.DefaultedNamedType("ordering", univ.Boolean(0)),
    _may("nonce", univ.Integer()),
    _may("tsa", _explicit(ANY, 0)),
    _may("extensions", _implicit(univ.SequenceOf(componentType=_EXTENSION), 1)),
)

# RFC 5652 3 and 5.1 to 5.3. The signer's identifier stays raw, because only one of its forms is accepted.
CONTENT_INFO = _sequence(_must("contentType", univ.ObjectIdentifier()), _must("content", _explicit(ANY, 0)))
_ENCAPSULATED = _sequence(_must("eContentType", univ.ObjectIdentifier()), _may("eContent", _explicit(OCTETS, 0)))
SIGNED_DATA = _sequence(
    _must("version", univ.Integer()),
    _must("digestAlgorithms", SET_OF_ANY),
    _must("encapContentInfo", _ENCAPSULATED),
    _may("certificates", _implicit(SET_OF_ANY, 0)),
    _may("crls", _implicit(SET_OF_ANY, 1)),
    _must("signerInfos", SET_OF_ANY),
)
SIGNER_INFO = _sequence(
    _must("version", univ.Integer()),
    _must("sid", ANY),
    _must("digestAlgorithm", ALGORITHM_IDENTIFIER),
    _may("signedAttrs", _implicit(SET_OF_ANY, 0)),
    _must("signatureAlgorithm", ALGORITHM_IDENTIFIER),
    _must("signature", OCTETS),
    _may("unsignedAttrs", _implicit(SET_OF_ANY, 1)),
)
ATTRIBUTE = _sequence(_must("attrType", univ.ObjectIdentifier()), _must("attrValues", SET_OF_ANY))
ISSUER_AND_SERIAL_NUMBER = _sequence(_must("issuer", ANY), _must("serialNumber", univ.Integer()))

# RFC 5035 3 to 5. Both versions of the attribute have one outer shape; without `hashAlgorithm` the digest of version 2 is SHA-256.
_ISSUER_SERIAL = _sequence(_must("issuer", SEQUENCE_OF_ANY), _must("serialNumber", univ.Integer()))
SIGNING_CERTIFICATE = _sequence(_must("certs", SEQUENCE_OF_ANY), _may("policies", SEQUENCE_OF_ANY))
ESS_CERT_ID = _sequence(_must("certHash", OCTETS), _may("issuerSerial", _ISSUER_SERIAL))
ESS_CERT_ID_V2 = _sequence(_may("hashAlgorithm", ALGORITHM_IDENTIFIER), _must("certHash", OCTETS), _may("issuerSerial", _ISSUER_SERIAL))

# RFC 4055 3.1. What is absent has a default, which `algorithms` knows: a library's own default once came out unreadable.
PSS_PARAMETERS = _sequence(
    _may("hashAlgorithm", _explicit(ALGORITHM_IDENTIFIER, 0)),
    _may("maskGenAlgorithm", _explicit(ALGORITHM_IDENTIFIER, 1)),
    _may("saltLength", _explicit(univ.Integer(), 2)),
    _may("trailerField", _explicit(univ.Integer(), 3)),
)


def decode(shape: Any, data: bytes, what: str) -> Any:
    """Decode all of `data` as `shape`; `what` names it in the refusal.

    Raises: TimestampRefused (malformed, trailing-bytes).
    """
    try:
        value, rest = decoder.decode(data, asn1Spec=shape)
    except (PyAsn1Error, ValueError, TypeError, IndexError, KeyError, OverflowError) as error:
        # The library raises more than its own error on hostile input; all of it means the same.
        raise TimestampRefused(Reason.MALFORMED, f"{what} does not have its shape") from error
    if rest:
        raise TimestampRefused(Reason.TRAILING_BYTES, f"{len(rest)} bytes after {what}")
    return value


def encode_oid(dotted: str) -> bytes:
    """Encode an object identifier."""
    return bytes(encoder.encode(univ.ObjectIdentifier(dotted)))
