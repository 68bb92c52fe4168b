"""Roots of authorities that are not asked any more: they stay pinned, are exported, and judge what was stamped."""
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from common.object_store import FileObjectStore
from ledger.errors import AuthoritiesMisconfigured
from ledger.pinned import pinned_roots, retired_roots, roots_folder
from ledger.trust import trust_files
from sandbox.tsa.server import TimestampServer
from tests.depositing import Post, document, multipart


@pytest.fixture
def retired(store: FileObjectStore, authority: TimestampServer, settings: Settings) -> Path:
    """The file of `old-tsa`, which is not configured."""
    file = roots_folder() / "old-tsa.pem"
    file.write_bytes((roots_folder() / "sandbox-tsa.pem").read_bytes())
    return file


def test_roots_of_an_authority_that_is_not_asked_any_more_are_exported(retired: Path) -> None:
    files = trust_files()
    assert {name for name in files if name.startswith("tsa/")} == {"tsa/old-tsa.pem", "tsa/sandbox-tsa.pem"}
    assert files["tsa/old-tsa.pem"] == files["tsa/sandbox-tsa.pem"]
    assert list(retired_roots(["sandbox-tsa"])) == ["old-tsa.pem"]
    assert retired_roots(["sandbox-tsa", "old-tsa"]) == {}
    assert retired_roots(["sandbox-tsa"])["old-tsa.pem"] == pinned_roots("old-tsa")


@pytest.mark.parametrize(("name", "data", "sentence"), [
    ("older-tsa.pem", b"no certificate", "holds no PEM certificate"), ("an old one.pem", b"", "is not named <id>.pem"),
])
def test_a_file_that_cannot_be_exported_is_not_left_out_in_silence(retired: Path, name: str, data: bytes, sentence: str) -> None:
    (retired.parent / name).write_bytes(data)
    with pytest.raises(AuthoritiesMisconfigured) as refused:
        trust_files()
    assert sentence in str(refused.value.__cause__)


def test_a_record_stamped_by_such_an_authority_is_verified_still(
    retired: Path, client: Any, post_deposit: Post, stamp: Any, authority: TimestampServer, settings: Settings
) -> None:
    settings.TSAS = f"old-tsa={authority.url}"
    number = post_deposit(document(), b"RIFF").json()["records"][0]["record"]
    stamp()
    settings.TSAS = f"sandbox-tsa={authority.url}"
    body, kind = multipart([("record", "text/plain", number.encode()), ("file", "application/octet-stream", b"RIFF")])
    assert client.post("/api/v1/verify", body, content_type=kind).json()["verdict"] == "passed"
    retired.unlink()
    assert client.post("/api/v1/verify", body, content_type=kind).json()["verdict"] == "failed"
