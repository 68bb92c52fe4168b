"""Reads a PDF as its reader would see it: text, files inside, what it says of itself."""
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "documents"


@dataclass(frozen=True)
class Read:
    """`text`: of all pages, without breaks of lines, so that what was wrapped is whole again; `files`: by their names."""

    pages: list[str]
    text: str
    files: dict[str, bytes]
    title: str


def read(pdf: bytes) -> Read:
    document = pypdfium2.PdfDocument(pdf)
    try:
        pages = [document[number].get_textpage().get_text_range() for number in range(len(document))]
        inside = [document.get_attachment(number) for number in range(document.count_attachments())]
        files = {each.get_name(): bytes(each.get_data()) for each in inside}
        return Read(pages, re.sub(r"[\r\n]+", "", "".join(pages)), files, document.get_metadata_value("Title"))
    finally:
        document.close()


def sample(name: str = "custody_trail", **changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((TEMPLATES / f"{name}.sample.json").read_text(encoding="utf-8"))
    return {**told, **changes}
