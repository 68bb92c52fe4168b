"""A record's own proof and timestamps, from the ledger."""
import base64
from collections.abc import Sequence

from evidence.models import Evidence
from evidence.stamps import stamp_of
from ledger.errors import RecordNotPublished
from ledger.proofs import RecordProof, record_proof
from ledger.selectors import log_state, places_of
from tlog.times import format_time


def proof_of(record: Evidence) -> RecordProof:
    """The proof against the first stamped checkpoint that covers the record; before there is one, against the first published.

    Raises RecordNotPublished.
    """
    place = places_of([record.ticket]).get(record.ticket)
    if place is None:
        raise RecordNotPublished
    return record_proof(place.index)


def check_published(records: Sequence[Evidence]) -> None:
    """Two queries for however many records. Raises RecordNotPublished when one of them is in no published checkpoint yet."""
    places, size = places_of([record.ticket for record in records]), log_state().published_size
    if any(record.ticket not in places or places[record.ticket].index >= size for record in records):
        raise RecordNotPublished(retry_after_s=1)


def timestamps_of(record: Evidence) -> dict[str, object]:
    """The checkpoint of the record's proof and its tokens, and the record's own token if it has one. Raises RecordNotPublished."""
    proof, own = proof_of(record), stamp_of(record)
    return {
        "record": record.record,
        "checkpoint": proof.note.decode(),
        "timestamps": [
            {"authority": stamp.authority, "gen_time": format_time(stamp.gen_time), "token": base64.b64encode(stamp.token).decode()}
            for stamp in proof.stamps
        ],
        "record_timestamps": [] if own is None else [
            {"authority": own.authority, "gen_time": format_time(own.gen_time), "token": base64.b64encode(bytes(own.token)).decode()}],
    }
