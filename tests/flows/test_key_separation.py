"""The log key lives in the sequencer only: whatever web and worker do, they do without it."""
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ledger import keys
from tests.depositing import Post, document


def test_web_processes_never_read_the_log_key(
    client: Any, key: str, post_deposit: Post, stamp: Callable[[], None], var_dir: Path
) -> None:
    number = post_deposit(document(), b"RIFF").json()["records"][0]["record"]
    stamp()
    (var_dir / "keys" / "log.key").unlink()
    forget_signers()
    assert post_deposit(document(), b"RIFF").status_code == 201
    mine = {"Authorization": f"Bearer {key}"}
    paths = [
        f"/api/v1/evidence/{number}", f"/api/v1/evidence/{number}/proof", f"/api/v1/evidence/{number}/timestamps",
        f"/api/v1/evidence/{number}/package", f"/api/v1/records/{number}/statement", "/log/checkpoint", "/log/vkey", "/log/policy",
        "/log/tile/0/000.p/1", "/log/tile/entries/000.p/1", f"/records/{number}", "/",
    ]
    for path in paths:
        answer = client.get(path, headers=mine)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert answer.status_code == 200, (path, body[:200])
        assert body, path


def forget_signers() -> None:
    """A key that was read before the file went would hide who reads it."""
    keys._kept_signer.cache_clear()
