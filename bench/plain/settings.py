"""Settings of the plain service: the same database driver and durability, nothing else."""
import os
from pathlib import Path

from config import env

SECRET_KEY = "bench"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["django.contrib.contenttypes", "rest_framework", "bench.plain.apps.PlainConfig"]
ROOT_URLCONF = "bench.plain.urls"
DATABASES = {"default": env.database(os.environ["DATABASE_URL"], Path(os.environ["CUNZHENG_VAR"]))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 << 20
USE_TZ = True
REST_FRAMEWORK: dict[str, object] = {"UNAUTHENTICATED_USER": None, "DEFAULT_AUTHENTICATION_CLASSES": [], "DEFAULT_PERMISSION_CLASSES": []}
