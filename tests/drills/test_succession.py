"""A log is closed and its successor opened with one command: clients keep their keys; packages of both verify by the trust of their log."""
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from sandbox.tsa.authority import ensure_authority
from tests.databases import ROOT, Template
from tests.drills.installations import Installation, free_port, installation, process, witness_processes
from tests.drills.web import ask, post, python, web
from tests.ledger.processes import wait_until
from tlog.checkpoint import parse_checkpoint
from tlog.encoding import encode_base64
from tlog.note import split_note
from tlog.policy import parse_policy

OLD, NEW = "log.example/2026", "log.example/2027"
NAMES = ("notary", "court")


@contextmanager
def authority(folder: Path) -> Iterator[str]:
    """A timestamp authority in a process of its own; the setting that names it."""
    port = free_port()
    with process("-m", "sandbox.tsa", "--port", str(port), "--dir", str(folder / "tsa"), port=port, log=folder / "tsa.log"):
        yield f"sandbox-tsa=http://127.0.0.1:{port}/"


def pin(place: Installation, authority_folder: Path) -> None:
    roots = place.var / "trust" / "tsa"
    roots.mkdir(parents=True, exist_ok=True)
    (roots / "sandbox-tsa.pem").write_bytes(ensure_authority(authority_folder).root.certificate.public_bytes(Encoding.PEM))


@contextmanager
def witnesses_again(folder: Path, policy: Path, vkey: str) -> Iterator[None]:
    """The witnesses' operators have added the successor by hand, and started their programs again."""
    with ExitStack() as stack:
        for witness in parse_policy(policy.read_text()).witnesses:
            config = folder / "witnesses" / witness.name / "witness.toml"
            with config.open("a") as text:
                text.write(f'\n[[log]]\norigin = "{NEW}"\nvkeys = ["{vkey}"]\nurl = "http://127.0.0.1:1/log"\n')
            port = int(str(witness.url).rpartition(":")[2])
            stack.enter_context(process("-m", "witness", "serve", str(config), "--first-start", port=port, log=folder / "again.log"))
        yield


def stamped(place: Installation) -> bool:
    told = place.told()
    return bool(0 < told["size"] == told["stamped"])


def verified(place: Installation, url: str, key: str, number: str) -> tuple[int, str]:
    """What the offline verifier says of a record's package, by the trust folder of this installation."""
    status, package = ask(f"{url}/api/v1/evidence/{number}/package", key)
    assert status == 200, package
    file, trust = place.var / f"{number}.asice", place.var / "exported"
    file.write_bytes(package)
    assert place.manage("export_trust", str(trust)).returncode == 0
    words = [sys.executable, "-m", "tlog", "verify", str(file), "--trust", str(trust)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.slow
def test_a_log_is_closed_and_its_successor_opened_with_one_command(database_template: Template, tmp_path: Path) -> None:
    ports, new_var, witness_folder = (free_port(), free_port()), tmp_path / "new", tmp_path / "witnesses"
    witness_folder.mkdir()
    with ExitStack() as stack:
        tsas = stack.enter_context(authority(tmp_path))
        old = stack.enter_context(installation(
            tmp_path / "old", database_template, CUNZHENG_ORIGIN=OLD, CUNZHENG_TSAS=tsas, CUNZHENG_URL=f"http://127.0.0.1:{ports[0]}"))
        pin(old, tmp_path / "tsa")
        key = old.manage("create_api_key", "示例消费金融有限公司").stdout.strip()
        old_url = stack.enter_context(web(old, ports[0]))
        with ExitStack() as until_closed:
            policy = until_closed.enter_context(
                witness_processes(witness_folder, *NAMES, origin=OLD, vkey=old.vkey, log_url=f"{old_url}/log"))
            old.environment["CUNZHENG_POLICY"] = str(policy)
            running = until_closed.enter_context(old.sequencer())
            until_closed.enter_context(python(old, "manage.py", "work", name="worker"))
            status, first = post(old_url, key, b"before")
            assert status == 201
            new_url = f"http://127.0.0.1:{ports[1]}"
            words = ["--successor-origin", NEW, "--into", str(new_var), "--successor-url", new_url]
            database = f"sqlite:///{new_var / 'db.sqlite3'}"
            if database_template.url:
                (tmp_path / "unused").mkdir()
                database = stack.enter_context(database_template.copy(tmp_path / "unused"))
                words += ["--successor-database", database]
            closed = old.manage("close_log", *words)
            assert closed.returncode == 0, closed.stderr
            assert old.manage("close_log", *words).returncode == 0, "it may be repeated"
            assert running.process.wait(60) == 0, running.said

        status, refused = post(old_url, key, b"after")
        assert (status, refused["code"], refused["successor"]) == (410, "log-closed", new_url)
        new = stack.enter_context(closing(Installation(
            new_var, database, CUNZHENG_ORIGIN=NEW, CUNZHENG_TSAS=tsas, CUNZHENG_URL=new_url, CUNZHENG_POLICY=str(new_var / "policy.txt"))))
        assert new.vkey in (new_var / "policy.txt").read_text()
        final = ask(f"{old_url}/log/checkpoint", key)[1]
        end = parse_checkpoint(split_note(final)[0])
        [predecessor] = new.told()["own"]
        assert predecessor["predecessor"].items() >= {
            "origin": OLD, "vkey": old.vkey, "size": end.size, "root": encode_base64(end.root)}.items()
        assert [own["closing"]["successor"] for own in old.told()["own"]] == [{"origin": NEW, "vkey": new.vkey, "url": new_url}]

        stack.enter_context(witnesses_again(witness_folder, policy, new.vkey))
        stack.enter_context(new.sequencer())
        stack.enter_context(python(new, "manage.py", "work", name="worker"))
        stack.enter_context(web(new, ports[1]))
        status, second = post(new_url, key, b"after")
        assert status == 201, "the same API key opens the successor"
        wait_until(lambda: stamped(new))
        numbers = [answer["records"][0]["record"] for answer in (first, second)]
        assert verified(old, old_url, key, numbers[0])[0] == verified(new, new_url, key, numbers[1])[0] == 0
        assert ask(f"{new_url}/api/v1/evidence/{numbers[0]}", key)[0] == 404, "records stay where they were deposited"
        for place in (old, new):
            examined = place.manage("fsck")
            assert examined.returncode == 0, examined.stdout
