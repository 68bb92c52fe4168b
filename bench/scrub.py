"""`python -m bench.scrub FOLDER MIB`: the scrub of encrypted originals against `hashlib.file_digest` of the same stored files; prints JSON.

Rates of one process, of that digest, of two processes with half of the originals each, and of two threads as `manage.py scrub --workers 2`
has them. Originals lie as a deposit leaves them: encrypted, each with a key of its own, sealed under its record's. A program of its own,
because it needs the service's settings; no database is asked. All files lie in the page cache, on every side.
"""
import hashlib
import json
import multiprocessing
import os
import secrets
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from bench.figures import rates_in_turn  # noqa: E402 - Django first
from evidence.drafts import content_place  # noqa: E402
from evidence.file_faults import Claim  # noqa: E402
from evidence.fixity import read_originals  # noqa: E402
from evidence.models import Evidence, EvidenceFile  # noqa: E402
from vault.keys import key_provider  # noqa: E402
from vault.models import Cipher, StoredObject  # noqa: E402
from vault.sealing import fresh_key, seal  # noqa: E402
from vault.storage import vault_store  # noqa: E402
from vault.uploads import store_upload  # noqa: E402

FILE_BYTES = 8 << 20
OWNER = "0" * 32
Claimed = list[tuple[EvidenceFile, Claim | str]]


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2]) * (1 << 20) // FILE_BYTES
    claimed = [deposited(f"CZ-bench-{number}") for number in range(count)]
    paths = [folder / "vault" / str(row.stored_object) for row, _claim in claimed]
    size = count * FILE_BYTES
    # Spawned, as two workers of the service are: nothing is shared with this process but the files.
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:

        def scrubbed(workers: int) -> int:
            assert read_originals(claimed, workers=workers) == [None] * count
            return size

        def digested() -> int:
            for path in paths:
                with path.open("rb") as file:
                    hashlib.file_digest(file, "sha256")
            return size

        def halved() -> int:
            assert sum(pool.map(faults_in, (claimed[::2], claimed[1::2]))) == 0
            return size

        print(json.dumps(rates_in_turn(lambda: scrubbed(1), digested, halved, lambda: scrubbed(2))))


def deposited(record_number: str) -> tuple[EvidenceFile, Claim]:
    """A record with one original in the vault, and what its claim would say of it."""
    stored, key = store_upload(vault_store(), OWNER, [secrets.token_bytes(FILE_BYTES)]), fresh_key()
    [wrapped] = key_provider().wrap(OWNER, [(key, record_number)])
    record = Evidence(record=record_number, sealed_claims=b"sealed", wrapped_key=wrapped)
    row = EvidenceFile(
        evidence=record, position=1, stored_object=StoredObject(name=stored.name, cipher=Cipher.TINK),
        content_key=seal(stored.content_key, key, content_place(record_number, 1)))
    return row, {"sha256": stored.sha256.hex()}


def faults_in(claimed: Claimed) -> int:
    """In a process of its own: how many of these originals are not what their claims say."""
    return sum(fault is not None for fault in read_originals(claimed, workers=1))


if __name__ == "__main__":
    main()
