"""The unit, the container file and the page that institutions start from name commands and files that exist."""
import re
import shlex
from pathlib import Path

import pytest

from tests.databases import ROOT
from witness.__main__ import parser

PACKAGING = ROOT / "witness" / "packaging"


def test_the_unit_starts_a_command_that_exists() -> None:
    [line] = re.findall(r"^ExecStart=(.*)$", (PACKAGING / "witness.service").read_text(), re.MULTILINE)
    _, dash, module, *words = shlex.split(line)
    assert (dash, module) == ("-m", "witness")
    options = parser().parse_args(words)
    assert options.config == Path("/var/lib/witness/witness.toml")
    assert not options.first_start
    assert not options.resync


def test_the_container_has_what_it_copies_and_starts_a_command_that_exists() -> None:
    text = (PACKAGING / "Containerfile").read_text()
    copied = re.findall(r"^COPY (\S+) (\S+)$", text, re.MULTILINE)
    assert {source for source, _ in copied} == {"tlog", "witness", "witness/packaging/requirements.txt"}
    assert all((ROOT / source).exists() for source, _ in copied)
    [command] = re.findall(r"^CMD \[(.*)\]$", text, re.MULTILINE)
    assert parser().parse_args([word.strip(' "') for word in command.split(",")]).config == Path("/var/lib/witness/witness.toml")


@pytest.mark.parametrize("page", ["docs/witness.md", "docs/witness.zh-CN.md", "README.md", "README.zh-CN.md"])
def test_commands_and_files_on_the_pages_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    commands = re.findall(r"python -m witness ([^`\n]+)", text)
    assert commands
    for command in commands:
        words = shlex.split(command, comments=True)
        parser().parse_args(words if words[0] == "init" or len(words) > 1 else [*words, "witness.toml"])
    for name in re.findall(r"`(witness/[^`\s]+)`", text):
        assert (ROOT / name).exists(), name
