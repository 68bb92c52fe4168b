"""The tests in a browser say what to install where there is no Chromium."""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def test_without_chromium_they_fail_and_say_what_to_install(tmp_path: Path) -> None:
    bare = {**os.environ, "CUNZHENG_BROWSER": "yes", "PATH": str(tmp_path)}
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/browser/test_axe.py", "-k", "would_see"]
    done = subprocess.run(words, cwd=ROOT, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "there is none on PATH: install it" in done.stdout
    assert "apt install chromium fonts-noto-cjk" in done.stdout
    assert "1 error" in done.stdout
