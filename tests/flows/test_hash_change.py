"""The day on which SHA-256 weakens, on a package: the tree is built anew over the entry bundles with another hash, and below it SM3 holds.

What is needed is what everybody has: the bundles and the package. No original and no row is read. A file whose `sm3` its depositor never
stated hangs on SHA-256 alone, and is named as not covered. Source: formats A7, docs/adr/0001.
"""
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from accounts.models import Organisation
from accounts.services import issue_api_key
from common.object_store import FileObjectStore
from evidence.capture import DepositItem, Depositor, FileItem
from evidence.models import Evidence
from evidence.packages.archive import stream_package
from evidence.packages.assembly import gather_package
from evidence.services import deposit
from ledger.selectors import published_note
from ledger.storage import read_entries
from sandbox.tsa.server import TimestampServer
from tests.depositing import organisation
from tests.ledger import logs
from tests.ledger.conftest import store
from tlog.checkpoint import parse_checkpoint
from tlog.claims import file_name
from tlog.digests import sm3
from tlog.entry import parse_entry
from tlog.note import split_note
from tlog.proof import parse_proof
from tlog.tiles import TILE_WIDTH
from vault.storage import vault_store
from vault.uploads import store_upload

__all__ = ["organisation", "store"]

Digest = Callable[[bytes], bytes]
OTHERS = 300
"""Entries of other records, so that there is more than one bundle."""


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def sha3(data: bytes) -> bytes:
    return hashlib.sha3_256(data).digest()


def root_of(entries: Sequence[bytes], digest: Digest) -> bytes:
    """RFC 6962 section 2.1, for any hash."""
    if len(entries) == 1:
        return digest(b"\x00" + entries[0])
    half = 1 << (len(entries) - 1).bit_length() - 1
    return digest(b"\x01" + root_of(entries[:half], digest) + root_of(entries[half:], digest))


def path_to(index: int, entries: Sequence[bytes], digest: Digest) -> list[bytes]:
    if len(entries) == 1:
        return []
    half = 1 << (len(entries) - 1).bit_length() - 1
    if index < half:
        return [*path_to(index, entries[:half], digest), root_of(entries[half:], digest)]
    return [*path_to(index - half, entries[half:], digest), root_of(entries[:half], digest)]


def climbed(index: int, size: int, entry: bytes, path: Sequence[bytes], digest: Digest) -> bytes:
    """The root to which the path of an entry leads."""
    if size == 1:
        return digest(b"\x00" + entry)
    half = 1 << (size - 1).bit_length() - 1
    if index < half:
        return digest(b"\x01" + climbed(index, half, entry, path[:-1], digest) + path[-1])
    return digest(b"\x01" + path[-1] + climbed(index - half, size - half, entry, path[:-1], digest))


@dataclass(frozen=True, slots=True)
class Tree:
    """The tree by the new hash: its root is what is stamped from now on, its paths are what packages carry besides."""

    root: bytes
    size: int
    paths: Mapping[int, list[bytes]]


@dataclass(frozen=True, slots=True)
class Opened:
    """A package's members by name."""

    members: Mapping[str, bytes]

    @property
    def records(self) -> list[str]:
        return list(json.loads(self.members["package.json"])["records"])

    def index(self, record: str) -> int:
        return parse_proof(self.members[f"records/{record}/proof.tlog-proof"]).index

    def not_covered(self, record: str, tree: Tree) -> Iterator[str]:
        """The files that no SM3 binds; AssertionError when anything on the way from the new root down to a file does not hold."""
        base, index = f"records/{record}/", self.index(record)
        entry, statement = self.members[f"{base}entry.txt"], self.members[f"{base}statement.json"]
        assert climbed(index, tree.size, entry, tree.paths[index], sha3) == tree.root
        assert parse_entry(entry).sm3 == sm3(statement), "the entry commits to another statement"
        for row in json.loads(statement)["claims"]:
            stem = f"{base}claims/{file_name(row['name'])}"
            claim = self.members[f"{stem}.json"]
            assert sm3(self.members[f"{stem}.salt"] + claim).hex() == row["sm3"], "the statement lists another claim"
            if row["name"].startswith("files/"):
                yield from self._file(json.loads(claim)["value"])

    def _file(self, said: Mapping[str, str | None]) -> Iterator[str]:
        name = str(said["name"])
        if said["sm3"] is None:
            yield name
        elif said["custody"] == "vault":
            [original] = [data for path, data in self.members.items() if path.startswith("evidence/") and path.endswith(f"/{name}")]
            assert sm3(original).hex() == said["sm3"], "the claim is of another file"


