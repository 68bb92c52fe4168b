"""gunicorn's hooks: what start-up made is out of the garbage collector's rounds before the first request."""
import subprocess
import sys

PROGRAM = """
import gc, os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import config.wsgi
from config.gunicorn import post_worker_init
post_worker_init(None)
kept = gc.get_freeze_count()
import django.urls
django.urls.get_resolver().resolve("/api/v1/evidence/batch")
import evidence.api.deposit_views
print(kept, len(gc.get_objects()))
"""


def test_a_worker_starts_with_its_views_loaded_and_nothing_old_to_collect() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    kept, collected = map(int, run.stdout.split())
    assert kept > 100_000
    assert collected < 5_000  # with the views loaded only now, it would be tens of thousands
