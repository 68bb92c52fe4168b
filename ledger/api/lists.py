"""What `/log/timestamps` and `/log/incidents` say: enough for anyone to check each line against the log, without asking us again.

An incident's entry in the log commits to its statement, the statement to its claims: SHA-256(salt ‖ claim) stands in the statement,
SHA-256(statement) in the entry at `index`. Nothing in them is personal (`ledger.own_statements`). Source: formats A1, A2, A7.
"""
import base64

from ledger.models import Incident, OwnStatement
from ledger.own_statements import unpack_claims
from ledger.selectors import Place, log_state, places_of, published_note, stamps_of
from tlog.times import format_time


def timestamp_list() -> dict[str, object] | None:
    """The newest stamped checkpoint, as it was published, and its tokens; None while none is stamped."""
    size = log_state().stamped_size
    note = published_note(size) if size else None
    if note is None:
        return None
    return {
        "size": size, "checkpoint": note.decode(),
        "timestamps": [
            {"authority": stamp.authority, "gen_time": format_time(stamp.gen_time), "token": base64.b64encode(stamp.token).decode()}
            for stamp in stamps_of(size)],
    }


def incident_list() -> dict[str, object]:
    """`{"incidents": […]}`; `statement` and `end_statement` are null where the log took no entry any more, `ended_at` while it is open."""
    found = list(Incident.objects.select_related("statement", "end__statement").order_by("-opened_at", "-id"))
    ends = [incident.end if hasattr(incident, "end") else None for incident in found]
    statements = [own for own in (*(each.statement for each in found), *(end and end.statement for end in ends)) if own]
    places = places_of([own.ticket for own in statements])
    return {"incidents": [
        {
            "code": incident.code, "subject": incident.subject, "episode": incident.episode, "facts": incident.facts,
            "opened_at": format_time(incident.opened_at), "statement": _logged(incident.statement, places),
            "ended_at": end and format_time(end.ended_at), "how": end and end.how, "end_statement": _logged(end and end.statement, places),
        }
        for incident, end in zip(found, ends, strict=True)]}


def _logged(own: OwnStatement | None, places: dict[int, Place]) -> dict[str, object] | None:
    """A statement with its claims; `index` and `leaf_hash` are null until its entry is in the log."""
    if own is None:
        return None
    place = places.get(own.ticket)
    claims = [{"name": each.name, "claim": each.data.decode(), "salt": each.salt.hex()} for each in unpack_claims(bytes(own.claims))]
    return {
        "record": own.record, "statement": base64.b64encode(bytes(own.statement)).decode(), "claims": claims,
        "index": place and place.index, "leaf_hash": place and base64.b64encode(place.leaf_hash).decode(),
    }
