"""The folder of a stamped checkpoint as a package carries it, read from rows: what a renewal lists, and what packages write.

    checkpoint · <tsa>.tst · <tsa>.crl · <tsa>.ocsp · renewal-<k>.txt · renewal-<k>.json · renewal-<k>.tst

Once renewed, a folder is closed: whatever row came after its newest renewal is not in it, because that list would be false then.
The paths of a renewal are computed from all of its lists; the tree over them never changes and is kept in memory, 64 bytes a list.
Source: formats A5, A7.
"""
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from django.db import connection

from ledger.models import ArchivedRevocation, PublishedCheckpoint, RenewedCheckpoint, StampRequest, Timestamp
from ledger.stamping import authority_ids
from tlog.examination.manifest import parse_sums
from tlog.renewal import ListTree, format_path, leaf_hash

PAGE = 500


class Layer(NamedTuple):
    """One token of the newest signatures over a folder, and who gave it."""

    authority: str
    token: bytes


@dataclass(frozen=True, slots=True)
class Folder:
    """A stamped checkpoint: its files by name (`checkpoint.txt` aside), its renewals so far, and its newest layer.

    `first_stamped_at` is the latest time of its own tokens, `stamped_at` that of the newest layer.
    """

    checkpoint: int
    files: dict[str, bytes]
    renewals: int
    layer: tuple[Layer, ...]
    first_stamped_at: datetime
    stamped_at: datetime

    def authorities(self) -> list[str]:
        """Whose tokens stand in the folder."""
        return sorted(name.removesuffix(".tst") for name in self.files if name.endswith(".tst") and not name.startswith("renewal-"))


def read_folders(checkpoint_ids: Sequence[int]) -> Iterator[Folder]:
    """The folders of stamped checkpoints in the order of the ids, a page at a time."""
    for at in range(0, len(checkpoint_ids), PAGE):
        yield from _read_page(checkpoint_ids[at:at + PAGE])


def folder_of(size: int) -> Folder | None:
    """The folder of the published checkpoint of `size`; None while it is not stamped."""
    found = PublishedCheckpoint.objects.filter(size=size).values_list("pk", flat=True).first()
    return next(_read_page([found]), None) if found is not None else None


def missing_authorities(folder: Folder) -> list[str]:
    """The configured authorities whose token a checkpoint lacks; one that was asked for the first time later lacks nothing."""
    there, database = folder.authorities(), str(connection.settings_dict["NAME"])
    return [id_ for id_ in authority_ids() if id_ not in there and _was_asked(database, id_, folder.first_stamped_at)]


def _was_asked(database: str, authority_id: str, by: datetime) -> bool:
    try:
        return _first_asked_at(database, authority_id) <= by
    except LookupError:
        return False


@lru_cache(maxsize=64)
def _first_asked_at(_database: str, authority_id: str) -> datetime:
    """When an authority was asked for the first time ever, which never changes. Raises LookupError, which is not kept, before that."""
    first = StampRequest.objects.filter(authority=authority_id).order_by("pk").values_list("requested_at", flat=True).first()
    if first is None:
        raise LookupError(authority_id)
    return first


def _read_page(ids: Sequence[int]) -> Iterator[Folder]:
    notes = dict(PublishedCheckpoint.objects.filter(pk__in=ids).values_list("pk", "note"))
    stamps = _stamps(ids)
    revocations = _revocations(ids)
    renewals = _renewals(ids)
    for id_ in ids:
        if stamps[id_]:
            files = {"checkpoint": bytes(notes[id_]), **{f"{stamp.authority}.tst": bytes(stamp.token) for stamp in stamps[id_]}}
            yield _folder(id_, files | revocations[id_], stamps[id_], renewals[id_])


def _folder(id_: int, files: dict[str, bytes], stamps: Sequence[Timestamp], renewals: Sequence[RenewedCheckpoint]) -> Folder:
    first = max(stamp.gen_time for stamp in stamps)
    if not renewals:
        return Folder(id_, files, 0, tuple(Layer(stamp.authority, bytes(stamp.token)) for stamp in stamps), first, first)
    listed = parse_sums(bytes(renewals[-1].list_text))
    files = {name: data for name, data in files.items() if name in listed}
    for row in renewals:
        files |= renewal_files(row, list_tree(str(connection.settings_dict["NAME"]), row.renewal_id))
    newest = renewals[-1].renewal
    return Folder(id_, files, len(renewals), (Layer(newest.authority, bytes(newest.token)),), first, newest.gen_time)


def renewal_files(row: RenewedCheckpoint, tree: ListTree) -> dict[str, bytes]:
    """The three files of one renewal of one checkpoint; `tree` is over all lists of that renewal."""
    name = f"renewal-{row.number}"
    return {
        f"{name}.txt": bytes(row.list_text), f"{name}.json": format_path(row.position, tree.size, tree.path(row.position)),
        f"{name}.tst": bytes(row.renewal.token),
    }


@lru_cache(maxsize=8)
def list_tree(_database: str, renewal_id: int) -> ListTree:
    """The tree over all lists of one renewal; the rows never change, so neither does it."""
    return read_list_tree(renewal_id)


def read_list_tree(renewal_id: int) -> ListTree:
    """The same from the rows as they are now, for whoever doubts that they never change."""
    rows = RenewedCheckpoint.objects.filter(renewal=renewal_id).order_by("position").values_list("list_text", flat=True)
    return ListTree(leaf_hash(bytes(text)) for text in rows.iterator(chunk_size=PAGE))


def _stamps(ids: Collection[int]) -> dict[int, list[Timestamp]]:
    found = defaultdict[int, list[Timestamp]](list)
    for stamp in Timestamp.objects.filter(checkpoint__in=ids).order_by("authority"):
        found[stamp.checkpoint_id].append(stamp)
    return found


def _revocations(ids: Collection[int]) -> dict[int, dict[str, bytes]]:
    found = defaultdict[int, dict[str, bytes]](dict)
    rows = ArchivedRevocation.objects.filter(timestamp__checkpoint__in=ids)
    for id_, authority, form, data in rows.values_list("timestamp__checkpoint", "timestamp__authority", "form", "data"):
        found[id_][f"{authority}.{form}"] = bytes(data)
    return found


def _renewals(ids: Collection[int]) -> dict[int, list[RenewedCheckpoint]]:
    found = defaultdict[int, list[RenewedCheckpoint]](list)
    for row in RenewedCheckpoint.objects.filter(checkpoint__in=ids).select_related("renewal").order_by("number"):
        found[row.checkpoint_id].append(row)
    return found
