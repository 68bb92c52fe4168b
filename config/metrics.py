"""`/metrics`: the figures that an operator's Prometheus collects, for whoever has the token; for everybody else the address does not exist.

Gauges are read when they are asked for, from the database, so that every web process gives the same; answers of witnesses and
authorities are counted by the processes that ask them (`ledger.measurements`). Numbers, names of institutions and kinds of jobs
only: nothing about a record, an organisation or a person. Without CUNZHENG_METRICS_TOKEN there are no metrics at all.

Behind a proxy every stranger comes from loopback, so the peer's address decides nothing here.
"""
import hmac
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from common.jobs import RECURRING, Job
from evidence.renderings import failed_renderings
from ledger.incidents import CODES
from ledger.lag import lag_of
from ledger.measurements import AUTHORITY, WITHIN_S, WITNESS, answers
from ledger.models import Incident
from ledger.monitor.memory import Store
from ledger.renewal_standing import renewal_standing
from ledger.selectors import log_facts
from vault.selectors import originals_in_the_clear

FAILING_ATTEMPTS = 4
"""A job that was tried so often and is not done fails for longer than a moment."""


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The text exposition format; 404 without the token."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN or not hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
        raise Http404
    registry = CollectorRegistry()
    registry.register(Figures(timezone.now()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


class Figures(Collector):
    """Every figure at `now`; none before the service was set up."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        try:
            facts, lag = log_facts(), lag_of()
        except ImproperlyConfigured:
            return
        yield _gauge("log_entries", "Entries in the log.", facts.size)
        yield _gauge("log_published_entries", "Entries covered by the newest published checkpoint.", facts.published_size)
        yield _gauge("queue_length", "Acknowledged entries that are not in the log yet.", lag.queue_length)
        yield from self._ages({
            "unpublished_oldest": ("the oldest acknowledged entry that is in no published checkpoint", lag.unpublished_since),
            "unwitnessed_oldest": ("the oldest entry of the log that waits for the witnesses' quorum", lag.unwitnessed_since),
            "unstamped_oldest": ("the oldest published checkpoint that no timestamp covers", lag.unstamped_since),
        }, absent=0)
        yield from self._ages({"checkpoint": ("the newest published checkpoint", facts.published_at)})
        if lag.unpublished_since is not None:
            left = lag.unpublished_since + timedelta(seconds=settings.RECEIPT_PROMISE_S) - self._now
            told = "Time until the first receipt falls due whose entry is not published; negative is a breach."
            yield _gauge("receipts_due_in_seconds", told, left.total_seconds())
        yield _gauge("renderings_failed", "Files that are not shown, or not wholly, by a fault of our own program.", failed_renderings())
        told = "Originals that lie unencrypted, from before encryption; manage.py encrypt_vault has not run to its end while this is not 0."
        yield _gauge("originals_in_the_clear", told, originals_in_the_clear())
        yield from self._renewal()
        yield from self._monitor(facts.origin)
        yield from _incidents()
        yield from _jobs(self._now)
        yield from _answers()

    def _renewal(self) -> Iterator[Metric]:
        standing = renewal_standing()
        yield _gauge("renewal_due_checkpoints", "Stamped checkpoints that are due for renewal and could not be renewed.", standing.due)
        if standing.ends_at is not None:
            told = "Time until the first of them is left without a timestamp whose certificates last; negative: it is."
            yield _gauge("renewal_ends_in_seconds", told, (standing.ends_at - self._now).total_seconds())

    def _monitor(self, origin: str) -> Iterator[Metric]:
        try:
            memory = Store(origin).load()
        except OSError:
            return  # the monitor's own job fails for it, and says so
        yield from self._ages({"front_door_away": ("the silence of the public address before the monitor", memory.away_since)}, absent=0)
        yield from self._ages({"monitor_round": ("the monitor's last round", memory.ended_at)})

    def _ages(self, moments: dict[str, tuple[str, datetime | None]], *, absent: float | None = None) -> Iterator[Metric]:
        """`absent` stands where there is nothing that could have an age; None leaves the figure out."""
        for name, (what, since) in moments.items():
            value = absent if since is None else (self._now - since).total_seconds()
            if value is not None:
                yield _gauge(f"{name}_age_seconds", f"Age of {what}{'' if absent is None else '; 0 when there is none'}.", value)


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"cunzheng_{name}", told, value=value)


def _incidents() -> Iterator[Metric]:
    family = GaugeMetricFamily("cunzheng_open_incidents", "Incidents that are not over, by code.", labels=["code"])
    found = dict(Incident.objects.filter(end=None).values_list("code").annotate(Count("id")))
    for code in CODES:
        family.add_metric([code], found.get(code, 0))
    yield family


def _jobs(now: datetime) -> Iterator[Metric]:
    """Due and failing jobs; a recurring job is always there, and counts as failing by its last error alone."""
    rows = Job.objects.filter(done_at=None)
    recurring = Q(kind__in=list(RECURRING))
    families = (
        ("cunzheng_jobs_due", "Jobs that may run now, by kind.", rows.filter(next_attempt_at__lte=now)),
        ("cunzheng_jobs_failing", f"Jobs that failed {FAILING_ATTEMPTS} times or more, or whose last round failed, by kind.",
         rows.filter(~recurring, attempts__gte=FAILING_ATTEMPTS) | rows.filter(recurring).exclude(last_error="")),
    )
    for name, told, found in families:
        family = GaugeMetricFamily(name, told, labels=["kind"])
        for kind, count in found.values_list("kind").annotate(Count("id")).order_by("kind"):
            family.add_metric([kind], count)
        yield family


def _answers() -> Iterator[Metric]:
    """Latency and failures of witnesses and authorities, by their names in the policy and in CUNZHENG_TSAS."""
    for kind in (WITNESS, AUTHORITY):
        found = [each for each in answers() if each.kind == kind]
        latency = HistogramMetricFamily(f"cunzheng_{kind}_answer_seconds", "How long answers took that could be used.", labels=["name"])
        failures = CounterMetricFamily(f"cunzheng_{kind}_failures", "Questions without an answer that could be used.", labels=["name"])
        for each in found:
            limits = [*zip(map(str, WITHIN_S), each.buckets, strict=True), ("+Inf", each.count)]
            latency.add_metric([each.name], buckets=limits, sum_value=each.sum_s)
            failures.add_metric([each.name], each.failures)
        yield latency
        yield failures
