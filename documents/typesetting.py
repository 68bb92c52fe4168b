"""Sets a document: template, data and moment in, the bytes of a PDF/A-3b out; the same bytes for the same input.

The typesetter runs in a process of its own, which ends with the document: it keeps what it has laid out (megabytes for each page), and a
crash or a document that is too large must not cost the web process anything. It gets the data as one JSON input, which the template reads
as data and never as markup; no template of ours names a package, and the process has no way to one.

What this does not do: seal, number or keep the document. Its bytes are those before sealing.
Source: formats A8; docs/adr/0027.
"""
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from documents import custody_trail
from documents.child import TOO_MUCH
from documents.errors import DocumentsBusy, DocumentTooLarge, GlyphMissing
from documents.fonts import Typefaces
from documents.glyphs import Spelling

PROGRAM = Path(__file__).with_name("child.py")
TEMPLATES = Path(__file__).resolve().parents[1] / "templates" / "documents"
TYPES: Final[Mapping[str, Any]] = {custody_trail.NAME: custody_trail.CustodyTrail}
"""Each template with the type that its data must be of; its JSON Schema is made of that."""
# Whatever is asked for through a proxy ends at a port that nobody listens on; one thread, for the machine has other work.
ENVIRONMENT = {
    "LANG": "C.UTF-8", "RAYON_NUM_THREADS": "1",
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9"),
}
WALL_S = 90
WAIT_S = 5
OVER_A_LIMIT = frozenset({TOO_MUCH, -signal.SIGABRT, -signal.SIGKILL, -signal.SIGXCPU})
ONE_AT_A_TIME = threading.BoundedSemaphore(1)
"""Of each process: two large documents at once would take twice the memory."""


class TypesettingFailed(RuntimeError):
    """Our bug: a template that does not compile, or data that it cannot take. What the typesetter said may quote the data, so it is not in
    the text of this, which is logged.
    """

    def __init__(self, template: str, status: int, diagnostic: str) -> None:
        super().__init__(f"{template}: the typesetter ended with {status}")
        self.diagnostic = diagnostic


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside the document, of UTF-8 text; `relationship` as PDF/A-3 names them: `source`, `data`, `alternative`, `supplement`."""

    name: str
    media_type: str
    text: str
    description: str
    relationship: str = "data"


def typeset(
    template: str, data: Mapping[str, Any], *, at: datetime, typefaces: Typefaces, attachment: Attachment | None = None,
    wait_s: float = WAIT_S,
) -> bytes:
    """The document of this template with these data, as made at this moment (whole seconds).

    Raises GlyphMissing when a character cannot be shown, DocumentTooLarge, DocumentsBusy; msgspec.ValidationError, TypesettingFailed: a
    bug of ours.
    """
    # With what the type says of fields that were left out.
    whole = msgspec.to_builtins(msgspec.convert(data, TYPES[template]))
    spelling = Spelling(typefaces.characters())
    spelling.spelled(whole)
    if spelling.missing:
        raise GlyphMissing(faults=[(each.pointer, " ".join(each.characters)) for each in spelling.missing])
    attached = None if attachment is None else {
        "name": attachment.name, "media_type": attachment.media_type, "text": attachment.text, "description": attachment.description,
        "relationship": attachment.relationship}
    told = json.dumps({"data": whole, "attachment": attached}, ensure_ascii=False).encode()
    with _turn(wait_s):
        return set_by_itself(TEMPLATES, template, told, at=at, typefaces=typefaces)


def set_by_itself(root: Path, template: str, told: bytes, *, at: datetime, typefaces: Typefaces, wall_s: float = WALL_S) -> bytes:
    """Run the program on a template of this folder. Raises DocumentTooLarge, TypesettingFailed."""
    words = [sys.executable, "-I", str(PROGRAM), str(root / f"{template}.typ"), str(root), str(int(at.timestamp())),
             *map(str, typefaces.folders)]
    try:
        done = subprocess.run(  # noqa: S603 - our own program, by our own interpreter, with a template's name of a closed list
            words, input=told, capture_output=True, env=ENVIRONMENT, cwd="/", timeout=wall_s, check=False, start_new_session=True)
    except subprocess.TimeoutExpired as late:
        raise DocumentTooLarge from late
    if done.returncode in OVER_A_LIMIT:
        raise DocumentTooLarge
    if done.returncode != 0:
        raise TypesettingFailed(template, done.returncode, done.stderr.decode(errors="replace"))
    return done.stdout


@contextmanager
def _turn(wait_s: float) -> Iterator[None]:
    """The one turn of this process. Raises DocumentsBusy when it did not come."""
    if not ONE_AT_A_TIME.acquire(timeout=wait_s):
        raise DocumentsBusy(retry_after_s=30)
    try:
        yield
    finally:
        ONE_AT_A_TIME.release()
