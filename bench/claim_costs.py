"""`python -m bench.claim_costs`: claims, salts and statement of a batch's records, without database and HTTP; prints µs a record.

A program of its own, because it needs the service's settings; no database is asked. As in a deposit, the garbage collector
does not look at what start-up made.
"""
import gc
import json
import os
import statistics
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.utils import timezone  # noqa: E402 - Django first

from accounts.models import Organisation  # noqa: E402
from bench.figures import PAIRS  # noqa: E402
from bench.service import batch_body  # noqa: E402
from cases.services import CaseHead  # noqa: E402
from evidence.api.payloads import Batch, decode, kept_item  # noqa: E402
from evidence.capture import DepositItem, Depositor  # noqa: E402
from evidence.drafts import draft_records, seal_record  # noqa: E402
from evidence.record_keys import wrapped_keys  # noqa: E402
from tlog.times import format_time  # noqa: E402

BATCHES = 10


def main() -> None:
    depositor = Depositor(Organisation(ref="bench", name="示例贷款公司"), 1)
    items = [kept_item(record) for record in decode(batch_body(0)[1], Batch).records]
    gc.collect()
    gc.freeze()
    spent = [microseconds_a_record(depositor, items) for _ in range(PAIRS + 1)]
    print(json.dumps({"microseconds": statistics.median(spent[1:])}))  # the first warms up


def microseconds_a_record(depositor: Depositor, items: list[DepositItem]) -> float:
    """What `evidence.services.deposit` does of each record beside its transaction's statements, over `BATCHES` batches."""
    began = time.perf_counter()
    for _ in range(BATCHES):
        received_at = timezone.now()
        moment = format_time(received_at)
        heads = {item.case: CaseHead(1, "00" * 16, 0, None, 0) for item in items}
        drafts = draft_records(depositor, items, received_at=received_at)
        wrapped_keys(depositor.organisation, [seal_record(draft, heads[draft.item.case], received_at=moment) for draft in drafts])
    return (time.perf_counter() - began) / (BATCHES * len(items)) * 1e6


if __name__ == "__main__":
    main()
