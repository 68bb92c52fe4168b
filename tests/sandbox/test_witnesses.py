"""The two test witnesses of `make run`: what an earlier log left behind does not hold up a new one without a word."""
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django import Settings

from ledger.announcements import announcements
from ledger.policies import policy_in_force
from ledger.selectors import log_state
from sandbox.set_up import ask_test_witnesses
from sandbox.witnesses import SandboxWitness, provide_witnesses, require_fresh_witnesses
from tests.databases import ROOT
from tests.ledger.logs import grow, sequencer
from tests.witness.logs import ORIGIN
from tests.witness.places import LOG
from tlog.policy import NO_QUORUM
from witness.config import ConfigError
from witness.store import Cosigned, Store

WITNESSES = (SandboxWitness("notary", 8002), SandboxWitness("court", 8003))


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """A var folder whose court cosigned size 300 of an earlier log."""
    provide_witnesses(tmp_path, WITNESSES, origin=ORIGIN, vkey=LOG.signer.vkey, log_url="http://127.0.0.1:1/log")
    store = Store(tmp_path / "witnesses" / "court" / "witness.sqlite3")
    assert store.advance(ORIGIN, None, Cosigned(300, LOG.root(300), LOG.checkpoint(300), 1))
    store.close()
    return tmp_path


def test_a_new_log_of_the_same_origin_is_told_which_folder_to_move(left: Path) -> None:
    """They would hold it to the earlier log's history, and nothing would ever be published."""
    with pytest.raises(ConfigError, match=r"witness court has cosigned size 300 of an earlier log.*move .*/witnesses away and start again"):
        require_fresh_witnesses(left, WITNESSES, ORIGIN)


def test_witnesses_of_other_origins_are_in_nobodys_way(left: Path) -> None:
    assert [complaint(left, ORIGIN) != "", complaint(left, "another.example/log"), complaint(left / "empty", ORIGIN)] == [True, "", ""]


def complaint(folder: Path, origin: str) -> str:
    """What a new log of this origin is told; "" when nothing is in its way."""
    try:
        require_fresh_witnesses(folder, WITNESSES, origin)
    except ConfigError as told:
        return str(told)
    return ""


def test_a_file_that_is_no_database_is_named(left: Path) -> None:
    (left / "witnesses" / "notary" / "witness.sqlite3").write_bytes(b"x" * 5000)
    with pytest.raises(ConfigError, match=r"notary/witness\.sqlite3 is no witness's database"):
        require_fresh_witnesses(left, WITNESSES, ORIGIN)


def test_the_set_up_refuses_with_one_sentence(left: Path) -> None:
    environment = {**os.environ, "CUNZHENG_VAR": str(left), "CUNZHENG_ORIGIN": ORIGIN, "CUNZHENG_POLICY": str(left / "policy.txt")}
    environment.pop("DATABASE_URL", None)
    done = subprocess.run([sys.executable, "-m", "sandbox.set_up"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    [sentence] = done.stderr.splitlines()
    assert "move " in sentence


def test_a_log_from_before_there_were_witnesses_announces_them_and_goes_on(service: str, var_dir: Path, settings: Settings) -> None:
    log = sequencer()
    grow(log, 0, 3)
    log.publish()
    settings.POLICY = str(var_dir / "policy.txt")
    for _ in range(2):  # the second start finds it announced
        ask_test_witnesses(var_dir)
    [announced] = announcements()
    assert {witness.name for witness in announced.periods[0].policy.witnesses} == {"notary", "court"}
    assert policy_in_force().quorum == NO_QUORUM, "until then the log goes on as before"
    sequencer().sequence()
    assert log_state().size == 4
