"""Debian's Chromium: where it is, and how it is started for tests."""
import os
import shutil

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
MISSING = ("The browser tests need Chromium, and there is none on PATH: install it with the fonts for Chinese "
           "(Debian, Ubuntu: apt install chromium fonts-noto-cjk).")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]


# What Chromium is told its own words shall be in, by the language of our pages; and how the language that it then has begins.
SPOKEN = {"zh-hans": ("zh_CN", "zh"), "en": ("en_US", "en")}
WITHOUT_WORDS = ("Chromium has no words in the language {language}, so that its buttons would stand in English among ours: install them "
                 "(Debian, Ubuntu: apt install chromium-l10n).")


def speaking(language: str) -> dict[str, str]:
    """The environment in which Chromium's own words, as on the button of a file, are in this language: Linux asks no argument for it."""
    return {**os.environ, "LANGUAGE": SPOKEN[language][0]}


def why_not_spoken(language: str, has: str) -> str:
    """What to install where Chromium has another language, as `navigator.language` says it, than its pages; "" where it has theirs."""
    return "" if has.lower().startswith(SPOKEN[language][1]) else WITHOUT_WORDS.format(language=language)


def find_chromium() -> str | None:
    """Its path; None where there is none."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)
