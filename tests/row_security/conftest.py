"""Tests of PostgreSQL's policies. All other tests make their requests under them too, when they run on PostgreSQL (`tests.web_role`)."""
import os

import pytest

from tests.databases import Template

# SQLite has no row-level security.
collect_ignore = [] if os.environ.get("DATABASE_URL") else ["test_every_table.py", "test_gates.py", "test_policies.py", "test_starting.py"]


@pytest.fixture
def web(database: str, database_template: Template) -> str:
    """The name of the web's role."""
    return database_template.web
