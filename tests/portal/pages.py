"""Reads a page as a browser's parser would, and says what is wrong with its markup: enough HTML to judge our own templates."""
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"br", "hr", "img", "input", "link", "meta", "wbr"}
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")
READ = ("aria-label", "alt", "title", "placeholder", "data-label")
STYLE = ("样式", "Style")
PRIMARY = re.compile(r'class="primary\b')
FIELDS = {"input", "select", "textarea"}
# The policy of every page that has no exception, letter by letter.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass
class Element:
    """A start tag with the text inside it, children included."""

    tag: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """A parsed page; `faults` names what the parser itself could not accept."""

    source: str
    elements: list[Element] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)
    foreign: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.source)
        self.close()
        self.faults += [f"<{element.tag}> is not closed" for element in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"<{tag}> has an attribute twice")
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1].tag != tag:
            self.faults.append(f"</{tag}> closes nothing that is open")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data
        if not any(element.attributes.get("lang", "") == "zh-hans" and element.tag != "html" for element in self.open):
            self.foreign += data

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    def one(self, tag: str) -> Element:
        [element] = self.all(tag)
        return element

    def by_id(self, name: str) -> Element:
        [element] = [element for element in self.elements if element.attributes.get("id") == name]
        return element

    @property
    def text(self) -> str:
        """All text, white space folded."""
        return " ".join(self.one("body").text.split())

    def chinese(self) -> list[str]:
        """Chinese text outside of elements that say they are Chinese, attributes that people read included."""
        read = [element.attributes.get(name, "") for element in self.elements for name in READ]
        return CHINESE.findall(self.foreign + " ".join(read))

    def all_faults(self) -> list[str]:
        return [*self.faults, *self._outline_faults(), *self._reference_faults(), *self._inline_faults()]

    def _outline_faults(self) -> list[str]:
        main = self.source.partition("<main")[2].partition("</main>")[0]
        levels = [int(element.tag[1]) for element in self.elements if re.fullmatch("h[1-6]", element.tag)]
        checks = {
            "not one h1": levels.count(1) == 1,
            "not one main": len(self.all("main")) == 1,
            "not one title": len(self.all("title")) >= 1 and bool(self.all("title")[0].text.strip()),
            "no language": bool(self.one("html").attributes.get("lang")),
            "a heading level is left out": all(after <= before + 1 for before, after in pairwise(levels)),
            # SPEC: ui.md: a page has one primary action. The style page shows every part there is.
            "more than one primary action": self.all("title")[0].text.startswith(STYLE) or len(PRIMARY.findall(main)) <= 1,
            "no doctype": self.source.lstrip().lower().startswith("<!doctype html>"),
        }
        return [fault for fault, holds in checks.items() if not holds]

    def _reference_faults(self) -> list[str]:
        ids = [element.attributes["id"] for element in self.elements if "id" in element.attributes]
        faults = [f"id {name} stands twice" for name in set(ids) if ids.count(name) > 1]
        labelled = {element.attributes.get("for") for element in self.all("label")}
        for element in self.elements:
            for name in ("aria-labelledby", "aria-describedby"):
                faults += [f"{name}={word} leads nowhere" for word in element.attributes.get(name, "").split() if word not in ids]
            if element.tag in FIELDS and element.attributes.get("type") != "hidden" and element.attributes.get("id") not in labelled:
                faults.append(f"{element.tag} {element.attributes.get('name')} has no label")
            if element.tag == "button" and not (element.text.strip() or element.attributes.get("aria-label")):
                faults.append("a button without a name")
            if element.tag == "img" and "alt" not in element.attributes:
                faults.append("an img without alt")
            if element.tag == "a" and element.attributes.get("href", "").startswith("#") and element.attributes["href"][1:] not in ids:
                faults.append(f"link {element.attributes['href']} leads nowhere")
        return faults

    def _inline_faults(self) -> list[str]:
        faults = [f"inline {element.tag}" for element in self.elements if element.tag in ("script", "style") and element.text.strip()]
        for element in self.elements:
            faults += [f"<{element.tag} {name}>" for name in element.attributes if name == "style" or name.startswith("on")]
            for name in ("src", "href", "action"):
                value = element.attributes.get(name, "/")
                # The policy lets pictures stand in the page itself.
                picture = element.tag == "img" and value.startswith("data:image/svg+xml;base64,")
                if not picture and (not value.startswith(("/", "#")) or value.startswith("//")):
                    faults.append(f"{name}={value} leaves the site")
        return faults
