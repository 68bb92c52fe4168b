"""The forms that stand on a page, as a browser would send them: where to, and what their fields hold."""
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

from tests.hostile.garbling import BOUNDARY, FORM, MULTIPART, Request

# What a chooser holds: a text that is no PDF, no table and no picture.
FILE = b"a file of somebody's"


@dataclass
class Form:
    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    multipart: bool = False

    def body(self) -> bytes:
        """As a browser writes it with a file chosen in each chooser."""
        if not self.multipart:
            return urlencode(self.fields).encode()
        parts = [_part(f'name="{name}"', value.encode()) for name, value in self.fields]
        chosen = [_part(f'name="{name}"; filename="a.pdf"\r\nContent-Type: application/pdf', FILE) for name in self.files]
        return b"".join([*parts, *chosen, f"--{BOUNDARY}--\r\n".encode()])


def _part(head: str, value: bytes) -> bytes:
    return f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + value + b"\r\n"


class Forms(HTMLParser):
    """`found`: the forms in order. Of a list the first choice is taken, of text what stands in it or something short."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            multipart = told.get("enctype") == MULTIPART.partition(";")[0]
            self.found.append(Form(told.get("action", ""), told.get("method", "get").upper(), multipart=multipart))
        elif not self.found:
            return
        elif tag == "input" and told.get("type") == "file" and told.get("name"):
            self.found[-1].files.append(told["name"])
        elif tag in ("input", "textarea") and told.get("name"):
            self.found[-1].fields.append((told["name"], told.get("value") or "1"))
        elif tag == "select":
            self.select = told.get("name", "")
        elif tag == "option" and self.select and told.get("value"):
            self.found[-1].fields.append((self.select, told["value"]))
            self.select = ""


def requests_of(html: str, page: str) -> list[Request]:
    """Each form of this page as one request."""
    made = []
    for form in Forms(html).found:
        path, kind = urljoin(page, form.action) if form.action else page, MULTIPART if form.multipart else FORM
        asked = Request("GET", f"{path}?{urlencode(form.fields)}", b"", FORM)
        made.append(Request("POST", path, form.body(), kind) if form.method == "POST" else asked)
    return made
