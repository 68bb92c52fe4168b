"""`python -m tlog verify-fork`: what an institution shows to prove that a log showed two histories."""
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import ROOT
from tests.tlog.test_fork import ALTERED, ENTRIES, LOG, SUCCESSOR, checkpoint, proof
from tlog.__main__ import main
from tlog.merkle import leaf_hash


def verdict(tmp_path: Path, a: bytes, b: bytes, *logs: str) -> int:
    for name, data in (("a", a), ("b", b)):
        (tmp_path / name).write_bytes(data)
    words = [word for log in logs or (LOG.vkey,) for word in ("--log", log)]
    return main(["verify-fork", str(tmp_path / "a"), str(tmp_path / "b"), *words])


def test_two_roots_of_one_size_are_proof(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verdict(tmp_path, checkpoint(ENTRIES), checkpoint(ALTERED)) == 0
    assert capsys.readouterr().out == "PROVEN: the log showed two histories (same size, different roots).\n"


def test_two_leaves_of_one_index_are_proof(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sides = proof(ENTRIES, 3, ENTRIES[3]), proof(ALTERED[:10], 3, leaf_hash(ALTERED[3]))
    assert verdict(tmp_path, *sides) == 0
    assert "same index, different leaves" in capsys.readouterr().out


@pytest.mark.parametrize(("a", "b"), [
    (checkpoint(ENTRIES), checkpoint(ENTRIES)), (checkpoint(ENTRIES), checkpoint(ENTRIES[:10])), (b"", checkpoint(ENTRIES)),
    (checkpoint(ENTRIES), checkpoint(ALTERED, log=SUCCESSOR)), (checkpoint(ENTRIES), b"\xff" * 100),
])
def test_what_does_not_contradict_proves_nothing(tmp_path: Path, a: bytes, b: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    assert verdict(tmp_path, a, b) == 2
    assert capsys.readouterr().out.startswith("NOT PROVEN: ")


def test_what_cannot_be_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verdict(tmp_path, checkpoint(ENTRIES), checkpoint(ALTERED), "nonsense") == 1
    assert "--log: not a vkey" in capsys.readouterr().err
    assert main(["verify-fork", str(tmp_path / "missing"), str(tmp_path / "b"), "--log", LOG.vkey]) == 1
    assert "No such file" in capsys.readouterr().err
    assert verdict(tmp_path, b"x" * (1 << 20 | 1), checkpoint(ALTERED)) == 1
    assert "larger than any checkpoint" in capsys.readouterr().err


def run_without_asn1(*words: str) -> "subprocess.CompletedProcess[str]":
    """As at an institution that installed cryptography and nothing else."""
    program = "import runpy, sys; sys.modules['pyasn1'] = None; runpy.run_module('tlog', run_name='__main__')"
    return subprocess.run([sys.executable, "-c", program, *words], cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_fork_is_proven_with_cryptography_alone(tmp_path: Path) -> None:
    for name, data in (("a", checkpoint(ENTRIES)), ("b", checkpoint(ALTERED))):
        (tmp_path / name).write_bytes(data)
    done = run_without_asn1("verify-fork", str(tmp_path / "a"), str(tmp_path / "b"), "--log", LOG.vkey)
    assert (done.returncode, done.stdout.partition(":")[0]) == (0, "PROVEN")


def test_what_a_package_needs_besides_is_one_sentence(tmp_path: Path) -> None:
    done = run_without_asn1("verify", str(tmp_path / "package.asice"))
    assert done.returncode == 1
    assert done.stderr == "Could not run: to verify a package, pyasn1 is needed: pip install pyasn1.\n"
