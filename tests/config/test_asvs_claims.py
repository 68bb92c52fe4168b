"""What docs/asvs.md says of sources and of the shipped proxy, and no other test shows: ciphers, TLS, password fields, metadata."""
import ast
import re
from pathlib import Path

import pytest
from django.test import Client

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("accounts", "cases", "common", "config", "documents", "evidence", "law", "ledger", "notifications", "tlog", "vault", "witness")
CIPHERS = "cryptography.hazmat.primitives.ciphers"


def test_the_one_cipher_of_the_service_is_aes_gcm() -> None:
    """No mode without authentication, and no decryption by RSA: its PKCS #1 v1.5 stands in signatures of authorities alone.

    Of what we put together ourselves; Tink, which seals originals, has no other mode either.
    """
    imported: set[tuple[str, str]] = set()
    for file in (file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))):
        text = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            imported |= {(module, name) for name in names if f"{module}.{name}".startswith(CIPHERS)}
        assert "Crypto.Cipher" not in text, file
        assert not ("PKCS1v15" in text and re.search(r"\.(de|en)crypt\(", text)), file
    assert imported == {(f"{CIPHERS}.aead", "AESGCM")}


def test_the_shipped_proxy_speaks_tls_1_2_and_1_3_alone() -> None:
    text = (ROOT / "deploy/nginx/cunzheng.conf").read_text(encoding="utf-8")
    servers = [block for block in re.split(r"(?m)^server \{", text)[1:] if re.search(r"listen [^;]*\bssl\b", block)]
    assert len(servers) == 2
    assert [re.findall(r"ssl_protocols ([^;]+);", block) for block in servers] == [["TLSv1.2 TLSv1.3"]] * 2


def test_every_password_field_is_masked_and_open_to_password_managers() -> None:
    fields = 0
    for file in ROOT.glob("templates/**/*.html"):
        for tag in re.findall(r"<input[^>]*>|\{% include \"parts/field.html\"[^%]*%\}", file.read_text(encoding="utf-8")):
            if re.search(r"name=\"(password|again)\"|form\.\w*password", tag):
                assert 'type="password"' in tag, (file, tag)
                assert re.search(r"autocomplete=\"(current|new)-password\"", tag), (file, tag)
                fields += 1
    assert fields >= 6
    # The one script that listens to a paste takes screenshots on the page to deposit, and looks at no field.
    assert [file.name for file in sorted(ROOT.glob("static/js/*.js")) if '"paste"' in file.read_text(encoding="utf-8")] == ["work.js"]


@pytest.mark.parametrize("path", [
    "/.git/config", "/.git/HEAD", "/.gitignore", "/static/.git/config", "/static/../.git/HEAD", "/.svn/entries"])
def test_nothing_of_source_control_is_served(path: str, service: str) -> None:
    assert Client().get(path).status_code in (400, 404)
