"""The pages of a PDF as pictures. The library is built without a script engine, and nothing is asked for over a network.

What this does not do: select text, follow links, verify signatures inside the PDF; the original is there for that.
"""
import math
import time
from collections.abc import Callable

import pypdfium2

from evidence.rendering import pictures
from evidence.rendering.limits import CPU_S, MAX_PAGES, PAGE_PIXELS
from evidence.rendering.parts import Ending, Part, Refused

LARGEST_SCALE = 4.0
ERR_PASSWORD = 4


def prepare() -> None:
    pictures.prepare()
    made = pypdfium2.PdfDocument.new()
    made.new_page(10, 10).render(scale=1).to_pil()
    made.close()


def draw(data: bytes, keep: Callable[[Part], None]) -> Ending:
    try:
        pdf = pypdfium2.PdfDocument(data)
        count = len(pdf)
    except pypdfium2.PdfiumError as fault:
        raise Refused("protected" if getattr(fault, "err_code", None) == ERR_PASSWORD else "damaged") from None
    if count == 0:
        raise Refused("damaged")
    # What somebody wrote into the fields of a form is drawn with the page.
    pdf.init_forms()
    for number in range(min(count, MAX_PAGES)):
        if time.process_time() > CPU_S * 0.8:
            return Ending(cut="time", total=count)
        keep(_page(pdf[number]))
    return Ending(cut="pages" if count > MAX_PAGES else "", total=count)


def _page(page: pypdfium2.PdfPage) -> Part:
    sides = page.get_size()
    if not all(math.isfinite(side) and side > 0 for side in sides):
        raise Refused("damaged")
    # Rounded up by the library: one pixel less keeps within the bound.
    scale = min(LARGEST_SCALE, (PAGE_PIXELS - 1) / max(sides))
    bitmap = page.render(scale=scale)
    try:
        return pictures.encoded(bitmap.to_pil().convert("RGB"), lossless=True)
    finally:
        bitmap.close()
        page.close()
