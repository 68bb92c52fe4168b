"""The command line of the verifier: what an expert witness runs, offline.

    python -m tlog verify PACKAGE [--trust DIR] [--file FILE]... [--all] [--json]

prints one line for each check (passed, failed, or not checked, with the reason), then one line that says what follows from
them. The exit status is 0 when every required check passed, 2 when something failed, 3 when the examination is incomplete,
1 when it could not be run at all.

    python -m tlog verify-fork A B --log VKEY...

says whether two files, each a signed checkpoint or a tlog-proof, prove that the log showed two histories: exit 0 when they do,
2 when they prove nothing, 1 when it could not be run.

What it does not do: judge (`tlog.package`, `tlog.fork`), or write anything but its report.
"""

import argparse
import errno
import io
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NoReturn

from tlog.checks import NAMES
from tlog.errors import VerificationError
from tlog.fork import verify_fork
from tlog.note import Verifier
from tlog.report import FAILED, NOT_CHECKED, PASSED, Report

COULD_NOT_RUN, FORK_NOT_PROVEN = 1, 2
_MANY = 20
_MAX_SIDE = 1 << 20
_MAX_REASON = 400


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence and exit 1: its usual 2 would mean that evidence failed."""

    def error(self, message: str) -> NoReturn:
        self.exit(COULD_NOT_RUN, f"{self.prog}: {message}. See {self.prog} --help.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line with `arguments` (None: those of the process) and return its exit status."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    return run(options)


def _verify(options: argparse.Namespace) -> int:
    try:
        # Here, because timestamps need an ASN.1 library, and a witness that verifies a fork has cryptography alone.
        from tlog.package import examine_package  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        name = str(missing.name).partition(".")[0]
        print(f"Could not run: to verify a package, {name} is needed: pip install {name}.", file=sys.stderr)
        return COULD_NOT_RUN
    try:
        report = examine_package(options.package, trust=options.trust, file=options.file, now=datetime.now(UTC))
    except OSError as fault:
        print(f"Could not run: {fault.filename or options.package}: {fault.strerror or fault}.", file=sys.stderr)
        return COULD_NOT_RUN
    except KeyboardInterrupt:
        print("Could not run to the end: interrupted.", file=sys.stderr)
        return COULD_NOT_RUN
    try:
        print(_as_json(report, options.package) if options.json else "\n".join(_as_lines(report, in_full=options.all)), flush=True)
    except BrokenPipeError:
        # The reader left, as `head` does; without this Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return report.exit_code


def _verify_fork(options: argparse.Namespace) -> int:
    try:
        verifiers = [Verifier.from_vkey(text) for text in options.log]
        sides = [_read_bounded(name) for name in (options.a, options.b)]
    except VerificationError as fault:
        print(f"Could not run: --log: {_plain(str(fault))}.", file=sys.stderr)
        return COULD_NOT_RUN
    except OSError as fault:
        print(f"Could not run: {fault.filename}: {fault.strerror or fault}.", file=sys.stderr)
        return COULD_NOT_RUN
    try:
        print(f"PROVEN: the log showed two histories ({verify_fork(sides[0], sides[1], log_verifiers=verifiers)}).")
    except VerificationError as fault:
        print(f"NOT PROVEN: {_plain(str(fault))}.")
        return FORK_NOT_PROVEN
    return 0


def _read_bounded(name: str) -> bytes:
    with open(name, "rb") as file:
        data = file.read(_MAX_SIDE + 1)
    if len(data) > _MAX_SIDE:
        raise OSError(errno.EFBIG, f"larger than any checkpoint or proof ({_MAX_SIDE} bytes)", name)
    return data


def _parser() -> _Parser:
    parser = _Parser(prog="python -m tlog", description="Verify evidence offline, without trusting whoever made it.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    verify = commands.add_parser(
        "verify",
        help="examine an evidence package",
        description="Examine an evidence package and report every check.",
        epilog="Exit status: 0 every required check passed; 2 something failed; 3 incomplete (no --trust, or a required "
        "check could not be made); 1 could not run.",
    )
    verify.add_argument("package", metavar="PACKAGE", help="the package, a zip file")
    verify.add_argument("--trust", metavar="DIR", help="folder with policy.txt, policies/, receipt.vkey and tsa/*.pem, obtained elsewhere")
    verify.add_argument("--file", metavar="FILE", action="append", help="an original that the package does not hold (may be repeated)")
    verify.add_argument("--all", action="store_true", help=f"list every part of a check that passed for more than {_MANY} parts")
    verify.add_argument("--json", action="store_true", help="print the report as JSON")
    verify.set_defaults(run=_verify)
    fork = commands.add_parser(
        "verify-fork",
        help="verify that two statements of a log contradict each other",
        description="Verify that two signed checkpoints or tlog-proofs of one log cannot both be of one history.",
        epilog="Exit status: 0 the contradiction is proven; 2 the two prove nothing; 1 could not run.",
    )
    fork.add_argument("a", metavar="A", help="a signed checkpoint, or a tlog-proof whose extra line is the leaf hash or the entry")
    fork.add_argument("b", metavar="B", help="another one")
    fork.add_argument(
        "--log", metavar="VKEY", action="append", required=True, help="public key of the log, obtained elsewhere (may be repeated)")
    fork.set_defaults(run=_verify_fork)
    return parser


def _as_json(report: Report, package: str) -> str:
    checks = [{"name": c.name, "outcome": c.outcome, "reason": c.reason, "required": c.required} for c in report.checks]
    return json.dumps({"package": package, "exit_code": report.exit_code, "checks": checks}, indent=1)


def _as_lines(report: Report, *, in_full: bool) -> Iterator[str]:
    """Yield one line for each check, in the order of the report, and the conclusion."""
    passed = Counter(check.name for check in report.checks if check.outcome == PASSED)
    short = set() if in_full else {name for name, count in passed.items() if count > _MANY}
    for name in NAMES:
        if name in short:
            yield f"{PASSED:<11}  {name}: for {passed[name]} parts (--all lists them)"
        for check in report.checks:
            if check.name == name and not (name in short and check.outcome == PASSED):
                optional = " (not required)" if check.outcome == NOT_CHECKED and not check.required else ""
                yield f"{check.outcome:<11}  {name}{': ' if check.reason else ''}{_plain(check.reason)}{optional}"
    yield ""
    yield _conclusion(report)


def _conclusion(report: Report) -> str:
    count = Counter(check.outcome for check in report.checks)
    figures = f"{count[PASSED]} checks passed, {count[FAILED]} failed, {count[NOT_CHECKED]} not checked"
    if report.exit_code == 2:
        failed = dict.fromkeys(check.name for check in report.checks if check.outcome == FAILED)
        return f"FAILED: {', '.join(failed)}. Do not rely on this package. ({figures})"
    if report.exit_code == 3:
        left = dict.fromkeys(check.name for check in report.checks if check.outcome == NOT_CHECKED and check.required)
        return f"INCOMPLETE: nothing failed, but these were not checked: {', '.join(left)}. ({figures})"
    return f"PASSED: every required check passed. ({figures})"


def _plain(text: str) -> str:
    """Return text that cannot move the cursor, turn round or otherwise steer a terminal: it may come from the package."""
    shown = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
    return shown if len(shown) <= _MAX_REASON else f"{shown[:_MAX_REASON]}…"


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A court's terminal may know neither Chinese nor dashes: what it cannot show is escaped.
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main())
