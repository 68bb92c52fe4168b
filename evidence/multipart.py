"""Multipart deposits: what is said of the files first, then the files, each streamed into the vault as it arrives.

Django's own parser is not used: it takes a body that ends early for a complete file, and replaces bytes that are not UTF-8.
Nothing of a request that fails stays: `discard` removes what was stored. Source: RFC 7578.
"""
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from common.content_digest import BodyDigest
from common.failpoints import reached
from common.faults import FieldNotText, JsonTooLarge, MultipartMalformed, TransferEncoded
from common.problems import UnsupportedMediaType
from evidence.csv_exports import MOST_BYTES, SUFFIXES, Examined, examine_export
from evidence.errors import FileTooLarge, PartOrder, TooManyFiles
from vault.storage import vault_store
from vault.uploads import StoredFile, store_upload

CHUNK_BYTES = 1 << 18
# The deposit part of the API, or the fields of a form.
MAX_FIELDS = 64


class Originals:
    """The files of one request: `stored` in order, durable in the vault under the name of the organisation whose they will be.

    `examined`: of each what cannot be read in it, where its name is an export's and it is not too long; else None.
    """

    def __init__(self, organisation_ref: str) -> None:
        self.stored: list[StoredFile] = []
        self.examined: list[Examined | None] = []
        self._organisation_ref = organisation_ref
        self._store = vault_store()

    def discard(self) -> None:
        """Remove every original of this request from the vault; for requests that end without a deposit."""
        for file in self.stored:
            self._store.delete(file.name)
        self.stored.clear()

    def take_file(self, data: Iterator[bytes], *, name: str = "") -> None:
        """Store one file to its end. Raises TooManyFiles, FileTooLarge, OSError, and what `data` raises."""
        if len(self.stored) >= settings.MAX_FILES:
            raise TooManyFiles(limit=settings.MAX_FILES)
        # Looked into before the next one comes: a thousand of them kept until the end would fill the memory.
        kept = Kept() if name.lower().endswith(SUFFIXES) else None
        passing = data if kept is None else kept.passing(data)
        self.stored.append(store_upload(self._store, self._organisation_ref, up_to(settings.MAX_FILE_BYTES, passing, FileTooLarge)))
        self.examined.append(None if kept is None or kept.left_off else examine_export(bytes(kept.data)))
        reached("evidence.original-stored")


