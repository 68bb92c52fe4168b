"""What production alone has: cookies that no other host can plant, and TLS for a year. Asked of a process with production's settings."""
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ASK = """
import json
from django.conf import settings
from config.preferences import DISPLAY_COOKIE
names = ["SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY",
         "SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_SSL_REDIRECT", "DEBUG", "LANGUAGE_COOKIE_NAME"]
print(json.dumps({**{name: getattr(settings, name) for name in names}, "DISPLAY_COOKIE": DISPLAY_COOKIE}))
"""


def test_cookies_are_bound_to_the_host_and_tls_is_asked_for_a_year(tmp_path: Path) -> None:
    chosen = {"DJANGO_SETTINGS_MODULE": "config.settings", "CUNZHENG_PROFILE": "production", "CUNZHENG_VAR": str(tmp_path)}
    words, environment = [sys.executable, "-c", ASK], {**os.environ, **chosen}
    said = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == {
        "SESSION_COOKIE_NAME": "__Host-cunzheng-session", "CSRF_COOKIE_NAME": "__Host-cunzheng-csrf", "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True, "SESSION_COOKIE_HTTPONLY": True, "SECURE_HSTS_SECONDS": 31_536_000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True, "SECURE_SSL_REDIRECT": True, "DEBUG": False,
        "LANGUAGE_COOKIE_NAME": "__Host-cunzheng-language", "DISPLAY_COOKIE": "__Host-cunzheng-display",
    }
