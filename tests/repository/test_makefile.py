"""The Makefile on machines where something is missing: one clear sentence each, and no half-made set-up that counts as done."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TOOLS = ("awk", "command", "echo", "find", "make", "rm", "sh", "touch")


class Machine:
    """A copy of the Makefile, and a path that holds a few tools and the Pythons that a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.checkout, self.bin = folder / "checkout", folder / "bin"
        self.checkout.mkdir()
        self.bin.mkdir()
        shutil.copy(ROOT / "Makefile", self.checkout)
        for name in ("requirements.txt", "requirements-decoders.txt", "requirements-dev.txt"):
            (self.checkout / name).touch()
        for tool in TOOLS:
            if place := shutil.which(tool):
                (self.bin / tool).symlink_to(place)

    def add_python(self, name: str, *, version: str, venv: bool = True, pip: int = 0) -> None:
        """A stand-in interpreter that answers what the Makefile asks: its version, the venv module, a pip that exits with `pip`."""
        new_enough = "exit 0" if tuple(map(int, version.split(".")[:2])) >= (3, 11) else "exit 1"
        script = self.bin / name
        script.write_text(f"""#!/bin/sh
case "$*" in
  --version) echo "Python {version}";;
  *version_info*) {new_enough};;
  *ensurepip*) exit {0 if venv else 1};;
  "-m venv --clear .venv") /bin/mkdir -p .venv/bin && /bin/cp "$0" .venv/bin/python;;
  "-m pip --version") exit 0;;
  "-m pip install"*) echo "pip: a line of its own" >&2; exit {pip};;
esac
""")
        script.chmod(0o755)

    def make(self, *words: str) -> "subprocess.CompletedProcess[str]":
        environment = {"PATH": str(self.bin), "HOME": os.environ.get("HOME", "/")}
        return subprocess.run(["make", *words], cwd=self.checkout, env=environment, capture_output=True, text=True, check=False)

    def refuses(self, *words: str) -> list[str]:
        """The lines on standard error of a set-up that must fail, without make's own; nothing must count as done afterwards."""
        done = self.make(*words)
        assert done.returncode == 2, done.stdout + done.stderr
        assert not (self.checkout / ".venv" / ".stamp").exists()
        return [line for line in done.stderr.splitlines() if not line.startswith("make: ")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_missing_python_is_one_sentence(machine: Machine) -> None:
    (sentence,) = machine.refuses(".venv/.stamp")
    assert sentence == ("Python 3.11 or newer is needed, but there is no 'python3': "
                        "install it (Debian, Ubuntu: apt install python3 python3-venv) or name yours with make PYTHON=/path/to/python3.")


def test_old_python_is_one_sentence(machine: Machine) -> None:
    machine.add_python("python3", version="3.9.2")
    (sentence,) = machine.refuses(".venv/.stamp")
    assert sentence.startswith("Python 3.11 or newer is needed, but 'python3' is Python 3.9.2: install it")


def test_newer_python_beside_an_old_one_is_found(machine: Machine) -> None:
    machine.add_python("python3", version="3.9.2")
    machine.add_python("python3.12", version="3.12.3")
    done = machine.make(".venv/.stamp")
    assert done.returncode == 0, done.stderr
    assert "Making .venv with Python 3.12.3" in done.stdout


def test_named_python_is_taken(machine: Machine) -> None:
    machine.add_python("mine", version="3.13.0")
    assert "Making .venv with Python 3.13.0" in machine.make(".venv/.stamp", f"PYTHON={machine.bin}/mine").stdout


def test_missing_venv_module_is_one_sentence(machine: Machine) -> None:
    machine.add_python("python3", version="3.11.2", venv=False)
    assert machine.refuses(".venv/.stamp") == [
        "The venv module of python3 is missing: install it (Debian, Ubuntu: apt install python3-venv) and run make again."]


@pytest.mark.parametrize(("target", "sentence"), [
    (".venv/.stamp", "The dependencies could not be installed"), (".venv/.stamp-dev", "The dependencies could not be installed")])
def test_installation_that_fails_is_said_and_tried_again(machine: Machine, target: str, sentence: str) -> None:
    machine.add_python("python3", version="3.11.2", pip=1)
    own, said = machine.refuses(target)
    assert own == "pip: a line of its own"
    assert said.startswith(sentence)
    shutil.rmtree(machine.checkout / ".venv")
    machine.add_python("python3", version="3.11.2")
    assert machine.make(target).returncode == 0


def test_set_up_is_done_once(machine: Machine) -> None:
    machine.add_python("python3", version="3.11.2")
    assert "Installing" in machine.make(".venv/.stamp-dev").stdout
    assert "Installing" not in machine.make(".venv/.stamp-dev").stdout


def test_set_up_whose_python_is_gone_is_made_anew(machine: Machine) -> None:
    machine.add_python("python3", version="3.11.2")
    machine.make(".venv/.stamp")
    (machine.checkout / ".venv" / "bin" / "python").unlink()
    assert "Making .venv" in machine.make(".venv/.stamp").stdout


def test_make_alone_lists_the_targets(machine: Machine) -> None:
    done = machine.make()
    assert done.returncode == 0
    assert [line.split()[1] for line in done.stdout.splitlines()] == [
        "help", "run", "test", "test-browser", "screens", "faults", "test-planted", "coverage", "lint", "bench", "wheel", "openapi",
        "requirements", "advisories", "clean"]


def test_clean_keeps_the_evidence(machine: Machine) -> None:
    for name in (".venv", "var", "tlog/__pycache__", "var/__pycache__"):
        (machine.checkout / name).mkdir(parents=True)
    assert machine.make("clean").returncode == 0
    assert sorted(path.relative_to(machine.checkout).as_posix() for path in machine.checkout.rglob("*") if path.is_dir()) == [
        "tlog", "var", "var/__pycache__"]
