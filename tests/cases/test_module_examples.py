"""The examples in the docstrings of `cases` and of its cells hold."""
import doctest
from types import ModuleType

import pytest

from cases import fact_faults, masks
from cases.importing import xlsx_files
from cases.reckoning import days
from common import cells


@pytest.mark.parametrize("module", [days, cells, fact_faults, masks, xlsx_files], ids=lambda module: module.__name__)
def test_examples_give_what_they_say(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert (result.attempted > 0, result.failed) == (True, 0)
