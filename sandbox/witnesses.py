"""Two witnesses for development: processes of their own with their own keys and files, and the policy that asks for both.

They stand on the operator's own machine, so they prove nothing to anyone else; in production each runs at its institution.
"""
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tlog.note import CosignatureSigner
from witness.config import ConfigError, make_seed, read_config
from witness.store import Store


@dataclass(frozen=True, slots=True)
class SandboxWitness:
    """`name` is its folder and its name in the policy; `port` where it listens on loopback."""

    name: str
    port: int

    @property
    def key_name(self) -> str:
        return f"sandbox/{self.name}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


PORTS = {"notary": ("CUNZHENG_NOTARY_PORT", 8002), "court": ("CUNZHENG_COURT_PORT", 8003)}
"""Each witness's name, the variable that says its port, and the port it has otherwise."""


def sandbox_witnesses(environment: Mapping[str, str]) -> tuple[SandboxWitness, ...]:
    """The witnesses at the ports that the environment says; the ports were judged before."""
    return tuple(SandboxWitness(name, int(environment.get(variable) or port)) for name, (variable, port) in PORTS.items())


def require_fresh_witnesses(var: Path, witnesses: tuple[SandboxWitness, ...], origin: str) -> None:
    """For a log that is empty: no witness in `var` has cosigned an earlier one of its origin. Raises ConfigError.

    Such a witness would hold the new log to the earlier one's history for ever, and nothing would be published.
    """
    for witness in witnesses:
        file = var / "witnesses" / witness.name / "witness.sqlite3"
        if not file.exists():
            continue
        try:
            with closing(Store(file)) as store:
                latest = store.latest(origin)
        except sqlite3.Error as broken:
            raise ConfigError(f"{file} is no witness's database ({broken}): move {var / 'witnesses'} away and start again") from broken
        if latest is not None and latest.size:
            raise ConfigError(f"The test witness {witness.name} has cosigned size {latest.size} of an earlier log {origin}, "
                              f"and this one is empty: move {var / 'witnesses'} away and start again")


def provide_witnesses(
    var: Path, witnesses: tuple[SandboxWitness, ...], *, origin: str, vkey: str, log_url: str, later: Sequence[str] = ()
) -> None:
    """Keys once; configurations and `policy.txt` anew at each start, because ports may have changed. Raises OSError, ConfigError.

    `later` are the keys that the log changed to, or announced: here the witnesses' operator is the log's own.
    """
    lines, vkeys = [f"log {vkey} {log_url}"], ", ".join(f'"{each}"' for each in dict.fromkeys((vkey, *later)))
    for witness in witnesses:
        folder = var / "witnesses" / witness.name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (folder / "witness.key").exists():
            make_seed(folder / "witness.key")
        peers = ", ".join(f'"{peer.url}"' for peer in witnesses if peer != witness)
        (folder / "witness.toml").write_text(
            f'name = "{witness.key_name}"\nlisten = "127.0.0.1:{witness.port}"\nkey = "witness.key"\ndatabase = "witness.sqlite3"\n'
            f'peers = [{peers}]\n\n[[log]]\norigin = "{origin}"\nvkeys = [{vkeys}]\nurl = "{log_url}"\n', encoding="utf-8")
        [signer] = read_config(folder / "witness.toml").signers
        assert isinstance(signer, CosignatureSigner)
        lines.append(f"witness {witness.name} {signer.vkey} {witness.url}")
    lines += [f"group both all {' '.join(witness.name for witness in witnesses)}", "quorum both", ""]
    (var / "policy.txt").write_text("\n".join(lines), encoding="utf-8")
