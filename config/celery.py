"""Celery application for production: its worker runs `common.tasks.run_job`, its beat runs `common.tasks.sweep_jobs`.

The broker only wakes workers. Every job is a row, swept again when its lease runs out, so a broker that loses a
message loses no work.
"""
import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("cunzheng")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
