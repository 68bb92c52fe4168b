"""Shows that the suite catches every planted defect.

    python -m tests.planted [NUMBER...]    each patch, or these, against the tests that it names
    python -m tests.planted --whole        against the whole suite; hours
    python -m tests.planted --write        write docs/planted.md instead

The exit status is 0 when every defect was caught, 1 otherwise. Two patches are judged at a time, each in a copy of the checkout.
"""
import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.planted.defects import FOLDER, Defect, read_defects, table
from tests.planted.judging import SUITE_S, Run, Verdict, copied, judge, run_tests

ROOT = FOLDER.parent.parent
AT_ONCE = 2


def main(arguments: Sequence[str] | None = None, *, checkout: Path = ROOT, folder: Path = FOLDER) -> int:
    """Judge the patches of `folder` against `checkout`; the exit status."""
    options = parser().parse_args(arguments)
    defects = read_defects(folder)
    if options.write:
        (checkout / "docs" / "planted.md").write_text(table(defects), encoding="utf-8")
        return 0
    chosen = [each for each in defects if not options.numbers or each.number in options.numbers]
    if left_out := [] if has_postgres() else [each for each in chosen if each.on_postgres]:
        for each in left_out:
            print(f"left out {each.title}: name a PostgreSQL in DATABASE_URL")
        if "CI" in os.environ:
            return 1
        chosen = [each for each in chosen if each not in left_out]
    with tempfile.TemporaryDirectory(prefix="planted-") as temporary:
        return judge_all(chosen, checkout, Path(temporary), whole=options.whole)


def has_postgres() -> bool:
    return os.environ.get("DATABASE_URL", "").startswith("postgres")


def parser() -> argparse.ArgumentParser:
    told = "Plant one defect at a time and see whether the suite notices."
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=told)
    parser.add_argument("numbers", nargs="*", metavar="NUMBER", help="two digits; all when none is given")
    parser.add_argument("--whole", action="store_true", help="run the whole suite against each, instead of the tests that it names")
    parser.add_argument("--write", action="store_true", help="write docs/planted.md")
    return parser


def judge_all(chosen: Sequence[Defect], checkout: Path, temporary: Path, *, whole: bool) -> int:
    """Print a line for each defect and one for all; the exit status."""
    began = time.monotonic()
    sound = temporary / "sound"
    copied(checkout, sound)
    count = 0
    for on_postgres in (False, True):
        named = list(dict.fromkeys(test for each in chosen if each.on_postgres == on_postgres for test in each.tests))
        before = run_tests(sound, named, on_postgres=on_postgres, timeout_s=SUITE_S) if named else None
        if before is not None and before.status != 0:
            print(f"without any patch these tests do not pass, so they can show nothing:\n{_faults(before)}")
            return 1
        count += len(named)
    print(f"{count} tests pass without any patch ({time.monotonic() - began:.0f} s)", flush=True)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        judged = threads.map(lambda each: (each, judge(each, sound, temporary / each.number, whole=whole)), chosen)
        missed = [each for each, verdict in judged if not _told(each, verdict).caught]
    print(f"{len(chosen) - len(missed)} of {len(chosen)} planted defects were caught, in {time.monotonic() - began:.0f} s")
    return 1 if missed else 0


def _told(defect: Defect, verdict: Verdict) -> Verdict:
    print(f"{'caught' if verdict.caught else 'MISSED'}  {defect.title}: {verdict.words[:160]}", flush=True)
    return verdict


def _faults(run: Run) -> str:
    return "\n".join(f"  {test}: {message}" for test, message in {**run.failed, **run.errors}.items()) or run.said


if __name__ == "__main__":
    sys.exit(main())
