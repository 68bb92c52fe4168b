"""`python -m tests.drills.orders`: orders to the installation that the environment names, one a line, and an answer in JSON to each.

`deposit FIRST COUNT` queues these entries in one transaction and answers null; `tell` answers what the database says. The process keeps no
connection between two orders, since a drill may take the database away meanwhile, and ends with its input. Starting it takes longer than
most orders, so there is one for each installation and not one for each order.
"""
import json
import os
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connections  # noqa: E402 - after django.setup()

from ledger.incidents import incidents, open_incidents  # noqa: E402
from ledger.models import Checkpoint, OwnStatement  # noqa: E402
from ledger.own_claims import claims_of  # noqa: E402
from ledger.selectors import log_state  # noqa: E402
from tests.ledger.logs import deposit  # noqa: E402


def tell() -> dict[str, Any]:
    state = log_state()
    rows = [{"code": each.code, "subject": each.subject, "facts": each.facts} for each in incidents()]
    return {
        "origin": state.origin, "vkey": state.vkey, "size": state.size, "published": state.published_size, "incidents": rows,
        "open": len(open_incidents()), "signed": Checkpoint.objects.count(), "stamped": state.stamped_size,
        "own": [dict(claims_of(own)) for own in OwnStatement.objects.filter(kind="key").order_by("id")],
    }


def obeyed(words: list[str]) -> dict[str, Any] | None:
    match words:
        case ["deposit", first, count]:
            deposit(int(first), int(count))
            return None
        case ["tell"]:
            return tell()
    raise ValueError(f"not an order: {words}")


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(obeyed(line.split())), flush=True)
        connections.close_all()


if __name__ == "__main__":
    main()
