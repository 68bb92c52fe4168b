"""The data of the document `custody_trail`: an organisation's trails of custody for a period. Its JSON Schema is made of these types.

Times are text as it is to be read, with their offset; words are in the document's language. Nothing is looked up or decided here.
"""
from typing import Annotated, Literal

from msgspec import Meta, Struct

NAME = "custody_trail"
Hex = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Day = Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Moment = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} \+08:00$")]
Clock = Annotated[str, Meta(pattern=r"^[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3} \+08:00$")]
Count = Annotated[int, Meta(ge=0)]
Place = Annotated[int, Meta(ge=1)]


class Named(Struct, forbid_unknown_fields=True, frozen=True):
    """What something is called in the document's language, and its id or code."""

    name: str
    ref: str


class Row(Struct, forbid_unknown_fields=True, frozen=True):
    """One row of a trail. `number` counts through the document, `sequence` through the record's trail."""

    number: Place
    record: str
    sequence: Place
    day: Day
    time: Clock
    event: Named
    organisation: Named
    actor: Named
    role: Named | None
    signed_in: Named | None
    root: Named | None
    on_behalf_of: Named | None
    purpose: str | None
    request_id: str | None
    previous: Hex | None
    digest: Hex


class End(Struct, forbid_unknown_fields=True, frozen=True):
    """The newest row of a record's trail that the log has; all None but the record while it has none."""

    record: str
    sequence: Place | None = None
    digest: Hex | None = None
    statement: str | None = None
    index: Count | None = None


class Log(Struct, forbid_unknown_fields=True, frozen=True):
    """The log and its newest published checkpoint when the document was made; None where nothing was published."""

    origin: str
    size: Count | None
    root: str | None
    published_at: Moment | None


class Fact(Struct, forbid_unknown_fields=True, frozen=True):
    """What the operator said of the platform, as it was valid on those days; None but the kind and name where nothing was given.

    `record`: the number of the deposited document that shows it. `until` None: without an end.
    """

    kind: Named
    name: str = ""
    told: str | None = None
    number: str = ""
    issuer: str = ""
    since: Day | None = None
    until: Day | None = None
    record: str | None = None


class Platform(Struct, forbid_unknown_fields=True, frozen=True):
    """What was valid when `records` of the document's records were received, from `first` to `last`, days in China, both included."""

    first: Day
    last: Day
    records: Place
    facts: tuple[Fact, ...]


class Unshown(Struct, forbid_unknown_fields=True, frozen=True):
    """A field of which characters are spelled out: `/rows/3/purpose`, `["U+1F600"]`."""

    pointer: str
    characters: tuple[str, ...]


class CustodyTrail(Struct, forbid_unknown_fields=True, frozen=True):
    """The whole document. `since` and `until` are days in China, both included; None without an end. Of a long period it is one volume of
    `volumes`. `unlisted`: how many fields more have characters spelled out than `unshown` names. `platform`: what was
    valid on the days on which the records were received, in their order.
    """

    language: Literal["zh-hans", "en"]
    organisation: Named
    since: Day | None
    until: Day | None
    made_at: Moment
    attached: str
    rows: tuple[Row, ...]
    ends: tuple[End, ...]
    log: Log
    volume: Place = 1
    volumes: Place = 1
    unshown: tuple[Unshown, ...] = ()
    unlisted: Count = 0
    platform: tuple[Platform, ...] = ()
