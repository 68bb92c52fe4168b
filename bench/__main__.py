"""`python -m bench [--only WORD] [--full]`: measure, print the table, keep the results with the machine described."""
import argparse
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench import before, deposits, downloads, fixity, log, proofs, search, timestamps, uploads, witness
from bench.figures import Figure
from bench.machine import described

RESULTS = Path(__file__).resolve().parent / "results"
Group = Callable[[argparse.Namespace], Iterator[Figure]]


# What can be measured, by the word that `--only` takes.
GROUPS: dict[str, Group] = {
    "batch": lambda options: deposits.batch_figures(1_000_000 if options.full else 100_000),
    "before": lambda _: before.before_figures(),
    "claims": lambda _: deposits.claims_figure(),
    "plain": lambda _: deposits.plain_figure(),
    "single": lambda _: deposits.single_figure(),
    "log": lambda options: log.log_figures(10_000_000 if options.full else 300_000),
    "proofs": lambda options: proofs.proof_figures(10_000_000 if options.full else 2_000_000),
    "tsa": lambda _: timestamps.timestamp_figures(),
    "witness": lambda _: witness.witness_figures(),
    "witnessed": lambda _: witness.witnessed_figures(),
    "search": lambda _: search.search_figures(100_000),
    "fixity": lambda options: fixity.fixity_figures(1024 if options.full else 256),
    "download": lambda options: downloads.download_figures(2048 if options.full else 512),
    "upload": lambda options: uploads.upload_figures(2048 if options.full else 512),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="WORD", help=f"one of: {', '.join(GROUPS)}")
    parser.add_argument("--full", action="store_true", help="the sizes of the targets: a million records, ten million entries")
    options = parser.parse_args()
    figures: list[Figure] = []
    for word, measure in GROUPS.items():
        if not options.only or word in options.only:
            for figure in measure(options):
                figures.append(figure)
                show(figure)
    keep(figures, options.full)
    return 0


def show(figure: Figure) -> None:
    row = figure.as_json()
    verdict = "told" if figure.must is None else "met" if figure.met else "NOT MET"
    print(f"{figure.name} | {figure.against} | {row['must']} | aim {figure.aim or '–'} | {figure.shown} | {verdict}", flush=True)


def keep(figures: list[Figure], full: bool) -> None:
    now = datetime.now(UTC)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{now:%Y%m%dT%H%M%SZ}.json"
    kept = {"at": now.isoformat(), "full": full, "machine": described(), "figures": [figure.as_json() for figure in figures]}
    path.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"kept in bench/results/{path.name}")


if __name__ == "__main__":
    sys.exit(main())
