"""Tests of PostgreSQL's policies, and the ordinary tests of requests made once more by the web's role."""
import os
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.web_role import requests_as, web_role

# SQLite has no row-level security.
collect_ignore = [] if os.environ.get("DATABASE_URL") else ["test_gates.py", "test_policies.py", "test_requests.py"]


@pytest.fixture
def web(database: str) -> Iterator[str]:
    """The name of the web's role on this test's database."""
    with web_role(database) as name:
        yield name


@pytest.fixture
def requests_by_web(web: str, settings: Settings) -> None:
    requests_as(web, settings)
