"""How the trails of a deposit's records begin: ingested; captured, where a person hands in his own; digested, where the bytes came to us.

And how the trail of a record goes on that one of them supersedes or replaces. The rows of one batch say the same of every record but for
whom it is and which of these it was, so a digest is computed once for each kind of beginning: ten thousand records cost a handful. What
this does not do: write the first rows; the deposit's bulk insert does.
Source: formats A5 ("ingestion is the first row").
"""
from collections.abc import Iterator, Sequence
from datetime import datetime

from common.bulk import Value
from evidence.capture import Depositor
from evidence.custody import SELF, SYSTEM, Circumstances, CustodyAction, Happening, row_after
from evidence.drafts import SealedRecord
from evidence.models import Evidence, Relation
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
    """In the deposit's transaction: the trails of records that these declare deposited by mistake or replaced say so, and by which record.

    As everywhere an agency's record replaces what it deposited itself, and nothing of the lender's or of another agency.
    """
    how = Circumstances(how_signed_in(depositor.actor), depositor.role, request_id=request_at_hand())
    happenings: dict[int, list[Happening]] = {}
    for id_, number in _superseded(depositor, records):
        happenings.setdefault(id_, []).append(
            Happening(CustodyAction.SUPERSEDED, depositor.actor, depositor.organisation.ref, how, purpose=number))
    if happenings:
        append_with_retries(lambda: append_rows(happenings, at=at))


def _superseded(depositor: Depositor, records: Sequence[SealedRecord]) -> Iterator[tuple[int, str]]:
    """Ids of records that stood until now, each with the number of the one that is to stand for it or says that it does not."""
    for each in records:
        if each.draft.item.corrects is not None:
            yield each.draft.item.corrects.superseded_id, each.draft.record
    said = [(row, each.draft.record) for each in records for row in each.draft.item.related if row.relation == Relation.Kind.REPLACES]
    named = {id_ for row, _number in said for id_ in (row.target_id, row.source_id) if id_ is not None}
    known = {id_: (number, by) for id_, number, by in Evidence.objects.filter(pk__in=named).values_list("pk", "record", "deposited_by")}
    own = depositor.organisation.pk if depositor.entrusted else None
    for row, number in said:
        source, by = (number, own) if row.source_id is None else known[row.source_id]
        if by in (None, known[row.target_id][1]):
            yield row.target_id, source


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
