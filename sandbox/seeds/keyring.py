"""What all fictitious people of one installation sign in by: one password and one authenticator secret, random, in a file of their own.

`settled` says that everybody in the database has them. A keyring that was lost is made anew, and everybody gets the new one.
"""
import json
import os
import secrets
from base64 import b32encode
from dataclasses import asdict, dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Keyring:
    password: str
    secret: str
    settled: bool = False


def keyring_file(var: Path) -> Path:
    return var / "sample" / "people.json"


def read_keyring(var: Path) -> Keyring | None:
    """None where there is none, or what is there is none."""
    try:
        return Keyring(**json.loads(keyring_file(var).read_text(encoding="ascii")))
    except (OSError, ValueError, TypeError):
        return None


def provide_keyring(var: Path) -> Keyring:
    """The keyring there is; else a new one, durable before anybody has it. Raises OSError."""
    known = read_keyring(var)
    if known is not None:
        return known
    words = "-".join(secrets.token_hex(2) for _ in range(4))
    made = Keyring(words, b32encode(secrets.token_bytes(20)).decode())
    _write(var, made)
    return made


def settle(var: Path, keyring: Keyring) -> None:
    """Everybody has it now."""
    if not keyring.settled:
        _write(var, replace(keyring, settled=True))


def _write(var: Path, keyring: Keyring) -> None:
    file = keyring_file(var)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as output:
        json.dump(asdict(keyring), output)
        output.flush()
        os.fsync(output.fileno())
    partial.replace(file)
