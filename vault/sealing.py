"""seal/open: the seam behind which encryption at rest arrives. Until then both are the identity, and say so here only.

Callers treat the result as opaque: nothing may rely on sealed bytes being readable.
"""


def seal(blob: bytes) -> bytes:
    return blob


def open_sealed(blob: bytes) -> bytes:
    return bytes(blob)
