"""The sweeper of orphans: originals that were stored for a deposit which never came about, and second copies of what was erased.

Only names older than a day that no row names, and the row is looked for again just before the deletion.
Damaged bytes that were put aside stay as long as the row of what they were.
Source: design.md §3 "Order of durable writes (deposit)".
"""
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from common.object_store import ObjectStore
from vault.models import StoredObject
from vault.storage import copy_store, owner_of, vault_store

logger = logging.getLogger(__name__)

ORPHAN_AGE = timedelta(days=1)
AT_ONCE = 500


def sweep_orphans(store: ObjectStore, *, now: datetime) -> int:
    """Delete what no deposit names and is older than a day; the number of originals deleted."""
    limit, count, names = now - ORPHAN_AGE, 0, store.list("")
    while some := list(islice(names, AT_ONCE)):
        count += sum(_delete_orphan(store, name) for name in _unnamed(some) if _is_older(store, name, limit))
    leftovers = store.clear_leftovers(limit)
    if count or leftovers:
        logger.info("swept %s orphans and %s leftovers", count, leftovers)
    return count


def sweep_stores(*, now: datetime) -> int:
    """`sweep_orphans` of the originals, and then of their second copies where any are kept."""
    return sum(sweep_orphans(store, now=now) for store in (vault_store(), copy_store()) if store is not None)


def _unnamed(names: list[str]) -> Iterator[str]:
    known = set(StoredObject.objects.filter(name__in={owner_of(name) for name in names}).values_list("name", flat=True))
    return (name for name in names if owner_of(name) not in known)


def _is_older(store: ObjectStore, name: str, limit: datetime) -> bool:
    try:
        return store.stored_at(name) < limit
    except FileNotFoundError:  # a request that was refused has just removed what it had stored
        return False


def _delete_orphan(store: ObjectStore, name: str) -> bool:
    # A deposit of a day ago could still be waiting for its transaction only if its request had lasted a day. No transaction of ours is open
    # while the store is asked: it may be far away, and everything that writes would wait.
    if StoredObject.objects.filter(name=owner_of(name)).exists():
        return False
    store.delete(name)
    return True
