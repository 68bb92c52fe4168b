"""The organisations' keys in a real token: SoftHSM2 (Debian's softhsm2). The same promises as with files, and keys never leave."""
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pkcs11
import pytest
from pytest_django import Settings

from evidence.models import Evidence, EvidenceFile
from evidence.record_keys import claims_in, open_original
from evidence.rewrapping import rewrap
from tests.depositing import Post, client, document, key, organisation, post_deposit
from vault import hsm_keys
from vault.errors import KeyUnavailable
from vault.hsm_keys import HsmKeyProvider
from vault.keys import key_provider
from vault.sealing import SealBroken, fresh_key
from vault.wrapping import id_in

__all__ = ["client", "key", "organisation", "post_deposit"]

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
ORG = "ab" * 16


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """SoftHSM's library, its tokens in a folder of this test's own. A process reads its configuration once."""
    assert shutil.which("softhsm2-util"), "install softhsm2 (Debian)"
    folder, before = tmp_path_factory.mktemp("softhsm"), os.environ.get("SOFTHSM2_CONF")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    command = ["softhsm2-util", "--init-token", "--free", "--label", "vault", "--pin", "1234", "--so-pin", "5678"]
    subprocess.run(command, check=True, capture_output=True)
    yield next(path for path in MODULES if Path(path).exists())
    for session in hsm_keys._sessions.values():
        session.close()
    hsm_keys._sessions.clear()
    os.environ.pop("SOFTHSM2_CONF")
    if before is not None:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture
def provider(module: str) -> HsmKeyProvider:
    return HsmKeyProvider(module, "vault", lambda: "1234")


def test_a_wrapped_key_opens_for_its_record_and_for_no_other(provider: HsmKeyProvider) -> None:
    data = fresh_key()
    [wrapped] = provider.wrap(ORG, [(data, "CZ-1")])
    assert data not in wrapped
    assert provider.unwrap(wrapped, "CZ-1") == data
    for broken, belongs_to in ((wrapped, "CZ-2"), (wrapped[:-1], "CZ-1"), (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), "CZ-1"), (b"", "CZ-1")):
        with pytest.raises(SealBroken):
            provider.unwrap(broken, belongs_to)
    with pytest.raises(KeyUnavailable):
        provider.unwrap(wrapped[:1] + bytes(8) + wrapped[9:], "CZ-1")
    assert provider.unwrap(wrapped, "CZ-1") == data, "after refusals the token still works"


def test_the_key_cannot_be_taken_out_of_the_token(provider: HsmKeyProvider) -> None:
    provider.wrap(ORG, [(bytes(32), "x")])
    with provider._session() as session:
        kept = list(session.get_objects({pkcs11.Attribute.LABEL: f"cunzheng/vault/{ORG}/1"}))
        assert [(each[pkcs11.Attribute.SENSITIVE], each[pkcs11.Attribute.EXTRACTABLE]) for each in kept] == [(True, False)]
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            kept[0][pkcs11.Attribute.VALUE]


def test_after_a_rotation_the_new_key_wraps_and_the_old_one_still_opens(provider: HsmKeyProvider) -> None:
    other = "cd" * 16
    assert provider.present_id(other) is None
    [before] = provider.wrap(other, [(b"1" * 32, "x")])
    fresh = provider.rotate(other)
    [after] = provider.wrap(other, [(b"2" * 32, "x")])
    assert id_in(after) == fresh == provider.present_id(other) != id_in(before)
    assert [provider.unwrap(each, "x") for each in (before, after)] == [b"1" * 32, b"2" * 32]
    provider.destroy(id_in(before))
    with pytest.raises(KeyUnavailable):
        provider.unwrap(before, "x")
    assert provider.unwrap(after, "x") == b"2" * 32
    [again] = provider.wrap(other, [(b"3" * 32, "x")])
    assert id_in(again) == fresh == provider.present_id(other), "the gap before it does not hide the present key"
    later = provider.rotate(other)
    [last] = provider.wrap(other, [(b"4" * 32, "x")])
    assert id_in(last) == later == provider.present_id(other) != fresh
    assert [provider.unwrap(each, "x") for each in (after, again, last)] == [b"2" * 32, b"3" * 32, b"4" * 32]


def test_a_token_that_is_not_there_and_a_wrong_pin_are_said(module: str, provider: HsmKeyProvider) -> None:
    [wrapped] = provider.wrap(ORG, [(bytes(32), "x")])
    for wrong in (HsmKeyProvider(module, "elsewhere", lambda: "1234"), HsmKeyProvider("/nowhere.so", "vault", lambda: "1234")):
        with pytest.raises(KeyUnavailable):
            wrong.unwrap(wrapped, "x")
    code = ("from vault.hsm_keys import HsmKeyProvider\nfrom vault.errors import KeyUnavailable\nimport sys\n"
            "try: HsmKeyProvider(sys.argv[1], 'vault', lambda: '9999').unwrap(bytes.fromhex(sys.argv[2]), 'x')\n"
            "except KeyUnavailable: sys.exit(7)")
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
    found = subprocess.run([sys.executable, "-c", code, module, wrapped.hex()], check=False, env=environment, capture_output=True)
    assert found.returncode == 7, found.stderr


def test_a_process_that_was_forked_opens_a_session_of_its_own(provider: HsmKeyProvider) -> None:
    [wrapped] = provider.wrap(ORG, [(b"k" * 32, "x")])
    child = os.fork()
    if child == 0:
        os._exit(0 if provider.unwrap(wrapped, "x") == b"k" * 32 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert provider.unwrap(wrapped, "x") == b"k" * 32


def test_a_deposit_a_reading_and_a_rotation_by_the_token(
    module: str, settings: Settings, var_dir: Path, tmp_path: Path, post_deposit: Post
) -> None:
    pin = tmp_path / "pin"
    pin.touch(mode=0o600)
    pin.write_text("1234\n")
    settings.VAULT_KEYS, settings.PKCS11_MODULE, settings.PKCS11_TOKEN, settings.PKCS11_PIN_FILE = "pkcs11", module, "vault", str(pin)
    assert post_deposit(document(), b"evidence").status_code == 201
    record = Evidence.objects.select_related("organisation").get()
    assert not (var_dir / "keys" / "vault").exists(), "no key in a file"
    assert claims_in(record)
    key_provider().rotate(record.organisation.ref)
    assert rewrap(record.organisation) == 1
    with open_original(EvidenceFile.objects.select_related("evidence", "stored_object").get()) as original:
        assert original.read() == b"evidence"
