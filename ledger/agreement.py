"""Whether the clocks agree: those of the authorities that stamped one checkpoint with each other, and theirs with ours.

Two authorities are seldom asked at one moment, and one that was down may stamp an hour after the other and be right. What is compared is
therefore how far each was from our clock when its token came: our clock serves as the stopwatch between the two, not as the judge.
A token that is further from our clock than the skew is never kept (formats A7), but it is heard as a witness against somebody: against
its authority where another's token stands, against our own clock where none does.

What this does not do: move a record's time, which stays the earliest verified genTime (formats A6); the record shows the disagreement.
Source: issue 3 section 4; threats 2.2 ("two TSAs of different operators and compare genTime vs local clock"), T11.
"""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from django.conf import settings

from ledger.authorities import listed_authorities
from ledger.incidents import CLOCK_SKEWED, TIMES_DISAGREE, end_incident, open_incident
from ledger.models import Incident, StampRequest, Timestamp
from tlog.times import format_time

OWN_CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class TokenTime:
    """What one authority said the time was (`gen_time`), and what our clock said when its token came; both aware."""

    authority: str
    gen_time: datetime
    received_at: datetime

    @property
    def offset(self) -> timedelta:
        """How far the authority's clock is ahead of ours; the time on the way is part of it."""
        return self.gen_time - self.received_at


def disagreements(tokens: Iterable[TokenTime], skew: timedelta) -> list[tuple[TokenTime, TokenTime]]:
    """Every pair of tokens over one checkpoint whose authorities' clocks differ by more than `skew`, in the order of their ids."""
    ordered = sorted(tokens, key=lambda token: token.authority)
    return [(one, other) for one, other in combinations(ordered, 2) if abs(one.offset - other.offset) > skew]


def stated_skew() -> timedelta:
    """What two clocks may differ by."""
    return timedelta(seconds=settings.TIME_SKEW_S)


def tokens_over(size: int) -> list[TokenTime]:
    """The kept tokens over the checkpoint of `size`, in the order of their authorities' ids."""
    rows = Timestamp.objects.filter(size=size).order_by("authority").values_list("authority", "gen_time", "received_at")
    return [TokenTime(*row) for row in rows]


def asked_in_vain(size: int) -> tuple[str, ...]:
    """Ids, sorted, of the authorities that were asked to stamp the checkpoint of `size` and have not, or not yet."""
    rows = StampRequest.objects.filter(checkpoint__size=size).exclude(outcome=StampRequest.STAMPED)
    return tuple(rows.order_by("authority").values_list("authority", flat=True))


def disputed_authorities(size: int, tokens: Sequence[TokenTime]) -> tuple[str, ...]:
    """Ids, sorted, of the authorities that disagree about the time of the checkpoint of `size`, which bears `tokens`; () when none do.

    Among them are those whose token was not kept, because its time could not be, where another's token stands.
    """
    found = {token.authority for pair in disagreements(tokens, stated_skew()) for token in pair}
    stamped = {token.authority for token in tokens}
    for incident in Incident.objects.filter(code=TIMES_DISAGREE).select_related("end"):
        named = _named(incident)
        # Where both have stamped this checkpoint, their tokens have decided already.
        if len(named & stamped) == 1 and (incident.facts["size"] == size or _was_open(incident, min(each.received_at for each in tokens))):
            found |= named
    return tuple(sorted(found))


def compare_times(size: int, *, now: datetime) -> None:
    """Compare the tokens over a checkpoint after one was kept: open the incidents that they show, end those that are over.

    Whoever keeps a token calls it after the commit. Of two who keep one each at a moment, the later to commit sees both.
    """
    tokens, skew = tokens_over(size), stated_skew()
    apart = disagreements(tokens, skew)
    for one, other in apart:
        _open_dispute(size, one, other, now)
    for one, other in combinations(tokens, 2):
        if (one, other) not in apart:
            end_incident(TIMES_DISAGREE, _pair(one, other), how=f"they agree on the checkpoint of size {size}", now=now)
    for incident in Incident.objects.filter(code__in=(TIMES_DISAGREE, CLOCK_SKEWED), end=None):
        how = _over(incident, tokens, skew)
        if how is not None:
            end_incident(incident.code, incident.subject, how=how, now=now)


def weigh_refused(request: StampRequest, gen_time: datetime, *, others_to_be_heard: bool, now: datetime) -> None:
    """An authority's token was right in everything but its time: say whose clock is wrong, once that can be known.

    Where another's token stands that was given since this one was asked for, and is far from it, two authorities disagree and our clock is
    on the side of the other. Where none stands, and nobody is left to be heard first, our clock is the odd one out, or alone with this
    authority.
    """
    refused = TokenTime(request.authority, gen_time, now)
    against = [token for token in _given_since(request) if abs(token.offset - refused.offset) > stated_skew()]
    for token in against:
        one, other = sorted((token, refused), key=lambda each: each.authority)
        _open_dispute(request.checkpoint.size, one, other, now)
    if not against and not others_to_be_heard:
        open_incident(CLOCK_SKEWED, OWN_CLOCK, {
            "size": request.checkpoint.size, "authorities": request.authority, "times": format_time(gen_time),
            "our_times": format_time(now), "offset_s": int(refused.offset.total_seconds()),
        }, now=now)


def _given_since(request: StampRequest) -> list[TokenTime]:
    """The newest kept token of each other authority since the request was made, over whichever checkpoint."""
    rows = Timestamp.objects.filter(received_at__gte=request.requested_at).exclude(authority=request.authority).order_by("received_at")
    found = {row[0]: TokenTime(*row) for row in rows.values_list("authority", "gen_time", "received_at")}
    return [found[id_] for id_ in sorted(found)]


def _open_dispute(size: int, one: TokenTime, other: TokenTime, now: datetime) -> None:
    open_incident(TIMES_DISAGREE, _pair(one, other), {
        "size": size, "authorities": _pair(one, other), "times": f"{format_time(one.gen_time)} {format_time(other.gen_time)}",
        "our_times": f"{format_time(one.received_at)} {format_time(other.received_at)}", "skew_s": settings.TIME_SKEW_S,
    }, now=now)


def _pair(one: TokenTime, other: TokenTime) -> str:
    # No size in it: a clock that stays wrong is one incident, not one for every checkpoint.
    return f"{one.authority} {other.authority}"


def _named(incident: Incident) -> set[str]:
    return set(str(incident.facts["authorities"]).split())


def _was_open(incident: Incident, at: datetime) -> bool:
    return incident.opened_at <= at and (not hasattr(incident, "end") or at < incident.end.ended_at)


def _over(incident: Incident, tokens: Sequence[TokenTime], skew: timedelta) -> str | None:
    """How an open incident ended, None while it has not; what ends a dispute besides is that both agree on a later checkpoint."""
    gone = _named(incident) - {listed.id for listed in listed_authorities()}
    if gone:
        return f"{' '.join(sorted(gone))} is not asked any more"
    if incident.code == CLOCK_SKEWED:
        offset = timedelta(seconds=incident.facts["offset_s"])
        for token in tokens:
            # A kept token agrees with our clock. One that also agrees with what was refused shows nothing: it stands in between.
            if token.authority in _named(incident) or abs(token.offset - offset) > skew:
                return f"a token of {token.authority} agrees with our clock"
    return None
