"""Personal values at rest: they open where they belong and nowhere else, by the key that sealed them, and are found by the index alone."""
import doctest

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

import vault.personal
from common.key_files import key_path
from vault.personal import blind_personal, open_personal, seal_personal


def test_examples_of_the_module() -> None:
    assert doctest.testmod(vault.personal) == doctest.TestResults(failed=0, attempted=1)


def test_a_value_opens_in_its_place_and_nowhere_else(service: str) -> None:
    sealed = seal_personal("张三", "case\ndebtor\nname")
    assert open_personal(sealed, "case\ndebtor\nname") == "张三"
    assert "张三".encode() not in sealed
    assert sealed != seal_personal("张三", "case\ndebtor\nname"), "equal values do not look equal"
    with pytest.raises(ImproperlyConfigured):
        open_personal(sealed, "case\nspouse\nname")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        if place:  # the version says how to read the rest; there is one so far
            with pytest.raises(ImproperlyConfigured):
                open_personal(bytes(changed), "case\ndebtor\nname")


def test_after_a_change_of_keys_old_values_open_and_new_ones_do_not_depend_on_the_old_key(service: str) -> None:
    before, old_seed = seal_personal("张三", "x"), key_path("personal").read_bytes()
    call_command("rotate_personal_key", verbosity=0)
    after = seal_personal("张三", "x")
    assert key_path("personal").read_bytes() != old_seed
    assert [open_personal(sealed, "x") for sealed in (before, after)] == ["张三", "张三"]
    [kept] = key_path("personal").parent.glob("personal-*.key")
    assert (kept.read_bytes(), kept.stat().st_mode & 0o777) == (old_seed, 0o600)
    kept.unlink()
    assert open_personal(after, "x") == "张三"
    with pytest.raises(ImproperlyConfigured):
        open_personal(before, "x")


def test_the_index_tells_organisations_and_fields_apart(service: str) -> None:
    places = (("a", "phone", "138"), ("b", "phone", "138"), ("a", "identity", "138"), ("a", "phone", "139"))
    assert len({blind_personal(*place) for place in places}) == 4
    assert blind_personal("a", "phone", "１３８-0013 8000") == blind_personal("a", "phone", "13800138000")