def item(name: str, data: bytes, organisation: Organisation, *, kept_by_us: bool, with_sm3: bool = True) -> DepositItem:
    stored = store_upload(vault_store(), organisation.ref, [data]) if kept_by_us else None
    stated = sm3(data).hex() if with_sm3 else None
    return DepositItem("LN-1", "sms", name, (FileItem(name, "text/plain", len(data), sha256(data).hex(), stated, stored),))


@pytest.fixture
def package(store: FileObjectStore, organisation: Organisation, authority: TimestampServer, stamp: Callable[[], None]) -> Opened:
    """A case of three records among many entries of others: one file is ours, and of two that the depositor keeps one has no SM3."""
    log = logs.sequencer()
    logs.grow(log, 0, OTHERS)
    now = log.clock()
    key, _ = issue_api_key(organisation, label="test", now=now, valid_for=timedelta(days=1))
    deposit(Depositor(organisation, key.pk), [
        item("ours.txt", b"ours", organisation, kept_by_us=True),
        item("kept.txt", b"kept", organisation, kept_by_us=False),
        item("kept-without.txt", b"kept", organisation, kept_by_us=False, with_sm3=False),
    ], now=now)
    stamp()
    contents = gather_package(list(Evidence.objects.order_by("case_sequence")), scope="case", now=now)
    return opened(b"".join(stream_package(contents, stamp=lambda _digest: None)))


def opened(data: bytes) -> Opened:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return Opened({name: archive.read(name) for name in archive.namelist()})


def entries_of(bundles: FileObjectStore, size: int) -> list[bytes]:
    """Every entry of the log, from its public bundles alone."""
    widths = [min(TILE_WIDTH, size - start) for start in range(0, size, TILE_WIDTH)]
    return [entry for index, width in enumerate(widths) for entry in read_entries(bundles, index, width)]


def rebuilt(bundles: FileObjectStore, indices: Sequence[int]) -> Tree:
    """The new tree, over just what the published checkpoint covers: while SHA-256 still stands, that is compared once and for all."""
    note = published_note()
    assert note is not None
    point = parse_checkpoint(split_note(note)[0])
    entries = entries_of(bundles, point.size)
    assert root_of(entries, sha256) == point.root
    return Tree(root_of(entries, sha3), len(entries), {index: path_to(index, entries, sha3) for index in indices})


def test_a_package_holds_under_a_new_hash_without_its_originals_and_names_what_does_not(
    store: FileObjectStore, package: Opened, var_dir: Path
) -> None:
    shutil.rmtree(var_dir / "vault")
    tree = rebuilt(store, [package.index(record) for record in package.records])
    assert tree.size > TILE_WIDTH
    assert [list(package.not_covered(record, tree)) for record in package.records] == [[], [], ["kept-without.txt"]]


@pytest.mark.parametrize(("member", "broken"), [
    ("statement.json", "the entry commits to another statement"), ("claims/files-1.json", "the statement lists another claim"),
    ("claims/files-1.salt", "the statement lists another claim"), ("ours.txt", "the claim is of another file"),
])
def test_what_collides_under_the_old_hash_does_not_hold(store: FileObjectStore, package: Opened, member: str, broken: str) -> None:
    """Nobody looks at SHA-256 here: whatever it would let pass differs in SM3."""
    record = package.records[0]
    tree = rebuilt(store, [package.index(record)])
    [name] = [path for path in package.members if path.endswith(f"/{member}") and (record in path or path.startswith("evidence/"))]
    forged = Opened({**package.members, name: package.members[name].replace(b"o", b"0", 1) if b"o" in package.members[name] else bytes(32)})
    with pytest.raises(AssertionError, match=broken):
        list(forged.not_covered(record, tree))
