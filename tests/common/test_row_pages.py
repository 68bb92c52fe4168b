"""Pages of rows: all of them, once, in order; what another connection writes between two pages is seen, and may be written beside."""
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from common.jobs import Job, wake_jobs
from common.row_pages import in_pages
from tests.evidence.test_case_chain import in_parallel


@pytest.fixture
def jobs(database: str) -> None:
    for kind in ("a", "b", "c"):
        wake_jobs(kind, range(1, 8), now=timezone.now())


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize("size", [1, 2, 7, 20, 21, 22])
def test_every_row_comes_once_and_in_order(size: int) -> None:
    rows = Job.objects.exclude(kind="b")
    assert [each.pk for each in in_pages(rows, size=size)] == sorted(rows.values_list("pk", flat=True))
    found = [(each.kind, each.subject_id) for each in in_pages(Job.objects.all(), size=size, order=("kind", "subject_id"))]
    assert found == [(kind, subject) for kind in ("a", "b", "c") for subject in range(1, 8)]
    assert list(in_pages(Job.objects.filter(kind="d"), size=size)) == []


def attempt_others(pk: int, _: int) -> None:
    Job.objects.filter(pk__gt=pk).update(attempts=7)


@pytest.mark.usefixtures("jobs")
def test_who_goes_through_pages_reads_and_writes_beside_others() -> None:
    seen = []
    for row in in_pages(Job.objects.all(), size=5):
        in_parallel(partial(attempt_others, row.pk), 1, threads=1)
        with transaction.atomic():
            Job.objects.filter(pk=row.pk).update(attempts=9)
        seen.append(row.attempts)
    assert seen == [0] * 5 + [7] * 16
