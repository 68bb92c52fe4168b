"""The witness's command line.

    python -m witness init FOLDER --name NAME [--ml-dsa]     keys, a configuration to complete, the ceremony record
    python -m witness keys CONFIG                            this witness's public keys and the logs', with fingerprints to compare
    python -m witness serve CONFIG [--first-start] [--resync]
    python -m witness status CONFIG

The exit status is 0 when all is well, 1 when something could not be done, and of `status` 3 when nobody answers where the witness
listens, or a log is not cosigned, is refused or has shown two histories.
"""
import argparse
import json
import logging
import signal
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from witness.ceremony import ceremony_record, fingerprint
from witness.config import Config, ConfigError, make_seed, read_config, verify_name
from witness.cosigning import KnownLog, Witness
from witness.rollback import RollbackCheck
from witness.server import Server
from witness.store import Conflict, Store

logger = logging.getLogger(__name__)

COULD_NOT, TROUBLE = 1, 3
ANSWER_S = 5.0

TEMPLATE = """\
# Configuration of a witness; see docs/witness.md. Paths are relative to this file.
name = {name}
listen = "127.0.0.1:8101"
prefix = ""
key = "witness.key"
{mldsa}database = "witness.sqlite3"
# Monitoring addresses of other witnesses of the same logs: asked after each start whether this one's file is up to date.
peers = []

# One table for each log. The operator's public keys come by a way that you trust, never from the log itself.
# [[log]]
# origin = "log.example/cunzheng"
# vkeys = ["log.example/cunzheng+…"]
# url = "https://log.example/log"
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line with `arguments` (None: those of the process) and return its exit status."""
    options = parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except ConfigError as fault:
        print(f"witness: {fault}.", file=sys.stderr)
        return COULD_NOT
    except sqlite3.Error as broken:
        print(f"witness: its database cannot be used: {broken}.", file=sys.stderr)
        return COULD_NOT
    except OSError as broken:
        print(f"witness: {broken.filename or 'the system'}: {broken.strerror or broken}.", file=sys.stderr)
        return COULD_NOT
    return status


def parser() -> argparse.ArgumentParser:
    told = "Witness a transparency log: cosign what continues, refuse what does not."
    parser = argparse.ArgumentParser(prog="python -m witness", description=told)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    init = commands.add_parser("init", help="make keys and a configuration in a new folder")
    init.add_argument("folder", type=Path)
    init.add_argument("--name", required=True, help="the cosigner's name, like notary.example/witness")
    init.add_argument("--ml-dsa", action="store_true", help="make an ML-DSA-44 key as well")
    init.set_defaults(run=_init)
    keys = commands.add_parser("keys", help="the public keys of this witness and of its logs, with fingerprints to compare by telephone")
    keys.add_argument("config", type=Path)
    keys.set_defaults(run=_keys)
    serve = commands.add_parser("serve", help="answer until stopped")
    serve.add_argument("config", type=Path)
    serve.add_argument(
        "--first-start", action="store_true",
        help="begin a log of which the file holds nothing; and go on though nothing can be read to check the file")
    serve.add_argument("--resync", action="store_true", help="after a rollback: adopt our own newer checkpoint, once proven consistent")
    serve.set_defaults(run=_serve)
    status = commands.add_parser("status", help="what was cosigned last, and what is wrong")
    status.add_argument("config", type=Path)
    status.add_argument("--proofs", type=Path, metavar="DIR", help="write kept proofs of misbehaviour there")
    status.add_argument("--json", action="store_true", help="for machines")
    status.set_defaults(run=_status)
    return parser


def _init(options: argparse.Namespace) -> int:
    folder: Path = options.folder
    # First, so that a name that cannot be used leaves no key behind.
    verify_name(options.name, "--name")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "witness.toml"
    if path.exists():
        raise ConfigError(f"{path} exists already: a witness keeps its key")
    files = ["witness.key", *(["witness-mldsa.key"] if options.ml_dsa else [])]
    for file in files:
        make_seed(folder / file)
    mldsa = 'mldsa_key = "witness-mldsa.key"\n' if options.ml_dsa else ""
    path.write_text(TEMPLATE.format(name=_toml(options.name), mldsa=mldsa), encoding="utf-8")
    verifiers = read_config(path, logs_needed=False).verifiers
    record = ceremony_record(
        verifiers, made_at=datetime.now(UTC), host=socket.gethostname(), key_files=tuple(str(folder / file) for file in files))
    (folder / "ceremony.txt").write_text(record, encoding="utf-8")
    print(record)
    for verifier in verifiers:
        print(verifier.vkey)
    return 0


