"""A picture as pixels of ours: decoded, turned as its camera says, made no larger than a screen, and encoded anew.

Nothing of the file goes through but its pixels: no metadata, no place where a photo was taken, no second image inside. Of an animation
the first frame is shown; of a scan with several pages each. Source: threats T17, T18.
"""
import io
from collections.abc import Callable

from PIL import Image, ImageFile, ImageOps

from evidence.rendering.limits import LARGE_PNG_BYTES, MAX_IMAGE_PIXELS, MAX_PAGES, PAGE_PIXELS
from evidence.rendering.parts import JPEG, PNG, Cut, Ending, Part, Refused

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")


def prepare() -> None:
    """Load every decoder while files may still be opened."""
    Image.preinit()
    Image.init()
    encoded(Image.new("RGB", (4, 4)), lossless=True)
    encoded(Image.new("RGB", (4, 4)), lossless=False)
    for format_ in ("GIF", "TIFF", "WEBP"):
        made = io.BytesIO()
        Image.new("RGB", (4, 4)).save(made, format_)
        Image.open(made).load()


def draw(data: bytes, keep: Callable[[Part], None]) -> Ending:
    Image.MAX_IMAGE_PIXELS = None  # we look at the size ourselves, before a pixel is decoded
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        frames = int(getattr(image, "n_frames", 1))
        scan = image.format == "TIFF"
        shown = min(frames, MAX_PAGES) if scan else 1
        cut: Cut = ("pages" if scan else "frames") if shown < frames else ""
        for number in range(shown):
            if frames > 1:
                image.seek(number)
            cut = _draw_frame(image, keep) or cut
    return Ending(cut=cut, total=frames)


def _draw_frame(image: Image.Image, keep: Callable[[Part], None]) -> Cut:
    if image.width * image.height > MAX_IMAGE_PIXELS:
        raise Refused("too-complex")
    image.draft("RGB", (PAGE_PIXELS, PAGE_PIXELS))
    truncated: Cut = ""
    try:
        image.load()
    except OSError:
        # What is there of a photo that ends early is evidence too; it is said that there should be more.
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        image.load()
        truncated = "truncated"
    keep(encoded(fitted(image), lossless=image.format != "JPEG"))
    return truncated


def fitted(image: Image.Image) -> Image.Image:
    """Upright, on white where it is transparent, and no longer than a page's side."""
    image = ImageOps.exif_transpose(image)
    image.thumbnail((PAGE_PIXELS, PAGE_PIXELS))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        over = image.convert("RGBA")
        image = Image.new("RGBA", over.size, "white")
        image.alpha_composite(over)
    if image.mode.startswith("I"):
        # Sixteen bits of grey: the upper eight are what a screen shows.
        image = image.point(lambda value: value / 256, "L") if image.mode.startswith("I;16") else image.convert("L")
    return image if image.mode == "L" else image.convert("RGB")


def encoded(image: Image.Image, *, lossless: bool) -> Part:
    """As PNG while that is small, else as JPEG."""
    image.info.clear()
    made = io.BytesIO()
    if lossless:
        image.save(made, "PNG")
        if made.tell() <= LARGE_PNG_BYTES:
            return Part(PNG, made.getvalue(), *image.size)
        made = io.BytesIO()
    image.save(made, "JPEG", quality=88)
    return Part(JPEG, made.getvalue(), *image.size)