class MultipartDeposit(Originals):
    """Reads one request of the API: `document` is the bytes of its part `deposit`, then come its files.

    `told` reads from the document whose the originals will be (an organisation's ref) and how the files are named, in their order, when
    the first file comes; the parts have names of their own, which nobody reads.
    """

    def __init__(self, told: Callable[[bytes], tuple[str, Sequence[str]]]) -> None:
        super().__init__("")
        self._told = told
        self._names: Sequence[str] = ()
        self.document = bytearray()
        self._document_seen = False

    def read(self, request: HttpRequest) -> None:
        """Take the whole body. Raises PartOrder, MultipartMalformed, TransferEncoded, the limits' errors, OSError; then call `discard`."""
        events = multipart_events(request)
        try:
            for part in events:
                assert isinstance(part, MultipartSegment), "each part's bytes and its end are taken below"
                self._take(part, part_data(events))
        except MultipartError:
            raise MultipartMalformed from None
        if not self._document_seen:
            raise PartOrder

    def _take(self, part: MultipartSegment, data: Iterator[bytes]) -> None:
        if part.name != ("file" if self._document_seen else "deposit"):
            raise PartOrder
        refuse_encoded(part)
        if self._document_seen:
            if not self.stored:
                self._organisation_ref, self._names = self._told(bytes(self.document))
            self.take_file(data, name=next(iter(self._names[len(self.stored):]), ""))
        else:
            self._take_document(part, data)

    def _take_document(self, part: MultipartSegment, data: Iterator[bytes]) -> None:
        if part.header("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
            raise PartOrder
        for chunk in up_to(settings.MAX_JSON_BYTES, data, JsonTooLarge):
            self.document += chunk
        self._document_seen = True


@dataclass(frozen=True, slots=True)
class NamedPart:
    """What a browser says of a file: its name and media type, as they came."""

    name: str
    media_type: str


class MultipartForm(Originals):
    """Reads one form of a page in two steps, so that its token can be checked before a byte of a file is stored.

    Fields come first and files, named `file`, last; a file input that was left empty is no file.
    """

    def __init__(self, organisation_ref: str) -> None:
        super().__init__(organisation_ref)
        self.fields: dict[str, str] = {}
        self.parts: list[NamedPart] = []
        self._first: MultipartSegment | None = None
        self._events: Iterator[MultipartSegment | bytes | None] = iter(())

    def read_fields(self, request: HttpRequest) -> None:
        """Take the fields up to the first file. Raises FieldNotText, MultipartMalformed, JsonTooLarge, UnsupportedMediaType."""
        self._events, room = self._events_of(request), settings.MAX_JSON_BYTES
        for part in self._parts():
            if part.filename is not None:
                self._first = part
                return
            data = b"".join(up_to(room, part_data(self._events), JsonTooLarge))
            room -= len(data)
            try:
                self.fields[part.name] = data.decode()
            except UnicodeDecodeError:
                raise FieldNotText(name=part.name) from None

    def read_files(self) -> None:
        """Take the files to the end of the request. Raises PartOrder, and what the limits and the vault raise; then call `discard`."""
        if self._first is not None:
            self._take(self._first)
        for part in self._parts():
            self._take(part)

    def _events_of(self, request: HttpRequest) -> Iterator[MultipartSegment | bytes | None]:
        try:
            yield from multipart_events(request)
        except MultipartError:
            raise MultipartMalformed from None

    def _parts(self) -> Iterator[MultipartSegment]:
        for part in self._events:
            assert isinstance(part, MultipartSegment), "each part's bytes and its end are taken by whoever asked for it"
            yield part

    def _take(self, part: MultipartSegment) -> None:
        if part.name != "file" or part.filename is None:
            raise PartOrder
        refuse_encoded(part)
        if not part.filename:
            for _ in part_data(self._events):
                raise PartOrder
            return
        self.take_file(part_data(self._events), name=part.filename)
        self.parts.append(NamedPart(part.filename, part.header("Content-Type", "").strip()))


class Kept:
    """Keeps what passes, as long as it is little: `left_off` when it was not."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.left_off = False

    def passing(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.left_off = self.left_off or len(self.data) + len(chunk) > MOST_BYTES
            if not self.left_off:
                self.data += chunk
            yield chunk


def refuse_encoded(part: MultipartSegment) -> None:
    """Raises TransferEncoded."""
    if part.header("Content-Transfer-Encoding", "binary").lower() not in ("binary", "8bit", "7bit"):
        # SPEC: RFC 7578 4.7 deprecates it, and decoding would mean that the bytes we hash are not the bytes that were sent.
        raise TransferEncoded


def part_data(events: Iterator[MultipartSegment | bytes | None]) -> Iterator[bytes]:
    """The bytes of the part that has begun, up to its end."""
    for event in events:
        if event is None:
            return
        assert not isinstance(event, MultipartSegment), "a part ends before another begins"
        yield bytes(event)


def up_to(limit: int, data: Iterator[bytes], refusal: type[JsonTooLarge | FileTooLarge]) -> Iterator[bytes]:
    """`data`, refused as soon as there are more than `limit` bytes."""
    size = 0
    for chunk in data:
        size += len(chunk)
        if size > limit:
            raise refusal(limit=limit)
        yield chunk


def multipart_events(request: HttpRequest) -> Iterator[MultipartSegment | bytes | None]:
    """Segment starts, bytes and segment ends (None) of the body; a body that ends before its last boundary raises."""
    kind, options = parse_options_header(request.headers.get("Content-Type", ""))
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data":
        raise UnsupportedMediaType
    if not boundary.isascii():
        raise MultipartMalformed
    digest = BodyDigest(request.headers.get("Content-Digest"))
    with PushMultipartParser(boundary, max_segment_count=settings.MAX_FILES + MAX_FIELDS) as parser:
        while chunk := request.read(CHUNK_BYTES):
            digest.update(chunk)
            yield from parser.parse(chunk)
    digest.verify()
