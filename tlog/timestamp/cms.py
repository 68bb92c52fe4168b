"""Opens the envelope of a timestamp token: response or token, signed data, its one signer; nothing in it is verified here.

Either form that RFC 3161 sends is accepted: the token (a CMS ContentInfo), or the whole response with its status. Version numbers, the
list of digest algorithms, unsigned attributes and embedded revocation lists are not judged: nothing of them is signed or used.

Source: RFC 3161 section 2.4.2, RFC 5652 sections 3 and 5.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tlog.timestamp import ber, schema
from tlog.timestamp.reasons import Reason, TimestampRefused

ID_SIGNED_DATA = "1.2.840.113549.1.7.2"
ID_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_GRANTED = (0, 1)  # granted, grantedWithMods
_MAX_CERTIFICATES = 32
_SEQUENCE, _SET, _OBJECT_IDENTIFIER = b"\x30", b"\x31", b"\x06"


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm identifier: dotted oid, and the parameters' encoding or None."""

    oid: str
    parameters: bytes | None

    @classmethod
    def of(cls, value: Any) -> Algorithm:
        """Read a decoded AlgorithmIdentifier."""
        parameters = value["parameters"]
        return cls(str(value["algorithm"]), bytes(parameters) if parameters.isValue else None)


@dataclass(frozen=True, slots=True)
class Signer:
    """The one SignerInfo: who (issuer as an encoded name, serial), how, what attributes, and the bytes that were signed."""

    issuer: bytes
    serial: int
    digest: Algorithm
    algorithm: Algorithm
    attributes: Mapping[str, tuple[bytes, ...]]
    signed_bytes: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A token's parts: the encoded TSTInfo, the embedded certificates in their order, the signer."""

    content: bytes
    certificates: tuple[bytes, ...]
    signer: Signer


def open_token(data: bytes) -> UnverifiedToken:
    """Open a DER or BER TimeStampToken or TimeStampResp.

    Raises: TimestampRefused.
    """
    return _open_content_info(ber.encode(_token_element(ber.parse(data))))


def extract_token(response: bytes) -> bytes:
    """Cut the token out of a granted response, byte for byte as received; a bare token comes back as it is. Verifies nothing.

    Raises: TimestampRefused (status, malformed, trailing-bytes, too-large).
    """
    token = _token_element(ber.parse(response))
    return response[token.start:token.end]


def _token_element(outer: ber.Element) -> ber.Element:
    parts = outer.children
    if outer.tag != _SEQUENCE or not parts:
        raise TimestampRefused(Reason.MALFORMED, "neither a timestamp token nor a response")
    if parts[0].tag == _OBJECT_IDENTIFIER:
        return outer
    # SPEC: RFC 3161 2.4.2: TimeStampResp ::= SEQUENCE { status PKIStatusInfo, timeStampToken TimeStampToken OPTIONAL };
    # the token is present when the status is granted or grantedWithMods, and absent otherwise.
    info = schema.decode(schema.PKI_STATUS_INFO, ber.encode(parts[0]), "the response's status")
    status = int(info["status"])
    if status not in _GRANTED:
        raise TimestampRefused(Reason.STATUS, f"the authority did not grant a timestamp (status {status})")
    if len(parts) < 2:
        raise TimestampRefused(Reason.STATUS, "granted, yet the response holds no token")
    if len(parts) > 2:
        raise TimestampRefused(Reason.TRAILING_BYTES, "the response goes on after its token")
    return parts[1]


