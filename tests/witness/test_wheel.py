"""The witness as a wheel: built as `make wheel` does, installed where nothing is but cryptography, and run from there."""
import hashlib
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.databases import ROOT
from tests.witness.logs import served
from tests.witness.places import LOG, Place

PACKAGING = ROOT / "witness" / "packaging"


def pinned() -> dict[str, str]:
    """Name and version of each package that `requirements.txt` of the witness installs."""
    words = [line.split()[0].split("==") for line in (PACKAGING / "requirements.txt").read_text().splitlines() if "==" in line]
    return dict(words)


def built(folder: Path) -> Path:
    words = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(words, cwd=PACKAGING, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The python of a fresh environment with the wheel; the pinned packages are linked into it, because no test asks the network."""
    folder = tmp_path_factory.mktemp("elsewhere") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    [packages] = folder.glob("lib/python*/site-packages")
    for name in pinned():
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            (packages / top).symlink_to(Path(str(found.locate_file(top))))
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    subprocess.run([*pip, "install", "--quiet", "--no-index", "--no-deps", str(wheel)], check=True)
    subprocess.run([*pip, "check"], check=True, stdout=subprocess.DEVNULL)
    return python


@pytest.fixture
def away(elsewhere: Path, tmp_path: Path) -> Iterator[Place]:
    """A witness made by that python, in a folder from which the checkout cannot be seen."""
    with served({"/checkpoint": LOG.checkpoint(5)}) as url:
        place = Place(tmp_path / "witness", url, python=str(elsewhere), home=tmp_path)
        yield place
        if place.process is not None:
            place.stop()


def test_it_holds_the_two_packages_and_the_licence_and_no_more(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        [metadata] = [archive.read(name).decode() for name in names if name.endswith("/METADATA")]
        [licence] = [archive.read(name) for name in names if name.endswith(".dist-info/licenses/LICENSE")]
    modules = {path.relative_to(ROOT).as_posix() for room in ("tlog", "witness") for path in (ROOT / room).rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == modules
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"tlog", "witness"}
    assert not any("__pycache__" in name or name.endswith(".key") for name in names)
    assert licence == (ROOT / "LICENSE").read_bytes()
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert needed == ["Requires-Dist: cryptography>=50"]
    assert "License-Expression: Apache-2.0" in metadata
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert f"Version: {tomllib.load(file)['project']['version']}\n" in metadata


def test_the_same_checkout_gives_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    assert hashlib.sha256(built(tmp_path).read_bytes()).digest() == hashlib.sha256(wheel.read_bytes()).digest()


def test_what_is_installed_beside_it_is_pinned_as_the_service_pins_it() -> None:
    text = (ROOT / "requirements.txt").read_text()
    assert "cryptography" in pinned()
    assert all(f"\n{name}=={version} " in text for name, version in pinned().items())
    assert "--hash=sha256:" in (PACKAGING / "requirements.txt").read_text()


def test_it_witnesses_from_the_wheel_with_cryptography_alone(away: Place, elsewhere: Path) -> None:
    loaded = "import witness.__main__ as program, sys; print(program.__file__, *{name.partition('.')[0] for name in sys.modules})"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([away.python, "-I", "-c", loaded], cwd=away.home, env=environment, capture_output=True, text=True, check=True)
    place, *names = done.stdout.split()
    assert Path(place).is_relative_to(elsewhere.parent.parent)
    assert not {"django", "pyasn1", "msgspec"} & set(names)
    away.start("--first-start")
    assert away.post(LOG.request(5, 300))[0] == 200
    told = away.command("status", str(away.config))
    assert (told.returncode, "cosigned last: size 300" in told.stdout) == (0, True)
    assert away.stop() == 0


def test_the_commands_that_a_proof_of_misbehaviour_names_are_there(elsewhere: Path, tmp_path: Path) -> None:
    words = [str(elsewhere), "-m", "tlog", "verify-fork", "--help"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "verify-fork" in done.stdout) == (0, True)
