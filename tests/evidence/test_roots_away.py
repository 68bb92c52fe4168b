"""An authority's root that is not where it is pinned: who needs it is told so by a stable code, and deposits go on."""
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.depositing import Post, document, multipart

Ask = Callable[[Any, str], Any]


def ask_package(client: Any, number: str) -> Any:
    return client.get(f"/api/v1/evidence/{number}/package")


def ask_digest(client: Any, number: str) -> Any:
    return client.post("/api/v1/verify", {"record": number, "sha256": hashlib.sha256(b"RIFF").hexdigest()}, content_type="application/json")


def ask_upload(client: Any, number: str) -> Any:
    data, kind = multipart([("package", "application/zip", b"PK")])
    return client.post("/api/v1/verify", data, content_type=kind)


@pytest.mark.parametrize("ask", [ask_package, ask_digest, ask_upload])
def test_packages_and_verification_say_that_a_root_is_away_and_deposits_go_on(
    ask: Ask, client: Any, key: str, post_deposit: Post, stamp: Callable[[], None], var_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    number = post_deposit(document(), b"RIFF").json()["records"][0]["record"]
    stamp()
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    pinned = var_dir / "trust" / "tsa" / "sandbox-tsa.pem"
    root = pinned.read_bytes()
    pinned.unlink()
    answer = ask(client, number)
    assert (answer.status_code, answer.json()["code"]) == (503, "timestamp-authorities-misconfigured")
    assert answer["Retry-After"]
    assert str(var_dir) not in answer.content.decode()
    assert "no root certificate sandbox-tsa" in caplog.text
    assert post_deposit(document(), b"RIFF").status_code == 201
    pinned.write_bytes(root)
    assert ask(client, number).status_code == 200
