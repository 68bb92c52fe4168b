"""The English catalogue: which messages the code and the templates have, and the `.mo` that stands for the `.po`.

    python -m tests.repository.messages     adds new messages to locale/en/LC_MESSAGES/django.po, drops dead ones, writes django.mo

Chinese is the language of the source, so only English has a catalogue. The `.mo` is committed because a bare machine has no
`msgfmt`; the tests compare it with the `.po`. Only what we use of the format is written and read: no plurals, no contexts.
Source: GNU gettext manual, "The Format of PO Files" and "The Format of GNU MO Files".
"""
import ast
import os
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import django
from django.template import Engine
from django.template.base import Node, Template
from django.template.library import InclusionNode
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.utils import translation
from django.utils.functional import Promise

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("accounts", "cases", "common", "config", "documents", "evidence", "ledger", "notifications", "vault")
PO = ROOT / "locale" / "en" / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")
CALLS = {"_", "gettext", "gettext_lazy", "gettext_noop"}
HEADER = (
    "Project-Id-Version: cunzheng\nLanguage: en\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
    "Content-Transfer-Encoding: 8bit\n"
)
LINE = re.compile(r'(?:(msgid|msgstr) )?"(.*)"')
ESCAPE = re.compile(r"\\.")
ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
UNESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n", "\\t": "\t"}


def messages() -> dict[str, set[str]]:
    """Every message → the files that have it."""
    found: dict[str, set[str]] = {}
    for file, message in [*_python_messages(), *_template_messages()]:
        found.setdefault(message, set()).add(file.relative_to(ROOT).as_posix())
    return found


def _python_messages() -> Iterator[tuple[Path, str]]:
    for file in (file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
                assert isinstance(node.args[0], ast.Constant), f"{file}:{node.lineno} translates something that is no literal"
                yield file, str(node.args[0].value)


def _template_messages() -> Iterator[tuple[Path, str]]:
    for file in sorted((ROOT / "templates").rglob("*.html")):
        template = Template(file.read_text(encoding="utf-8"), engine=Engine.get_default())
        for node in template.nodelist.get_nodes_by_type(Node):
            if isinstance(node, BlockTranslateNode):
                yield file, node.render_token_list(node.singular)[0]
            elif isinstance(node, TranslateNode):
                yield file, node.filter_expression.var.literal
            elif isinstance(node, InclusionNode):
                # `_("…")` as an argument is a lazy translation by the time that the template is compiled.
                given = [argument.var for argument in (*node.args, *node.kwargs.values())]
                with translation.override(None):
                    yield from ((file, str(each)) for each in given if isinstance(each, Promise))


def read_po(path: Path = PO) -> dict[str, str]:
    """Message → translation, without the header. Raises ValueError on a line that we would not have written."""
    entries: list[dict[str, str]] = []
    key = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        match = LINE.fullmatch(line)
        if not match:
            raise ValueError(f"{path.name}: {line!r} is no line of this catalogue")
        if match[1] == "msgid":
            entries.append({})
        key = match[1] or key
        entries[-1][key] = entries[-1].get(key, "") + ESCAPE.sub(_unescaped, match[2])
    return {entry["msgid"]: entry["msgstr"] for entry in entries if entry["msgid"]}


def _unescaped(escape: re.Match[str]) -> str:
    return UNESCAPES[escape[0]]


def po_text(found: dict[str, set[str]], translations: dict[str, str]) -> str:
    """The whole `.po`: header, then every message in the order of the files that have it; an untranslated one is empty."""
    blocks = ["# English messages; see tests/repository/messages.py.", _entry("", HEADER), ""]
    for message, files in sorted(found.items(), key=lambda item: (min(item[1]), item[0])):
        blocks += [f"#: {' '.join(sorted(files))}", _entry(message, translations.get(message, "")), ""]
    return "\n".join(blocks)


def _entry(message: str, translation: str) -> str:
    return f"msgid {_quoted(message)}\nmsgstr {_quoted(translation)}"


def _quoted(text: str) -> str:
    return '"' + "".join(ESCAPES.get(character, character) for character in text) + '"'


def mo_bytes(translations: dict[str, str]) -> bytes:
    """The `.mo`: magic, two tables of (length, offset), then the strings, sorted, each ended by a zero byte."""
    pairs = sorted((message.encode(), translation.encode()) for message, translation in {"": HEADER, **translations}.items())
    start = 28 + 16 * len(pairs)
    tables: list[bytes] = []
    strings = b""
    for column in (0, 1):
        for pair in pairs:
            tables.append(struct.pack("<2I", len(pair[column]), start + len(strings)))
            strings += pair[column] + b"\0"
    header = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, start)
    return header + b"".join(tables) + strings


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    found, known = messages(), read_po() if PO.exists() else {}
    PO.write_text(po_text(found, known), encoding="utf-8")
    kept = {message: translation for message, translation in known.items() if message in found and translation}
    MO.write_bytes(mo_bytes(kept))
    missing = [message for message in found if not known.get(message)]
    print(f"{len(found)} messages, {len(missing)} without a translation")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
