"""The two lists of digests, and the custody chain: every malformed one is refused."""
import base64
import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.custody import Circumstances, CustodyAction, Happening, custody_json, row_after
from evidence.packages.lists import asic_manifest, sha256_sums
from tests.evidence.package_fixture import START
from tlog.canonical import canonical_json
from tlog.digests import sha256
from tlog.errors import VerificationError
from tlog.examination.custody import row_digest, verify_custody
from tlog.examination.manifest import Digest, in_manifest, in_sums, parse_manifest, parse_sums, percent_decoded, verify_listed

LISTED = {"package.json": sha256(b"1"), "evidence/1/合同 & \"100%\" 'a'.pdf": sha256(b"2")}
MANIFEST = asic_manifest(LISTED)
SUMS = sha256_sums(LISTED)


def test_lists_come_back_as_they_were_written() -> None:
    assert parse_manifest([MANIFEST]) == LISTED
    assert parse_manifest(bytes([byte]) for byte in MANIFEST) == LISTED
    assert parse_sums(SUMS) == LISTED
    assert parse_sums(SUMS.replace(b"  ", b" *", 1)) == LISTED
    assert parse_sums(SUMS.removesuffix(b"\n")) == LISTED
    assert parse_sums(b"") == {}


def replaced(old: bytes, new: bytes) -> bytes:
    data = MANIFEST.replace(old, new, 1)
    assert data != MANIFEST
    return data


BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
REFERENCE = b'<asic:SigReference URI="META-INF/timestamp.tst" MimeType="application/vnd.etsi.timestamp-token"/>'
DIGEST = base64.b64encode(LISTED["package.json"])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not XML"),
        (b"<a/>", "not known"),
        (MANIFEST[:-3], "not XML"),
        (MANIFEST + b"<a/>", "not XML"),
        (MANIFEST.decode().encode("utf-16"), "not XML"),
        (replaced(b"?>\n", b"?>\n" + BOMB), "DTD"),
        (replaced(b"?>\n", b"?><!DOCTYPE asic:ASiCManifest SYSTEM 'file:///etc/passwd'>"), "DTD"),
        (replaced(b"uri.etsi.org/02918/v1.2.1#", b"example.com/#"), "not known"),
        (replaced(b"xmldsig#", b"xmldsig"), "not known"),
        (replaced(b"<asic:SigReference", b"<asic:SignReference"), "not known"),
        (replaced(b"timestamp.tst", b"signature.p7s"), "does not refer"),
        (replaced(b"  <asic:SigReference", b'  <asic:SigReference URI="META-INF/timestamp.tst"/><asic:SigReference'), "does not refer"),
        (replaced(REFERENCE, b""), "does not refer"),
        (replaced(b"xmlenc#sha256", b"xmlenc#sha512"), "not SHA-256"),
        (replaced(b'<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>', b""), "not SHA-256"),
        (replaced(DIGEST, b"AAAA"), "bytes"),
        (replaced(DIGEST, b"!"), "base64"),
        (replaced(b"<ds:DigestValue>", b"text<ds:DigestValue>"), "text between"),
        (replaced(b"<ds:DigestValue>", b"<ds:DigestValue><ds:DigestValue/>"), "not in its place"),
        (replaced(b'URI="package.json"', b'URI="evidence/1/%E5%90%88%E5%90%8C%20%26%20%22100%25%22%20%27a%27.pdf"'), "listed twice"),
        (replaced(b'URI="package.json"', b'URI="%zz"'), "not a URI"),
        (replaced(b'URI="package.json"', b'URI="%ff"'), "UTF-8"),
    ],
)
def test_malformed_manifest_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(VerificationError, match=reason):
        parse_manifest([data])


def test_entity_cannot_be_declared_and_cannot_be_used() -> None:
    with pytest.raises(VerificationError, match="not XML"):
        parse_manifest([replaced(b"<ds:DigestValue>", b"<ds:DigestValue>&a;")])


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_or_refused(data: bytes) -> None:
    for parse in (lambda data: parse_manifest([data]), parse_sums, verify_custody):
        with suppress(VerificationError):
            parse(data)


