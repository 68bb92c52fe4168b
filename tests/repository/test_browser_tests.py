"""The tests in a browser say what to install where there is no Chromium."""
import os
import subprocess
import sys
from pathlib import Path

from tests.browser.program import speaking, why_not_spoken

ROOT = Path(__file__).resolve().parent.parent.parent


def test_without_chromium_they_fail_and_say_what_to_install(tmp_path: Path) -> None:
    bare = {**os.environ, "CUNZHENG_BROWSER": "yes", "PATH": str(tmp_path)}
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/browser/test_axe.py", "-k", "would_see"]
    done = subprocess.run(words, cwd=ROOT, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "there is none on PATH: install it" in done.stdout
    assert "apt install chromium fonts-noto-cjk" in done.stdout
    assert "1 error" in done.stdout


def test_pictures_are_taken_by_a_browser_whose_own_words_are_in_the_language_of_the_page() -> None:
    """Else the button of a file says "Choose File" on a Chinese page."""
    assert {language: speaking(language)["LANGUAGE"] for language in ("zh-hans", "en")} == {"zh-hans": "zh_CN", "en": "en_US"}
    assert speaking("en")["PATH"] == os.environ["PATH"]
    assert "apt install chromium-l10n" in why_not_spoken("zh-hans", "en-US")
    assert {why_not_spoken("zh-hans", "zh-CN"), why_not_spoken("en", "en-US")} == {""}
