"""Who looks and acts: a person in his roles at one organisation, or a machine of it. Every scoped selector asks for one.

It says nothing of cases or records: which of them a viewer may see, the rooms above decide from this, and from nothing else.
"""
from dataclasses import dataclass

from accounts.models import ApiKey, Organisation, Person
from accounts.permissions import ON_TRIAL, Act, Kind, Role
from common.errors import OrganisationOnTrial
from common.problems import Forbidden

PERSON = "person:"
"""How the name of an actor that is a person begins; of a machine it begins otherwise."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Exactly one of `person` and `key` is set. `roles` is empty for a machine, whose acts are its scopes.

    Of an organisation on trial nobody has other acts than those of the trial, whatever he was given.
    """

    organisation: Organisation
    acts: frozenset[Act]
    roles: frozenset[Role] = frozenset()
    person: Person | None = None
    key: ApiKey | None = None

    def __post_init__(self) -> None:
        assert (self.person is None) != (self.key is None)
        if self.organisation.on_trial:
            object.__setattr__(self, "acts", self.acts & ON_TRIAL)

    @property
    def kind(self) -> Kind:
        return Kind(self.organisation.kind)

    @property
    def actor(self) -> str:
        """As trails name it: an id of ours, never a name."""
        if self.person is not None:
            return f"{PERSON}{self.person.pk}"
        assert self.key is not None
        return f"api_key:{self.key.pk}"

    def may(self, act: Act) -> bool:
        return act in self.acts

    def must(self, *acts: Act) -> None:
        """Raises Forbidden unless the viewer may do one of these; OrganisationOnTrial where none is of the trial."""
        if self.acts.isdisjoint(acts):
            raise OrganisationOnTrial if self.organisation.on_trial and ON_TRIAL.isdisjoint(acts) else Forbidden
