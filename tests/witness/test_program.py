"""The program as an institution runs it: made, started, asked over HTTP, killed, rolled back; its command line and its limits."""
import hashlib
import json
import os
import re
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import ROOT
from tests.witness.logs import ORIGIN, Log, body, entries
from tests.witness.places import LOG, NAME, Place
from tlog.__main__ import main
from tlog.note import Verifier, format_note, open_note
from tlog.verifier import COSIGNATURE, MLDSA44
from witness.__main__ import age
from witness.config import ConfigError, read_config
from witness.request import MAX_BODY
from witness.server import MAX_HEAD

MONITORED = f"/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint"


def test_what_init_makes_is_for_the_owner_only_and_never_made_twice(place: Place) -> None:
    assert (place.folder / "witness.key").stat().st_mode & 0o777 == 0o600
    seed = (place.folder / "witness.key").read_bytes()
    record = (place.folder / "ceremony.txt").read_text()
    assert record in place.said
    assert place.verifier.vkey in record
    assert seed.hex() not in place.said
    assert "见证密钥仪式记录" in record
    again = place.command("init", str(place.folder), "--name", NAME)
    assert again.returncode == 1
    assert "a witness keeps its key" in again.stderr
    assert (place.folder / "witness.key").read_bytes() == seed


def test_a_log_is_witnessed_over_http_and_the_state_outlives_a_kill(place: Place, pages: dict[str, bytes]) -> None:
    place.start("--first-start")
    status, line = place.post(LOG.request(0, 300))
    assert status == 200
    cosigned = format_note(open_note(LOG.checkpoint(300), [LOG.signer.verifier]).text, [LOG.signer.sign(LOG_TEXT), line.decode()])
    assert [each.name for each in open_note(cosigned, [place.verifier]).signatures] == [NAME]
    assert place.ask("GET", MONITORED) == (200, cosigned)
    place.stop(signal.SIGKILL)
    pages["/checkpoint"] = cosigned
    place.start()
    assert place.post(LOG.request(0, 600)) == (409, b"300\n")
    assert place.post(LOG.request(300, 600))[0] == 200
    assert place.stop() == 0


LOG_TEXT = open_note(LOG.checkpoint(300), [LOG.signer.verifier]).text


def test_a_witness_with_two_keys_and_a_prefix_answers_under_both(place: Place, tmp_path: Path) -> None:
    """The second key is ML-DSA-44; the prefix stands before both pages, and nothing is there without it."""
    text = place.config.read_text()
    place.folder = tmp_path / "two"
    made = place.command("init", str(place.folder), "--name", NAME, "--ml-dsa")
    assert made.returncode == 0, made.stderr
    verifiers = [Verifier.from_vkey(line) for line in made.stdout.splitlines()[-2:]]
    assert [verifier.type for verifier in verifiers] == [COSIGNATURE, MLDSA44]
    assert (place.folder / "witness-mldsa.key").stat().st_mode & 0o777 == 0o600
    place.config = place.folder / "witness.toml"
    made_text = place.config.read_text().replace("127.0.0.1:8101", "127.0.0.1:0").replace('prefix = ""', 'prefix = "/w"')
    place.config.write_text(f"{made_text}\n{text[text.rindex('[[log]]'):]}")
    place.start("--first-start")
    assert place.post(LOG.request(0, 5))[0] == 404
    status, lines = place.post(LOG.request(0, 5), "/w/add-checkpoint")
    assert status == 200
    assert len(open_note(LOG.checkpoint(5) + lines, verifiers).signatures) == 2
    assert place.ask("GET", MONITORED)[0] == 404
    status, page = place.ask("GET", f"/w{MONITORED}")
    assert status == 200
    assert len(open_note(page, [*verifiers, LOG.signer.verifier]).signatures) == 3