@pytest.mark.parametrize("uri", ["%", "%1", "%g0", "%c3", "合同", "a%C3%28"])
def test_malformed_uri_is_refused(uri: str) -> None:
    with pytest.raises(VerificationError, match="not a URI"):
        percent_decoded(uri)


@pytest.mark.parametrize(
    "data",
    [b"x\n", b"\n", SUMS + b"\n", SUMS + SUMS, SUMS.replace(b"\n", b"\r\n"), SUMS.upper(), b"\\" + SUMS, SUMS[1:], SUMS + b"\xff"],
)
def test_malformed_sums_are_refused(data: bytes) -> None:
    with pytest.raises(VerificationError):
        parse_sums(data)


def test_list_and_members_have_to_agree() -> None:
    unlisted = dict.fromkeys(("mimetype", "SHA256SUMS", "META-INF/timestamp.tst"), Digest(bytes(32), 1))
    digests = {name: Digest(digest, 1) for name, digest in LISTED.items()} | unlisted
    assert verify_listed(LISTED, digests, in_sums) == 2
    for listed, reason in (
        ({"package.json": LISTED["package.json"]}, "not listed"),
        ({**LISTED, "gone": bytes(32)}, "not here"),
        ({**LISTED, "package.json": bytes(32)}, "digest differs"),
    ):
        with pytest.raises(VerificationError, match=reason):
            verify_listed(listed, digests, in_sums)
    with pytest.raises(VerificationError, match="SHA256SUMS"):
        verify_listed(LISTED, digests, in_manifest)


# custody

HOW = Circumstances("password+totp", "judge", request_id="request-1")
FIRST = row_after(None, Happening(CustodyAction.INGESTED, "system", "org_1", HOW), at=START)
ROWS = [FIRST, row_after(FIRST, Happening(CustodyAction.VIEWED, "agent-7", "org_1", HOW, purpose="出示"), at=START)]
CUSTODY = custody_json(ROWS)


def with_row(change: Callable[[dict[str, object]], object], number: int = 2) -> bytes:
    """The chain with one row changed, and its digest right for what it says now."""
    rows = json.loads(CUSTODY)
    change(rows[number - 1])
    if rows[number - 1].keys() >= {"digest"}:
        rows[number - 1]["digest"] = row_digest(rows[number - 1])
    return canonical_json(rows)


def test_custody_chain_is_verified() -> None:
    assert verify_custody(CUSTODY) == tuple(row.digest for row in ROWS)
    assert verify_custody(custody_json(ROWS[:1])) == (FIRST.digest,)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not JSON"),
        (b"{}", "at least one row"),
        (b"[]", "at least one row"),
        (b"[1]", "row 1: not the fields"),
        (CUSTODY + b"\n", "canonical"),
        (with_row(lambda row: row.update(sequence=3)), "row 2: its sequence"),
        (with_row(lambda row: row.update(sequence=True), 1), "row 1: its sequence"),
        (with_row(lambda row: row.update(sequence="2")), "row 2: its sequence"),
        (with_row(lambda row: row.update(at="2026-03-02T08:00:00Z")), "not a time"),
        (with_row(lambda row: row.update(at=1)), "row 2: at"),
        (with_row(lambda row: row.update(event="ingested")), "subject:action"),
        (with_row(lambda row: row.update(event=None)), "subject:action"),
        (with_row(lambda row: row.update(actor="张三")), "row 2: actor"),
        (with_row(lambda row: row.update(actor="")), "row 2: actor"),
        (with_row(lambda row: row.update(organisation="x" * 65)), "row 2: organisation"),
        (with_row(lambda row: row.update(purpose=7)), "row 2: purpose"),
        (with_row(lambda row: row.update(previous=None)), "row 2: previous"),
        (with_row(lambda row: row.update(previous="00" * 32), 1), "row 1: previous"),
        (with_row(lambda row: row.update(actor="agent-8"), 1), "row 2: previous"),
        (with_row(lambda row: row.pop("digest")), "row 2: not the fields"),
        (CUSTODY.replace(b"agent-7", b"agent-8"), "row 2: the digest"),
    ],
)
def test_broken_custody_chain_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(VerificationError, match=reason):
        verify_custody(data)
