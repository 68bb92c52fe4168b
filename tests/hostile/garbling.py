"""Requests made wrong: a good one with values, structure, bytes, headers or address changed, the same way for the same seed.

What this does not do: judge answers. Some changes leave a request right; it is then answered as any other.
"""
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode

FORM = "application/x-www-form-urlencoded"
BOUNDARY = "a-boundary-of-tests"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
# What people and programs send where something else was meant: too long, too large, of another kind, of another script, of bad intent.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**63, 10**400, 1.5, -0.0, "", " ", "0", "x" * 300, "长" * 5_000, "\x00", "a\x00b", "\r\nSet-Cookie: a=b",
    "\ud800", "\u202e名字", "👩‍⚖️" * 40, "e\u0301" * 100, "../../etc/passwd", "..\\..\\x", "'; DROP TABLE cases_case; --",
    "=HYPERLINK(\"http://x\")", "@SUM(1)", "<script>alert(1)</script>", "{{7*7}}", "%00", "%s%n", "NaN", "Infinity", "1e999", "１２３",
    "2026-13-45", "0000-00-00", "2026-02-30T25:61:61Z", "9999-12-31T23:59:59.999Z", "0" * 32, "g" * 64, "CZ-20261123-01234-56789-W",
    [], {}, [[]], [None], {"a": {"a": {"a": {}}}}, ["x"] * 2_000, {"": ""}, {"__proto__": 1},
)
KINDS = (
    "application/json", "application/json; charset=utf-16", "text/plain", FORM, "multipart/form-data", "multipart/form-data; boundary=x",
    "application/xml", "", "application/json\x00", "x" * 500,
)
HEADERS: tuple[tuple[str, str], ...] = (
    ("Idempotency-Key", "x" * 200), ("Idempotency-Key", "键"), ("Idempotency-Key", ""), ("Prefer", "wait=99999999999"),
    ("Prefer", "wait=-1"),
    ("Accept", "image/png"), ("Accept", ";;;"), ("Range", "bytes=9-1"), ("Range", "bytes=" + "0-1," * 500), ("If-None-Match", '"' * 9),
    ("Content-Digest", "sha-256=:AAAA:"), ("Content-Digest", "sm3=x"), ("Signature", "sig1=:x:"), ("Signature-Input", "sig1=()"),
    ("Content-Encoding", "gzip"), ("X-Forwarded-For", "x, y"), ("Cookie", "sessionid=\x01; csrftoken=" + "x" * 400),
    ("HX-Request", "true"), ("X-HTTP-Method-Override", "DELETE"),
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@dataclass(frozen=True, repr=False)  # a failing test would print megabytes
class Request:
    """One request as the test client sends it."""

    method: str
    path: str
    body: bytes = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"{self.method} {self.path[:200]!r} {self.kind[:80]!r} {self.body[:300]!r} {dict(self.headers)!r:.200}"


def garbled(request: Request, chance: random.Random) -> Request:
    """The request with one to three changes."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        request = chance.choice(CHANGES)(request, chance)
    return request


def of_values(request: Request, chance: random.Random) -> Request:
    """A value of its JSON body or its form is another, is gone, is doubled, or stands under another name."""
    if request.kind == FORM:
        return replace(request, body=_form_changed(request.body, chance))
    if request.kind == MULTIPART:
        return replace(request, body=_parts_changed(request.body, chance))
    try:
        told = json.loads(request.body)
    except (ValueError, RecursionError):  # an earlier change broke it, or nested it too deep
        return of_bytes(request, chance)
    return replace(request, body=json.dumps(_changed(told, chance)).encode())


def _changed(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict) and value and chance.random() < 0.85:
        name = chance.choice(sorted(value))
        way = chance.randrange(8)
        if way == 0:
            return {key: each for key, each in value.items() if key != name}
        if way == 1:
            return {**value, chance.choice(("", "id", "organisation", "姓名", "x" * 200)): chance.choice(VALUES)}
        return {**value, name: _changed(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.85:
        place = chance.randrange(len(value))
        changed = [*value[:place], _changed(value[place], chance), *value[place + 1:]]
        return chance.choice((changed, changed, changed, value * 3, value[:place]))
    return chance.choice(VALUES)


def _form_changed(body: bytes, chance: random.Random) -> bytes:
    pairs = [pair.partition(b"=") for pair in body.split(b"&") if pair]
    if not pairs:
        return b"x=" + _in_address(chance)
    place = chance.randrange(len(pairs))
    name, _, value = pairs[place]
    new = chance.choice((name + b"=" + _in_address(chance), b"", b"&".join([name + b"=" + value] * 30), name))
    return b"&".join([*(b"=".join((n, v)) for n, _, v in pairs[:place]), new, *(b"=".join((n, v)) for n, _, v in pairs[place + 1:])])


# Files and their names that are not what they say, or nothing at all.
FILES = (
    b"", b"%PDF-1.7\n%%EOF", b"PK\x03\x04" + b"\0" * 60, b"\x89PNG\r\n\x1a\n", b"\xff" * 3_000, "案件编号,金额\n=1+1,x\n".encode(),
    b"<svg onload=alert(1)>")
NAMES = (b"", b"../../etc/passwd", b"a\x00.pdf", "名".encode() * 300, b"a.xlsx", b"x.csv", b"\xff\xfe", b"CON", b'a"; name="key')


def _parts_changed(body: bytes, chance: random.Random) -> bytes:
    """A part of a form with files: another value, another file or name of one, another field's name, gone, or thirty times."""
    mark = f"--{BOUNDARY}".encode()
    pieces = body.split(mark)
    if len(pieces) < 3:  # an earlier change broke it
        return mark + b"--"
    first, *parts, last = pieces
    place = chance.randrange(len(parts))
    head, _, value = parts[place].partition(b"\r\n\r\n")
    if b"filename=" in head and chance.random() < 0.7:
        name = head.partition(b'filename="')[2].partition(b'"')[0]
        head, value = chance.choice(((head, chance.choice(FILES) + b"\r\n"), (head.replace(name, chance.choice(NAMES)), value)))
        new = [head + b"\r\n\r\n" + value]
    else:
        typed = head + b"\r\n\r\n" + unquote_to_bytes(_in_address(chance)) + b"\r\n"
        renamed = head.replace(b'name="', b'name="x') + b"\r\n\r\n" + value
        new = chance.choice(([typed], [typed], [], [parts[place]] * 30, [renamed], [head]))
    return mark.join([first, *parts[:place], *new, *parts[place + 1:], last])


def _in_address(chance: random.Random) -> bytes:
    """A value as it stands in a query or a form, now and then in bytes that are no UTF-8."""
    value = chance.choice(VALUES)
    text = value if isinstance(value, str) else json.dumps(value)
    return chance.choice((quote(text.encode("utf-8", "surrogatepass")).encode(), b"%ff%fe", b"%"))


def of_bytes(request: Request, chance: random.Random) -> Request:
    """Its body cut short, with bytes flipped or doubled, or another altogether."""
    body = request.body
    start = chance.randrange(len(body) + 1)
    end = min(len(body), start + chance.choice((1, 4, 64)))
    return replace(request, body=chance.choice((
        body[:start], body[:start] + chance.randbytes(end - start) + body[end:], body[:end] + body[start:], b"", b"\xef\xbb\xbf" + body,
        b"[" * 5_000, b'{"a":' * 500, b"\xff\xfe", body.replace(b'"', b"'"), b"null", b'"text"', chance.randbytes(200))))


def of_kind(request: Request, chance: random.Random) -> Request:
    return replace(request, kind=chance.choice(KINDS))


def of_headers(request: Request, chance: random.Random) -> Request:
    name, value = chance.choice(HEADERS)
    return replace(request, headers={**request.headers, name: value})


def of_address(request: Request, chance: random.Random) -> Request:
    """A part of the path is something else, or a query is added."""
    path, _, query = request.path.partition("?")
    if chance.random() < 0.5:
        parts = path.split("/")
        strange = ("0" * 32, "%00", "..", "'", "x" * 500, "%F0%9F%92%A9", "-1", "9" * 40, "%ff")
        parts[chance.randrange(1, len(parts))] = chance.choice(strange)
        path = "/".join(parts)
        return replace(request, path=f"{path}?{query}" if query else path)
    names = ("cursor", "with", "scope", "on", "q", "page", "from", "until", "kind", "state", "stage", "number", "sort", "x" * 100)
    more = urlencode([(chance.choice(names), "")])[:-1].encode() + b"=" + _in_address(chance)
    return replace(request, path=f"{path}?{'&'.join(filter(None, (query, more.decode())))}")


def of_method(request: Request, chance: random.Random) -> Request:
    return replace(request, method=chance.choice(METHODS))


CHANGES = (of_values, of_values, of_values, of_values, of_bytes, of_kind, of_headers, of_address, of_address, of_method)
