"""Files on their way out: an attachment whose bytes are at hand before the first one is sent has their digest in its head (`Repr-Digest`).

The middleware sees to every answer that is whole. What is made while it is sent is begun here: what ends soon was at hand after all, what
does not goes on as it is made, without a digest. A digest could follow the last byte as a trailer only, which WSGI has not, and to make a
whole export or package first would take its size in memory or on a disk and keep the receiver waiting (docs/adr/0028).
What this does not do: say who may have a file, or check an original against its claim (`vault.downloads`). Source: RFC 9530 3.
"""
import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

HEADER = "Repr-Digest"
MOST_HELD = 4 * 1024**2
"""Bytes that are held back of what is being made; each thread of a web process may hold as many."""


def repr_digest(sha256: bytes) -> str:
    """The value of the header `Repr-Digest` for a file with this SHA-256 (32 bytes).

    >>> repr_digest(bytes(32))
    'sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:'
    """
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"


def digest_of_downloads(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: every attachment that is whole has its digest, unless the view knew it already."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        attached = response.headers.get("Content-Disposition", "").startswith("attachment")
        if attached and isinstance(response, HttpResponse) and response.status_code == 200 and HEADER not in response.headers:
            response.headers[HEADER] = repr_digest(hashlib.sha256(response.content).digest())
        return response

    return answer


def begun(pieces: Iterable[bytes], *, content_type: str, file_name: str) -> StreamingHttpResponse:
    """An attachment of these pieces, with digest and length when no more than MOST_HELD bytes come. Raises what making them raises.

    `file_name`: of our own making, in ASCII and without quotes.
    """
    headers = {"Content-Disposition": f'attachment; filename="{file_name}"', "Cache-Control": "no-store"}
    making, held, size, digest = iter(pieces), list[bytes](), 0, hashlib.sha256()
    for piece in making:
        held.append(piece)
        digest.update(piece)
        size += len(piece)
        if size > MOST_HELD:
            return StreamingHttpResponse(_rest(held, making), content_type=content_type, headers=headers)
    known = {HEADER: repr_digest(digest.digest()), "Content-Length": str(size)}
    return StreamingHttpResponse(iter(held), content_type=content_type, headers={**headers, **known})


def _rest(held: list[bytes], making: Iterator[bytes]) -> Iterator[bytes]:
    """What was held back is let go piece by piece, so that it is not kept until the last byte."""
    held.reverse()
    while held:
        yield held.pop()
    yield from making
