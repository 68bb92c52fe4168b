"""The witness's TOML file, and the keys beside it.

    name = "notary.example/witness"        the cosigner's name; one key, one name
    listen = "127.0.0.1:8101"
    prefix = ""                            before the two routes, e.g. "/witness"
    key = "witness.key"                    32 random bytes; readable by the owner only
    mldsa_key = "witness-mldsa.key"        optional, ML-DSA-44
    database = "witness.sqlite3"
    peers = ["https://court.example/witness"]

    [[log]]
    origin = "log.example/cunzheng"
    vkeys = ["log.example/cunzheng+…"]     two while the log changes its key; the operator adds the new one by hand
    url = "https://log.example/log"

Paths are relative to the file. What this does not do: look up anything at a log. A key that is not in this file is not trusted.
"""
import os
import secrets
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlog.errors import VerificationError
from tlog.note import CosignatureSigner, Verifier
from tlog.signer import SEED_BYTES, MlDsaCosignatureSigner
from tlog.verifier import COSIGNATURE, MLDSA44, verify_key_name
from witness.cosigning import KnownLog
from witness.fetching import NotReadError, parse_address
from witness.request import MAX_ORIGIN

FIELDS = {"name", "listen", "prefix", "key", "mldsa_key", "database", "peers", "log"}
LOG_FIELDS = {"origin", "vkeys", "url"}
MAX_NAME = 255
"""Bytes of a cosigner's name at most: what an ML-DSA-44 cosignature can hold."""


class ConfigError(Exception):
    """The file cannot be used; one sentence that names the place and what to do."""


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration that was read and is complete; `peers` and URLs end without a slash."""

    listen: tuple[str, int]
    prefix: str
    database: Path
    peers: tuple[str, ...]
    logs: Mapping[str, KnownLog]
    signers: tuple[CosignatureSigner | MlDsaCosignatureSigner, ...]

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """This witness's own public keys."""
        return tuple(signer.verifier for signer in self.signers)


def read_config(path: Path, *, logs_needed: bool = True) -> Config:
    """Read the file and the keys. Raises ConfigError; also when there is no log, unless they are not needed yet."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as away:
        raise ConfigError(f"{path} cannot be read: {away.strerror}") from away
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise ConfigError(f"{path} is not TOML: {fault}") from fault
    if unknown := values.keys() - FIELDS:
        raise ConfigError(f"{path}: unknown setting {', '.join(sorted(unknown))}")
    name, prefix = _text(values, "name", path), values.get("prefix", "")
    verify_name(name, str(path))
    if not isinstance(prefix, str) or (prefix and not prefix.startswith("/")) or prefix.endswith("/"):
        raise ConfigError(f'{path}: prefix is empty or like "/witness"')
    signers: list[CosignatureSigner | MlDsaCosignatureSigner] = []
    try:
        signers.append(CosignatureSigner.from_seed(name, _seed(path.parent / _text(values, "key", path))))
        if "mldsa_key" in values:
            signers.append(MlDsaCosignatureSigner.from_seed(name, _seed(path.parent / _text(values, "mldsa_key", path))))
    except ValueError as fault:
        raise ConfigError(f"{path}: {fault}") from fault
    peers = values.get("peers", [])
    if not isinstance(peers, list) or not all(isinstance(peer, str) for peer in peers):
        raise ConfigError(f"{path}: peers is a list of addresses")
    for peer in peers:
        _verify_address(peer, path)
    own = {signer.verifier.public_key for signer in signers}
    return Config(
        _address(_text(values, "listen", path), path), prefix, path.parent / _text(values, "database", path),
        tuple(peer.rstrip("/") for peer in peers), _logs(values.get("log", None if logs_needed else []), path, own), tuple(signers))


def _logs(tables: object, path: Path, own: set[bytes]) -> dict[str, KnownLog]:
    if not isinstance(tables, list):
        raise ConfigError(f"{path}: at least one [[log]] is needed, with origin, vkeys and url")
    logs: dict[str, KnownLog] = {}
    for table in tables:
        if not isinstance(table, dict) or table.keys() != LOG_FIELDS:
            raise ConfigError(f"{path}: a [[log]] has origin, vkeys and url")
        origin, vkeys = _text(table, "origin", path), table["vkeys"]
        if len(origin.encode()) > MAX_ORIGIN:
            raise ConfigError(f"{path}: the origin of a log has {MAX_ORIGIN} bytes at most")
        if origin in logs:
            raise ConfigError(f"{path}: the log {origin} stands there twice")
        if not isinstance(vkeys, list) or not vkeys:
            raise ConfigError(f"{path}: vkeys of {origin} is a list with at least one key")
        try:
            verifiers = tuple(Verifier.from_vkey(str(vkey)) for vkey in vkeys)
        except VerificationError as fault:
            raise ConfigError(f"{path}: a vkey of {origin} cannot be used: {fault}") from fault
        # A cosigner's key is none of a log: whoever made both could be log and witness at once.
        if any(key.type in (COSIGNATURE, MLDSA44) or key.public_key in own for key in verifiers):
            raise ConfigError(f"{path}: a vkey of {origin} is a witness's key, not a log's")
        url = _text(table, "url", path)
        _verify_address(url, path)
        logs[origin] = KnownLog(origin, verifiers, url.rstrip("/"))
    return logs


def verify_name(name: str, place: str) -> None:
    """Judge a cosigner's name, before anything is made under it. Raises ConfigError, which begins with `place`."""
    try:
        if len(verify_key_name(name).encode()) > MAX_NAME:
            raise ConfigError(f"{place}: a witness's name has at most {MAX_NAME} bytes")
    except VerificationError as fault:
        raise ConfigError(f"{place}: {fault}") from fault


def _verify_address(url: str, path: Path) -> None:
    try:
        parse_address(url)
    except NotReadError as fault:
        raise ConfigError(f"{path}: {fault}") from fault


def _text(values: Mapping[str, Any], name: str, path: Path) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{path}: {name} is missing or no text")
    return value


def _address(text: str, path: Path) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 <= int(port) < 1 << 16:
        raise ConfigError(f'{path}: listen is like "127.0.0.1:8101"')
    return host.strip("[]"), int(port)


def _seed(path: Path) -> bytes:
    try:
        mode, seed = path.stat().st_mode, path.read_bytes()
    except OSError as away:
        raise ConfigError(f"{path} cannot be read: {away.strerror}") from away
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigError(f"{path} can be read by others: chmod 600 {path}, after finding out who did")
    if len(seed) != SEED_BYTES:
        raise ConfigError(f"{path} is damaged: {len(seed)} bytes instead of {SEED_BYTES}")
    return seed


def make_seed(path: Path) -> None:
    """Make a key of 32 random bytes, durable, readable by the owner only. Raises FileExistsError: a key is never overwritten."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(SEED_BYTES))
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)
