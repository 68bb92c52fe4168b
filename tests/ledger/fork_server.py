"""`python -m tests.ledger.fork_server`: reads orders, one JSON object a line, and forks a child for each that runs a full round.

Kept apart from the test process, which has threads: a fork of those may deadlock, and newer Pythons warn of it.
"""
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402 - after django.setup()
from django.db import connections  # noqa: E402

from common import failpoints  # noqa: E402
from config import env  # noqa: E402
from tests.ledger.rounds import full_round  # noqa: E402


def obey(order: dict[str, Any]) -> None:
    """The child's work; its exit code says how it ended."""
    settings.VAR_DIR, settings.TSAS = Path(order["var"]), order["tsas"]
    connections["default"].settings_dict.update(env.database(order["database"], settings.VAR_DIR))
    failpoints.PLAN.update(failpoints.armed(order["plan"]))
    full_round()


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                obey(json.loads(line))
                code = 0
            finally:
                if code:
                    traceback.print_exc()
                os._exit(code)  # never back into the loop: the parent's pipes are this child's too
        _, status = os.waitpid(child, 0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    main()
