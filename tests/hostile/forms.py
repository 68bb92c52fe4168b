"""The forms that stand on a page, as a browser would send them: where to, and what their fields hold."""
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

from tests.hostile.garbling import FORM, Request


@dataclass
class Form:
    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)


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
            self.found.append(Form(told.get("action", ""), told.get("method", "get").upper()))
        elif not self.found:
            return
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
        path, sent = urljoin(page, form.action) if form.action else page, urlencode(form.fields)
        made.append(Request("POST", path, sent.encode(), FORM) if form.method == "POST" else Request("GET", f"{path}?{sent}", b"", FORM))
    return made
