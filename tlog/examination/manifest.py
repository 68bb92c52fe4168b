r"""The two lists of digests: `META-INF/ASiCManifest.xml`, which is timestamped, and `SHA256SUMS`, which stock tools read.

What it is for: a member that the lists do not name was put in afterwards, one that they name and that is not here was
taken out, and one whose digest differs was changed.

What it does not do: verify the timestamp over the manifest (`stamps`), read member contents (digests are given).

The XML is read as a stream of events by expat, without a DTD: no entity is ever expanded, nothing is fetched, and what is
kept is one digest for each member.

Source: ETSI EN 319 162-1 annex A.4 (ASiCManifest); XML Signature 1.1 (DigestMethod, DigestValue); RFC 3986 section 2.1.

>>> percent_decoded("evidence/1/%E5%90%88%E5%90%8C.pdf")
'evidence/1/合同.pdf'
>>> parse_sums(b"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  log/1/checkpoint\n")["log/1/checkpoint"].hex()[:8]
'ba7816bf'
"""

import codecs
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from xml.parsers import expat

from tlog.encoding import decode_base64
from tlog.errors import VerificationError
from tlog.examination.container import STAMP

_ASIC = "http://uri.etsi.org/02918/v1.2.1#"
_DS = "http://www.w3.org/2000/09/xmldsig#"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_ROOT = (f"{_ASIC} ASiCManifest",)
_REFERENCE = (*_ROOT, f"{_ASIC} SigReference")
_OBJECT = (*_ROOT, f"{_ASIC} DataObjectReference")
_METHOD = (*_OBJECT, f"{_DS} DigestMethod")
_VALUE = (*_OBJECT, f"{_DS} DigestValue")

_SUMS_LINE = re.compile(r"([0-9a-f]{64}) [ *]([^\r\n]+)\n?")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Digest:
    """What one pass over a member gives: SHA-256 (32 bytes), its size, and SM3 (32 bytes) where it is an original."""

    sha256: bytes
    size_bytes: int
    sm3: bytes | None = None


def parse_manifest(blocks: Iterable[bytes]) -> dict[str, bytes]:
    """Return the SHA-256 (32 bytes) that an ASiCManifest states for each member.

    Raises:
        VerificationError: not such a document, a DTD, another hash, a member twice, or a signature reference that is not
            the one to `META-INF/timestamp.tst`.
    """
    reader = _Reader()
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    # SPEC: no DTD, hence no entity: what the document says is what is written in it.
    parser.StartDoctypeDeclHandler = reader.doctype
    # Decoded here, because expat would follow a byte order mark to UTF-16.
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in blocks:
            parser.Parse(decoder.decode(block), False)
        parser.Parse(decoder.decode(b"", True), True)
    except (expat.ExpatError, UnicodeDecodeError) as fault:
        raise VerificationError(f"the manifest is not XML: {fault}") from None
    if reader.references != [STAMP]:
        raise VerificationError(f"the manifest does not refer to {STAMP} alone")
    return reader.listed


class _Reader:
    """Handlers of expat's events; anything but the elements that a manifest of ours has is refused."""

    def __init__(self) -> None:
        self.listed: dict[str, bytes] = {}
        self.references: list[str] = []
        self._path: tuple[str, ...] = ()
        self._name = self._method = self._value = ""

    def doctype(self, *_: object) -> None:
        raise VerificationError("the manifest has a DTD")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._path = (*self._path, tag)
        if self._path == _REFERENCE:
            self.references.append(attributes.get("URI", ""))
        elif self._path == _OBJECT:
            self._name, self._method, self._value = percent_decoded(attributes.get("URI", "")), "", ""
        elif self._path == _METHOD:
            self._method += attributes.get("Algorithm", "")
        elif self._path not in (_ROOT, _VALUE):
            raise VerificationError(f"the manifest has an element {tag[-60:]!r} that is not known, or not in its place")

    def text(self, data: str) -> None:
        if self._path == _VALUE:
            self._value += data
        elif data.strip():
            raise VerificationError("the manifest has text between its elements")

    def end(self, _tag: str) -> None:
        if self._path == _OBJECT:
            if self._method != _SHA256:
                raise VerificationError(f"not SHA-256: {self._name[:80]!r}")
            if self._name in self.listed:
                raise VerificationError(f"listed twice: {self._name[:80]!r}")
            self.listed[self._name] = decode_base64(self._value.strip(), 32)
        self._path = self._path[:-1]


def percent_decoded(uri: str) -> str:
    """Return the member's name that a relative URI spells.

    Raises:
        VerificationError: an incomplete escape, or bytes that are not UTF-8.
    """
    try:
        data = uri.encode("ascii")
        if data.count(b"%") != len(_ESCAPE.findall(data)):
            raise VerificationError(f"not a URI: {uri[:80]!r}")
        return _ESCAPE.sub(lambda escape: bytes.fromhex(escape[1].decode()), data).decode("utf-8")
    except UnicodeError:
        raise VerificationError(f"not a URI of UTF-8: {uri[:80]!r}") from None


def parse_sums(data: bytes) -> dict[str, bytes]:
    """Return the SHA-256 (32 bytes) that a `sha256sum` list states for each file.

    Raises:
        VerificationError: a line of another shape, or a file twice.
    """
    listed: dict[str, bytes] = {}
    try:
        for line in io.BytesIO(data):
            if not (match := _SUMS_LINE.fullmatch(line.decode("utf-8"))) or match[2] in listed:
                raise VerificationError(f"not a line of sha256sum, or a file twice: {line[:90]!r}")
            listed[match[2]] = bytes.fromhex(match[1])
    except UnicodeDecodeError:
        raise VerificationError("a list of digests that is not UTF-8") from None
    return listed


def verify_listed(listed: Mapping[str, bytes], digests: Mapping[str, Digest], covers: Callable[[str], bool]) -> int:
    """Check that a list names exactly the members that it `covers`, with their digests; returns how many.

    Raises:
        VerificationError: a member that is not listed, one that is listed and not here, or another digest.
    """
    wanted = {name for name in digests if covers(name)}
    # SPEC: a verifier refuses a member that the manifest does not list.
    if added := wanted - listed.keys():
        raise VerificationError(f"not listed: {sorted(added)[:3]}")
    if gone := listed.keys() - wanted:
        raise VerificationError(f"listed, but not here: {sorted(gone)[:3]}")
    if changed := [name for name, value in listed.items() if digests[name].sha256 != value]:
        raise VerificationError(f"the digest differs: {sorted(changed)[:3]}")
    return len(listed)


def in_manifest(name: str) -> bool:
    """Tell whether the manifest has to list a member: all but `mimetype` and what lies beside the manifest."""
    return name != "mimetype" and not name.startswith("META-INF/")


def in_sums(name: str) -> bool:
    """Tell whether SHA256SUMS has to list a member: what the manifest lists, but itself."""
    return in_manifest(name) and name != "SHA256SUMS"
