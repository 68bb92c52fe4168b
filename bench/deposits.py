"""Deposits over HTTP: batches by digest, single ones with a file, against the plainest Django that could stand in their place."""
import json
import secrets
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psycopg2

from bench.figures import PAIRS, Figure, percentile, rate, ratio
from bench.service import ROOT, Body, Service, batch_body, post_all, service, single_body

# Two for each web process. With one for each, both connections may fall to one process while the other idles.
CLIENTS = 4
PATH = "/api/v1/evidence/batch"


def records_per_second(run: Service, bodies: list[Body], path: str = PATH) -> float:
    return 1000 * rate(lambda: post_all(run, path, bodies, clients=CLIENTS))


def posts_per_second(run: Service, path: str, bodies: list[Body]) -> float:
    return rate(lambda: post_all(run, path, bodies, clients=CLIENTS))


def batches(count: int) -> list[Body]:
    return [batch_body(1000 * number) for number in range(count)]


def batch_figures(sustained: int) -> Iterator[Figure]:
    """Sequencer running against stopped; `sustained` records in one go; commit → applied → published at half of that rate."""
    with service(workers=2) as run:
        run.start_sequencer()
        yield sequencer_figure(run)
        run.wait_until_published()
        highest, figures = sustained_figures(run, sustained)
        yield from figures
        run.wait_until_published()
        yield from latency_figures(run, highest / 2)


def sequencer_figure(run: Service) -> Figure:
    """A B A B …: what the sequencer takes away from the web processes on the same two cores."""
    running, stopped = [], []
    for turn in range(PAIRS + 1):
        bodies = batches(16)
        with_it = records_per_second(run, bodies[:8])
        run.wait_until_published()
        run.pause_sequencer(True)
        without = records_per_second(run, bodies[8:])
        run.pause_sequencer(False)
        run.wait_until_published()
        if turn:
            running.append(with_it)
            stopped.append(without)
    value = ratio(running, stopped)
    shown = f"{value:.2f} ({statistics.median(running):,.0f} records/s)"
    return Figure("batch deposit over HTTP, sequencer running", "the same with the sequencer stopped", 0.85, "0.95", value, shown)


