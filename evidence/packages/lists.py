"""The two lists of digests: `SHA256SUMS` for stock tools, `META-INF/ASiCManifest.xml` for the timestamp.

What it does not do: compute digests; `archive` notes them as the bytes pass.

Source: ETSI EN 319 162-1 annex A.4; GNU coreutils `sha256sum` output; RFC 3986 section 2.1.
"""

import base64
from collections.abc import Mapping
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

MANIFEST = "META-INF/ASiCManifest.xml"
STAMP = "META-INF/timestamp.tst"

_HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>
<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
  <asic:SigReference URI="{STAMP}" MimeType="application/vnd.etsi.timestamp-token"/>
"""
_OBJECT = """  <asic:DataObjectReference URI={uri} MimeType={media_type}>
    <ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
    <ds:DigestValue>{digest}</ds:DigestValue>
  </asic:DataObjectReference>
"""
_TAIL = "</asic:ASiCManifest>\n"

_MEDIA_TYPES = {
    "json": "application/json",
    "txt": "text/plain",
    "csv": "text/csv",
    "note": "text/plain",
    "vkey": "text/plain",
    "pem": "application/x-pem-file",
    "tst": "application/vnd.etsi.timestamp-token",
    "crl": "application/pkix-crl",
    "ocsp": "application/ocsp-response",
}


def sha256_sums(digests: Mapping[str, bytes]) -> bytes:
    """Return the `sha256sum` list of members (name to SHA-256, 32 bytes); names hold no line break and no backslash."""
    return "".join(f"{digest.hex()}  {name}\n" for name, digest in digests.items()).encode()


def asic_manifest(digests: Mapping[str, bytes]) -> bytes:
    """Return the manifest of members (name to SHA-256, 32 bytes), to be stamped as `META-INF/timestamp.tst`."""
    rows = [
        _OBJECT.format(uri=quoteattr(quote(name)), media_type=quoteattr(_media_type(name)), digest=base64.b64encode(digest).decode())
        for name, digest in digests.items()
    ]
    return "".join([_HEAD, *rows, _TAIL]).encode()


def _media_type(name: str) -> str:
    # An original's type is the depositor's word and stands in its claim; here it is bytes.
    suffix = "" if name.startswith("evidence/") else name.rpartition(".")[2]
    return _MEDIA_TYPES.get(suffix, "application/octet-stream")
