"""What web and Celery workers ask before their first request or job in production: every check of `checks.py`.

Django asks before each command of `manage.py`; gunicorn asks nothing, and Celery forgets what it was told. Whoever may not
start says each reason in one sentence and ends with status 3, which gunicorn takes for "do not try again".
What this does not do: end because the database is away. It waits, as the running service would.
"""
import logging
import os
import sys
import time

from django.conf import settings
from django.core.checks import CheckMessage, run_checks
from django.db import connection

from common.commands import PRODUCTION
from config.checks import DATABASE_AWAY, WEB, what_is_behind_the_web_sees_everything

logger = logging.getLogger(__name__)

REFUSED = 3
PAUSE_S = 1.0


def refuse_unsafe_start(*, web: bool) -> None:
    """Return once nothing is unsafe; at once in the embedded profile. Leaves no connection open, so that a process may fork after it.

    `web`: whether requests are answered here, under row-level security, or work is done for everybody. Raises SystemExit.
    """
    if settings.EMBEDDED:
        return
    waiting, parent = False, os.getppid()
    while found := _found(web):
        connection.close()
        if {each.id for each in found} != {DATABASE_AWAY}:
            for each in found:
                logger.critical("refusing to start: %s: %s", each.id, each.msg)
            sys.exit(REFUSED)
        if not waiting:
            logger.warning("waiting for the database: %s", found[0].msg)
        waiting = True
        time.sleep(PAUSE_S)
        if os.getppid() != parent:
            # Whoever started this process is gone; it would hold the port against the next one.
            sys.exit(REFUSED)
    connection.close()


def _found(web: bool) -> list[CheckMessage]:
    if web:
        return run_checks(tags=[PRODUCTION, WEB], include_deployment_checks=True, databases=["default"])
    return [*run_checks(tags=[PRODUCTION], databases=["default"]), *what_is_behind_the_web_sees_everything()]
