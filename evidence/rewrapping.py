"""Wrap again, under an organisation's present key, what its older keys wrapped: records, and the operator's papers. No content is touched.

Compare-and-swap row by row, so that it can be ended and begun again, beside deposits and other runs. A deposit that had begun when the key
was changed may be committed long after, wrapped under the older one: it is waited for, before the rows are looked at. An older key may be
destroyed only when nothing here or in a kept backup is wrapped under it. Source: threats 2.2; NIST SP 800-57 5.3.5.
"""
from collections.abc import Iterator

from django.db import connection, transaction

from accounts.models import Organisation
from common.failpoints import reached
from common.row_pages import in_pages
from evidence.models import ApplicationPaper, Evidence
from vault.keys import key_provider
from vault.wrapping import id_in

CHUNK = 500


def wait_for_deposits() -> None:
    """Until every deposit that began before this is committed or gone; those that come meanwhile wait for that moment.

    A deposit holds its cases before it wraps a key, and until its commit; whatever else wraps calls `hold_for_wrapping`. Raises
    OperationalError when one lasts longer than a lock may be waited for.
    """
    with transaction.atomic():
        # On SQLite the transaction is itself the only one that writes.
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE cases_case IN EXCLUSIVE MODE")


def hold_for_wrapping() -> None:
    """In a transaction, before a key is wrapped that is no deposit's: until its end `wait_for_deposits` waits for it, too."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # What a deposit's lock on its case holds of the table, without a case.
            cursor.execute("LOCK TABLE cases_case IN ROW SHARE MODE")


def rewrap(organisation: Organisation) -> int:
    """How many keys were wrapped again; all of the organisation's that an older key had wrapped. Raises KeyUnavailable, SealBroken."""
    provider = key_provider()
    present, count = provider.present_id(organisation.ref), 0
    for row, belongs_to in _wrapped(organisation):
        old = bytes(row.wrapped_key or b"")
        if id_in(old) == present:
            continue
        [fresh] = provider.wrap(organisation.ref, [(provider.unwrap(old, belongs_to), belongs_to)])
        # Whoever was first had a reason: another run, or an erasure.
        count += type(row)._default_manager.filter(pk=row.pk, wrapped_key=old).update(wrapped_key=fresh)
        reached("evidence.key-rewrapped")
    return count


def still_wrapped_by_older_keys(organisation: Organisation) -> set[bytes]:
    """Ids of older keys that some row of the organisation still needs."""
    present = key_provider().present_id(organisation.ref)
    return {id_in(bytes(row.wrapped_key or b"")) for row, _ in _wrapped(organisation)} - {present or b""}


def _wrapped(organisation: Organisation) -> Iterator[tuple[Evidence | ApplicationPaper, str]]:
    records = Evidence.objects.filter(organisation=organisation, wrapped_key__isnull=False).only("pk", "record", "wrapped_key")
    for record in in_pages(records, size=CHUNK):
        yield record, record.record
    papers = ApplicationPaper.objects.filter(stored_object__organisation=organisation, wrapped_key__isnull=False)
    for paper in in_pages(papers.select_related("stored_object"), size=CHUNK):
        yield paper, paper.stored_object.name
