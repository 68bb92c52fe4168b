"""The fictitious people as `make run` tells of them: made by a process of their own, then told how each signs in."""
import json
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.programs import ended_with_us
from sandbox.sample import ROOT, SampleFailed
from sandbox.seeds.keyring import Keyring, read_keyring
from sandbox.totp import address_of, code_now


@dataclass(frozen=True, slots=True)
class People:
    """Rows of `sign_ins.sign_ins`, and what they all sign in by."""

    rows: Sequence[Mapping[str, str]]
    keyring: Keyring

    def lines(self) -> list[str]:
        """For a terminal."""
        by_password = [row for row in self.rows if row["by"] == "password"]
        by_provider = [row for row in self.rows if row["by"] == "provider"]
        return [
            "",
            "  Fictitious people to sign in as, and 200 cases; for development only, production refuses to start with any of them.",
            f"  sign in at   {by_password[0]['at']}   then",
            f"  password     {self.keyring.password}   (of all)",
            f"  code         {code_now(self.keyring.secret)}   now; later: .venv/bin/python -m sandbox.code",
            f"  or an app    {address_of(self.keyring.secret, 'make run', 'Cunzheng')}",
            *(f"  {_padded(row['zh'], 26)}{row['login']:42}{_padded(row['organisation'], 34)}{row['en']}" for row in by_password),
            "  collection agents sign in by their agency's own identity provider; there they type the login, and nothing else:",
            *(f"  {_padded(row['zh'], 26)}{row['login']:42}{row['at']}" for row in by_provider),
        ]


def provide_people(environment: Mapping[str, str], var: Path, *, pause: Callable[[float], None], say: Callable[[str], None]) -> People:
    """Run `python -m sandbox.seeds` to its end. Raises SampleFailed with its last line, and what `pause` raises."""
    say("Making fictitious people and 200 cases" if read_keyring(var) is None else "Checking the fictitious people and cases")
    issuer = f"http://127.0.0.1:{environment['CUNZHENG_IDP_PORT']}"
    # A session of its own: Ctrl-C reaches every program of the terminal, and this one is ended below.
    process = subprocess.Popen(
        [*ended_with_us(), sys.executable, "-m", "sandbox.seeds", "--issuer", issuer], cwd=ROOT, env=dict(environment),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        while process.poll() is None:
            pause(0.1)
        told, said = process.communicate()
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    keyring = read_keyring(var)
    if process.returncode != 0 or keyring is None:
        raise SampleFailed(f"The fictitious people are not there: {(said.strip().splitlines() or ['no reason was given'])[-1]}")
    return People(json.loads(told), keyring)


def _padded(text: str, width: int) -> str:
    """To this many columns of a terminal, where a Chinese character takes two."""
    columns = sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
    return text + " " * max(1, width - columns)
