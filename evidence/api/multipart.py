"""The multipart deposit: part `deposit` first, then the files, each streamed into the vault as it arrives.

Django's own parser is not used: it takes a body that ends early for a complete file, and replaces bytes that are not UTF-8.
Nothing of a request that fails stays: `discard` removes what was stored. Source: RFC 7578.
"""
from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from common.failpoints import reached
from common.problems import UnsupportedMediaType
from evidence.api.content_digest import BodyDigest
from evidence.errors import FileTooLarge, JsonTooLarge, PartOrder, RequestMalformed, TooManyFiles
from vault.storage import vault_store
from vault.uploads import StoredFile, Upload

CHUNK_BYTES = 1 << 18


class MultipartDeposit:
    """Reads one request: `document` is the deposit part's bytes, `stored` the files in order, durable in the vault."""

    def __init__(self, organisation_ref: str) -> None:
        self.document = bytearray()
        self.stored: list[StoredFile] = []
        self._organisation_ref = organisation_ref
        self._store = vault_store()
        self._upload: Upload | None = None
        self._document_seen = False

    def read(self, request: HttpRequest) -> None:
        """Take the whole body. Raises PartOrder, RequestMalformed, the limits' errors, OSError; then call `discard`."""
        try:
            for event in multipart_events(request):
                if isinstance(event, MultipartSegment):
                    self._begin(event)
                elif event is None:
                    self._end()
                else:
                    self._take(bytes(event))
        except MultipartError as fault:
            raise RequestMalformed(reason=str(fault)) from None
        if not self._document_seen:
            raise PartOrder

    def discard(self) -> None:
        """Remove every original of this request from the vault; for requests that end without a deposit."""
        if self._upload is not None:
            self._upload.abort()
            self._upload = None
        for file in self.stored:
            self._store.delete(file.name)
        self.stored.clear()

    def _begin(self, part: MultipartSegment) -> None:
        if part.name != ("file" if self._document_seen else "deposit"):
            raise PartOrder
        if part.header("Content-Transfer-Encoding", "binary").lower() not in ("binary", "8bit", "7bit"):
            # SPEC: RFC 7578 4.7 deprecates it, and decoding would mean that the bytes we hash are not the bytes that were sent.
            raise RequestMalformed(reason="Content-Transfer-Encoding")
        if self._document_seen:
            if len(self.stored) >= settings.MAX_FILES:
                raise TooManyFiles(limit=settings.MAX_FILES)
            self._upload = Upload(self._store, self._organisation_ref)
        elif part.header("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
            raise PartOrder

    def _take(self, data: bytes) -> None:
        if self._upload is None:
            self.document += data
            if len(self.document) > settings.MAX_JSON_BYTES:
                raise JsonTooLarge(limit=settings.MAX_JSON_BYTES)
        elif self._upload.size_bytes + len(data) > settings.MAX_FILE_BYTES:
            raise FileTooLarge(limit=settings.MAX_FILE_BYTES)
        else:
            self._upload.push(data)

    def _end(self) -> None:
        self._document_seen = True
        if self._upload is not None:
            upload, self._upload = self._upload, None
            self.stored.append(upload.finish())
            reached("evidence.original-stored")


def multipart_events(request: HttpRequest) -> Iterator[MultipartSegment | bytes | None]:
    """Segment starts, bytes and segment ends (None) of the body; a body that ends before its last boundary raises."""
    kind, options = parse_options_header(request.headers.get("Content-Type", ""))
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data":
        raise UnsupportedMediaType
    if not boundary.isascii():
        raise RequestMalformed(reason="boundary")
    digest = BodyDigest(request.headers.get("Content-Digest"))
    with PushMultipartParser(boundary, max_segment_count=settings.MAX_FILES + 2) as parser:
        while chunk := request.read(CHUNK_BYTES):
            digest.update(chunk)
            yield from parser.parse(chunk)
    digest.verify()
