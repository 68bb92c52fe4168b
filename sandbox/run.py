"""`make run`: set everything up, start it, deposit the sample case, verify its package and say what came of it.

Ctrl-C (or SIGTERM, or the terminal going away) stops all of it and exits 0; a program that ends by itself stops the others and
exits 1 with a sentence that names it. Not for production, where each line of the Procfile is a service of its own.
"""
import argparse
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from types import FrameType
from typing import NoReturn

from sandbox.client import Client
from sandbox.preflight import Refused, check_database_file, check_port, claim_folder, port_from
from sandbox.programs import Programs, ProgramStopped, parse_procfile
from sandbox.sample import ROOT, Sample, SampleFailed, show_sample
from sandbox.seeds.telling import People, provide_people
from sandbox.sms import SECRET
from sandbox.witnesses import PORTS

READY_WITHIN_S = 90.0
TSA_PORTS = (("CUNZHENG_TSA_PORT", 8001), ("CUNZHENG_TSA2_PORT", 8004))
IDP_PORT, SMS_PORT = ("CUNZHENG_IDP_PORT", 8005), ("CUNZHENG_SMS_PORT", 8006)
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopAsked(BaseException):
    """Somebody wants the service to stop. Like KeyboardInterrupt it is no error, so that nothing catches it on the way."""


def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
    raise StopAsked


def main() -> int:
    arguments = argparse.ArgumentParser(prog="make run", description="Start the whole service on this machine.")
    arguments.add_argument("--ready-file", type=Path, metavar="FILE", help="write what the summary says to FILE, as JSON, once all is done")
    arguments.add_argument("--without-people", action="store_true", help="make no fictitious people and cases")
    options = arguments.parse_args()
    for number in STOP_SIGNALS:
        signal.signal(number, ask_to_stop)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that knows no Chinese must not stop the service
    try:
        environment = service_environment(dict(os.environ))
        with claim_folder(Path(environment["CUNZHENG_VAR"])):
            return run(environment, options.ready_file, with_people=not options.without_people)
    except Refused as reason:
        print(reason, file=sys.stderr)
        return 1
    except StopAsked:
        return 0


def run(environment: dict[str, str], ready_file: Path | None, *, with_people: bool) -> int:
    """From the first look to the last program's end; the exit code. Raises: nothing that a person has to read as a traceback."""
    var = Path(environment["CUNZHENG_VAR"])
    programs = Programs(folder=ROOT, logs=var / "logs", environment=environment)
    try:
        preflight(environment, var)
        set_up(environment, var)
        serve(programs, environment, ready_file, with_people=with_people)
    except StopAsked:
        sentence, code = "Everything is stopped and nothing is lost; make run starts it again.", 0
    except (Refused, ProgramStopped, SampleFailed) as reason:
        sentence, code = str(reason), 1
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # what stops now is not to be interrupted
    programs.stop()
    print(f"\n{sentence}" if code == 0 else sentence, file=sys.stderr if code else sys.stdout, flush=True)
    return code


def say(line: str) -> None:
    print(f"· {line}", flush=True)


def service_environment(environment: dict[str, str]) -> dict[str, str]:
    """The environment of every program: ports and folders spelled out, and this Python first on the path. Raises: Refused."""
    web = port_from(environment, "CUNZHENG_PORT", 8000)
    others = (*TSA_PORTS, IDP_PORT, SMS_PORT, *PORTS.values())
    ports = {"CUNZHENG_PORT": web, **{variable: port_from(environment, variable, port) for variable, port in others}}
    for (one, port), (other, same) in combinations(ports.items(), 2):
        if port == same:
            raise Refused(f"{one} and {other} are both {port}: choose two different ports.")
    var = Path(environment.get("CUNZHENG_VAR", "").strip() or ROOT / "var").absolute()
    return {
        "CUNZHENG_POLICY": str(var / "policy.txt"),
        "CUNZHENG_SMS_URL": f"http://127.0.0.1:{ports[SMS_PORT[0]]}/messages", "CUNZHENG_SMS_SECRET": SECRET,
        **environment,
        **{variable: str(port) for variable, port in ports.items()},
        "CUNZHENG_VAR": str(var),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
    }


def preflight(environment: dict[str, str], var: Path) -> None:
    """Raises: Refused when a port is taken or the database file is broken."""
    check_port(int(environment["CUNZHENG_PORT"]), variable="CUNZHENG_PORT", suggestion=8080)
    for variable, port in (*TSA_PORTS, IDP_PORT, SMS_PORT, *PORTS.values()):
        check_port(int(environment[variable]), variable=variable, suggestion=port + 80)
    if not environment.get("DATABASE_URL"):
        check_database_file(var / "db.sqlite3")


