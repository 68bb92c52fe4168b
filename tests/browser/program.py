"""Debian's Chromium: where it is, and how it is started for tests."""
import shutil

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
MISSING = ("The browser tests need Chromium, and there is none on PATH: install it with the fonts for Chinese "
           "(Debian, Ubuntu: apt install chromium fonts-noto-cjk).")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]


def find_chromium() -> str | None:
    """Its path; None where there is none."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)
