"""A lender's machine, a stranger's and an agency's, for tests of the case file; the cast, for tests of access."""
import pytest

from tests.cases.case_files import agencys_send, client, lender, send, strangers_send
from tests.cases.cast import Cast
from tests.cases.import_files import upload

__all__ = ["agencys_send", "cast", "client", "lender", "send", "strangers_send", "upload"]


@pytest.fixture
def cast(service: str) -> Cast:
    return Cast()
