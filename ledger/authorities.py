"""What pages say of the timestamping authorities: their ids, where they are asked, and whether they are stand-ins for tests.

Reads the setting only; pinned roots and tokens are the business of `ledger.stamping`.
"""
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class ListedAuthority:
    """`test`: it runs on this very machine, so its time proves nothing to anybody else."""

    id: str
    host: str
    test: bool


def listed_authorities() -> tuple[ListedAuthority, ...]:
    """The configured authorities in the order of the setting."""
    pairs = (word.partition("=") for word in settings.TSAS.split())
    return tuple(_listed(id_, urlsplit(url).hostname or "") for id_, _, url in pairs)


def _listed(id_: str, host: str) -> ListedAuthority:
    return ListedAuthority(id_, host, host in LOOPBACK)


def is_test_authority(id_: str) -> bool:
    """Whether the authority of a stamp is configured as a stand-in for tests."""
    return any(authority.test for authority in listed_authorities() if authority.id == id_)
