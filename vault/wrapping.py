"""KeyProvider: who holds the organisations' keys. Under an organisation's key the key of each of its records is wrapped, and nothing else.

    wrapped: version 1 (1 byte) ‖ id of the organisation's key (8 bytes) ‖ nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes), AES-256-GCM;
    additional data: what the wrapped key belongs to

The id leads to the key, also after a rotation: what an older key wrapped opens by it until it is wrapped again (`rotate_vault_key`).
Whoever destroys the one row that holds a record's wrapped key makes its claims and originals unreadable; whoever destroys an organisation's
keys, everything it ever deposited. What this does not do: say which provider is in use (`vault.keys`). Source: NIST SP 800-38D, SP 800-57.
"""
from collections.abc import Sequence
from typing import Protocol

VERSION, ID_BYTES, NONCE_BYTES, TAG_BYTES = b"\x01", 8, 12, 16
HEAD_BYTES = 1 + ID_BYTES + NONCE_BYTES
PURPOSE = b"cunzheng/wrapped/v1\n"


class KeyProvider(Protocol):
    def wrap(self, organisation_ref: str, keys: Sequence[tuple[bytes, str]]) -> list[bytes]:
        """Each (key, what it belongs to) wrapped under the organisation's present key, made when it has none. Raises KeyUnavailable."""

    def unwrap(self, wrapped: bytes, belongs_to: str) -> bytes:
        """The key. Raises KeyUnavailable when what wrapped it cannot be had, SealBroken when it was altered or belongs elsewhere."""

    def rotate(self, organisation_ref: str) -> bytes:
        """Wrap under a new key from now on, in every process; its id. Older keys stay, to unwrap with. Raises KeyUnavailable."""

    def present_id(self, organisation_ref: str) -> bytes | None:
        """The id of the key that wraps now, 8 bytes; None while the organisation has none. Raises KeyUnavailable."""

    def destroy(self, key_id: bytes) -> None:
        """Destroy an older key for good: what is still wrapped under it can never be opened again. An absent one is no error."""


def id_in(wrapped: bytes) -> bytes:
    """The id of the key that wrapped this."""
    return wrapped[1 : 1 + ID_BYTES]
