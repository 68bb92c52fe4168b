"""WSGI entry point for gunicorn; in production it refuses to be one while anything is unsafe."""
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

# It can be imported only when the apps are ready.
from config.starting import refuse_unsafe_start  # noqa: E402

refuse_unsafe_start(web=True)