def set_up(environment: dict[str, str], var: Path) -> None:
    """Database, keys, sample key, trust folder, in a process of its own. Raises: Refused with that process's last line."""
    say("Setting up database and keys" if not (var / "keys").exists() else "Checking database and keys")
    # Asked to stop while the process is made, we would leave it behind, and the next start would migrate beside it.
    asked: list[int] = []
    for number in STOP_SIGNALS:
        signal.signal(number, lambda number, _: asked.append(number))
    # A session of its own: Ctrl-C reaches every program of the terminal, and must not reach this one.
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.set_up"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True)
    try:
        for number in STOP_SIGNALS:
            signal.signal(number, ask_to_stop)
        if asked:
            raise StopAsked
        _, said = process.communicate()
    except StopAsked:
        # Cut off between a migration's commit and its row in django_migrations, the database could never be migrated again.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        say("Stopping as soon as the database is whole, within a minute")
        process.communicate()
        raise
    if process.returncode != 0:
        lines = said.strip().splitlines() or [f"exit {process.returncode}"]
        if len(lines) == 1:
            raise Refused(lines[0])
        log = var / "set-up.log"
        log.write_text(said)
        raise Refused(f"The set-up failed: {lines[-1]} (all of it is in {log}).")


def serve(programs: Programs, environment: dict[str, str], ready_file: Path | None, *, with_people: bool) -> NoReturn:
    """Start the Procfile, show the sample, then watch until somebody or something ends it. Raises: what ended it."""
    var = Path(environment["CUNZHENG_VAR"])

    def pause(seconds: float) -> None:
        time.sleep(seconds)
        programs.check()

    for program in parse_procfile((ROOT / "Procfile").read_text()):
        programs.start(program)
    client = Client(f"http://127.0.0.1:{environment['CUNZHENG_PORT']}", (var / "sample" / "api.key").read_text().strip())
    wait_until_ready(client, pause, var)
    try:
        sample = show_sample(client, var, pause=pause, say=say)
        people = provide_people(environment, var, pause=pause, say=say) if with_people and sample.verdict.code == 0 else None
    except SampleFailed:
        programs.check()  # a program that has ended explains more than what it failed to answer
        raise
    print(summary(client.url, sample, people), flush=True)
    if sample.verdict.code != 0:
        raise SampleFailed(f"The verdict over {shown(sample.package)} is {sample.verdict.word}: the lines above say why; "
                           "without that file, the next start fetches it anew.")
    if ready_file:
        write_ready_file(ready_file, client.url, sample)
    while True:
        pause(0.5)


def write_ready_file(file: Path, url: str, sample: Sample) -> None:
    """The summary for a program; the file appears whole."""
    partial = file.with_suffix(".partial")
    numbers = [number for number, _ in sample.records]
    facts = {"url": url, "records": numbers, "package": str(sample.package), "verdict": sample.verdict.word}
    partial.write_text(json.dumps(facts))
    partial.replace(file)


def wait_until_ready(client: Client, pause: Callable[[float], None], var: Path) -> None:
    """Raises: SampleFailed when the web process does not answer in time, and what `pause` raises."""
    say("Starting web, sequencer, worker, two test timestamp authorities, two test witnesses, a test identity provider and a test SMS "
        "gateway")
    deadline = time.monotonic() + READY_WITHIN_S
    while not client.ready():
        if time.monotonic() > deadline:
            raise SampleFailed(f"The web process did not get ready within {READY_WITHIN_S:.0f} s: its log is {var / 'logs' / 'web.log'}.")
        pause(0.1)


def summary(url: str, sample: Sample, people: People | None) -> str:
    """What a person came for: where it runs, what was deposited, what the verifier said, and who may sign in how."""
    package = shown(sample.package)
    lines = [
        "",
        "═" * 100,
        "存证 Cunzheng is running",
        "",
        f"  open      {url}/",
        *(f"  {'' if row else 'records':8}  {number}  {title}" for row, (number, title) in enumerate(sample.records)),
        f"  package   {package}",
        f"  verdict   {sample.verdict.lines[-1] if sample.verdict.lines else sample.verdict.word}",
        *(people.lines() if people else []),
        "",
        f"  verify it yourself   .venv/bin/python -m tlog verify {package} --trust {shown(sample.package.parent.parent / 'trust')}",
        f"  an API key to try    {shown(sample.package.parent.parent / 'sample' / 'api.key')}",
        "  stop                 Ctrl-C",
        "═" * 100,
    ]
    if sample.verdict.code != 0:
        lines += sample.verdict.lines
    return "\n".join(lines)


def shown(path: Path) -> str:
    """The path as a person in the checkout would type it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    sys.exit(main())