def test_a_restored_file_is_noticed_and_resynced_on_an_operators_word(place: Place, pages: dict[str, bytes]) -> None:
    place.start("--first-start")
    assert place.post(LOG.request(0, 100))[0] == 200
    place.stop()
    shutil.copy(place.folder / "witness.sqlite3", place.folder / "backup.sqlite3")
    pages["/checkpoint"] = LOG.checkpoint(100)
    place.start()
    status, line = place.post(LOG.request(100, 300))
    assert status == 200
    place.stop()
    pages["/checkpoint"] = format_note(LOG_TEXT, [LOG.signer.sign(LOG_TEXT), line.decode()])
    shutil.copy(place.folder / "backup.sqlite3", place.folder / "witness.sqlite3")
    place.start()
    status, reason = place.post(LOG.request(100, 600))
    assert (status, b"rolled back" in reason) == (503, True)
    told = place.command("status", str(place.config))
    assert told.returncode == 3
    assert "NOT COSIGNED" in told.stdout
    assert "--resync" in told.stdout
    place.stop()
    pages |= {f"/{path}": data for path, data in Log(entries(300)).tiles.items()}
    place.start("--resync")
    assert place.post(LOG.request(100, 600)) == (409, b"300\n")
    assert place.post(LOG.request(300, 600))[0] == 200
    told = place.command("status", str(place.config), "--json")
    assert told.returncode == 0
    [row] = json.loads(told.stdout)
    assert (row["origin"], row["size"], row["refuses_because"]) == (ORIGIN, 600, None)


def test_status_tells_of_a_log_that_showed_two_histories(place: Place) -> None:
    assert "was never started" in place.command("status", str(place.config)).stderr
    place.start("--first-start")
    assert place.command("status", str(place.config)).stdout == f"{ORIGIN}\n  nothing was cosigned yet\n"
    assert place.post(LOG.request(0, 300))[0] == 200
    assert place.post(Log([b"another", *entries(600)[1:]]).request(300, 300))[0] == 422
    told = place.command("status", str(place.config))
    assert told.returncode == 3
    assert "MISBEHAVIOUR: 2 validly signed notes" in told.stdout
    proofs = place.folder / "proofs"
    told = place.command("status", str(place.config), "--proofs", str(proofs))
    words = shlex.split(told.stderr.splitlines()[-1])[3:]
    one, other = sorted(map(str, proofs.iterdir()))
    assert main([{"A": one, "B": other}.get(word, word) for word in words]) == 0


def test_status_tells_of_refusals_until_the_log_is_cosigned_again(place: Place) -> None:
    place.start("--first-start")
    assert place.post(LOG.request(0, 300))[0] == 200
    told = place.command("status", str(place.config))
    assert told.returncode == 0
    assert re.search(r"cosigned last: size 300, \S+ \S+ UTC, [0-9]+ s ago\n$", told.stdout)
    for _ in range(3):
        assert place.post(body(300, [bytes(32)], LOG.checkpoint(600)))[0] == 422
    told = place.command("status", str(place.config))
    assert told.returncode == 3
    assert re.search(r"REFUSED 3 times in a row, the last time \S+ \S+ UTC: consistency proof of 1 hashes where", told.stdout)
    assert place.post(LOG.request(300, 600))[0] == 200
    told = place.command("status", str(place.config))
    assert told.returncode == 0
    assert "refused 3 times earlier" in told.stdout
    assert place.post(Log([b"another", *entries(600)[1:]]).request(600, 600))[0] == 422
    [row] = json.loads(place.command("status", str(place.config), "--json").stdout)
    assert (row["size"], row["refused"], row["refused_in_a_row"]) == (600, 4, 1)
    assert 0 <= row["age_s"] < 60


@pytest.mark.parametrize(("seconds", "said"), [(0, "0 s"), (119, "119 s"), (120, "2 minutes"), (7199, "119 minutes"), (7200, "2 hours"),
                                               (172_799, "47 hours"), (172_800, "2 days")])
def test_an_age_is_told_in_one_unit(seconds: int, said: str) -> None:
    assert age(seconds) == said


