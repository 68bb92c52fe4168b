"""`catalogue.csv` (证据目录): the list of exhibits that a court asks for, compared with what is really in the package.

What it is for: a catalogue is read by people, and one that gives another digest or size than the file has would mislead them.

What it does not do: judge what the columns `title`, `source` and `proves` say. Those are the party's words.

Source: formats of this project, A5; provisions on evidence in civil procedure, article 19 (numbered, classified evidence).
"""

from collections.abc import Collection, Mapping

from tlog.errors import VerificationError
from tlog.examination.exceptions import parse_csv
from tlog.examination.manifest import Digest

COLUMNS = (
    "exhibit", "record", "title", "kind", "file", "media_type", "size_bytes", "sha256", "sm3", "source", "proves", "pages", "deposited_at",
)  # fmt: skip
_RECORD, _FILE, _SIZE, _SHA256, _SM3 = (COLUMNS.index(name) for name in ("record", "file", "size_bytes", "sha256", "sm3"))


def verify_catalogue(data: bytes, records: Collection[str], digests: Mapping[str, Digest]) -> int:
    """Check the catalogue's columns, records and digests; returns the number of its rows.

    Raises:
        VerificationError: not such a table, a row of a record that is not here, or another digest or size than a file has.
    """
    count = 0
    for row in parse_csv(data, COLUMNS):
        count += 1
        if row[_RECORD] not in records:
            raise VerificationError(f"a row of {row[_RECORD][:40]!r}, which is not in the package")
        digest = digests.get(row[_FILE])
        if digest is None:
            continue
        stated = (row[_SIZE], row[_SHA256], row[_SM3])
        actual = (str(digest.size_bytes), digest.sha256.hex(), digest.sm3.hex() if digest.sm3 else "")
        # A depositor may state no SM3; then the catalogue has none either.
        if any(one not in ("", other) for one, other in zip(stated, actual, strict=True)):
            raise VerificationError(f"{row[_FILE][:80]!r} has another size or digest than its row")
    return count
