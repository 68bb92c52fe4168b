"""Celery application for production: its worker runs `common.tasks.run_job`, its beat runs `common.tasks.sweep_jobs`.

The broker only wakes workers. Every job is a row, swept again when its lease runs out, so a broker that loses a
message loses no work. Worker and beat refuse to start while anything is unsafe in production.
"""
import os

from celery import Celery
from celery.signals import beat_init, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("cunzheng")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def refuse_unsafe_start(**_: object) -> None:
    # Checks can be imported only when the apps are ready, which Celery sees to before it says this.
    from config import starting  # noqa: PLC0415

    starting.refuse_unsafe_start(web=False)


worker_init.connect(refuse_unsafe_start)
beat_init.connect(refuse_unsafe_start)
