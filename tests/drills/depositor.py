"""`python -m tests.drills.depositor CASE BATCHES RECORDS FILE`: a depositor by the real services, in a process of its own.

One line of JSON in FILE for each acknowledgement, durable before the next deposit: {"leaves": [base64, …], "records": […]}. With BATCHES 0
it goes on until the log is closed; then its last line is "closed".
"""
import hashlib
import json
import os
import sys
import time
from itertools import count

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from datetime import timedelta  # noqa: E402 - after django.setup()

from django.utils import timezone  # noqa: E402

from accounts.models import ApiKey, Organisation  # noqa: E402
from accounts.services import create_organisation, issue_api_key  # noqa: E402
from evidence.capture import DepositItem, Depositor, FileItem  # noqa: E402
from evidence.services import deposit  # noqa: E402
from ledger.errors import LogClosed  # noqa: E402

# Whoever deposits without end leaves the machine to the programs that the drill is about.
REST_S = 0.02


def depositor() -> Depositor:
    """The installation's first organisation and key, made when there is none."""
    now = timezone.now()
    organisation = Organisation.objects.order_by("id").first() or create_organisation("示例消费金融有限公司", now=now)
    key = ApiKey.objects.order_by("id").first() or issue_api_key(organisation, label="drill", now=now, valid_for=timedelta(days=1))[0]
    return Depositor(organisation, key.pk)


def items(case: str, turn: int, records: int) -> list[DepositItem]:
    digests = [hashlib.sha256(f"{case} {turn} {number}".encode()).hexdigest() for number in range(records)]
    return [DepositItem(case, "sms", "短信", (FileItem("a.txt", "text/plain", 3, digest, None, None),), {}, {}) for digest in digests]


def main(case: str, batches: int, records: int, file: str) -> None:
    ours = depositor()
    with open(file, "a", encoding="utf-8") as output:
        for turn in range(batches) if batches else count():
            try:
                answer = deposit(ours, items(case, turn, records), now=timezone.now())
            except LogClosed:
                output.write("closed\n")
                return
            leaves = [line.partition(" ")[2] for line in answer.receipt.splitlines()[3:3 + records]]
            output.write(json.dumps({"records": answer.records, "leaves": leaves}) + "\n")
            output.flush()
            os.fsync(output.fileno())
            if not batches:
                time.sleep(REST_S)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
