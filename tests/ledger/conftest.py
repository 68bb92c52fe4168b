"""Fixtures of the log's tests."""
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from common.object_store import FileObjectStore
from ledger.storage import log_store
from tests.databases import Template
from tests.depositing import client, key, organisation, post_deposit
from tests.ledger.authorities import two_authorities
from tests.ledger.backups import Backup, Restore

__all__ = ["client", "key", "organisation", "post_deposit", "two_authorities"]


@pytest.fixture
def store(service: str) -> FileObjectStore:
    """The log's storage."""
    found = log_store()
    assert isinstance(found, FileObjectStore)
    return found


@pytest.fixture
def backup(service: str, database_template: Template) -> "Callable[[], AbstractContextManager[None]]":
    """`with backup(): …` takes a copy of the database, runs the block, and restores the copy: what an operator does after a disaster."""
    return Backup(service, database_template)


@pytest.fixture
def keep(service: str, database_template: Template) -> "Callable[[], AbstractContextManager[Restore]]":
    """`with keep() as restore: …` takes a copy of the database, and `restore()` puts it back, as often as it is called."""
    return Backup(service, database_template).keep
