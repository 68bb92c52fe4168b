"""What a dashboard says of ages: percentiles by a table, and a funnel whose every time is known."""
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from evidence.figures import SHARES, Funnel, funnel_of, percentiles
from ledger.keys import log_signer
from ledger.models import PublishedCheckpoint, Timestamp
from ledger.selectors import log_origin
from ledger.sequencer.service import Sequencer
from ledger.storage import log_store
from tests.cases.cast import Cast
from tests.ledger.logs import Clock
from tests.ledger.processes import wait_until
from tests.ledger.witnesses import local_witnesses, policy


@pytest.mark.parametrize(("values", "found"), [
    ([], ()), ([7.0], (7.0, 7.0, 7.0)), ([2.0, 1.0], (1.0, 2.0, 2.0)), ([float(n) for n in range(10, 0, -1)], (5.0, 9.0, 10.0)),
    ([float(n) for n in range(1, 101)], (50.0, 90.0, 99.0)), ([float(n) for n in range(1, 102)], (51.0, 91.0, 100.0)),
], ids=["none", "one", "two", "ten", "a hundred", "one more"])
def test_a_percentile_is_the_smallest_value_that_enough_of_them_do_not_exceed(values: list[float], found: tuple[float, ...]) -> None:
    assert SHARES == (0.5, 0.9, 0.99)
    assert percentiles(values) == found
    assert percentiles(iter(values)) == found


def test_each_age_of_a_funnel_is_from_the_receipt_to_its_step(service: str, tmp_path: Path, settings: Settings) -> None:
    """Received at 0 and 10 s, committed at 13, witnessed at 17, timestamped at 40; a third record is on its way."""
    cast = Cast()
    # Ahead of whatever setting the service up wrote into the log.
    begin = cast.now = timezone.now().replace(microsecond=0) + timedelta(minutes=1)
    clock = Clock(begin)
    with local_witnesses(tmp_path / "witnesses", "court") as started:
        settings.POLICY = str(tmp_path / "policy.txt")
        Path(settings.POLICY).write_text(policy(started, "quorum court"), encoding="utf-8")
        log = Sequencer(log_store(), log_signer(log_origin()), clock)
        cast.deposit(cast.legal, "LN-1")
        cast.now = begin + timedelta(seconds=10)
        cast.deposit(cast.legal, "LN-1")
        clock.advance(13)
        assert log.sequence()
        clock.advance(4)
        wait_until(log.publish)
    [published] = PublishedCheckpoint.objects.all()
    Timestamp.objects.create(
        checkpoint=published, size=published.size, authority="tsa", token=b"token", gen_time=begin + timedelta(seconds=40),
        received_at=begin + timedelta(seconds=41))
    cast.now = begin + timedelta(seconds=50)
    cast.deposit(cast.legal, "LN-1")
    assert funnel_of(cast.legal, now=cast.now) == [
        Funnel("RECEIVED", 3, ()), Funnel("COMMITTED", 2, (3.0, 13.0, 13.0)), Funnel("WITNESSED", 2, (7.0, 17.0, 17.0)),
        Funnel("TIMESTAMPED", 2, (30.0, 40.0, 40.0))]