def test_requests_of_every_size_and_kind_are_bounded(place: Place) -> None:
    place.start("--first-start")
    assert place.post(b"x" * (MAX_BODY + 1))[0] == 413
    assert place.post(b"x" * MAX_BODY)[0] == 400
    assert place.ask("POST", "/add-checkpoint", None, {"Transfer-Encoding": "chunked"})[0] == 411
    assert place.ask("POST", "/add-checkpoint", None, {"Content-Length": "-1"})[0] == 400
    assert place.ask("POST", "/add-checkpoint", None, {"Content-Length": "9" * 30})[0] == 400
    assert place.post(LOG.request(0, 5), "/another")[0] == 404
    assert place.ask("GET", "/add-checkpoint")[0] == 404
    assert place.ask("DELETE", "/add-checkpoint")[0] == 405
    assert place.ask("GET", "/" + "x" * (MAX_HEAD + 10))[0] == 431
    assert place.ask("GET", MONITORED, None, {"X-Long": "x" * MAX_HEAD})[0] == 431
    assert place.post(LOG.request(0, 5))[0] == 200


def test_silent_clients_hold_nobody_up(place: Place) -> None:
    place.start("--first-start")
    silent = [socket.create_connection(("127.0.0.1", place.port)) for _ in range(100)]
    for line in silent:
        line.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 100\r\n\r\n")
    assert place.post(LOG.request(0, 5))[0] == 200
    for line in silent:
        line.close()


def test_a_full_disk_answers_503_and_signs_nothing(place: Place) -> None:
    """The file may not grow any more: a limit of the process stands for the disk."""
    place.start("--first-start")
    assert place.post(LOG.request(0, 10))[0] == 200
    assert place.process is not None
    for file in ("witness.sqlite3-wal", "witness.sqlite3"):
        os.truncate(place.folder / file, (place.folder / file).stat().st_size)
    old = resource.prlimit(place.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    status, text = place.post(LOG.request(10, 20))
    assert (status, text) == (503, b"the witness cannot keep its state; nothing was signed\n")
    resource.prlimit(place.process.pid, resource.RLIMIT_FSIZE, old)
    assert place.post(LOG.request(10, 20))[0] == 200


def test_it_runs_with_cryptography_alone() -> None:
    program = (
        "import sys\nimport witness.__main__, witness.server\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}"],
                          capture_output=True, text=True, check=True, env={})  # a measured run would load the measuring too
    loaded = {name for name in done.stdout.split() if not name.startswith(("_", "sitecustomize"))}
    assert loaded <= {"cryptography", "cffi", "tlog", "witness"}, loaded


@pytest.mark.parametrize(("old", "new", "said"), [
    (f'name = "{NAME}"', "", "name is missing"),
    (f'name = "{NAME}"', 'name = "two words"', "not a key name"),
    (f'name = "{NAME}"', f'name = "{"n" * 300}"', "a witness's name has at most"),
    ('listen = "127.0.0.1:0"', 'listen = "8101"', "listen is like"),
    ('prefix = ""', 'prefix = "witness/"', "prefix is empty or like"),
    ("peers = []", 'peers = "https://court.example"', "peers is a list"),
    ("peers = []", 'peers = ["ftp://court.example"]', "ftp://court.example"),
    ("peers = []", "colour = 1", "unknown setting colour"),
    ('key = "witness.key"', 'key = "missing.key"', "missing.key cannot be read"),
    ('key = "witness.key"', "key = 7", "key is missing or no text"),
    ("\n[[log]]\n", "\n[log]\n", "at least one [[log]] is needed"),
    ("[[log]]\norigin", "[[log]]\nextra = 1\norigin", "a [[log]] has origin, vkeys and url"),
    (f'vkeys = ["{LOG.signer.vkey}"]', 'vkeys = ["nonsense"]', "a vkey of log.example/cunzheng cannot be used"),
    (f'vkeys = ["{LOG.signer.vkey}"]', "vkeys = []", "is a list with at least one key"),
    (f'origin = "{ORIGIN}"\n', "", "a [[log]] has origin"),
    (f'origin = "{ORIGIN}"\n', f'origin = "{"长" * 86}"\n', "the origin of a log has 255 bytes at most"),
    ("peers = []", "peers = [", "is not TOML"),
])
def test_a_configuration_that_cannot_be_used_says_where(place: Place, old: str, new: str, said: str) -> None:
    text = place.config.read_text()
    assert old in text
    place.config.write_text(text.replace(old, new))
    with pytest.raises(ConfigError) as refused:
        read_config(place.config)
    assert said in str(refused.value)
    assert str(refused.value).startswith(str(place.folder))


