"""The modules of the pure core from outside: what they drag in, and whether the examples in their docstrings are true."""
import doctest
import importlib
import json
import pkgutil
import subprocess
import sys

import pytest

import tlog

# What the witness program imports on other people's machines: the standard library and `cryptography`, nothing else.
LIGHT = [
    "errors", "digests", "encoding", "merkle", "tile_names", "bundles", "tiles", "tile_edge", "checkpoint", "verifier", "signer", "note",
    "policy", "proof", "fork", "report",
]  # fmt: skip
# The last two are parts of `cryptography`.
ALLOWED = {"tlog", "cryptography", "_cffi_backend", "_openssl"}
EVERY = [module.name for module in pkgutil.walk_packages(tlog.__path__, "tlog.") if not module.name.endswith("__main__")]

LOADED = """
import json, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"rfc8785", "pyasn1", "pyasn1_modules", "django", "rest_framework", "msgspec"}:
            raise ImportError(f"{name} is not there")

before = set(sys.modules)
sys.meta_path.insert(0, Refuse())
for name in sys.argv[1:]:
    __import__(name)
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""


def loaded_by(*modules: str) -> set[str]:
    """The top-level packages that a fresh interpreter loads for these modules, the standard library left out."""
    run = subprocess.run([sys.executable, "-c", LOADED, *modules], check=True, capture_output=True, text=True)
    return {*json.loads(run.stdout)} - sys.stdlib_module_names


def test_the_package_alone_loads_nothing() -> None:
    assert loaded_by("tlog") == {"tlog"}


def test_the_merkle_tree_loads_nothing_but_the_standard_library() -> None:
    assert loaded_by("tlog.merkle", "tlog.tiles", "tlog.tile_edge", "tlog.checkpoint", "tlog.report") == {"tlog"}


@pytest.mark.parametrize("module", LIGHT)
def test_a_light_module_loads_nothing_but_cryptography(module: str) -> None:
    assert loaded_by(f"tlog.{module}") <= ALLOWED


@pytest.mark.parametrize("module", EVERY)
def test_the_examples_in_the_docstrings_are_true(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module))
    assert result.failed == 0


@pytest.mark.parametrize("module", [name for name in LIGHT if name != "errors"])
def test_a_module_that_computes_shows_an_example(module: str) -> None:
    assert doctest.testmod(importlib.import_module(f"tlog.{module}")).attempted > 0
