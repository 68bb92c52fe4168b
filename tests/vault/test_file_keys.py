"""The organisations' keys as files: made once whoever asks, for the owner only, changed without losing what older ones wrapped."""
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vault.errors import KeyUnavailable
from vault.file_keys import FileKeyProvider
from vault.sealing import SealBroken, fresh_key, open_sealed, seal
from vault.wrapping import id_in

ORG, OTHER = "ab" * 16, "cd" * 16


@pytest.fixture
def provider(tmp_path: Path) -> FileKeyProvider:
    return FileKeyProvider(tmp_path / "keys" / "vault")


def test_a_wrapped_key_opens_for_its_record_and_for_no_other(provider: FileKeyProvider) -> None:
    key = fresh_key()
    [wrapped] = provider.wrap(ORG, [(key, "CZ-1")])
    assert key not in wrapped
    assert provider.unwrap(wrapped, "CZ-1") == key
    with pytest.raises(SealBroken):
        provider.unwrap(wrapped, "CZ-2")
    for at in range(len(wrapped)):
        changed = bytearray(wrapped)
        changed[at] ^= 1
        with pytest.raises((SealBroken, KeyUnavailable)):
            provider.unwrap(bytes(changed), "CZ-1")
    with pytest.raises(SealBroken):
        provider.unwrap(b"", "CZ-1")


def test_keys_are_for_the_owner_only_and_of_one_organisation(provider: FileKeyProvider) -> None:
    [one], [other] = provider.wrap(ORG, [(bytes(32), "x")]), provider.wrap(OTHER, [(bytes(32), "x")])
    assert id_in(one) != id_in(other)
    [path] = (provider.root / ORG).glob("*.key")
    assert path.stat().st_mode & 0o777 == 0o600
    assert provider.root.stat().st_mode & 0o777 == 0o700
    path.chmod(0o640)
    elsewhere = provider.root.rename(provider.root.with_name("moved"))  # where nothing was read before
    with pytest.raises(KeyUnavailable):
        FileKeyProvider(elsewhere).unwrap(one, "x")


def test_many_first_askers_get_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        wrapped = list(pool.map(lambda _: FileKeyProvider(tmp_path).wrap(ORG, [(bytes(32), "x")])[0], range(32)))
    assert len({id_in(each) for each in wrapped}) == 1
    assert sorted(path.suffix for path in (tmp_path / ORG).iterdir()) == ["", ".key"], "a loser's key and pointer are gone"


def test_after_a_rotation_the_new_key_wraps_and_the_old_one_still_opens(provider: FileKeyProvider) -> None:
    [before] = provider.wrap(ORG, [(b"1" * 32, "x")])
    assert FileKeyProvider(provider.root).rotate(ORG) != id_in(before)
    [after] = provider.wrap(ORG, [(b"2" * 32, "x")])
    assert id_in(after) == provider.present_id(ORG) != id_in(before)
    assert [provider.unwrap(each, "x") for each in (before, after)] == [b"1" * 32, b"2" * 32]
    provider.destroy(id_in(before))
    assert provider.unwrap(after, "x") == b"2" * 32
    with pytest.raises(KeyUnavailable):
        provider.unwrap(before, "x")


def test_a_pointer_that_cannot_be_read_is_said_and_no_second_key_is_made(provider: FileKeyProvider) -> None:
    provider.wrap(ORG, [(bytes(32), "x")])
    (provider.root / ORG / "present").write_text("nonsense")
    with pytest.raises(KeyUnavailable):
        provider.wrap(ORG, [(bytes(32), "x")])
    assert len(list((provider.root / ORG).glob("*.key"))) == 1


def test_a_folder_outside_is_never_made(provider: FileKeyProvider) -> None:
    for ref in ("../../x", "", "A/B", "."):
        with pytest.raises(ValueError, match="not the ref"):
            provider.wrap(ref, [(bytes(32), "x")])


def test_sealed_values_open_in_their_place_only() -> None:
    key = fresh_key()
    sealed = seal(b"claims", key, "CZ-1")
    assert open_sealed(sealed, key, "CZ-1") == b"claims"
    wrong = ((sealed, fresh_key(), "CZ-1"), (sealed, key, "CZ-2"), (sealed[:-1], key, "CZ-1"), (b"", key, "CZ-1"),
             (b"\x02" + sealed[1:], key, "CZ-1"))
    for blob, with_key, belongs_to in wrong:
        with pytest.raises(SealBroken):
            open_sealed(blob, with_key, belongs_to)
