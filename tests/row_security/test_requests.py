"""The tests of requests once more, now made by the role that row-level security binds: what works for the owner works for the web."""
import pytest

from tests.test_isolation import *


@pytest.fixture(autouse=True)
def under_the_policies(requests_by_web: None) -> None:
    """Every request of these tests."""