def test_such_a_configuration_is_one_sentence_to_whoever_starts_it(place: Place) -> None:
    place.config.write_text(place.config.read_text().replace("peers = []", "colour = 1"))
    done = place.command("serve", str(place.config))
    assert (done.returncode, done.stderr) == (1, f"witness: {place.config}: unknown setting colour.\n")


def test_a_log_stands_there_once(place: Place) -> None:
    text = place.config.read_text()
    place.config.write_text(f"{text}\n{text[text.rindex('[[log]]'):]}")
    with pytest.raises(ConfigError, match=r"the log log\.example/cunzheng stands there twice"):
        read_config(place.config)


def test_a_configuration_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_config(tmp_path / "witness.toml")


def test_keys_that_must_not_be_used_are_refused(place: Place) -> None:
    os.chmod(place.folder / "witness.key", 0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        read_config(place.config)
    os.chmod(place.folder / "witness.key", 0o600)
    (place.folder / "witness.key").write_bytes(b"short")
    with pytest.raises(ConfigError, match="damaged: 5 bytes instead of 32"):
        read_config(place.config)


def test_a_witness_key_is_never_a_logs_key(place: Place) -> None:
    text = place.config.read_text()
    place.config.write_text(text.replace(LOG.signer.vkey, place.verifier.vkey))
    with pytest.raises(ConfigError, match="a witness's key, not a log's"):
        read_config(place.config)
    own = Verifier.from_public_key(ORIGIN, 1, place.verifier.public_key)
    place.config.write_text(text.replace(LOG.signer.vkey, own.vkey))
    with pytest.raises(ConfigError, match="a witness's key, not a log's"):
        read_config(place.config)


def test_an_address_in_use_is_one_sentence(place: Place) -> None:
    place.start("--first-start")
    fixed(place)
    done = place.command("serve", str(place.config))
    assert done.returncode == 1
    assert f"listen: 127.0.0.1:{place.port} cannot be used: Address already in use.\n" in done.stderr
    assert "Traceback" not in done.stderr


def fixed(place: Place) -> None:
    """The configuration names the port from now on."""
    place.config.write_text(place.config.read_text().replace("127.0.0.1:0", f"127.0.0.1:{place.port}"))


def test_status_tells_of_a_witness_that_does_not_run(place: Place) -> None:
    place.start("--first-start")
    assert place.post(LOG.request(0, 300))[0] == 200
    fixed(place)
    told = place.command("status", str(place.config))
    assert (told.returncode, told.stderr) == (0, "")
    place.stop()
    told = place.command("status", str(place.config))
    assert (told.returncode, told.stderr) == (3, f"NOT RUNNING: nobody answers at 127.0.0.1:{place.port}.\n")
    assert "cosigned last: size 300" in told.stdout
    [row] = json.loads(place.command("status", str(place.config), "--json").stdout)
    assert row["running"] is False


def test_both_sides_fingerprints_are_printed_before_anything_is_started(place: Place) -> None:
    said = place.command("keys", str(place.config)).stdout
    digits = hashlib.sha256(LOG.signer.verifier.public_key).hexdigest()
    assert f"the log {ORIGIN}\n  vkey     {LOG.signer.vkey}\n  SHA-256  {digits[:4]} {digits[4:8]} " in said
    assert f"this witness\n  vkey     {place.verifier.vkey}\n" in said
    own = next(line.split(maxsplit=1)[1] for line in said.splitlines() if "SHA-256" in line)
    assert own in (place.folder / "ceremony.txt").read_text()
