"""How the trails of a deposit's records begin: ingested; captured, where a person hands in his own; digested, where the bytes came to us.

And how the trail of a record goes on that one of them supersedes. The rows of one batch say the same of every record but for whom it is
and which of these it was, so a digest is computed once for each kind of beginning: ten thousand records cost a handful. What this does not
do: write the first rows; the deposit's bulk insert does.
Source: formats A5 ("ingestion is the first row").
"""
from collections.abc import Iterator, Sequence
from datetime import datetime

from common.bulk import Value
from evidence.capture import Depositor
from evidence.custody import SELF, SYSTEM, Circumstances, CustodyAction, Happening, row_after
from evidence.drafts import SealedRecord
from evidence.trail import append_rows, append_with_retries, column_values, how_signed_in, request_at_hand


def first_rows(depositor: Depositor, records: Sequence[tuple[int, SealedRecord]], *, at: datetime) -> list[tuple[Value, ...]]:
    """The values of `evidence.trail.COLUMNS` for every row of these records, given by their ids, in the order of the records."""
    signed_in, request_id = how_signed_in(depositor.actor), request_at_hand()
    known: dict[tuple[str | None, bool, bool], list[tuple[Value, ...]]] = {}
    rows = []
    for id_, record in records:
        owner = record.owner.ref if record.owner is not None and depositor.entrusted else None
        beginning = (owner, _captured_by(depositor, record), any(file.stored is not None for file in record.draft.item.files))
        if beginning not in known:
            how = Circumstances(signed_in, depositor.role, owner, request_id)
            known[beginning] = list(_beginning(depositor, how, *beginning[1:], at=at))
        rows += [(id_, *row) for row in known[beginning]]
    return rows


def note_superseded(depositor: Depositor, records: Sequence[SealedRecord], *, at: datetime) -> None:
    """In the deposit's transaction: the trails of records that these declare deposited by mistake say so, and by which record."""
    how = Circumstances(how_signed_in(depositor.actor), depositor.role, request_id=request_at_hand())
    happenings = {
        each.draft.item.corrects.superseded_id: [Happening(
            CustodyAction.SUPERSEDED, depositor.actor, depositor.organisation.ref, how, purpose=each.draft.record)]
        for each in records if each.draft.item.corrects is not None}
    if happenings:
        append_with_retries(lambda: append_rows(happenings, at=at))


def _captured_by(depositor: Depositor, record: SealedRecord) -> bool:
    """Whether a person hands in what he captured himself. Of a machine's batch the provenance says it: a claim, and no event here."""
    told = record.draft.item.provenance
    return depositor.person_id is not None and (told.get("captured_from") or told.get("captured_until")) is not None


def _beginning(depositor: Depositor, how: Circumstances, captured: bool, digested: bool, *, at: datetime) -> Iterator[tuple[Value, ...]]:
    by = (depositor.actor, depositor.organisation.ref, how)
    happenings = [Happening(CustodyAction.INGESTED, *by)]
    if captured:
        happenings.append(Happening(CustodyAction.CAPTURED, *by))
    if digested:
        # Both digests are ours, computed while the bytes came in; of what the depositor keeps we have but his word.
        happenings.append(Happening(CustodyAction.DIGESTED, SYSTEM, SYSTEM, SELF))
    last = None
    for happening in happenings:
        last = row_after(last, happening, at=at)
        yield column_values(0, last)[1:]
