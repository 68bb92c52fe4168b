"""Set-up happens once, the origin never changes, and the trust folder holds what a verifier needs."""
import re
import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from common.key_files import keep_seed, key_path
from ledger.errors import AuthoritiesMisconfigured
from ledger.keys import first_signer, log_key_path
from ledger.models import LogState
from ledger.policies import log_keys_at
from ledger.receipts import receipt_vkey
from ledger.trust import trust_files
from sandbox.tsa.server import TimestampServer
from tlog.merkle import EMPTY_ROOT
from tlog.note import Signer
from tlog.policy import parse_policy
from tlog.receipt import parse_receipt_keys


def test_set_up_says_what_it_made_and_repeating_it_changes_nothing(
    database: str, var_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("init_service")
    said = capsys.readouterr().out
    state = LogState.objects.get()
    assert re.fullmatch(r"localhost/cunzheng/[0-9a-f]{8}", state.origin)
    assert f"made log {state.origin}" in said
    for name in ("log", "receipt", "search", "webhook", "personal"):
        assert f"made key {key_path(name)}" in said
        assert stat.S_IMODE(key_path(name).stat().st_mode) == 0o600
    made = {folder.name for folder in var_dir.iterdir() if folder.is_dir()}
    assert made - {"database"} == {"keys", "log", "vault", "trust"}, "the tests' own SQLite lies beside them"
    assert (bytes(state.root), state.vkey) == (EMPTY_ROOT, first_signer(state.origin).vkey)
    seeds = [key_path(name).read_bytes() for name in ("log", "receipt", "search", "webhook", "personal")]
    assert len(set(seeds)) == 5
    call_command("init_service")
    assert capsys.readouterr().out == ""
    assert LogState.objects.get().vkey == state.vkey
    assert [key_path(name).read_bytes() for name in ("log", "receipt", "search", "webhook", "personal")] == seeds


def test_a_configured_origin_is_taken_and_kept(database: str, settings: Settings) -> None:
    settings.ORIGIN = "log.example.org/2026"
    call_command("init_service", verbosity=0)
    assert LogState.objects.get().origin == "log.example.org/2026"
    settings.ORIGIN = "log.example.org/2027"
    with pytest.raises(ImproperlyConfigured, match="a log keeps its name"):
        call_command("init_service", verbosity=0)


@pytest.mark.parametrize("origin", ["https://log.example.org", "a b", "log+x", "log/", "日志", "Log.Example"])
def test_an_origin_that_is_no_url_without_scheme_is_refused(database: str, settings: Settings, origin: str) -> None:
    settings.ORIGIN = origin
    with pytest.raises(ImproperlyConfigured, match="not a URL without scheme"):
        call_command("init_service", verbosity=0)
    assert not LogState.objects.exists()


def test_production_needs_an_origin(database: str, settings: Settings) -> None:
    settings.EMBEDDED = False
    with pytest.raises(ImproperlyConfigured, match="CUNZHENG_ORIGIN is not set"):
        call_command("init_service", verbosity=0)


def test_another_key_file_is_refused(service: str, settings: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "keys").mkdir(parents=True)
    settings.VAR_DIR = elsewhere
    with pytest.raises(ImproperlyConfigured, match=r"No key file in .* is localhost/cunzheng/.*put that file back"):
        call_command("init_service", verbosity=0)


def test_an_empty_database_of_a_log_that_changed_its_key_learns_the_first_one_from_the_recorded_policies(
    database: str, var_dir: Path, settings: Settings
) -> None:
    """The database is lost, and the first key was taken away long ago: a fresh one would be another log's."""
    settings.ORIGIN = "log.example/2026"
    first, now = (Signer.from_seed(settings.ORIGIN, seed * 32) for seed in (b"1", b"2"))
    (var_dir / "policies").mkdir()
    for since, signer in (("19700101T000000Z", first), ("20260101T000000Z", now)):
        (var_dir / "policies" / f"{since}.txt").write_text(f"log {signer.vkey}\nquorum none\n")
    keep_seed(log_key_path(now.verifier.key_id), b"2" * 32)
    call_command("init_service", verbosity=0)
    assert LogState.objects.get().vkey == first.vkey
    assert not key_path("log").exists()
    call_command("init_service", verbosity=0)
    assert [key.vkey for key in log_keys_at(timezone.now())] == [now.vkey]


def test_the_trust_folder_holds_policy_receipt_key_and_roots(
    service: str, authority: TimestampServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = trust_files()
    assert sorted(files) == ["policy.txt", "receipt.vkey", "tsa/sandbox-tsa.pem"]
    [log] = parse_policy(files["policy.txt"].decode()).log_verifiers
    assert log.vkey == LogState.objects.get().vkey
    [receipt] = parse_receipt_keys(files["receipt.vkey"].decode())
    assert receipt.vkey == receipt_vkey()
    assert files["tsa/sandbox-tsa.pem"].count(b"BEGIN CERTIFICATE") == 1
    call_command("export_trust", str(tmp_path / "trust"))
    assert {path: (tmp_path / "trust" / path).read_bytes() for path in files} == files
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_the_trust_folder_may_be_written_over_itself(service: str, authority: TimestampServer, var_dir: Path) -> None:
    before = trust_files()
    call_command("export_trust", str(var_dir / "trust"), verbosity=0)
    call_command("export_trust", str(var_dir / "trust"), verbosity=0)
    assert trust_files() == before


def test_an_authority_without_pinned_roots_is_named(service: str, authority: TimestampServer, var_dir: Path) -> None:
    (var_dir / "trust" / "tsa" / "sandbox-tsa.pem").unlink()
    with pytest.raises(AuthoritiesMisconfigured):
        trust_files()
    with pytest.raises(CommandError, match="no root certificate"):
        call_command("export_trust", str(var_dir / "elsewhere"))
