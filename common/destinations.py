"""Where a request may go whose address somebody else chose: to the public internet, and to networks that the operator named.

A customer's address is a way into the operator's own network (server-side request forgery): `https://169.254.169.254/` hands out a cloud
machine's credentials, `http://[::ffff:7f00:1]:8000/` is this very service, and a name may stand for a public address while it is judged
and for a private one when it is used. So the resolved addresses are judged, not the text, and `common.bounded_http` connects to exactly
those. One forbidden address among them refuses the host: an honest name has none.

What this does not do: judge ports, or names. A public address behind which a proxy leads inwards is not seen from here.

Source: IANA special-purpose address registries (RFC 6890); RFC 4291, 6052 (NAT64), 3056 (6to4), 6598 (shared address space).
"""
import ipaddress
import threading
from collections.abc import Sequence
from urllib.parse import SplitResult

from common.bounded_http import Address, NoAnswer, Resolver, Trouble, system_addresses

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOKUP_S = 5.0
"""The longest look-up of a name: whoever runs a domain decides how long its name server takes."""

# What `is_global` of one Python or another lets pass, and nobody's web server has.
NOWHERE: tuple[Network, ...] = tuple(map(ipaddress.ip_network, (
    "0.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "168.63.129.16/32",  # Azure's own services, from inside each of its machines
    "2001::/23", "2001:db8::/32", "3fff::/20",
    "2002::/16",  # 6to4 carries an IPv4 address, of whatever kind
)))
# Everything else of IPv6 is special: mapped and translated IPv4 (::ffff:0:0/96, 64:ff9b::/96), local, multicast, or not given out.
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


def is_public(address: IPAddress) -> bool:
    """Whether anybody's server may have this address on the public internet."""
    if any(address in network for network in NOWHERE):
        return False
    return address.is_global and (address.version == 4 or address in GLOBAL_UNICAST)


def is_open(address: IPAddress, networks: Sequence[Network]) -> bool:
    """Whether the operator opened the address; one that is written as another kind (IPv4 in IPv6) is judged as what it is written as."""
    return any(address in network for network in networks)


def guarded(networks: Sequence[Network], resolve: Resolver = system_addresses, *, lookup_s: float = LOOKUP_S) -> Resolver:
    """`resolve`, asked once, in bounded time, refusing what leads inwards: public addresses by https; those in `networks` by http, too."""

    def addresses(target: SplitResult) -> Sequence[Address]:
        if target.scheme not in ("http", "https"):
            raise NoAnswer(Trouble.FORBIDDEN, "neither http nor https")
        found = _in_time(resolve, target, lookup_s)
        for family, address in found:
            judged = ipaddress.ip_address(address[0])
            if not (is_open(judged, networks) or (target.scheme == "https" and is_public(judged))):
                raise NoAnswer(Trouble.FORBIDDEN, f"an address of family {family} that no request may go to")
        return found

    return addresses


def _in_time(resolve: Resolver, target: SplitResult, lookup_s: float) -> Sequence[Address]:
    """The answer of a look-up in a thread of its own; one that takes longer is left to the resolver's own end."""
    found: list[Sequence[Address]] = []
    failed: list[BaseException] = []

    def look_up() -> None:
        try:
            found.append(resolve(target))
        except (NoAnswer, OSError, UnicodeError, ValueError) as error:
            failed.append(error)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(lookup_s)
    if failed:
        raise failed[0]
    if not found:
        raise NoAnswer(Trouble.TIMEOUT, "the host's name was not found in time")
    return found[0]
