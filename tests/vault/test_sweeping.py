"""The sweeper of orphans: it takes what nobody names and is older than a day, and nothing else, whatever happens beside it."""
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from common.object_store import TEMPORARY, FileObjectStore
from evidence.models import EvidenceFile
from tests.depositing import Post, client, document, key, organisation, post_deposit
from vault.models import StoredObject
from vault.storage import vault_store
from vault.sweeping import AT_ONCE, ORPHAN_AGE, sweep_orphans

__all__ = ["client", "key", "organisation", "post_deposit"]

LONG_AGO = timedelta(days=400)


@pytest.fixture
def store(service: str, var_dir: Path) -> FileObjectStore:
    store = vault_store()
    assert isinstance(store, FileObjectStore)
    return store


def put(store: FileObjectStore, name: str, *, age: timedelta) -> Path:
    store.put_new(name, [b"bytes"])
    return aged(store.root / name, age)


def aged(path: Path, age: timedelta) -> Path:
    moment = (datetime.now(UTC) - age).timestamp()
    os.utime(path, (moment, moment))
    return path


def test_an_orphan_older_than_a_day_is_deleted_and_a_younger_one_is_not(store: FileObjectStore) -> None:
    old = put(store, "org/aa/old", age=ORPHAN_AGE + timedelta(minutes=1))
    young = put(store, "org/aa/young", age=ORPHAN_AGE - timedelta(minutes=1))
    assert sweep_orphans(store, now=timezone.now()) == 1
    assert (old.exists(), young.exists()) == (False, True)


def test_an_original_that_a_row_names_is_never_deleted_however_old(store: FileObjectStore, post_deposit: Post) -> None:
    assert post_deposit(document(), b"evidence").status_code == 201
    [name] = StoredObject.objects.values_list("name", flat=True)
    aged(store.root / name, LONG_AGO)
    orphan = put(store, "org/bb/orphan", age=LONG_AGO)
    assert sweep_orphans(store, now=timezone.now()) == 1
    assert not orphan.exists()
    assert (store.root / name).stat().st_size > len(b"evidence")


def test_a_row_that_no_record_names_yet_protects_its_original_all_the_same(store: FileObjectStore, post_deposit: Post) -> None:
    assert post_deposit(document(), b"evidence").status_code == 201
    EvidenceFile.objects.update(stored_object=None, content_key=None)
    [name] = StoredObject.objects.values_list("name", flat=True)
    aged(store.root / name, LONG_AGO)
    assert sweep_orphans(store, now=timezone.now()) == 0
    assert (store.root / name).exists()


def test_what_interrupted_writes_left_behind_goes_after_a_day_and_not_before(store: FileObjectStore) -> None:
    folder = put(store, "org/cc/kept", age=timedelta(0)).parent
    for name in ("old", "young"):
        (folder / f"{TEMPORARY}{name}").write_bytes(b"half of a file")
    aged(folder / f"{TEMPORARY}old", ORPHAN_AGE + timedelta(minutes=1))
    assert sweep_orphans(store, now=timezone.now()) == 0
    assert sorted(path.name for path in folder.iterdir()) == [f"{TEMPORARY}young", "kept"]


def test_more_than_are_asked_for_at_once_are_all_swept(store: FileObjectStore) -> None:
    folder = put(store, "org/dd/first", age=LONG_AGO).parent
    for number in range(2 * AT_ONCE):
        (folder / str(number)).touch()
        aged(folder / str(number), LONG_AGO)
    assert sweep_orphans(store, now=timezone.now()) == 2 * AT_ONCE + 1
    assert list(store.list("")) == []


class Restless(FileObjectStore):
    """A store in which requests are refused, or committed, while the sweeper looks through it."""

    def list(self, prefix: str) -> Iterator[str]:
        for name in [*super().list(prefix)]:
            if name.endswith("discarded"):
                self.delete(name)
            yield name

    def stored_at(self, name: str) -> datetime:
        moment = super().stored_at(name)
        if name.endswith("committed"):
            first = StoredObject.objects.get()
            StoredObject.objects.create(
                organisation=first.organisation, name=name, size_bytes=5, sha256_hmac=bytes(32), stored_at=first.stored_at)
        return moment


def test_what_is_discarded_or_committed_beside_the_sweeper_is_left_alone(store: FileObjectStore, post_deposit: Post) -> None:
    assert post_deposit(document(), b"evidence").status_code == 201
    for name in ("discarded", "committed", "orphan"):
        put(store, f"org/ee/{name}", age=LONG_AGO)
    assert sweep_orphans(Restless(store.root), now=timezone.now()) == 1
    assert sorted(path.name for path in (store.root / "org/ee").iterdir()) == ["committed"]


def test_the_command_says_how_many_went(store: FileObjectStore, capsys: pytest.CaptureFixture[str]) -> None:
    put(store, "org/ff/orphan", age=LONG_AGO)
    call_command("sweep_orphans")
    assert "1 orphan" in capsys.readouterr().out


class Far(FileObjectStore):
    """A store that notes whether somebody keeps the database waiting while it is asked."""

    waited_for: list[bool]

    def delete(self, name: str) -> None:
        self.waited_for.append(connection.in_atomic_block)
        super().delete(name)


def test_no_transaction_is_open_while_a_store_deletes(store: FileObjectStore) -> None:
    put(store, "org/aa/old", age=LONG_AGO)
    far = Far(store.root)
    far.waited_for = []
    assert sweep_orphans(far, now=timezone.now()) == 1
    assert far.waited_for == [False]
