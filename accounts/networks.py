"""Addresses of clients, and the networks that an organisation works from.

The address is the one that limits on guessing go by: what the one trusted proxy wrote (`ALLAUTH_TRUSTED_PROXY_COUNT`). A client can put
anything into `X-Forwarded-For`; the proxy's own word stands last and is the one that counts.
"""
import ipaddress
from collections.abc import Iterable

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MOST_NETWORKS, LONGEST_LIST = 64, 4000
# A wider list lets a large part of the internet in: a slip, or no list at all.
WIDEST = {4: 8, 6: 24}


def address_of(request: HttpRequest) -> Address | None:
    """The client's address; None when it has none (a local socket). IPv4 written as IPv6 is IPv4."""
    try:
        address = ipaddress.ip_address(get_adapter().get_client_ip(request))
    except (PermissionDenied, ValueError):
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address


def parse_networks(text: str) -> tuple[Network, ...]:
    """Networks in CIDR notation, separated by white space or commas; () for an empty text. Raises ValueError; too many, too wide."""
    if len(text) > LONGEST_LIST:
        raise ValueError("too long")
    found = tuple(dict.fromkeys(ipaddress.ip_network(word) for word in text.replace(",", " ").split()))
    if len(found) > MOST_NETWORKS or any(network.prefixlen < WIDEST[network.version] for network in found):
        raise ValueError("too many networks, or one that is too wide")
    return found


def spelled(networks: Iterable[Network]) -> str:
    """As a row keeps them; `parse_networks` reads it back."""
    return " ".join(str(network) for network in networks)


def is_inside(address: Address | None, networks: Iterable[Network]) -> bool:
    """Whether one of the networks holds the address."""
    return address is not None and any(address in network for network in networks)
