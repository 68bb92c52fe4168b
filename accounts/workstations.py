"""What holds for the session of somebody who works by workstation: from where he may work, and when the screen locks.

Pure but for one read. Collection agents work where phones are forbidden, so that a place stands in for what others carry with them; it is
judged at every request, for a session that was begun in the office must not go on outside.
"""
from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import Person, SignInRules
from accounts.networks import Address, Network, is_inside, parse_networks
from accounts.permissions import BY_WORKSTATION
from accounts.selectors import live_memberships


@dataclass(frozen=True, slots=True)
class Workstation:
    """`lists`: the networks of each organisation where the person works so, () for one that has none; `only`: he works in no other way."""

    lists: tuple[Sequence[Network], ...]
    idle_s: int
    only: bool

    def allows(self, address: Address | None) -> bool:
        """Whether the address is inside every list that there is. Who works so for two has to be inside both: each could be read here."""
        return all(is_inside(address, networks) for networks in self.lists if networks)

    @property
    def place_is_known(self) -> bool:
        """Whether each of his organisations says where he works."""
        return all(self.lists)


def workstation_of(person: Person) -> Workstation | None:
    """None for whoever has no such role now."""
    held = list(live_memberships(person).values_list(
        "role", "organisation_id", "organisation__sign_in_rules__networks", "organisation__sign_in_rules__idle_minutes"))
    rules = {
        place: (networks or "", minutes or SignInRules.IDLE_MINUTES) for role, place, networks, minutes in held if role in BY_WORKSTATION}
    if not rules:
        return None
    return Workstation(
        lists=tuple(parse_networks(networks) for networks, _ in rules.values()), idle_s=60 * min(minutes for _, minutes in rules.values()),
        only=all(role in BY_WORKSTATION for role, *_ in held))
