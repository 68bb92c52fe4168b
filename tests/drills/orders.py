"""`python -m tests.drills.orders deposit FIRST COUNT | tell`: one order to the installation that the environment names."""
import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from ledger.incidents import incidents, open_incidents  # noqa: E402 - after django.setup()
from ledger.models import Checkpoint, OwnStatement  # noqa: E402
from ledger.own_claims import claims_of  # noqa: E402
from ledger.selectors import log_state  # noqa: E402
from tests.ledger.logs import deposit  # noqa: E402


def tell() -> None:
    state = log_state()
    rows = [{"code": each.code, "subject": each.subject, "facts": each.facts} for each in incidents()]
    print(json.dumps({
        "origin": state.origin, "vkey": state.vkey, "size": state.size, "published": state.published_size, "incidents": rows,
        "open": len(open_incidents()), "signed": Checkpoint.objects.count(), "stamped": state.stamped_size,
        "own": [dict(claims_of(own)) for own in OwnStatement.objects.filter(kind="key").order_by("id")],
    }))


def main() -> None:
    match sys.argv[1:]:
        case ["deposit", first, count]:
            deposit(int(first), int(count))
        case ["tell"]:
            tell()
        case words:
            sys.exit(f"not an order: {words}")


if __name__ == "__main__":
    main()
