"""Writes of `vault`: rows for originals that a deposit names, and the sweeper of those that none does."""
from collections.abc import Sequence
from datetime import datetime

from accounts.models import Organisation
from common.bulk import Insert
from vault.models import Cipher, StoredObject
from vault.search import blind_digests
from vault.uploads import StoredFile

COLUMNS = ("id", "organisation_id", "name", "cipher", "size_bytes", "sha256_hmac", "stored_at")


def stored_file_rows(organisation: Organisation, ids: Sequence[int], files: Sequence[StoredFile], *, now: datetime) -> Insert:
    """A row for each original that is already durable, under reserved ids; to be written in the deposit's transaction."""
    index = blind_digests(organisation.ref, [file.sha256 for file in files])
    rows = [
        (id_, organisation.pk, file.name, Cipher.TINK, file.size_bytes, blind, now)
        for id_, file, blind in zip(ids, files, index, strict=True)
    ]
    return Insert(StoredObject, COLUMNS, rows)