def sustained_figures(run: Service, records: int) -> tuple[float, list[Figure]]:
    """Absolute rate over many records, and its last tenth against its first."""
    moments: list[float] = []
    bodies = batches(records // 1000)
    began = time.time()
    post_all(run, PATH, bodies, clients=CLIENTS, done=moments.append)
    moments.sort()
    tenth = len(moments) // 10
    first, last = moments[tenth - 1] - began, moments[-1] - moments[-tenth - 1]
    overall = records / (moments[-1] - began)
    return overall, [
        Figure(f"batch deposit over HTTP, {records:,} records", "absolute, the client on the same cores", 5000, "10,000", overall,
               f"{overall:,.0f} records/s"),
        Figure("the same, last tenth", "first tenth", 0.9, "", first / last, f"{first / last:.2f}"),
    ]


Limits = tuple[tuple[str, int, tuple[tuple[float, float], ...]], ...]
# What is waited for, its column in what `watch` sees, and the seconds allowed for each share of the deposits.
ALONE: Limits = (("applied", 1, ((0.5, 0.3),)), ("published", 2, ((0.5, 1.0), (0.99, 2.0))))
WITNESSED: Limits = (("published, three witnesses", 2, ((0.5, 1.5), (0.99, 3.0))),)


def latency_figures(run: Service, records_per_s: float, limits: Limits = ALONE) -> Iterator[Figure]:
    """Deposits at a steady rate while a second connection looks at the log's sizes every few milliseconds."""
    seen: list[tuple[float, int, int]] = []
    stop = threading.Event()

    def watch() -> None:
        with psycopg2.connect(run.url) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            while not stop.wait(0.01):
                cursor.execute("SELECT applied_size, published_size FROM ledger_logstate")
                row = cursor.fetchone()
                assert row is not None
                seen.append((time.time(), row[0], row[1]))

    start = run.query("SELECT size FROM ledger_logstate")[0][0]
    watcher = threading.Thread(target=watch)
    watcher.start()
    committed: list[float] = []
    every = 200 / records_per_s
    for number in range(60):
        due = time.time() + every
        post_all(run, PATH, [batch_body(200 * number, 200)], clients=1, done=committed.append)
        time.sleep(max(0.0, due - time.time()))
    run.wait_until_published()
    stop.set()
    watcher.join()
    for name, column, shares in limits:
        delays = [_moment(seen, column, start + 200 * (n + 1)) - moment for n, moment in enumerate(committed)]
        for share, must in shares:
            value = percentile(delays, share)
            yield Figure(f"commit → {name}, p{share * 100:.0f}, at half rate", "–", must, "halve it", value, f"{value:.2f} s", at_most=True)


def _moment(seen: list[tuple[float, int, int]], column: int, size: int) -> float:
    return next(row[0] for row in seen if row[column] >= size)


def claims_figure() -> Iterator[Figure]:
    """The part of a deposit that makes a record provable: claims, salts, both digests, statement, entry."""
    done = subprocess.run([sys.executable, "-m", "bench.claim_costs"], cwd=ROOT, check=True, capture_output=True, text=True)
    value = json.loads(done.stdout)["microseconds"]
    yield Figure("claims, salts and statement of a record in a batch", "–", 60, "", value, f"{value:.0f} µs", at_most=True)


def plain_figure() -> Iterator[Figure]:
    """The same records through a ModelSerializer(many=True) and bulk_create view."""
    with service(workers=2) as ours, service(application="bench.plain.wsgi", settings="bench.plain.settings", workers=2) as plain:
        ours.start_sequencer()
        post_all(plain, "/cases", [("application/json", b"", {})], clients=1)
        mine, theirs = [], []
        for turn in range(PAIRS + 1):
            bodies = batches(16)
            flat = [_flat(body) for body in bodies[:8]]
            pair = records_per_second(ours, bodies), records_per_second(plain, flat, "/records")
            if turn:
                mine.append(pair[0])
                theirs.append(pair[1])
        value = ratio(mine, theirs)
    shown = f"{value:.1f} × ({statistics.median(theirs):,.0f} records/s)"
    yield Figure("batch deposit over HTTP", "plain DRF ModelSerializer(many) + bulk_create", 5, "15 ×", value, shown)


def _flat(body: Body) -> Body:
    """The batch's records as one flat row each: what a plain serializer can take."""
    rows = []
    for place, record in enumerate(json.loads(body[1])["records"]):
        [file] = record["files"]
        rows.append({
            "number": secrets.token_hex(12), "case": place % 100 + 1,
            "kind": record["subject"]["kind"], "title": record["subject"]["title"],
            "metadata": record["subject"]["metadata"], "provenance": record["provenance"], **file,
        })
    return body[0], json.dumps(rows).encode(), {}


def single_figure(count: int = 150) -> Iterator[Figure]:
    """One small file, everything included, against a view that inserts one JSON row; and the same durable writes with nothing else."""
    with service(workers=2) as ours, service(application="bench.plain.wsgi", settings="bench.plain.settings", workers=2) as plain:
        ours.start_sequencer()
        post_all(plain, "/cases", [("application/json", b"", {})], clients=1)
        mine: list[float] = []
        theirs: list[float] = []
        least: list[float] = []
        for turn in range(PAIRS + 1):
            singles = [single_body(number) for number in range(count)]
            texts = [json.dumps({"case": "LN", "title": "催收短信", "number": number}) for number in range(count)]
            rows: list[Body] = [("application/json", text.encode(), {}) for text in texts]
            three = (
                posts_per_second(ours, "/api/v1/evidence", singles), posts_per_second(plain, "/rows", rows),
                posts_per_second(plain, "/writes", singles),
            )
            if turn:
                for kept, value in zip((mine, theirs, least), three, strict=True):
                    kept.append(value)
    for name, rates, must, aim in (
        ("single deposit (small file), all included", mine, 0.5, "0.7"),
        ("the durable writes of a single deposit, nothing else", least, None, ""),
    ):
        value = ratio(rates, theirs)
        yield Figure(name, "a bare Django view that inserts one JSON row", must, aim, value,
                     f"{value:.2f} ({statistics.median(rates):,.0f}/s against {statistics.median(theirs):,.0f}/s)")
