"""The sample case at the first start: deposited through the public API, waited for, packed, and verified by a program that trusts nothing.

What was done is remembered in `var/sample/`, so a later start only verifies again. A start that was interrupted half-way
is taken up: the deposits carry idempotency keys, and the service answers a repeated one with the same receipt.
"""
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from samples.deposit import Deposited, DepositFailed, deposit_case, save_receipt
from sandbox.client import Client, explain

ROOT = Path(__file__).resolve().parent.parent
VERDICTS = {0: "PASSED", 2: "FAILED", 3: "INCOMPLETE"}


class SampleFailed(Exception):
    """The sample did not get as far as it must; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `python -m tlog verify` said: its exit code and its lines."""

    code: int
    lines: tuple[str, ...]

    @property
    def word(self) -> str:
        return VERDICTS.get(self.code, "NOT RUN")


@dataclass(frozen=True, slots=True)
class Sample:
    """The case's records in order, as pairs of number and title, the path of its package and the verdict over it."""

    records: tuple[tuple[str, str], ...]
    package: Path
    verdict: Verdict


def show_sample(client: Client, var: Path, *, pause: Callable[[float], None], say: Callable[[str], None]) -> Sample:
    """Deposit, wait, pack and verify, or only verify when all of it was done before. Raises: SampleFailed, and what `pause` raises."""
    package, done = var / "packages" / "sample-case.asice", var / "sample" / "deposit.json"
    try:
        if done.exists():
            records = tuple((number, title) for number, title in json.loads(done.read_text(encoding="utf-8")))
        else:
            package.unlink(missing_ok=True)  # of another database
            records = deposit(client, done, say)
        if not package.exists():
            wait_until_timestamped(client, [number for number, _ in records], pause=pause, say=say)
            package.parent.mkdir(exist_ok=True)
            client.download_case_package(records[0][0], package)
    except DepositFailed as error:
        raise SampleFailed(str(error)) from error
    except OSError as error:
        raise SampleFailed(f"The sample case could not be deposited or packed: {explain(error)}.") from error
    say("Verifying the package offline")
    return Sample(records, package, verify(package, var / "trust"))


def deposit(client: Client, done: Path, say: Callable[[str], None]) -> tuple[tuple[str, str], ...]:
    """The records of the case, deposited now and written to `done`, their receipts beside it. Raises: OSError, DepositFailed."""
    say("Depositing the sample case through the public API")

    def keep(deposited: Deposited) -> None:
        save_receipt(done.parent / "receipts", deposited)

    records = tuple((each.record, each.title) for each in deposit_case(client.url, client.key, done=keep))
    partial = done.with_suffix(".partial")
    partial.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    partial.replace(done)
    return records


def wait_until_timestamped(client: Client, numbers: Sequence[str], *, pause: Callable[[float], None], say: Callable[[str], None],
                           timeout_s: float = 120.0) -> None:
    """Poll each record until a trusted timestamp covers it. Raises: SampleFailed when that takes longer than `timeout_s`."""
    say("Waiting until every record is in the log and timestamped")
    waited = 0.0
    for number in numbers:
        while (state := client.record(number)["state"]) != "TIMESTAMPED":
            if waited >= timeout_s:
                raise SampleFailed(f"Record {number} is still {state} after {timeout_s:.0f} s.")
            pause(0.25)
            waited += 0.25


def verify(package: Path, trust: Path) -> Verdict:
    """Run the verifier as anyone would: a program of its own, which gets the package and the trusted keys and nothing else."""
    done = subprocess.run([sys.executable, "-m", "tlog", "verify", str(package), "--trust", str(trust)],
                          cwd=ROOT, capture_output=True, text=True, check=False)
    return Verdict(done.returncode, tuple((done.stdout + done.stderr).splitlines()))
