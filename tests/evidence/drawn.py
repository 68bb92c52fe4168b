"""Small real files of each kind that is drawn, made here, and the shortest way to have one drawn."""
import base64
import io
import struct
import zipfile
import zlib

import numpy as np
import openpyxl
import pypdfium2
import soundfile
from PIL import Image

from evidence.rendering.limits import MIB
from evidence.rendering.parts import Ending, Part
from evidence.rendering.process import draw
from evidence.rendering.sniffing import HEAD_BYTES, kind_of


def picture(form: str = "PNG", size: tuple[int, int] = (320, 200), *, mode: str = "RGB") -> bytes:
    """A gradient, so that no pixel is like the next."""
    made = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert(mode).save(made, form)
    return made.getvalue()


def scan(pages: int) -> bytes:
    """A TIFF of so many pages."""
    made = io.BytesIO()
    first, *others = [Image.new("L", (200, 280), 40 * number % 256) for number in range(pages)]
    first.save(made, "TIFF", save_all=True, append_images=others)
    return made.getvalue()


def pdf(pages: int = 2, size: tuple[float, float] = (595, 842)) -> bytes:
    made, document = io.BytesIO(), pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(*size)
    document.save(made)
    return made.getvalue()


def sound(form: str = "WAV", subtype: str | None = None, *, seconds: float = 3, rate: int = 8000, channels: int = 1) -> bytes:
    """A tone of 440 Hz at half its loudest, silent in its second half."""
    made = io.BytesIO()
    moments = np.arange(int(seconds * rate)) / rate
    tone = (0.5 * np.sin(2 * np.pi * 440 * moments) * (moments < seconds / 2)).astype("float32")
    soundfile.write(made, np.stack([tone] * channels, axis=1), rate, format=form, subtype=subtype)
    return made.getvalue()


def workbook(*rows: tuple[object, ...], sheets: int = 1) -> bytes:
    """The rows stand in the first sheet; a word stands in each other."""
    made, book = io.BytesIO(), openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for number in range(1, sheets):
        book.create_sheet(f"表{number}").append(("另一张",))
    book.save(made)
    return made.getvalue()


SMS = "号码,时间,内容\n13800000000,2026-11-01 10:00,您好\n13800000001,2026-11-02 11:00,<script>alert(1)</script>\n"


def _word(text: str) -> str:
    """Of a header, as mailers in China write it."""
    return f"=?gb2312?B?{base64.b64encode(text.encode('gb2312')).decode()}?="


LETTER = (
    f"From: {_word('张三')} <zhang@bank.example>\r\nTo: li@debtor.example\r\nSubject: {_word('催告')}\r\n"
    "Date: Mon, 2 Nov 2026 10:00:00 +0800\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/html; charset=gb2312\r\n\r\n<p>尊敬的客户：</p><script>alert(1)</script><p>请于本月还款。</p>\r\n"
    '--b\r\nContent-Type: application/pdf; name="a.pdf"\r\nContent-Disposition: attachment; filename="a.pdf"\r\n'
    "Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--b--\r\n").encode("gb18030")


def bomb() -> bytes:
    """A PNG of 50,000 × 50,000 pixels in 300 kB."""
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer = zlib.compressobj(1)
    rows = b"".join([*(packer.compress(bytes(6251)) for _ in range(2000)), packer.flush()])
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def zip_bomb() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(80 * MIB))
    return made.getvalue()


def drawn(name: str, data: bytes, media_type: str = "application/octet-stream", *, wall_s: float = 40) -> tuple[Ending, list[Part]]:
    """As the worker draws it. Raises Refused where the file is none that is drawn."""
    parts: list[Part] = []
    return draw(kind_of(name, media_type, data[:HEAD_BYTES]), [data], parts.append, wall_s=wall_s), parts
