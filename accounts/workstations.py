"""What holds for the session of somebody who works by workstation: from where he may work, and when the screen locks.

Pure but for one read. Collection agents work where phones are forbidden, so that a place stands in for what others carry with them; it is
judged at every request, for a session that was begun in the office must not go on outside.
"""
from collections.abc import Sequence
from dataclasses import dataclass

from accounts.errors import NetworksMissing, OutsideNetwork
from accounts.models import Person, SignInRules
from accounts.networks import Address, Network, is_inside, parse_networks
from accounts.permissions import BY_WORKSTATION
from accounts.selectors import live_memberships
from common.errors import DomainError


@dataclass(frozen=True, slots=True)
class Workstation:
    """`lists`: the networks of each organisation where the person works so, () for one that has none; `only`: he works in no other way;
    `places`: the ids of these organisations.

    Whoever has another role at one that has none is not held up by that: he may be the one who has to name them.
    """

    lists: tuple[Sequence[Network], ...]
    idle_s: int
    only: bool
    places: frozenset[int]

    def allows(self, address: Address | None) -> bool:
        """Whether the address is inside every list, and no list is empty. Who works so for two has to be inside both: each is read here."""
        return self.why_kept_out(address) is None

    def why_kept_out(self, address: Address | None) -> DomainError | None:
        """What whoever is not allowed at this address is told; None for whoever is."""
        if not self.place_is_known:
            return NetworksMissing()
        return None if all(is_inside(address, networks) for networks in self.lists) else OutsideNetwork()

    @property
    def place_is_known(self) -> bool:
        """Whether each of his organisations says where he works."""
        return all(self.lists)


def workstation_of(person: Person) -> Workstation | None:
    """None for whoever has no such role now."""
    held = list(live_memberships(person).values_list(
        "role", "organisation_id", "organisation__sign_in_rules__networks", "organisation__sign_in_rules__idle_minutes"))
    rules = {
        place: (parse_networks(networks or ""), minutes or SignInRules.IDLE_MINUTES)
        for role, place, networks, minutes in held if role in BY_WORKSTATION}
    if not rules:
        return None
    otherwise = {place for role, place, *_ in held if role not in BY_WORKSTATION}
    return Workstation(
        lists=tuple(networks for place, (networks, _) in rules.items() if networks or place not in otherwise),
        idle_s=60 * min(minutes for _, minutes in rules.values()), only=all(role in BY_WORKSTATION for role, *_ in held),
        places=frozenset(rules))
