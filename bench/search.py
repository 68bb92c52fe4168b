"""Lists and searches of the console on PostgreSQL: the slowest of all that can be asked of so many cases."""
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from bench.figures import Figure
from bench.service import ROOT, database

AGENCYS = " by an agency"


def search_figures(cases: int) -> Iterator[Figure]:
    """A figure for each list and asker, that of the slowest question, which it names; every question's own goes to the standard error."""
    with database() as url, tempfile.TemporaryDirectory(prefix="cunzheng-bench-", dir=os.environ.get("BENCH_DIR")) as folder:
        environment = {**os.environ, "DATABASE_URL": url, "CUNZHENG_VAR": folder}
        for words in (("migrate", "-v0"), ("init_service", "-v0")):
            subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=environment, check=True)
        command = [sys.executable, "-m", "bench.search_requests", str(cases)]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    spent = {name: {int(share): 1000 * value for share, value in each.items()} for name, each in json.loads(done.stdout).items()}
    for name, each in sorted(spent.items(), key=lambda row: -row[1][95]):
        print(f"  {name}: p50 {each[50]:.0f} ms, p95 {each[95]:.0f} ms", file=sys.stderr)
    agencys = {name for name in spent if name.endswith(AGENCYS)}
    for path in ("/cases", "/evidence"):
        for whose, names in (("a lender's", spent.keys() - agencys), ("an agency's", agencys)):
            slowest = max((name for name in names if name.startswith(f"{path} ")), key=lambda name: spent[name][95])
            value = spent[slowest][95]
            yield Figure(
                f"{path} at {cases:,} cases with three records each, {whose} slowest question, p95", "–", 200, "", value,
                f"{value:.0f} ms ({slowest.partition(' ')[2].removesuffix(AGENCYS)})", at_most=True)
