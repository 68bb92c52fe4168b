"""Damaged copies of bytes, for tests that show that no damage passes."""

from collections.abc import Iterator


def each_bit_flipped(data: bytes) -> Iterator[bytes]:
    """Yield `data` once for each of its bits, with that bit flipped."""
    for at, byte in enumerate(data):
        for bit in range(8):
            yield data[:at] + bytes([byte ^ 1 << bit]) + data[at + 1 :]


def each_byte_replaced(data: bytes) -> Iterator[bytes]:
    """Yield `data` with each byte replaced by every other one."""
    for at, byte in enumerate(data):
        for other in range(256):
            if other != byte:
                yield data[:at] + bytes([other]) + data[at + 1 :]


def each_byte_lost_or_doubled(data: bytes) -> Iterator[bytes]:
    """Yield `data` with each byte missing, with each byte twice, and cut after each byte."""
    for at in range(len(data)):
        yield data[:at] + data[at + 1 :]
        yield data[: at + 1] + data[at:]
        yield data[:at]
