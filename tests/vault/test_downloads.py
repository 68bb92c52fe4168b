"""What goes out is what was deposited, or the last block never goes."""
import hashlib
import threading
from collections.abc import Iterator

import pytest

from vault.downloads import verified_blocks
from vault.errors import OriginalDamaged


@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_the_blocks_pass_when_they_are_what_was_deposited(count: int) -> None:
    blocks = [bytes([number]) * 1000 for number in range(count)]
    whole = b"".join(blocks)
    assert list(verified_blocks(blocks, hashlib.sha256(whole).digest(), len(whole))) == blocks


@pytest.mark.parametrize("count", [1, 2, 40])
def test_a_mismatch_keeps_the_last_block_back(count: int) -> None:
    blocks, before = [bytes([number]) * 1000 for number in range(count)], threading.active_count()
    digest = hashlib.sha256(b"".join(blocks)).digest()
    for sha256, size in ((bytes(32), count * 1000), (digest, count * 1000 + 1)):
        sent: list[bytes] = []
        with pytest.raises(OriginalDamaged):
            sent.extend(verified_blocks(blocks, sha256, size))
        assert sent == blocks[:-1]
    assert threading.active_count() == before


def test_whoever_goes_away_leaves_no_thread() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x"

    before = threading.active_count()
    blocks = verified_blocks(endless(), bytes(32), 1)
    assert [next(blocks) for _ in range(3)] == [b"x"] * 3
    blocks.close()  # type: ignore[attr-defined]  # a generator
    assert threading.active_count() == before