def _open_content_info(token: bytes) -> UnverifiedToken:
    info = schema.decode(schema.CONTENT_INFO, token, "the token")
    # SPEC: RFC 3161 2.4.2: contentType is id-signedData.
    if str(info["contentType"]) != ID_SIGNED_DATA:
        raise TimestampRefused(Reason.NOT_SIGNED_DATA, "the token is not CMS signed data")
    data = schema.decode(schema.SIGNED_DATA, bytes(info["content"]), "the signed data")
    content = data["encapContentInfo"]
    # SPEC: RFC 3161 2.4.2: eContentType is id-ct-TSTInfo; eContent is present and is the encoded TSTInfo.
    if str(content["eContentType"]) != ID_TST_INFO or not content["eContent"].isValue:
        raise TimestampRefused(Reason.CONTENT_TYPE, "the signed content is not a TSTInfo")
    # SPEC: RFC 3161 2.4.2: the token shall contain no signature other than the authority's own.
    if len(data["signerInfos"]) != 1:
        raise TimestampRefused(Reason.SIGNER_COUNT, f"{len(data['signerInfos'])} signers, exactly one is allowed")
    signer = _open_signer(bytes(data["signerInfos"][0]))
    return UnverifiedToken(bytes(content["eContent"]), _certificates(data["certificates"]), signer)


def _certificates(field: Any) -> tuple[bytes, ...]:
    members = [bytes(member) for member in field] if field.isValue else []
    if len(members) > _MAX_CERTIFICATES:
        raise TimestampRefused(Reason.TOO_LARGE, f"{len(members)} certificates, at most {_MAX_CERTIFICATES} are read")
    # SPEC: RFC 5652 10.2.2: besides certificates the set may hold attribute certificates and other formats; nothing here uses them.
    return tuple(member for member in members if member[:1] == _SEQUENCE)


def _open_signer(encoded: bytes) -> Signer:
    info = schema.decode(schema.SIGNER_INFO, encoded, "the signer's part")
    sid = bytes(info["sid"])
    # SPEC: RFC 5652 5.3 also allows a key identifier, which names a key and not one certificate; A7 asks for issuer and serial.
    if sid[:1] != _SEQUENCE:
        raise TimestampRefused(Reason.SIGNER_IDENTIFIER, "the signer is not named by issuer and serial number")
    identifier = schema.decode(schema.ISSUER_AND_SERIAL_NUMBER, sid, "the signer's identifier")
    # SPEC: RFC 5652 5.3: signedAttrs must be present when the content type is not id-data.
    if not info["signedAttrs"].isValue:
        raise TimestampRefused(Reason.ATTRIBUTES, "no signed attributes")
    attributes, signed_bytes = _open_attributes([bytes(attribute) for attribute in info["signedAttrs"]])
    return Signer(
        issuer=bytes(identifier["issuer"]),
        serial=int(identifier["serialNumber"]),
        digest=Algorithm.of(info["digestAlgorithm"]),
        algorithm=Algorithm.of(info["signatureAlgorithm"]),
        attributes=attributes,
        signed_bytes=signed_bytes,
        signature=bytes(info["signature"]),
    )


def _open_attributes(encoded: list[bytes]) -> tuple[Mapping[str, tuple[bytes, ...]], bytes]:
    """Give the attributes by type, and the DER SET OF that was signed."""
    found: dict[str, tuple[bytes, ...]] = {}
    canonical = []
    for raw in encoded:
        attribute = schema.decode(schema.ATTRIBUTE, raw, "a signed attribute")
        name = str(attribute["attrType"])
        # SPEC: RFC 5652 5.3: an attribute occurs at most once; of two values a reader could take the wrong one.
        if name in found:
            raise TimestampRefused(Reason.ATTRIBUTES, f"the attribute {name} occurs twice")
        found[name] = tuple(bytes(value) for value in attribute["attrValues"])
        oid, _ = ber.parse(raw).children
        canonical.append(ber.wrap(_SEQUENCE, ber.encode(oid) + ber.wrap(_SET, b"".join(sorted(found[name])))))
    # SPEC: RFC 5652 5.4: the signature covers the DER encoding of the attributes with the tag SET OF, not [0] as transmitted;
    # SPEC: X.690 11.6: DER sorts the members of a set, whatever order they were sent in.
    return MappingProxyType(found), ber.wrap(_SET, b"".join(sorted(canonical)))
