"""Every test of people begins with nobody having failed."""
from collections.abc import Iterator

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def nobody_failed_yet() -> Iterator[None]:
    """Counts of failed attempts live in the cache of this process."""
    cache.clear()
    yield
    cache.clear()
