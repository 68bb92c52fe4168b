"""An authority's root that is not where it is pinned: who needs it is told so by a stable code, and deposits go on."""
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evidence.models import CustodyEvent
from ledger.models import ArchivedRevocation, Timestamp
from tests.depositing import Post, document, multipart
from tlog import checks

Ask = Callable[[Any, str], Any]


def ask_package(client: Any, number: str) -> Any:
    return client.get(f"/api/v1/evidence/{number}/package")


def ask_digest(client: Any, number: str) -> Any:
    return client.post("/api/v1/verify", {"record": number, "sha256": hashlib.sha256(b"RIFF").hexdigest()}, content_type="application/json")


def ask_upload(client: Any, number: str) -> Any:
    data, kind = multipart([("package", "application/zip", b"PK")])
    return client.post("/api/v1/verify", data, content_type=kind)


def events(number: str) -> list[str]:
    return list(CustodyEvent.objects.filter(evidence__record=number).order_by("sequence").values_list("event", flat=True))


@pytest.mark.parametrize("form", ["crl", "ocsp"])
def test_what_was_archived_about_revocation_is_asked_when_a_file_is_verified(
    client: Any, post_deposit: Post, stamp: Callable[[], None], form: str
) -> None:
    """What cannot be read refuses the token beside which it lies, as it does in a package."""
    number = post_deposit(document(), b"RIFF").json()["records"][0]["record"]
    stamp()
    assert verdict(client, number) == ("passed", "passed")
    token = Timestamp.objects.latest("pk")
    ArchivedRevocation.objects.create(timestamp=token, form=form, data=b"no list and no answer", fetched_at=token.gen_time)
    assert verdict(client, number) == ("failed", "failed")


def verdict(client: Any, number: str) -> tuple[str, str]:
    """Of the whole, and of the timestamp."""
    told = ask_digest(client, number).json()
    [outcome] = [check["outcome"] for check in told["checks"] if check["name"] == checks.TIMESTAMPS]
    return told["verdict"], outcome


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
    trail = events(number)
    answer = ask(client, number)
    assert events(number) == trail, "of what was refused the trail does not say that it happened"
    assert (answer.status_code, answer.json()["code"]) == (503, "timestamp-authorities-misconfigured")
    assert answer["Retry-After"]
    assert str(var_dir) not in answer.content.decode()
    assert "no root certificate sandbox-tsa" in caplog.text
    assert post_deposit(document(), b"RIFF").status_code == 201
    pinned.write_bytes(root)
    assert ask(client, number).status_code == 200
    if ask is not ask_upload:
        assert len(events(number)) == len(trail) + 1
