"""`manage.py monitor` before a real web process: its exit status tells a sound log, a changed one and a silent door apart."""
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.incidents import open_incidents
from tests.conftest import Start, process_environment
from tests.databases import ROOT
from tests.depositing import Post, document
from tests.faults.programs import port_for_a_server_that_dies
from tests.ledger.processes import wait_until
from tests.vault.test_memory import answers


@pytest.mark.slow
def test_the_command_tells_a_sound_log_a_changed_one_and_a_silent_door_apart(
    service: str, var_dir: Path, start: Start, post_deposit: Post, publish: Callable[[], None]
) -> None:
    port = port_for_a_server_that_dies()
    url = f"http://127.0.0.1:{port}"

    def monitor() -> "subprocess.CompletedProcess[str]":
        environment = process_environment(service, var_dir, CUNZHENG_URL=url)
        return subprocess.run(
            [sys.executable, "manage.py", "monitor"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert post_deposit(document(), b"RIFF").status_code == 201
    publish()
    silent = monitor()
    assert silent.returncode == 2, silent.stderr
    assert "away since" in silent.stdout
    start("-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--no-control-socket", CUNZHENG_URL=url)
    wait_until(lambda: answers(port))
    sound = monitor()
    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert "tiles: holds" in sound.stdout
    assert "verified entries: 1" in sound.stdout
    tile = var_dir / "log" / "tile/entries/000.p/1"
    tile.write_bytes(tile.read_bytes().replace(b"deposit", b"custody"))
    changed = monitor()
    assert changed.returncode == 1, changed.stdout
    assert [incident.subject for incident in open_incidents()] == ["tiles"]
