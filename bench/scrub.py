"""`python -m bench.scrub FOLDER MIB`: the scrub's digests of stored files against `hashlib.file_digest`, and with two workers; prints JSON.

A program of its own, because it needs the service's settings; no database is asked. All files lie in the page cache, on every side.
"""
import hashlib
import json
import os
import secrets
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from bench.figures import rates_in_turn  # noqa: E402 - Django first
from evidence.file_faults import Claim  # noqa: E402
from evidence.fixity import read_originals  # noqa: E402
from evidence.models import Evidence, EvidenceFile  # noqa: E402
from vault.models import Cipher, StoredObject  # noqa: E402
from vault.storage import vault_store  # noqa: E402

FILE_BYTES = 8 << 20


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2]) * (1 << 20) // FILE_BYTES
    claimed: list[tuple[EvidenceFile, Claim | str]] = []
    # A record from before encryption: what the vault's cipher costs is the download's figure.
    record = Evidence(record="CZ-bench", sealed_claims=b"clear")
    for number in range(count):
        data = secrets.token_bytes(FILE_BYTES)
        vault_store().put_new(f"bench/{number}", [data])
        kept = StoredObject(name=f"bench/{number}", cipher=Cipher.PLAIN)
        claimed.append((EvidenceFile(evidence=record, stored_object=kept), {"sha256": hashlib.sha256(data).hexdigest()}))
    size = count * FILE_BYTES

    def scrubbed(workers: int) -> int:
        assert read_originals(claimed, workers=workers) == [None] * count
        return size

    def digested() -> int:
        for number in range(count):
            with (folder / "vault" / "bench" / str(number)).open("rb") as file:
                hashlib.file_digest(file, "sha256")
        return size

    print(json.dumps(rates_in_turn(lambda: scrubbed(1), digested, lambda: scrubbed(2))))


if __name__ == "__main__":
    main()
