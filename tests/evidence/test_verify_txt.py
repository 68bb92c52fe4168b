"""VERIFY.txt: its commands, run as they stand there, prove a good package and fail on a damaged one."""
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from evidence.packages.plan import VERIFY_TXT
from tests.evidence.package_fixture import START, World, members_of, resealed, small_case, small_package, zipped

WORLD, _ = small_case(witnesses=2)
PACKAGE = small_package(witnesses=2)
STRANGER = World(witnesses=2, tsas=("tsa-z",))
MEMBERS = members_of(PACKAGE.data)
COMMANDS = "".join(re.findall(r"(?ms)^```\n(.*?)^```$", VERIFY_TXT.decode()))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a person sees: the last line, and the lines that say that something failed."""

    exit_code: int
    last: str
    failed: tuple[str, ...]


Follow = Callable[..., Outcome]


@pytest.fixture(scope="session")
def stock_tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tools that VERIFY.txt says it needs, and nothing else; python3 sees its standard library only."""
    folder = tmp_path_factory.mktemp("bin")
    for tool in ("unzip", "sha256sum", "openssl", "cat", "mktemp"):
        found = shutil.which(tool)
        assert found, f"{tool} is not installed"
        (folder / tool).symlink_to(found)
    python = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    (folder / "python3").write_text(f'#!/bin/sh\nexec {python} -I -S "$@"\n')
    (folder / "python3").chmod(0o755)
    return folder


@pytest.fixture
def follow(stock_tools: Path, tmp_path: Path) -> Follow:
    """Runs the commands of VERIFY.txt on a package, in a folder of its own."""

    def run(data: bytes, shell: str = "sh", trust: Path | None = None) -> Outcome:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        (folder / "package.asice").write_bytes(data)
        environment = {"PATH": str(stock_tools), "TMPDIR": str(folder), **({"TRUST": str(trust)} if trust else {})}
        command = [str(shutil.which(shell))]
        done = subprocess.run(command, input=COMMANDS.encode(), cwd=folder, capture_output=True, env=environment, timeout=120, check=False)
        return outcome_of(done)

    return run


def outcome_of(done: "subprocess.CompletedProcess[bytes]") -> Outcome:
    lines = done.stdout.decode().splitlines()
    return Outcome(done.returncode, lines[-1] if lines else done.stderr.decode(), tuple(line for line in lines if "FAILED" in line))


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_commands_prove_a_good_package(follow: Follow, shell: str) -> None:
    assert follow(PACKAGE.data, shell=shell) == Outcome(0, "全部相符 ALL OK", ())


def test_commands_use_a_trust_folder_from_elsewhere(follow: Follow, tmp_path: Path) -> None:
    _, trust = PACKAGE.write(tmp_path)
    assert follow(PACKAGE.data, trust=trust).exit_code == 0
    (trust / "policy.txt").write_text(STRANGER.policy().replace("log.example/", "log.elsewhere/"))
    assert "no signature of the log" in follow(PACKAGE.data, trust=trust).failed[0]


def test_commands_prove_packages_without_optional_parts(follow: Follow) -> None:
    world, contents = small_case()
    point = world.publish()
    names = {claim.name: "erased" for claim in world.deposits[1].claims}
    first = world.record(world.deposits[0], point, withheld={"subject": "withheld"}, absent={"files/1": "depositor-keeps"})
    erased = world.record(world.deposits[1], point, withheld=names)  # type: ignore[arg-type]
    built = world.pack(world.contents([first, erased], contents.logs, scope="selection"), stamp=lambda _: None)
    assert follow(built.data) == Outcome(0, "全部相符 ALL OK", ())


ONE = f"records/{WORLD.deposits[0].number}/"


def bit_flipped(data: bytes) -> bytes:
    return data[:-2] + bytes([data[-2] ^ 1]) + data[-1:]


# (what is wrong, the member, the change, a piece of each line that says so); both lists are repaired, the stamp is fresh.
DAMAGES: list[tuple[str, str, Callable[[bytes], bytes], list[str]]] = [
    ("a claim", f"{ONE}claims/subject.json", bit_flipped, ["claims/subject.json"]),
    ("a salt", f"{ONE}claims/case.salt", bit_flipped, ["claims/case.json"]),
    ("an original", "evidence/2/催款函.pdf", bit_flipped, ["evidence/2"]),
    ("a statement", f"{ONE}statement.json", lambda data: data.replace(b"08:00:00", b"07:00:00"), ["entry.txt sha256", "entry.txt sm3"]),
    ("an entry", f"{ONE}entry.txt", lambda data: data.replace(b"deposit", b"erasure"), ["inclusion proofs"]),
    ("a proof", f"{ONE}proof.tlog-proof", lambda data: data.replace(b"index 3", b"index 2"), ["inclusion proofs"]),
    ("a checkpoint", "log/1/checkpoint.txt", lambda data: data.replace(b"\n9\n", b"\n8\n"),
     ["inclusion proofs", "日志 log", "见证 witness", "见证 witness", "log/1/tsa-a.tst"]),
    ("a signature", "log/1/checkpoint", lambda data: data.replace("— log.example/cunzheng ".encode(), "— log.example/x ".encode()),
     ["no signature of the log", "日志 log"]),
    ("a cosignature", "log/1/checkpoint", lambda data: data[:-9] + b"AAAAAAA=\n", ["见证 witness"]),
    ("a token", "log/1/tsa-a.tst", lambda _: WORLD.token(bytes(32), START + timedelta(seconds=70)), ["log/1/tsa-a.tst"]),
    ("a token of a stranger", "log/1/tsa-a.tst", lambda data: data[:-1] + bytes([data[-1] ^ 1]), ["log/1/tsa-a.tst"]),
    ("a root", "trust/tsa/tsa-a.pem", lambda _: STRANGER.trust()["tsa/tsa-z.pem"], ["log/1/tsa-a.tst", "META-INF/timestamp.tst"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "lines"), [row[1:] for row in DAMAGES], ids=[row[0] for row in DAMAGES])
def test_commands_fail_on_a_package_whose_maker_cheated(
    follow: Follow, name: str, change: Callable[[bytes], bytes], lines: list[str]
) -> None:
    members = {**MEMBERS, name: change(MEMBERS[name])}
    assert members != MEMBERS
    outcome = follow(resealed(members, stamp=WORLD.stamp))
    assert (outcome.exit_code, outcome.last) == (1, "有不符之处 SOMETHING FAILED")
    assert len(outcome.failed) == len(lines) + 1
    assert all(piece in line for piece, line in zip(lines, outcome.failed, strict=False))


@pytest.mark.parametrize("name", ["evidence/2/催款函.pdf", "META-INF/ASiCManifest.xml", "evidence/9/added"])
def test_commands_fail_on_a_package_that_an_outsider_changed(follow: Follow, name: str) -> None:
    assert follow(zipped({**MEMBERS, name: bit_flipped(MEMBERS.get(name, b"added"))})).exit_code == 1


def test_instructions_are_in_both_languages() -> None:
    text = VERIFY_TXT.decode()
    assert "prove nothing until they are compared" in text
    assert "流转记录" in text
    assert "它们不证明任何事" in text
