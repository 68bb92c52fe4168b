"""The examples in the docstrings of the pure core run, and give what they say."""

import doctest
import importlib
import pkgutil

import pytest

import tlog

MODULES = [module.name for module in pkgutil.walk_packages(tlog.__path__, "tlog.") if module.name != "tlog.__main__"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_say(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_modules_of_formats_have_examples() -> None:
    formats = ["canonical", "claims", "entry", "receipt", "record_number", "statement", "times"]
    silent = [name for name in formats if not doctest.testmod(importlib.import_module(f"tlog.{name}")).attempted]
    assert silent == []
