"""What every room shares, a closed list: errors and their HTTP form, the append-only guard, idempotency keys, job rows, bulk inserts,
failpoints, key files, failures, page texts and the object store. No domain rule lives here."""
