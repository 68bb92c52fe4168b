"""Key files: made once, refused when damaged or open to others."""
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from common.key_files import make_seed, read_seed


def test_a_seed_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "log.key"
    assert make_seed(path)
    seed = read_seed(path)
    assert not make_seed(path)
    assert read_seed(path) == seed
    assert len(seed) == 32
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("spoil", ["absent", "short", "open"])
def test_a_key_file_that_cannot_be_trusted_is_refused_by_name(tmp_path: Path, spoil: str) -> None:
    path = tmp_path / "log.key"
    make_seed(path)
    if spoil == "absent":
        path.unlink()
    elif spoil == "short":
        path.write_bytes(b"x" * 31)
    else:
        path.chmod(0o640)
    with pytest.raises(ImproperlyConfigured, match=r"log\.key"):
        read_seed(path)
