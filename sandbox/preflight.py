"""What must be true before anything starts: a usable `var/`, nobody else in it, free ports. Each refusal is one sentence.

It looks and never mends: what a half-finished set-up left behind is taken up by the set-up itself.
"""
import fcntl
import os
import socket
import sqlite3
from pathlib import Path
from typing import IO

SQLITE_HEADER = b"SQLite format 3\x00"
LISTENING = "0A"  # the state column of /proc/net/tcp


class Refused(Exception):
    """The service cannot start as asked; the text is one sentence for the person at the terminal."""


def claim_folder(var: Path) -> IO[str]:
    """Make `var`, check that it can be written, and lock it while the returned file is open. Raises: Refused."""
    try:
        var.mkdir(parents=True, exist_ok=True)
        lock = (var / "run.lock").open("a+", encoding="ascii")
    except OSError as error:
        raise Refused(f"{var} cannot be used ({error.strerror}): make it a folder that you may write, "
                      "or choose another with CUNZHENG_VAR.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise Refused(f"{var} is in use by another `make run` (process {holder}): stop that one, "
                      "or choose another folder with CUNZHENG_VAR.") from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def check_database_file(path: Path) -> None:
    """Refuse a file that is there and is no usable SQLite database; a missing one will be made. Raises: Refused."""
    advice = "restore it from a backup, or move the whole folder away to begin anew"
    try:
        with path.open("rb") as file:
            header = file.read(len(SQLITE_HEADER))
    except FileNotFoundError:
        return
    except OSError as error:
        raise Refused(f"The database {path} cannot be read ({error.strerror}): mend its permissions, or {advice}.") from error
    if header and header != SQLITE_HEADER:
        raise Refused(f"The database {path} is broken (no SQLite header): {advice}.")
    try:
        connection = sqlite3.connect(path)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise Refused(f"The database {path} is broken ({error}): {advice}.") from error


def port_from(environment: dict[str, str], variable: str, default: int) -> int:
    """The port of an environment variable, 1 to 65535. Raises: Refused."""
    text = environment.get(variable, "").strip() or str(default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65_535):
        raise Refused(f"{variable}={text!r} is no port: give a number from 1 to 65535.")
    return int(text)


def check_port(port: int, *, variable: str, suggestion: int) -> None:
    """Refuse a port of 127.0.0.1 that cannot be listened on. Raises: Refused, with who holds it and how to choose another."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except PermissionError as error:
            raise Refused(f"Port {port} is reserved for the system: choose another with {variable}={suggestion} make run.") from error
        except OSError as error:
            raise Refused(f"Port {port} is in use by {holder_of(port)}: stop it, "
                          f"or choose another port with {variable}={suggestion} make run.") from error


def holder_of(port: int) -> str:
    """Who listens on the port, as "gunicorn (process 123)"; "another program" where the system does not tell."""
    inodes = {f"socket:[{inode}]" for inode in listening_inodes(port)}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(link) in inodes for link in (folder / "fd").iterdir()):
                return f"{(folder / 'comm').read_text().strip()} (process {folder.name})"
        except OSError:  # another user's process, or one that has just ended
            continue
    return "another program"


def listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for columns in (line.split() for line in lines):
            if columns[3] == LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                found.add(columns[9])
    return found