def _toml(text: str) -> str:
    """A TOML string. JSON's would spell what is beyond U+FFFF as two surrogates and leave U+007F as it is; TOML refuses both."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _keys(options: argparse.Namespace) -> int:
    config = read_config(options.config)
    whose = [("this witness", config.verifiers), *((f"the log {log.origin}", log.verifiers) for log in config.logs.values())]
    for owner, verifiers in whose:
        for verifier in verifiers:
            print(f"{owner}\n  vkey     {verifier.vkey}\n  SHA-256  {fingerprint(verifier)}")
    return 0


def _serve(options: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    config = read_config(options.config)
    store = Store(config.database)
    ready = RollbackCheck(
        store, config.verifiers, peers=config.peers, clock=time.time, first_start=options.first_start, resync=options.resync)
    witness = Witness(config.logs, config.signers, store, clock=time.time, ready=ready)
    try:
        server = Server(config.listen, config.prefix, witness)
    except OSError as taken:
        raise ConfigError(f"{options.config}: listen: {_spelled(config.listen)} cannot be used: {taken.strerror or taken}") from taken
    _shut_down_at_signals(server)
    place = _spelled((config.listen[0], int(server.server_address[1])))
    count = "1 log" if len(config.logs) == 1 else f"{len(config.logs)} logs"
    print(f"witnessing {count} on {place}{config.prefix}", flush=True)
    threading.Thread(target=_first_look, args=(config, ready), daemon=True).start()
    server.serve_forever(poll_interval=0.2)
    server.server_close()
    store.close()
    return 0


def _shut_down_at_signals(server: Server) -> None:
    """From now on SIGTERM and SIGINT end `serve_forever`; before other threads are started, for they are to leave these signals alone.

    A handler would run in the loop's own thread, in the middle of anything, and to start a thread there may be to wait
    for a lock that the loop holds.
    """
    asked = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, asked)

    def wait() -> None:
        signal.sigwait(asked)
        server.shutdown()

    threading.Thread(target=wait, daemon=True).start()


def _first_look(config: Config, ready: RollbackCheck) -> None:
    """So that `status` tells of a rollback before the log asks for anything."""
    for log in config.logs.values():
        try:
            ready(log)
        except sqlite3.Error as broken:
            # The log's own request makes the same look again, and is told.
            logger.error("%s: the look after the start could not be kept: %s", log.origin, broken)


def _status(options: argparse.Namespace) -> int:
    config = read_config(options.config)
    if not config.database.exists():
        raise ConfigError(f"{config.database} does not exist: the witness was never started")
    store = Store(config.database)
    now, running = int(time.time()), _answers(config.listen)
    rows = []
    for origin, log in config.logs.items():
        rows.append({**_row(store, origin, now), "running": running})
        if options.proofs is not None:
            _write_proofs(options.proofs, log, store.conflicts(origin))
    store.close()
    print(json.dumps(rows, ensure_ascii=False, indent=1) if options.json else "\n".join(map(_sentence, rows)))
    if not running:
        print(f"NOT RUNNING: nobody answers at {_spelled(config.listen)}.", file=sys.stderr)
    return TROUBLE if not running or any(row["refuses_because"] or row["refused_in_a_row"] or row["contradictions"] for row in rows) else 0


def _answers(address: tuple[str, int]) -> bool:
    """Whether somebody listens there; port 0 is any, and cannot be asked."""
    if address[1] == 0:
        return True
    try:
        socket.create_connection(address, timeout=ANSWER_S).close()
    except OSError:
        return False
    return True


def _spelled(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _row(store: Store, origin: str, now: int) -> dict[str, object]:
    """What `status` tells of one log; times are POSIX seconds, and what there is none of is None."""
    latest, trouble, refusals = store.latest(origin), store.trouble(origin), store.refusals(origin)
    return {
        "origin": origin, "size": latest.size if latest else None, "root": latest.root.hex() if latest else None,
        "cosigned_at": latest.cosigned_at if latest else None, "age_s": max(0, now - latest.cosigned_at) if latest else None,
        "refuses_because": trouble.reason if trouble else None, "refuses_since": trouble.since if trouble else None,
        "refused": refusals.count if refusals else 0, "refused_in_a_row": refusals.in_a_row if refusals else 0,
        "refused_because": refusals.reason if refusals else None, "refused_at": refusals.last_at if refusals else None,
        "contradictions": len(store.conflicts(origin)),
    }


def _write_proofs(folder: Path, log: KnownLog, conflicts: Sequence[Conflict]) -> None:
    """One file for each note; two of one size contradict each other. And how to verify them."""
    folder.mkdir(parents=True, exist_ok=True)
    for conflict in conflicts:
        (folder / f"{log.path}-{conflict.size}-{conflict.root.hex()[:16]}.note").write_bytes(conflict.note)
    if conflicts:
        print(f"proofs of {log.origin} are in {folder}; verify two of one size with:", file=sys.stderr)
        keys = " ".join(f"--log {key.vkey}" for key in log.verifiers)
        print(f"  python -m tlog verify-fork A B {keys}", file=sys.stderr)


def _sentence(row: Mapping[str, object]) -> str:
    lines = [f"{row['origin']}"]
    if row["size"] is None:
        lines.append("  nothing was cosigned yet")
    else:
        lines.append(f"  cosigned last: size {row['size']}, {_moment(row['cosigned_at'])}, {age(row['age_s'])} ago")
    if row["refuses_because"]:
        lines.append(f"  NOT COSIGNED since {_moment(row['refuses_since'])}: {row['refuses_because']}")
    if row["refused"]:
        in_a_row = row["refused_in_a_row"]
        times = f"REFUSED {in_a_row} times in a row" if in_a_row else f"refused {row['refused']} times earlier"
        lines.append(f"  {times}, the last time {_moment(row['refused_at'])}: {row['refused_because']}")
    if row["contradictions"]:
        lines.append(f"  MISBEHAVIOUR: {row['contradictions']} validly signed notes contradict one another.")
        lines.append("  Keep the database and tell the other witnesses.")
    return "\n".join(lines)


def _moment(seconds: object) -> str:
    assert isinstance(seconds, int)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def age(seconds: object) -> str:
    """A whole number of seconds in the largest unit of which it is two or more."""
    assert isinstance(seconds, int)
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


if __name__ == "__main__":
    sys.exit(main())
