"""The setting of the timestamping authorities as it is spelled, and what pages say of them and of witnesses: where they are asked,
who runs them, and whether they are stand-ins for tests.

Reads the setting only and judges nothing: that is `timestamping.load_authorities`; pinned roots and tokens are the business of
`ledger.stamping`.
"""
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class SpelledAuthority(NamedTuple):
    """One word `id=URL|operator|policy` of CUNZHENG_TSAS, unjudged; operator and policy may be missing and are "" then."""

    id: str
    url: str
    operator: str
    policy: str


@dataclass(frozen=True, slots=True)
class ListedAuthority:
    """`operator`: who runs it, its host name unless the setting says better; `policy`: the dotted oid that its tokens must state, or "".

    `test`: it runs on this very machine, so its time proves nothing to anybody else.
    """

    id: str
    host: str
    operator: str
    policy: str
    test: bool


def spelled_authorities(text: str) -> tuple[SpelledAuthority, ...]:
    """The words of the setting in their order. A URL has no "|", and neither has an id, so nothing can be mistaken for another part."""
    return tuple(map(_spelled, text.split()))


def listed_authorities() -> tuple[ListedAuthority, ...]:
    """The configured authorities in the order of the setting."""
    return tuple(_listed(word) for word in spelled_authorities(settings.TSAS))


def host_of(url: str) -> str:
    """The host name in a URL, "" when it has none or is no URL."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _spelled(word: str) -> SpelledAuthority:
    id_, _, rest = word.partition("=")
    url, _, rest = rest.partition("|")
    operator, _, policy = rest.partition("|")
    return SpelledAuthority(id_, url, operator, policy)


def _listed(word: SpelledAuthority) -> ListedAuthority:
    host = host_of(word.url)
    return ListedAuthority(word.id, host, word.operator or host, word.policy, host in LOOPBACK)


def on_this_machine(url: str | None) -> bool:
    """Whether an address is one of this machine's own: whoever answers there is a stand-in for tests."""
    return url is not None and urlsplit(url).hostname in LOOPBACK


def is_test_authority(id_: str) -> bool:
    """Whether the authority of a stamp is configured as a stand-in for tests."""
    return any(authority.test for authority in listed_authorities() if authority.id == id_)
